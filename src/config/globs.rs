//! Globs in a configuration, and the paths that they match.

use std::path::{Component, Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Globs as in `.gitignore`, relative to a folder; a later `!glob` takes files out again.
#[derive(Clone, Debug)]
pub struct Globs {
    matcher: Gitignore,
    root: PathBuf,
}

impl Globs {
    /// Reads the globs of a list. `wrong` is told of each that cannot be read, by its number.
    pub(super) fn new(list: &[String], root: &Path, mut wrong: impl FnMut(usize, String)) -> Self {
        let mut builder = GitignoreBuilder::new(root);
        for (index, glob) in list.iter().enumerate() {
            let added = builder.add_line(None, glob).map(drop).map_err(|error| error.to_string());
            let closed = if is_closed(glob) { Ok(()) } else { Err("a `[` in it is never closed".to_owned()) };
            if let Err(error) = added.and(closed) {
                wrong(index, format!("`{glob}` is no glob: {error}"));
            }
        }
        Self { matcher: builder.build().unwrap_or_else(|_| Gitignore::empty()), root: root.to_owned() }
    }

    /// Whether the file `name`, absolute or relative to the folder of the globs, or a folder that it is in, matches.
    pub fn matches(&self, name: &Path) -> bool {
        let path = lexical(name);
        let path = path.strip_prefix(&self.root).unwrap_or(&path);
        let inside = path.components().all(|component| matches!(component, Component::Normal(_)));
        inside && self.matcher.matched_path_or_any_parents(path, false).is_ignore()
    }
}

/// Whether every `[` of a glob has its `]`; one without matches nothing. Right behind the `[` a `]` is a letter.
fn is_closed(glob: &str) -> bool {
    let mut letters = glob.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '[' => {
                let rest = letters.as_str();
                let rest = rest.strip_prefix(['!', '^']).unwrap_or(rest);
                let Some(end) = rest.char_indices().skip(1).find(|(_, letter)| *letter == ']') else { return false };
                letters = rest[end.0..].chars();
            }
            _ => {}
        }
    }
    true
}

/// The path without `.` and `..`, as far as the text alone can tell.
pub(super) fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if clean.file_name().is_some() => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}
