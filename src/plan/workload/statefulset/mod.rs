//! A StatefulSet: the controller's view of it, and what happens to its pods.

mod claims;
mod sync;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::apps::v1::StatefulSet as Model;
use serde_json::{Map, Value, json};

use self::claims::{Claims, Owner};
use self::wanted::Wanted;
use crate::admission::{ApiServer, defaulted};
use crate::cluster::Object;
use crate::plan::sim::kubelet::Kubelet;
use crate::plan::sim::template::{self, Revision, Revisions, Template};
use crate::plan::sim::time::Time;
use crate::plan::simulate::Workload;
use crate::plan::steps::NAMED;

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
    due: BTreeSet<(Time, i64, Event)>,
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

/// What happens to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ready,
    Gone,
}

impl Status {
    fn show(&self) -> Map<String, Value> {
        let mut status = Map::new();
        status.insert("availableReplicas".to_owned(), self.available.into());
        status.insert("replicas".to_owned(), self.replicas.into());
        let counts =
            [("currentReplicas", self.current), ("readyReplicas", self.ready), ("updatedReplicas", self.updated)];
        for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            status.insert(name.to_owned(), count.into());
        }
        status
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

    fn phase(&self) -> &'static str {
        match (self.terminating, self.ready) {
            (true, _) => "Terminating",
            (false, Some(_)) => "Ready",
            (false, None) => "Pending",
        }
    }
}

impl StatefulSet {
    pub(super) fn new(kubelet: Kubelet, server: &ApiServer) -> Self {
        Self {
            kubelet,
            counts_unavailable: server.enabled("MaxUnavailableStatefulSet"),
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
        for (time, event) in [(pod.ready_at, Event::Ready), (pod.gone_at, Event::Gone)] {
            time.map(|time| self.due.remove(&(time, ordinal, event)));
        }
        let claims = self.claims_of(ordinal);
        self.claims.collect(&claims, pod.id);
    }

    fn revision_name(&self, pod: &Pod) -> String {
        self.names.get(&pod.revision).map(|name| format!("r{name}")).unwrap_or_default()
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
        let revision = self.revisions.see(&Template::new(template));
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

    fn happen(&mut self, now: Time) -> Vec<String> {
        let (mut ready, mut gone) = (0, 0);
        while let Some(&(time, ordinal, event)) = self.due.first()
            && time <= now
        {
            self.due.pop_first();
            if event == Event::Gone {
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
        let events = [("gone", gone), ("ready", ready)];
        events.into_iter().filter(|(_, count)| *count > 0).map(|(event, count)| format!("{event}:{count}")).collect()
    }

    fn sync(&mut self, now: Time, said: &mut Vec<String>) -> bool {
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
                self.due.insert((time, ordinal, Event::Ready));
            }
        }
        self.name_revisions();
    }

    fn state(&self, _: Time) -> Value {
        let mut pods: Vec<(String, &Pod)> =
            self.pods.iter().map(|(ordinal, pod)| (self.name_of(*ordinal), pod)).collect();
        pods.sort_by(|one, other| one.0.cmp(&other.0));
        let pods: Vec<Value> = pods
            .into_iter()
            .map(|(name, pod)| json!({"name": name, "phase": pod.phase(), "rev": self.revision_name(pod)}))
            .collect();
        json!({"pods": pods, "pvcs": self.claims.names().collect::<Vec<_>>(), "status": self.status.show()})
    }

    fn outline(&self, now: Time) -> Value {
        if self.pods.len() <= NAMED {
            return self.state(now);
        }
        let mut counts: BTreeMap<(Revision, &str), (usize, &Pod)> = BTreeMap::new();
        for pod in self.pods.values() {
            counts.entry((pod.revision, pod.phase())).or_insert((0, pod)).0 += 1;
        }
        let pods: Map<String, Value> = counts
            .into_iter()
            .map(|((_, phase), (count, pod))| (format!("{}/{phase}", self.revision_name(pod)), count.into()))
            .collect();
        json!({"pods": pods, "status": self.status.show()})
    }
}
