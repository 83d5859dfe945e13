//! The DaemonSet controller on the nodes of the scenario.
//!
//! Mirrors `syncDaemonSet` and `podsShouldBeOnNode` in `pkg/controller/daemon/daemon_controller.go` (v1.36). Left out: pods
//! that fail or end, which these never do; histories; pods whose node is not there. Where the original takes the nodes
//! as its maps happen to give them, they are taken by name here.

mod nodes;
mod update;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::apps::v1::{DaemonSet as Model, DaemonSetSpec};

use self::nodes::{Eligibility, eligibility};
pub(super) use self::words::KIND;
use crate::admission::{ApiServer, defaulted};
use crate::cluster::Object;
use crate::plan::sim::event::{Event, Happened};
use crate::plan::sim::kubelet::Kubelet;
use crate::plan::sim::replicaset;
use crate::plan::sim::scenario::{NodeModel, Scenario};
use crate::plan::sim::state::{self, Group, Phase, Pods, State, number, unless_zero};
use crate::plan::sim::template::{self, Revision, Revisions, Template};
use crate::plan::sim::time::Time;
use crate::plan::sim::workload::Workload;
use crate::values::int_or_string::{IntOrString, Rounding};

/// How many pods are created, and how many deleted, in one step at most (`BurstReplicas`).
const BURST: usize = 250;

/// A DaemonSet with its nodes and pods.
#[derive(Debug)]
pub(super) struct DaemonSet {
    kubelet: Kubelet,
    spec: Spec,
    revisions: Revisions,
    status: Status,
    /// By name.
    nodes: Vec<Node>,
    /// What happens next to which pod: the node, and the pod's number.
    due: BTreeSet<(Time, usize, u64)>,
    /// How many nodes are in which state, and the nodes for which that may not be true any more.
    states: BTreeMap<Vec<Group>, i64>,
    touched: BTreeSet<usize>,
    /// How many pods have been created.
    created: u64,
}

/// What the specification comes down to.
#[derive(Clone, Debug, Default)]
struct Spec {
    template: Template,
    /// What the template is called, if there have been pods of it.
    revision: Option<Revision>,
    /// Whether pods of this template never become Ready.
    fails: bool,
    on_delete: bool,
    max_surge: Option<IntOrString>,
    max_unavailable: Option<IntOrString>,
    min_ready: Time,
}

#[derive(Debug)]
struct Node {
    model: NodeModel,
    eligibility: Eligibility,
    /// In the order of their creation.
    pods: Vec<Pod>,
    /// Its state as it is counted.
    state: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Pod {
    number: u64,
    revision: Revision,
    fails: bool,
    /// Whether it has been put on its node.
    bound: bool,
    /// When it becomes Ready, or is gone.
    due: Option<Time>,
    ready_since: Option<Time>,
    leaving: bool,
}

/// The counts of the status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Status {
    desired: usize,
    current: usize,
    misscheduled: usize,
    ready: usize,
    updated: usize,
    available: usize,
}

impl DaemonSet {
    pub(super) fn new(kubelet: Kubelet, scenario: &Scenario) -> Self {
        let mut nodes: Vec<Node> = scenario
            .nodes
            .iter()
            .map(|model| Node {
                model: model.clone(),
                eligibility: Eligibility::default(),
                pods: Vec::new(),
                state: Vec::new(),
            })
            .collect();
        nodes.sort_by(|one, other| one.model.name.cmp(&other.model.name));
        Self {
            kubelet,
            spec: Spec::default(),
            revisions: Revisions::default(),
            status: Status::default(),
            nodes,
            due: BTreeSet::new(),
            states: BTreeMap::new(),
            touched: BTreeSet::new(),
            created: 0,
        }
    }

