//! The versions of a resource.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, JSONSchemaProps, SelectableField,
};
use serde_json::Value as Json;

use super::{Options, fields, schema, schemas, walk};
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Since;
use crate::values::names;
use crate::yaml::Path;

/// What is the same in all versions, so that the API server looks at it only once, under names of its own
/// (`Convert_v1_CustomResourceDefinitionSpec_To_apiextensions_CustomResourceDefinitionSpec`).
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own, as upstream")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared {
    schema: bool,
    subresources: bool,
    columns: bool,
    selectable_fields: bool,
    /// Whether the schemas must be structural: all must, apart from those of long ago that keep all unknown fields.
    structural: bool,
}

impl Shared {
    pub(super) fn of(spec: &CustomResourceDefinitionSpec, options: &Options) -> Self {
        let structural = options.require_structural
            || spec.preserve_unknown_fields != Some(true)
            || schemas(spec).any(|schema| walk::any(schema, schema::needs_structure));
        let Some((first, others)) = spec.versions.split_first() else {
            return Self { schema: false, subresources: false, columns: false, selectable_fields: false, structural };
        };
        let all = |same: &dyn Fn(&CustomResourceDefinitionVersion) -> bool| others.iter().all(same);
        let columns =
            |version: &CustomResourceDefinitionVersion| version.additional_printer_columns.clone().unwrap_or_default();
        Self {
            schema: all(&|version| same_schema(first, version)),
            subresources: all(&|version| first.subresources == version.subresources),
            columns: all(&|version| columns(first) == columns(version)),
            selectable_fields: all(&|version| selectable(first) == selectable(version)),
            structural,
        }
    }
}

fn selectable(version: &CustomResourceDefinitionVersion) -> &[SelectableField] {
    version.selectable_fields.as_deref().unwrap_or_default()
}

/// Whether two versions have the same schema; to the server an empty list or map is none.
fn same_schema(one: &CustomResourceDefinitionVersion, other: &CustomResourceDefinitionVersion) -> bool {
    if one.schema == other.schema {
        return true;
    }
    let plain = |version: &CustomResourceDefinitionVersion| {
        let mut value = serde_json::to_value(version.schema.as_ref()).unwrap_or_default();
        without_empty(&mut value);
        value
    };
    plain(one) == plain(other)
}

fn without_empty(value: &mut Json) {
    const MAPS: [&str; 4] = ["properties", "patternProperties", "definitions", "dependencies"];
    match value {
        Json::Object(map) => {
            map.retain(|name, value| match value {
                Json::Array(items) => !items.is_empty(),
                Json::Object(inner) => !(inner.is_empty() && MAPS.contains(&name.as_str())),
                _ => true,
            });
            map.values_mut().for_each(without_empty);
        }
        Json::Array(items) => items.iter_mut().for_each(without_empty),
        _ => {}
    }
}

fn schema_of(version: &CustomResourceDefinitionVersion) -> Option<&JSONSchemaProps> {
    version.schema.as_ref()?.open_api_v3_schema.as_ref()
}

/// Whether all versions have a schema (`allVersionsSpecifyOpenAPISchema`).
pub(super) fn all_have_schemas(spec: &CustomResourceDefinitionSpec) -> bool {
    spec.versions.iter().all(|version| schema_of(version).is_some())
}

/// Which versions may keep more selectable fields than are allowed today (`findTooManySelectableFieldsAllowed`).
pub(super) fn keeps_many_fields(
    new: &CustomResourceDefinitionSpec,
    old: &CustomResourceDefinitionSpec,
) -> BTreeSet<String> {
    let before: BTreeMap<&str, &[SelectableField]> =
        old.versions.iter().map(|version| (version.name.as_str(), selectable(version))).collect();
    let keeps = |version: &&CustomResourceDefinitionVersion| {
        let before = before.get(version.name.as_str());
        before.is_some_and(|before| before.len() > fields::SELECTABLE_LIMIT && *before == selectable(version))
    };
    let mut kept: BTreeSet<String> = new.versions.iter().filter(keeps).map(|version| version.name.clone()).collect();
    if !kept.is_empty() && kept.len() == new.versions.len() {
        kept.insert(String::new());
    }
    kept
}

