//! Going through all parts of a schema.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool, JSONSchemaPropsOrStringArray,
};

/// Whether `test` holds for the schema or any schema in it (`SchemaHas`).
pub(super) fn any(schema: &JSONSchemaProps, mut test: impl FnMut(&JSONSchemaProps) -> bool) -> bool {
    any_of(schema, &mut test)
}

fn any_of(schema: &JSONSchemaProps, test: &mut dyn FnMut(&JSONSchemaProps) -> bool) -> bool {
    if test(schema) {
        return true;
    }
    let items: &[JSONSchemaProps] = match &schema.items {
        Some(JSONSchemaPropsOrArray::Schema(item)) => std::slice::from_ref(item),
        Some(JSONSchemaPropsOrArray::Schemas(items)) => items,
        None => &[],
    };
    let lists = [&schema.all_of, &schema.any_of, &schema.one_of];
    let maps = [&schema.properties, &schema.pattern_properties, &schema.definitions];
    let dependencies = schema.dependencies.iter().flatten().filter_map(|(_, dependency)| match dependency {
        JSONSchemaPropsOrStringArray::Schema(schema) => Some(&**schema),
        JSONSchemaPropsOrStringArray::Strings(_) => None,
    });
    items
        .iter()
        .chain(lists.into_iter().flatten().flatten())
        .chain(schema.not.as_deref())
        .chain(maps.into_iter().flatten().flatten().map(|(_, schema)| schema))
        .chain(additional(schema.additional_properties.as_ref()))
        .chain(additional(schema.additional_items.as_ref()))
        .chain(dependencies)
        .any(|schema| any_of(schema, test))
}

/// The schema of additional properties or items.
pub(super) fn additional(given: Option<&JSONSchemaPropsOrBool>) -> Option<&JSONSchemaProps> {
    match given {
        Some(JSONSchemaPropsOrBool::Schema(schema)) => Some(schema),
        _ => None,
    }
}

/// The schema of all items, if there is one for all.
pub(super) fn item(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match &schema.items {
        Some(JSONSchemaPropsOrArray::Schema(item)) => Some(item),
        _ => None,
    }
}

/// The type of a schema, empty if it has none.
pub(super) fn type_of(schema: &JSONSchemaProps) -> &str {
    schema.type_.as_deref().unwrap_or_default()
}

/// A property of a schema.
pub(super) fn property<'s>(schema: &'s JSONSchemaProps, name: &str) -> Option<&'s JSONSchemaProps> {
    schema.properties.as_ref()?.get(name)
}

/// Whether the schema lets unknown fields pass.
pub(super) fn preserves(schema: &JSONSchemaProps) -> bool {
    schema.x_kubernetes_preserve_unknown_fields == Some(true)
}

/// Whether the schema describes objects with `apiVersion`, `kind` and `metadata`.
pub(super) fn is_embedded(schema: &JSONSchemaProps) -> bool {
    schema.x_kubernetes_embedded_resource == Some(true)
}
