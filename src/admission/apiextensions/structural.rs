//! Structural schemas: every field and its type are said outside of `allOf` and the like, which only restrict values.
//!
//! Mirrors `ValidateStructural` of apiextensions-apiserver `pkg/apiserver/schema` (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};

use super::walk::{self, is_embedded, preserves, type_of};
use crate::admission::errors::{Errors, shortened};
use crate::values::regexp;
use crate::yaml::Path;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Whether the schema can be looked at at all: the server does not go on where it finds what it does not support
/// (`NewStructural`).
pub(super) fn is_convertible(schema: &JSONSchemaProps) -> bool {
    !walk::any(schema, |schema| {
        let some = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        some(&schema.id)
            || some(&schema.schema)
            || some(&schema.ref_path)
            || schema.pattern_properties.as_ref().is_some_and(|map| !map.is_empty())
            || schema.dependencies.as_ref().is_some_and(|map| !map.is_empty())
            || schema.definitions.as_ref().is_some_and(|map| !map.is_empty())
            || schema.additional_items.is_some()
            || matches!(&schema.items, Some(JSONSchemaPropsOrArray::Schemas(items)) if !items.is_empty())
            || schema.x_kubernetes_preserve_unknown_fields == Some(false)
    })
}

/// Reports where a schema is not structural.
pub(super) fn check(schema: &JSONSchemaProps, path: &Path, errors: &mut Errors<'_>) {
    invariants(schema, Level::Root, path, errors);
    complete(schema, Some(schema), path, path, errors);
}

fn invariants(schema: &JSONSchemaProps, level: Level, path: &Path, errors: &mut Errors<'_>) {
    let has_type = !type_of(schema).is_empty();
    match walk::item(schema) {
        Some(item) => invariants(item, Level::Item, &path.field("items"), errors),
        None if type_of(schema) == "array" && schema.items.is_none() => {
            let finding = errors
                .required(&path.field("items"), "the schema does not say what the array contains")
                .says("must be specified");
            finding.help("add `items` with the schema of an item");
        }
        None => {}
    }
    let properties = path.field("properties");
    for (name, property) in schema.properties.iter().flatten() {
        invariants(property, Level::Field, &properties.key(name), errors);
    }
    if let Some(additional) = &schema.additional_properties {
        let at = path.field("additionalProperties");
        if level == Level::Root {
            errors
                .forbidden(&at, "the object itself cannot be a map")
                .says("must not be used at the root")
                .help("name its fields in `properties`");
        }
        if let JSONSchemaPropsOrBool::Schema(additional) = additional {
            invariants(additional, Level::Field, &at, errors);
        }
        if is_embedded(schema) {
            errors
                .forbidden(&at, "an embedded object cannot be a map")
                .says("must not be used if x-kubernetes-embedded-resource is set")
                .help("name its fields in `properties`");
        }
    }
    extensions(schema, path, errors);
    let restrictions = Restrictions {
        skip_any_of: is_int_or_string(schema.any_of.as_deref()),
        skip_first: schema
            .all_of
            .as_deref()
            .and_then(<[JSONSchemaProps]>::first)
            .is_some_and(|first| is_int_or_string(first.any_of.as_deref())),
    };
    values(schema, restrictions, path, errors);
    let at = path.field("type");
    if is_embedded(schema) && type_of(schema) != "object" {
        let message = "an embedded object must have the type `object`";
        if has_type {
            errors
                .invalid(&at, message)
                .says("must be object if x-kubernetes-embedded-resource is true")
                .help("write `object`");
        } else {
            errors
                .required(&at, message)
                .says("must be object if x-kubernetes-embedded-resource is true")
                .help("write `object`");
        }
    } else if !has_type && schema.x_kubernetes_int_or_string != Some(true) && !preserves(schema) {
        let what = match level {
            Level::Root => "the schema",
            Level::Item => "the schema of the items",
            Level::Field => "the schema of the field",
        };
        errors
            .required(&at, format!("{what} has no type"))
            .says(match level {
                Level::Root => "must not be empty at the root",
                Level::Item => "must not be empty for specified array items",
                Level::Field => "must not be empty for specified object fields",
            })
            .help("add a `type`");
    }
    if level == Level::Root && has_type && type_of(schema) != "object" {
        errors
            .invalid(&at, "the object itself must have the type `object`")
            .says("must be object at the root")
            .help("write `object`");
    }
    let checks_meta = level == Level::Root || is_embedded(schema);
    for name in ["kind", "apiVersion"] {
        if checks_meta && walk::property(schema, name).is_some_and(|property| type_of(property) != "string") {
            let at = properties.key(name).field("type");
            errors
                .invalid(&at, format!("the type of `{name}` must be `string`"))
                .says("must be string")
                .help("write `string`");
        }
    }
    if let Some(metadata) = walk::property(schema, "metadata") {
        self::metadata(metadata, checks_meta, level, &properties.key("metadata"), errors);
    }
    let no_properties = schema.properties.as_ref().is_none_or(BTreeMap::is_empty);
    if is_embedded(schema) && !preserves(schema) && no_properties {
        let message = "an embedded object has no fields unless its schema names them";
        let finding = errors.required(&properties, message).says(
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
        );
        finding.help("add `properties`, or `x-kubernetes-preserve-unknown-fields: true`");
    }
}

