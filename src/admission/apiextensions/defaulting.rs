//! Defaults of definitions (apiextensions-apiserver, pkg/apis/apiextensions/v1/defaults.go).

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceConversion, CustomResourceDefinitionSpec, JSONSchemaProps, JSONSchemaPropsOrArray,
    JSONSchemaPropsOrBool, JSONSchemaPropsOrStringArray,
};

/// Fills in what a definition may leave out.
pub(super) fn definition(spec: &mut CustomResourceDefinitionSpec) {
    let names = &mut spec.names;
    if names.singular.as_deref().is_none_or(str::is_empty) {
        names.singular = Some(names.kind.to_lowercase());
    }
    if names.list_kind.as_deref().is_none_or(str::is_empty) && !names.kind.is_empty() {
        names.list_kind = Some(format!("{}List", names.kind));
    }
    let conversion = spec
        .conversion
        .get_or_insert_with(|| CustomResourceConversion { strategy: "None".to_owned(), ..Default::default() });
    let client = conversion.webhook.as_mut().and_then(|webhook| webhook.client_config.as_mut());
    if let Some(service) = client.and_then(|client| client.service.as_mut()) {
        service.port.get_or_insert(443);
    }
    for version in &mut spec.versions {
        if let Some(schema) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) {
            plain(schema);
        }
    }
}

/// In Go, what is written out as false or empty is not there at all, apart from lists and maps.
fn plain(schema: &mut JSONSchemaProps) {
    for flag in [
        &mut schema.nullable,
        &mut schema.unique_items,
        &mut schema.exclusive_maximum,
        &mut schema.exclusive_minimum,
        &mut schema.x_kubernetes_embedded_resource,
        &mut schema.x_kubernetes_int_or_string,
    ] {
        *flag = flag.filter(|flag| *flag);
    }
    for text in [
        &mut schema.id,
        &mut schema.schema,
        &mut schema.description,
        &mut schema.type_,
        &mut schema.format,
        &mut schema.title,
        &mut schema.pattern,
    ] {
        if text.as_deref() == Some("") {
            *text = None;
        }
    }
    schema.default = schema.default.take().filter(|default| !default.0.is_null());
    schema.example = schema.example.take().filter(|example| !example.0.is_null());
    match &mut schema.items {
        Some(JSONSchemaPropsOrArray::Schema(item)) => plain(item),
        Some(JSONSchemaPropsOrArray::Schemas(items)) => items.iter_mut().for_each(plain),
        None => {}
    }
    let lists = [&mut schema.all_of, &mut schema.any_of, &mut schema.one_of];
    lists.into_iter().flatten().flatten().for_each(plain);
    let maps = [&mut schema.properties, &mut schema.pattern_properties, &mut schema.definitions];
    maps.into_iter().flatten().flat_map(|map| map.values_mut()).for_each(plain);
    for either in [&mut schema.additional_properties, &mut schema.additional_items] {
        if let Some(JSONSchemaPropsOrBool::Schema(inner)) = either {
            plain(inner);
        }
    }
    for dependency in schema.dependencies.iter_mut().flat_map(|map| map.values_mut()) {
        if let JSONSchemaPropsOrStringArray::Schema(inner) = dependency {
            plain(inner);
        }
    }
    if let Some(not) = &mut schema.not {
        plain(not);
    }
}
