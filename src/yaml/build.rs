//! From parser events to a [`Tree`]: keys, merges, duplicates, aliases and the limits on them.

use std::collections::HashMap;
use std::sync::Arc;

use super::aliases::{self, Written};
use super::events::{self, Event, Tag};
use super::scalar::{self, Scalar};
use super::tree::{Entry, Kind, NodeId, TaggedScalar, Text, Tree};
use super::{Comment, Document, Problem, ProblemKind, tagged, wording};
use crate::source::{FileId, Span};

/// Deeper documents are not read; Kubernetes objects are less than 100 levels deep.
const MAX_DEPTH: u32 = 500;

/// Reads the YAML document at `span` of `text`. With `ended`, its last line ends with a line break even if the text does
/// not, as kubectl's line reader has it.
pub(super) fn document(file: FileId, index: usize, text: &Arc<str>, span: Span, ended: bool) -> Document {
    let piece = &text[span.range()];
    let with_end: String;
    let piece = if !ended || piece.ends_with('\n') {
        piece
    } else {
        with_end = format!("{piece}\n");
        &with_end
    };
    // A byte order mark is skipped where the parsing begins.
    let mark = piece.len() - piece.strip_prefix('\u{feff}').unwrap_or(piece).len();
    let base = span.start as usize + mark;
    let new = || Builder::new(Arc::clone(text));
    let (mut builder, reading) = events::read(&piece[mark..], base, new, Builder::event);
    builder.problems.extend(reading.problems);
    builder.finish(file, index, span, reading.comments)
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
    /// The anchored nodes by their numbers; none while the node is not complete.
    anchors: HashMap<usize, Option<NodeId>>,
    root: Option<NodeId>,
    problems: Vec<Problem>,
    /// For each node: how deep it is below itself, and how many nodes it unfolds to.
    sizes: Vec<Size>,
    unfolded_by_aliases: u64,
    /// The mappings that were complete after the first anchor.
    written: Written,
}

