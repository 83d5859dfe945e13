//! From paths to [`Sources`]: files, folders and standard input.
//!
//! What a run does not read is as important as what it reads, so everything that is left out comes back with its reason
//! ([`Skipped`]), and everything that could not be read with an error ([`LoadError`]); neither stops the rest.

mod kustomize;
mod text;
mod walk;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use self::text::Decoded;
use self::walk::Candidate;
use crate::source::{Defect, FileId, Sources, Span};

/// How texts are looked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether `.gitignore` and `.ignore` hold in folders.
    pub ignore_files: bool,
    /// Files that are never read: globs as in `.gitignore`, relative to [`Options::exclude_root`].
    pub exclude: Vec<String>,
    /// The folder that the globs are relative to.
    pub exclude_root: PathBuf,
    /// What standard input is called in findings.
    pub stdin_name: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ignore_files: true,
            exclude: Vec::new(),
            exclude_root: PathBuf::from("."),
            stdin_name: "<stdin>".to_owned(),
        }
    }
}

/// What came of some paths.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The texts, in the order of the paths, those of a folder sorted.
    pub sources: Sources,
    /// What was left out, in the same order.
    pub skipped: Vec<Skipped>,
    /// Folders, as they were given, in which nothing looks like YAML or JSON.
    pub empty: Vec<String>,
    /// What could not be read.
    pub errors: Vec<LoadError>,
    paths: BTreeMap<FileId, PathBuf>,
}

impl Loaded {
    /// Where a text was read from; `None` for standard input.
    pub fn path(&self, file: FileId) -> Option<&Path> {
        self.paths.get(&file).map(PathBuf::as_path)
    }
}

/// A file that was left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The file, as a source of that name would be called.
    pub name: String,
    /// Why.
    pub why: Why,
}

/// Why a file was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A template of the Helm chart in this folder.
    HelmTemplate(String),
    /// Its template actions (`{{ … }}`, `{% … %}`) keep it from being YAML.
    Template,
    /// A patch of this kustomization, so no object on its own.
    KustomizePatch(String),
    /// Nothing in it looks like an object: values of a chart, a kustomization, settings of another tool.
    NotKubernetes,
    /// Bytes, not text.
    Binary,
    /// A symbolic link that leads to nothing.
    Dangling,
}

/// Why something could not be read. The other texts are judged all the same.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum LoadError {
    /// There is no such file or folder.
    #[error("`{0}` does not exist")]
    #[diagnostic(help("name a file or folder that exists, or `-` for standard input"))]
    Missing(String),
    /// The system refuses.
    #[error("`{name}` cannot be read")]
    #[diagnostic(help("make it readable for this user, or leave it out with `exclude` in the configuration"))]
    Unreadable {
        /// The file or folder.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// What has no end cannot be read to it.
    #[error("`{0}` is a device")]
    #[diagnostic(help("name a file or folder, or `-` for standard input"))]
    Device(String),
    /// Spans are 32 bits wide.
    #[error("`{0}` is larger than 4 GiB")]
    #[diagnostic(help("split it into smaller files, or leave it out with `exclude` in the configuration"))]
    TooLarge(String),
    /// A glob is wrong.
    #[error("the exclude pattern `{pattern}` cannot be used: {message}")]
    #[diagnostic(help("write it as in a .gitignore file"))]
    Pattern {
        /// As it was given.
        pattern: String,
        /// What is wrong.
        message: String,
    },
}

/// Reads the texts at `paths`: files, folders, and `-` for standard input.
///
/// A text is called by its path as it was given, without a leading `./`. In folders the files that end in `.yaml`,
/// `.yml` or `.json` are taken; hidden ones, and those without anything that looks like an object, are not. A file that
/// is named itself is taken whatever it is called and holds, unless an exclude pattern, a chart or a kustomization
/// says that it is no manifest. A text that comes up twice is read once.
pub fn load(paths: &[PathBuf], options: &Options) -> Loaded {
    let mut loaded = Loaded::default();
    let candidates = walk::candidates(paths, options, &mut loaded);
    let patches = kustomize::patches(&candidates);
    let outcomes: Vec<Outcome> = candidates.par_iter().map(|candidate| read(candidate, options, &patches)).collect();
    for (candidate, outcome) in candidates.into_iter().zip(outcomes) {
        let is_named = !is_found(&candidate, options) && !candidate.is_kustomization();
        let name = candidate.name;
        let file = match outcome {
            Outcome::Text(text) => loaded.sources.add(name, text),
            Outcome::Defective(text, defect) => loaded.sources.add_defective(name, text, defect),
            Outcome::Skipped(why) => {
                loaded.skipped.push(Skipped { name, why });
                continue;
            }
            Outcome::Failed(error) => {
                loaded.errors.push(error);
                continue;
            }
        };
        if is_named {
            loaded.sources.set_named(file);
        }
        loaded.paths.extend(candidate.path.map(|path| (file, path)));
    }
    loaded
}

