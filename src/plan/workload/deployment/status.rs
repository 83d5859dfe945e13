//! What a Deployment says of itself: counts, conditions, progress.
//!
//! Mirrors `calculateStatus` in `pkg/controller/deployment/sync.go` and `syncRolloutStatus` in `progress.go` (v1.36).

use super::{Deployment, Time};
use crate::plan::sim::state::{self, Condition, Replicas, unless_zero};

/// The counts of the status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    observed_generation: i64,
    pub(super) replicas: i32,
    updated: i32,
    ready: i32,
    available: i32,
    unavailable: i32,
    terminating: i32,
}

/// The conditions of the status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Conditions {
    /// Whether enough pods are available.
    available: Option<bool>,
    progressing: Option<Progressing>,
}

/// The condition `Progressing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Progressing {
    status: &'static str,
    reason: &'static str,
    updated: Time,
}

const AVAILABLE: &str = "NewReplicaSetAvailable";
const PAUSED: &str = "DeploymentPaused";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";

impl Status {
    /// The counts as the API shows them: without those that are zero, except for one that may be absent otherwise.
    pub(super) fn shown(&self, counts_terminating: bool) -> state::Status {
        state::Status::Replicas(Replicas {
            all: unless_zero(self.replicas),
            updated: unless_zero(self.updated),
            ready: unless_zero(self.ready),
            available: unless_zero(self.available),
            unavailable: unless_zero(self.unavailable),
            terminating: counts_terminating.then(|| self.terminating.into()),
            current: None,
        })
    }
}

impl Conditions {
    /// The conditions as the API shows them.
    pub(super) fn shown(&self) -> Vec<Condition> {
        let available = self.available.map(|enough| {
            let (status, reason) =
                if enough { ("True", "MinimumReplicasAvailable") } else { ("False", "MinimumReplicasUnavailable") };
            Condition { name: "Available", status, reason }
        });
        let progressing = self.progressing.map(|Progressing { status, reason, .. }| Condition {
            name: "Progressing",
            status,
            reason,
        });
        available.into_iter().chain(progressing).collect()
    }

    /// Says that the Deployment is paused or resumed; a missed deadline stays. Mirrors `checkPausedConditions`.
    pub(super) fn pause(&mut self, paused: bool, has_deadline: bool, now: Time) {
        let reason = self.progressing.map(|it| it.reason);
        if !has_deadline || reason == Some(TIMED_OUT) || paused == (reason == Some(PAUSED)) {
            return;
        }
        self.progress("Unknown", if paused { PAUSED } else { "DeploymentResumed" }, now);
    }

    /// Says that the new ReplicaSet has been created.
    pub(super) fn created(&mut self, now: Time) {
        self.progress("True", "NewReplicaSetCreated", now);
    }

    /// Says that the new ReplicaSet was there already, if nothing else is known of the progress.
    pub(super) fn found(&mut self, now: Time) {
        if self.progressing.is_none() {
            self.progress("True", "FoundNewReplicaSet", now);
        }
    }

    /// Takes over the condition unless it says the same. Mirrors `SetDeploymentCondition`.
    fn progress(&mut self, status: &'static str, reason: &'static str, now: Time) {
        if self.progressing.is_none_or(|it| (it.status, it.reason) != (status, reason)) {
            self.progressing = Some(Progressing { status, reason, updated: now });
        }
    }
}

impl Deployment {
    /// Writes the counts down, and nothing of the progress. Mirrors `syncDeploymentStatus`.
    pub(super) fn write_status(&mut self, new: Option<usize>) {
        self.status = self.calculated(new);
        self.conditions.available = Some(self.status.available >= self.min_available());
    }

    /// Writes the counts and the progress down. Mirrors `syncRolloutStatus`.
    pub(super) fn write_rollout_status(&mut self, new: Option<usize>, now: Time) {
        let old = self.status;
        self.write_status(new);
        let Some(deadline) = self.spec.deadline else {
            self.conditions.progressing = None;
            return;
        };
        let (status, current) = (self.status, self.conditions.progressing);
        if status.replicas == status.updated && current.is_some_and(|it| it.reason == AVAILABLE) {
            // The latest rollout is over: this is a change of scale, or nothing.
            return;
        }
        let progress = status.updated > old.updated
            || status.replicas - status.updated < old.replicas - old.updated
            || status.ready > old.ready
            || status.available > old.available;
        if self.is_complete() {
            self.conditions.progress("True", AVAILABLE, now);
        } else if progress {
            // Progress restarts the clock, also if the condition says what it said before.
            self.conditions.progressing =
                Some(Progressing { status: "True", reason: "ReplicaSetUpdated", updated: now });
        } else if current.is_some_and(|it| it.reason != AVAILABLE && it.updated + deadline < now) {
            self.conditions.progress("False", TIMED_OUT, now);
        }
    }

    /// Whether everything is as it should be, by the status that is written down. Mirrors `DeploymentComplete`.
    pub(super) fn is_complete(&self) -> bool {
        let Status { replicas, updated, available, observed_generation, .. } = self.status;
        [replicas, updated, available] == [self.spec.replicas; 3] && observed_generation >= self.generation
    }

    /// When the controller looks whether the deadline has passed: a second after it (`requeueStuckDeployment`).
    pub(super) fn next_progress_check(&self, now: Time) -> Option<Time> {
        let (deadline, current) = (self.spec.deadline?, self.conditions.progressing?);
        let over = [AVAILABLE, PAUSED, TIMED_OUT].contains(&current.reason) || self.is_complete();
        let check = current.updated + deadline + Time::seconds(1);
        (!over && check > now).then_some(check)
    }

    fn calculated(&self, new: Option<usize>) -> Status {
        let sum = |count: fn(&super::Set) -> i32| self.sets.iter().map(count).fold(0, i32::saturating_add);
        let available = sum(|set| set.inner.status.available);
        Status {
            observed_generation: self.generation,
            replicas: sum(|set| set.inner.status.replicas),
            updated: new.map_or(0, |new| self.sets[new].inner.status.replicas),
            ready: sum(|set| set.inner.status.ready),
            available,
            unavailable: self.total().saturating_sub(available).max(0),
            terminating: sum(|set| set.inner.status.terminating),
        }
    }
}
