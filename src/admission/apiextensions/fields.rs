//! The fields of custom resources that a definition names: columns, subresources, selectable fields.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceSubresources, JSONSchemaProps, JSONSchemaPropsOrBool, SelectableField,
};

use super::{structural, walk};
use crate::admission::errors::{Errors, shortened};
use crate::yaml::Path;

/// How many selectable fields a version may have.
pub(super) const SELECTABLE_LIMIT: usize = 8;

const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

/// `ValidateCustomResourceColumnDefinition`.
pub(super) fn columns(columns: Option<&[CustomResourceColumnDefinition]>, path: &Path, errors: &mut Errors<'_>) {
    for (index, column) in columns.unwrap_or_default().iter().enumerate() {
        let path = path.index(index);
        if column.name.is_empty() {
            errors.required(&path.field("name"), "the column has no name");
        }
        let one_of = || format!("write one of {}", listed(&COLUMN_TYPES));
        if column.type_.is_empty() {
            errors
                .required(&path.field("type"), "the column has no type")
                .says("must be one of boolean,date,integer,number,string")
                .help(one_of());
        } else if !COLUMN_TYPES.contains(&column.type_.as_str()) {
            let message = format!("a column cannot have the type `{}`", shortened(&column.type_));
            errors
                .invalid(&path.field("type"), message)
                .says("must be one of boolean,date,integer,number,string")
                .help(one_of());
        }
        if let Some(format) = column.format.as_deref().filter(|format| !format.is_empty())
            && !COLUMN_FORMATS.contains(&format)
        {
            let message = format!("a column cannot have the format `{}`", shortened(format));
            let help = format!("write one of {}", listed(&COLUMN_FORMATS));
            errors
                .invalid(&path.field("format"), message)
                .says("must be one of byte,date,date-time,double,float,int32,int64,password")
                .help(help);
        }
        let (place, field) = (path.field("jsonPath"), path.field("JSONPath"));
        if column.json_path.is_empty() {
            let finding = errors.required(&place, "the column does not say which field it shows").called(field);
            finding.help("add a `jsonPath`, as in `.spec.replicas`");
        } else if !column.json_path.starts_with('.') {
            not_a_path(&column.json_path, &place, errors).called(field);
        }
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn not_a_path<'e>(text: &str, path: &Path, errors: &'e mut Errors<'_>) -> &'e mut crate::finding::Finding {
    let message = format!("the path `{}` must start with a dot", shortened(text));
    errors
        .invalid(path, message)
        .of(text)
        .says("must be a simple json path starting with .")
        .help("write it as in `.spec.replicas`")
}

/// `ValidateCustomResourceDefinitionSubresources`.
pub(super) fn subresources(given: Option<&CustomResourceSubresources>, path: &Path, errors: &mut Errors<'_>) {
    let Some(scale) = given.and_then(|given| given.scale.as_ref()) else { return };
    let path = path.field("scale");
    let parts: [(&'static str, &str, &[&str]); 3] = [
        ("specReplicasPath", &scale.spec_replicas_path, &[".spec."]),
        ("statusReplicasPath", &scale.status_replicas_path, &[".status."]),
        ("labelSelectorPath", scale.label_selector_path.as_deref().unwrap_or_default(), &[".spec.", ".status."]),
    ];
    for (name, text, places) in parts {
        let path = path.field(name);
        if text.is_empty() {
            if name != "labelSelectorPath" {
                let finding = errors.required(&path, format!("the scale has no `{name}`"));
                finding.help(format!("write for example `{}replicas`", places[0]));
            }
        } else if !text.starts_with('.') {
            not_a_path(text, &path, errors);
        } else if !places.iter().any(|place| text.starts_with(place)) {
            let places = places.iter().map(|place| format!("`{place}`")).collect::<Vec<_>>().join(" or ");
            errors.invalid(&path, format!("the path `{}` must start with {places}", shortened(text))).says(
                match name {
                    "specReplicasPath" => "should be a json path under .spec",
                    "statusReplicasPath" => "should be a json path under .status",
                    _ => "should be a json path under either .spec or .status",
                },
            );
        }
    }
}

/// `ValidateCustomResourceSelectableFields`.
pub(super) fn selectable_fields(
    list: &[SelectableField],
    schema: &JSONSchemaProps,
    keep_many: bool,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    if !structural::is_convertible(schema) {
        // What is wrong with the schema is said where it stands.
        return;
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (index, SelectableField { json_path }) in list.iter().enumerate() {
        let at = path.index(index).field("jsonPath");
        if json_path.is_empty() {
            errors.required(&at, "the selectable field has no `jsonPath`").help("write it as in `.spec.color`");
            continue;
        }
        let (steps, found) = match field_path(json_path, schema, false) {
            Ok(found) => found,
            Err(problem) => {
                let message = format!("the path `{}` {problem}", shortened(json_path));
                errors.invalid(&at, message).help("write it as in `.spec.color`");
                continue;
            }
        };
        if steps.first().is_some_and(|first| first == "metadata") {
            errors
                .invalid(&at, "fields of the metadata are not selectable by a definition")
                .says("must not point to fields in metadata")
                .help("remove it");
        }
        if !matches!(walk::type_of(found), "string" | "boolean" | "integer") {
            let message = format!("the field `{}` is no text, number or truth value", shortened(json_path));
            errors.invalid(&at, message).says("must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.");
        }
        let first = *seen.entry(steps.join("/")).or_insert(index);
        if first != index {
            let place = errors.place(&path.index(first).field("jsonPath"));
            let message = format!("the field `{}` stands in the list already", shortened(json_path));
            errors.duplicate(&at, message).related(place, "here");
        }
    }
    if seen.len() > SELECTABLE_LIMIT && !keep_many {
        let message = format!("there are {} selectable fields, more than {SELECTABLE_LIMIT}", seen.len());
        errors.too_many(path, message);
    }
}

/// The names of the fields on a path, and the schema at its end (`ValidFieldPath`). What is wrong otherwise, in words that
/// follow the path.
pub(super) fn field_path<'s>(
    text: &str,
    schema: &'s JSONSchemaProps,
    brackets: bool,
) -> Result<(Vec<String>, &'s JSONSchemaProps), String> {
    const END: &str = "ends too early";
    let mut here = Some(schema);
    let mut steps = Vec::new();
    let mut tokens = tokens(text).into_iter();
    while let Some(token) = tokens.next() {
        let name = match token {
            "[" if !brackets => return Err("cannot have brackets".to_owned()),
            "[" => {
                let quoted = tokens.next().ok_or(END)?;
                let inner = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
                let inner = inner.ok_or_else(|| format!("has no text in single quotes where `{quoted}` stands"))?;
                inner.replace("\\'", "'").replace("\\\\", "\\")
            }
            "." => tokens.next().ok_or(END)?.to_owned(),
            other => return Err(format!("has `{other}` where a dot or a bracket must stand")),
        };
        let unknown = || format!("names `{name}`, which the schema does not have");
        let schema = here.ok_or_else(unknown)?;
        let has_properties = schema.properties.as_ref().is_some_and(|properties| !properties.is_empty());
        here = if has_properties {
            Some(walk::property(schema, &name).ok_or_else(unknown)?)
        } else {
            match &schema.additional_properties {
                Some(JSONSchemaPropsOrBool::Schema(value)) => Some(value),
                Some(JSONSchemaPropsOrBool::Bool(_)) => None,
                None => return Err(unknown()),
            }
        };
        steps.push(name);
        if token == "[" && tokens.next() != Some("]") {
            return Err("has a bracket that is not closed".to_owned());
        }
    }
    Ok((steps, here.unwrap_or(schema)))
}

/// Dots, brackets, texts in single quotes, and what stands between them.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let length = if rest.starts_with('\'') {
            let mut escaped = false;
            let end = rest.char_indices().skip(1).find(|(_, letter)| {
                let ends = *letter == '\'' && !escaped;
                escaped = *letter == '\\';
                ends
            });
            end.map_or(rest.len(), |(at, _)| at + 1)
        } else if rest.starts_with(['.', '[', ']']) {
            1
        } else {
            rest.find(['.', '[', ']']).unwrap_or(rest.len())
        };
        tokens.push(&rest[..length]);
        rest = &rest[length..];
    }
    tokens
}
