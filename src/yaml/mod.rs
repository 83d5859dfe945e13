//! YAML and JSON exactly as Kubernetes reads them.
//!
//! A text is split into documents as kubectl splits it ([`split`]), each document is read from parser events into
//! one located [`Tree`], and everything else (JSON values, typed models, schema validation) is produced from that
//! tree. Reading never fails: it returns documents and [`Problem`]s, and resumes at the next `---`.
//!
//! The parser is another one than Kubernetes' and reads YAML 1.2; `events` says how the differences are made up for. Of
//! 34,411 texts that Kubernetes' own library was asked about (4,758 real files, 7,820 mutants of real files, the rest made
//! to be difficult), 143 are read otherwise: none of the real files and none of the mutants; most of them have something
//! after the end of the document, which go-yaml scans one token further.
//! `SEATRIAL_VECTORS` repeats the measurement (see `tests/it/vectors_yaml.rs`), `cargo bench --bench yaml` measures the speed:
//! reading takes 1.4 times as long as the parser's bare events, and grows in proportion to the text.

mod aliases;
mod build;
mod de;
mod differences;
mod events;
mod json;
pub mod path;
mod places;
mod refused;
mod rewrite;
pub mod scalar;
mod split;
mod survey;
mod tagged;
mod tree;
mod wording;

use std::ops::Range;
use std::sync::Arc;

pub use self::de::decode;
pub use self::path::{Path, Segment};
pub use self::scalar::Scalar;
pub use self::split::split;
pub use self::tree::{Field, NodeId, Shape, Spot, Tree, Value};
use crate::source::{FileId, Place, Source, Span};

/// One document of a text.
#[derive(Debug)]
pub struct Document {
    /// The text it stands in.
    pub file: FileId,
    /// Its number in that text, counted from 0 over the pieces between `---` lines.
    pub index: usize,
    /// The bytes of the document without its separators; of one that cannot be read, all that is lost with it.
    pub span: Span,
    tree: Tree,
    root: Option<NodeId>,
    /// Comments in their order.
    pub comments: Vec<Comment>,
    /// What is wrong with the text.
    pub problems: Vec<Problem>,
}

impl Document {
    /// The value of the document; `None` if it is empty or could not be read.
    pub fn root(&self) -> Option<Value<'_>> {
        self.root.map(|id| self.tree.value(id))
    }

    /// Whether there is something in it that is no YAML as Kubernetes reads it.
    pub fn is_unreadable(&self) -> bool {
        self.problems.iter().any(|problem| problem.kind.is_fatal())
    }

    /// The value of a node of this document.
    pub fn value(&self, id: NodeId) -> Value<'_> {
        self.tree.value(id)
    }

    /// The source text of a span of this document.
    pub fn text(&self, span: Span) -> &str {
        self.tree.source(span).unwrap_or_default()
    }

    /// A span of this document with its file.
    pub fn place(&self, span: Span) -> Place {
        Place { file: self.file, span }
    }
}

/// A comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From `#` to the end of the line.
    pub span: Span,
    /// Whether nothing but blanks stands before it on its line.
    pub own_line: bool,
}

/// Something wrong with a text, before it is an object.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What sort of wrong.
    pub kind: ProblemKind,
    /// What is wrong, in lower case, without a full stop.
    pub message: String,
    /// Where.
    pub span: Span,
    /// A further place: where the key stands first, where the bracket was opened.
    pub related: Option<(Span, String)>,
    /// What to do, starting with a verb, where that is known.
    pub help: Option<String>,
}

impl Problem {
    /// A problem with one place.
    pub(crate) fn new(kind: ProblemKind, message: impl Into<String>, span: Span) -> Self {
        Self { kind, message: message.into(), span, related: None, help: None }
    }

    /// Adds the further place.
    #[must_use]
    pub(crate) fn related(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related = Some((span, message.into()));
        self
    }

    /// Says what to do.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The problem, found in a text that begins at byte `base` of the file.
    #[must_use]
    pub(crate) fn moved(mut self, base: usize) -> Self {
        let moved = |span: Span| Span::new(span.start as usize + base..span.end as usize + base);
        self.span = moved(self.span);
        self.related = self.related.map(|(span, message)| (moved(span), message));
        self
    }
}

/// The sorts of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The text is not YAML (or JSON) as Kubernetes reads it.
    Syntax,
    /// It is YAML, but no JSON: an infinity, a list as a key.
    NotJson,
    /// A key stands twice in one map; the last value counts, and a strict API server refuses it.
    DuplicateKey,
    /// A key overrides one that a merge (`<<`) before it brings in. Go's strict reader refuses it, but nobody reads manifests
    /// strictly before they are JSON, and all readers agree on what counts.
    OverriddenMerge,
    /// Aliases that would unfold beyond what Kubernetes accepts, or nesting beyond what seatrial reads.
    Limit,
    /// Text after the end of the document, which kubectl drops without a word.
    Ignored,
}

impl ProblemKind {
    /// Whether nothing can be read of a document in which it is.
    pub fn is_fatal(self) -> bool {
        matches!(self, Self::Syntax | Self::NotJson | Self::Limit)
    }
}

/// Reads all documents of a text, as kubectl reads a file: the byte order mark is skipped (`FileVisitor.Visit` in
/// cli-runtime), and JSON is tried if the text begins with `{`.
pub fn read(file: FileId, source: &Source) -> Vec<Document> {
    let text = source.text();
    if let Some(defect) = &source.defect {
        let problem = Problem::new(ProblemKind::Syntax, &*defect.message, defect.span).help(defect.help);
        return vec![unreadable(file, 0, text, 0..text.len(), problem)];
    }
    let start = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
    if !json::is_json(&text[start..]) {
        return yaml(file, text, start, 0);
    }
    let stream = json::read(file, text, start);
    let mut documents = stream.documents;
    if let Some((start, problem)) = stream.rest {
        let mut rest = yaml(file, text, start, documents.len());
        // What is neither JSON nor YAML was meant to be JSON if it looks like it.
        if let Some(first) = rest.first_mut()
            && first.root.is_none()
            && !first.problems.is_empty()
            && json::is_meant(&text[start..])
        {
            first.problems = vec![problem];
        }
        documents.extend(rest);
    }
    if let Some((start, problem)) = stream.problem {
        documents.push(unreadable(file, documents.len(), text, start..text.len(), problem));
    }
    documents
}

/// The YAML documents from byte `start` on, numbered from `index`.
fn yaml(file: FileId, text: &Arc<str>, start: usize, index: usize) -> Vec<Document> {
    let pieces = split(&text[start..]).into_iter().zip(index..);
    let mut end = start;
    pieces
        .map(|(piece, index)| match piece {
            Ok(span) => {
                let span = Span::new(start + span.start as usize..start + span.end as usize);
                end = span.range().end;
                build::document(file, index, text, span, true)
            }
            Err(problem) => unreadable(file, index, text, end..text.len(), problem.moved(start)),
        })
        .collect()
}

/// Reads a text as Kubernetes' YAML library alone does: its first YAML document, without cutting it at `---` lines.
pub fn read_one(file: FileId, source: &Source) -> Document {
    let text = source.text();
    build::document(file, 0, text, Span::new(0..text.len()), false)
}

fn unreadable(file: FileId, index: usize, text: &Arc<str>, range: Range<usize>, problem: Problem) -> Document {
    Document {
        file,
        index,
        span: Span::new(range),
        tree: Tree::new(Arc::clone(text)),
        root: None,
        comments: Vec::new(),
        problems: vec![problem],
    }
}