/// What is said of each version.
pub(super) fn check(spec: &CustomResourceDefinitionSpec, shared: &Shared, options: &Options, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    let preserves = spec.preserve_unknown_fields == Some(true);
    let list = path.field("versions");
    for (index, version) in spec.versions.iter().enumerate() {
        if schema_of(version).is_none() && (options.require_schema || (!preserves && version.served)) {
            let at = list.index(index).fields(&["schema", "openAPIV3Schema"]);
            let message = format!("the version `{}` has no schema", shortened(&version.name));
            let finding = errors.required(&at, message);
            finding.help(
                "describe its objects; `type: object` with `x-kubernetes-preserve-unknown-fields: true` takes all",
            );
        }
    }
    let has_defaults = || schemas(spec).any(|schema| walk::any(schema, |schema| schema.default.is_some()));
    if preserves && has_defaults() {
        let message = "schemas can have defaults only if unknown fields are not all kept";
        errors
            .invalid(&path.field("preserveUnknownFields"), message)
            .says("must be false in order to use defaults in the schema")
            .help("remove it");
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, version) in spec.versions.iter().enumerate() {
        let at = list.index(index);
        if let [problem, ..] = &names::dns1035_label(&version.name)[..] {
            let message = format!("the name `{}` of the version {problem}", shortened(&version.name));
            errors
                .invalid(&at.field("name"), message)
                .says(problem.says.clone())
                .help("write for example `v1` or `v1beta1`");
        }
        self::version(spec, version, shared, options, &at, errors);
        let first = *seen.entry(&version.name).or_insert(index);
        if first != index {
            let place = errors.place(&list.index(first).field("name"));
            let message = format!("two versions have the name `{}`", shortened(&version.name));
            let finding = errors.invalid(&at.field("name"), message).called(list.clone());
            finding.related(place, "the other one");
        }
    }
    let storage: Vec<usize> = (0..spec.versions.len()).filter(|index| spec.versions[*index].storage).collect();
    match storage[..] {
        [_] => {}
        [] => {
            let message = "no version is marked as the one in which objects are stored";
            errors
                .invalid(&list, message)
                .says("must have exactly one version marked as storage version")
                .help("mark one version with `storage: true`");
        }
        [first, .., another] => {
            let other = errors.place(&list.index(first).field("storage"));
            let message = "objects can be stored only in one version";
            let finding = errors.invalid(&list.index(another).field("storage"), message).called(list);
            finding.related(other, "the other one").help("write `storage: false` in all versions but one");
        }
    }
    if let Some(first) = spec.versions.first().filter(|first| !first.name.is_empty())
        && let [problem, ..] = &names::dns1035_label(&first.name)[..]
    {
        let message = format!("the name `{}` of the first version {problem}", shortened(&first.name));
        let place = path.field("versions").index(0).field("name");
        errors.invalid(&place, message).says(problem.says.clone()).called(path.field("version"));
    }
}

/// `validateCustomResourceDefinitionVersion`, for what is not the same in all versions.
fn version(
    spec: &CustomResourceDefinitionSpec,
    version: &CustomResourceDefinitionVersion,
    shared: &Shared,
    options: &Options,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let warning = version.deprecation_warning.as_deref();
    deprecation(version.deprecated == Some(true), warning, &path.field("deprecationWarning"), errors);
    // Of versions with one name the first counts.
    let named = spec.versions.iter().find(|other| other.name == version.name).unwrap_or(version);
    let has_status = named.subresources.as_ref().is_some_and(|subresources| subresources.status.is_some());
    let written = path.fields(&["schema", "openAPIV3Schema"]);
    if !shared.schema
        && let Some(schema) = schema_of(version)
    {
        schema::root(schema, has_status, shared.structural, options, &written, errors);
    }
    if !shared.subresources {
        fields::subresources(version.subresources.as_ref(), &path.field("subresources"), errors);
    }
    if !shared.columns {
        fields::columns(version.additional_printer_columns.as_deref(), &path.field("additionalPrinterColumns"), errors);
    }
    let list = selectable(version);
    if !shared.selectable_fields && !list.is_empty() {
        let path = path.field("selectableFields");
        match schema_of(version).filter(|_| !shared.schema) {
            Some(schema) => {
                let keep = options.many_fields.contains(&version.name);
                fields::selectable_fields(list, schema, keep, &path, errors);
            }
            None => apart(&path, errors),
        }
    }
}

