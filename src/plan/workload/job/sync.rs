//! The Job controller: how the Job stands, and whether it is over.
//!
//! Mirrors `syncJob` and `trackJobStatusAndRemoveFinalizers` in `pkg/controller/job/job_controller.go` (v1.36). Left out:
//! calls that fail, pods of somebody else, Workloads and `PodGroup`s, and the limit of 500 pods which one pass counts.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::wanted::{Action, Wanted};
use super::{Condition, Event, Job, Phase, Pod, Status, Verdict};
use crate::plan::sim::time::Time;

/// What the controller sees at the begin of a pass.
pub(super) struct View {
    /// The pods that run or are about to.
    pub(super) active: Vec<u64>,
    /// How many of them run.
    pub(super) ready: usize,
    pub(super) terminating: usize,
    /// The pods that the status does not count yet, and whether they have failed.
    uncounted: Vec<(u64, bool)>,
    /// The failed pod of each index that has none to replace it (`getPodsWithDelayedDeletionPerIndex`); it is counted when
    /// it is replaced, because it says how often its index has failed.
    pub(super) delayed: BTreeMap<i32, u64>,
}

impl Job {
    /// One sync; whether it changed anything.
    pub(super) fn sync_job(&mut self, now: Time, said: &mut Vec<Event>) -> bool {
        let wanted = Rc::clone(&self.wanted);
        if wanted.managed_elsewhere || self.finished.is_some() || self.deleted {
            return false;
        }
        let (before, serial) = (self.conditions.clone(), self.serial);
        let mut status = self.status.clone();
        let mut view = self.look(&wanted);
        if !wanted.suspended {
            status.start.get_or_insert(now);
        }
        let failed =
            status.failed + self.news(&wanted, &view, false).iter().filter(|pod| self.counts(&wanted, pod)).count();
        let succeeded = self.news(&wanted, &view, true);
        let mut all_succeeded = status.succeeded + succeeded.len();
        let finish_times = |pods: &[&Pod]| pods.iter().map(|pod| pod.finish_time()).collect::<Vec<_>>();
        let failures = finish_times(&self.news(&wanted, &view, false));
        let record = self.record.after(&finish_times(&succeeded), &failures);
        if wanted.indexed {
            let done: Vec<i32> = succeeded.iter().filter_map(|pod| pod.index).collect();
            status.done.extend(done);
            status.done.retain(|index| wanted.completions.is_some_and(|completions| *index < completions));
            all_succeeded = status.done.len();
        }
        let mut verdict = self.verdict.clone().or_else(|| self.failure(&wanted, failed, status.start, now));
        if wanted.backoff_limit_per_index.is_some() {
            self.look_at_indexes(&wanted, &mut view, &mut status);
            verdict = verdict.or_else(|| failed_indexes(&wanted, &status));
        }
        let is_success = wanted.indexed && wanted.is_success(&status.done);
        verdict = verdict.or_else(|| is_success.then(|| Verdict::success("SuccessPolicy")));
        let mut changed = false;
        if verdict.is_some() {
            changed |= !view.active.is_empty();
            self.delete(&view.active, now, said);
            view.terminating += view.active.len();
            (view.ready, status.active) = (0, 0);
        } else {
            status.active = self.manage(&wanted, &mut view, &status, all_succeeded, record, now, said);
            let over = match wanted.completions {
                Some(completions) => usize::try_from(completions).is_ok_and(|completions| all_succeeded >= completions),
                None => all_succeeded > 0,
            };
            if over && status.active == 0 {
                verdict = Some(Verdict::success("CompletionsReached"));
            } else {
                self.suspend_or_resume(&wanted, &mut status, now, said);
            }
        }
        changed |= self.count(&wanted, &view, verdict.as_ref(), &mut status);
        (status.ready, status.terminating) = (view.ready, view.terminating);
        if self.verdict != verdict {
            let name =
                if verdict.as_ref().is_some_and(|it| it.success) { "SuccessCriteriaMet" } else { "FailureTarget" };
            self.condition(name, verdict.as_ref());
            self.verdict = verdict;
        }
        if self.status != status || self.conditions != before {
            // The back-off is remembered only with a new status.
            self.record = record;
        }
        changed |= self.status != status || self.conditions != before || self.serial != serial;
        self.status = status;
        if view.terminating == 0 && self.verdict.is_some() {
            self.finish(&wanted, now, said);
            changed = true;
        }
        changed
    }

