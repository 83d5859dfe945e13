//! Which files there are to read, in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{LoadError, Loaded, Options, Skipped, Why, kustomize, shown};

/// A file that may be read.
#[derive(Debug)]
pub(super) struct Candidate {
    /// As it is shown.
    pub(super) name: String,
    /// `None` for standard input.
    pub(super) path: Option<PathBuf>,
    /// The same place without `.` and `..`, for comparing.
    pub(super) absolute: PathBuf,
    /// Whether the user named it, not a folder around it.
    pub(super) named: bool,
    /// The Helm chart among whose templates it stands.
    pub(super) chart: Option<String>,
}

impl Candidate {
    fn file_name(&self) -> &str {
        self.absolute.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Whether the name says that it is for another tool although it may hold `apiVersion` or `kind`.
    pub(super) fn is_settings(&self) -> bool {
        let name = self.file_name();
        matches!(name, "Chart.yaml" | "Chart.yml")
            || name == "values.yaml" && self.absolute.with_file_name("Chart.yaml").is_file()
    }

    /// Whether kustomize would read it as a kustomization.
    pub(super) fn is_kustomization(&self) -> bool {
        kustomize::NAMES.contains(&self.file_name())
    }
}

/// The files at `paths`, folders walked in sorted order. Symbolic links to folders are not followed, so no walk is
/// endless; those to files are, unless the file itself is met as well.
pub(super) fn candidates(paths: &[PathBuf], options: &Options, loaded: &mut Loaded) -> Vec<Candidate> {
    let exclude = excludes(options, loaded);
    let mut found = Found { seen: BTreeSet::new(), charts: BTreeMap::new(), list: Vec::new() };
    for path in paths {
        if path.as_os_str() == "-" {
            found.add(Candidate {
                name: options.stdin_name.clone(),
                path: None,
                absolute: PathBuf::from("-"),
                named: true,
                chart: None,
            });
        } else if path.is_dir() {
            folder(path, options, &exclude, &mut found, loaded);
        } else if path.exists() || path.is_symlink() {
            if !exclude.covers(&absolute(path), false) {
                found.file(path, true);
            }
        } else {
            loaded.errors.push(LoadError::Missing(path.display().to_string()));
        }
    }
    without_double_links(found.list)
}

fn folder(root: &Path, options: &Options, exclude: &Exclude, found: &mut Found, loaded: &mut Loaded) {
    let pruned = exclude.clone();
    let walk = WalkBuilder::new(root)
        .ignore(options.ignore_files)
        .git_ignore(options.ignore_files)
        .git_exclude(options.ignore_files)
        .parents(options.ignore_files)
        .git_global(false)
        .require_git(false)
        .sort_by_file_path(Path::cmp)
        .filter_entry(move |entry| {
            let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
            entry.depth() == 0 || !pruned.covers(&absolute(entry.path()), is_dir)
        })
        .build();
    let mut any = false;
    for entry in walk {
        match entry {
            Ok(entry) if is_manifest_name(entry.path()) && is_file(&entry) => {
                any = true;
                found.file(entry.path(), false);
            }
            Ok(entry) if is_manifest_name(entry.path()) && is_dangling(&entry) => {
                any = true;
                loaded.skipped.push(Skipped { name: shown(entry.path()), why: Why::Dangling });
            }
            Ok(_) => {}
            Err(error) => {
                let message = error.to_string();
                let name = path_of(&error).map_or_else(|| shown(root), shown);
                let source = error.into_io_error().unwrap_or_else(|| io::Error::other(message));
                loaded.errors.push(LoadError::Unreadable { name, source });
            }
        }
    }
    if !any {
        loaded.empty.push(root.display().to_string());
    }
}

fn is_file(entry: &ignore::DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_file() || kind.is_symlink() && entry.path().is_file())
}

fn is_dangling(entry: &ignore::DirEntry) -> bool {
    entry.path_is_symlink() && !entry.path().exists()
}

fn is_manifest_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
        || path.file_name().is_some_and(|name| name == kustomize::NAMES[2])
}

/// The path that an error of the walk speaks of.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

struct Found {
    seen: BTreeSet<String>,
    charts: BTreeMap<PathBuf, Option<String>>,
    list: Vec<Candidate>,
}

impl Found {
    fn file(&mut self, path: &Path, named: bool) {
        let absolute = absolute(path);
        let chart = self.chart(path, &absolute);
        self.add(Candidate { name: shown(path), path: Some(path.to_owned()), absolute, named, chart });
    }

    fn add(&mut self, candidate: Candidate) {
        if self.seen.insert(candidate.name.clone()) {
            self.list.push(candidate);
        }
    }

    /// The chart among whose templates a file stands: the folder that holds `Chart.yaml` and, somewhere above the
    /// file, `templates/`. It is named as the user would name it.
    fn chart(&mut self, path: &Path, absolute: &Path) -> Option<String> {
        let folder = absolute.parent()?;
        if let Some(known) = self.charts.get(folder) {
            return known.clone();
        }
        let templates = folder
            .ancestors()
            .find(|above| above.ends_with("templates") && above.with_file_name("Chart.yaml").is_file());
        let chart = templates.and_then(Path::parent).map(|chart| {
            let depth = absolute.strip_prefix(chart).map_or(0, |inner| inner.components().count());
            match shown(path).rsplitn(depth + 1, '/').nth(depth) {
                Some(name) => name.to_owned(),
                None if path.components().count() == depth => ".".to_owned(),
                None => chart.display().to_string(),
            }
        });
        self.charts.insert(folder.to_owned(), chart.clone());
        chart
    }
}

/// A link to a file that is read anyhow would show its objects twice.
fn without_double_links(list: Vec<Candidate>) -> Vec<Candidate> {
    let is_link = |candidate: &Candidate| candidate.path.as_ref().is_some_and(|path| path.is_symlink());
    let links: Vec<bool> = list.iter().map(is_link).collect();
    if !links.contains(&true) {
        return list;
    }
    let real = |candidate: &Candidate| candidate.path.as_ref().and_then(|path| path.canonicalize().ok());
    let mut seen: BTreeSet<PathBuf> =
        list.iter().zip(&links).filter(|(_, link)| !**link).filter_map(|(candidate, _)| real(candidate)).collect();
    list.into_iter()
        .zip(links)
        .filter(|(candidate, link)| !link || real(candidate).is_none_or(|path| seen.insert(path)))
        .map(|(candidate, _)| candidate)
        .collect()
}

/// The exclude patterns.
#[derive(Clone)]
struct Exclude {
    root: PathBuf,
    globs: Gitignore,
}

impl Exclude {
    /// Whether a pattern covers the path or a folder above it; paths outside of the root are never covered.
    fn covers(&self, path: &Path, is_dir: bool) -> bool {
        path.strip_prefix(&self.root).is_ok_and(|inner| {
            !inner.as_os_str().is_empty() && self.globs.matched_path_or_any_parents(inner, is_dir).is_ignore()
        })
    }
}

fn excludes(options: &Options, loaded: &mut Loaded) -> Exclude {
    let root = absolute(&options.exclude_root);
    let mut builder = GitignoreBuilder::new("");
    for pattern in &options.exclude {
        if let Err(error) = builder.add_line(None, pattern) {
            loaded.errors.push(LoadError::Pattern { pattern: pattern.clone(), message: error.to_string() });
        }
    }
    Exclude { root, globs: builder.build().unwrap_or_else(|_| Gitignore::empty()) }
}

/// The path from the root of the file system, without `.` and `..`; links are not looked at.
pub(super) fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            _ => out.push(part),
        }
    }
    out
}
