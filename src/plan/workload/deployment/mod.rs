//! The Deployment controller with its ReplicaSets.
//!
//! Mirrors `syncDeployment` in `pkg/controller/deployment/deployment_controller.go` (v1.36). Left out: ReplicaSets that
//! are adopted or released, hash collisions, failures of the API server, and the annotation with which old clients asked
//! for a rollback.

mod rolling;
mod scale;
mod status;
mod words;

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment as Model, DeploymentSpec, RollingUpdateDeployment};

use self::status::{Conditions, Status};
pub(super) use self::words::KIND;
use crate::admission::Gate;
use crate::admission::{ApiServer, defaulted};
use crate::cluster::Object;
use crate::plan::sim::cohorts::Cohorts;
use crate::plan::sim::event::{Event, Happened};
use crate::plan::sim::kubelet::Kubelet;
use crate::plan::sim::replicaset::{self, ReplicaSet};
use crate::plan::sim::state::{self, Pods, State};
use crate::plan::sim::template::{self, Revision, Revisions, Template};
use crate::plan::sim::time::Time;
use crate::plan::sim::workload::Workload;
use crate::values::int_or_string::{Fenceposts, IntOrString, resolve_fenceposts};

/// A Deployment, its ReplicaSets and their pods.
#[derive(Debug)]
pub(super) struct Deployment {
    kubelet: Kubelet,
    name: String,
    spec: Spec,
    generation: i64,
    revisions: Revisions,
    status: Status,
    conditions: Conditions,
    /// In the order of their creation.
    sets: Vec<Set>,
    /// Pods that outlived their ReplicaSet.
    orphans: Vec<Cohorts>,
    /// How many pods have been created.
    created: u64,
}

/// What the specification comes down to.
#[derive(Clone, Debug, Default)]
struct Spec {
    replicas: i32,
    template: Template,
    /// What the template is called, if there is a ReplicaSet with it.
    revision: Option<Revision>,
    /// Whether pods of this template never become Ready.
    fails: bool,
    /// The block `strategy.rollingUpdate`; `None` deletes all old pods before it creates new ones.
    rolling: Option<RollingUpdateDeployment>,
    min_ready: Time,
    paused: bool,
    /// `None` keeps all old ReplicaSets.
    history: Option<usize>,
    /// `None` waits for ever.
    deadline: Option<Time>,
    /// Whether the server counts the pods that are being deleted.
    counts_terminating: bool,
}

/// A ReplicaSet as its Deployment sees it.
#[derive(Clone, Debug)]
struct Set {
    inner: ReplicaSet,
    /// The annotation `deployment.kubernetes.io/revision`.
    number: u64,
    /// The annotation `deployment.kubernetes.io/desired-replicas`.
    desired: i32,
    /// The annotation `deployment.kubernetes.io/max-replicas`.
    max: i32,
}

impl Deployment {
    pub(super) fn new(kubelet: Kubelet) -> Self {
        Self {
            kubelet,
            name: String::new(),
            spec: Spec::default(),
            generation: 0,
            revisions: Revisions::default(),
            status: Status::default(),
            conditions: Conditions::default(),
            sets: Vec::new(),
            orphans: Vec::new(),
            created: 0,
        }
    }

    /// One pass of the Deployment controller; whether it changed anything.
    fn sync(&mut self, now: Time, said: &mut Vec<Event>) -> bool {
        let before = (self.status, self.conditions.clone());
        self.conditions.pause(self.spec.paused, self.spec.deadline.is_some(), now);
        let acted = if self.spec.paused || self.is_scaling_event() {
            self.sync_scale(said)
        } else if self.recreates() {
            self.roll_by_recreating(now, said)
        } else {
            self.roll(now, said)
        };
        acted || before != (self.status, self.conditions.clone())
    }

    /// The first ReplicaSet that has the template of the Deployment, after it has taken over what the Deployment says of
    /// it: the highest revision of all, and `minReadySeconds`. Mirrors `getNewReplicaSet`.
    fn new_set(&mut self) -> Option<usize> {
        let new = self.sets.iter().position(|set| Some(set.inner.revision) == self.spec.revision)?;
        let number = self.next_number(Some(new));
        let set = &mut self.sets[new];
        set.number = set.number.max(number);
        set.inner.min_ready = self.spec.min_ready;
        Some(new)
    }

