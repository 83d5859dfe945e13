//! The ReplicaSet controller: as many pods as there should be.
//!
//! Mirrors `syncReplicaSet`, `manageReplicas` and `calculateStatus` in `pkg/controller/replicaset` (v1.36).

use super::cohorts::{Cohort, Cohorts};
use super::event::{Happened, PodEvent};
use super::kubelet::Kubelet;
use super::template::Revision;
use super::time::Time;

/// How many pods are created or deleted in one pass at most (`BurstReplicas`).
const BURST: i32 = 500;

/// A ReplicaSet with its pods.
#[derive(Clone, Debug, Default)]
pub(in crate::plan) struct ReplicaSet {
    /// The template of its pods.
    pub(in crate::plan) revision: Revision,
    /// Whether pods of this template never become Ready.
    pub(in crate::plan) fails: bool,
    /// `spec.replicas`
    pub(in crate::plan) replicas: i32,
    /// `spec.minReadySeconds`
    pub(in crate::plan) min_ready: Time,
    pub(in crate::plan) status: Status,
    pub(in crate::plan) pods: Cohorts,
}

/// What a ReplicaSet says of its pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::plan) struct Status {
    pub(in crate::plan) replicas: i32,
    pub(in crate::plan) ready: i32,
    pub(in crate::plan) available: i32,
    pub(in crate::plan) terminating: i32,
}

impl ReplicaSet {
    /// One pass of the controller. `created` is how many pods the scenario has created so far.
    pub(in crate::plan) fn sync(&mut self, now: Time, kubelet: &Kubelet, created: &mut u64) -> bool {
        // The status is that of the pods which were there before this pass created or deleted some.
        let status = Status {
            replicas: self.pods.active(),
            ready: self.pods.ready(),
            available: self.pods.available(self.min_ready, now),
            terminating: self.pods.leaving(),
        };
        let missing = self.replicas.saturating_sub(status.replicas);
        if missing > 0 {
            let count = missing.min(BURST);
            self.pods.create(count, self.revision, self.fails, *created);
            *created += u64::from(count.unsigned_abs());
        } else if missing < 0 {
            self.pods.delete(missing.saturating_neg().min(BURST), now, kubelet);
        }
        let changed = missing != 0 || self.status != status;
        self.status = status;
        changed
    }

    /// When the controller wakes up for a pod that becomes available by then.
    pub(in crate::plan) fn next_timer(&self, now: Time) -> Option<Time> {
        self.pods.next_available(self.min_ready, now)
    }
}

/// Puts the pods on nodes that the controllers have created since they settled last.
pub(in crate::plan) fn bind<'a>(sets: impl IntoIterator<Item = &'a mut Cohorts>, now: Time, kubelet: &Kubelet) {
    let mut sets: Vec<&mut Cohorts> = sets.into_iter().collect();
    let fresh = sets.iter_mut().enumerate();
    let mut fresh: Vec<_> =
        fresh.flat_map(|(owner, pods)| pods.take_fresh().into_iter().map(move |fresh| (owner, fresh))).collect();
    fresh.sort_by_key(|(_, fresh)| fresh.order);
    let mut nth = 0;
    for (owner, fresh) in fresh {
        let (order, cohort) = (fresh.order, fresh.cohort);
        if cohort.fails || !kubelet.staggers() {
            let due = (!cohort.fails).then(|| kubelet.ready_at(now, nth));
            nth += usize::try_from(cohort.count).unwrap_or_default();
            sets[owner].bind(order, cohort, due);
            continue;
        }
        for at in 0..u64::from(cohort.count.unsigned_abs()) {
            let one = Cohort { count: 1, ..cohort };
            sets[owner].bind(order + at, one, Some(kubelet.ready_at(now, nth)));
            nth += 1;
        }
    }
}

/// What happened to pods, of which so many are gone and so many are Ready now.
pub(in crate::plan) fn happened(gone: i32, ready: i32) -> Happened {
    let counted = [(PodEvent::Gone, gone), (PodEvent::Ready, ready)].into_iter().filter(|(_, count)| *count > 0);
    counted.map(|(event, count)| (event, usize::try_from(count).unwrap_or_default())).collect()
}