    /// Creates and deletes what nodes need that have no pod, or too many. Mirrors `podsShouldBeOnNode`.
    fn manage(&self, now: Time) -> Steps {
        let surges = self.allows_surge();
        let mut steps = Steps::default();
        for (at, node) in self.nodes.iter().enumerate() {
            let Eligibility { run, stay } = node.eligibility;
            // A pod that is on its node comes before one that is not yet (`podByCreationTimestampAndPhase`).
            let mut running: Vec<&Pod> = node.pods.iter().filter(|pod| !pod.leaving).collect();
            if run && node.pods.is_empty() {
                steps.create.push(at);
            } else if !stay {
                steps.delete.extend(running.iter().map(|pod| (at, pod.number)));
            } else if !surges {
                running.sort_by_key(|pod| (!pod.bound, pod.number));
                steps.delete.extend(running.iter().skip(1).map(|pod| (at, pod.number)));
            } else if running.is_empty() {
                steps.create.extend(run.then_some(at));
            } else if running.len() > 1 {
                running.sort_by_key(|pod| (!pod.bound, pod.number));
                let is_new = |pod: &&&Pod| self.is_updated(pod);
                let (new, old) = (running.iter().find(is_new), running.iter().find(|pod| !is_new(pod)));
                let kept = [new, old].map(|pod| pod.map(|pod| pod.number));
                steps
                    .delete
                    .extend(running.iter().filter(|pod| !kept.contains(&Some(pod.number))).map(|pod| (at, pod.number)));
                if let (Some(new), Some(old)) = (new, old)
                    && (old.ready_since.is_none() || self.is_available(new, now))
                {
                    steps.delete.push((at, old.number));
                }
            }
        }
        steps
    }

    /// Creates and deletes pods; whether there was anything to do. Mirrors `syncNodes`.
    fn take(&mut self, steps: &Steps, now: Time, said: &mut Vec<Event>) -> bool {
        for &at in steps.create.iter().take(BURST) {
            self.created += 1;
            let revision = self.revisions.see(&self.spec.template);
            let fails = self.spec.fails;
            self.spec.revision = Some(revision);
            self.nodes[at].pods.push(Pod {
                number: self.created,
                revision,
                fails,
                bound: false,
                due: None,
                ready_since: None,
                leaving: false,
            });
            self.touched.insert(at);
            said.push(Event::Created);
        }
        for &(at, number) in steps.delete.iter().take(BURST) {
            let pods = &mut self.nodes[at].pods;
            let Some(place) = pods.iter().position(|pod| pod.number == number) else { continue };
            self.touched.insert(at);
            if pods[place].bound {
                let gone = self.kubelet.gone_at(now);
                pods[place].leaving = true;
                if let Some(due) = pods[place].due.replace(gone) {
                    self.due.remove(&(due, at, number));
                }
                self.due.insert((gone, at, number));
            } else {
                // A pod that is on no node has nobody who would have to stop it, and is gone at once.
                pods.remove(place);
            }
            said.push(Event::Deleted);
        }
        !(steps.create.is_empty() && steps.delete.is_empty())
    }

    /// What the status says of the nodes: of each, its oldest pod counts. Mirrors `updateDaemonSetStatus`.
    fn counted(&self, now: Time) -> Status {
        let mut status = Status::default();
        for node in &self.nodes {
            let oldest = node.pods.iter().min_by_key(|pod| (!pod.bound, pod.number));
            if !node.eligibility.run {
                status.misscheduled += usize::from(oldest.is_some());
                continue;
            }
            status.desired += 1;
            let Some(oldest) = oldest else { continue };
            status.current += 1;
            status.ready += usize::from(oldest.ready_since.is_some());
            status.available += usize::from(self.is_available(oldest, now));
            status.updated += usize::from(self.is_updated(oldest));
        }
        status
    }

    /// Whether the pod is Ready for as long as it has to be; a pod that is being deleted still is.
    fn is_available(&self, pod: &Pod, now: Time) -> bool {
        pod.ready_since.is_some_and(|since| since + self.spec.min_ready <= now)
    }

    /// Whether the pod has the template of the DaemonSet.
    fn is_updated(&self, pod: &Pod) -> bool {
        Some(pod.revision) == self.spec.revision
    }

    /// Whether a node may have two pods for a while (`AllowsSurge`).
    fn allows_surge(&self) -> bool {
        self.scaled(self.spec.max_surge.as_ref(), 1) > 0
    }

    /// A number of nodes out of `total`; parts of a node count as one.
    fn scaled(&self, number: Option<&IntOrString>, total: usize) -> usize {
        if self.spec.on_delete {
            return 0;
        }
        let total = i32::try_from(total).unwrap_or(i32::MAX);
        // Admission refuses what is neither a number nor a percentage.
        let number = number.and_then(|number| number.scaled(total, Rounding::Up).ok()).unwrap_or_default();
        usize::try_from(number).unwrap_or_default()
    }
}

/// What is to be done: nodes that need a pod, pods that have to go.
#[derive(Debug, Default)]
struct Steps {
    create: Vec<usize>,
    delete: Vec<(usize, u64)>,
}

