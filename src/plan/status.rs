//! What `kubectl rollout status` prints (k8s.io/kubectl `pkg/polymorphichelpers/rollout_status.go`, v1.36).

use serde_json::Value;

use super::sim::state::{Nodes, Replicas};
use super::sim::trace::Row;
use crate::finding::Identity;

/// More lines than these are shortened to the first and the last ones.
const SHOWN: usize = 4;

/// The lines that it prints during the rollout, each once.
pub(super) fn lines(identity: &Identity, spec: &Value, rows: &[Row]) -> Vec<String> {
    let name = identity.name.as_str();
    let mut lines: Vec<String> = Vec::new();
    for state in rows.iter().skip(1).filter_map(|row| row.state.as_ref()) {
        let line = match identity.kind.as_str() {
            "Deployment" => deployment(name, spec, state.replicas()),
            "StatefulSet" => stateful_set(spec, state.replicas()),
            "DaemonSet" => daemon_set(name, state.nodes().unwrap_or_default()),
            _ => return Vec::new(),
        };
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
    if lines.len() > SHOWN {
        let last = lines.split_off(lines.len() - 2);
        lines.truncate(2);
        lines.push("…".to_owned());
        lines.extend(last);
    }
    lines
}

fn deployment(name: &str, spec: &Value, status: Replicas) -> String {
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    let waiting = format!("Waiting for deployment {name:?} rollout to finish");
    let [replicas, updated, available] = [status.all, status.updated, status.available].map(Option::unwrap_or_default);
    if updated < wanted {
        format!("{waiting}: {updated} out of {wanted} new replicas have been updated...")
    } else if replicas > updated {
        format!("{waiting}: {} old replicas are pending termination...", replicas - updated)
    } else if available < updated {
        format!("{waiting}: {available} of {updated} updated replicas are available...")
    } else {
        format!("deployment {name:?} successfully rolled out")
    }
}

fn stateful_set(spec: &Value, status: Replicas) -> String {
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    let [ready, updated] = [status.ready, status.updated].map(Option::unwrap_or_default);
    if spec["updateStrategy"]["type"] == "OnDelete" {
        return "error: rollout status is only available for RollingUpdate strategy type".to_owned();
    }
    if ready < wanted {
        return format!("Waiting for {} pods to be ready...", wanted - ready);
    }
    let partition = spec["updateStrategy"]["rollingUpdate"]["partition"].as_i64().unwrap_or(0);
    if updated < wanted - partition {
        return format!(
            "Waiting for partitioned roll out to finish: {updated} out of {} new pods have been updated...",
            wanted - partition
        );
    }
    format!("partitioned roll out complete: {updated} new pods have been updated...")
}

fn daemon_set(name: &str, status: Nodes) -> String {
    let desired = status.desired;
    let [updated, available] = [status.updated, status.available].map(Option::unwrap_or_default);
    let waiting = format!("Waiting for daemon set {name:?} rollout to finish");
    if updated < desired {
        format!("{waiting}: {updated} out of {desired} new pods have been updated...")
    } else if available < desired {
        format!("{waiting}: {available} of {desired} updated pods are available...")
    } else {
        format!("daemon set {name:?} successfully rolled out")
    }
}
