//! A Job as its state shows it.

use std::collections::BTreeMap;

use super::{Job, Phase, Status, indexes};
use crate::plan::sim::state::{self, Condition, Pods, State, number, unless_zero};

impl Job {
    pub(super) fn shown(&self) -> State {
        let mut pods: BTreeMap<(Option<i32>, state::Phase), usize> = BTreeMap::new();
        for ((index, phase), count) in &self.ended {
            *pods.entry((*index, phase.shown())).or_default() += count;
        }
        for pod in self.pods.values().filter(|pod| !self.deleted || pod.is_deleted()) {
            let phase = if pod.is_deleted() { state::Phase::Terminating } else { pod.phase.shown() };
            *pods.entry((pod.index, phase)).or_default() += 1;
        }
        let conditions = self.conditions.iter().map(|(name, condition)| Condition {
            name,
            status: if condition.status { "True" } else { "False" },
            reason: condition.reason,
        });
        State {
            pods: Some(Pods::Indexed(pods)),
            conditions: Some(conditions.collect()).filter(|conditions: &Vec<Condition>| !conditions.is_empty()),
            // While timers run the status lags its pods by a second, so nothing is shown of it.
            status: (!self.deleted && !self.realtime).then(|| self.status.shown()),
            ..State::default()
        }
    }
}

impl Status {
    /// The counts as the API shows them: those of zero are left out, but for those that are pointers.
    fn shown(&self) -> state::Status {
        state::Status::Job(state::Job {
            active: unless_zero(self.active),
            ready: number(self.ready),
            terminating: number(self.terminating),
            succeeded: unless_zero(self.succeeded),
            failed: unless_zero(self.failed),
            completed_indexes: (!self.done.is_empty()).then(|| indexes::format(&self.done)),
            failed_indexes: self.failed_indexes.as_ref().map(indexes::format),
        })
    }
}

impl Phase {
    fn shown(self) -> state::Phase {
        match self {
            Self::Pending => state::Phase::Pending,
            Self::Waiting => state::Phase::Running,
            Self::Ready => state::Phase::Ready,
            Self::Succeeded => state::Phase::Succeeded,
            Self::Failed => state::Phase::Failed,
        }
    }
}
