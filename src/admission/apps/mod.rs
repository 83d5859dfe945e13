//! Deployments, `ReplicaSets`, `StatefulSets`, `DaemonSets` and `ReplicationControllers`.
//!
//! Mirrors pkg/apis/apps/validation, `ValidateReplicationController` in pkg/apis/core/validation, and the strategies in
//! pkg/registry/apps (v1.36).

mod daemon_set;
mod defaults;
mod deployment;
mod replication_controller;
mod selection;
mod stateful_set;

pub(super) use self::selection::{Selection, query, selector_changed};

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::core::pod;
use super::errors::{Errors, shortened};
use crate::values::names;
use crate::yaml::Path;

/// The pods of a workload that keeps them running: their template at `path`, which replaces `old`, and what such a
/// workload cannot do with them.
fn lasting_pods(
    kind: &str,
    template: &PodTemplateSpec,
    old: Option<&PodTemplateSpec>,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    pod::template_update(template, old, path, errors);
    lasting(kind, template, path, errors);
}

/// What pods cannot have that are to run for ever.
fn lasting(kind: &str, template: &PodTemplateSpec, path: &Path, errors: &mut Errors<'_>) {
    let Some(spec) = &template.spec else { return };
    // Other values are none of a pod's, and that is said already.
    if let Some(policy @ ("OnFailure" | "Never")) = spec.restart_policy.as_deref() {
        let path = path.fields(&["spec", "restartPolicy"]);
        let what = format!("the restart policy of the pods of a {kind}");
        let finding = errors.unsupported(&path, what, policy, ["Always"]);
        finding.help("write `Always`, or use a Job if the pods are to end");
    }
    if spec.active_deadline_seconds.is_some() {
        let path = path.fields(&["spec", "activeDeadlineSeconds"]);
        let finding = errors
            .forbidden(&path, format!("the pods of a {kind} cannot have `activeDeadlineSeconds`"))
            .says(format!("activeDeadlineSeconds in {kind} is not Supported"));
        finding.help("delete it, or use a Job if the pods are to end");
    }
}

/// Pods are called after their workload, which works out only if its name is a label (`WarningsOnCreate`).
pub(super) fn name_warning(meta: &ObjectMeta, kind: &str, errors: &mut Errors<'_>) {
    let name = meta.name.as_deref().unwrap_or_default();
    if names::dns1123_label(name).is_empty() || !names::dns1123_subdomain(name).is_empty() {
        return;
    }
    let metadata = Path::root().field("metadata");
    let given = metadata.field("name");
    let field = if errors.is_written(&given) { given } else { metadata.field("generateName") };
    let message =
        format!("pods get names and hostnames from the {kind}'s name `{}`, which is no DNS label", shortened(name));
    errors.warn(&field, message).help("use at most 63 lower-case letters, digits and `-`, without dots");
}