/// `validateStructuralMetadataInvariants`.
fn metadata(schema: &JSONSchemaProps, checks_meta: bool, level: Level, path: &Path, errors: &mut Errors<'_>) {
    if checks_meta && type_of(schema) != "object" {
        errors
            .invalid(&path.field("type"), "the type of `metadata` must be `object`")
            .says("must be object")
            .help("write `object`");
    }
    if level != Level::Root {
        return;
    }
    let mut rest = schema.clone();
    let only_names = |name: &String| name == "name" || name == "generateName";
    if rest.properties.as_ref().is_some_and(|properties| properties.keys().all(only_names)) {
        rest.properties = None;
    }
    (rest.type_, rest.default) = (None, None);
    if says_something(rest) {
        let message = "of the metadata, a schema can restrict only `name` and `generateName`";
        errors
            .forbidden(path, message)
            .says("must not specify anything other than name and generateName, but metadata is implicitly specified")
            .help("write `type: object` and nothing else");
    }
}

/// Whether anything is said in a schema.
fn says_something(mut schema: JSONSchemaProps) -> bool {
    // These are nothing if they are empty; an empty `required` is something.
    for map in [&mut schema.definitions, &mut schema.pattern_properties] {
        *map = map.take().filter(|map| !map.is_empty());
    }
    for list in [&mut schema.all_of, &mut schema.any_of, &mut schema.one_of] {
        *list = list.take().filter(|list| !list.is_empty());
    }
    schema.dependencies = schema.dependencies.filter(|map| !map.is_empty());
    schema.enum_ = schema.enum_.filter(|list| !list.is_empty());
    schema.ref_path = None;
    schema != JSONSchemaProps::default()
}

/// The two ways to say that a value is a number or a text.
fn is_int_or_string(any_of: Option<&[JSONSchemaProps]>) -> bool {
    let plain = |schema: &JSONSchemaProps, wanted: &str| {
        if type_of(schema) != wanted {
            return false;
        }
        !says_something(JSONSchemaProps { type_: None, ..schema.clone() })
    };
    matches!(any_of, Some([first, second]) if plain(first, "integer") && plain(second, "string"))
}

/// `validateExtensions`.
fn extensions(schema: &JSONSchemaProps, path: &Path, errors: &mut Errors<'_>) {
    if schema.x_kubernetes_int_or_string != Some(true) {
        return;
    }
    let message = "a number or text cannot be this as well";
    if preserves(schema) {
        errors
            .invalid(&path.field("x-kubernetes-preserve-unknown-fields"), message)
            .says("must be false if x-kubernetes-int-or-string is true")
            .help("remove it");
    }
    if is_embedded(schema) {
        errors
            .invalid(&path.field("x-kubernetes-embedded-resource"), message)
            .says("must be false if x-kubernetes-int-or-string is true")
            .help("remove it");
    }
}

#[derive(Clone, Copy, Default)]
struct Restrictions {
    /// `anyOf` says that a value is a number or a text.
    skip_any_of: bool,
    /// The first of `allOf` does.
    skip_first: bool,
}

/// `validateValueValidation`.
fn values(schema: &JSONSchemaProps, given: Restrictions, path: &Path, errors: &mut Errors<'_>) {
    if !given.skip_any_of {
        for (index, nested) in schema.any_of.iter().flatten().enumerate() {
            self::nested(nested, false, &path.field("anyOf").index(index), errors);
        }
    }
    for (index, nested) in schema.all_of.iter().flatten().enumerate() {
        self::nested(nested, given.skip_first && index == 0, &path.field("allOf").index(index), errors);
    }
    for (index, nested) in schema.one_of.iter().flatten().enumerate() {
        self::nested(nested, false, &path.field("oneOf").index(index), errors);
    }
    if let Some(not) = &schema.not {
        nested(not, false, &path.field("not"), errors);
    }
    if let Some(pattern) = schema.pattern.as_deref().filter(|pattern| !pattern.is_empty())
        && let Some(problem) = regexp::problem(pattern)
    {
        let message = format!("the pattern `{}` is no regular expression: {problem}", shortened(pattern));
        errors.invalid(&path.field("pattern"), message);
    }
}

