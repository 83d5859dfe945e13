//! The located tree of one document, and [`Value`], the way to read it.
//!
//! Mappings hold what Kubernetes would see: merge keys are expanded, a repeated key has its last value, keys are
//! strings. Aliases stay in the tree, so that both places are known: where a value is used and where it is written.

use std::ops::Range;
use std::sync::Arc;

use super::path::{Path, Segment};
use super::scalar::{self, Scalar};
use crate::source::Span;

/// The nodes of one document.
#[derive(Debug)]
pub struct Tree {
    text: Arc<str>,
    nodes: Vec<Node>,
    items: Vec<NodeId>,
    entries: Vec<Entry>,
}

/// A node of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar {
        text: Text,
        plain: bool,
    },
    /// A scalar whose meaning its tag decided.
    Tagged(TaggedScalar),
    Sequence(Range<u32>),
    Mapping(Range<u32>),
    /// The node that the alias stands for; always an earlier, complete one.
    Alias(NodeId),
}

/// The text of a scalar: most stand in the source as they are.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Verbatim(Span),
    Decoded(Box<str>),
}

/// Values of scalars with a core tag such as `!!int "5"`.
#[derive(Debug)]
pub(super) enum TaggedScalar {
    Null,
    Bool(bool),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Text(Box<str>),
}

/// One key with its value, as Kubernetes sees the mapping.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: NodeId,
    /// The key as JSON has it.
    pub(super) name: Text,
    pub(super) value: NodeId,
    /// The value of the merge key (usually an alias) through which this entry came.
    pub(super) merged: Option<NodeId>,
}

impl Tree {
    pub(super) fn new(text: Arc<str>) -> Self {
        Self { text, nodes: Vec::new(), items: Vec::new(), entries: Vec::new() }
    }

    pub(super) fn add(&mut self, span: Span, kind: Kind) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("a text below 4 GiB has fewer nodes"));
        self.nodes.push(Node { span, kind });
        id
    }

    pub(super) fn add_items(&mut self, items: &[NodeId]) -> Kind {
        let start = self.items.len();
        self.items.extend_from_slice(items);
        Kind::Sequence(pool(start, self.items.len()))
    }

    pub(super) fn add_entries(&mut self, entries: Vec<Entry>) -> Kind {
        let start = self.entries.len();
        self.entries.extend(entries);
        Kind::Mapping(pool(start, self.entries.len()))
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub(super) fn text_of<'a>(&'a self, text: &'a Text) -> &'a str {
        match text {
            Text::Verbatim(span) => &self.text[span.range()],
            Text::Decoded(text) => text,
        }
    }

    /// The source text of a span, if the span lies in it.
    pub(super) fn source(&self, span: Span) -> Option<&str> {
        self.text.get(span.range())
    }

    pub(super) fn entries_of(&self, id: NodeId) -> &[Entry] {
        match &self.node(self.target(id)).kind {
            Kind::Mapping(range) => &self.entries[range.start as usize..range.end as usize],
            _ => &[],
        }
    }

    pub(super) fn items_of(&self, id: NodeId) -> &[NodeId] {
        match &self.node(id).kind {
            Kind::Sequence(range) => &self.items[range.start as usize..range.end as usize],
            _ => &[],
        }
    }

    /// The node an alias stands for, or the node itself. An alias never points at an alias.
    pub(super) fn target(&self, id: NodeId) -> NodeId {
        match self.node(id).kind {
            Kind::Alias(target) => target,
            _ => id,
        }
    }

    /// The value of a scalar before it becomes JSON; none for lists and maps.
    pub(super) fn go_value(&self, id: NodeId) -> Option<Scalar<'_>> {
        match &self.node(self.target(id)).kind {
            Kind::Scalar { text, plain } => {
                let text = self.text_of(text);
                Some(if *plain { scalar::resolve(text) } else { Scalar::Text(text) })
            }
            Kind::Tagged(tagged) => Some(match tagged {
                TaggedScalar::Null => Scalar::Null,
                TaggedScalar::Bool(value) => Scalar::Bool(*value),
                TaggedScalar::Integer(value) => Scalar::Integer(*value),
                TaggedScalar::Unsigned(value) => Scalar::Unsigned(*value),
                TaggedScalar::Float(value) if value.is_finite() => Scalar::Float(*value),
                TaggedScalar::Float(value) => Scalar::NotFinite(*value),
                TaggedScalar::Text(text) => Scalar::Text(text),
            }),
            Kind::Sequence(_) | Kind::Mapping(_) | Kind::Alias(_) => None,
        }
    }

    /// The value of a node.
    pub fn value(&self, id: NodeId) -> Value<'_> {
        Value { tree: self, id }
    }
}

