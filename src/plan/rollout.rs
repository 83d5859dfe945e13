//! The rollout of one workload: played at best and at worst, and once with new pods that never become ready.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::document::{Bounds, ObjectPlan, OnFailure, Revision, Span, Step};
use super::scenario::{At, Failing, Scenario, Settled};
use super::simulate::{Row, simulate_decoded};
use super::{status, strategy, timing};
use crate::admission::ApiServer;
use crate::cluster::Object;

/// An image that no pod can become ready with.
const NEVER_READY: &str = "seatrial.invalid/never-ready";

/// How long a rollout is watched, in seconds: nobody waits for longer, and one that goes on for ever must end.
const HORIZON: f64 = 7.0 * 24.0 * 3600.0;

/// What the manifests cannot know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assumptions {
    /// How long a pod takes until it is ready, in seconds, instead of what its probes say.
    pub startup: Option<f64>,
    /// How long a pod takes to stop, in seconds, instead of what its grace period says.
    pub termination: Option<f64>,
    /// How many pods run already, by the name of the workload, where an autoscaler decides that.
    pub replicas: BTreeMap<String, i32>,
}

/// A text that is no assumption.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no assumption; write for example `startup=5s`, `termination=10s` or `replicas/web=18`")]
pub struct AssumptionError(String);

impl Assumptions {
    /// Adds one that is written as `startup=5s`, `termination=10s` or `replicas/NAME=18`.
    pub fn add(&mut self, text: &str) -> Result<(), AssumptionError> {
        let fail = || AssumptionError(text.to_owned());
        let (name, value) = text.split_once('=').ok_or_else(fail)?;
        let seconds = || {
            let seconds: f64 = value.strip_suffix('s').unwrap_or(value).parse().map_err(|_| fail())?;
            if (0.0..=1e9).contains(&seconds) { Ok(seconds) } else { Err(fail()) }
        };
        match name {
            "startup" => self.startup = Some(seconds()?),
            "termination" => self.termination = Some(seconds()?),
            _ => {
                let workload = name.strip_prefix("replicas/").filter(|name| !name.is_empty()).ok_or_else(fail)?;
                let count = value.parse().ok().filter(|count: &i32| *count >= 0).ok_or_else(fail)?;
                self.replicas.insert(workload.to_owned(), count);
            }
        }
        Ok(())
    }

    /// What is taken for granted, in words.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = vec!["the old pods are healthy".to_owned(), "there is room for all pods".to_owned()];
        words.push(match self.startup {
            Some(seconds) => format!("a pod is ready after {seconds} s"),
            None => "a pod is ready as soon as its probes allow".to_owned(),
        });
        if let Some(seconds) = self.termination {
            words.push(format!("a pod stops in {seconds} s"));
        }
        words.extend(self.replicas.iter().map(|(name, count)| format!("{count} pods of {name} run now")));
        words.push("no webhook changes the objects".to_owned());
        words
    }
}

/// Fills in how the pods of `new` replace those of `old`.
pub(super) fn describe(
    plan: &mut ObjectPlan,
    old: &Object,
    new: &Object,
    assumptions: &Assumptions,
    server: &ApiServer,
) {
    // A CronJob rolls nothing out: a change waits for its next run.
    let Some(template) = new.pod_template().filter(|_| new.identity.kind != "CronJob") else { return };
    let (ready, stop) = (timing::ready(template.spec), timing::stop(template.spec));
    let ready = assumptions.startup.map_or(ready, |seconds| Span { min: seconds, max: seconds });
    let stop = assumptions.termination.map_or(stop, |seconds| Span { min: seconds, max: seconds });
    let (before, after) = (manifest(old, assumptions), manifest(new, &Assumptions::default()));
    let rows_of = |startup: f64, termination: f64, after: &Value| -> Option<Vec<Row>> {
        let scenario = scenario(&before, after, startup, termination);
        let trace = simulate_decoded(&scenario, server).ok()?.trace;
        // What came before the change counts only as the state that it starts from.
        let at = trace.iter().rposition(|row| row.event.iter().any(|event| event.starts_with("apply:")))?;
        (at > 0).then(|| trace[at - 1..].to_vec())
    };
    let Some(worst) = rows_of(ready.max, stop.max, &after) else { return };
    let best = rows_of(ready.min, stop.min, &after).unwrap_or_default();
    plan.steps = steps(&worst, &best);
    plan.strategy = strategy::describe(new);
    let desired = desired(&worst).unwrap_or_default();
    plan.bounds = Some(bounds(&plan.steps, desired, new));
    plan.time = Some(Span { min: end(&best), max: end(&worst) });
    plan.rollout_status = status::lines(new, &worst);
    let broken = never_ready(&after);
    if let Some(failed) = rows_of(ready.max, stop.max, &broken) {
        plan.on_failure = on_failure(new, &failed);
    }
}

