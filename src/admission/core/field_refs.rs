//! References to the fields of a pod and the resources of its containers, in variables and volumes.
//!
//! Mirrors `validateObjectFieldSelector` and `validateContainerResourceFieldSelector` in pkg/apis/core/validation, and
//! `ConvertDownwardAPIFieldLabel` in pkg/apis/core/pods (v1.36).

use k8s_openapi::api::core::v1::{ObjectFieldSelector, ResourceFieldSelector};

use crate::admission::core::resources;
use crate::admission::errors::{Errors, shortened};
use crate::values::names;
use crate::yaml::Path;

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
        errors
            .invalid(&at, message)
            .says(format!("error converting fieldPath: unsupported pod version: {version}"))
            .called(called_at)
            .help("leave `apiVersion` out");
    } else if !known {
        let finding = errors
            .invalid(&at, format!("pods have no field `{}` that can be read here", shortened(field)))
            .says(format!("error converting fieldPath: field label not supported: {field}"));
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
            errors.invalid(&at, message).of(key.as_str()).problem(problem).called(called.clone());
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
    let (supported, list, what) = match resource {
        "limits.cpu" | "requests.cpu" => (&["1m", "1"][..], "1m and 1".to_owned(), "cpu"),
        "limits.memory" | "requests.memory" => (DIVISORS, DIVISORS.join(", "), "memory"),
        _ if is_huge_pages => (DIVISORS, DIVISORS.join(", "), "hugepages"),
        _ if RESOURCES.contains(&resource) => (DIVISORS, DIVISORS.join(", "), "local ephemeral storage"),
        _ => return,
    };
    if !supported.contains(&divisor.as_str()) {
        let says = format!("only divisor's values {list} are supported with the {what} resource");
        let message = format!("`{}` cannot be divided by `{}`", shortened(resource), shortened(&divisor));
        let finding =
            errors.invalid(&path.field("divisor"), message).of(resource).says(says).called(called.field("divisor"));
        finding.help(format!("write one of `{}`", supported.join("`, `")));
    }
}
