//! The hand-written facts about single fields, by their short name `<group>.<version>.<type>.<field>`.

use std::{cell::Cell, collections::BTreeMap};

/// What OpenAPI does not say about fields, or says wrongly.
pub struct Tables {
    enums: Vec<Row>,
    lists: BTreeMap<String, Row>,
    optional: Vec<Row>,
}

/// How the API server merges and compares the items of a list.
pub struct ListKind<'a> {
    /// `atomic`, `set` or `map`.
    pub kind: &'a str,
    /// The fields that tell the items of a `map` apart.
    pub keys: Vec<&'a str>,
    /// The field by which a strategic merge patch finds an item; empty for a list of scalars that is merged.
    pub patch_key: Option<&'a str>,
}

struct Row {
    pattern: &'static str,
    value: &'static str,
    used: Cell<bool>,
}

impl Tables {
    pub fn read() -> Self {
        Self {
            enums: rows(include_str!("../tables/enums.txt")).collect(),
            lists: rows(include_str!("../tables/lists.txt")).map(|row| (row.pattern.to_owned(), row)).collect(),
            optional: rows(include_str!("../tables/optional.txt")).collect(),
        }
    }

    /// The only values that the API server takes for a field.
    pub fn values(&self, field: &str, minor: u16) -> Option<Vec<&'static str>> {
        let row = self.enums.iter().find(|row| row.matches(field))?;
        let mut values: Vec<_> = row.value.split(" | ").filter_map(|value| known_in(value, minor)).collect();
        if row.pattern.ends_with('?') {
            values.push("");
        }
        values.sort_unstable();
        Some(values)
    }

    /// Whether the API server takes an object without a field that OpenAPI requires.
    pub fn is_optional(&self, field: &str) -> bool {
        self.optional.iter().any(|row| row.matches(field))
    }

    /// How a list is merged, where Kubernetes says so.
    pub fn list(&self, field: &str) -> Option<ListKind<'_>> {
        let row = self.lists.get(field)?;
        row.used.set(true);
        let mut words = row.value.split_whitespace();
        let kind = words.next().expect("a row of lists.txt has a kind");
        let mut keys: Vec<_> = words.collect();
        let patch_key = keys.iter().position(|word| *word == "merge").map(|position| {
            let key = keys.get(position + 1).copied().unwrap_or_default();
            keys.truncate(position);
            key
        });
        Some(ListKind { kind, keys, patch_key })
    }

    /// A row that speaks of nothing in any version is a mistake in the table.
    pub fn assert_all_used(&self) {
        let rows = self.enums.iter().chain(&self.optional).chain(self.lists.values());
        let unused: Vec<_> = rows.filter(|row| !row.used.get()).map(|row| row.pattern).collect();
        assert!(unused.is_empty(), "rows that match no field of any version: {unused:#?}");
    }
}

impl Row {
    fn matches(&self, field: &str) -> bool {
        let matches = glob(self.pattern.trim_end_matches('?'), field);
        self.used.set(self.used.get() || matches);
        matches
    }
}

fn rows(table: &'static str) -> impl Iterator<Item = Row> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let (pattern, value) = line.split_once(' ').unwrap_or((line, ""));
        Row { pattern, value: value.trim(), used: Cell::new(false) }
    })
}

/// `Recreate@37` is a value since 1.37.
fn known_in(value: &'static str, minor: u16) -> Option<&'static str> {
    match value.split_once('@') {
        Some((value, since)) => {
            let since: u16 = since.parse().expect("a minor version stands behind `@`");
            (minor >= since).then_some(value)
        }
        None => Some(value),
    }
}

/// `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text
            .strip_prefix(start)
            .is_some_and(|tail| (0..=tail.len()).any(|skip| tail.is_char_boundary(skip) && glob(rest, &tail[skip..]))),
    }
}