/// The manifest as JSON, with the number of pods that is assumed to run.
fn manifest(object: &Object, assumptions: &Assumptions) -> Value {
    let mut manifest = object.root().to_json();
    if let Some(replicas) = assumptions.replicas.get(&object.identity.name) {
        manifest["spec"]["replicas"] = json!(replicas);
    }
    manifest
}

/// The manifest with an image that never becomes ready in its first container.
fn never_ready(manifest: &Value) -> Value {
    let mut manifest = manifest.clone();
    if let Some(image) = manifest.pointer_mut("/spec/template/spec/containers/0/image") {
        *image = json!(NEVER_READY);
    }
    manifest
}

fn scenario(before: &Value, after: &Value, startup: f64, termination: f64) -> Scenario {
    let mut after = after.clone();
    // Both sides are one object to the scenario, wherever they are applied.
    after["metadata"]["namespace"] = before["metadata"]["namespace"].clone();
    after["apiVersion"] = before["apiVersion"].clone();
    let settled = At::Word(Settled::Settled);
    Scenario {
        steps: vec![
            super::Step { at: At::Seconds(0.0), apply: before.clone() },
            super::Step { at: settled, apply: after },
        ],
        startup,
        termination,
        fail: Some(Failing { image: NEVER_READY.to_owned() }),
        realtime: true,
        horizon: Some(HORIZON),
        ..Scenario::default()
    }
}

/// A row in numbers.
struct Count {
    revisions: Vec<Revision>,
    available: i64,
    terminating: i64,
}

impl Count {
    fn pods(&self) -> i64 {
        self.revisions.iter().map(|revision| revision.pods).sum()
    }
}

/// The pods of a row by revision. The states of the kinds differ: counts for a Deployment, names for a `StatefulSet`, nodes
/// for a `DaemonSet`.
fn count(state: &Value) -> Count {
    let mut by_revision: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut terminating = 0;
    let mut add = |rev: &str, phase: &str, count: i64| {
        if phase == "Terminating" {
            terminating += count;
        } else {
            let entry = by_revision.entry(rev.to_owned()).or_default();
            entry.0 += count;
            entry.1 += if phase == "Ready" { count } else { 0 };
        }
    };
    let counts = |value: &Value, add: &mut dyn FnMut(&str, &str, i64)| {
        for (pods, count) in value.as_object().into_iter().flatten() {
            for pod in pods.split('+') {
                let (rev, phase) = pod.split_once('/').unwrap_or(("", pod));
                add(rev, phase, count.as_i64().unwrap_or_default());
            }
        }
    };
    counts(&state["pods"], &mut add);
    counts(&state["nodes"], &mut add);
    for pod in state["pods"].as_array().into_iter().flatten() {
        let text = |name: &str| pod[name].as_str().unwrap_or_default();
        add(text("rev"), text("phase"), 1);
    }
    let names = |rev: &str| match rev {
        "r1" => "old".to_owned(),
        "r2" => "new".to_owned(),
        other => other.to_owned(),
    };
    let revisions: Vec<Revision> =
        by_revision.into_iter().map(|(rev, (pods, ready))| Revision { rev: names(&rev), pods, ready }).collect();
    let status = &state["status"];
    let available = ["availableReplicas", "numberAvailable"].iter().find_map(|name| status[*name].as_i64());
    // The status of some kinds counts pods that are stopping, which nobody should count on.
    let ready = revisions.iter().map(|revision: &Revision| revision.ready).sum();
    Count { available: available.unwrap_or_default().min(ready), revisions, terminating }
}

/// The instants at which something changes that people see. That a pod is gone at last is none of them, unless a controller
/// waited for it.
fn steps(worst: &[Row], best: &[Row]) -> Vec<Step> {
    let seen = |rows: &[Row]| -> Vec<Row> {
        let mut kept: Vec<Row> = Vec::new();
        for row in rows {
            let only_gone = row.said.is_empty() && row.event.iter().all(|event| event.starts_with("gone:"));
            if kept.is_empty() || !only_gone || row.event.is_empty() {
                kept.push(row.clone());
            }
        }
        kept
    };
    let (worst, best) = (seen(worst), seen(best));
    let same = worst.len() == best.len();
    let mut steps = Vec::new();
    for (n, row) in worst.iter().enumerate() {
        let Some(state) = &row.state else { continue };
        let count = count(state);
        let max = if n == 0 { 0.0 } else { row.since.unwrap_or_default() };
        let min = if n == 0 || !same { max } else { best[n].since.unwrap_or_default() };
        steps.push(Step {
            n,
            at: Span { min: min.min(max), max },
            available: count.available,
            pods: count.pods(),
            terminating: count.terminating,
            events: if n == 0 { Vec::new() } else { events(&row.said) },
            revisions: count.revisions,
        });
    }
    // All steps have the same revisions, so that they make a table.
    let mut all: Vec<String> = Vec::new();
    for step in &steps {
        for revision in &step.revisions {
            if !all.contains(&revision.rev) {
                all.push(revision.rev.clone());
            }
        }
    }
    all.sort_by_key(|rev| (rev != "old", rev != "new", rev.clone()));
    for step in &mut steps {
        step.revisions = all
            .iter()
            .map(|rev| {
                let known = step.revisions.iter().find(|revision| revision.rev == *rev).cloned();
                known.unwrap_or(Revision { rev: rev.clone(), pods: 0, ready: 0 })
            })
            .collect();
    }
    steps
}

