//! What autoscalers and disruption budgets of the input have to do with a rollout.

use k8s_openapi::api::autoscaling::{v1, v2};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::cluster::{Cluster, Object, read_selector};
use crate::yaml::{Path, Value};

/// Sentences about the workload `object`.
pub(super) fn notes(object: &Object, cluster: &Cluster) -> Vec<String> {
    let mut notes = Vec::new();
    if object.pod_template().is_none() {
        return notes;
    }
    for autoscaler in cluster.of_kind("HorizontalPodAutoscaler").filter(|it| targets(it, object)) {
        let replicas = object.root().at(&Path::root().fields(&["spec", "replicas"])).filter(|it| !it.is_null());
        let name = &autoscaler.identity.name;
        notes.push(match replicas.and_then(Value::written) {
            Some(count) => format!(
                "the autoscaler {name} decides how many pods run, and `replicas: {count}` is applied every time all the same: it \
                 first scales back to {count}; remove `replicas`, or plan with `--assume replicas/{}=…`",
                object.identity.name
            ),
            None => format!("the autoscaler {name} decides how many pods run; plan with `--assume replicas/{}=…`", object.identity.name),
        });
    }
    let labels = object.pod_labels();
    for budget in cluster.of_kind("PodDisruptionBudget").filter(|it| it.namespace() == object.namespace()) {
        let selector = budget.model::<PodDisruptionBudget>().and_then(|it| it.spec.as_ref()?.selector.as_ref());
        if selector.is_some_and(|selector| read_selector(selector).is_ok_and(|selector| selector.matches(&labels))) {
            notes.push(format!(
                "the disruption budget {} does not limit the rollout; while pods are missing, drains of nodes wait",
                budget.identity.name
            ));
        }
    }
    notes
}

/// Whether the autoscaler scales this object.
fn targets(autoscaler: &Object, object: &Object) -> bool {
    let target = autoscaler
        .model::<v2::HorizontalPodAutoscaler>()
        .map(|it| &it.spec)
        .map(|spec| (spec.scale_target_ref.kind.as_str(), spec.scale_target_ref.name.as_str()))
        .or_else(|| {
            let spec = &autoscaler.model::<v1::HorizontalPodAutoscaler>()?.spec;
            Some((spec.scale_target_ref.kind.as_str(), spec.scale_target_ref.name.as_str()))
        });
    autoscaler.namespace() == object.namespace()
        && target == Some((object.identity.kind.as_str(), object.identity.name.as_str()))
}
