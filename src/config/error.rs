//! Why a configuration cannot be used.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// How many letters a message has at most; what it quotes may be of any length.
const LONGEST: usize = 300;

/// Why a configuration cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration `{}` cannot be read", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        error: std::io::Error,
    },
    /// Nobody could tell which of two files holds.
    #[error("`{}` and `{}` are both configurations", file.display(), other.display())]
    #[diagnostic(help("keep one of them"))]
    Ambiguous {
        /// One.
        file: PathBuf,
        /// The other.
        other: PathBuf,
    },
    /// Something in it is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Invalid(Box<Mistake>),
}

impl ConfigError {
    /// The mistakes that were found in a file, at least one.
    pub(super) fn from_mistakes(file: &Path, text: &str, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| (mistake.span.offset(), mistake.message.clone()));
        let name = file.display().to_string();
        let text: Arc<str> = text.into();
        for mistake in &mut mistakes {
            let before = &text[..mistake.span.offset()];
            let line_start = before.rfind('\n').map_or(0, |at| at + 1);
            mistake.line = before.matches('\n').count() + 1;
            mistake.column = before[line_start..].chars().count() + 1;
            mistake.code = NamedSource::new(&name, Arc::clone(&text));
            mistake.name.clone_from(&name);
        }
        let mut all = mistakes.into_iter();
        let mut first = all.next().unwrap_or_else(|| Mistake::new(0..0, "cannot be used".to_owned(), None));
        first.more = all.collect();
        Self::Invalid(Box::new(first))
    }
}

/// A mistake in a configuration, with its place.
#[derive(Debug, Error, Diagnostic)]
#[error("{name}:{line}:{column}: {message}")]
pub struct Mistake {
    /// The file.
    pub name: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The text.
    #[source_code]
    code: NamedSource<Arc<str>>,
    #[label]
    span: SourceSpan,
    /// What to do.
    #[help]
    pub help: Option<String>,
    /// Further mistakes in the same file.
    #[related]
    pub more: Vec<Mistake>,
}

impl Mistake {
    /// A mistake whose file is not known yet.
    pub(super) fn new(span: Range<usize>, mut message: String, help: Option<String>) -> Self {
        if let Some((end, _)) = message.char_indices().nth(LONGEST) {
            message.truncate(end);
            message.push('…');
        }
        Self {
            name: String::new(),
            line: 1,
            column: 1,
            message,
            code: NamedSource::new("", Arc::from("")),
            span: span.into(),
            help,
            more: Vec::new(),
        }
    }
}
