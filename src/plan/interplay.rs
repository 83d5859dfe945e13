//! What autoscalers and disruption budgets of the input have to do with a rollout.

use std::collections::BTreeMap;

use crate::cluster::{Cluster, Object};
use crate::yaml::{Path, Value};

/// The autoscalers of a cluster by what they scale: kind, namespace and name.
pub(crate) type Autoscalers<'a> = BTreeMap<(String, String, String), Vec<&'a Object>>;

pub(crate) fn autoscalers(cluster: &Cluster) -> Autoscalers<'_> {
    let mut autoscalers = Autoscalers::new();
    for autoscaler in cluster.of_kind("HorizontalPodAutoscaler") {
        for target in autoscaler.references() {
            let key = (target.kind.to_owned(), target.namespace.to_owned(), target.name.to_owned());
            autoscalers.entry(key).or_default().push(autoscaler);
        }
    }
    autoscalers
}

/// Those that scale `object`.
pub(crate) fn scaling<'a, 'b>(autoscalers: &'b Autoscalers<'a>, object: &Object) -> &'b [&'a Object] {
    let identity = &object.identity;
    let key = (identity.kind.clone(), object.namespace().to_owned(), identity.name.clone());
    autoscalers.get(&key).map_or(&[], Vec::as_slice)
}

/// A sentence about a Service whose selector changes: which pods it picked, and which it will pick.
pub(super) fn rerouted(before: &Object, object: &Object, old: &Cluster, new: &Cluster) -> Option<String> {
    let picked = |service: &Object, cluster: &Cluster| -> Option<String> {
        let selector = service.pod_selector().filter(|_| service.identity.kind == "Service")?;
        let picked = cluster.pods_picked(service.namespace(), &selector);
        let names: Vec<String> = picked.iter().map(|workload| workload.identity.to_string()).collect();
        Some(if names.is_empty() { "no pods of the input".to_owned() } else { names.join(", ") })
    };
    let (was, will) = (picked(before, old)?, picked(object, new)?);
    (was != will).then(|| format!("it picks {will} instead of {was}, in one go"))
}

/// Sentences about the workload `object`.
pub(super) fn notes(object: &Object, cluster: &Cluster, autoscalers: &Autoscalers<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if object.pod_template().is_none() {
        return notes;
    }
    let identity = &object.identity;
    if identity.kind == "CronJob" {
        notes.push("the change counts from the next run on; Jobs that run go on as they are".to_owned());
        return notes;
    }
    for autoscaler in scaling(autoscalers, object) {
        let replicas = object.root().at(&Path::root().fields(&["spec", "replicas"])).filter(|it| !it.is_null());
        let (name, target) = (&autoscaler.identity.name, &identity.name);
        notes.push(match replicas.and_then(Value::written) {
            Some(count) => format!(
                "the autoscaler {name} decides how many pods run, and `replicas: {count}` is applied every time all the \
                 same: it first scales back to {count}; remove `replicas`, or plan with `--assume replicas/{target}=…`"
            ),
            None => format!(
                "the autoscaler {name} decides how many pods run; plan with `--assume replicas/{target}=…`"
            ),
        });
    }
    let picking = cluster.picking(object.namespace(), &object.pod_labels());
    for budget in picking.into_iter().filter(|it| it.identity.kind == "PodDisruptionBudget") {
        notes.push(format!(
            "the disruption budget {} does not limit the rollout; while pods are missing, drains of nodes wait",
            budget.identity.name
        ));
    }
    notes
}
