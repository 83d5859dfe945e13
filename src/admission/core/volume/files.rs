//! Volumes whose files come from the API: Secrets, `ConfigMap`s, the pod's own fields.
//!
//! Mirrors `validateSecretVolumeSource`, `validateConfigMapVolumeSource`, `validateDownwardAPIVolumeSource` and their
//! parts in pkg/apis/core/validation (v1.36).

use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, DownwardAPIVolumeFile, DownwardAPIVolumeSource, KeyToPath, SecretVolumeSource,
};

use crate::admission::core::field_refs::{field_ref, resource_field_ref};
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::paths::path_inside;
use crate::finding::Finding;
use crate::yaml::Path;

/// The fields of a pod that can be files.
const FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

pub(super) fn secret(source: &SecretVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    if source.secret_name.as_deref().is_none_or(str::is_empty) {
        let finding = errors.required(&path.field("secretName"), "the volume does not say which Secret it is");
        finding.help("add `secretName`");
    }
    mode(source.default_mode, &path.field("defaultMode"), errors);
    items(source.items.as_deref(), &path.field("items"), errors);
}

pub(super) fn config_map(source: &ConfigMapVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    if source.name.is_empty() {
        errors.required(&path.field("name"), "the volume does not say which ConfigMap it is").help("add `name`");
    }
    mode(source.default_mode, &path.field("defaultMode"), errors);
    items(source.items.as_deref(), &path.field("items"), errors);
}

pub(super) fn downward_api(source: &DownwardAPIVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    mode(source.default_mode, &path.field("defaultMode"), errors);
    for (index, file) in source.items.iter().flatten().enumerate() {
        downward_file(file, &path.field("items").index(index), path, errors);
    }
}

/// A file at `path` with a field of the pod; the API server calls it `called`, by the name of the list's parent.
pub(super) fn downward_file(file: &DownwardAPIVolumeFile, path: &Path, called: &Path, errors: &mut Errors<'_>) {
    file_path(&file.path, &path.field("path"), &called.field("path"), errors);
    match (&file.field_ref, &file.resource_field_ref) {
        (Some(field), both) => {
            field_ref(field, FIELDS, &path.field("fieldRef"), &called.field("fieldRef"), errors);
            if both.is_some() {
                let message = "a file cannot have both `fieldRef` and `resourceFieldRef`";
                errors
                    .invalid(path, message)
                    .of("resource")
                    .says("fieldRef and resourceFieldRef can not be specified simultaneously")
                    .called(called.clone())
                    .help("make two files of it, or remove one");
            }
        }
        (None, Some(resource)) => {
            let field = "resourceFieldRef";
            resource_field_ref(resource, true, &path.field(field), &called.field(field), errors);
        }
        (None, None) => {
            let message = "the file does not say which field of the pod it holds";
            errors
                .required(path, message)
                .says("one of fieldRef and resourceFieldRef is required")
                .called(called.clone())
                .help("add `fieldRef` or `resourceFieldRef`");
        }
    }
    let at = path.field("mode");
    if let Some(mode) = file.mode.filter(|mode| !is_mode(*mode)) {
        bad_mode(mode, &at, errors).called(called.field("mode"));
    }
}

fn file_path(file: &str, path: &Path, called: &Path, errors: &mut Errors<'_>) {
    if file.is_empty() {
        errors.required(path, "the file has no path").called(called.clone());
    }
    unreserved(file, path, called, errors);
}

/// A path, called `called`, that stays inside its volume and does not begin like the names that the kubelet keeps for
/// itself (`ValidateLocalNonReservedPath`).
pub(super) fn unreserved(value: &str, path: &Path, called: &Path, errors: &mut Errors<'_>) {
    path_inside(value, path, called, errors);
    if value.starts_with("..") && value != ".." && !value.starts_with("../") {
        let message = format!("the path `{}` must not begin with `..`", shortened(value));
        errors.invalid(path, message).says("must not start with '..'").called(called.clone());
    }
}

/// The entries that become files (`validateKeyToPath`).
pub(super) fn items(items: Option<&[KeyToPath]>, path: &Path, errors: &mut Errors<'_>) {
    for (index, item) in items.unwrap_or_default().iter().enumerate() {
        let path = path.index(index);
        if item.key.is_empty() {
            errors.required(&path.field("key"), "the entry does not say which key it is");
        }
        if item.path.is_empty() {
            errors.required(&path.field("path"), "the entry does not say which file it becomes");
        }
        let at = path.field("path");
        unreserved(&item.path, &at, &at, errors);
        mode(item.mode, &path.field("mode"), errors);
    }
}

/// The permissions of a file.
pub(super) fn mode(mode: Option<i32>, path: &Path, errors: &mut Errors<'_>) {
    if let Some(mode) = mode.filter(|mode| !is_mode(*mode)) {
        bad_mode(mode, path, errors);
    }
}

fn is_mode(mode: i32) -> bool {
    (0..=0o777).contains(&mode)
}

fn bad_mode<'e>(mode: i32, path: &Path, errors: &'e mut Errors<'_>) -> &'e mut Finding {
    let message = format!("the permissions of files must be between 0 and 0777, not {mode}");
    // 644 is written where 0644 was meant.
    let meant = i32::from_str_radix(&mode.to_string(), 8).ok().filter(|meant| is_mode(*meant));
    let finding =
        errors.invalid(path, message).of(mode).says("must be a number between 0 and 0777 (octal), both inclusive");
    if let Some(meant) = meant {
        finding.help(format!("write `0{mode}` in YAML, or `{meant}` in JSON"));
    }
    finding
}