    fn next_number(&self, new: Option<usize>) -> u64 {
        let old = self.sets.iter().enumerate().filter(|(at, _)| Some(*at) != new);
        old.map(|(_, set)| set.number).max().unwrap_or_default() + 1
    }

    /// The new ReplicaSet, created if it is not there, and whether it was. Mirrors `getNewReplicaSet`.
    fn new_or_created_set(&mut self, now: Time, said: &mut Vec<Event>) -> (usize, bool) {
        if let Some(new) = self.new_set() {
            return (new, false);
        }
        let replicas = self.wanted_of_new(0);
        let revision = self.revisions.see(&self.spec.template);
        self.spec.revision = Some(revision);
        let set = Set {
            inner: ReplicaSet {
                revision,
                fails: self.spec.fails,
                replicas,
                min_ready: self.spec.min_ready,
                ..ReplicaSet::default()
            },
            number: self.next_number(None),
            desired: self.spec.replicas,
            max: self.spec.replicas.saturating_add(self.max_surge()),
        };
        if replicas > 0 {
            said.push(Event::Scaled { deployment: self.name.clone(), revision, from: 0, to: replicas });
        }
        self.sets.push(set);
        if self.spec.deadline.is_some() {
            self.conditions.created(now);
        }
        (self.sets.len() - 1, true)
    }

    /// Deletes the old ReplicaSets beyond the history limit that have no pods, the lowest revision first. Mirrors
    /// `cleanupDeployment`. A ReplicaSet whose last change its controller has not seen is never one of them here,
    /// because the status that it then has still counts pods.
    fn clean_up(&mut self, new: Option<usize>) -> bool {
        let Some(limit) = self.spec.history else { return false };
        let old = (0..self.sets.len()).filter(|at| Some(*at) != new);
        let mut old: Vec<usize> = old.collect();
        let Some(surplus) = old.len().checked_sub(limit).filter(|surplus| *surplus > 0) else { return false };
        old.sort_by_key(|at| self.sets[*at].number);
        let empty = |at: &usize| self.sets[*at].inner.replicas == 0 && self.sets[*at].inner.status.replicas == 0;
        let mut gone: Vec<usize> = old.into_iter().take(surplus).filter(empty).collect();
        gone.sort_unstable();
        for at in gone.iter().rev() {
            self.orphans.push(self.sets.remove(*at).inner.pods);
        }
        !gone.is_empty()
    }

    /// Lets the next pods become Ready whose time has come; whether there were any.
    fn make_ready(&mut self, now: Time) -> bool {
        let pods = self.sets.iter_mut().map(|set| &mut set.inner.pods);
        let next = pods.filter_map(|pods| Some((pods.next_ready()?, pods))).min_by_key(|(order, _)| *order);
        let Some((_, pods)) = next else { return false };
        pods.make_ready(now);
        true
    }

    /// Whether all old pods go before new ones come.
    fn recreates(&self) -> bool {
        self.spec.rolling.is_none()
    }

    fn fenceposts(&self) -> Fenceposts {
        let rolling = self.spec.rolling.as_ref();
        let surge = rolling.and_then(|rolling| rolling.max_surge.as_ref()).map(IntOrString::from);
        let unavailable = rolling.and_then(|rolling| rolling.max_unavailable.as_ref()).map(IntOrString::from);
        // Admission refuses what is neither a number nor a percentage.
        resolve_fenceposts(surge.as_ref(), unavailable.as_ref(), self.spec.replicas)
            .unwrap_or(Fenceposts { max_surge: 0, max_unavailable: 1 })
    }

    /// How many pods there may be beyond the wanted ones (`MaxSurge`).
    fn max_surge(&self) -> i32 {
        if self.recreates() { 0 } else { self.fenceposts().max_surge }
    }