fn pool(start: usize, end: usize) -> Range<u32> {
    let index = |at: usize| u32::try_from(at).expect("a text below 4 GiB has fewer nodes");
    index(start)..index(end)
}

/// A node in its tree, read as the JSON value that Kubernetes makes of it; aliases are followed.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    tree: &'a Tree,
    id: NodeId,
}

/// What a [`Value`] is.
#[derive(Clone, Copy)]
pub enum Shape<'a> {
    /// A scalar with its meaning.
    Scalar(Scalar<'a>),
    /// A list.
    Sequence,
    /// A map.
    Mapping,
}

/// One entry of a mapping.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    /// The key as JSON has it.
    pub name: &'a str,
    /// The key's place.
    pub key: Span,
    /// The value.
    pub value: Value<'a>,
    /// The place of the `<<` value through which the entry came.
    pub merged: Option<Span>,
}

impl<'a> Value<'a> {
    /// The node itself; for an alias, the alias.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// What tells this node from all others for as long as its document lives: the tree's address and the number.
    pub fn identity(self) -> (usize, u32) {
        (std::ptr::from_ref(self.tree) as usize, self.tree.target(self.id).0)
    }

    /// Where the value is used: for an alias the `*name`.
    pub fn span(self) -> Span {
        self.tree.node(self.id).span
    }

    /// Where the value is written: for an alias the anchored node.
    pub fn definition(self) -> Span {
        self.tree.node(self.tree.target(self.id)).span
    }

    /// Whether the value is used through an alias.
    pub fn is_alias(self) -> bool {
        matches!(self.tree.node(self.id).kind, Kind::Alias(_))
    }

