//! Environment variables of containers.
//!
//! Mirrors `ValidateEnv`, `ValidateEnvFrom` and what they call in pkg/apis/core/validation, and
//! `ConvertDownwardAPIFieldLabel` in pkg/apis/core/pods (v1.36).

use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, FileKeySelector};

use super::options::Options;
use crate::admission::core::field_refs::{field_ref, resource_field_ref};
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::meta::without_trailing_dash;
use crate::admission::shared::paths::without_parent;
use crate::values::names::{self, Problems};
use crate::yaml::Path;

/// What of a pod can become the value of a variable.
const FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// The variables of a container, at `path`.
pub(super) fn variables(container: &Container, options: &Options, path: &Path, errors: &mut Errors<'_>) {
    for (index, variable) in container.env.iter().flatten().enumerate() {
        let path = path.index(index);
        if variable.name.is_empty() {
            errors.required(&path.field("name"), "the environment variable has no name");
        } else {
            let what = || format!("the name `{}` of an environment variable", shortened(&variable.name));
            each(errors, &path.field("name"), variable_name(&variable.name, options), what);
        }
        if let Some(source) = &variable.value_from {
            value_from(variable, source, options, &path.field("valueFrom"), errors);
        }
    }
}

/// Reports each of `problems`.
fn each(errors: &mut Errors<'_>, path: &Path, problems: Problems, what: impl FnOnce() -> String) {
    if !problems.is_empty() {
        errors.each_invalid(path, what(), problems);
    }
}

fn variable_name(name: &str, options: &Options) -> Problems {
    if options.allow_relaxed_env_names { names::relaxed_env_var_name(name) } else { names::env_var_name(name) }
}

