//! Jobs: the controller's view of the Job, and what happens to its pods.

mod backoff;
mod indexes;
mod manage;
mod state;
mod sync;
mod wanted;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use k8s_openapi::api::batch::v1::Job as Model;

use self::backoff::Record;
pub(super) use self::wanted::Wanted;
pub(super) use self::words::KIND;
use crate::admission::{ApiServer, defaulted};
use crate::cluster::Object;
use crate::plan::sim::event::{Event, Happened, PodEvent};
use crate::plan::sim::kubelet::Kubelet;
use crate::plan::sim::scenario::Scenario;
use crate::plan::sim::state::State;
use crate::plan::sim::time::Time;
use crate::plan::sim::workload::Workload;

/// How long the controller waits after something happened to a pod, so that it sees what happens together at once
/// (`SyncJobBatchPeriod`).
const BATCH_PERIOD: Time = Time(1000);

/// A Job, its controllers and its pods.
pub(super) struct Job {
    kubelet: Kubelet,
    /// How long pods run.
    run: Time,
    ends: Ends,
    exit_code: i32,
    /// Whether the controllers' timers run.
    realtime: bool,
    wanted: Rc<Wanted>,
    status: Status,
    conditions: BTreeMap<&'static str, Condition>,
    /// How the Job is going to end.
    verdict: Option<Verdict>,
    /// Since when it is over.
    finished: Option<Time>,
    /// Whether it is gone, `ttlSecondsAfterFinished` after its end.
    deleted: bool,
    record: Record,
    /// When the controller looks next.
    sync_at: Option<Time>,
    /// The pods that still count, run or leave.
    pods: BTreeMap<u64, Pod>,
    /// The other ones, which only lie about, by index and phase.
    ended: BTreeMap<(Option<i32>, Phase), usize>,
    /// What happens next to which pod by itself.
    due: BTreeSet<(Time, u64, Due)>,
    /// The pods that were created since the controller settled last.
    created: Vec<u64>,
    serial: u64,
    /// No lower index is open.
    first_open: i32,
}

/// How pods end.
#[derive(Clone, Debug, Default)]
struct Ends {
    outcomes: std::vec::IntoIter<bool>,
    /// How many attempts of each index still fail.
    failures: BTreeMap<i32, u32>,
}

#[derive(Clone, Debug)]
struct Pod {
    index: Option<i32>,
    phase: Phase,
    /// How it ends.
    succeeds: bool,
    created: Time,
    /// Since when it runs.
    ready: Option<Time>,
    ended: Option<Time>,
    deleted: Option<Time>,
    /// Whether the status has counted it, or never will: it has lost its finalizer.
    counted: bool,
    /// How often its index had failed when it was created.
    failures: u32,
    /// How often a failure of its index was ignored.
    ignored: u32,
    restarts: u32,
    /// What is about to happen to it.
    due: Vec<(Time, Due)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Pending,
    /// Between two starts of its containers.
    Waiting,
    Ready,
    Succeeded,
    Failed,
}

/// What happens to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Start,
    Restart,
    End,
    Gone,
}

/// The status that the controller wrote last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Status {
    start: Option<Time>,
    active: usize,
    ready: usize,
    terminating: usize,
    succeeded: usize,
    failed: usize,
    done: BTreeSet<i32>,
    failed_indexes: Option<BTreeSet<i32>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    status: bool,
    reason: &'static str,
}

/// How a Job ends.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Verdict {
    success: bool,
    reason: &'static str,
    message: String,
}

impl Pod {
    /// Pending or running, and to stay (`IsPodActive`).
    fn is_active(&self) -> bool {
        self.deleted.is_none() && !self.has_ended()
    }

    fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }

    fn is_deleted(&self) -> bool {
        self.deleted.is_some()
    }

    /// When it ended, for the back-off (`getFinishedTime`).
    fn finish_time(&self) -> Time {
        self.ended.or(self.deleted).unwrap_or(self.created)
    }
}

impl Ends {
    fn new(scenario: &Scenario) -> Self {
        let failures = scenario.fail_indexes.iter().filter_map(|(index, count)| Some((index.parse().ok()?, *count)));
        Self { outcomes: scenario.outcomes.clone().into_iter(), failures: failures.collect() }
    }

    /// Whether the next attempt succeeds.
    fn next(&mut self, index: Option<i32>) -> bool {
        match index.and_then(|index| self.failures.get_mut(&index)) {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => self.outcomes.next().unwrap_or(true),
        }
    }
}

impl Job {
    pub(super) fn new(scenario: &Scenario, realtime: bool) -> Self {
        Self {
            kubelet: Kubelet::new(scenario),
            run: Time::from_seconds(scenario.run),
            ends: Ends::new(scenario),
            exit_code: scenario.exit_code.unwrap_or(1),
            realtime,
            wanted: Rc::default(),
            status: Status::default(),
            conditions: BTreeMap::new(),
            verdict: None,
            finished: None,
            deleted: false,
            record: Record::default(),
            sync_at: None,
            pods: BTreeMap::new(),
            ended: BTreeMap::new(),
            due: BTreeSet::new(),
            created: Vec::new(),
            serial: 0,
            first_open: 0,
        }
    }

    /// The Job as it is wanted from now on. One that is gone is made anew.
    pub(super) fn set(&mut self, wanted: Wanted, now: Time) {
        if std::mem::take(&mut self.deleted) {
            (self.status, self.record) = (Status::default(), Record::default());
            (self.verdict, self.finished) = (None, None);
            self.conditions.clear();
        }
        self.wanted = Rc::new(wanted);
        self.first_open = 0;
        self.enqueue(now);
    }

