//! How a workload stands at an instant: its pods, and what its controllers say of them.

use std::collections::BTreeMap;
use std::fmt;

pub use super::template::Revision;

/// Sets of more pods are shown in numbers only.
pub(in crate::plan) const NAMED: usize = 12;

/// How a workload stands. What a kind does not have is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Its pods; those of a `CronJob` are its Jobs' business.
    pub pods: Option<Pods>,
    /// The counts of its status.
    pub status: Option<Status>,
    /// The conditions of its status.
    pub conditions: Option<Vec<Condition>>,
    /// The ReplicaSets of a Deployment, in the order of their creation.
    pub replica_sets: Option<Vec<ReplicaSet>>,
    /// The names of the `PersistentVolumeClaims` of a `StatefulSet`, sorted.
    pub claims: Option<Vec<String>>,
    /// What a `CronJob` has run and runs next.
    pub runs: Option<Runs>,
}

/// Pods, told apart as far as anybody can.
#[derive(Clone, Debug, PartialEq)]
pub enum Pods {
    /// Counted, as pods of a ReplicaSet are.
    Counted(BTreeMap<Group, i64>),
    /// By the names of a `StatefulSet`, sorted.
    Named(Vec<NamedPod>),
    /// Nodes, counted by what pods they have; those without pods are left out.
    OnNodes(BTreeMap<Vec<Group>, i64>),
    /// Those of a Job, counted by completion index (if they have one) and phase.
    Indexed(BTreeMap<(Option<i32>, Phase), usize>),
}

/// What pods are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Their template.
    pub revision: Revision,
    /// How far they have come.
    pub phase: Phase,
}

/// How far a pod has come. In alphabetical order, as traces list pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// All containers have ended, one of them with an error.
    Failed,
    /// Not Ready yet.
    Pending,
    /// Ready.
    Ready,
    /// Between two starts of its containers.
    Running,
    /// All containers have ended well.
    Succeeded,
    /// Being deleted.
    Terminating,
}

/// A pod of a `StatefulSet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPod {
    /// Its name.
    pub name: String,
    /// Its template and phase.
    pub group: Group,
}

/// The counts of a status.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// Of a Deployment, a `StatefulSet` or a ReplicaSet.
    Replicas(Replicas),
    /// Of a `DaemonSet`.
    Nodes(Nodes),
    /// Of a Job.
    Job(Job),
    /// Of a `CronJob`.
    CronJob(CronJob),
}

/// The counts of a workload that has a number of replicas; `None` is one that its API does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replicas {
    /// `replicas`
    pub all: Option<i64>,
    /// `updatedReplicas`
    pub updated: Option<i64>,
    /// `readyReplicas`
    pub ready: Option<i64>,
    /// `availableReplicas`
    pub available: Option<i64>,
    /// `unavailableReplicas`
    pub unavailable: Option<i64>,
    /// `currentReplicas`
    pub current: Option<i64>,
    /// `terminatingReplicas`
    pub terminating: Option<i64>,
}

/// The counts of a workload that has a pod on each node; `None` is one that its API does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nodes {
    /// `desiredNumberScheduled`
    pub desired: i64,
    /// `currentNumberScheduled`
    pub current: i64,
    /// `numberReady`
    pub ready: i64,
    /// `updatedNumberScheduled`
    pub updated: Option<i64>,
    /// `numberAvailable`
    pub available: Option<i64>,
    /// `numberUnavailable`
    pub unavailable: Option<i64>,
}

/// The counts of a Job; `None` is one that its API does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// `active`
    pub active: Option<i64>,
    /// `ready`
    pub ready: i64,
    /// `terminating`
    pub terminating: i64,
    /// `succeeded`
    pub succeeded: Option<i64>,
    /// `failed`
    pub failed: Option<i64>,
    /// `completedIndexes`
    pub completed_indexes: Option<String>,
    /// `failedIndexes`
    pub failed_indexes: Option<String>,
}

/// What a `CronJob` says of its Jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CronJob {
    /// The names of those that run.
    pub active: Vec<String>,
    /// `lastScheduleTime`
    pub last_schedule: Option<String>,
    /// `lastSuccessfulTime`
    pub last_success: Option<String>,
}

