//! Annotations that the API server reads, because fields were annotations once.
//!
//! Mirrors `ValidatePodSpecificAnnotations`, `validateSeccompAnnotationsAndFields` and
//! `validateAppArmorAnnotationsAndFieldsMatchOnCreate` in pkg/apis/core/validation (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{AppArmorProfile, PodSpec, SeccompProfile, Toleration};

use super::containers;
use crate::admission::core::form::Form;
use crate::admission::core::scheduling;
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::paths::path_inside;
use crate::finding::quoted;
use crate::yaml::Path;

pub(super) const MIRROR: &str = "kubernetes.io/config.mirror";
const TOLERATIONS: &str = "scheduler.alpha.kubernetes.io/tolerations";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
pub(super) const SECCOMP_OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_OF_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The annotations at `path`, which the API server calls `field`, of the pod with this spec.
pub(super) fn check(
    annotations: Option<&BTreeMap<String, String>>,
    spec: &PodSpec,
    path: &Path,
    field: &Path,
    errors: &mut Errors<'_>,
) {
    let Some(annotations) = annotations.filter(|annotations| !annotations.is_empty()) else { return };
    if annotations.contains_key(MIRROR) && spec.node_name.as_deref().is_none_or(str::is_empty) {
        let message = "the annotation of a mirror pod is for pods with a `nodeName`";
        errors
            .invalid(&path.key(MIRROR), message)
            .says("must set spec.nodeName if mirror pod annotation is set")
            .called(field.key(MIRROR))
            .help("remove it");
    }
    if let Some(text) = annotations.get(TOLERATIONS).filter(|text| !text.is_empty()) {
        if let Ok(tolerations) = serde_json::from_str::<Option<Vec<Toleration>>>(text) {
            scheduling::tolerations(&tolerations.unwrap_or_default(), &path.field(TOLERATIONS), errors);
        } else {
            let message = format!("the annotation `{TOLERATIONS}` must be a JSON list of tolerations");
            let finding = errors.invalid(&path.key(TOLERATIONS), message).called(field.clone());
            finding.help("use the field `tolerations`");
        }
    }
    if let Some(cost) = annotations.get(DELETION_COST).filter(|cost| !is_deletion_cost(cost)) {
        let message = format!("the cost of deleting the pod must be a whole number, not `{}`", shortened(cost));
        let finding = errors
            .invalid(&path.key(DELETION_COST), message)
            .says("must be a 32bit integer")
            .called(field.key(DELETION_COST));
        finding.help("write a number of 32 bits without `+` and zeros before it");
    }
    for (key, value) in annotations {
        if key == SECCOMP_OF_POD || key.starts_with(SECCOMP_OF_CONTAINER) {
            seccomp(value, &path.key(key), &field.field(key.clone()), errors);
        } else if let Some(container) = key.strip_prefix(APP_ARMOR) {
            let (path, field) = (path.key(key), field.key(key));
            if !containers::all(spec).any(|other| other.name == container) {
                let message = format!("the pod has no container `{}` for the AppArmor profile", shortened(container));
                let place = errors.key_place(&path);
                errors
                    .invalid(&path, message)
                    .of(container)
                    .says("container not found")
                    .at(place)
                    .called(field.clone());
            }
            if !["", "runtime/default", "unconfined"].contains(&value.as_str()) && !value.starts_with("localhost/") {
                let message = format!("`{}` is no AppArmor profile", shortened(value));
                let finding = errors
                    .invalid(&path, message)
                    .of(value.as_str())
                    .says(format!("invalid AppArmor profile name: {}", quoted(value)))
                    .called(field);
                finding.help("write `runtime/default`, `unconfined` or `localhost/` and a name");
            }
        }
    }
}

/// A number of 32 bits whose first digit counts.
fn is_deletion_cost(text: &str) -> bool {
    let first = text.bytes().next();
    text.parse::<i32>().is_ok()
        && (text == "0" || first.is_some_and(|byte| byte == b'-' || (b'1'..=b'9').contains(&byte)))
}

