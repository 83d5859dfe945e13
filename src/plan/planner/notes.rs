//! What a change means to those around the object, in sentences: who reads it, who scales it, whom a Service picks.

use std::collections::BTreeSet;

use crate::cluster::{Autoscalers, Cluster, How, Object, Readers, autoscaled, reads};
use crate::yaml::{Path, Value};

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
pub(super) fn of_workload(object: &Object, cluster: &Cluster, autoscalers: &Autoscalers<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if object.pod_template().is_none() {
        return notes;
    }
    let identity = &object.identity;
    if identity.kind == "CronJob" {
        notes.push("the change counts from the next run on; Jobs that run go on as they are".to_owned());
        return notes;
    }
    for autoscaler in autoscalers.of(object) {
        let replicas = object.root().at(&Path::root().fields(&["spec", "replicas"])).filter(|it| !it.is_null());
        let (name, target) = (&autoscaler.identity.name, &identity.name);
        let fewest = autoscaled(autoscaler).map_or(1, |(fewest, _)| fewest.max(1));
        notes.push(match replicas.and_then(Value::written) {
            Some(count) => format!(
                "the autoscaler {name} decides how many pods run, and `replicas: {count}` is applied every time all the \
                 same: it first scales back to {count}; remove `replicas`, or plan with `--assume replicas/{target}=…`"
            ),
            None => format!(
                "the autoscaler {name} decides how many pods run, at least {fewest}, which is assumed; plan with \
                 `--assume replicas/{target}=…` for more"
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

/// A sentence for each workload that reads `object`; `rolls` tells whether its pods are replaced anyway.
pub(super) fn of_data(object: &Object, readers: &Readers<'_>, rolls: impl Fn(&Object) -> bool) -> Vec<String> {
    let kind = &object.identity.kind;
    if !matches!(kind.as_str(), "ConfigMap" | "Secret") {
        return Vec::new();
    }
    let readers = readers.of(object);
    if readers.is_empty() {
        return vec!["no workload of the input reads it".to_owned()];
    }
    let note = |reader: &&Object| {
        let identity = &reader.identity;
        if rolls(reader) {
            return format!("{identity} reads it and rolls anyway: its new pods see the change");
        }
        let reads = reads(reader);
        let of_object = reads.iter().filter(|read| read.kind == kind && read.name == object.identity.name);
        let ways: BTreeSet<How> = of_object.map(|read| read.how).collect();
        let words: Vec<&str> = ways.into_iter().map(How::words).collect();
        format!("{identity} reads it; no pod restarts: {}", words.join(", "))
    };
    readers.iter().map(note).collect()
}

impl How {
    /// What happens to those who read it so.
    fn words(self) -> &'static str {
        match self {
            How::Files => "its files follow within a minute or two",
            How::SubPath => "files mounted by `subPath` stay as they are until the pod is replaced",
            How::Environment => "environment variables stay as they are until the container restarts",
        }
    }
}
