//! The old side from git: files as they were where a revision and the working tree went apart. Only objects are read; the
//! checkout and the index are not touched.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use miette::{IntoDiagnostic as _, WrapErr as _};
use seatrial::load;
use seatrial::source::Sources;

use crate::git::{Entry, Objects, Sort, ask};

/// How many links may lead on to one another, as Linux counts; more are a loop.
const LINKS: usize = 40;

/// The texts below `paths` in the merge base of `revision` and the working tree's commit. What is still there and was left
/// out of `new`, such as the patches of a kustomization, is left out here too.
pub(crate) fn sources(revision: &str, paths: &[PathBuf], new: &Sources) -> miette::Result<Sources> {
    let mut base = Base::new(revision)?;
    let mut files = Vec::new();
    for path in paths {
        base.files(path, &mut files)?;
    }
    let taken: BTreeSet<&str> = new.iter().map(|(_, source)| source.name.as_str()).collect();
    files.retain(|file| taken.contains(file.name.as_str()) || !Path::new(&file.name).exists());
    let mut sources = Sources::default();
    for file in without_doubles(files) {
        let unknown = || format!("what `{}` was at `{revision}` is not known", file.name);
        let text = base.objects.get(&file.id).wrap_err_with(unknown)?;
        let text = String::from_utf8_lossy(&text);
        // What is gone from the working tree cannot be asked for by its name.
        if taken.contains(file.name.as_str()) || load::looks_like_manifest(&text) {
            sources.add(format!("{revision}:{}", file.name), text);
        }
    }
    Ok(sources)
}

/// A file as it was.
struct File {
    /// As the working tree's would be called.
    name: String,
    /// From the root of the repository, links followed.
    real: Vec<String>,
    is_link: bool,
    id: String,
}

/// A link to a file that is read anyhow would show its objects twice.
fn without_doubles(files: Vec<File>) -> Vec<File> {
    let mut names = BTreeSet::new();
    let plain = files.iter().filter(|file| !file.is_link);
    let mut real: BTreeSet<Vec<String>> = plain.map(|file| file.real.clone()).collect();
    let files = files.into_iter().filter(|file| names.insert(file.name.clone()));
    files.filter(|file| !file.is_link || real.insert(file.real.clone())).collect()
}

/// The tree of the merge base.
struct Base {
    objects: Objects,
    /// The id of its root.
    root: String,
    /// The root of the working tree.
    top: PathBuf,
    /// From there to the working directory.
    prefix: PathBuf,
}

/// The folders from the root of the repository down to one, each by its name and the id of its tree.
type Folders = Vec<(String, String)>;

/// Where a path leads.
enum Spot {
    File(File),
    Folder(Folders),
    /// To nothing that git knows: not there, or in another repository.
    Nothing,
}

impl Base {
    fn new(revision: &str) -> miette::Result<Self> {
        let commit = ask(
            &["rev-parse", "--verify", "--end-of-options", revision],
            "name a revision that this repository knows, as in `--base origin/main`",
        )?;
        let base = ask(
            &["merge-base", &commit, "HEAD"],
            "name a revision that has history in common with HEAD; a shallow clone may have to fetch more of it first",
        )?;
        let inside = "run it in a working tree";
        let mut objects = Objects::open()?;
        Ok(Self {
            root: objects.tree_of(&base)?,
            top: ask(&["rev-parse", "--show-toplevel"], inside)?.into(),
            prefix: ask(&["rev-parse", "--show-prefix"], inside)?.into(),
            objects,
        })
    }

    /// Adds the file at `path`, or the manifests below.
    fn files(&mut self, path: &Path, files: &mut Vec<File>) -> miette::Result<()> {
        let inside = self.inside(path)?;
        match self.follow(Folders::new(), &inside, load::shown(path))? {
            Spot::File(file) => files.push(file),
            Spot::Folder(at) => self.folder(&load::shown(path), &at, files)?,
            Spot::Nothing => {}
        }
        Ok(())
    }

