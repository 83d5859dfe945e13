//! A StatefulSet: the controller's view of it, and what happens to its pods.

mod claims;
mod sync;
mod wanted;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::apps::v1::StatefulSet as Model;

use self::claims::{Claims, Owner};
use self::wanted::Wanted;
pub(super) use self::words::KIND;
use crate::admission::Gate;
use crate::admission::{ApiServer, defaulted};
use crate::cluster::Object;
use crate::plan::sim::event::{Event, Happened};
use crate::plan::sim::kubelet::Kubelet;
use crate::plan::sim::replicaset::happened;
use crate::plan::sim::state::{self, Group, NAMED, NamedPod, Phase, Pods, Replicas, State, number, unless_zero};
use crate::plan::sim::template::{self, Revision, Revisions, Template};
use crate::plan::sim::time::Time;
use crate::plan::sim::workload::Workload;

/// A StatefulSet, its controller and its pods.
pub(super) struct StatefulSet {
    kubelet: Kubelet,
    /// Whether `maxUnavailable` counts (gate `MaxUnavailableStatefulSet`).
    counts_unavailable: bool,
    revisions: Revisions,
    templates: BTreeMap<Revision, Behaviour>,
    /// In which order pods have shown the revisions.
    names: BTreeMap<Revision, usize>,
    wanted: Option<Wanted>,
    status: Status,
    pods: BTreeMap<i64, Pod>,
    claims: Claims,
    /// What happens next to which pod by itself.
    due: BTreeSet<(Time, i64, Due)>,
    /// The pods that were created since the controller settled last.
    created: Vec<i64>,
    /// How many pods there have been.
    serial: u64,
}

/// How pods of a template behave.
#[derive(Clone, Copy, Debug, Default)]
struct Behaviour {
    /// They never become Ready.
    fails: bool,
    /// They leave as soon as they are deleted, because `terminationGracePeriodSeconds` is 0.
    leaves_at_once: bool,
}

#[derive(Clone, Debug)]
struct Pod {
    /// Tells it from earlier pods of its name.
    id: u64,
    revision: Revision,
    /// Since when it is Ready; a pod that is not is Pending.
    ready: Option<Time>,
    terminating: bool,
    /// When it is about to become Ready. A pod that is terminating then does not.
    ready_at: Option<Time>,
    /// When it is gone.
    gone_at: Option<Time>,
    /// Whom its claims were given to last.
    claims_of: Option<Owner>,
}

/// What happens to a pod by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Ready,
    Gone,
}

impl Status {
    /// The counts as the API shows them.
    fn shown(&self) -> state::Status {
        state::Status::Replicas(Replicas {
            all: Some(number(self.replicas)),
            available: Some(number(self.available)),
            current: unless_zero(self.current),
            ready: unless_zero(self.ready),
            updated: unless_zero(self.updated),
            unavailable: None,
            terminating: None,
        })
    }
}

/// The status that the controller wrote last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Status {
    current_revision: Option<Revision>,
    update_revision: Option<Revision>,
    replicas: usize,
    ready: usize,
    available: usize,
    current: usize,
    updated: usize,
}

impl Pod {
    fn new(id: u64, revision: Revision) -> Self {
        Self { id, revision, ready: None, terminating: false, ready_at: None, gone_at: None, claims_of: None }
    }

    fn is_available(&self, min_ready: Time, now: Time) -> bool {
        self.ready.is_some_and(|since| min_ready == Time(0) || since + min_ready <= now)
    }

    /// Not available, or on its way out (`isUnavailable`).
    fn is_unavailable(&self, min_ready: Time, now: Time) -> bool {
        self.terminating || !self.is_available(min_ready, now)
    }

    fn phase(&self) -> Phase {
        match (self.terminating, self.ready) {
            (true, _) => Phase::Terminating,
            (false, Some(_)) => Phase::Ready,
            (false, None) => Phase::Pending,
        }
    }
}

impl StatefulSet {
    pub(super) fn new(kubelet: Kubelet, server: &ApiServer) -> Self {
        Self {
            kubelet,
            counts_unavailable: server.enabled(Gate::MaxUnavailableStatefulSet),
            revisions: Revisions::default(),
            templates: BTreeMap::new(),
            names: BTreeMap::new(),
            wanted: None,
            status: Status::default(),
            pods: BTreeMap::new(),
            claims: Claims::default(),
            due: BTreeSet::new(),
            created: Vec::new(),
            serial: 0,
        }
    }

    fn name_of(&self, ordinal: i64) -> String {
        let name = self.wanted.as_ref().map_or("", |wanted| &wanted.name);
        format!("{name}-{ordinal}")
    }