#[derive(Clone, Copy)]
struct Size {
    height: u32,
    nodes: u64,
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
            written: Written::new(),
        }
    }

    fn finish(mut self, file: FileId, index: usize, span: Span, comments: Vec<Comment>) -> Document {
        self.check_aliases();
        Document {
            file,
            index,
            span,
            root: self.root.filter(|_| !self.problems.iter().any(|problem| problem.kind.is_fatal())),
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
                let kind = if open.mapping {
                    self.mapping(&open.children)
                } else {
                    open.children.iter().for_each(|item| self.check_value(*item));
                    self.tree.add_items(&open.children)
                };
                let span = Span { start: open.start.start, end: span.end.max(open.start.end) };
                let id = self.complete(span, kind, size, open.anchor);
                if open.mapping && !self.anchors.is_empty() {
                    self.written.insert(id, open.children);
                }
            }
            Event::Alias(anchor) => self.alias(anchor, span),
        }
    }

    fn start(&mut self, mapping: bool, anchor: usize, start: Span) {
        if anchor != 0 {
            self.anchors.insert(anchor, None);
        }
        self.open.push(Open { mapping, start, anchor, children: Vec::new() });
    }

    fn complete(&mut self, span: Span, kind: Kind, size: Size, anchor: usize) -> NodeId {
        let id = self.tree.add(span, kind);
        if size.height > MAX_DEPTH && self.problems.iter().all(|problem| problem.kind != ProblemKind::Limit) {
            self.problem(ProblemKind::Limit, format!("nested more than {MAX_DEPTH} levels deep"), span);
        }
        self.sizes.push(size);
        if anchor != 0 {
            self.anchors.insert(anchor, Some(id));
        }
        if let Some(open) = self.open.last_mut() {
            open.children.push(id);
        } else {
            self.check_value(id);
            self.root = Some(id);
        }
        id
    }

    fn alias(&mut self, anchor: usize, span: Span) {
        if let Some(target) = self.anchors.get(&anchor).copied().flatten() {
            let target = self.tree.target(target);
            let size = self.size(target);
            self.unfolded_by_aliases = self.unfolded_by_aliases.saturating_add(size.nodes);
            self.complete(span, Kind::Alias(target), size, 0);
        } else {
            self.problem(ProblemKind::Syntax, "this alias stands inside the value it stands for".to_owned(), span);
            let kind = Kind::Tagged(TaggedScalar::Null);
            self.complete(span, kind, Size { height: 1, nodes: 1 }, 0);
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

    fn check_aliases(&mut self) {
        let Some(root) = self.root.filter(|_| self.unfolded_by_aliases > 100) else { return };
        let is_merge = |key| self.is_merge(key);
        let nodes = |id| self.size(id).nodes;
        if aliases::excessive(&self.tree, root, &self.written, is_merge, nodes) {
            let span = self.tree.node(root).span;
            self.problem(ProblemKind::Limit, "the aliases unfold to far more than is written".to_owned(), span);
        }
    }

    fn scalar(&mut self, text: &str, plain: bool, tag: Option<Tag>, span: Span) -> Kind {
        match tag {
            None => Kind::Scalar { text: self.text(text, span), plain },
            // A merge key may have one of these tags, and then even quotes.
            Some(Tag::Merge | Tag::NonSpecific) if text == MERGE => {
                Kind::Scalar { text: Text::Decoded(MERGE.into()), plain: true }
            }
            Some(tag) => {
                if let Some(value) = tagged::value(text, tag) {
                    return Kind::Tagged(value);
                }
                self.problem(ProblemKind::Syntax, format!("`{text}` is no value of its tag"), span);
                Kind::Tagged(TaggedScalar::Null)
            }
        }
    }

    /// JSON has no infinities; as the name of a key they are just text.
    fn check_value(&mut self, id: NodeId) {
        let may_be = match &self.tree.node(self.tree.target(id)).kind {
            Kind::Scalar { text, plain: true } => {
                matches!(self.tree.text_of(text).as_bytes(), [b'.', ..] | [b'+' | b'-', b'.', ..])
            }
            Kind::Tagged(TaggedScalar::Float(_)) => true,
            _ => false,
        };
        if may_be && matches!(self.tree.go_value(id), Some(Scalar::NotFinite(_))) {
            let span = self.tree.node(id).span;
            let written = self.tree.source(span).unwrap_or_default();
            let message = format!("`{written}` is no JSON value");
            self.problems.push(Problem::new(ProblemKind::NotJson, message, span).help("quote it to mean the text"));
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
                continue;
            }
            self.check_value(value);
            if let Some(name) = self.key_name(key) {
                let earlier = entries.insert(&self.tree, Entry { key, name, value, merged: None });
                if let Some(earlier) = earlier {
                    self.duplicate(key, &earlier);
                }
            }
        }
        self.tree.add_entries(entries.list)
    }

    fn duplicate(&mut self, key: NodeId, earlier: &Earlier) {
        let span = self.tree.node(key).span;
        let name = self.tree.source(span).unwrap_or_default();
        let (kind, message, place, label) = match earlier.merged {
            None => (
                ProblemKind::DuplicateKey,
                format!("`{name}` is already set in this map; kubectl keeps only the last one"),
                earlier.key,
                "first set here",
            ),
            Some(merge) => (
                ProblemKind::OverriddenMerge,
                format!("`{name}` overrides what is merged before it"),
                merge,
                "merged here",
            ),
        };
        let related = self.tree.node(place).span;
        self.problems.push(Problem::new(kind, message, span).related(related, label));
    }

    /// Only a plain `<<` merges; `"<<"` and an alias to `<<` are ordinary keys.
    fn is_merge(&self, key: NodeId) -> bool {
        matches!(&self.tree.node(key).kind, Kind::Scalar { text, plain: true } if self.tree.text_of(text) == MERGE)
    }

    /// go-yaml v2 takes the maps of a list from the last to the first, so that earlier ones win, and lets a merge
    /// overwrite keys that stand before it.
    fn merge(&mut self, entries: &mut Entries, value: NodeId) {
        let maps: Vec<NodeId> = match self.tree.node(value).kind {
            Kind::Sequence(_) => self.tree.items_of(value).to_vec(),
            _ => vec![value],
        };
        let mut twice: Vec<(String, Earlier)> = Vec::new();
        for map in maps.into_iter().rev() {
            if !matches!(self.tree.node(self.tree.target(map)).kind, Kind::Mapping(_)) {
                let span = self.tree.node(map).span;
                let message = "`<<` takes a map, an alias to a map, or a list of those";
                self.problems.push(Problem::new(ProblemKind::Syntax, message, span));
                continue;
            }
            for at in 0..self.tree.entries_of(map).len() {
                let entry = &self.tree.entries_of(map)[at];
                let name = entry.name.clone();
                let entry = Entry { key: entry.key, name, value: entry.value, merged: Some(value) };
                let shown = self.tree.text_of(&entry.name).to_owned();
                if let Some(earlier) = entries.insert(&self.tree, entry) {
                    twice.push((shown, earlier));
                }
            }
        }
        // Of the maps of one list, the earlier ones win for every reader.
        let (overridden, replaced): (Vec<_>, Vec<_>) =
            twice.into_iter().partition(|(_, earlier)| earlier.merged == Some(value));
        self.merged_twice(value, ProblemKind::OverriddenMerge, &overridden);
        self.merged_twice(value, ProblemKind::DuplicateKey, &replaced);
    }

    /// Reports the keys that a merge brings in although the map has them already.
    fn merged_twice(&mut self, merge: NodeId, kind: ProblemKind, twice: &[(String, Earlier)]) {
        let Some((name, earlier)) = twice.first() else { return };
        let more = match twice.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let message = match earlier.merged {
            None => format!("this merge replaces `{name}`{more}, which the map itself sets before it"),
            Some(_) => format!("`{name}`{more} is merged from two maps"),
        };
        let span = self.tree.node(merge).span;
        let related = self.tree.node(earlier.key).span;
        self.problems.push(Problem::new(kind, message, span).related(related, "first set here"));
    }

    /// The key as JSON has it, or a problem.
    fn key_name(&mut self, key: NodeId) -> Option<Text> {
        let name = match self.tree.go_value(key) {
            Some(Scalar::Text(text)) => match &self.tree.node(self.tree.target(key)).kind {
                Kind::Scalar { text: Text::Verbatim(span), .. } => return Some(Text::Verbatim(*span)),
                _ => text.to_owned(),
            },
            Some(Scalar::Bool(value)) => value.to_string(),
            Some(Scalar::Integer(value)) => value.to_string(),
            Some(Scalar::Float(value) | Scalar::NotFinite(value)) => scalar::float_key(value),
            unfit => {
                let what = match unfit {
                    Some(Scalar::Null) => "nothing",
                    Some(_) => "so large a number",
                    None => "a list or map",
                };
                let span = self.tree.node(key).span;
                let message = format!("{what} cannot be a key in JSON");
                let template = self.tree.source(Span { start: span.start.saturating_sub(1), ..span });
                let help = match template {
                    Some(text) if text.starts_with("{{") => wording::RENDER,
                    _ => "quote it to mean the text",
                };
                // What is in the key and cannot be one either goes when the key goes.
                while self
                    .problems
                    .last()
                    .is_some_and(|last| last.kind == ProblemKind::NotJson && span.contains(last.span))
                {
                    self.problems.pop();
                }
                self.problems.push(Problem::new(ProblemKind::NotJson, message, span).help(help));
                return None;
            }
        };
        Some(Text::Decoded(name.into()))
    }

    fn problem(&mut self, kind: ProblemKind, message: String, span: Span) {
        self.problems.push(Problem::new(kind, message, span));
    }
}

const MERGE: &str = "<<";

/// The entries of a mapping while it is read; the last value of a name wins and keeps the first one's position.
struct Entries {
    list: Vec<Entry>,
    /// From the name to its index, once the list is long enough to make searching it slow.
    by_name: HashMap<Box<str>, usize>,
}

/// What an entry has replaced.
struct Earlier {
    key: NodeId,
    merged: Option<NodeId>,
}

const SHORT: usize = 16;

impl Entries {
    fn with_capacity(capacity: usize) -> Self {
        Self { list: Vec::with_capacity(capacity), by_name: HashMap::new() }
    }

    /// Returns the entry that had the same key before. Keys are the same if Go has the same value for them; `1` and `"1"`
    /// are two keys, although they have one name in JSON.
    fn insert(&mut self, tree: &Tree, entry: Entry) -> Option<Earlier> {
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
            let earlier = std::mem::replace(&mut self.list[at], entry);
            let same = tree.go_value(earlier.key) == tree.go_value(self.list[at].key);
            return same.then_some(Earlier { key: earlier.key, merged: earlier.merged });
        }
        if self.list.len() >= SHORT {
            self.by_name.insert(name.into(), self.list.len());
        }
        self.list.push(entry);
        None
    }
}
