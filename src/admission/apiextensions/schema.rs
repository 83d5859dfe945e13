//! The OpenAPI schema of a version.
//!
//! Mirrors `validateCustomResourceDefinitionValidation` and `ValidateCustomResourceDefinitionOpenAPISchema` of
//! apiextensions-apiserver (v1.36).

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool, JSONSchemaPropsOrStringArray,
};

use super::rules::{self, Node};
use super::walk::{self, is_embedded, type_of};
use super::{Options, defaults, lists, structural};
use crate::admission::errors::Errors;
use crate::finding::Finding;
use crate::yaml::Path;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const MAP_TYPES: [&str; 2] = ["atomic", "granular"];
const LIST_TYPES: [&str; 3] = ["atomic", "map", "set"];
const META: [&str; 3] = ["metadata", "kind", "apiVersion"];

/// Counts what is reported, because rules are looked at only where the schema itself is right.
pub(super) struct Report<'r, 'e> {
    pub(super) errors: &'r mut Errors<'e>,
    count: usize,
}

impl<'r, 'e> Report<'r, 'e> {
    pub(super) fn new(errors: &'r mut Errors<'e>) -> Self {
        Self { errors, count: 0 }
    }

    pub(super) fn required(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.count += 1;
        self.errors.required(path, message)
    }

    pub(super) fn invalid(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.count += 1;
        self.errors.invalid(path, message)
    }

    pub(super) fn forbidden(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.count += 1;
        self.errors.forbidden(path, message)
    }

    fn unsupported(&mut self, path: &Path, what: &str, value: &str, supported: &[&str]) -> &mut Finding {
        self.count += 1;
        self.errors.unsupported(path, what, value, supported.iter().copied())
    }

    /// Reports what another check finds; returns whether that is anything.
    fn also(&mut self, check: impl Fn(&mut Errors<'_>)) -> bool {
        let found = self.errors.would_refuse(&check);
        if found {
            self.count += 1;
            check(self.errors);
        }
        found
    }
}

/// Whether the schema has a type that does not exist (`specHasInvalidTypes`).
pub(super) fn has_unknown_type(schema: &JSONSchemaProps) -> bool {
    !matches!(type_of(schema), "" | "array" | "boolean" | "integer" | "number" | "object" | "string")
}

/// Whether the schema is a set of things that are no units (`hasNonAtomicSetType`).
pub(super) fn has_nonatomic_set(schema: &JSONSchemaProps) -> bool {
    schema.x_kubernetes_list_type.as_deref() == Some("set") && walk::item(schema).is_some_and(is_divisible)
}

fn is_divisible(item: &JSONSchemaProps) -> bool {
    match type_of(item) {
        "array" => item.x_kubernetes_list_type.as_deref().is_some_and(|kind| kind != "atomic"),
        "object" => item.x_kubernetes_map_type.as_deref() != Some("atomic"),
        _ => false,
    }
}

/// The schema of a version, which stands at `path`; whether a status subresource is beside it, and whether it must be
/// structural.
pub(super) fn root(
    schema: &JSONSchemaProps,
    has_status: bool,
    structural: bool,
    options: &Options,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let mut report = Report::new(errors);
    if has_status {
        beside_status(schema, path, &mut report);
    }
    if schema.nullable == Some(true) {
        let message = "the object itself cannot be null";
        report
            .forbidden(&path.field("nullable"), message)
            .says("nullable cannot be true at the root")
            .help("remove it");
    }
    let convertible = structural::is_convertible(schema);
    let mut node = None;
    if structural && convertible {
        let bad = report.also(|errors| structural::check(schema, path, errors))
            || report.also(|errors| defaults::check(schema, options.require_pruned_defaults, path, errors));
        if !bad {
            node = Some(Node::root(schema));
        }
    }
    let context = Context { options, defaults: None, inside_meta: false, uncorrelated: None };
    openapi(schema, true, node, context, path, &mut report);
    if structural && !convertible && report.count == 0 {
        let message = "the schema has something that a definition does not support";
        report.invalid(path, message).help("remove `$schema`");
    }
}

/// What may stand at the root of a schema with a status subresource, so that the status can be judged on its own.
fn beside_status(schema: &JSONSchemaProps, path: &Path, report: &mut Report<'_, '_>) {
    let given = |flag: Option<bool>| flag == Some(true);
    let filled = |map: Option<usize>| map.is_some();
    // In the order of the fields in the original, which stops at the first.
    let before = [
        ("$schema", schema.schema.as_deref().is_some_and(|text| !text.is_empty())),
        ("$ref", schema.ref_path.is_some()),
        ("id", schema.id.as_deref().is_some_and(|text| !text.is_empty())),
        ("nullable", given(schema.nullable)),
        ("default", schema.default.as_ref().is_some_and(|default| !default.0.is_null())),
        ("enum", schema.enum_.is_some()),
        ("maxProperties", schema.max_properties.is_some()),
        ("minProperties", schema.min_properties.is_some()),
        ("allOf", filled(schema.all_of.as_ref().map(Vec::len))),
        ("oneOf", filled(schema.one_of.as_ref().map(Vec::len))),
        ("anyOf", filled(schema.any_of.as_ref().map(Vec::len))),
        ("not", schema.not.is_some()),
        ("additionalProperties", schema.additional_properties.is_some()),
        ("patternProperties", schema.pattern_properties.is_some()),
        ("dependencies", schema.dependencies.is_some()),
        ("additionalItems", schema.additional_items.is_some()),
        ("definitions", schema.definitions.is_some()),
        ("x-kubernetes-embedded-resource", is_embedded(schema)),
        ("x-kubernetes-int-or-string", given(schema.x_kubernetes_int_or_string)),
        ("x-kubernetes-list-map-keys", schema.x_kubernetes_list_map_keys.is_some()),
        ("x-kubernetes-list-type", schema.x_kubernetes_list_type.is_some()),
        ("x-kubernetes-map-type", schema.x_kubernetes_map_type.is_some()),
    ];
    let kind = type_of(schema);
    let stops_at_type = !matches!(kind, "" | "object");
    // The type comes after the first three and `description`.
    let early = before[..3].iter().find(|(_, given)| *given);
    if let Some((name, _)) = early.or_else(|| before.iter().find(|(_, given)| *given && !stops_at_type)) {
        let message = format!("beside a status subresource, `{name}` cannot stand at the root of a schema");
        let finding = report.invalid(&path.field((*name).to_owned()), message).called(path.clone());
        finding.help("write it in the schema of a field, or in `x-kubernetes-validations`");
    } else if stops_at_type {
        let message = "beside a status subresource, the type of the object itself must be `object`";
        report
            .invalid(&path.field("type"), message)
            .says(
                "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled",
            )
            .help("write `object`");
    }
}

/// What the schemas around one say of it (`specStandardValidatorV3`).
#[derive(Clone, Copy)]
struct Context<'c> {
    options: &'c Options,
    /// Why there can be no default, if there can be none.
    defaults: Option<&'static str>,
    /// Inside of `metadata`, `apiVersion` or `kind` of an object.
    inside_meta: bool,
    /// Where values stop being recognisable from one version of an object to the next.
    uncorrelated: Option<&'c Path>,
}

