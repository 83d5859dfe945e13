//! What `kubectl rollout status` prints (k8s.io/kubectl `pkg/polymorphichelpers/rollout_status.go`, v1.36).

use serde_json::Value;

use crate::plan::sim::trace::Row;
use crate::plan::workload::RolloutWords;

/// More lines than these are shortened to the first and the last ones.
const SHOWN: usize = 4;

/// The lines that it prints during the rollout, each once.
pub(super) fn lines(name: &str, words: &RolloutWords, spec: &Value, rows: &[Row]) -> Vec<String> {
    let states = rows.iter().skip(1).filter_map(|row| row.state.as_ref());
    let mut lines: Vec<String> = states.filter_map(|state| (words.status)(name, spec, state)).collect();
    lines.dedup();
    if lines.len() > SHOWN {
        let last = lines.split_off(lines.len() - 2);
        lines.truncate(2);
        lines.push("…".to_owned());
        lines.extend(last);
    }
    lines
}
