//! Lists in the OpenAPI schema of a version whose items have keys or are a set.
//!
//! Mirrors the part of `ValidateCustomResourceDefinitionOpenAPISchema` about them, and `validateMapListKeysMapSet`, of
//! apiextensions-apiserver (v1.36).

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrArray};

use super::schema::Report;
use super::walk::{self, type_of};
use crate::admission::errors::shortened;
use crate::yaml::Path;

/// A list whose items are told apart by keys.
pub(super) fn map(schema: &JSONSchemaProps, keys: &[String], path: &Path, report: &mut Report<'_, '_>) {
    let (at, items) = (path.field("x-kubernetes-list-map-keys"), path.field("items"));
    if keys.is_empty() {
        let finding = report
            .required(&at, "a list of the type `map` needs keys")
            .says("must not be empty if x-kubernetes-list-type is map");
        finding.help("name the fields by which its items are told apart");
    }
    let item = match &schema.items {
        None => {
            report
                .required(&items, "a list of the type `map` needs a schema of its items")
                .says("must have a schema if x-kubernetes-list-type is map");
            return;
        }
        Some(JSONSchemaPropsOrArray::Schemas(_)) => {
            report
                .invalid(&items, "a list of the type `map` needs one schema for all its items")
                .says("must only have a single schema if x-kubernetes-list-type is map");
            return;
        }
        Some(JSONSchemaPropsOrArray::Schema(item)) => item,
    };
    if type_of(item) != "object" {
        let message = "the items of a list of the type `map` must have the type `object`";
        report
            .invalid(&items.field("type"), message)
            .says("must be object if parent array's x-kubernetes-list-type is map")
            .help("write `object`");
        return;
    }
    let mut seen = BTreeSet::new();
    for (index, key) in keys.iter().enumerate() {
        match walk::property(item, key) {
            Some(property) if matches!(type_of(property), "array" | "object") => {
                let at = items.field("properties").key(key).field("type");
                let message = format!("the key `{}` must be a single value", shortened(key));
                report
                    .invalid(&at, message)
                    .says("must be a scalar type if parent array's x-kubernetes-list-type is map")
                    .help("choose another key");
            }
            Some(_) => {}
            None => {
                let message = format!("the items have no field `{}` that could be a key", shortened(key));
                report
                    .invalid(&at.index(index), message)
                    .says("entries must all be names of item properties")
                    .called(at.clone());
            }
        }
        if !seen.insert(key) {
            let message = format!("the key `{}` stands in the list already", shortened(key));
            report.invalid(&at.index(index), message).called(at.clone());
        }
    }
}

/// `validateMapListKeysMapSet`.
pub(super) fn map_keys(schema: &JSONSchemaProps, path: &Path, report: &mut Report<'_, '_>) {
    let (Some(item), Some(kind @ ("set" | "map"))) = (walk::item(schema), schema.x_kubernetes_list_type.as_deref())
    else {
        return;
    };
    let items = path.field("items");
    if item.nullable == Some(true) {
        let message = format!("the items of a list of the type `{kind}` cannot be null");
        report.forbidden(&items.field("nullable"), message).help("remove it");
    }
    if kind != "map" {
        return;
    }
    let required: BTreeSet<&String> = item.required.iter().flatten().collect();
    for key in schema.x_kubernetes_list_map_keys.iter().flatten() {
        let Some(property) = walk::property(item, key) else { continue };
        let at = items.field("properties").key(key);
        let has_default = property.default.as_ref().is_some_and(|default| !default.0.is_null());
        if !required.contains(key) && !has_default {
            let message = format!("the key `{}` may be missing in an item", shortened(key));
            let finding = report.required(&at.field("default"), message).says(
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
            );
            finding.help("name it in `required` of the items, or give it a default");
        }
        if property.nullable == Some(true) {
            let message = format!("the key `{}` cannot be null", shortened(key));
            report.forbidden(&at.field("nullable"), message).help("remove it");
        }
    }
}
