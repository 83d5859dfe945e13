//! The trace of a scenario, and its JSON: the form in which the real controllers' doings are recorded.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::event::{Event, Happening};
use super::state::{CronJob, Group, Job, NamedPod, Nodes, Pods, ReplicaSet, Replicas, State, Status, on_node};

/// Everything that happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Trace {
    /// In order.
    pub trace: Vec<Row>,
}

/// An instant at which something happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// When, in seconds since the begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub t: Option<f64>,
    /// When, in seconds since the last step, if timers run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<f64>,
    /// What the environment did.
    pub event: Vec<Happening>,
    /// What the controllers said: reason and message of their events.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<Event>,
    /// How things stand when the controllers have settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Why the API server refused what was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// A refusal.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Verdict {
    /// Always `reject`.
    pub verdict: &'static str,
    /// All causes.
    pub causes: Vec<Cause>,
}

/// Why something is refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cause {
    /// The field, as the API server calls it.
    pub field: String,
    /// The reason, as the API server calls it.
    pub reason: String,
    /// What is wrong.
    pub message: String,
}

impl Serialize for Happening {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json_of(self).serialize(serializer)
    }
}

fn json_of(state: &State) -> Value {
    let mut json = Map::new();
    let mut add = |name: &str, value: Value| drop(json.insert(name.to_owned(), value));
    match &state.pods {
        Some(Pods::Counted(pods)) => {
            add("pods", counted(pods.iter().map(|(group, count)| (group.to_string(), *count))));
        }
        Some(Pods::OnNodes(nodes)) => {
            add("nodes", counted(nodes.iter().map(|(pods, count)| (on_node(pods), *count))));
        }
        Some(Pods::Named(pods)) => {
            let pod = |pod: &NamedPod| {
                let Group { revision, phase } = pod.group;
                json!({"name": pod.name, "phase": phase.name(), "rev": revision.to_string()})
            };
            add("pods", pods.iter().map(pod).collect());
        }
        Some(Pods::Indexed(pods)) => {
            let pods = pods.iter().flat_map(|((index, phase), count)| {
                let mut pod = json!({"phase": phase.name()});
                if let Some(index) = index {
                    pod["index"] = json!(index);
                }
                std::iter::repeat_n(pod, *count)
            });
            add("pods", pods.collect());
        }
        None => {}
    }
    if let Some(status) = &state.status {
        add("status", json_of_status(status));
    }
    if let Some(conditions) = &state.conditions {
        let conditions = conditions.iter();
        let json = conditions.map(|it| json!({"type": it.name, "status": it.status, "reason": it.reason}));
        add("conditions", json.collect());
    }
    if let Some(sets) = &state.replica_sets {
        let set = |set: &ReplicaSet| {
            json!({
                "rev": set.revision.to_string(),
                "revision": set.number.to_string(),
                "spec": set.wanted,
                "replicas": set.replicas,
                "ready": set.ready,
                "available": set.available,
            })
        };
        add("replicaSets", sets.iter().map(set).collect());
    }
    if let Some(claims) = &state.claims {
        add("pvcs", json!(claims));
    }
    if let Some(runs) = &state.runs {
        let jobs = runs.jobs.iter();
        let jobs = jobs.map(|run| json!({"name": run.name, "scheduled": run.scheduled, "status": run.status()}));
        add("jobs", jobs.collect());
        add("next", json!(runs.next));
    }
    Value::Object(json)
}

fn counted(pods: impl Iterator<Item = (String, i64)>) -> Value {
    json!(pods.collect::<BTreeMap<String, i64>>())
}

fn json_of_status(status: &Status) -> Value {
    match status {
        Status::Replicas(Replicas { all, updated, ready, available, unavailable, current, terminating }) => numbers(&[
            ("replicas", *all),
            ("updatedReplicas", *updated),
            ("readyReplicas", *ready),
            ("availableReplicas", *available),
            ("unavailableReplicas", *unavailable),
            ("currentReplicas", *current),
            ("terminatingReplicas", *terminating),
        ])
        .into(),
        Status::Nodes(Nodes { desired, current, ready, updated, available, unavailable }) => numbers(&[
            ("desiredNumberScheduled", Some(*desired)),
            ("currentNumberScheduled", Some(*current)),
            ("numberReady", Some(*ready)),
            ("updatedNumberScheduled", *updated),
            ("numberAvailable", *available),
            ("numberUnavailable", *unavailable),
        ])
        .into(),
        Status::Job(Job { active, ready, terminating, succeeded, failed, completed_indexes, failed_indexes }) => {
            let mut json = numbers(&[
                ("active", *active),
                ("ready", Some(*ready)),
                ("terminating", Some(*terminating)),
                ("succeeded", *succeeded),
                ("failed", *failed),
            ]);
            json.extend(texts(&[("completedIndexes", completed_indexes), ("failedIndexes", failed_indexes)]));
            json.into()
        }
        Status::CronJob(CronJob { active, last_schedule, last_success }) => {
            let mut json = texts(&[("lastScheduleTime", last_schedule), ("lastSuccessfulTime", last_success)]);
            json.insert("active".to_owned(), json!(active));
            json.into()
        }
    }
}

fn numbers(counts: &[(&str, Option<i64>)]) -> Map<String, Value> {
    counts.iter().filter_map(|(name, count)| Some(((*name).to_owned(), (*count)?.into()))).collect()
}

fn texts(texts: &[(&str, &Option<String>)]) -> Map<String, Value> {
    texts.iter().filter_map(|(name, text)| Some(((*name).to_owned(), text.as_deref()?.into()))).collect()
}
