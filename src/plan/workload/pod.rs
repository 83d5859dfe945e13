//! A Pod on its own, which behaves like the one pod of a ReplicaSet; what may change of it changes it where it is.

use k8s_openapi::api::core::v1::{Pod as Model, PodTemplateSpec};

use super::WorkloadKind;
use super::replica_set::Alone;
use crate::admission::equal::Amounts;
use crate::admission::{ApiServer, defaulted};
use crate::cluster::Object;
use crate::plan::document::Effect;
use crate::plan::sim::event::{Event, Happened};
use crate::plan::sim::kubelet::Kubelet;
use crate::plan::sim::state::State;
use crate::plan::sim::time::Time;
use crate::plan::sim::workload::Workload;

/// The row of the table.
pub(super) static KIND: WorkloadKind = WorkloadKind {
    api_version: "v1",
    kind: "Pod",
    start: Some(|scenario, _| Box::new(Pod { set: Alone::new(Kubelet::new(scenario)) })),
    effect: |_, _| Effect::InPlace,
    amounts: Amounts::ByValue,
    is_counted: false,
    is_on_nodes: false,
    cost_of_anew: |_| "the pod stops, and starts again from its image",
    rollout: None,
};

#[derive(Debug)]
struct Pod {
    set: Alone,
}

impl Workload for Pod {
    fn apply(&mut self, object: &Object, server: &ApiServer, _now: Time) {
        let Some(model) = defaulted::<Model>(object, server) else { return };
        if !self.set.has_begun() {
            self.set.want(1, &PodTemplateSpec { metadata: None, spec: model.spec });
        }
    }

    fn next_event(&self) -> Option<Time> {
        self.set.next_event()
    }

    fn next_timer(&self, now: Time) -> Option<Time> {
        self.set.next_timer(now)
    }

    fn happen(&mut self, now: Time) -> Happened {
        self.set.happen(now)
    }

    fn sync(&mut self, now: Time, said: &mut Vec<Event>) -> bool {
        self.set.sync(now, said)
    }

    fn settled(&mut self, now: Time) {
        self.set.settled(now);
    }

    fn state(&self, _now: Time) -> State {
        State { pods: Some(self.set.pods()), ..State::default() }
    }
}