/// `validateNestedValueValidation`.
fn nested(schema: &JSONSchemaProps, skip_any_of: bool, path: &Path, errors: &mut Errors<'_>) {
    values(schema, Restrictions { skip_any_of, skip_first: false }, path, errors);
    if let Some(item) = walk::item(schema) {
        nested(item, false, &path.field("items"), errors);
    }
    let properties = path.field("properties");
    for (name, property) in schema.properties.iter().flatten() {
        nested(property, false, &properties.key(name), errors);
    }
    let text = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
    let parts = [
        ("type", !type_of(schema).is_empty()),
        (
            "additionalProperties",
            !matches!(schema.additional_properties, None | Some(JSONSchemaPropsOrBool::Bool(false))),
        ),
        ("default", schema.default.as_ref().is_some_and(|default| !default.0.is_null())),
        ("title", text(&schema.title)),
        ("description", text(&schema.description)),
        ("nullable", schema.nullable == Some(true)),
        ("x-kubernetes-preserve-unknown-fields", preserves(schema)),
        ("x-kubernetes-embedded-resource", is_embedded(schema)),
        ("x-kubernetes-int-or-string", schema.x_kubernetes_int_or_string == Some(true)),
        ("x-kubernetes-list-map-keys", schema.x_kubernetes_list_map_keys.as_ref().is_some_and(|keys| !keys.is_empty())),
        ("x-kubernetes-list-type", schema.x_kubernetes_list_type.is_some()),
        ("x-kubernetes-map-type", schema.x_kubernetes_map_type.is_some()),
        ("x-kubernetes-validations", schema.x_kubernetes_validations.as_ref().is_some_and(|rules| !rules.is_empty())),
    ];
    for (name, _) in parts.into_iter().filter(|(_, given)| *given) {
        let message =
            format!("`{name}` cannot stand in `anyOf`, `allOf`, `oneOf` and `not`, which only restrict values");
        errors.forbidden(&path.field(name), message).help("write it in the schema outside, and remove it here");
    }
    if walk::property(schema, "metadata").is_some() {
        let message = "nothing can be said of `metadata` in `anyOf`, `allOf`, `oneOf` and `not`";
        errors
            .forbidden(&properties.key("metadata"), message)
            .says("must not be specified in a nested context")
            .help("remove it");
    }
}

/// Whatever values are restricted of must have a schema outside (`validateStructuralCompleteness`). `outside` is the
/// schema that stands for the same values, at `place`; `path` is where `schema` stands.
fn complete(
    schema: &JSONSchemaProps,
    outside: Option<&JSONSchemaProps>,
    place: &Path,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let lists = [("allOf", &schema.all_of), ("anyOf", &schema.any_of), ("oneOf", &schema.one_of)];
    for (name, list) in lists {
        for (index, nested) in list.iter().flatten().enumerate() {
            complete_nested(nested, outside, place, &path.field(name).index(index), errors);
        }
    }
    if let Some(not) = &schema.not {
        complete_nested(not, outside, place, &path.field("not"), errors);
    }
}

fn complete_nested(
    schema: &JSONSchemaProps,
    outside: Option<&JSONSchemaProps>,
    place: &Path,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let Some(outside) = outside else {
        return missing(place, path, errors);
    };
    complete(schema, Some(outside), place, path, errors);
    if let Some(item) = walk::item(schema) {
        complete_nested(item, walk::item(outside), &place.field("items"), &path.field("items"), errors);
    }
    for (name, property) in schema.properties.iter().flatten() {
        let (place, path) = (place.field("properties").key(name), path.field("properties").key(name));
        match walk::property(outside, name) {
            Some(outside) => complete_nested(property, Some(outside), &place, &path, errors),
            None => missing(&place, &path, errors),
        }
    }
}

fn missing(place: &Path, path: &Path, errors: &mut Errors<'_>) {
    let written = errors.key_place(path);
    let message = "a value is restricted whose schema is not given outside of the restriction";
    let finding = errors.required(path, message).called(place.clone());
    finding.at(written).help(format!("add `{}` with its type", last_names(place)));
}

/// The end of a path, long enough to know what it is.
fn last_names(path: &Path) -> String {
    let names: Vec<String> = path.segments().iter().filter_map(|segment| segment.name().map(str::to_owned)).collect();
    names[names.len().saturating_sub(2)..].join(".")
}
