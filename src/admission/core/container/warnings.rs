//! What the API server warns about while it takes containers.
//!
//! Mirrors the parts about containers of `warningsForPodSpecAndMeta` in pkg/api/pod/warnings.go (v1.36). Left out: ports that
//! several containers declare, and names that several give to ports, because the rules `shared-port` and
//! `shared-port-name` say more about them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Container;

use super::{Pod, each};
use crate::admission::core::resources;
use crate::admission::errors::{Errors, shortened};
use crate::yaml::Path;

/// The containers of the pod whose spec is at `path`.
pub(super) fn of_pod(pod: Pod<'_>, path: &Path, errors: &mut Errors<'_>) {
    let annotations = path.parent().cloned().unwrap_or_default().fields(&["metadata", "annotations"]);
    each(pod.spec, path, &mut |container, path| {
        profiles_in_annotations(pod, container, &annotations, errors);
        fractions(container, path, errors);
        hidden_variables(container, &path.field("env"), errors);
        addresses(container, &path.field("ports"), errors);
    });
}

/// Profiles that were annotations before they were fields.
fn profiles_in_annotations(pod: Pod<'_>, container: &Container, path: &Path, errors: &mut Errors<'_>) {
    let Some(annotations) = pod.metadata.annotations.as_ref().filter(|annotations| !annotations.is_empty()) else {
        return;
    };
    let context = container.security_context.as_ref();
    let of_pod = pod.spec.security_context.as_ref();
    let seccomp = format!("container.seccomp.security.alpha.kubernetes.io/{}", container.name);
    if context.is_none_or(|context| context.seccomp_profile.is_none()) && annotations.contains_key(&seccomp) {
        let message = format!("the annotation `{}` has no effect since Kubernetes 1.27", shortened(&seccomp));
        let place = errors.key_place(&path.key(&seccomp));
        let finding = errors.warn(&path.key(seccomp), message).at(place);
        finding.help("write `seccompProfile` into the container's `securityContext`");
    }
    let app_armor = format!("container.apparmor.security.beta.kubernetes.io/{}", container.name);
    if let Some(written) = annotations.get(&app_armor)
        && context.is_none_or(|context| context.app_armor_profile.is_none())
    {
        let says_the_same = of_pod.and_then(|context| context.app_armor_profile.as_ref()).is_some_and(|profile| {
            let (kind, file) = match written.as_str() {
                "runtime/default" => ("RuntimeDefault", None),
                "unconfined" => ("Unconfined", None),
                other => ("Localhost", other.strip_prefix("localhost/")),
            };
            profile.type_ == kind && profile.localhost_profile.as_deref() == file
        });
        if !says_the_same {
            let message = format!("the annotation `{}` is deprecated since Kubernetes 1.30", shortened(&app_armor));
            let place = errors.key_place(&path.key(&app_armor));
            let finding = errors.warn(&path.key(app_armor), message).at(place);
            finding.help("write `appArmorProfile` into the container's `securityContext`");
        }
    }
}

/// Bytes come in whole numbers.
fn fractions(container: &Container, path: &Path, errors: &mut Errors<'_>) {
    let Some(requirements) = &container.resources else { return };
    for (field, list) in [("limits", &requirements.limits), ("requests", &requirements.requests)] {
        for name in ["memory", "ephemeral-storage"] {
            let Some(value) = list.as_ref().and_then(|list| list.get(name)) else { continue };
            let is_fraction = resources::amount(value).is_some_and(|amount| amount.milli_value() % 1000 != 0);
            let path = path.fields(&["resources", field]).key(name);
            if is_fraction && errors.is_written(&path) {
                let message = format!("`{}` of `{name}` is a fraction of a byte", value.0);
                let finding = errors.warn(&path, message);
                if value.0.ends_with('m') {
                    finding.help("write `M` or `Mi` for megabytes; `m` means thousandths");
                }
            }
        }
    }
}

/// A variable that hides an earlier one of the same name, unless it builds on it.
fn hidden_variables(container: &Container, path: &Path, errors: &mut Errors<'_>) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, variable) in container.env.iter().flatten().enumerate() {
        let Some(first) = seen.get(variable.name.as_str()) else {
            seen.insert(&variable.name, index);
            continue;
        };
        let value = variable.value.as_deref().unwrap_or_default();
        let reference = format!("$({})", variable.name);
        if variable.value_from.is_some() || value == reference || !value.contains(&reference) {
            let place = errors.place(&path.index(*first));
            let name = shortened(&variable.name);
            let message =
                format!("the environment variable `{name}` hides an earlier one, which `kubectl apply` may drop");
            errors.warn(&path.index(index), message).related(place, "the earlier one").help("keep one of them");
        }
    }
}

/// Without a port of the node, its address is of no use.
fn addresses(container: &Container, path: &Path, errors: &mut Errors<'_>) {
    for (index, port) in container.ports.iter().flatten().enumerate() {
        let has_address = port.host_ip.as_deref().is_some_and(|address| !address.is_empty());
        if has_address && port.host_port.is_none_or(|number| number == 0) {
            let path = path.index(index);
            let finding = errors.warn(&path.field("hostIP"), "`hostIP` without `hostPort` has no effect");
            finding.help("add `hostPort`, or remove `hostIP`");
        }
    }
}