/// A condition of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its `type`.
    pub name: &'static str,
    /// Whether it is met: `True`, `False` or `Unknown`.
    pub status: &'static str,
    /// Its `reason`.
    pub reason: &'static str,
}

/// A ReplicaSet of a Deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaSet {
    /// The template of its pods.
    pub revision: Revision,
    /// The annotation `deployment.kubernetes.io/revision`.
    pub number: u64,
    /// `spec.replicas`
    pub wanted: i32,
    /// `status.replicas`
    pub replicas: i32,
    /// `status.readyReplicas`
    pub ready: i32,
    /// `status.availableReplicas`
    pub available: i32,
}

/// What a `CronJob` has run and runs next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// The Jobs that are there, the oldest first.
    pub jobs: Vec<Run>,
    /// When the next one is due.
    pub next: Option<String>,
}

/// A Job of a `CronJob`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its name.
    pub name: String,
    /// When it was due.
    pub scheduled: String,
    /// Whether it succeeded; `None` as long as it runs.
    pub outcome: Option<bool>,
}

impl State {
    /// How many things it names one by one.
    pub(in crate::plan) fn length(&self) -> usize {
        let pods = match &self.pods {
            Some(Pods::Named(pods)) => pods.len(),
            Some(Pods::Indexed(pods)) => pods.values().sum(),
            Some(Pods::Counted(_) | Pods::OnNodes(_)) | None => 0,
        };
        pods + self.runs.as_ref().map_or(0, |runs| runs.jobs.len())
    }

    /// How many pods there are in which phase, and of which revision where that counts.
    pub(crate) fn phases(&self) -> Vec<(Option<Revision>, Phase, i64)> {
        let group = |group: &Group, count| (Some(group.revision), group.phase, count);
        match &self.pods {
            None => Vec::new(),
            Some(Pods::Counted(pods)) => pods.iter().map(|(pods, count)| group(pods, *count)).collect(),
            Some(Pods::Named(pods)) => pods.iter().map(|pod| group(&pod.group, 1)).collect(),
            Some(Pods::OnNodes(nodes)) => {
                nodes.iter().flat_map(|(pods, count)| pods.iter().map(|pods| group(pods, *count))).collect()
            }
            Some(Pods::Indexed(pods)) => {
                pods.iter().map(|((_, phase), count)| (None, *phase, number(*count))).collect()
            }
        }
    }

    /// The pods by name, if they are.
    pub(in crate::plan) fn named(&self) -> &[NamedPod] {
        match &self.pods {
            Some(Pods::Named(pods)) => pods,
            _ => &[],
        }
    }

    /// The counts of a workload that has a number of replicas.
    pub(in crate::plan) fn replicas(&self) -> Replicas {
        match &self.status {
            Some(Status::Replicas(counts)) => *counts,
            _ => Replicas::default(),
        }
    }

    /// The counts of a workload that has a pod on each node.
    pub(in crate::plan) fn nodes(&self) -> Option<Nodes> {
        match &self.status {
            Some(Status::Nodes(counts)) => Some(*counts),
            _ => None,
        }
    }

    /// How many pods the status counts as available.
    pub(in crate::plan) fn available(&self) -> i64 {
        self.nodes().map_or(self.replicas().available, |nodes| nodes.available).unwrap_or_default()
    }
}

impl Phase {
    /// As traces call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::Pending => "Pending",
            Self::Ready => "Ready",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Terminating => "Terminating",
        }
    }
}

impl Run {
    /// How it stands, in the word for it.
    pub fn status(&self) -> &'static str {
        match self.outcome {
            Some(true) => "Complete",
            Some(false) => "Failed",
            None => "Running",
        }
    }
}

/// `r1/Ready`
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.revision, self.phase.name())
    }
}

/// `r1/Terminating+r2/Ready`
pub(crate) fn on_node(pods: &[Group]) -> String {
    let mut pods: Vec<String> = pods.iter().map(Group::to_string).collect();
    pods.sort_unstable();
    pods.join("+")
}

/// A count, as states have it.
pub(in crate::plan) fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count that its API leaves out if it is zero.
pub(in crate::plan) fn unless_zero(count: impl TryInto<i64>) -> Option<i64> {
    Some(count.try_into().unwrap_or(i64::MAX)).filter(|count| *count != 0)
}