/// What is the same in all versions; its places are those of the first.
pub(super) fn check_shared(
    spec: &CustomResourceDefinitionSpec,
    shared: &Shared,
    options: &Options,
    errors: &mut Errors<'_>,
) {
    let Some(version) = spec.versions.first() else { return };
    let top = Path::root().field("spec");
    let path = top.field("versions").index(0);
    if shared.schema
        && let Some(schema) = schema_of(version)
    {
        let has_status = |version: &CustomResourceDefinitionVersion| {
            version.subresources.as_ref().is_some_and(|subresources| subresources.status.is_some())
        };
        let has_status = spec.versions.iter().any(has_status);
        errors.renamed(&path.field("schema"), &top.field("validation"), |errors| {
            schema::root(
                schema,
                has_status,
                shared.structural,
                options,
                &path.fields(&["schema", "openAPIV3Schema"]),
                errors,
            );
        });
    }
    if shared.subresources {
        let place = path.field("subresources");
        errors.renamed(&place, &top.field("subresources"), |errors| {
            fields::subresources(version.subresources.as_ref(), &place, errors);
        });
    }
    if shared.columns {
        let place = path.field("additionalPrinterColumns");
        errors.renamed(&place, &top.field("additionalPrinterColumns"), |errors| {
            fields::columns(version.additional_printer_columns.as_deref(), &place, errors);
        });
    }
    let list = selectable(version);
    if shared.selectable_fields && !list.is_empty() {
        let place = path.field("selectableFields");
        errors.renamed(&place, &top.field("selectableFields"), |errors| {
            match schema_of(version).filter(|_| shared.schema) {
                Some(schema) => {
                    fields::selectable_fields(list, schema, options.many_fields.contains(""), &place, errors);
                }
                None => apart(&place, errors),
            }
        });
    }
}

/// The server misses the schema if schemas differ and selectable fields do not, or the other way round.
fn apart(path: &Path, errors: &mut Errors<'_>) {
    let message = "selectable fields need a schema, and must differ between versions where the schemas differ";
    let finding = errors.invalid(path, message);
    finding.help("give all versions the same schema and fields, or let both differ");
}

/// `validateDeprecationWarning`.
fn deprecation(deprecated: bool, warning: Option<&str>, path: &Path, errors: &mut Errors<'_>) {
    const LIMIT: usize = 256;
    let Some(warning) = warning else { return };
    if !deprecated {
        let message = "only a version with `deprecated: true` can warn of its end";
        errors.invalid(path, message).help("add `deprecated: true`, or remove the warning");
        return;
    }
    if warning.len() > LIMIT {
        errors.invalid(path, format!("the warning has {} bytes, more than {LIMIT}", warning.len()));
    }
    if warning.is_empty() {
        errors.invalid(path, "the warning is empty").help("remove it; the server has one of its own");
    }
    if warning.contains(|letter: char| letter.is_control() || (letter.is_whitespace() && letter != ' ')) {
        errors.invalid(path, "the warning contains a character that cannot be printed");
    }
}

/// The formats in the schemas that the server does not know and therefore ignores, each with its type.
pub(super) fn formats(spec: &CustomResourceDefinitionSpec) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for schema in schemas(spec) {
        walk::any(schema, |schema| {
            found.extend(schema::unknown_format(schema).map(str::to_owned));
            false
        });
    }
    found
}

/// The server warns of formats that it does not know, unless the old definition had them; it has done so since 1.35.
pub(super) fn warn_of_formats(spec: &CustomResourceDefinitionSpec, known: &BTreeSet<String>, errors: &mut Errors<'_>) {
    if !errors.server.does(Since::UnknownFormats) {
        return;
    }
    let list = Path::root().fields(&["spec", "versions"]);
    for format in formats(spec).difference(known) {
        let found = spec.versions.iter().enumerate().find_map(|(index, version)| {
            place_of(format, schema_of(version)?, &list.index(index).fields(&["schema", "openAPIV3Schema"]))
        });
        let message = format!("the server does not know the format `{}`, and ignores it", shortened(format));
        let finding = errors.warn(&found.unwrap_or_else(|| list.clone()), message);
        finding.help("remove it, or say what you mean by `pattern` and the like");
    }
}

/// Where a schema has a format that the server does not know.
fn place_of(format: &str, schema: &JSONSchemaProps, path: &Path) -> Option<Path> {
    if schema::unknown_format(schema) == Some(format) {
        return Some(path.field("format"));
    }
    let property =
        |(name, property): (&String, &JSONSchemaProps)| place_of(format, property, &path.field("properties").key(name));
    schema
        .properties
        .iter()
        .flatten()
        .find_map(property)
        .or_else(|| place_of(format, walk::item(schema)?, &path.field("items")))
        .or_else(|| {
            let additional = walk::additional(schema.additional_properties.as_ref())?;
            place_of(format, additional, &path.field("additionalProperties"))
        })
}