    /// How many pods there have to be available (`MinAvailable`).
    fn min_available(&self) -> i32 {
        let replicas = self.spec.replicas;
        let free = if self.recreates() || replicas == 0 { 0 } else { self.fenceposts().max_unavailable.min(replicas) };
        replicas - free
    }

    /// The sum of `spec.replicas` of all ReplicaSets.
    fn total(&self) -> i32 {
        self.sets.iter().fold(0, |sum: i32, set| sum.saturating_add(set.inner.replicas))
    }
}

impl Workload for Deployment {
    fn apply(&mut self, object: &Object, server: &ApiServer, _now: Time) {
        let Some(model) = defaulted::<Model>(object, server) else { return };
        self.name = model.metadata.name.unwrap_or_default();
        self.spec = self.read(&model.spec, server);
        self.generation += 1;
    }

    fn next_event(&self) -> Option<Time> {
        let sets = self.sets.iter().map(|set| &set.inner.pods);
        sets.chain(&self.orphans).filter_map(Cohorts::next_event).min()
    }

    fn next_timer(&self, now: Time) -> Option<Time> {
        let sets = self.sets.iter().filter_map(|set| set.inner.next_timer(now));
        sets.chain(self.next_progress_check(now)).min()
    }

    fn happen(&mut self, now: Time) -> Happened {
        let (mut gone, mut ready) = (0, 0);
        for pods in self.sets.iter_mut().map(|set| &mut set.inner.pods).chain(&mut self.orphans) {
            let (more_gone, more_ready) = pods.happen(now);
            gone += more_gone;
            ready += more_ready;
        }
        self.orphans.retain(|pods| pods.leaving() > 0);
        replicaset::happened(gone, ready)
    }

    fn sync(&mut self, now: Time, said: &mut Vec<Event>) -> bool {
        let mut changed = Deployment::sync(self, now, said);
        for set in &mut self.sets {
            changed |= set.inner.sync(now, &self.kubelet, &mut self.created);
        }
        changed || self.make_ready(now)
    }

    fn settled(&mut self, now: Time) {
        replicaset::bind(self.sets.iter_mut().map(|set| &mut set.inner.pods), now, &self.kubelet);
    }

    fn state(&self, _now: Time) -> State {
        let set = |set: &Set| state::ReplicaSet {
            revision: set.inner.revision,
            number: set.number,
            wanted: set.inner.replicas,
            replicas: set.inner.status.replicas,
            ready: set.inner.status.ready,
            available: set.inner.status.available,
        };
        let mut pods = BTreeMap::new();
        self.sets.iter().map(|set| &set.inner.pods).chain(&self.orphans).for_each(|set| set.count(&mut pods));
        State {
            replica_sets: Some(self.sets.iter().map(set).collect()),
            status: Some(self.status.shown(self.spec.counts_terminating)),
            conditions: Some(self.conditions.shown()),
            pods: Some(Pods::Counted(pods)),
            ..State::default()
        }
    }
}

impl Deployment {
    fn read(&self, spec: &DeploymentSpec, server: &ApiServer) -> Spec {
        let strategy = spec.strategy.clone().unwrap_or_default();
        let recreates = strategy.type_.as_deref() == Some("Recreate");
        // The greatest number means none (`HasRevisionHistoryLimit`, `HasProgressDeadline`).
        let deadline = spec.progress_deadline_seconds.filter(|seconds| *seconds != i32::MAX);
        let history = spec.revision_history_limit.filter(|limit| *limit != i32::MAX);
        let template = Template::new(&spec.template, KIND.amounts);
        Spec {
            replicas: spec.replicas.unwrap_or_default(),
            revision: self.revisions.find(&template),
            template,
            fails: self.kubelet.fails(template::images(&spec.template)),
            rolling: (!recreates).then(|| strategy.rolling_update.unwrap_or_default()),
            min_ready: Time::seconds(spec.min_ready_seconds.unwrap_or_default()),
            paused: spec.paused.unwrap_or_default(),
            history: history.map(|limit| usize::try_from(limit).unwrap_or_default()),
            deadline: deadline.map(Time::seconds),
            counts_terminating: server.enabled(Gate::DeploymentReplicaSetTerminatingReplicas),
        }
    }
}
