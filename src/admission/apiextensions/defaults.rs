//! Default values in schemas.
//!
//! Mirrors `ValidateDefaults` and `PruneDefaults` of apiextensions-apiserver `pkg/apiserver/schema/defaulting` (v1.36).
//! Left out is most of what metadata must obey, and
//! the rules that a default violates.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrBool};
use serde_json::{Map, Value as Json};

use super::values;
use super::walk::{self, is_embedded, preserves};
use crate::admission::errors::{Errors, shortened};
use crate::finding::Reason;
use crate::values::names::{self, Problem};
use crate::yaml::Path;

const META: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Parts of objects that are texts.
const TEXTS: [&str; 4] = ["apiVersion", "kind", "name", "generateName"];

/// Reports what is wrong with the defaults of a structural schema.
pub(super) fn check(schema: &JSONSchemaProps, require_pruned: bool, path: &Path, errors: &mut Errors<'_>) {
    node(schema, Inside::Object, require_pruned, path, errors);
}

/// Whether no default of the schema has fields that the schema does not know.
pub(super) fn are_pruned(schema: &JSONSchemaProps) -> bool {
    !walk::any(schema, |schema| {
        default(schema).is_some_and(|value| !is_known(value, Some(schema), is_embedded(schema)))
    })
}

fn default(schema: &JSONSchemaProps) -> Option<&Json> {
    schema.default.as_ref().map(|default| &default.0).filter(|default| !default.is_null())
}

fn node(schema: &JSONSchemaProps, inside: Inside, require_pruned: bool, path: &Path, errors: &mut Errors<'_>) {
    let inside = if is_embedded(schema) { Inside::Object } else { inside };
    if let Some(value) = default(schema) {
        one(value, schema, inside, require_pruned, &path.field("default"), errors);
    }
    let next = |is_meta: bool| match inside {
        Inside::Object if is_meta => Inside::Meta,
        Inside::Meta => Inside::Meta,
        _ => Inside::Other,
    };
    if let Some(item) = walk::item(schema) {
        node(item, next(false), require_pruned, &path.field("items"), errors);
    }
    let properties = path.field("properties");
    for (name, property) in schema.properties.iter().flatten() {
        node(property, next(META.contains(&name.as_str())), require_pruned, &properties.key(name), errors);
    }
}

/// What the values of a schema are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Objects with `apiVersion`, `kind` and `metadata`.
    Object,
    /// Parts of these.
    Meta,
    Other,
}

fn one(
    value: &Json,
    schema: &JSONSchemaProps,
    inside: Inside,
    require_pruned: bool,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let is_object = inside == Inside::Object;
    if inside == Inside::Meta {
        let is_name = path.parent().and_then(Path::last).and_then(|segment| segment.name());
        if is_name.is_some_and(|name| TEXTS.contains(&name)) && !value.is_string() {
            errors.invalid(path, "the default is no text, as this part of an object must be");
            return;
        }
    } else if require_pruned && !is_known(value, Some(schema), is_object) {
        let finding = errors.invalid(path, "the default has fields that the schema does not know");
        finding.help("remove them, or name them in the schema");
    }
    if inside != Inside::Meta && !embedded(value, Some(schema), is_object, path, errors) {
        return;
    }
    for problem in values::check(value, schema) {
        let at = problem.place.segments().into_iter().fold(path.clone(), |path, segment| path.push(segment.clone()));
        let message = format!("the default {}", problem.message);
        // The server puts the whole place behind a dot, even if it begins with a bracket.
        let field = match problem.place.to_string() {
            place if place.is_empty() => path.clone(),
            place => path.field(place),
        };
        let finding = match problem.reason {
            Reason::FieldValueRequired => errors.required(&at, message),
            Reason::FieldValueNotSupported => {
                let list: Vec<&str> = problem.supported.iter().map(String::as_str).collect();
                errors.unsupported(&at, "the default", &problem.found, list)
            }
            Reason::FieldValueTooLong => errors.too_long(&at, message),
            Reason::FieldValueTooMany => errors.too_many(&at, message),
            Reason::FieldValueTypeInvalid => errors.type_invalid(&at, message),
            _ => errors.invalid(&at, message),
        };
        finding.called(field);
    }
}

