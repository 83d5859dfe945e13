//! A configuration with the place of every value, be it TOML or YAML, and its check against the schema.

use std::ops::Range;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Mistake;
use crate::nearest::nearest;
use crate::source::{Sources, Span};
use crate::yaml::{self, Scalar, Shape};

/// A value with its place.
#[derive(Debug)]
pub(super) struct Located {
    pub(super) span: Range<usize>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Scalar(Json),
    List(Vec<Located>),
    Map(Vec<(String, Range<usize>, Located)>),
}

impl Located {
    pub(super) fn get(&self, name: &str) -> Option<&Located> {
        self.entries().iter().find(|(key, ..)| key == name).map(|(.., value)| value)
    }

    pub(super) fn items(&self) -> &[Located] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The element with this index; a single text counts as a list of one.
    pub(super) fn item(&self, index: usize) -> &Located {
        self.items().get(index).unwrap_or(self)
    }

    pub(super) fn entries(&self) -> &[(String, Range<usize>, Located)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<String> {
        match &self.kind {
            Kind::Scalar(Json::String(text)) => Some(text.clone()),
            _ => None,
        }
    }

    pub(super) fn to_json(&self) -> Json {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => items.iter().map(Located::to_json).collect(),
            Kind::Map(entries) => entries.iter().map(|(key, _, value)| (key.clone(), value.to_json())).collect(),
        }
    }
}

/// Reads TOML.
pub(super) fn from_toml(text: &str) -> Result<Located, Vec<Mistake>> {
    let table = DeTable::parse(text).map_err(|error| {
        let message = error.message().trim_end().replace('\n', ", ");
        vec![Mistake::new(error.span().unwrap_or(0..0), message, None)]
    })?;
    Ok(Located { span: 0..0, kind: of_table(table.get_ref()) })
}

fn of_table(table: &DeTable<'_>) -> Kind {
    let entries = table.iter().map(|(key, value)| (key.get_ref().to_string(), key.span(), of_toml(value)));
    Kind::Map(entries.collect())
}

fn of_toml(value: &Spanned<DeValue<'_>>) -> Located {
    let kind = match value.get_ref() {
        DeValue::String(text) => Kind::Scalar(text.to_string().into()),
        DeValue::Boolean(value) => Kind::Scalar((*value).into()),
        // The figures do not matter, because no setting is a number; that it is one does.
        DeValue::Integer(_) => Kind::Scalar(0.into()),
        DeValue::Float(_) => Kind::Scalar(0.5.into()),
        DeValue::Datetime(date) => Kind::Scalar(date.to_string().into()),
        DeValue::Array(items) => Kind::List(items.iter().map(of_toml).collect()),
        DeValue::Table(table) => of_table(table),
    };
    Located { span: value.span(), kind }
}

/// Reads YAML through the reader of manifests, which knows the places.
pub(super) fn from_yaml(text: &str) -> Result<Located, Vec<Mistake>> {
    let mut sources = Sources::default();
    let id = sources.add("", text);
    let documents = yaml::read(id, sources.get(id));
    let problems = documents.iter().flat_map(|document| &document.problems);
    let mut mistakes: Vec<Mistake> =
        problems.map(|problem| Mistake::new(problem.span.range(), problem.message.clone(), None)).collect();
    let mut roots = documents.iter().filter_map(yaml::Document::root);
    let root = roots.next();
    if let Some(second) = roots.next() {
        mistakes.push(Mistake::new(
            start(second.span()),
            "a configuration is one document, not several".to_owned(),
            None,
        ));
    }
    match root {
        _ if !mistakes.is_empty() => Err(mistakes),
        Some(root) if !root.is_null() => Ok(of_yaml(root, text)),
        _ => Ok(Located { span: 0..0, kind: Kind::Map(Vec::new()) }),
    }
}

