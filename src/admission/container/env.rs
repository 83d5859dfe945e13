//! Environment variables of containers.
//!
//! Mirrors `ValidateEnv`, `ValidateEnvFrom` and what they call in pkg/apis/core/validation, and
//! `ConvertDownwardAPIFieldLabel` in pkg/apis/core/pods (v1.36).

use k8s_openapi::api::core::v1::{
    Container, EnvVar, EnvVarSource, FileKeySelector, ObjectFieldSelector, ResourceFieldSelector,
};

use super::options::Options;
use crate::admission::core::resources;
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

/// What of a pod has a name at all in version `v1`; `spec.host` is an old name of `spec.nodeName`.
const FIELDS_OF_PODS: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.host",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.phase",
    "status.podIP",
    "status.podIPs",
];

/// What of a container's resources can be read.
const RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// By what amounts of bytes can be divided.
const DIVISORS: &[&str] = &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

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
        let finding = errors.invalid(path, format!("`valueFrom` of variable `{name}` does not say from where"));
        finding.help(format!("give one of `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef`{files}"));
    } else if variable.value.as_deref().is_some_and(|value| !value.is_empty()) {
        let place = path.parent().map(|variable| errors.place(&variable.field("value")));
        let finding = errors.invalid(path, format!("variable `{name}` has `valueFrom` as well as `value`"));
        finding.help("keep one of them");
        if let Some(place) = place {
            finding.related(place, "the value");
        }
    } else if sources > 1 {
        let message = format!("variable `{name}` takes its value from {sources} sources");
        errors.invalid(path, message).help("keep one of them");
    }
}

/// A field of the pod, of those in `supported` (`validateObjectFieldSelector`). The API server calls the place `called`.
pub(in crate::admission) fn field_ref(
    selector: &ObjectFieldSelector,
    supported: &[&str],
    path: &Path,
    called: &Path,
    errors: &mut Errors<'_>,
) {
    let (version, field) = (selector.api_version.as_deref().unwrap_or_default(), selector.field_path.as_str());
    let (at, called_at) = (path.field("fieldPath"), called.field("fieldPath"));
    if version.is_empty() {
        let message = "the reference to a field of the pod has no API version";
        errors.required(&path.field("apiVersion"), message).called(called.field("apiVersion"));
        return;
    }
    if field.is_empty() {
        errors.required(&at, "the reference does not say which field of the pod it means").called(called_at);
        return;
    }
    let subscript = field.strip_suffix("']").and_then(|field| field.split_once("['"));
    let subscript = subscript.filter(|(map, _)| !map.is_empty());
    let known = match subscript {
        Some((map, _)) => matches!(map, "metadata.annotations" | "metadata.labels"),
        None => FIELDS_OF_PODS.contains(&field),
    };
    if version != "v1" {
        let message = format!("pods have no version `{}` whose fields could be meant", shortened(version));
        errors.invalid(&at, message).called(called_at).help("leave `apiVersion` out");
    } else if !known {
        let finding = errors.invalid(&at, format!("pods have no field `{}` that can be read here", shortened(field)));
        finding.called(called_at).help(match crate::nearest::nearest(field, supported.iter().copied()) {
            Some(near) => format!("write `{near}`"),
            None => format!("write one of `{}`, or `metadata.labels['…']`", supported.join("`, `")),
        });
    } else if let Some((map, key)) = subscript {
        // The keys of annotations are compared without regard to case.
        let is_label = map == "metadata.labels";
        let key = if is_label { key.to_owned() } else { key.to_lowercase() };
        for problem in names::qualified_name(&key) {
            let what = if is_label { "a label" } else { "an annotation" };
            let message = format!("the key `{}` of {what} {problem}", shortened(&key));
            errors.invalid(&at, message).called(called.clone());
        }
    } else {
        let field = if field == "spec.host" { "spec.nodeName" } else { field };
        if !supported.contains(&field) {
            errors.unsupported(&at, "the field of the pod", field, supported.iter().copied()).called(called_at);
        }
    }
}

/// A request or limit of a container; in a volume it must name the container (`validateContainerResourceFieldSelector`).
/// The API server calls the place `called`.
pub(in crate::admission) fn resource_field_ref(
    selector: &ResourceFieldSelector,
    in_volume: bool,
    path: &Path,
    called: &Path,
    errors: &mut Errors<'_>,
) {
    let resource = selector.resource.as_str();
    let is_huge_pages = resource.starts_with("requests.hugepages-") || resource.starts_with("limits.hugepages-");
    if in_volume && selector.container_name.as_deref().is_none_or(str::is_empty) {
        let finding =
            errors.required(&path.field("containerName"), "the reference does not say whose resources it means");
        finding.called(called.field("containerName"));
    } else if resource.is_empty() {
        let finding = errors.required(&path.field("resource"), "the reference does not say which resource it means");
        finding.called(called.field("resource"));
    } else if !RESOURCES.contains(&resource) && !is_huge_pages {
        let at = path.field("resource");
        let finding = errors.unsupported(&at, "the resource of a reference", resource, RESOURCES.iter().copied());
        finding.called(called.field("resource"));
    }
    let divisor = selector.divisor.as_ref().and_then(resources::amount).filter(|divisor| !divisor.is_zero());
    let Some(divisor) = divisor.map(|divisor| divisor.to_string()) else { return };
    let supported = match resource {
        "limits.cpu" | "requests.cpu" => &["1m", "1"][..],
        _ if RESOURCES.contains(&resource) || is_huge_pages => DIVISORS,
        _ => return,
    };
    if !supported.contains(&divisor.as_str()) {
        let message = format!("`{}` cannot be divided by `{}`", shortened(resource), shortened(&divisor));
        let finding = errors.invalid(&path.field("divisor"), message).called(called.field("divisor"));
        finding.help(format!("write one of `{}`", supported.join("`, `")));
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
        errors.invalid(&path.field("name"), format!("the reference does not name the {kind}"));
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
            let finding = errors.invalid(&at, "the entry does not say where its variables come from");
            finding.called(path.clone()).help("give `configMapRef` or `secretRef`");
        } else if count > 1 {
            let finding =
                errors.invalid(&at, "the entry takes its variables from a ConfigMap as well as from a Secret");
            finding.called(path.clone()).help("make two entries of it");
        }
    }
}