/// Whether the schema knows all fields of the value (`pruning.Prune` would leave it as it is).
fn is_known(value: &Json, schema: Option<&JSONSchemaProps>, is_object: bool) -> bool {
    let keeps = schema.is_some_and(preserves);
    match value {
        Json::Object(map) => map.iter().all(|(name, value)| {
            let Some(schema) = schema else { return false };
            if is_object && META.contains(&name.as_str()) {
                return true;
            }
            is_known_field(name, value, schema).unwrap_or(keeps)
        }),
        Json::Array(items) => items.iter().all(|value| {
            let item = schema.and_then(walk::item);
            if keeps { is_kept(value, item) } else { is_known(value, item, item.is_some_and(is_embedded)) }
        }),
        _ => true,
    }
}

/// Whether the schema knows all of what is in this field; `None` if it does not know the field itself.
fn is_known_field(name: &str, value: &Json, schema: &JSONSchemaProps) -> Option<bool> {
    let inside = match (walk::property(schema, name), &schema.additional_properties) {
        (Some(property), _) => Some(property),
        (None, Some(additional)) => walk::additional(Some(additional)),
        (None, None) => return None,
    };
    Some(is_known(value, inside, inside.is_some_and(is_embedded)))
}

/// As [`is_known`], in a list whose unknown fields are kept (`skipPrune`).
fn is_kept(value: &Json, schema: Option<&JSONSchemaProps>) -> bool {
    let Some(schema) = schema else { return true };
    match value {
        Json::Object(map) => map.iter().all(|(name, value)| {
            if is_embedded(schema) && META.contains(&name.as_str()) {
                return true;
            }
            is_known_field(name, value, schema).unwrap_or(true)
        }),
        Json::Array(items) => items.iter().all(|value| is_kept(value, walk::item(schema))),
        _ => true,
    }
}

/// Objects in the value must say what they are (`objectmeta.Validate`); returns whether all do.
fn embedded(
    value: &Json,
    schema: Option<&JSONSchemaProps>,
    is_object: bool,
    path: &Path,
    errors: &mut Errors<'_>,
) -> bool {
    let Some(schema) = schema else { return true };
    match value {
        Json::Object(map) => {
            let mut fine = !is_object || says_what_it_is(map, path, errors);
            for (name, value) in map {
                let (inside, at) = match (walk::property(schema, name), &schema.additional_properties) {
                    (Some(property), _) => (Some(property), path.field(name.clone())),
                    (None, Some(JSONSchemaPropsOrBool::Schema(additional))) => (Some(&**additional), path.key(name)),
                    _ => continue,
                };
                fine &= embedded(value, inside, inside.is_some_and(is_embedded), &at, errors);
            }
            fine
        }
        Json::Array(items) => {
            let item = walk::item(schema);
            let check =
                |(index, value)| embedded(value, item, item.is_some_and(is_embedded), &path.index(index), errors);
            !items.iter().enumerate().map(check).collect::<Vec<_>>().contains(&false)
        }
        _ => true,
    }
}

fn says_what_it_is(map: &Map<String, Json>, path: &Path, errors: &mut Errors<'_>) -> bool {
    let mut fine = true;
    for name in ["apiVersion", "kind"] {
        let at = path.field(name);
        let Some(value) = map.get(name) else {
            errors.required(&at, format!("the default is an object without `{name}`"));
            fine = false;
            continue;
        };
        let problem = match value.as_str() {
            None => Some(Problem::new("must be a text", "must be a string")),
            Some("") => Some(Problem::new("cannot be empty", "must not be empty")),
            Some(text) if name == "apiVersion" => {
                let says = || format!("unexpected GroupVersion string: {text}");
                (text.matches('/').count() > 1).then(|| Problem::new("has more than one slash", says()))
            }
            Some(text) => names::dns1035_label(&text.to_lowercase()).into_iter().next(),
        };
        if let Some(problem) = problem {
            let shown = value.as_str().unwrap_or_default();
            errors
                .invalid(&at, format!("the `{name}` `{}` of the default {problem}", shortened(shown)))
                .problem(problem);
            fine = false;
        }
    }
    fine
}