/// Where the value of a variable comes from (`validateEnvVarValueFrom`).
fn value_from(variable: &EnvVar, source: &EnvVarSource, options: &Options, path: &Path, errors: &mut Errors<'_>) {
    let mut sources = 0;
    if let Some(selector) = &source.field_ref {
        sources += 1;
        let path = path.field("fieldRef");
        field_ref(selector, FIELDS, &path, &path, errors);
    }
    if let Some(selector) = &source.resource_field_ref {
        sources += 1;
        let path = path.field("resourceFieldRef");
        resource_field_ref(selector, false, &path, &path, errors);
    }
    if let Some(selector) = &source.config_map_key_ref {
        sources += 1;
        key_ref("ConfigMap", &selector.name, &selector.key, &path.field("configMapKeyRef"), errors);
    }
    if let Some(selector) = &source.secret_key_ref {
        sources += 1;
        key_ref("Secret", &selector.name, &selector.key, &path.field("secretKeyRef"), errors);
    }
    if let Some(selector) = &source.file_key_ref {
        sources += 1;
        file_key_ref(selector, &path.field("fileKeyRef"), errors);
    }
    let name = shortened(&variable.name);
    if sources == 0 {
        let files = if options.allow_env_files { ", `fileKeyRef`" } else { "" };
        let finding = errors.invalid(path, format!("`valueFrom` of variable `{name}` does not say from where")).of("").says("must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
        finding.help(format!("give one of `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef`{files}"));
    } else if variable.value.as_deref().is_some_and(|value| !value.is_empty()) {
        let place = path.parent().map(|variable| errors.place(&variable.field("value")));
        let finding = errors
            .invalid(path, format!("variable `{name}` has `valueFrom` as well as `value`"))
            .of("")
            .says("may not be specified when `value` is not empty");
        finding.help("keep one of them");
        if let Some(place) = place {
            finding.related(place, "the value");
        }
    } else if sources > 1 {
        let message = format!("variable `{name}` takes its value from {sources} sources");
        errors
            .invalid(path, message)
            .of("")
            .says("may not have more than one field specified at a time")
            .help("keep one of them");
    }
}

/// A key of a `ConfigMap` or Secret (`validateConfigMapKeySelector`, `validateSecretKeySelector`).
fn key_ref(kind: &str, name: &str, key: &str, path: &Path, errors: &mut Errors<'_>) {
    object_name(kind, name, path, errors);
    if key.is_empty() {
        errors.required(&path.field("key"), format!("the reference does not say which key of the {kind} it means"));
    } else {
        let what = || format!("the key `{}` of a {kind}", shortened(key));
        each(errors, &path.field("key"), names::config_map_key(key), what);
    }
}

/// The name of a `ConfigMap` or Secret.
fn object_name(kind: &str, name: &str, path: &Path, errors: &mut Errors<'_>) {
    let problems = names::dns1123_subdomain(name);
    if problems.is_empty() {
        return;
    }
    if name.is_empty() {
        errors
            .invalid(&path.field("name"), format!("the reference does not name the {kind}"))
            .of("")
            .says(problems[0].says.clone());
    } else {
        errors.each_invalid(&path.field("name"), format!("the name `{}` of a {kind}", shortened(name)), problems);
    }
}

/// A variable in a file (`validateFileKeySelector`).
fn file_key_ref(selector: &FileKeySelector, path: &Path, errors: &mut Errors<'_>) {
    if selector.key.is_empty() {
        errors.required(&path.field("key"), "the reference does not say which variable of the file it means");
    } else {
        let what = || format!("the name `{}` of a variable", shortened(&selector.key));
        each(errors, &path.field("key"), names::relaxed_env_var_name(&selector.key), what);
    }
    if selector.volume_name.is_empty() {
        errors.required(&path.field("volumeName"), "the reference does not name the volume of the file");
    } else {
        let what = || format!("the volume name `{}`", shortened(&selector.volume_name));
        each(errors, &path.field("volumeName"), names::dns1123_label(&selector.volume_name), what);
    }
    if selector.path.is_empty() {
        errors.required(&path.field("path"), "the reference does not name the file");
    } else {
        let at = path.field("path");
        without_parent(&selector.path, &at, &at, errors);
    }
}

/// From where all variables of a `ConfigMap` or Secret come, at `path`. The API server blames the whole list for an entry
/// with too few or too many sources.
pub(super) fn sources(container: &Container, options: &Options, path: &Path, errors: &mut Errors<'_>) {
    for (index, source) in container.env_from.iter().flatten().enumerate() {
        let at = path.index(index);
        if let Some(prefix) = source.prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
            let what = || format!("the prefix `{}` of environment variables", shortened(prefix));
            each(errors, &at.field("prefix"), variable_name(prefix, options), what);
        }
        let names = [
            ("ConfigMap", "configMapRef", source.config_map_ref.as_ref().map(|source| &source.name)),
            ("Secret", "secretRef", source.secret_ref.as_ref().map(|source| &source.name)),
        ];
        let mut count = 0;
        for (kind, field, name) in names {
            let Some(name) = name else { continue };
            count += 1;
            if name.is_empty() {
                let message = format!("the reference does not name the {kind}");
                errors.required(&at.field(field).field("name"), message);
            } else {
                // The API server takes the name for a prefix here.
                let problems = names::dns1123_subdomain(&without_trailing_dash(name));
                let what = || format!("the name `{}` of a {kind}", shortened(name));
                each(errors, &at.field(field).field("name"), problems, what);
            }
        }
        if count == 0 {
            let finding = errors
                .invalid(&at, "the entry does not say where its variables come from")
                .of("")
                .says("must specify one of: `configMapRef` or `secretRef`");
            finding.called(path.clone()).help("give `configMapRef` or `secretRef`");
        } else if count > 1 {
            let finding = errors
                .invalid(&at, "the entry takes its variables from a ConfigMap as well as from a Secret")
                .of("")
                .says("may not have more than one field specified at a time");
            finding.called(path.clone()).help("make two entries of it");
        }
    }
}
