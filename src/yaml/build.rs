//! From parser events to a [`Tree`]: keys, merges, duplicates, aliases and the limits on them.

use std::collections::HashMap;
use std::sync::Arc;

use super::events::{self, Event};
use super::scalar::{self, Scalar};
use super::tree::{Entry, Kind, NodeId, TaggedScalar, Text, Tree};
use super::{Comment, Document, Problem, ProblemKind};
use crate::source::{FileId, Span};

/// Deeper documents are not read; Kubernetes objects are less than 100 levels deep.
const MAX_DEPTH: u32 = 500;

/// Reads the YAML document at `span` of `text`.
pub(super) fn document(file: FileId, index: usize, text: &Arc<str>, span: Span) -> Document {
    // kubectl's line reader ends every line, so a block scalar at the end of the text ends with a line break.
    let piece = &text[span.range()];
    let ended: String;
    let piece = if piece.ends_with('\n') {
        piece
    } else {
        ended = format!("{piece}\n");
        &ended
    };
    let mut builder = Builder::new(Arc::clone(text));
    let (comments, problem) = events::read(piece, span.start as usize, |event, span| builder.event(event, span));
    builder.problems.extend(problem);
    builder.finish(file, index, span, comments)
}

/// Builds a document from the events that `emit` sends.
pub(super) fn from_events<'t>(
    file: FileId,
    index: usize,
    text: &Arc<str>,
    span: Span,
    emit: impl FnOnce(&mut dyn FnMut(Event<'t>, Span)),
) -> Document {
    let mut builder = Builder::new(Arc::clone(text));
    emit(&mut |event, span| builder.event(event, span));
    builder.finish(file, index, span, Vec::new())
}

struct Builder {
    tree: Tree,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchor>,
    root: Option<NodeId>,
    problems: Vec<Problem>,
    /// For each node: how deep it is below itself, and how many nodes it unfolds to.
    sizes: Vec<Size>,
    unfolded_by_aliases: u64,
}

#[derive(Clone, Copy)]
struct Size {
    height: u32,
    nodes: u64,
}

struct Anchor {
    node: Option<NodeId>,
}

struct Open {
    mapping: bool,
    start: Span,
    anchor: usize,
    children: Vec<NodeId>,
}

impl Builder {
    fn new(text: Arc<str>) -> Self {
        Self {
            tree: Tree::new(text),
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            problems: Vec::new(),
            sizes: Vec::new(),
            unfolded_by_aliases: 0,
        }
    }

    fn finish(mut self, file: FileId, index: usize, span: Span, comments: Vec<Comment>) -> Document {
        self.check_aliases();
        let fatal = |problem: &Problem| !matches!(problem.kind, ProblemKind::DuplicateKey | ProblemKind::Ignored);
        Document {
            file,
            index,
            span,
            root: self.root.filter(|_| !self.problems.iter().any(fatal)),
            tree: self.tree,
            comments,
            problems: self.problems,
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Scalar { text, plain, anchor, tag } => {
                let kind = self.scalar(&text, plain, tag, span);
                self.complete(span, kind, Size { height: 1, nodes: 1 }, anchor);
            }
            Event::SequenceStart { anchor } => self.start(false, anchor, span),
            Event::MappingStart { anchor } => self.start(true, anchor, span),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return };
                let size = self.size_of(&open.children);
                let kind =
                    if open.mapping { self.mapping(&open.children) } else { self.tree.add_items(&open.children) };
                let span = Span { start: open.start.start, end: span.end.max(open.start.end) };
                self.complete(span, kind, size, open.anchor);
            }
            Event::Alias(anchor) => self.alias(anchor, span),
        }
    }

    fn start(&mut self, mapping: bool, anchor: usize, start: Span) {
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor { node: None });
        }
        self.open.push(Open { mapping, start, anchor, children: Vec::new() });
    }

    fn complete(&mut self, span: Span, kind: Kind, size: Size, anchor: usize) {
        let id = self.tree.add(span, kind);
        if size.height > MAX_DEPTH && self.problems.iter().all(|problem| problem.kind != ProblemKind::Limit) {
            self.problem(ProblemKind::Limit, format!("nested more than {MAX_DEPTH} levels deep"), span);
        }
        self.sizes.push(size);
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor { node: Some(id) });
        }
        match self.open.last_mut() {
            Some(open) => open.children.push(id),
            None => self.root = Some(id),
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) {
        match self.anchors.get(&anchor).and_then(|anchor| anchor.node) {
            Some(target) => {
                let target = self.tree.target(target);
                let size = self.size(target);
                self.unfolded_by_aliases = self.unfolded_by_aliases.saturating_add(size.nodes);
                self.complete(span, Kind::Alias(target), size, 0);
            }
            None => {
                self.problem(ProblemKind::Syntax, "this alias stands inside the value it stands for".to_owned(), span);
                let kind = Kind::Tagged(TaggedScalar::Null);
                self.complete(span, kind, Size { height: 1, nodes: 1 }, 0);
            }
        }
    }

    fn size(&self, id: NodeId) -> Size {
        self.sizes[id.index()]
    }

    fn size_of(&self, children: &[NodeId]) -> Size {
        let none = Size { height: 0, nodes: 0 };
        let sum = children.iter().map(|id| self.size(*id)).fold(none, |sum, size| Size {
            height: sum.height.max(size.height),
            nodes: sum.nodes.saturating_add(size.nodes),
        });
        Size { height: sum.height.saturating_add(1), nodes: sum.nodes.saturating_add(1) }
    }

    /// go-yaml refuses documents in which nearly all of the decoding is done through aliases.
    /// Mirrors `allowedAliasRatio` and `unmarshal` in `decode.go` of go-yaml v2.4.
    fn check_aliases(&mut self) {
        let Some(root) = self.root else { return };
        let decoded = self.size(root).nodes;
        #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more than 53 bits")]
        let (total, aliased) = (decoded as f64, self.unfolded_by_aliases as f64);
        let allowed = if total <= 400_000.0 {
            0.99
        } else if total >= 4_000_000.0 {
            0.10
        } else {
            0.99 - 0.89 * (total - 400_000.0) / 3_600_000.0
        };
        if self.unfolded_by_aliases > 100 && decoded > 1000 && aliased / total > allowed {
            let span = self.tree.node(root).span;
            self.problem(ProblemKind::Limit, "the aliases unfold to far more than is written".to_owned(), span);
        }
    }

    fn scalar(&mut self, text: &str, plain: bool, tag: Option<events::Tag>, span: Span) -> Kind {
        match tag {
            None if plain && matches!(scalar::resolve_plain(text), Scalar::NotFinite(_)) => {
                self.problem(
                    ProblemKind::NotJson,
                    format!("`{text}` is no JSON value; quote it to mean the text"),
                    span,
                );
                Kind::Scalar { text: self.text(text, span), plain }
            }
            None => Kind::Scalar { text: self.text(text, span), plain },
            Some(tag) => match tagged(text, plain, tag) {
                Some(value) => Kind::Tagged(value),
                None => {
                    self.problem(ProblemKind::Syntax, format!("`{text}` is no value of its tag"), span);
                    Kind::Tagged(TaggedScalar::Null)
                }
            },
        }
    }

    fn text(&self, text: &str, span: Span) -> Text {
        match self.tree.source(span) {
            Some(written) if written == text => Text::Verbatim(span),
            _ => Text::Decoded(text.into()),
        }
    }

    fn mapping(&mut self, children: &[NodeId]) -> Kind {
        let mut entries = Entries::with_capacity(children.len() / 2);
        for pair in children.chunks_exact(2) {
            let (key, value) = (pair[0], pair[1]);
            if self.is_merge(key) {
                self.merge(&mut entries, value);
            } else if let Some(name) = self.key_name(key) {
                if let Some(first) = entries.insert(&self.tree, Entry { key, name, value, merged: None }) {
                    let span = self.tree.node(key).span;
                    let name = self.tree.source(span).unwrap_or_default().to_owned();
                    self.problems.push(Problem {
                        kind: ProblemKind::DuplicateKey,
                        message: format!("`{name}` is already set in this map; kubectl keeps only the last one"),
                        span,
                        related: Some((self.tree.node(first).span, "first set here".to_owned())),
                    });
                }
            }
        }
        self.tree.add_entries(entries.list)
    }

    /// Only a plain `<<` merges; `"<<"` is an ordinary key.
    fn is_merge(&self, key: NodeId) -> bool {
        matches!(&self.tree.node(key).kind, Kind::Scalar { text, plain: true } if self.tree.text_of(text) == "<<")
    }

    /// go-yaml v2 takes the maps of a list from the last to the first, so that earlier ones win, and lets a merge
    /// overwrite keys that stand before it.
    fn merge(&mut self, entries: &mut Entries, value: NodeId) {
        let target = self.tree.target(value);
        let maps: Vec<NodeId> = match self.tree.node(target).kind {
            Kind::Sequence(_) => self.tree.value(target).items().map(super::Value::id).collect(),
            _ => vec![value],
        };
        for map in maps.into_iter().rev() {
            if !matches!(self.tree.node(self.tree.target(map)).kind, Kind::Mapping(_)) {
                let span = self.tree.node(map).span;
                let message = "`<<` takes a map, an alias to a map, or a list of those".to_owned();
                self.problem(ProblemKind::Syntax, message, span);
                continue;
            }
            for at in 0..self.tree.entries_of(map).len() {
                let entry = &self.tree.entries_of(map)[at];
                let name = match &entry.name {
                    Text::Verbatim(span) => Text::Verbatim(*span),
                    Text::Decoded(text) => Text::Decoded(text.clone()),
                };
                let entry = Entry { key: entry.key, name, value: entry.value, merged: Some(value) };
                entries.insert(&self.tree, entry);
            }
        }
    }

    /// The key as JSON has it, or a problem.
    fn key_name(&mut self, key: NodeId) -> Option<Text> {
        let value = self.tree.value(key);
        let name = match value.scalar() {
            Some(Scalar::Text(text)) => match &self.tree.node(self.tree.target(key)).kind {
                Kind::Scalar { text: Text::Verbatim(span), .. } => return Some(Text::Verbatim(*span)),
                _ => text.to_owned(),
            },
            Some(Scalar::Bool(value)) => value.to_string(),
            Some(Scalar::Integer(value)) => value.to_string(),
            Some(Scalar::Float(value)) => scalar::float_key(value),
            Some(Scalar::NotFinite(value)) if value.is_nan() => ".nan".to_owned(),
            Some(Scalar::NotFinite(value)) => if value > 0.0 { ".inf" } else { "-.inf" }.to_owned(),
            Some(Scalar::Null | Scalar::Unsigned(_)) | None => {
                let span = self.tree.node(key).span;
                self.problem(
                    ProblemKind::NotJson,
                    "this cannot be a key in JSON; quote it to mean the text".to_owned(),
                    span,
                );
                return None;
            }
        };
        Some(Text::Decoded(name.into()))
    }

    fn problem(&mut self, kind: ProblemKind, message: String, span: Span) {
        self.problems.push(Problem { kind, message, span, related: None });
    }
}

