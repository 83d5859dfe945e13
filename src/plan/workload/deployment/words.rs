//! What a change does to a Deployment, and how its rollout goes, in words.

use serde_json::Value;

use super::Deployment;
use crate::admission::equal::Amounts;
use crate::plan::document::Effect;
use crate::plan::sim::kubelet::Kubelet;
use crate::plan::sim::state::State;
use crate::plan::workload::words::{ALL_AT_ONCE, Failure, int_or_string, of_counted, share, undo, within};
use crate::plan::workload::{RolloutWords, WorkloadKind};
use crate::values::int_or_string::{Fenceposts, Rounding, resolve_fenceposts};

/// The row of the table.
pub(in crate::plan::workload) static KIND: WorkloadKind = WorkloadKind {
    api_version: "apps/v1",
    kind: "Deployment",
    start: Some(|scenario, _| Box::new(Deployment::new(Kubelet::new(scenario)))),
    effect: |spec, field| of_counted(field, if spec["paused"] == true { Effect::InPlace } else { Effect::Roll }),
    amounts: Amounts::ByValue,
    is_counted: true,
    is_on_nodes: false,
    cost_of_anew: |_| ALL_AT_ONCE,
    rollout: Some(RolloutWords { strategy, bounds, status, failure }),
};

fn recreates(spec: &Value) -> bool {
    spec["strategy"]["type"] == "Recreate"
}

fn strategy(spec: &Value) -> Option<String> {
    if recreates(spec) {
        return Some("Recreate: all old pods stop before the first new one starts".to_owned());
    }
    let replicas = spec["replicas"].as_i64().unwrap_or(1);
    let rolling = &spec["strategy"]["rollingUpdate"];
    Some(format!(
        "RollingUpdate, surge {}, unavailable {}",
        share(&rolling["maxSurge"], replicas, Rounding::Up)?,
        share(&rolling["maxUnavailable"], replicas, Rounding::Down)?
    ))
}

fn bounds(spec: &Value, desired: i64) -> Vec<String> {
    if recreates(spec) {
        return vec!["no pod is available between the last old and the first new one".to_owned()];
    }
    let total = i32::try_from(desired).unwrap_or(i32::MAX);
    let of = |name: &str| int_or_string(&spec["strategy"]["rollingUpdate"][name]);
    let (Some(surge), Some(unavailable)) = (of("maxSurge"), of("maxUnavailable")) else { return Vec::new() };
    let Ok(Fenceposts { max_surge, max_unavailable }) = resolve_fenceposts(Some(&surge), Some(&unavailable), total)
    else {
        return Vec::new();
    };
    within(total, max_surge, max_unavailable, "pods")
}

/// `DeploymentStatusViewer` in k8s.io/kubectl `pkg/polymorphichelpers/rollout_status.go` (v1.36).
#[expect(clippy::unnecessary_wraps, reason = "other kinds have none")]
fn status(name: &str, spec: &Value, state: &State) -> Option<String> {
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    let counts = state.replicas();
    let [replicas, updated, available] = [counts.all, counts.updated, counts.available].map(Option::unwrap_or_default);
    let waiting = format!("Waiting for deployment {name:?} rollout to finish");
    Some(if updated < wanted {
        format!("{waiting}: {updated} out of {wanted} new replicas have been updated...")
    } else if replicas > updated {
        format!("{waiting}: {} old replicas are pending termination...", replicas - updated)
    } else if available < updated {
        format!("{waiting}: {available} of {updated} updated replicas are available...")
    } else {
        format!("deployment {name:?} successfully rolled out")
    })
}

fn failure(name: &str, spec: &Value, _: &State) -> Failure {
    Failure {
        reported: format!("error: deployment {name:?} exceeded its progress deadline"),
        after_seconds: spec["progressDeadlineSeconds"].as_f64(),
        recover: vec![undo("deployment", name)],
    }
}