    /// A path of the working tree from the root of the repository.
    fn inside(&self, path: &Path) -> miette::Result<PathBuf> {
        let here = std::env::current_dir().into_diagnostic()?;
        match (path.strip_prefix(&self.top), path.strip_prefix(here)) {
            (Ok(inside), _) => Ok(inside.to_owned()),
            (_, Ok(inside)) => Ok(self.prefix.join(inside)),
            _ if path.is_relative() => Ok(self.prefix.join(path)),
            _ => Err(miette::miette!("`{}` is not in this repository", load::shown(path))),
        }
    }

    /// Adds the manifests in a folder, found as in the working tree: hidden ones are left out, and links to folders are not
    /// followed.
    fn folder(&mut self, name: &str, at: &Folders, files: &mut Vec<File>) -> miette::Result<()> {
        for entry in self.entries(at)? {
            if entry.name.starts_with('.') {
                continue;
            }
            let name = if name.is_empty() { entry.name.clone() } else { format!("{name}/{}", entry.name) };
            if entry.sort == Sort::Folder {
                let at = at.iter().cloned().chain([(entry.name, entry.id)]).collect();
                self.folder(&name, &at, files)?;
            } else if is_manifest(&name)
                && let Spot::File(file) = self.follow(at.clone(), Path::new(&entry.name), name)?
            {
                files.push(file);
            }
        }
        Ok(())
    }

    /// Where `path` leads from a folder, as a system walks: a link goes on from where it stands, and `..` leads out of the
    /// folder in which that ended.
    fn follow(&mut self, from: Folders, path: &Path, name: String) -> miette::Result<Spot> {
        let mut at = from;
        let mut waiting = steps(path);
        let mut links = 0;
        while let Some(step) = waiting.pop() {
            let Step::Into(step) = step else {
                if step == Step::Root || at.pop().is_none() {
                    return Err(miette::miette!(
                        help = "give the old side as files: `seatrial plan OLD NEW`",
                        "`{name}` leads out of the repository, so git does not know what it was"
                    ));
                }
                continue;
            };
            let entry = self.entries(&at)?.into_iter().find(|entry| entry.name == step);
            match entry.map(|entry| (entry.sort, entry.id)) {
                Some((Sort::Folder, id)) => at.push((step, id)),
                Some((Sort::Link, id)) if links < LINKS => {
                    links += 1;
                    let target = self.objects.get(&id)?;
                    waiting.extend(steps(Path::new(&*String::from_utf8_lossy(&target))));
                }
                Some((Sort::File, id)) if waiting.is_empty() => {
                    let real = at.into_iter().map(|(name, _)| name).chain([step]).collect();
                    return Ok(Spot::File(File { name, real, is_link: links > 0, id }));
                }
                _ => return Ok(Spot::Nothing),
            }
        }
        Ok(Spot::Folder(at))
    }

    /// What stands in a folder.
    fn entries(&mut self, at: &Folders) -> miette::Result<Vec<Entry>> {
        self.objects.tree(at.last().map_or(&self.root, |(_, id)| id))
    }
}

/// A step on a path.
#[derive(PartialEq, Eq)]
enum Step {
    /// To the root of the file system.
    Root,
    /// Out of a folder.
    Out,
    /// To what has this name.
    Into(String),
}

/// The steps of a path, the first one last.
fn steps(path: &Path) -> Vec<Step> {
    let steps = path.components().rev().filter_map(|part| match part {
        Component::Prefix(_) | Component::RootDir => Some(Step::Root),
        Component::CurDir => None,
        Component::ParentDir => Some(Step::Out),
        Component::Normal(name) => Some(Step::Into(name.to_string_lossy().into_owned())),
    });
    steps.collect()
}

fn is_manifest(file: &str) -> bool {
    let extension = Path::new(file).extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json"))
}