/// The entries of a mapping while it is read; the last value of a name wins and keeps the first one's position.
struct Entries {
    list: Vec<Entry>,
    /// From a hash of the name to its index, once the list is long enough to make searching it slow.
    by_name: HashMap<Box<str>, usize>,
}

const SHORT: usize = 16;

impl Entries {
    fn with_capacity(capacity: usize) -> Self {
        Self { list: Vec::with_capacity(capacity), by_name: HashMap::new() }
    }

    /// Returns the key that had the same name before.
    fn insert(&mut self, tree: &Tree, entry: Entry) -> Option<NodeId> {
        let name = tree.text_of(&entry.name);
        let found = if self.list.len() < SHORT {
            self.list.iter().position(|other| tree.text_of(&other.name) == name)
        } else {
            if self.by_name.is_empty() {
                let names = self.list.iter().enumerate();
                self.by_name = names.map(|(at, entry)| (tree.text_of(&entry.name).into(), at)).collect();
            }
            self.by_name.get(name).copied()
        };
        if let Some(at) = found {
            let previous = self.list[at].key;
            self.list[at] = entry;
            return Some(previous);
        }
        if self.list.len() >= SHORT {
            self.by_name.insert(name.into(), self.list.len());
        }
        self.list.push(entry);
        None
    }
}

/// The value of a scalar with a tag; `None` if the tag does not fit.
fn tagged(text: &str, plain: bool, tag: events::Tag) -> Option<TaggedScalar> {
    use events::Tag;
    let resolved = if plain || !text.is_empty() { scalar::resolve_plain(text) } else { Scalar::Text(text) };
    match (tag, resolved) {
        (Tag::Str | Tag::Other, _) => Some(TaggedScalar::Text(text.into())),
        (Tag::Null, Scalar::Null) => Some(TaggedScalar::Null),
        (Tag::Bool, Scalar::Bool(value)) => Some(TaggedScalar::Bool(value)),
        (Tag::Int, Scalar::Integer(value)) => Some(TaggedScalar::Integer(value)),
        (Tag::Int, Scalar::Unsigned(value)) => Some(TaggedScalar::Unsigned(value)),
        #[expect(clippy::cast_precision_loss, reason = "a float was asked for")]
        (Tag::Float, Scalar::Integer(value)) => Some(TaggedScalar::Float(value as f64)),
        (Tag::Float, Scalar::Float(value)) => Some(TaggedScalar::Float(value)),
        _ => None,
    }
}
