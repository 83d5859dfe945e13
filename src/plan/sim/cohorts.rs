//! The pods of a ReplicaSet, counted instead of kept one by one.
//!
//! Pods that nothing will ever tell apart are one cohort, so that ten thousand of them cost as much as one. Every total
//! that is asked for is kept up to date; no question walks over all pods.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Included, Unbounded};

use super::kubelet::Kubelet;
use super::state::{Group, Phase};
use super::template::Revision;
use super::time::Time;

/// Pods of one owner.
#[derive(Clone, Debug, Default)]
pub(in crate::plan) struct Cohorts {
    /// Created since the controllers settled last, and on no node yet; in order of creation.
    fresh: Vec<Fresh>,
    /// On a node and not Ready, by order of creation.
    pending: BTreeMap<u64, Cohort>,
    /// Which of the pending become Ready when.
    due: BTreeSet<(Time, u64)>,
    /// Until when that has happened.
    happened: Option<Time>,
    /// Ready pods, by the instant in which they became so.
    ready: BTreeMap<(Time, Revision), i32>,
    /// Pods that are being deleted, by the instant in which they are gone.
    leaving: BTreeMap<(Time, Revision), i32>,
    /// The Ready pods are available that are so since then.
    horizon: Option<Time>,
    available: i32,
    totals: BTreeMap<Revision, Totals>,
}

/// Pods that were created one after the other, as long as they are on no node.
#[derive(Clone, Copy, Debug)]
pub(in crate::plan) struct Fresh {
    /// The first one's place in the order of creation; the next places are the others'.
    pub(in crate::plan) order: u64,
    pub(in crate::plan) cohort: Cohort,
}

/// Pods that nothing tells apart.
#[derive(Clone, Copy, Debug)]
pub(in crate::plan) struct Cohort {
    pub(in crate::plan) revision: Revision,
    pub(in crate::plan) count: i32,
    /// Whether they never become Ready.
    pub(in crate::plan) fails: bool,
    /// When they become Ready.
    pub(in crate::plan) due: Option<Time>,
    /// Whether one of them has become Ready already.
    pub(in crate::plan) begun: bool,
}

/// How many pods are in which phase.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    pending: i32,
    ready: i32,
    leaving: i32,
}

impl Cohorts {
    /// Adds pods, of which the first is number `order` in the order of creation.
    pub(in crate::plan) fn create(&mut self, count: i32, revision: Revision, fails: bool, order: u64) {
        self.fresh.push(Fresh { order, cohort: Cohort { revision, count, fails, due: None, begun: false } });
        self.total(revision).pending += count;
    }

    /// Deletes pods, in the order of `ActivePodsWithRanks` in `pkg/controller/controller_utils.go` (v1.36): those that are
    /// on no node, then those that are not Ready, the youngest first, then those that became Ready last. Left out: the
    /// cost that an annotation gives a pod, how many pods share a node, restarts.
    pub(in crate::plan) fn delete(&mut self, mut count: i32, now: Time, kubelet: &Kubelet) {
        while count > 0 {
            if let Some(fresh) = self.fresh.last_mut() {
                // A pod that is on no node has nobody who would have to stop it, and is gone at once
                // (`CheckGracefulDelete` in pkg/registry/core/pod/strategy.go).
                let (revision, taken) = (fresh.cohort.revision, count.min(fresh.cohort.count));
                fresh.cohort.count -= taken;
                if fresh.cohort.count == 0 {
                    self.fresh.pop();
                }
                self.total(revision).pending -= taken;
                count -= taken;
            } else if let Some(mut entry) = self.pending.last_entry() {
                let order = *entry.key();
                let cohort = entry.get_mut();
                let (revision, taken) = (cohort.revision, count.min(cohort.count));
                cohort.count -= taken;
                if cohort.count == 0 {
                    if let Some(due) = cohort.due {
                        self.due.remove(&(due, order));
                    }
                    entry.remove();
                }
                self.total(revision).pending -= taken;
                self.leave(revision, taken, now, kubelet);
                count -= taken;
            } else if let Some(mut entry) = self.ready.last_entry() {
                let (since, revision) = *entry.key();
                let taken = count.min(*entry.get());
                *entry.get_mut() -= taken;
                if *entry.get() == 0 {
                    entry.remove();
                }
                if self.horizon.is_some_and(|horizon| since <= horizon) {
                    self.available -= taken;
                }
                self.total(revision).ready -= taken;
                self.leave(revision, taken, now, kubelet);
                count -= taken;
            } else {
                return;
            }
        }
    }

    fn leave(&mut self, revision: Revision, count: i32, now: Time, kubelet: &Kubelet) {
        *self.leaving.entry((kubelet.gone_at(now), revision)).or_default() += count;
        self.total(revision).leaving += count;
    }

    fn total(&mut self, revision: Revision) -> &mut Totals {
        self.totals.entry(revision).or_default()
    }

