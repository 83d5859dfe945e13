//! What happens when objects are applied: the controllers' steps, in time.
//!
//! A [`Scenario`] says what is applied when and how pods behave; [`simulate`] plays it on a virtual clock and gives the
//! [`Trace`]. The controllers mirror those of Kubernetes v1.36 (pkg/controller); each workload has a file.

mod applier;
mod apply;
mod assumptions;
mod bare;
mod build;
mod canonical;
mod change;
mod claims;
mod cohorts;
pub(crate) mod consumers;
mod cronjob;
mod daemonset;
mod decoding;
mod deployment;
pub mod document;
mod endpoints;
mod gate;
pub(crate) mod interplay;
mod job;
mod kubelet;
mod nodes;
mod reading;
mod refusal;
mod replicaset;
mod rollout;
mod scenario;
mod server_says;
mod simulate;
mod slow_start;
mod statefulset;
mod status;
mod steps;
mod strategy;
mod template;
mod time;
pub(crate) mod timing;
mod ways_out;

use self::bare::Bare;
use self::cronjob::CronJob;
use self::daemonset::DaemonSet;
use self::deployment::Deployment;
use self::job::Job;
use self::kubelet::Kubelet;
use self::simulate::Workload;
use self::statefulset::StatefulSet;
use crate::admission::ApiServer;
use crate::cluster::Object;

pub use self::applier::{Applier, UnknownApplier};
pub use self::assumptions::{AssumptionError, Assumptions};
pub use self::build::{Options, Side, id, plan};
pub use self::change::{Change, Effect, changes};
pub use self::gate::{Condition, GateError};
pub use self::reading::ScenarioError;
pub use self::scenario::{At, Failing, Instant, NodeModel, Outage, Scenario, Step, TaintModel, generate_schema};
pub use self::simulate::{Row, SimulationError, Trace, Verdict, simulate};
pub use self::time::Time;

/// The controllers for the kind of `object`; `None` if it is not a workload.
fn workload(object: &Object, scenario: &Scenario, server: &ApiServer) -> Option<Box<dyn Workload>> {
    let kubelet = Kubelet::new(scenario);
    Some(match (object.identity.api_version.as_str(), object.identity.kind.as_str()) {
        ("apps/v1", "Deployment") => Box::new(Deployment::new(kubelet)),
        ("apps/v1", "DaemonSet") => Box::new(DaemonSet::new(kubelet, scenario)),
        ("apps/v1", "ReplicaSet") => Box::new(Bare::replica_set(kubelet)),
        ("v1", "Pod") => Box::new(Bare::pod(kubelet)),
        ("apps/v1", "StatefulSet") => Box::new(StatefulSet::new(kubelet, server)),
        ("batch/v1", "CronJob") => Box::new(CronJob::new(scenario)),
        ("batch/v1", "Job") => Box::new(Job::new(scenario, scenario.realtime)),
        _ => return None,
    })
}