fn of_yaml(value: yaml::Value<'_>, text: &str) -> Located {
    let span = value.span().range();
    let kind = match value.shape() {
        Shape::Scalar(scalar) => Kind::Scalar(match scalar {
            // `off` is a boolean only to readers of YAML 1.1, and here it is a level.
            Scalar::Bool(value) => match &text[value_range(&span, text)] {
                word @ ("off" | "Off" | "OFF") if !value => word.to_lowercase().into(),
                _ => value.into(),
            },
            Scalar::Text(text) => text.into(),
            _ => value.to_json(),
        }),
        Shape::Sequence => Kind::List(value.items().map(|item| of_yaml(item, text)).collect()),
        Shape::Mapping => {
            let entries = value.fields();
            Kind::Map(
                entries.map(|field| (field.name.to_owned(), field.key.range(), of_yaml(field.value, text))).collect(),
            )
        }
    };
    Located { span, kind }
}

fn value_range(span: &Range<usize>, text: &str) -> Range<usize> {
    span.start.min(text.len())..span.end.min(text.len())
}

fn start(span: Span) -> Range<usize> {
    span.range().start..span.range().start
}

/// Checks the value against the schema; every mistake has the place of its key or value.
pub(super) fn check(located: &Located, schema: &Json) -> Result<(), Vec<Mistake>> {
    let validator = jsonschema::validator_for(schema).expect("the committed schema is a schema");
    let json = located.to_json();
    let mistakes: Vec<Mistake> =
        validator.iter_errors(&json).flat_map(|error| mistakes(&error, located, schema)).collect();
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

fn mistakes(error: &ValidationError<'_>, located: &Located, schema: &Json) -> Vec<Mistake> {
    let (at, name) = find(located, error.instance_path().as_str());
    let one = |message: String, help: Option<String>| vec![Mistake::new(at.span.clone(), message, help)];
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|key| {
                let known = keys_beside(schema, error.schema_path().as_str());
                let help = match nearest(key, known.iter().map(String::as_str)) {
                    Some(near) => format!("write `{near}`"),
                    None => format!("use one of {}", quoted(&known)),
                };
                let span = at.entries().iter().find(|(name, ..)| name == key).map(|(_, span, _)| span.clone());
                Mistake::new(span.unwrap_or_else(|| at.span.clone()), format!("unknown key `{key}`"), Some(help))
            })
            .collect(),
        ValidationErrorKind::Type { kind } => {
            let wanted: Vec<&str> = match kind {
                TypeKind::Single(kind) => vec![word(kind.as_str())],
                TypeKind::Multiple(kinds) => kinds.iter().map(|kind| word(kind.as_str())).collect(),
            };
            let quote = error.instance().is_number() && wanted.contains(&"a text");
            one(format!("`{name}` must be {}", wanted.join(" or ")), quote.then(|| "put it in quotes".to_owned()))
        }
        ValidationErrorKind::Required { property } => {
            one(format!("`{}` is missing", property.as_str().unwrap_or_default()), None)
        }
        ValidationErrorKind::OneOfNotValid { context } => {
            let constants = context.iter().flatten().filter_map(|error| match error.kind() {
                ValidationErrorKind::Constant { expected_value } => expected_value.as_str().map(str::to_owned),
                _ => None,
            });
            let constants: Vec<String> = constants.collect();
            let near =
                at.text().and_then(|text| nearest(&text, constants.iter().map(String::as_str)).map(str::to_owned));
            one(format!("`{name}` must be one of {}", quoted(&constants)), near.map(|near| format!("write `{near}`")))
        }
        _ => one(error.to_string(), None),
    }
}

/// The type in words of TOML and YAML.
fn word(kind: &str) -> &str {
    match kind {
        "string" => "a text",
        "array" => "a list",
        "object" => "a table",
        other => other,
    }
}

/// The value at a JSON pointer, and the last name on the way to it.
fn find<'a>(located: &'a Located, pointer: &str) -> (&'a Located, String) {
    let mut at = located;
    let mut name = "the configuration".to_owned();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        match &at.kind {
            Kind::Map(_) => {
                let Some(next) = at.get(&step) else { break };
                at = next;
                name = step;
            }
            _ => at = at.item(step.parse().unwrap_or_default()),
        }
    }
    (at, name)
}

/// The properties that stand beside the keyword at `pointer` in the schema.
fn keys_beside(schema: &Json, pointer: &str) -> Vec<String> {
    let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    let properties = schema.pointer(parent).and_then(|schema| schema.get("properties")).and_then(Json::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
