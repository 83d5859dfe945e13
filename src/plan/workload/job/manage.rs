//! The Job controller: how many pods there are.
//!
//! Mirrors `manageJob` in `pkg/controller/job/job_controller.go` (v1.36).

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::backoff::{self, Record};
use super::sync::View;
use super::wanted::{Action, Wanted};
use super::{BATCH_PERIOD, Due, Event, Job, Phase, Pod, Status};
use crate::plan::sim::slow_start::slow_start;
use crate::plan::sim::time::Time;

/// How many pods one pass creates or deletes at most (`MaxPodCreateDeletePerSync`).
const MOST: usize = 500;

impl Job {
    /// Creates or deletes pods, never both; returns how many are active afterwards. While the Job waits for its back-off
    /// that is none, whatever runs.
    #[expect(clippy::too_many_arguments, reason = "they are what `syncJob` has found out so far")]
    pub(super) fn manage(
        &mut self,
        wanted: &Wanted,
        view: &mut View,
        status: &Status,
        succeeded: usize,
        record: Record,
        now: Time,
        said: &mut Vec<Event>,
    ) -> usize {
        let active = view.active.len();
        let aim = match wanted.completions {
            _ if wanted.suspended => 0,
            None if succeeded > 0 => active,
            None => wanted.parallelism,
            Some(completions) => {
                usize::try_from(completions).unwrap_or(0).saturating_sub(succeeded).min(wanted.parallelism)
            }
        };
        let mut surplus = self.surplus(wanted, view, active.saturating_sub(aim));
        if !wanted.suspended {
            surplus.truncate(MOST);
        }
        if !surplus.is_empty() || wanted.suspended {
            for id in &surplus {
                if let Some(pod) = self.pods.get_mut(id) {
                    pod.counted = true;
                    view.ready -= usize::from(pod.phase == Phase::Ready);
                }
            }
            self.delete(&surplus, now, said);
            view.terminating += surplus.len();
            return active - surplus.len();
        }
        let leaving = if wanted.replaces_only_failed { view.terminating } else { 0 };
        let missing = aim.saturating_sub(active + leaving).min(MOST);
        if missing == 0 {
            return active;
        }
        let per_index = wanted.backoff_limit_per_index.is_some();
        let wait = if per_index || !self.realtime { Time(0) } else { record.remaining(now) };
        let indexes = self.open_indexes(wanted, view, status, missing);
        let (indexes, wait) = if per_index { self.without_backoff(indexes, view, now) } else { (indexes, wait) };
        if wait > Time(0) {
            self.enqueue(now + wait.max(BATCH_PERIOD));
            return 0;
        }
        let pods: Vec<Option<i32>> =
            if wanted.indexed { indexes.into_iter().map(Some).collect() } else { vec![None; missing] };
        let count = pods.len();
        for index in slow_start(pods, |_| true).into_iter().flatten() {
            self.create(wanted, view, index, now);
            said.push(Event::Created);
        }
        active + count
    }

    fn create(&mut self, wanted: &Wanted, view: &View, index: Option<i32>, now: Time) {
        let replaced = index.and_then(|index| view.delayed.get(&index)).and_then(|id| self.pods.get(id));
        let (failures, ignored) = replaced.map_or((0, 0), |pod| {
            let is_ignored = wanted.action(pod, self.exit_code) == Some(Action::Ignore);
            (pod.failures + u32::from(!is_ignored), pod.ignored + u32::from(is_ignored))
        });
        self.serial += 1;
        let pod = Pod {
            index,
            phase: Phase::Pending,
            succeeds: self.ends.next(index),
            created: now,
            ready: None,
            ended: None,
            deleted: None,
            counted: false,
            failures,
            ignored,
            restarts: 0,
            due: Vec::new(),
        };
        self.pods.insert(self.serial, pod);
        self.created.push(self.serial);
    }

    /// Deletes pods; each of them is gone a while later.
    pub(super) fn delete(&mut self, ids: &[u64], now: Time, said: &mut Vec<Event>) {
        for id in ids {
            let Some(pod) = self.pods.get_mut(id) else { continue };
            pod.deleted = Some(now);
            said.push(Event::Deleted);
            let gone = if self.wanted.leaves_at_once { now } else { self.kubelet.gone_at(now) };
            self.schedule(*id, gone, Due::Gone);
        }
    }

    /// At least so many active pods to delete, those first that have come least far (`activePodsForRemoval`); of an Indexed
    /// Job always those whose index is too high.
    fn surplus(&self, wanted: &Wanted, view: &View, at_least: usize) -> Vec<u64> {
        let pods = view.active.iter().filter_map(|id| Some((*id, self.pods.get(id)?)));
        let (mut left, invalid): (Vec<(u64, &Pod)>, Vec<_>) = pods.partition(|(_, pod)| wanted.is_valid(pod));
        if invalid.len() < at_least {
            left.sort_by_key(|(id, pod)| {
                (pod.phase != Phase::Pending, pod.ready.is_some(), Reverse((pod.ready, pod.restarts, pod.created, *id)))
            });
        }
        let more = at_least.saturating_sub(invalid.len());
        invalid.into_iter().chain(left.into_iter().take(more)).map(|(id, _)| id).collect()
    }

    /// The lowest indexes that need a pod (`firstPendingIndexes`).
    fn open_indexes(&mut self, wanted: &Wanted, view: &View, status: &Status, count: usize) -> Vec<i32> {
        let completions = wanted.completions.filter(|_| wanted.indexed).unwrap_or(0);
        let failed = |index: &i32| status.failed_indexes.as_ref().is_some_and(|failed| failed.contains(index));
        let is_over = |index: &i32| status.done.contains(index) || failed(index);
        while self.first_open < completions && is_over(&self.first_open) {
            self.first_open += 1;
        }
        let leaving =
            self.pods.values().filter(|pod| wanted.replaces_only_failed && pod.is_deleted() && !pod.has_ended());
        let active = view.active.iter().filter_map(|id| self.pods.get(id));
        let taken: BTreeSet<i32> = active.chain(leaving).filter_map(|pod| pod.index).collect();
        (self.first_open..completions).filter(|index| !taken.contains(index) && !is_over(index)).take(count).collect()
    }

    /// Those of the indexes that are not in their own back-off; how long the first of them is, if all are. Higher indexes do
    /// not step in (`getPodCreationInfoForIndependentIndexes`).
    fn without_backoff(&self, indexes: Vec<i32>, view: &View, now: Time) -> (Vec<i32>, Time) {
        let wait = |index: &i32| {
            let pod = view.delayed.get(index).and_then(|id| self.pods.get(id)).filter(|_| self.realtime);
            pod.map_or(Time(0), |pod| backoff::remaining(pod.failures + pod.ignored + 1, pod.finish_time(), now))
        };
        let shortest = indexes.iter().map(wait).min().unwrap_or_default();
        (indexes.into_iter().filter(|index| wait(index) == Time(0)).collect(), shortest)
    }
}