/// `ValidateCustomResourceDefinitionOpenAPISchema`.
fn openapi(
    schema: &JSONSchemaProps,
    is_root: bool,
    node: Option<Node<'_>>,
    context: Context<'_>,
    path: &Path,
    report: &mut Report<'_, '_>,
) {
    let before = report.count;
    supported(schema, context, path, report);
    if schema.unique_items == Some(true) {
        let finding = report
            .forbidden(&path.field("uniqueItems"), "uniqueness is too much work for the server")
            .says("uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        finding.help("write `x-kubernetes-list-type: set`");
    }
    let no_properties = schema.properties.as_ref().is_none_or(std::collections::BTreeMap::is_empty);
    if let Some(additional) = &schema.additional_properties {
        let at = path.field("additionalProperties");
        if !no_properties && *additional != JSONSchemaPropsOrBool::Bool(true) {
            let message = "a schema has either `properties`, of a structure, or `additionalProperties`, of a map";
            report
                .forbidden(&at, message)
                .says("additionalProperties and properties are mutual exclusive")
                .help("remove one of them");
        }
        if let JSONSchemaPropsOrBool::Schema(additional) = additional {
            let inside =
                if context.inside_meta { Context { defaults: Some("inside of metadata"), ..context } } else { context };
            let node = node.map(|_| Node::inside(additional));
            openapi(additional, false, node, inside, &at, report);
        }
    }
    let properties = path.field("properties");
    for (name, property) in schema.properties.iter().flatten() {
        let mut inside = context;
        if schema.x_kubernetes_map_type.as_deref().is_some_and(|map_type| !MAP_TYPES.contains(&map_type)) {
            inside.uncorrelated = inside.uncorrelated.or(Some(path));
        }
        if (is_root || is_embedded(schema)) && META.contains(&name.as_str()) {
            inside.inside_meta = true;
            if is_root {
                inside.defaults = Some("here, because the server fills this in itself");
            }
        }
        let node = node.map(|_| Node::inside(property));
        openapi(property, false, node, inside, &properties.key(name), report);
    }
    if let Some(not) = &schema.not {
        openapi(not, false, None, context, &path.field("not"), report);
    }
    for (name, list) in [("allOf", &schema.all_of), ("oneOf", &schema.one_of), ("anyOf", &schema.any_of)] {
        for (index, nested) in list.iter().flatten().enumerate() {
            openapi(nested, false, None, context, &path.field(name).index(index), report);
        }
    }
    for (name, definition) in schema.definitions.iter().flatten() {
        openapi(definition, false, None, context, &path.field("definitions").key(name), report);
    }
    items(schema, node, context, path, report);
    for (name, dependency) in schema.dependencies.iter().flatten() {
        if let JSONSchemaPropsOrStringArray::Schema(dependency) = dependency {
            openapi(dependency, false, None, context, &path.field("dependencies").key(name), report);
        }
    }
    if schema.x_kubernetes_preserve_unknown_fields == Some(false) {
        let at = path.field("x-kubernetes-preserve-unknown-fields");
        report.invalid(&at, "this is `true` or not given at all").says("must be true or undefined").help("remove it");
    }
    collections(schema, context.options, path, report);
    if context.options.require_map_keys {
        lists::map_keys(schema, path, report);
    }
    let list = schema.x_kubernetes_validations.as_deref().unwrap_or_default();
    if list.is_empty() {
        return;
    }
    for (index, rule) in list.iter().enumerate() {
        let at = path.field("x-kubernetes-validations").index(index);
        report.also(|errors| rules::form(rule, schema, &at, errors));
    }
    if report.count == before
        && let Some(node) = node
    {
        rules::compile(list, node, context.uncorrelated, &context.options.stored, path, report.errors);
    }
}

fn items(
    schema: &JSONSchemaProps,
    node: Option<Node<'_>>,
    context: Context<'_>,
    path: &Path,
    report: &mut Report<'_, '_>,
) {
    let Some(items) = &schema.items else { return };
    let mut inside = context;
    if schema.x_kubernetes_list_type.as_deref() != Some("map") {
        inside.uncorrelated = inside.uncorrelated.or(Some(path));
    }
    let at = path.field("items");
    match items {
        JSONSchemaPropsOrArray::Schema(item) => {
            openapi(item, false, node.map(|_| Node::inside(item)), inside, &at, report);
        }
        JSONSchemaPropsOrArray::Schemas(items) => {
            for (index, item) in items.iter().enumerate() {
                openapi(item, false, None, inside, &at.index(index), report);
            }
        }
    }
}

/// What definitions do not support (`specStandardValidatorV3.validate`).
fn supported(schema: &JSONSchemaProps, context: Context<'_>, path: &Path, report: &mut Report<'_, '_>) {
    if context.options.require_property_type && has_unknown_type(schema) {
        report.unsupported(&path.field("type"), "the type of a schema", type_of(schema), &TYPES);
    }
    if let Some(reason) =
        context.defaults.filter(|_| schema.default.as_ref().is_some_and(|default| !default.0.is_null()))
    {
        report.forbidden(&path.field("default"), format!("there can be no default {reason}")).help("remove it");
    }
    let filled = |map: Option<usize>| map.is_some_and(|length| length > 0);
    let list = matches!(&schema.items, Some(JSONSchemaPropsOrArray::Schemas(items)) if !items.is_empty());
    let parts = [
        ("id", schema.id.as_deref().is_some_and(|text| !text.is_empty())),
        ("additionalItems", schema.additional_items.is_some()),
        ("patternProperties", filled(schema.pattern_properties.as_ref().map(std::collections::BTreeMap::len))),
        ("definitions", filled(schema.definitions.as_ref().map(std::collections::BTreeMap::len))),
        ("dependencies", schema.dependencies.is_some()),
        ("$ref", schema.ref_path.is_some()),
    ];
    for (name, _) in parts.into_iter().filter(|(_, given)| *given) {
        report
            .forbidden(&path.field(name), format!("definitions do not support `{name}`"))
            .says(format!("{name} is not supported"))
            .help("remove it");
    }
    if type_of(schema) == "null" {
        report
            .forbidden(&path.field("type"), "`null` is no type of its own")
            .says("type cannot be set to null, use nullable as an alternative")
            .help("write `nullable: true`");
    }
    if list {
        let message = "items cannot have a schema each";
        report
            .forbidden(&path.field("items"), message)
            .says("items must be a schema object and not an array")
            .help("write one schema for all items");
    }
    if context.inside_meta && is_embedded(schema) {
        let message = "metadata cannot contain an object with metadata";
        report
            .forbidden(&path.field("x-kubernetes-embedded-resource"), message)
            .says("must not be used inside of resource meta")
            .help("remove it");
    }
}

/// Whether the schema says something that needs a structural schema (`schemaHasKubernetesExtensions`).
pub(super) fn needs_structure(schema: &JSONSchemaProps) -> bool {
    is_embedded(schema)
        || schema.default.is_some()
        || schema.x_kubernetes_preserve_unknown_fields.is_some()
        || schema.x_kubernetes_int_or_string == Some(true)
        || schema.x_kubernetes_list_map_keys.as_ref().is_some_and(|keys| !keys.is_empty())
        || schema.x_kubernetes_list_type.is_some()
        || schema.x_kubernetes_validations.as_ref().is_some_and(|rules| !rules.is_empty())
}

/// How maps and lists are merged.
fn collections(schema: &JSONSchemaProps, options: &Options, path: &Path, report: &mut Report<'_, '_>) {
    let kind = type_of(schema);
    let mut must_be = |wanted: &str, given: bool, name: &str| {
        if !given || kind == wanted {
            return;
        }
        let message = format!("`{name}` needs the type `{wanted}`");
        if kind.is_empty() {
            report
                .required(&path.field("type"), message)
                .says(format!("must be {wanted} if {name} is specified"))
                .help(format!("write `{wanted}`"));
        } else {
            report
                .invalid(&path.field("type"), message)
                .says(format!("must be {wanted} if {name} is specified"))
                .help(format!("write `{wanted}`, or remove `{name}`"));
        }
    };
    let (map_type, list_type) = (schema.x_kubernetes_map_type.as_deref(), schema.x_kubernetes_list_type.as_deref());
    must_be("object", map_type.is_some(), "x-kubernetes-map-type");
    must_be("array", list_type.is_some(), "x-kubernetes-list-type");
    if let Some(map_type) = map_type.filter(|map_type| !MAP_TYPES.contains(map_type)) {
        let at = path.field("x-kubernetes-map-type");
        report.unsupported(&at, "the `x-kubernetes-map-type`", map_type, &MAP_TYPES);
    }
    let list_at = path.field("x-kubernetes-list-type");
    if kind == "array" && options.require_atomic_sets && has_nonatomic_set(schema) {
        let name = if walk::item(schema).is_some_and(|item| type_of(item) == "array") {
            "x-kubernetes-list-type"
        } else {
            "x-kubernetes-map-type"
        };
        let message = "what is in a set must be compared as a whole";
        report.invalid(&path.field("items").field(name), message).help(format!("write `{name}: atomic` for the items"));
    }
    if let Some(list_type) = list_type.filter(|list_type| !LIST_TYPES.contains(list_type)) {
        report.unsupported(&list_at, "the `x-kubernetes-list-type`", list_type, &LIST_TYPES);
    }
    let keys = schema.x_kubernetes_list_map_keys.as_deref().unwrap_or_default();
    if !keys.is_empty() && list_type != Some("map") {
        let message = "`x-kubernetes-list-map-keys` needs a list of the type `map`";
        if list_type.is_none() {
            report
                .required(&list_at, message)
                .says("must be map if x-kubernetes-list-map-keys is non-empty")
                .help("write `x-kubernetes-list-type: map`");
        } else {
            report
                .invalid(&list_at, message)
                .says("must be map if x-kubernetes-list-map-keys is non-empty")
                .help("write `x-kubernetes-list-type: map`");
        }
    }
    if list_type == Some("map") {
        lists::map(schema, keys, path, report);
    }
}

/// The format of a schema, if the server does not know it (`GetUnrecognizedFormats`).
pub(super) fn unknown_format(schema: &JSONSchemaProps) -> Option<&str> {
    const TEXTS: [&str; 26] = [
        "bsonobjectid",
        "uri",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "cidr",
        "mac",
        "uuid",
        "uuid3",
        "uuid4",
        "uuid5",
        "isbn",
        "isbn10",
        "isbn13",
        "creditcard",
        "ssn",
        "hexcolor",
        "rgbcolor",
        "byte",
        "password",
        "date",
        "duration",
        "datetime",
        "k8sshortname",
        "k8slongname",
    ];
    let format = schema.format.as_deref().filter(|format| !format.is_empty())?;
    let known = match type_of(schema) {
        "" | "string" => TEXTS.contains(&format.replace('-', "").as_str()),
        "integer" => matches!(format, "int32" | "int64"),
        "number" => matches!(format, "float" | "double"),
        _ => false,
    };
    (!known).then_some(format)
}
