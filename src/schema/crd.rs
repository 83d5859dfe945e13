//! The schemas of custom resources, from their definitions in the input.
//!
//! Mirrors what the API server does with a structural schema (apiextensions-apiserver `pkg/apiserver/schema`,
//! v1.36): fields that the schema does not name are pruned, which strict validation refuses, unless
//! `x-kubernetes-preserve-unknown-fields` keeps them; `apiVersion`, `kind` and `metadata` are always known; a field
//! with a default is never missing; null means absent.

use serde_json::{Map, Value as Json, json};

use super::types;
use crate::yaml::Value;

/// One served version of a custom resource.
#[derive(Debug)]
pub(super) struct CustomKind {
    /// `group/version`.
    pub(super) api_version: String,
    pub(super) kind: String,
    /// Whether the version is served; others are known but refused.
    pub(super) served: bool,
    /// Ready to be compiled; `None` if the CRD has no schema for the version.
    pub(super) schema: Option<Json>,
}

/// The kinds that a `CustomResourceDefinition` defines; none for anything else.
///
/// `metadata` is the schema of `metadata`, whose definitions are `definitions`.
pub(super) fn kinds(object: Value<'_>, metadata: &Json, definitions: &Json) -> Vec<CustomKind> {
    let text = |value: Option<Value<'_>>| value.and_then(Value::as_str).map(str::to_owned);
    let spec = object.get("spec");
    let names = spec.and_then(|spec| spec.get("names"));
    let group = text(spec.and_then(|spec| spec.get("group")));
    let (Some(spec), Some(group), Some(kind)) = (spec, group, text(names.and_then(|names| names.get("kind")))) else {
        return Vec::new();
    };
    let version = |version: Value<'_>| {
        let name = text(version.get("name"))?;
        let schema = version.get("schema").and_then(|schema| schema.get("openAPIV3Schema"));
        let served = version.get("served").and_then(Value::scalar) != Some(crate::yaml::Scalar::Bool(false));
        Some(CustomKind {
            api_version: format!("{group}/{name}"),
            kind: kind.clone(),
            served,
            schema: schema.map(|schema| root(&schema.to_json(), metadata, definitions)),
        })
    };
    spec.get("versions").into_iter().flat_map(Value::items).filter_map(version).collect()
}

fn root(schema: &Json, metadata: &Json, definitions: &Json) -> Json {
    let mut schema = structural(schema);
    if let Some(map) = schema.as_object_mut() {
        let properties = map.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("apiVersion".to_owned(), json!({ "type": "string" }));
            properties.insert("kind".to_owned(), json!({ "type": "string" }));
            properties.insert("metadata".to_owned(), metadata.clone());
        }
        map.insert("$defs".to_owned(), definitions.clone());
    }
    schema
}

/// A schema that describes values; only these are closed.
fn structural(schema: &Json) -> Json {
    let Some(schema) = schema.as_object() else { return json!({}) };
    let mut out = validation(schema);
    let is = |name: &str| schema.get(name) == Some(&Json::Bool(true));
    if is("x-kubernetes-int-or-string") {
        out.remove("type");
        out.insert(types::KEYWORD.to_owned(), json!("int-or-string"));
    }
    let children = |name: &str| schema.get(name).and_then(Json::as_object);
    let mut properties: Map<String, Json> =
        children("properties").into_iter().flatten().map(|(name, child)| (name.clone(), structural(child))).collect();
    if is("x-kubernetes-embedded-resource") {
        for (name, kind) in [("apiVersion", "string"), ("kind", "string"), ("metadata", "object")] {
            properties.entry(name).or_insert_with(|| json!({ "type": kind }));
        }
    }
    let has_default = |name: &Json| {
        let child = children("properties").and_then(|all| all.get(name.as_str()?));
        child.is_some_and(|child| child.get("default").is_some())
    };
    if let Some(Json::Array(required)) = out.get_mut("required") {
        required.retain(|name| !has_default(name));
        if required.is_empty() {
            out.remove("required");
        }
    }
    let open = is("x-kubernetes-preserve-unknown-fields");
    match schema.get("additionalProperties") {
        Some(child @ Json::Object(_)) => {
            out.insert("additionalProperties".to_owned(), structural(child));
        }
        Some(Json::Bool(true)) => {}
        _ if open || schema.get("type") != Some(&json!("object")) => {}
        _ => {
            out.insert("additionalProperties".to_owned(), json!(false));
        }
    }
    if !properties.is_empty() {
        out.insert("properties".to_owned(), Json::Object(properties));
    }
    if let Some(items) = schema.get("items") {
        out.insert("items".to_owned(), structural(items));
    }
    Json::Object(out)
}

/// The keywords that check values. Formats are left out: the API server enforces few, and none strictly.
fn validation(schema: &Map<String, Json>) -> Map<String, Json> {
    const PLAIN: [&str; 14] = [
        "type",
        "required",
        "enum",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "multipleOf",
    ];
    let mut out = Map::new();
    for (name, value) in schema {
        match name.as_str() {
            name if PLAIN.contains(&name) => {
                out.insert(name.to_owned(), value.clone());
            }
            "uniqueItems" if value == &Json::Bool(true) => {
                out.insert(name.clone(), value.clone());
            }
            "pattern" => {
                if let Some(pattern) = value.as_str() {
                    out.insert(name.clone(), json!(ascii_classes(pattern)));
                }
            }
            "anyOf" | "allOf" | "oneOf" => {
                let all = value.as_array().into_iter().flatten().map(nested).collect();
                out.insert(name.clone(), Json::Array(all));
            }
            "not" => {
                out.insert(name.clone(), nested(value));
            }
            _ => {}
        }
    }
    out
}

/// A regular expression with the meaning that it has in Go; `None` if it has none here.
pub(crate) fn go_pattern(pattern: &str) -> Option<regex::Regex> {
    regex::Regex::new(&ascii_classes(pattern)).ok()
}

/// Go's classes `\d`, `\s` and `\w` are ASCII; those of Rust's `regex` are not.
fn ascii_classes(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let class = letters.next();
                let ascii = match class {
                    Some('d') => "0-9",
                    Some('w') => "0-9A-Za-z_",
                    Some('s') => r"\t\n\f\r ",
                    _ => {
                        out.push('\\');
                        out.extend(class);
                        continue;
                    }
                };
                let (open, close) = if in_class { ("", "") } else { ("[", "]") };
                out.extend([open, ascii, close]);
                continue;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
        out.push(letter);
    }
    out
}

/// A schema below `anyOf` and the like only checks values; it names no fields of its own.
fn nested(schema: &Json) -> Json {
    let Some(schema) = schema.as_object() else { return schema.clone() };
    let mut out = validation(schema);
    for name in ["properties", "items", "additionalProperties"] {
        let value = match schema.get(name) {
            Some(Json::Object(children)) if name == "properties" => {
                children.iter().map(|(name, child)| (name.clone(), nested(child))).collect::<Map<_, _>>().into()
            }
            Some(child @ Json::Object(_)) => nested(child),
            _ => continue,
        };
        out.insert(name.to_owned(), value);
    }
    Json::Object(out)
}