    fn look(&self, wanted: &Wanted) -> View {
        let pods = || self.pods.iter();
        View {
            active: pods().filter(|(_, pod)| pod.is_active()).map(|(id, _)| *id).collect(),
            ready: pods().filter(|(_, pod)| pod.is_active() && pod.phase == Phase::Ready).count(),
            terminating: pods().filter(|(_, pod)| pod.is_deleted() && !pod.has_ended()).count(),
            uncounted: pods().filter(|(_, pod)| !pod.counted).map(|(id, pod)| (*id, wanted.is_failed(pod))).collect(),
            delayed: BTreeMap::new(),
        }
    }

    /// The pods that have succeeded or failed and are not counted yet (`getNewFinishedPods`).
    fn news(&self, wanted: &Wanted, view: &View, success: bool) -> Vec<&Pod> {
        let pods = view.uncounted.iter().filter_map(|(id, failed)| Some((self.pods.get(id)?, *failed)));
        pods.filter(|(pod, failed)| if success { pod.phase == Phase::Succeeded } else { *failed })
            .map(|(pod, _)| pod)
            .filter(|pod| wanted.is_valid(pod))
            .collect()
    }

    /// Whether a failed pod counts as failed.
    fn counts(&self, wanted: &Wanted, pod: &Pod) -> bool {
        wanted.action(pod, self.exit_code) != Some(Action::Ignore)
    }

    /// Why the Job has failed as a whole, if it has.
    fn failure(&mut self, wanted: &Wanted, failed: usize, start: Option<Time>, now: Time) -> Option<Verdict> {
        let of_rule = self.pods.values().filter(|pod| wanted.is_failed(pod)).find_map(|pod| {
            let Some(Action::FailJob(message)) = wanted.action(pod, self.exit_code) else { return None };
            Some(Verdict::failure("PodFailurePolicy", message))
        });
        if of_rule.is_some() {
            return of_rule;
        }
        if failed > wanted.backoff_limit || self.restarted_too_often(wanted) {
            return Some(Verdict::failure("BackoffLimitExceeded", "Job has reached the specified backoff limit"));
        }
        let deadline = start.zip(wanted.active_deadline).map(|(start, limit)| start + limit);
        let deadline = deadline.filter(|_| self.realtime && !wanted.suspended)?;
        if now >= deadline {
            return Some(Verdict::failure("DeadlineExceeded", "Job was active longer than specified deadline"));
        }
        self.enqueue(deadline);
        None
    }

    /// With `restartPolicy: OnFailure`, restarts must not even reach the limit (`pastBackoffLimitOnFailure`).
    fn restarted_too_often(&self, wanted: &Wanted) -> bool {
        if !wanted.restarts {
            return false;
        }
        let restarts: u32 = self.pods.values().filter(|pod| !pod.has_ended()).map(|pod| pod.restarts).sum();
        restarts > 0 && usize::try_from(restarts).is_ok_and(|restarts| restarts >= wanted.backoff_limit)
    }

    /// Which indexes have failed, and which wait for a pod (`calculateFailedIndexes`).
    fn look_at_indexes(&self, wanted: &Wanted, view: &mut View, status: &mut Status) {
        let limit = wanted.backoff_limit_per_index.unwrap_or(0);
        let failed = self.news(wanted, view, false);
        let out = failed.iter().filter(|pod| match wanted.action(pod, self.exit_code) {
            Some(Action::FailIndex) => true,
            Some(Action::Ignore) => false,
            _ => pod.failures >= limit,
        });
        let out: Vec<i32> = out.filter_map(|pod| pod.index).collect();
        let failed_indexes = status.failed_indexes.get_or_insert_default();
        failed_indexes.extend(out);
        failed_indexes.retain(|index| wanted.completions.is_some_and(|completions| *index < completions));
        let active: BTreeSet<i32> =
            view.active.iter().filter_map(|id| self.pods.get(id).and_then(|pod| pod.index)).collect();
        for (id, failed) in &view.uncounted {
            let Some(pod) = self.pods.get(id).filter(|pod| *failed && wanted.is_valid(pod)) else { continue };
            let Some(index) = pod.index else { continue };
            if status.done.contains(&index) || failed_indexes.contains(&index) || active.contains(&index) {
                continue;
            }
            let rank = |pod: &Pod| (pod.failures + pod.ignored, pod.finish_time());
            let other = view.delayed.get(&index).and_then(|id| self.pods.get(id)).map(rank);
            if other.is_none_or(|other| other <= rank(pod)) {
                view.delayed.insert(index, *id);
            }
        }
    }