/// The controllers' events, shortened: `new 0→3`, `delete db-4`, `create 3 pods`.
fn events(said: &[String]) -> Vec<String> {
    let mut events: Vec<String> = Vec::new();
    let mut created = 0;
    let mut deleted = 0;
    for event in said {
        let words: Vec<&str> = event.split_whitespace().collect();
        match words.as_slice() {
            ["ScalingReplicaSet:", .., name, "from", from, "to", to] => {
                let rev = match name.rsplit_once('-').map_or(*name, |(_, rev)| rev) {
                    "r1" => "old",
                    "r2" => "new",
                    other => other,
                };
                events.push(format!("{rev} {from}→{to}"));
            }
            ["SuccessfulCreate:", "Create", "Pod", name, ..] => events.push(format!("create {name}")),
            ["SuccessfulDelete:", "Delete", "Pod", name, ..] => events.push(format!("delete {name}")),
            ["SuccessfulCreate:", "Created", "pod", ..] => created += 1,
            ["SuccessfulDelete:", "Deleted", "pod", ..] => deleted += 1,
            _ => events.push(event.clone()),
        }
    }
    let pods = |count: i32| if count == 1 { "1 pod".to_owned() } else { format!("{count} pods") };
    if deleted > 0 {
        events.push(format!("delete {}", pods(deleted)));
    }
    if created > 0 {
        events.push(format!("create {}", pods(created)));
    }
    events
}

/// How many pods there should be in the end.
fn desired(rows: &[Row]) -> Option<i64> {
    let state = rows.last()?.state.as_ref()?;
    let status = &state["status"];
    Some(status["desiredNumberScheduled"].as_i64().unwrap_or_else(|| count(state).pods()))
}

fn bounds(steps: &[Step], desired: i64, object: &Object) -> Bounds {
    // Before the change counts too: a workload that is broken already does not get worse.
    let least = steps.iter().map(|step| step.available).min().unwrap_or_default();
    Bounds {
        desired,
        min_available: least,
        max_pods: steps.iter().map(|step| step.pods).max().unwrap_or_default(),
        max_terminating: steps.iter().map(|step| step.terminating).max().unwrap_or_default(),
        why: strategy::arithmetic(object, desired),
    }
}

/// When the last thing happens.
fn end(rows: &[Row]) -> f64 {
    let done =
        rows.iter().rfind(|row| !(row.said.is_empty() && row.event.iter().all(|event| event.starts_with("gone:"))));
    done.and_then(|row| row.since).unwrap_or_default()
}

fn on_failure(object: &Object, rows: &[Row]) -> Option<OnFailure> {
    let row = rows.last()?;
    let count = count(row.state.as_ref()?);
    let (kind, name) = (object.identity.kind.as_str(), object.identity.name.as_str());
    let namespace = object.identity.namespace.as_deref().map(|it| format!(" -n {it}")).unwrap_or_default();
    let (reported, after_seconds) = match kind {
        "Deployment" => {
            let deadline = object.root().to_json()["spec"]["progressDeadlineSeconds"].as_f64().unwrap_or(600.0);
            (Some(format!("error: deployment {name:?} exceeded its progress deadline")), Some(deadline))
        }
        _ => (Some("nothing reports it; `kubectl rollout status` waits".to_owned()), None),
    };
    let mut recover = vec![format!("kubectl{namespace} rollout undo {}/{name}", kind.to_lowercase())];
    if kind == "StatefulSet" && object.root().to_json()["spec"]["podManagementPolicy"] != "Parallel" {
        let state = row.state.as_ref()?;
        let broken = state["pods"].as_array().into_iter().flatten().find(|pod| pod["phase"] == "Pending");
        if let Some(pod) = broken.and_then(|pod| pod["name"].as_str()) {
            recover.push(format!(
                "kubectl{namespace} delete pod {pod}   (OrderedReady waits for the broken pod, kubernetes#67250)"
            ));
        }
    }
    Some(OnFailure { parks: count.revisions, available: count.available, reported, after_seconds, recover })
}
