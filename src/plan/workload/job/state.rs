//! A Job as the trace shows it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Job, Phase, Status, indexes};

impl Job {
    pub(super) fn show(&self) -> Value {
        let mut pods: BTreeMap<(Option<i32>, &str), usize> = BTreeMap::new();
        for ((index, phase), count) in &self.ended {
            *pods.entry((*index, phase.name())).or_default() += count;
        }
        for pod in self.pods.values().filter(|pod| !self.deleted || pod.is_deleted()) {
            let phase = if pod.is_deleted() { "Terminating" } else { pod.phase.name() };
            *pods.entry((pod.index, phase)).or_default() += 1;
        }
        let pods: Vec<Value> = pods
            .into_iter()
            .flat_map(|((index, phase), count)| {
                let pod = match index {
                    Some(index) => json!({"index": index, "phase": phase}),
                    None => json!({"phase": phase}),
                };
                std::iter::repeat_n(pod, count)
            })
            .collect();
        let mut state = Map::new();
        state.insert("pods".to_owned(), pods.into());
        if !self.conditions.is_empty() {
            let conditions = self.conditions.iter().map(|(name, condition)| {
                let status = if condition.status { "True" } else { "False" };
                json!({"reason": condition.reason, "status": status, "type": name})
            });
            state.insert("conditions".to_owned(), conditions.collect());
        }
        // While timers run the status lags its pods by a second, so nothing is shown of it.
        if !self.deleted && !self.realtime {
            state.insert("status".to_owned(), self.status.show());
        }
        state.into()
    }
}

impl Status {
    /// Counts of zero are left out, but for those that are pointers.
    fn show(&self) -> Value {
        let mut status = Map::new();
        status.insert("ready".to_owned(), self.ready.into());
        status.insert("terminating".to_owned(), self.terminating.into());
        let counts = [("active", self.active), ("failed", self.failed), ("succeeded", self.succeeded)];
        for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            status.insert(name.to_owned(), count.into());
        }
        if !self.done.is_empty() {
            status.insert("completedIndexes".to_owned(), indexes::format(&self.done).into());
        }
        if let Some(failed) = &self.failed_indexes {
            status.insert("failedIndexes".to_owned(), indexes::format(failed).into());
        }
        status.into()
    }
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Waiting => "Running",
            Self::Ready => "Ready",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}
