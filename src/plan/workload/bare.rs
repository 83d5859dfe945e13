//! Workloads with next to no rollout: a ReplicaSet on its own, and a Pod on its own.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::ReplicaSet as ReplicaSetModel;
use k8s_openapi::api::core::v1::{Pod as PodModel, PodTemplateSpec};

use crate::admission::{ApiServer, defaulted};
use crate::cluster::Object;
use crate::plan::sim::event::{Event, Happened};
use crate::plan::sim::kubelet::Kubelet;
use crate::plan::sim::replicaset::{self, ReplicaSet};
use crate::plan::sim::state::{Pods, Replicas, State, Status, unless_zero};
use crate::plan::sim::template::{self, Revisions, Template};
use crate::plan::sim::time::Time;
use crate::plan::simulate::Workload;

/// A ReplicaSet on its own, or a Pod on its own, which behaves like one pod of it that nobody replaces.
///
/// A new template of a ReplicaSet matters only to the pods that are created afterwards.
#[derive(Debug)]
pub(super) struct Bare {
    kubelet: Kubelet,
    revisions: Revisions,
    template: Template,
    set: ReplicaSet,
    /// Whether the server counts the pods that are being deleted.
    counts_terminating: bool,
    created: u64,
    is_pod: bool,
}

impl Bare {
    pub(super) fn replica_set(kubelet: Kubelet) -> Self {
        Self {
            kubelet,
            revisions: Revisions::default(),
            template: Template::default(),
            set: ReplicaSet::default(),
            counts_terminating: false,
            created: 0,
            is_pod: false,
        }
    }

    pub(super) fn pod(kubelet: Kubelet) -> Self {
        Self { is_pod: true, ..Self::replica_set(kubelet) }
    }
}

impl Workload for Bare {
    fn apply(&mut self, object: &Object, server: &ApiServer, _now: Time) {
        let template = if self.is_pod {
            let Some(model) = defaulted::<PodModel>(object, server) else { return };
            self.set.replicas = 1;
            PodTemplateSpec { metadata: None, spec: model.spec }
        } else {
            let Some(model) = defaulted::<ReplicaSetModel>(object, server) else { return };
            self.set.replicas = model.spec.replicas.unwrap_or_default();
            self.set.min_ready = Time::seconds(model.spec.min_ready_seconds.unwrap_or_default());
            self.counts_terminating = server.enabled("DeploymentReplicaSetTerminatingReplicas");
            model.spec.template.unwrap_or_default()
        };
        // What may change of a Pod changes it where it is.
        if self.is_pod && self.created > 0 {
            return;
        }
        self.template = Template::new(&template);
        self.set.fails = self.kubelet.fails(template::images(&template));
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
        let mut pods = BTreeMap::new();
        self.set.pods.count(&mut pods);
        let pods = Some(Pods::Counted(pods));
        if self.is_pod {
            return State { pods, ..State::default() };
        }
        let status = self.set.status;
        let counts = Replicas {
            all: Some(status.replicas.into()),
            ready: unless_zero(status.ready),
            available: unless_zero(status.available),
            terminating: self.counts_terminating.then(|| status.terminating.into()),
            ..Replicas::default()
        };
        State { pods, status: Some(Status::Replicas(counts)), ..State::default() }
    }
}
