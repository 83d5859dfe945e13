//! Scenarios from a text: YAML with any number of documents, or JSON, one value or one on each line.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::scenario::{Scenario, generate_schema};
use crate::nearest::nearest;
use crate::source::Sources;
use crate::yaml::{self, Path};

/// A text that is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// There is nothing in it.
    #[error("there is no scenario in it; a scenario is a map with `steps`, as schemas/scenario.schema.json describes")]
    Nothing,
    /// Something is not of the form that `schemas/scenario.schema.json` describes.
    #[error("line {line}: {message}")]
    Form {
        /// Counted from 1.
        line: usize,
        /// What is wrong, and what to do.
        message: String,
    },
    /// There are more than were asked for.
    #[error("there are {0} scenarios in it, not one")]
    Several(usize),
}

impl Scenario {
    /// Reads all scenarios of a text. A recorded row `{"scenario": …, "trace": …}` counts as its scenario.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, ScenarioError> {
        let lines = || text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let is_json = |line: &str| serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object());
        // Lines of YAML are no JSON objects, but for a flow map, of which there is then one.
        let scenarios = if lines().all(|(_, line)| is_json(line)) {
            lines().map(|(at, line)| documents(line, at)).collect::<Result<Vec<_>, _>>()?.concat()
        } else {
            documents(text, 0)?
        };
        if scenarios.is_empty() { Err(ScenarioError::Nothing) } else { Ok(scenarios) }
    }

    /// Reads a scenario from JSON or YAML.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let mut all = Self::parse_all(text)?;
        let count = all.len();
        all.pop().filter(|_| count == 1).ok_or(ScenarioError::Several(count))
    }
}

/// The scenarios of a text that has `before` lines before it.
fn documents(text: &str, before: usize) -> Result<Vec<Scenario>, ScenarioError> {
    let mut sources = Sources::default();
    let file = sources.add("", text);
    let source = sources.get(file);
    let line = |offset: usize| before + source.line_index(offset) + 1;
    let mut scenarios = Vec::new();
    for document in yaml::read(file, source) {
        if let Some(problem) = document.problems.first() {
            return Err(ScenarioError::Form {
                line: line(problem.span.range().start),
                message: problem.message.clone(),
            });
        }
        let Some(root) = document.root().filter(|root| !root.is_null()) else { continue };
        let root = root.get("scenario").unwrap_or(root);
        let value = root.to_json();
        let error = match serde_json::from_value(value.clone()) {
            Ok(scenario) => {
                scenarios.push(scenario);
                continue;
            }
            Err(error) => error,
        };
        let (path, message) = mistake(&value).unwrap_or_else(|| (Path::root(), error.to_string()));
        let spot = root.locate(&path);
        let span = spot.key.unwrap_or(spot.value);
        return Err(ScenarioError::Form { line: line(span.range().start), message });
    }
    Ok(scenarios)
}

/// What is wrong with a value that is no scenario, where the schema can tell.
fn mistake(value: &Value) -> Option<(Path, String)> {
    static SCHEMA: LazyLock<(Value, Validator)> = LazyLock::new(|| {
        let schema = generate_schema();
        let validator = jsonschema::validator_for(&schema).expect("the schema is one, as a test makes sure");
        (schema, validator)
    });
    if value.get("apiVersion").is_some() && value.get("steps").is_none() {
        let message = "this is a manifest; write it into a scenario, as `steps: [{at: 0, apply: …}]`";
        return Some((Path::root(), message.to_owned()));
    }
    let (schema, validator) = &*SCHEMA;
    // A misspelt name explains a missing one.
    let is_name =
        |error: &ValidationError<'_>| matches!(error.kind(), ValidationErrorKind::AdditionalProperties { .. });
    let error = validator.iter_errors(value).min_by_key(|error| !is_name(error))?;
    Some(explain(&error, value, schema))
}

fn explain(error: &ValidationError<'_>, value: &Value, schema: &Value) -> (Path, String) {
    let mut path = Path::root();
    let (mut at, mut name) = (value, "the scenario".to_owned());
    for step in error.instance_path().as_str().split('/').skip(1) {
        if let Some(items) = at.as_array() {
            let index = step.parse().unwrap_or_default();
            path = path.index(index);
            at = items.get(index).unwrap_or(&Value::Null);
        } else {
            let step = step.replace("~1", "/").replace("~0", "~");
            path = path.key(step.clone());
            at = &at[&step];
            name = step;
        }
    }
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } if !unexpected.is_empty() => {
            let key = &unexpected[0];
            let mut known = Vec::new();
            properties(schema, &mut known);
            let near = match nearest(key, known.iter().copied()) {
                _ if known.contains(&key.as_str()) => " here".to_owned(),
                Some(near) => format!("; write `{near}`"),
                None => String::new(),
            };
            (path.key(key.clone()), format!("unknown field `{key}`{near}"))
        }
        ValidationErrorKind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            (path, format!("`{property}` is missing"))
        }
        _ if name == "at" => (path, "`at` must be a number of seconds, or `settled`".to_owned()),
        ValidationErrorKind::Type { kind: TypeKind::Single(kind) } => {
            (path, format!("`{name}` must be {}", word(kind.as_str())))
        }
        ValidationErrorKind::Type { kind: TypeKind::Multiple(kinds) } => {
            let kinds = kinds.iter().filter(|kind| kind.as_str() != "null").map(|kind| word(kind.as_str()).to_owned());
            (path, format!("`{name}` must be {}", kinds.collect::<Vec<_>>().join(" or ")))
        }
        _ => (path, format!("`{name}`: {error}")),
    }
}

fn word(kind: &str) -> &str {
    match kind {
        "string" => "a text",
        "array" => "a list",
        "object" => "a map",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        other => other,
    }
}

/// The names of all fields that a scenario can have anywhere.
fn properties<'a>(schema: &'a Value, known: &mut Vec<&'a str>) {
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let (true, Value::Object(properties)) = (name == "properties", value) {
                    known.extend(properties.keys().map(String::as_str));
                }
                properties(value, known);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, known)),
        _ => {}
    }
}
