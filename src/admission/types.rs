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

static TABLE: LazyLock<BTreeMap<&str, Vec<Field>>> = LazyLock::new(|| {
    let mut types: BTreeMap<&str, Vec<Field>> = BTreeMap::new();
    let mut last = "";
    for line in include_str!("../../schemas/kubernetes/internal.txt").lines() {
        match line.strip_prefix('\t') {
            None => last = line,
            Some(field) => {
                let mut words = field.splitn(3, ' ');
                let mut next = || words.next().unwrap_or_default();
                types.entry(last).or_default().push(Field { written: next(), printed: next(), of: next() });
            }
        }
    }
    types
});

/// A field of a type.
pub(super) struct Field {
    /// The name in manifests.
    pub(super) written: &'static str,
    /// The name as it is printed.
    pub(super) printed: &'static str,
    /// Its type.
    pub(super) of: &'static str,
}

/// The type of an object.
pub(super) fn of(identity: &Identity) -> Option<&'static str> {
    let group = identity.group().split('.').next().filter(|group| !group.is_empty()).unwrap_or("core");
    TABLE.get_key_value(format!("{group}.{}", identity.kind).as_str()).map(|(name, _)| *name)
}

/// The type of a value, as far as the table knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Type(pub(super) Option<&'static str>);

impl Type {
    /// That of an object.
    pub(crate) fn of(identity: &Identity) -> Self {
        Self(of(identity))
    }

    /// Whether it is an amount, of which the same can be written in several ways.
    pub(crate) fn is_quantity(self) -> bool {
        self.bare() == Some("quantity")
    }

    /// That of the elements of a list.
    pub(crate) fn element(self) -> Self {
        Self(self.bare().and_then(|of| of.strip_prefix("[]")))
    }

    /// That of what a map or a struct has under `name`.
    pub(crate) fn entry(self, name: &str) -> Self {
        Self(self.bare().and_then(|of| of.strip_prefix("map ").or_else(|| field(of, name))))
    }

    /// Whether it is a map, whose keys its user chooses.
    pub(super) fn is_map(self) -> bool {
        self.bare().is_some_and(|of| of.starts_with("map "))
    }

    /// Whether it is a struct or map that is no pointer, and so always there.
    pub(super) fn is_plain_fields(self) -> bool {
        self.0.is_some_and(|of| fields(of).is_some() || of.starts_with("map "))
    }

    /// The type without the pointer to it.
    pub(super) fn bare(self) -> Option<&'static str> {
        self.0.map(|of| of.trim_start_matches('*'))
    }
}

/// The fields of a type; `None` if it has none by itself.
pub(super) fn fields(of: &str) -> Option<&'static [Field]> {
    TABLE.get(of).map(Vec::as_slice)
}

/// The type of a part of a value.
pub(super) fn inside(of: &'static str, segment: &Segment) -> Option<&'static str> {
    let of = of.trim_start_matches('*');
    match segment {
        Segment::Index(_) => of.strip_prefix("[]"),
        Segment::Key(_) => of.strip_prefix("map "),
        Segment::Field(name) => field(of, name),
    }
}

/// The type of a field that manifests call `name`.
pub(super) fn field(of: &str, name: &str) -> Option<&'static str> {
    let fields = fields(of)?;
    let own = fields.iter().find_map(|field| match field.printed {
        "<" if field.written.is_empty() => self::field(field.of, name),
        _ => (field.written == name).then_some(field.of),
    });
    // What Go has one level further in.
    own.or_else(|| {
        let mut inner = fields.iter().filter_map(|field| self::fields(field.of.strip_prefix('*')?)).flatten();
        inner.find(|field| field.written.strip_prefix('^') == Some(name)).map(|field| field.of)
    })
}