    /// Takes the pods that are on no node yet.
    pub(in crate::plan) fn take_fresh(&mut self) -> Vec<Fresh> {
        std::mem::take(&mut self.fresh)
    }

    /// Puts pods on nodes; the first is number `order` in the order of creation.
    pub(in crate::plan) fn bind(&mut self, order: u64, cohort: Cohort, due: Option<Time>) {
        self.due.extend(due.map(|due| (due, order)));
        self.pending.insert(order, Cohort { due, ..cohort });
    }

    /// When something happens next to a pod.
    pub(in crate::plan) fn next_event(&self) -> Option<Time> {
        let due = self.due.first().map(|(time, _)| *time);
        let gone = self.leaving.first_key_value().map(|((time, _), _)| *time);
        due.into_iter().chain(gone).min()
    }

    /// Removes the pods that are gone now: how many, and how many others become Ready now. Those wait for
    /// [`Cohorts::make_ready`].
    pub(in crate::plan) fn happen(&mut self, now: Time) -> (i32, i32) {
        self.happened = Some(now);
        let mut gone = 0;
        while let Some(entry) = self.leaving.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, revision), count) = entry.remove_entry();
            self.total(revision).leaving -= count;
            gone += count;
        }
        let due = self.due.range(..=(now, u64::MAX));
        (gone, due.map(|(_, order)| self.pending.get(order).map_or(0, |cohort| cohort.count)).sum())
    }

    /// The place in the order of creation of the next pod that becomes Ready now.
    pub(in crate::plan) fn next_ready(&self) -> Option<u64> {
        self.due.first().filter(|(time, _)| Some(*time) <= self.happened).map(|(_, order)| *order)
    }

    /// Makes pods Ready whose time has come: the first of a cohort, and then the others.
    ///
    /// Kubelets report one pod after the other, and the controllers do not wait for the last report: they act on the first
    /// one, and then on what has come in meanwhile.
    pub(in crate::plan) fn make_ready(&mut self, now: Time) {
        let Some((due, order)) = self.due.first().copied().filter(|(time, _)| Some(*time) <= self.happened) else {
            return;
        };
        let cohort = self.pending.get_mut(&order).expect("what is due is pending");
        let (revision, count) = (cohort.revision, if cohort.begun { cohort.count } else { 1 });
        cohort.begun = true;
        cohort.count -= count;
        if cohort.count == 0 {
            self.pending.remove(&order);
            self.due.remove(&(due, order));
        }
        *self.ready.entry((now, revision)).or_default() += count;
        if self.horizon.is_some_and(|horizon| now <= horizon) {
            self.available += count;
        }
        let total = self.total(revision);
        total.pending -= count;
        total.ready += count;
    }

    /// How many pods there are, apart from those that are being deleted.
    pub(in crate::plan) fn active(&self) -> i32 {
        self.totals.values().map(|total| total.pending + total.ready).sum()
    }

    /// How many of them are Ready.
    pub(in crate::plan) fn ready(&self) -> i32 {
        self.totals.values().map(|total| total.ready).sum()
    }

    /// How many pods are being deleted.
    pub(in crate::plan) fn leaving(&self) -> i32 {
        self.totals.values().map(|total| total.leaving).sum()
    }

    /// How many pods are Ready for `min_ready` now (`IsPodAvailable` in pkg/api/v1/pod/util.go, v1.36).
    pub(in crate::plan) fn available(&mut self, min_ready: Time, now: Time) -> i32 {
        let end = |time: Time| (time, Revision(usize::MAX));
        let horizon = now - min_ready;
        let between = |from, to| (Excluded(end(from)), Included(end(to)));
        match self.horizon {
            None => self.available = self.ready.range(..=end(horizon)).map(|(_, count)| count).sum(),
            Some(old) if old < horizon => {
                self.available += self.ready.range(between(old, horizon)).map(|(_, count)| count).sum::<i32>();
            }
            Some(old) if old > horizon => {
                self.available -= self.ready.range(between(horizon, old)).map(|(_, count)| count).sum::<i32>();
            }
            Some(_) => {}
        }
        self.horizon = Some(horizon);
        self.available
    }

    /// When the next pod becomes available that is Ready, but not for `min_ready`.
    pub(in crate::plan) fn next_available(&self, min_ready: Time, now: Time) -> Option<Time> {
        let from = (now - min_ready, Revision(usize::MAX));
        let ((since, _), _) = self.ready.range((Excluded(from), Unbounded)).next()?;
        Some(*since + min_ready)
    }

    /// Adds to `pods` how many pods there are of each revision in each phase.
    pub(in crate::plan) fn count(&self, pods: &mut BTreeMap<Group, i64>) {
        for (&revision, total) in &self.totals {
            let phases =
                [(Phase::Pending, total.pending), (Phase::Ready, total.ready), (Phase::Terminating, total.leaving)];
            for (phase, count) in phases {
                if count > 0 {
                    *pods.entry(Group { revision, phase }).or_default() += i64::from(count);
                }
            }
        }
    }
}