fn seccomp(profile: &str, path: &Path, field: &Path, errors: &mut Errors<'_>) {
    if ["runtime/default", "docker/default", "unconfined"].contains(&profile) {
        return;
    }
    let Some(name) = profile.strip_prefix("localhost/") else {
        let message = format!("`{}` is no seccomp profile", shortened(profile));
        errors
            .invalid(path, message)
            .of(profile)
            .says("must be a valid seccomp profile")
            .called(field.clone())
            .help("use the field `seccompProfile`");
        return;
    };
    path_inside(name, path, field, errors);
}

/// Whether annotations and fields say the same of the pod spec at `path`. Of a Pod, the server turns the annotations of
/// `AppArmor` into fields before it asks (`applyAppArmorVersionSkew` of pkg/registry/core/pod).
pub(super) fn agree(
    annotations: Option<&BTreeMap<String, String>>,
    spec: &PodSpec,
    form: Form,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let Some(annotations) = annotations.filter(|annotations| !annotations.is_empty()) else { return };
    let of_pod = spec.security_context.as_ref();
    if let Some(profile) = of_pod.and_then(|context| context.seccomp_profile.as_ref())
        && let Some(annotation) = annotations.get(SECCOMP_OF_POD)
    {
        let at = path.fields(&["securityContext", "seccompProfile"]);
        disagreement(seccomp_field(profile, annotation), SECCOMP_OF_POD, &at, errors);
    }
    let is_windows = spec.os.as_ref().is_some_and(|os| os.name == "windows");
    for container in containers::all(spec) {
        let own = container.security_context;
        let key = format!("{SECCOMP_OF_CONTAINER}{}", container.name);
        if let Some(profile) = own.and_then(|context| context.seccomp_profile.as_ref())
            && let Some(annotation) = annotations.get(&key)
        {
            let at = container.path(path).fields(&["securityContext", "seccompProfile"]);
            disagreement(seccomp_field(profile, annotation), &key, &at, errors);
        }
        let key = format!("{APP_ARMOR}{}", container.name);
        let own = own.and_then(|context| context.app_armor_profile.as_ref());
        let profile = own.or_else(|| of_pod.and_then(|context| context.app_armor_profile.as_ref()));
        let becomes_field = |annotation: &str| form == Form::Pod && own.is_none() && is_app_armor_profile(annotation);
        if let Some(profile) = profile
            && let Some(annotation) = annotations.get(&key).filter(|_| !is_windows)
            && !becomes_field(annotation)
        {
            let at = container.path(path).fields(&["securityContext", "appArmorProfile"]);
            disagreement(app_armor_field(profile, annotation), &key, &at, errors);
        }
    }
}

/// Whether the annotation can become a field (`ApparmorFieldForAnnotation`).
fn is_app_armor_profile(annotation: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.trim() == name && name.len() <= 4095;
    matches!(annotation, "runtime/default" | "unconfined") || annotation.strip_prefix("localhost/").is_some_and(is_name)
}

/// The field of the profile that the annotation contradicts.
fn seccomp_field(profile: &SeccompProfile, annotation: &str) -> Option<&'static str> {
    match profile.type_.as_str() {
        "Unconfined" => (annotation != "unconfined").then_some("type"),
        "RuntimeDefault" => (!["runtime/default", "docker/default"].contains(&annotation)).then_some("type"),
        "Localhost" => local_field(profile.localhost_profile.as_deref(), annotation),
        _ => None,
    }
}

fn app_armor_field(profile: &AppArmorProfile, annotation: &str) -> Option<&'static str> {
    match profile.type_.as_str() {
        "Unconfined" => (annotation != "unconfined").then_some("type"),
        "RuntimeDefault" => (annotation != "runtime/default").then_some("type"),
        "Localhost" => local_field(profile.localhost_profile.as_deref(), annotation),
        _ => None,
    }
}

fn local_field(profile: Option<&str>, annotation: &str) -> Option<&'static str> {
    match annotation.strip_prefix("localhost/") {
        None => Some("type"),
        Some(name) => (profile != Some(name)).then_some("localhostProfile"),
    }
}

fn disagreement(field: Option<&'static str>, key: &str, path: &Path, errors: &mut Errors<'_>) {
    let Some(field) = field else { return };
    let message = format!("the profile is not the one that the annotation `{}` names", shortened(key));
    errors.forbidden(&path.field(field), message).help("remove the annotation, which has no effect any more");
}