/// Whether a text that nobody named is taken for manifests: it is no template, and something in it looks like an object.
pub fn looks_like_manifest(text: &str) -> bool {
    !text::is_template(text) && text::looks_like_manifest(text)
}

enum Outcome {
    Text(Arc<str>),
    Defective(Arc<str>, Defect),
    Skipped(Why),
    Failed(LoadError),
}

fn read(candidate: &Candidate, options: &Options, patches: &kustomize::Patches) -> Outcome {
    if let Some(why) = patches.why_not(candidate) {
        return Outcome::Skipped(why);
    }
    let name = || candidate.name.clone();
    let bytes = match bytes(candidate) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Outcome::Failed(LoadError::TooLarge(name())),
        Err(_) if candidate.path.as_deref().is_some_and(is_endless) => {
            return Outcome::Failed(LoadError::Device(name()));
        }
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Outcome::Failed(LoadError::Missing(name())),
        Err(source) => return Outcome::Failed(LoadError::Unreadable { name: name(), source }),
    };
    let text: Arc<str> = match text::decode(bytes) {
        Decoded::Text(text) => text.into(),
        Decoded::Defective(text, defect) => return Outcome::Defective(text.into(), defect),
        Decoded::Binary if candidate.named => {
            let defect = Defect {
                span: Span::new(0..0),
                message: "the file holds bytes, not text".to_owned(),
                help: "give a YAML or JSON file",
            };
            return Outcome::Defective("".into(), defect);
        }
        Decoded::Binary => return Outcome::Skipped(Why::Binary),
    };
    if let Some(chart) = &candidate.chart
        && text.contains("{{")
    {
        return Outcome::Skipped(Why::HelmTemplate(chart.clone()));
    }
    if text::is_template(&text) {
        return Outcome::Skipped(Why::Template);
    }
    if candidate.is_settings() || is_found(candidate, options) && !text::looks_like_manifest(&text) {
        return Outcome::Skipped(Why::NotKubernetes);
    }
    Outcome::Text(text)
}

/// Whether nobody named the text: it was found in a folder.
fn is_found(candidate: &Candidate, options: &Options) -> bool {
    !candidate.named && candidate.name != options.stdin_name
}

/// The bytes of a candidate; `None` if there are more than a [`Span`] can count.
fn bytes(candidate: &Candidate) -> io::Result<Option<Vec<u8>>> {
    const LIMIT: u64 = u32::MAX as u64;
    let mut bytes = Vec::new();
    let read = match &candidate.path {
        None => io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes)?,
        Some(path) => {
            let file = File::open(path)?;
            if is_endless(path) {
                return Err(io::ErrorKind::Unsupported.into());
            }
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            if length > LIMIT {
                return Ok(None);
            }
            bytes.reserve(usize::try_from(length).unwrap_or(0));
            file.take(LIMIT + 1).read_to_end(&mut bytes)?
        }
    };
    Ok(Some(bytes).filter(|_| read as u64 <= LIMIT))
}

/// Whether a path leads to a device. A pipe ends when its writer does, as that of `<(kubectl kustomize base)`, and the null
/// device at once.
fn is_endless(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let is_device = |metadata: std::fs::Metadata| {
            let kind = metadata.file_type();
            kind.is_char_device() || kind.is_block_device()
        };
        std::fs::metadata(path).is_ok_and(is_device)
            && path.canonicalize().is_ok_and(|path| path != Path::new("/dev/null"))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// What a text at this path is called: the path as given, without `.` components, with slashes.
pub fn shown(path: &Path) -> String {
    let path: PathBuf = path.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect();
    let name = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { name.into_owned() } else { name.replace(std::path::MAIN_SEPARATOR, "/") }
}