    /// How it has ended: whether it succeeded; `None` as long as it has not.
    pub(super) fn outcome(&self) -> Option<bool> {
        self.finished.and(self.verdict.as_ref()).map(|verdict| verdict.success)
    }

    /// When it ended.
    pub(super) fn finish_time(&self) -> Option<Time> {
        self.finished
    }

    /// Whether its time to live after its end is over.
    pub(super) fn is_gone(&self) -> bool {
        self.deleted
    }

    /// Lets the controller look at `time`, unless it does so earlier anyway.
    pub(super) fn enqueue(&mut self, time: Time) {
        self.sync_at = Some(self.sync_at.map_or(time, |earlier| earlier.min(time)));
    }

    fn schedule(&mut self, id: u64, time: Time, event: Due) {
        if let Some(pod) = self.pods.get_mut(&id) {
            pod.due.push((time, event));
            self.due.insert((time, id, event));
        }
    }

    /// The pod is gone.
    fn remove(&mut self, id: u64) {
        if let Some(pod) = self.pods.remove(&id) {
            for (time, event) in pod.due {
                self.due.remove(&(time, id, event));
            }
        }
    }

    /// Lets happen what is due now.
    fn let_all_happen(&mut self, now: Time) -> Happened {
        let mut happened = Happened::new();
        while let Some(&(time, id, event)) = self.due.first()
            && time <= now
        {
            self.due.pop_first();
            if let Some(pod) = self.pods.get_mut(&id) {
                pod.due.retain(|due| *due != (time, event));
            }
            self.let_happen(id, event, now);
            let event = match event {
                Due::Start => PodEvent::Start,
                Due::Restart => PodEvent::Restart,
                Due::End => PodEvent::End,
                Due::Gone => PodEvent::Gone,
            };
            *happened.entry(event).or_default() += 1;
        }
        if !happened.is_empty() {
            self.enqueue(if self.realtime { now + BATCH_PERIOD } else { now });
        }
        happened
    }

    fn let_happen(&mut self, id: u64, event: Due, now: Time) {
        let Some(pod) = self.pods.get_mut(&id) else { return };
        match event {
            Due::Gone => self.remove(id),
            // A pod that is deleted before it runs never does.
            Due::Start | Due::Restart if pod.is_deleted() => {}
            Due::Start | Due::Restart => {
                if event == Due::Restart {
                    // The kubelet counts a restart when it starts the container again (`startContainer`).
                    pod.restarts += 1;
                    pod.succeeds = self.ends.next(pod.index);
                }
                (pod.phase, pod.ready) = (Phase::Ready, Some(now));
                self.schedule(id, now + self.run, Due::End);
            }
            Due::End if pod.succeeds || !self.wanted.restarts || pod.is_deleted() => {
                pod.phase = if pod.succeeds { Phase::Succeeded } else { Phase::Failed };
                pod.ended = Some(now);
            }
            Due::End => {
                (pod.phase, pod.ready) = (Phase::Waiting, None);
                let restart = now + crash_loop_delay(pod.restarts);
                self.schedule(id, restart, Due::Restart);
            }
        }
    }

    /// When the Job is removed (`ttlafterfinished`). Without timers only one that is removed at once is.
    fn expires_at(&self) -> Option<Time> {
        let ttl = self.wanted.ttl.filter(|ttl| self.realtime || *ttl == Time(0))?;
        self.finished.filter(|_| !self.deleted).map(|finished| finished + ttl)
    }

    fn expire(&mut self, now: Time) -> bool {
        if self.expires_at().is_none_or(|time| time > now) {
            return false;
        }
        self.deleted = true;
        self.conditions.clear();
        self.ended.clear();
        true
    }
}

/// How long the kubelet waits before it starts a container again that it has started again so often before: not at all, then
/// 10 s, 20 s … up to five minutes (`doBackOff` in pkg/kubelet).
fn crash_loop_delay(restarts: u32) -> Time {
    match restarts {
        0 => Time(0),
        _ => Time::seconds((10_i64 << (restarts - 1).min(10)).min(300)),
    }
}

impl Workload for Job {
    fn apply(&mut self, object: &Object, server: &ApiServer, now: Time) {
        let Some(model) = defaulted::<Model>(object, server) else { return };
        let identity = &object.identity;
        let spec = model.spec.unwrap_or_default();
        self.set(Wanted::new(identity.namespace.as_deref(), &identity.name, &spec), now);
    }

    fn next_event(&self) -> Option<Time> {
        self.due.first().map(|(time, ..)| *time)
    }

    fn next_timer(&self, _: Time) -> Option<Time> {
        self.sync_at.into_iter().chain(self.expires_at()).min()
    }

    fn happen(&mut self, now: Time) -> Happened {
        self.let_all_happen(now)
    }

    fn sync(&mut self, now: Time, said: &mut Vec<Event>) -> bool {
        let expired = self.expire(now);
        if self.sync_at.is_none_or(|time| time > now) {
            return expired;
        }
        self.sync_at = None;
        let changed = self.sync_job(now, said);
        if changed {
            self.enqueue(now);
        }
        changed || expired
    }

    fn settled(&mut self, now: Time) {
        for (nth, id) in std::mem::take(&mut self.created).into_iter().enumerate() {
            self.schedule(id, self.kubelet.ready_at(now, nth), Due::Start);
        }
    }

    fn state(&self, _: Time) -> State {
        self.shown()
    }
}