impl Workload for DaemonSet {
    fn apply(&mut self, object: &Object, server: &ApiServer, _now: Time) {
        let Some(model) = defaulted::<Model>(object, server) else { return };
        self.spec = self.read(&model.spec);
        let pods = model.spec.template.spec.unwrap_or_default();
        for node in &mut self.nodes {
            node.eligibility = eligibility(&pods, &node.model);
        }
    }

    fn next_event(&self) -> Option<Time> {
        self.due.first().map(|(time, ..)| *time)
    }

    fn next_timer(&self, now: Time) -> Option<Time> {
        let since = self.nodes.iter().flat_map(|node| &node.pods).filter_map(|pod| pod.ready_since);
        since.map(|since| since + self.spec.min_ready).filter(|time| *time > now).min()
    }

    fn happen(&mut self, now: Time) -> Happened {
        let (mut gone, mut ready) = (0, 0);
        while let Some((_, at, number)) = self.due.first().copied().filter(|(time, ..)| *time <= now) {
            self.due.pop_first();
            let pods = &mut self.nodes[at].pods;
            let Some(place) = pods.iter().position(|pod| pod.number == number) else { continue };
            if pods[place].leaving {
                pods.remove(place);
                gone += 1;
            } else {
                pods[place].ready_since = Some(now);
                ready += 1;
            }
            self.touched.insert(at);
        }
        replicaset::happened(gone, ready)
    }

    fn sync(&mut self, now: Time, said: &mut Vec<Event>) -> bool {
        let mut acted = self.take(&self.manage(now), now, said);
        if !acted && !self.spec.on_delete {
            // What `manage` has set going has to be seen first.
            acted = self.take(&self.update(now), now, said);
        }
        let status = self.counted(now);
        let changed = acted || self.status != status;
        self.status = status;
        changed
    }

    fn settled(&mut self, now: Time) {
        let mut nth = 0;
        for at in std::mem::take(&mut self.touched) {
            let node = &mut self.nodes[at];
            for pod in node.pods.iter_mut().filter(|pod| !pod.bound) {
                pod.bound = true;
                pod.due = (!pod.fails).then(|| self.kubelet.ready_at(now, nth));
                self.due.extend(pod.due.map(|due| (due, at, pod.number)));
                nth += 1;
            }
            let state = node.groups();
            if state != node.state {
                count(&mut self.states, &node.state, -1);
                count(&mut self.states, &state, 1);
                node.state = state;
            }
        }
    }

    fn state(&self, _now: Time) -> State {
        let status = self.status;
        let counts = state::Nodes {
            desired: number(status.desired),
            current: number(status.current),
            ready: number(status.ready),
            updated: unless_zero(status.updated),
            available: unless_zero(status.available),
            unavailable: unless_zero(status.desired - status.available),
        };
        State {
            pods: Some(Pods::OnNodes(self.states.clone())),
            status: Some(state::Status::Nodes(counts)),
            ..State::default()
        }
    }
}

/// Counts a node more or less in that state; nodes without pods are not counted.
fn count(states: &mut BTreeMap<Vec<Group>, i64>, state: &[Group], change: i64) {
    if state.is_empty() {
        return;
    }
    let count = states.get(state).copied().unwrap_or_default() + change;
    if count == 0 {
        states.remove(state);
    } else {
        states.insert(state.to_owned(), count);
    }
}

impl Node {
    /// Its pods, sorted.
    fn groups(&self) -> Vec<Group> {
        let phase = |pod: &Pod| match (pod.leaving, pod.ready_since) {
            (true, _) => Phase::Terminating,
            (false, Some(_)) => Phase::Ready,
            (false, None) => Phase::Pending,
        };
        let mut pods: Vec<Group> =
            self.pods.iter().map(|pod| Group { revision: pod.revision, phase: phase(pod) }).collect();
        pods.sort_unstable();
        pods
    }
}

impl DaemonSet {
    fn read(&self, spec: &DaemonSetSpec) -> Spec {
        let strategy = spec.update_strategy.clone().unwrap_or_default();
        let rolling = strategy.rolling_update.unwrap_or_default();
        let template = Template::new(&spec.template, KIND.amounts);
        Spec {
            revision: self.revisions.find(&template),
            template,
            fails: self.kubelet.fails(template::images(&spec.template)),
            on_delete: strategy.type_.as_deref() == Some("OnDelete"),
            max_surge: rolling.max_surge.as_ref().map(IntOrString::from),
            max_unavailable: rolling.max_unavailable.as_ref().map(IntOrString::from),
            min_ready: Time::seconds(spec.min_ready_seconds.unwrap_or_default()),
        }
    }
}