    fn suspend_or_resume(&mut self, wanted: &Wanted, status: &mut Status, now: Time, said: &mut Vec<Event>) {
        let suspended = self.conditions.get("Suspended").is_some_and(|condition| condition.status);
        if suspended == wanted.suspended {
            return;
        }
        let (reason, word, start) =
            if wanted.suspended { ("JobSuspended", "suspended", None) } else { ("JobResumed", "resumed", Some(now)) };
        self.conditions.insert("Suspended", Condition { status: wanted.suspended, reason });
        status.start = start;
        said.push(Event::other(if wanted.suspended { "Suspended" } else { "Resumed" }, format!("Job {word}")));
    }

    /// Counts the pods that have ended, and forgets them (`trackJobStatusAndRemoveFinalizers`). When the Job fails, what
    /// it deletes has failed too.
    fn count(&mut self, wanted: &Wanted, view: &View, verdict: Option<&Verdict>, status: &mut Status) -> bool {
        let mut news = false;
        for (id, failed) in &view.uncounted {
            let Some(pod) = self.pods.get(id).filter(|pod| !pod.counted) else { continue };
            let succeeded = pod.phase == Phase::Succeeded;
            let delayed = pod.index.is_some_and(|index| view.delayed.get(&index) == Some(id));
            if verdict.is_none() && !succeeded && (!failed || delayed) {
                continue;
            }
            if succeeded {
                status.succeeded += usize::from(!wanted.indexed);
            } else if *failed || verdict.is_some_and(|verdict| !verdict.success) {
                status.failed += usize::from(wanted.is_valid(pod) && self.counts(wanted, pod));
            }
            if let Some(pod) = self.pods.get_mut(id) {
                pod.counted = true;
            }
            news = true;
        }
        if wanted.indexed {
            status.succeeded = status.done.len();
        }
        self.forget();
        news
    }

    /// Pods that have ended and are counted only lie about.
    fn forget(&mut self) {
        let ended: Vec<u64> = self
            .pods
            .iter()
            .filter(|(_, pod)| pod.counted && pod.has_ended() && !pod.is_deleted())
            .map(|(id, _)| *id)
            .collect();
        for id in ended {
            if let Some(pod) = self.pods.get(&id) {
                *self.ended.entry((pod.index, pod.phase)).or_default() += 1;
            }
            self.remove(id);
        }
    }

    fn condition(&mut self, name: &'static str, verdict: Option<&Verdict>) {
        if let Some(verdict) = verdict {
            self.conditions.insert(name, Condition { status: true, reason: verdict.reason });
        }
    }

    /// Nothing is left to wait for (`enactJobFinished`).
    fn finish(&mut self, wanted: &Wanted, now: Time, said: &mut Vec<Event>) {
        self.finished = Some(now);
        let Some(verdict) = self.verdict.clone() else { return };
        self.condition(if verdict.success { "Complete" } else { "Failed" }, Some(&verdict));
        if !verdict.success {
            said.push(Event::other(verdict.reason, verdict.message));
            return;
        }
        let completions = wanted.completions.and_then(|completions| usize::try_from(completions).ok());
        if completions.is_some_and(|completions| self.status.succeeded > completions) {
            let message = "Too many succeeded pods running after completion count reached";
            said.push(Event::other("TooManySucceededPods", message));
        }
        said.push(Event::other("Completed", "Job completed"));
    }
}

/// Whether so many indexes have failed that the Job has.
fn failed_indexes(wanted: &Wanted, status: &Status) -> Option<Verdict> {
    let failed = status.failed_indexes.as_ref().map_or(0, BTreeSet::len);
    let all = usize::try_from(wanted.completions?).ok()?;
    if wanted.max_failed_indexes.is_some_and(|limit| failed > limit) {
        let message = "Job has exceeded the specified maximal number of failed indexes";
        return Some(Verdict::failure("MaxFailedIndexesExceeded", message));
    }
    (failed > 0 && failed + status.done.len() >= all)
        .then(|| Verdict::failure("FailedIndexes", "Job has failed indexes"))
}

impl Verdict {
    fn success(reason: &'static str) -> Self {
        Self { success: true, reason, message: String::new() }
    }

    fn failure(reason: &'static str, message: impl Into<String>) -> Self {
        Self { success: false, reason, message: message.into() }
    }
}
