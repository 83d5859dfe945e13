//! The kinds of workloads: a table with a row for each, and their controllers.
//!
//! A new kind is a folder with its controllers and its `words.rs`, a line in [`WORKLOADS`], and a row in `cluster::pods`.

mod cronjob;
mod daemonset;
mod deployment;
mod job;
mod pod;
mod replica_set;
mod statefulset;
mod words;

use serde_json::Value;

use self::words::Failure;
use super::document::Effect;
use super::sim::scenario::Scenario;
use super::sim::state::State;
use super::sim::workload::Workload;
use crate::admission::ApiServer;
use crate::admission::equal::Amounts;
use crate::cluster::Object;
use crate::finding::Identity;

/// What a kind of workload is like.
pub(crate) struct WorkloadKind {
    api_version: &'static str,
    kind: &'static str,
    /// Its controllers and their world; `None` for a kind that cannot be played.
    start: Option<Start>,
    /// What a change of a field does to the pods, by the new `spec` and the name of the field.
    pub(super) effect: fn(&Value, &str) -> Effect,
    /// When two templates are the same to its controller.
    pub(super) amounts: Amounts,
    /// Whether `spec.replicas` says how many pods there are.
    pub(crate) is_counted: bool,
    /// Whether there is a pod on each node that fits.
    pub(crate) is_on_nodes: bool,
    /// What is lost when an object is deleted and created anew.
    pub(super) cost_of_anew: fn(&Object) -> &'static str,
    /// How its pods change, in words; `None` for a kind that rolls nothing out, or whose pods end when they like.
    pub(super) rollout: Option<RolloutWords>,
}

type Start = fn(&Scenario, &ApiServer) -> Box<dyn Workload>;

/// What there is to say of a rollout. `spec` is the new one, as it is stored.
pub(super) struct RolloutWords {
    /// The strategy in a line.
    pub(super) strategy: fn(spec: &Value) -> Option<String>,
    /// Where the bounds come from, with so many pods in the end.
    pub(super) bounds: fn(spec: &Value, desired: i64) -> Vec<String>,
    /// The line that `kubectl rollout status` prints of the object with this name.
    pub(super) status: fn(name: &str, spec: &Value, state: &State) -> Option<String>,
    /// What there is to know if the new pods never become ready, and things stand so in the end.
    pub(super) failure: fn(name: &str, spec: &Value, state: &State) -> Failure,
}

/// All kinds, as people list them.
static WORKLOADS: [&WorkloadKind; 8] = [
    &deployment::KIND,
    &statefulset::KIND,
    &daemonset::KIND,
    &replica_set::KIND,
    &replica_set::REPLICATION_CONTROLLER,
    &job::KIND,
    &cronjob::KIND,
    &pod::KIND,
];

impl WorkloadKind {
    /// Whether a new template replaces the pods, if nothing in the object holds that up.
    pub(crate) fn rolls(&self) -> bool {
        (self.effect)(&Value::Null, "spec.template") == Effect::Roll
    }
}

/// The kind of an object, in whatever version of the API.
pub(crate) fn of(identity: &Identity) -> Option<&'static WorkloadKind> {
    WORKLOADS.into_iter().find(|row| row.kind == identity.kind)
}

/// The kinds that have a pod on each node.
pub(super) fn on_nodes() -> impl Iterator<Item = &'static str> {
    WORKLOADS.into_iter().filter(|row| row.is_on_nodes).map(|row| row.kind)
}

/// Starts the controllers for an object; `None` if there are none for its kind and version.
pub(super) fn start(object: &Object, scenario: &Scenario, server: &ApiServer) -> Option<Box<dyn Workload>> {
    let row = of(&object.identity).filter(|row| row.api_version == object.identity.api_version)?;
    Some((row.start?)(scenario, server))
}

/// The kinds that can be played: `Job, CronJob (batch/v1) and Pod (v1)`.
pub(super) fn playable() -> String {
    let mut versions: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in WORKLOADS.into_iter().filter(|row| row.start.is_some()) {
        match versions.last_mut() {
            Some((version, kinds)) if *version == row.api_version => kinds.push(row.kind),
            _ => versions.push((row.api_version, vec![row.kind])),
        }
    }
    let mut parts: Vec<String> =
        versions.into_iter().map(|(version, kinds)| format!("{} ({version})", kinds.join(", "))).collect();
    let last = parts.pop().unwrap_or_default();
    format!("{} and {last}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{WORKLOADS, of};
    use crate::cluster::Cluster;
    use crate::source::Sources;

    #[test]
    fn every_kind_has_pods_and_a_row_of_its_own() {
        for row in WORKLOADS {
            let mut sources = Sources::default();
            sources.add("object.yaml", format!("{{apiVersion: {}, kind: {}}}", row.api_version, row.kind));
            let cluster = Cluster::read(&sources);
            let object = &cluster.objects()[0];
            assert!(object.pod_template_path().is_some(), "`cluster::pods` does not know {}", object.identity);
            assert!(of(&object.identity).is_some_and(|found| std::ptr::eq(found, row)), "{}", object.identity);
        }
    }
}
