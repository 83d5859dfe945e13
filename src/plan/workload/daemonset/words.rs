//! What a change does to a DaemonSet, and how its rollout goes, in words.

use serde_json::Value;

use super::DaemonSet;
use crate::admission::equal::Amounts;
use crate::plan::document::Effect;
use crate::plan::sim::kubelet::Kubelet;
use crate::plan::sim::state::State;
use crate::plan::workload::words::{ALL_AT_ONCE, Failure, ON_DELETE, in_template, int_or_string, is_on_delete, within};
use crate::plan::workload::{RolloutWords, WorkloadKind};
use crate::values::int_or_string::Rounding;

/// The row of the table.
pub(in crate::plan::workload) static KIND: WorkloadKind = WorkloadKind {
    api_version: "apps/v1",
    kind: "DaemonSet",
    start: Some(|scenario, _| Box::new(DaemonSet::new(Kubelet::new(scenario), scenario))),
    effect: |spec, field| {
        if in_template(field) && !is_on_delete(spec) { Effect::Roll } else { Effect::InPlace }
    },
    amounts: Amounts::ByText,
    is_counted: false,
    is_on_nodes: true,
    cost_of_anew: |_| ALL_AT_ONCE,
    rollout: Some(RolloutWords {
        strategy,
        bounds,
        status,
        failure: |name, _, _| Failure::unreported("daemonset", name),
    }),
};

fn strategy(spec: &Value) -> Option<String> {
    if is_on_delete(spec) {
        return Some(ON_DELETE.to_owned());
    }
    let text = |name: &str| match &spec["updateStrategy"]["rollingUpdate"][name] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let (surge, unavailable) = (text("maxSurge")?, text("maxUnavailable")?);
    Some(format!("RollingUpdate, surge {surge}, unavailable {unavailable} of the nodes"))
}

fn bounds(spec: &Value, desired: i64) -> Vec<String> {
    if is_on_delete(spec) {
        return Vec::new();
    }
    let total = i32::try_from(desired).unwrap_or(i32::MAX);
    let rolling = &spec["updateStrategy"]["rollingUpdate"];
    let count = |name: &str| int_or_string(&rolling[name])?.scaled(total, Rounding::Up).ok();
    let (Some(surge), Some(unavailable)) = (count("maxSurge"), count("maxUnavailable")) else { return Vec::new() };
    within(total, surge, unavailable, "nodes")
}

/// `DaemonSetStatusViewer` in k8s.io/kubectl `pkg/polymorphichelpers/rollout_status.go` (v1.36).
fn status(name: &str, _: &Value, state: &State) -> Option<String> {
    let counts = state.nodes()?;
    let desired = counts.desired;
    let [updated, available] = [counts.updated, counts.available].map(Option::unwrap_or_default);
    let waiting = format!("Waiting for daemon set {name:?} rollout to finish");
    Some(if updated < desired {
        format!("{waiting}: {updated} out of {desired} new pods have been updated...")
    } else if available < desired {
        format!("{waiting}: {available} of {desired} updated pods are available...")
    } else {
        format!("daemon set {name:?} successfully rolled out")
    })
}
