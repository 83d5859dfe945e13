//! A ReplicaSet on its own, which has next to no rollout: a new template matters only to the pods that are created
//! afterwards.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::ReplicaSet as Model;
use k8s_openapi::api::core::v1::PodTemplateSpec;

use super::words::{ALL_AT_ONCE, Failure, of_counted};
use super::{RolloutWords, WorkloadKind};
use crate::admission::Gate;
use crate::admission::equal::Amounts;
use crate::admission::{ApiServer, defaulted};
use crate::cluster::Object;
use crate::plan::document::Effect;
use crate::plan::sim::event::{Event, Happened};
use crate::plan::sim::kubelet::Kubelet;
use crate::plan::sim::replicaset::{self, ReplicaSet};
use crate::plan::sim::state::{Pods, Replicas, State, Status, unless_zero};
use crate::plan::sim::template::{self, Revisions, Template};
use crate::plan::sim::time::Time;
use crate::plan::sim::workload::Workload;

/// The row of the table.
pub(super) static KIND: WorkloadKind = WorkloadKind {
    api_version: "apps/v1",
    kind: "ReplicaSet",
    start: Some(|scenario, _| Box::new(Alone::new(Kubelet::new(scenario)))),
    effect: |_, field| of_counted(field, Effect::None),
    amounts: Amounts::ByValue,
    is_counted: true,
    is_on_nodes: false,
    cost_of_anew: |_| ALL_AT_ONCE,
    rollout: Some(RolloutWords {
        strategy: |_| None,
        bounds: |_, _| Vec::new(),
        status: |_, _, _| None,
        failure: |name, _, _| Failure::unreported("replicaset", name),
    }),
};

/// The row of its forerunner, which is not played.
pub(super) static REPLICATION_CONTROLLER: WorkloadKind = WorkloadKind {
    api_version: "v1",
    kind: "ReplicationController",
    start: None,
    effect: |_, field| of_counted(field, Effect::None),
    amounts: Amounts::ByValue,
    is_counted: true,
    is_on_nodes: false,
    cost_of_anew: |_| ALL_AT_ONCE,
    rollout: None,
};

/// A ReplicaSet that no Deployment owns.
#[derive(Debug)]
pub(super) struct Alone {
    kubelet: Kubelet,
    revisions: Revisions,
    template: Template,
    set: ReplicaSet,
    /// Whether the server counts the pods that are being deleted.
    counts_terminating: bool,
    created: u64,
}

impl Alone {
    pub(super) fn new(kubelet: Kubelet) -> Self {
        Self {
            kubelet,
            revisions: Revisions::default(),
            template: Template::default(),
            set: ReplicaSet::default(),
            counts_terminating: false,
            created: 0,
        }
    }

    /// Wants so many pods of this template from now on.
    pub(super) fn want(&mut self, replicas: i32, template: &PodTemplateSpec) {
        self.set.replicas = replicas;
        self.set.fails = self.kubelet.fails(template::images(template));
        self.template = Template::new(template, Amounts::ByValue);
    }

    /// Whether there ever was a pod.
    pub(super) fn has_begun(&self) -> bool {
        self.created > 0
    }

    pub(super) fn pods(&self) -> Pods {
        let mut pods = BTreeMap::new();
        self.set.pods.count(&mut pods);
        Pods::Counted(pods)
    }
}

impl Workload for Alone {
    fn apply(&mut self, object: &Object, server: &ApiServer, _now: Time) {
        let Some(model) = defaulted::<Model>(object, server) else { return };
        self.set.min_ready = Time::seconds(model.spec.min_ready_seconds.unwrap_or_default());
        self.counts_terminating = server.enabled(Gate::DeploymentReplicaSetTerminatingReplicas);
        self.want(model.spec.replicas.unwrap_or_default(), &model.spec.template.unwrap_or_default());
    }

    fn next_event(&self) -> Option<Time> {
        self.set.pods.next_event()
    }

    fn next_timer(&self, now: Time) -> Option<Time> {
        self.set.next_timer(now)
    }

    fn happen(&mut self, now: Time) -> Happened {
        let (gone, ready) = self.set.pods.happen(now);
        replicaset::happened(gone, ready)
    }

    fn sync(&mut self, now: Time, _said: &mut Vec<Event>) -> bool {
        if self.set.pods.active() < self.set.replicas {
            self.set.revision = self.revisions.see(&self.template);
        }
        let changed = self.set.sync(now, &self.kubelet, &mut self.created);
        if !changed && self.set.pods.next_ready().is_some() {
            self.set.pods.make_ready(now);
            return true;
        }
        changed
    }

    fn settled(&mut self, now: Time) {
        replicaset::bind([&mut self.set.pods], now, &self.kubelet);
    }

    fn state(&self, _now: Time) -> State {
        let status = self.set.status;
        let counts = Replicas {
            all: Some(status.replicas.into()),
            ready: unless_zero(status.ready),
            available: unless_zero(status.available),
            terminating: self.counts_terminating.then(|| status.terminating.into()),
            ..Replicas::default()
        };
        State { pods: Some(self.pods()), status: Some(Status::Replicas(counts)), ..State::default() }
    }
}
