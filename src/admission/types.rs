//! The API server's internal types in Go: which fields they have, and what each of them can hold.
//!
//! `schemas/kubernetes/internal.txt`, which `schemas/generate/internal_types.py` writes, lists the fields of the types in Go's
//! order. `*` is a pointer, `[]` a list and `map ` a map, all of which are nil when the manifest says nothing; a `string` is
//! empty then, an `int` 0, a `bool` false, and a type of the table has all its fields nevertheless. `?` behind the name that
//! is printed means that the field is left out when it is empty (`omitempty`). `<` stands for an embedded type, whose fields
//! are those of the type around it, and `^` for a field that the manifest has one level up.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::finding::Identity;
use crate::yaml::Segment;

/// All types, and where each stands among them.
struct Table {
    places: BTreeMap<&'static str, usize>,
    structs: Vec<Struct>,
}

struct Struct {
    /// In Go's order.
    fields: Vec<Field>,
    /// What manifests can have in it, by name, with what is embedded in it and what Go has one level further in.
    entries: Vec<(&'static str, Type)>,
}

/// A field of a type.
pub(super) struct Field {
    /// The name in manifests.
    pub(super) written: &'static str,
    /// The name as it is printed.
    pub(super) printed: &'static str,
    /// Its type.
    pub(super) of: &'static str,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { places: BTreeMap::new(), structs: Vec::new() };
    for line in include_str!("../../schemas/kubernetes/internal.txt").lines() {
        if let Some(field) = line.strip_prefix('\t') {
            let mut words = field.splitn(3, ' ');
            let mut next = || words.next().unwrap_or_default();
            let field = Field { written: next(), printed: next(), of: next() };
            if let Some(last) = table.structs.last_mut() {
                last.fields.push(field);
            }
        } else {
            table.places.insert(line, table.structs.len());
            table.structs.push(Struct { fields: Vec::new(), entries: Vec::new() });
        }
    }
    for at in 0..table.structs.len() {
        let mut entries = Vec::new();
        table.collect(at, &mut entries);
        entries.sort_by_key(|(name, _)| *name);
        // What a type has itself comes first.
        entries.dedup_by_key(|(name, _)| *name);
        table.structs[at].entries = entries;
    }
    table
});

impl Table {
    fn collect(&self, at: usize, entries: &mut Vec<(&'static str, Type)>) {
        for field in &self.structs[at].fields {
            match (field.printed, self.places.get(field.of)) {
                ("<", Some(embedded)) if field.written.is_empty() => self.collect(*embedded, entries),
                _ => entries.push((field.written, self.named(field.of))),
            }
        }
        let pointers = self.structs[at].fields.iter().filter_map(|field| field.of.strip_prefix('*'));
        let further = pointers.filter_map(|of| self.places.get(of)).flat_map(|at| &self.structs[*at].fields);
        entries.extend(further.filter_map(|field| Some((field.written.strip_prefix('^')?, self.named(field.of)))));
    }

    fn named(&self, text: &'static str) -> Type {
        let mut inner = text;
        while let Some(rest) = ["*", "[]", "map "].iter().find_map(|prefix| inner.strip_prefix(prefix)) {
            inner = rest;
        }
        Type { text, inner: self.places.get(inner).copied() }
    }
}

/// The type of a value, as far as the table knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Type {
    /// As the table writes it; empty if it is not known.
    pub(super) text: &'static str,
    /// The struct that it is, that it points to, or that it is a list or map of.
    inner: Option<usize>,
}

impl Type {
    const UNKNOWN: Self = Self { text: "", inner: None };

    /// That of an object.
    pub(crate) fn of(identity: &Identity) -> Self {
        let group = identity.group().split('.').next().filter(|group| !group.is_empty()).unwrap_or("core");
        let known = TABLE.places.get_key_value(format!("{group}.{}", identity.kind).as_str());
        known.map_or(Self::UNKNOWN, |(text, at)| Self { text, inner: Some(*at) })
    }

    /// Whether it is an amount, of which the same can be written in several ways.
    pub(crate) fn is_quantity(self) -> bool {
        self.bare() == "quantity"
    }

    /// That of the elements of a list.
    pub(crate) fn element(self) -> Self {
        self.rest("[]").unwrap_or(Self::UNKNOWN)
    }

    /// That of what a map or a struct has under `name`.
    pub(crate) fn entry(self, name: &str) -> Self {
        self.rest("map ").or_else(|| self.field(name)).unwrap_or(Self::UNKNOWN)
    }

    /// That of the field that manifests call `name`.
    pub(super) fn field(self, name: &str) -> Option<Self> {
        let entries = &TABLE.structs[self.inner.filter(|_| self.is_struct())?].entries;
        let at = entries.binary_search_by_key(&name, |(name, _)| name).ok()?;
        Some(entries[at].1)
    }

    /// That of a part.
    pub(super) fn inside(self, segment: &Segment) -> Option<Self> {
        match segment {
            Segment::Index(_) => self.rest("[]"),
            Segment::Key(_) => self.rest("map "),
            Segment::Field(name) => self.field(name),
        }
    }

    /// Whether it is a map, whose keys its user chooses.
    pub(super) fn is_map(self) -> bool {
        self.bare().starts_with("map ")
    }

    /// Whether it is a struct or map that is no pointer, and so always there.
    pub(super) fn is_plain_fields(self) -> bool {
        !self.text.starts_with('*') && (self.is_struct() || self.is_map())
    }

    /// The fields of a struct in Go's order; `None` for other types, and for a pointer.
    pub(super) fn fields(self) -> Option<&'static [Field]> {
        let at = self.inner.filter(|_| !self.text.starts_with('*') && self.is_struct())?;
        Some(&TABLE.structs[at].fields)
    }

    /// Whether anything is known of it.
    pub(super) fn is_known(self) -> bool {
        !self.text.is_empty()
    }

    fn is_struct(self) -> bool {
        self.inner.is_some() && !self.is_map() && !self.bare().starts_with("[]")
    }

    fn rest(self, prefix: &str) -> Option<Self> {
        Some(Self { text: self.bare().strip_prefix(prefix)?, ..self })
    }

    /// The type without the pointer to it.
    fn bare(self) -> &'static str {
        self.text.trim_start_matches('*')
    }
}

/// The type that the table writes so.
impl From<&'static str> for Type {
    fn from(text: &'static str) -> Self {
        TABLE.named(text)
    }
}
