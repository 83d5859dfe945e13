//! The controllers of each kind of workload.

mod bare;
mod cronjob;
mod daemonset;
mod deployment;
mod job;
mod statefulset;

use self::bare::Bare;
use self::cronjob::CronJob;
use self::daemonset::DaemonSet;
use self::deployment::Deployment;
use self::job::Job;
use self::statefulset::StatefulSet;
use super::sim::kubelet::Kubelet;
use super::sim::scenario::Scenario;
use super::simulate::Workload;
use crate::admission::ApiServer;
use crate::cluster::Object;

/// The controllers for the kind of `object`; `None` if it is not a workload.
pub(super) fn workload(object: &Object, scenario: &Scenario, server: &ApiServer) -> Option<Box<dyn Workload>> {
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