    /// Scalar, list or map.
    pub fn shape(self) -> Shape<'a> {
        match self.tree.go_value(self.id) {
            Some(scalar) => Shape::Scalar(scalar::as_json(scalar)),
            None if matches!(self.tree.node(self.tree.target(self.id)).kind, Kind::Sequence(_)) => Shape::Sequence,
            None => Shape::Mapping,
        }
    }

    /// The scalar, if it is one.
    pub fn scalar(self) -> Option<Scalar<'a>> {
        match self.shape() {
            Shape::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a string; other scalars are not strings.
    pub fn as_str(self) -> Option<&'a str> {
        match self.scalar() {
            Some(Scalar::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The scalar as it is written (quotes and escapes undone), if it is a scalar without a tag.
    pub fn written(self) -> Option<&'a str> {
        match &self.tree.node(self.tree.target(self.id)).kind {
            Kind::Scalar { text, .. } => Some(self.tree.text_of(text)),
            _ => None,
        }
    }

    /// Whether this is a scalar without quotes, tag or block indicator, whose text alone decides its type.
    pub fn is_plain(self) -> bool {
        matches!(self.tree.node(self.tree.target(self.id)).kind, Kind::Scalar { plain: true, .. })
    }

    /// Why a scalar without quotes is no string, for whoever expects one: "`NO` without quotes is the boolean false".
    pub fn why_no_string(self) -> Option<String> {
        let written = self.written().filter(|_| self.is_plain())?;
        let meaning = match self.scalar()? {
            Scalar::Bool(value) => format!("the boolean {value}"),
            Scalar::Integer(value) => format!("the number {value}"),
            Scalar::Unsigned(value) => format!("the number {value}"),
            Scalar::Float(value) => format!("the number {value}"),
            Scalar::Null | Scalar::NotFinite(_) | Scalar::Text(_) => return None,
        };
        Some(format!("`{written}` without quotes is {meaning}"))
    }

    /// Null or nothing.
    pub fn is_null(self) -> bool {
        matches!(self.scalar(), Some(Scalar::Null))
    }

    /// Whether this is a map.
    pub fn is_mapping(self) -> bool {
        matches!(self.shape(), Shape::Mapping)
    }

    /// Whether this is a list.
    pub fn is_sequence(self) -> bool {
        matches!(self.shape(), Shape::Sequence)
    }

    /// The elements of a list; none for anything else.
    pub fn items(self) -> impl ExactSizeIterator<Item = Value<'a>> + use<'a> {
        let tree = self.tree;
        tree.items_of(tree.target(self.id)).iter().map(|id| tree.value(*id))
    }

    /// The entries of a map in their order; none for anything else.
    pub fn fields(self) -> impl ExactSizeIterator<Item = Field<'a>> + use<'a> {
        let tree = self.tree;
        tree.entries_of(self.id).iter().map(|entry| field(tree, entry))
    }

    /// The entry with this key.
    pub fn field(self, name: &str) -> Option<Field<'a>> {
        let tree = self.tree;
        tree.entries_of(self.id).iter().find(|entry| tree.text_of(&entry.name) == name).map(|entry| field(tree, entry))
    }

    /// The value of the entry with this key.
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        self.field(name).map(|field| field.value)
    }

    /// The value at `path`, if every step exists.
    pub fn at(self, path: &Path) -> Option<Value<'a>> {
        path.segments().into_iter().try_fold(self, |value, segment| value.step(segment))
    }

    fn step(self, segment: &Segment) -> Option<Value<'a>> {
        match segment {
            Segment::Index(index) => self.items().nth(*index),
            Segment::Field(name) => self.get(name),
            Segment::Key(name) => self.get(name),
        }
    }

    /// The spot in the text that stands for `path`; a missing place is its nearest existing parent.
    pub fn locate(self, path: &Path) -> Spot {
        let mut value = self;
        let mut spot = Spot {
            key: None,
            value: self.definition(),
            scalar: matches!(self.shape(), Shape::Scalar(_)),
            used: None,
            exact: true,
        };
        for segment in path.segments() {
            let (key, merged, next) = match segment {
                Segment::Index(index) => (None, None, value.items().nth(*index)),
                Segment::Field(_) | Segment::Key(_) => {
                    let found = segment.name().and_then(|name| value.field(name));
                    (found.map(|field| field.key), found.and_then(|field| field.merged), found.map(|field| field.value))
                }
            };
            let Some(next) = next else {
                spot.exact = false;
                break;
            };
            value = next;
            let alias = next.is_alias().then(|| next.span());
            spot = Spot {
                key,
                value: next.definition(),
                scalar: matches!(next.shape(), Shape::Scalar(_)),
                used: spot.used.or(merged).or(alias),
                exact: true,
            };
        }
        spot.first_entry_if_large(value)
    }

    /// This value as `serde_json` has it. Infinities, which JSON cannot hold, become null.
    pub fn to_json(self) -> serde_json::Value {
        match self.shape() {
            Shape::Scalar(scalar) => match scalar {
                Scalar::Null | Scalar::NotFinite(_) => serde_json::Value::Null,
                Scalar::Bool(value) => value.into(),
                Scalar::Integer(value) => value.into(),
                Scalar::Unsigned(value) => value.into(),
                Scalar::Float(value) => value.into(),
                Scalar::Text(text) => text.into(),
            },
            Shape::Sequence => self.items().map(Value::to_json).collect(),
            Shape::Mapping => self.fields().map(|field| (field.name.to_owned(), field.value.to_json())).collect(),
        }
    }
}

fn field<'a>(tree: &'a Tree, entry: &'a Entry) -> Field<'a> {
    Field {
        name: tree.text_of(&entry.name),
        key: tree.node(entry.key).span,
        value: tree.value(entry.value),
        merged: entry.merged.map(|id| tree.node(id).span),
    }
}

/// Where a path stands in the text.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// The key of the entry, if the place is one.
    pub key: Option<Span>,
    /// The value, where it is written.
    pub value: Span,
    /// Whether the value is a scalar.
    pub scalar: bool,
    /// The alias or merge key through which the place is reached, the outermost one.
    pub used: Option<Span>,
    /// Whether the place itself exists; otherwise this is its nearest existing parent.
    pub exact: bool,
}

impl Spot {
    /// What to underline: a scalar itself; of a map or list its key, which is short and names it.
    pub fn focus(&self) -> Span {
        match self.key {
            Some(key) if !self.scalar || !self.exact => key,
            _ => self.value,
        }
    }

    /// A list element or a document that is a map is represented by its first entry.
    fn first_entry_if_large(mut self, value: Value<'_>) -> Self {
        if self.key.is_none()
            && let Some(first) = value.fields().next()
        {
            let end = match first.value.shape() {
                Shape::Scalar(_) if first.key.end <= first.value.span().start => first.value.span().end,
                _ => first.key.end,
            };
            self.value = Span { start: first.key.start, end };
        }
        self
    }
}
