//! What a change does to a StatefulSet, and how its rollout goes, in words.

use serde_json::Value;

use super::StatefulSet;
use crate::admission::equal::Amounts;
use crate::cluster::Object;
use crate::plan::document::Effect;
use crate::plan::sim::kubelet::Kubelet;
use crate::plan::sim::state::{Phase, State};
use crate::plan::workload::words::{Failure, ON_DELETE, is_on_delete, of_counted};
use crate::plan::workload::{RolloutWords, WorkloadKind};
use crate::yaml::{self, Path};

/// The row of the table.
pub(in crate::plan::workload) static KIND: WorkloadKind = WorkloadKind {
    api_version: "apps/v1",
    kind: "StatefulSet",
    start: Some(|scenario, server| Box::new(StatefulSet::new(Kubelet::new(scenario), server))),
    effect: |spec, field| of_counted(field, if is_on_delete(spec) { Effect::InPlace } else { Effect::Roll }),
    amounts: Amounts::ByText,
    is_counted: true,
    is_on_nodes: false,
    cost_of_anew,
    rollout: Some(RolloutWords { strategy, bounds: |_, _| Vec::new(), status, failure }),
};

fn cost_of_anew(set: &Object) -> &'static str {
    let path = Path::root().fields(&["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"]);
    if set.root().at(&path).and_then(yaml::Value::as_str) == Some("Delete") {
        "all its pods are deleted at once, and their claims and data with them, as `whenDeleted: Delete` demands"
    } else {
        "all its pods are deleted at once, and are created anew one by one or together; the claims stay"
    }
}

fn policy(spec: &Value) -> &str {
    spec["podManagementPolicy"].as_str().unwrap_or("OrderedReady")
}

fn partition(spec: &Value) -> i64 {
    spec["updateStrategy"]["rollingUpdate"]["partition"].as_i64().unwrap_or(0)
}

#[expect(clippy::unnecessary_wraps, reason = "other kinds have none")]
fn strategy(spec: &Value) -> Option<String> {
    if is_on_delete(spec) {
        return Some(ON_DELETE.to_owned());
    }
    let partition = partition(spec);
    let partition = if partition > 0 { format!(", partition {partition}") } else { String::new() };
    Some(format!("RollingUpdate{partition}, {}: highest ordinal first, one at a time", policy(spec)))
}

/// `StatefulSetStatusViewer` in k8s.io/kubectl `pkg/polymorphichelpers/rollout_status.go` (v1.36).
#[expect(clippy::unnecessary_wraps, reason = "other kinds have none")]
fn status(_: &str, spec: &Value, state: &State) -> Option<String> {
    if is_on_delete(spec) {
        return Some("error: rollout status is only available for RollingUpdate strategy type".to_owned());
    }
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    let counts = state.replicas();
    let [ready, updated] = [counts.ready, counts.updated].map(Option::unwrap_or_default);
    if ready < wanted {
        return Some(format!("Waiting for {} pods to be ready...", wanted - ready));
    }
    let rolled = wanted - partition(spec);
    Some(if updated < rolled {
        format!("Waiting for partitioned roll out to finish: {updated} out of {rolled} new pods have been updated...")
    } else {
        format!("partitioned roll out complete: {updated} new pods have been updated...")
    })
}

fn failure(name: &str, spec: &Value, state: &State) -> Failure {
    let mut failure = Failure::unreported("statefulset", name);
    let broken = state.named().iter().find(|pod| pod.group.phase == Phase::Pending);
    if let Some(broken) = broken.filter(|_| policy(spec) != "Parallel") {
        let pod = &broken.name;
        let delete = format!("delete pod {pod}   (OrderedReady waits for the broken pod, kubernetes#67250)");
        failure.recover.push(delete);
    }
    failure
}
