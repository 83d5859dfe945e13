//! Admission plugins that are on by default and judge pods.
//!
//! They ask for objects of the cluster, which nobody knows here: a class that is not built in may exist and have any
//! value. Mirrors plugin/pkg/admission/{priority,runtimeclass,defaulttolerationseconds} (v1.36).

use k8s_openapi::api::core::v1::{PodSpec, Toleration};

use crate::admission::errors::{Errors, shortened};
use crate::yaml::Path;

/// What the plugins refuse of the new pod whose spec is at `path`.
pub(super) fn check(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    if errors.server.runs("Priority") {
        priority(spec, path, errors);
    }
    // Overhead comes from a runtime class; one that is written must equal it.
    let overhead = spec.overhead.as_ref().is_some_and(|overhead| !overhead.is_empty());
    if overhead && spec.runtime_class_name.is_none() && errors.server.runs("RuntimeClass") {
        let message = "a pod without a runtime class cannot have an overhead";
        let finding = errors.denied(&path.field("overhead"), message);
        finding.help("remove it; the API server takes it from the class that `runtimeClassName` names");
    }
}

/// What the preemption policy of built-in classes is.
const POLICY: &str = "PreemptLowerPriority";

/// What to call the class of a pod, and its value.
fn class(spec: &PodSpec) -> Option<(&'static str, i32)> {
    match spec.priority_class_name.as_deref().unwrap_or_default() {
        // A cluster may have a default class with another value, but then nobody writes the number by hand.
        "" => Some(("a pod without a priority class", 0)),
        "system-cluster-critical" => Some(("the priority class `system-cluster-critical`", 2_000_000_000)),
        "system-node-critical" => Some(("the priority class `system-node-critical`", 2_000_001_000)),
        _ => None,
    }
}

/// The number of a priority follows from its class.
fn priority(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    let Some((class, value)) = class(spec) else { return };
    if let Some(priority) = spec.priority.filter(|priority| *priority != value) {
        let message = format!("{class} has the priority {value}, not {priority}");
        let finding = errors.denied(&path.field("priority"), message);
        finding.help("remove it, and name a class of that priority in `priorityClassName`");
    }
    if let Some(policy) = spec.preemption_policy.as_deref().filter(|policy| *policy != POLICY) {
        let message = format!("{class} has the policy `{POLICY}`, not `{}`", shortened(policy));
        let finding = errors.denied(&path.field("preemptionPolicy"), message);
        finding.help("remove it, and name a class of that policy in `priorityClassName`");
    }
}

/// Fills in the priority of a new Pod, as far as its class is known.
pub(super) fn set_priority(spec: &mut PodSpec) {
    if let Some((_, value)) = class(spec) {
        spec.priority.get_or_insert(value);
        spec.preemption_policy.get_or_insert_with(|| POLICY.to_owned());
    }
}

/// Gives a pod of any age the tolerations that `DefaultTolerationSeconds` adds.
pub(super) fn add_tolerations(spec: &mut PodSpec) {
    let tolerations = spec.tolerations.get_or_insert_default();
    for taint in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let is_empty = |text: &Option<String>| text.as_deref().is_none_or(str::is_empty);
        let tolerated = tolerations.iter().any(|toleration| {
            (is_empty(&toleration.key) || toleration.key.as_deref() == Some(taint))
                && (is_empty(&toleration.effect) || toleration.effect.as_deref() == Some("NoExecute"))
        });
        if !tolerated {
            tolerations.push(Toleration {
                key: Some(taint.to_owned()),
                operator: Some("Exists".to_owned()),
                effect: Some("NoExecute".to_owned()),
                toleration_seconds: Some(300),
                value: None,
            });
        }
    }
}
