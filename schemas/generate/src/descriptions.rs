//! The published descriptions of all versions in one text, because most of them never change.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Descriptions by definition, field (empty for the definition itself) and text, with the versions that have it.
#[derive(Default)]
pub struct Descriptions {
    lines: BTreeMap<(String, String), BTreeMap<String, BTreeSet<u16>>>,
}

impl Descriptions {
    /// Collects what one version says about the definitions that are kept.
    pub fn add(&mut self, minor: u16, published: &Map<String, Value>, kept: &BTreeMap<String, Value>) {
        for (name, definition) in published.iter().filter(|(name, _)| kept.contains_key(*name)) {
            self.add_one(minor, name, "", definition);
            for (field, property) in definition["properties"].as_object().into_iter().flatten() {
                self.add_one(minor, name, field, property);
            }
        }
    }

    fn add_one(&mut self, minor: u16, definition: &str, field: &str, schema: &Value) {
        if let Some(text) = schema["description"].as_str() {
            let key = (definition.to_owned(), field.to_owned());
            self.lines.entry(key).or_default().entry(text.to_owned()).or_default().insert(minor);
        }
    }

    /// Sorted lines of definition, field, first and last minor version, and the text as a JSON string, parted by tabs.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for ((definition, field), texts) in &self.lines {
            let mut runs: Vec<_> = texts
                .iter()
                .flat_map(|(description, minors)| runs(minors).into_iter().map(move |run| (run, description)))
                .collect();
            runs.sort();
            for ((first, last), description) in runs {
                let description = Value::from(description.as_str());
                text += &format!("{definition}\t{field}\t{first}\t{last}\t{description}\n");
            }
        }
        text
    }
}

/// `{33, 34, 36}` is `33 to 34, 36 to 36`.
fn runs(minors: &BTreeSet<u16>) -> Vec<(u16, u16)> {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for &minor in minors {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == minor => *last = minor,
            _ => runs.push((minor, minor)),
        }
    }
    runs
}