    /// The names of the claims of the pod.
    fn claims_of(&self, ordinal: i64) -> Vec<String> {
        let pod = self.name_of(ordinal);
        let templates = self.wanted.iter().flat_map(|wanted| &wanted.claim_templates);
        templates.map(|template| format!("{template}-{pod}")).collect()
    }

    /// The pod is gone, and so are the claims that it owned.
    fn remove(&mut self, ordinal: i64) {
        let Some(pod) = self.pods.remove(&ordinal) else { return };
        for (time, event) in [(pod.ready_at, Due::Ready), (pod.gone_at, Due::Gone)] {
            time.map(|time| self.due.remove(&(time, ordinal, event)));
        }
        let claims = self.claims_of(ordinal);
        self.claims.collect(&claims, pod.id);
    }

    /// What the pod is counted by: revisions as they are named.
    fn group(&self, pod: &Pod) -> Group {
        let name = self.names.get(&pod.revision).copied().unwrap_or_default();
        Group { revision: Revision(name), phase: pod.phase() }
    }

    /// Revisions count from the first pod of each.
    fn name_revisions(&mut self) {
        for pod in self.pods.values() {
            let count = self.names.len();
            self.names.entry(pod.revision).or_insert(count + 1);
        }
    }
}

impl Workload for StatefulSet {
    fn apply(&mut self, object: &Object, server: &ApiServer, _: Time) {
        let Some(model) = defaulted::<Model>(object, server) else { return };
        let template = &model.spec.template;
        let revision = self.revisions.see(&Template::new(template, KIND.amounts));
        let grace = template.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds);
        let fails = self.kubelet.fails(template::images(template));
        self.templates.insert(revision, Behaviour { fails, leaves_at_once: grace == Some(0) });
        self.wanted = Some(Wanted::new(&model, revision, server));
    }

    fn next_event(&self) -> Option<Time> {
        self.due.first().map(|(time, ..)| *time)
    }

    fn next_timer(&self, now: Time) -> Option<Time> {
        let min_ready = self.wanted.as_ref()?.min_ready;
        if min_ready == Time(0) {
            return None;
        }
        self.pods.values().filter_map(|pod| Some(pod.ready? + min_ready)).filter(|time| *time > now).min()
    }

    fn happen(&mut self, now: Time) -> Happened {
        let (mut ready, mut gone) = (0, 0);
        while let Some(&(time, ordinal, event)) = self.due.first()
            && time <= now
        {
            self.due.pop_first();
            if event == Due::Gone {
                self.remove(ordinal);
                gone += 1;
                continue;
            }
            ready += 1;
            if let Some(pod) = self.pods.get_mut(&ordinal)
                && !pod.terminating
            {
                pod.ready = Some(now);
            }
        }
        happened(gone, ready)
    }

    fn sync(&mut self, now: Time, said: &mut Vec<Event>) -> bool {
        self.sync_set(now, said)
    }

    fn settled(&mut self, now: Time) {
        let mut created = std::mem::take(&mut self.created);
        created.sort_by_cached_key(ToString::to_string);
        for (nth, ordinal) in created.into_iter().enumerate() {
            let Some(pod) = self.pods.get_mut(&ordinal) else { continue };
            let behaviour = self.templates.get(&pod.revision).copied().unwrap_or_default();
            if pod.ready_at.is_none() && !behaviour.fails {
                let time = self.kubelet.ready_at(now, nth);
                pod.ready_at = Some(time);
                self.due.insert((time, ordinal, Due::Ready));
            }
        }
        self.name_revisions();
    }

    fn state(&self, _: Time) -> State {
        let pods = self.pods.iter();
        let pod = |(ordinal, pod): (&i64, &Pod)| NamedPod { name: self.name_of(*ordinal), group: self.group(pod) };
        let mut pods: Vec<NamedPod> = pods.map(pod).collect();
        pods.sort_by(|one, other| one.name.cmp(&other.name));
        State {
            pods: Some(Pods::Named(pods)),
            claims: Some(self.claims.names().map(str::to_owned).collect()),
            status: Some(self.status.shown()),
            ..State::default()
        }
    }

    fn outline(&self, now: Time) -> State {
        if self.pods.len() <= NAMED {
            return self.state(now);
        }
        let mut pods: BTreeMap<Group, i64> = BTreeMap::new();
        for pod in self.pods.values() {
            *pods.entry(self.group(pod)).or_default() += 1;
        }
        State { pods: Some(Pods::Counted(pods)), status: Some(self.status.shown()), ..State::default() }
    }
}
