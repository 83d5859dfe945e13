//! From the rows of a trace to the steps of a plan.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{PodState, Revision, Span, Step};
use super::simulate::Row;

/// Sets of more pods are shown in numbers only.
pub(super) const NAMED: usize = 12;

/// A row in numbers.
pub(super) struct Count {
    /// The pods that are not being deleted, by revision.
    pub(super) revisions: Vec<Revision>,
    pub(super) available: i64,
    pub(super) terminating: i64,
}

impl Count {
    pub(super) fn pods(&self) -> i64 {
        self.revisions.iter().map(|revision| revision.pods).sum()
    }

    /// The pods of a state by revision. The states of the kinds differ: counts for a Deployment, names for a
    /// `StatefulSet`, nodes for a `DaemonSet`.
    pub(super) fn new(state: &Value) -> Self {
        let mut by_revision: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        let mut terminating = 0;
        let mut add = |rev, phase: &str, count: i64| {
            if phase == "Terminating" {
                terminating += count;
            } else {
                let (pods, ready) = by_revision.entry(rev).or_default();
                *pods += count;
                *ready += if phase == "Ready" { count } else { 0 };
            }
        };
        for states in [&state["pods"], &state["nodes"]] {
            for (pods, count) in states.as_object().into_iter().flatten() {
                for pod in pods.split('+') {
                    let (rev, phase) = pod.split_once('/').unwrap_or(("", pod));
                    add(rev, phase, count.as_i64().unwrap_or_default());
                }
            }
        }
        for pod in state["pods"].as_array().into_iter().flatten() {
            add(text(pod, "rev"), text(pod, "phase"), 1);
        }
        let revision = |(rev, (pods, ready))| Revision { rev: rev_name(rev), pods, ready };
        let revisions: Vec<Revision> = by_revision.into_iter().map(revision).collect();
        let status = &state["status"];
        let available = ["availableReplicas", "numberAvailable"].iter().find_map(|name| status[*name].as_i64());
        // The status of some kinds counts pods that are stopping, which nobody should count on.
        let ready = revisions.iter().map(|revision| revision.ready).sum();
        Self { available: available.unwrap_or_default().min(ready), revisions, terminating }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// What a plan calls a revision: there are two, the old and the new template.
fn rev_name(rev: &str) -> String {
    match rev {
        "r1" => "old",
        "r2" => "new",
        other => other,
    }
    .to_owned()
}

/// Whether the row tells of nothing but pods that are gone at last, which nobody waited for.
fn is_only_gone(row: &Row) -> bool {
    row.said.is_empty() && row.event.iter().all(|event| event.starts_with("gone:"))
}

/// The instants at which something changes that people see. The first row is how things stand before the change.
pub(super) fn steps(worst: &[Row], best: &[Row]) -> Vec<Step> {
    let seen =
        |rows: &[Row]| -> Vec<usize> { (0..rows.len()).filter(|at| *at == 0 || !is_only_gone(&rows[*at])).collect() };
    let (shown, best_shown) = (seen(worst), seen(best));
    // Where the clock changes what happens, only the worst is known step by step.
    let same = shown.len() == best_shown.len();
    let mut steps = Vec::new();
    for (n, at) in shown.into_iter().enumerate() {
        let row = &worst[at];
        let Some(state) = &row.state else { continue };
        let count = Count::new(state);
        let max = if n == 0 { 0.0 } else { row.since.unwrap_or_default() };
        let min = if n == 0 || !same { max } else { best[best_shown[n]].since.unwrap_or_default() };
        steps.push(Step {
            n,
            at: Span { min: min.min(max), max },
            available: count.available,
            pods: count.pods(),
            terminating: count.terminating,
            events: if n == 0 { Vec::new() } else { events(&row.said) },
            revisions: count.revisions,
            named: named(state),
            endpoints: BTreeMap::new(),
        });
    }
    complete(&mut steps);
    steps
}

/// Gives all steps the same revisions, so that they make a table.
fn complete(steps: &mut [Step]) {
    let mut all: Vec<String> = Vec::new();
    for revision in steps.iter().flat_map(|step| &step.revisions) {
        if !all.contains(&revision.rev) {
            all.push(revision.rev.clone());
        }
    }
    all.sort_by_key(|rev| (rev != "old", rev != "new", rev.clone()));
    for step in steps {
        let known = std::mem::take(&mut step.revisions);
        let find = |rev: &String| known.iter().find(|revision| revision.rev == *rev).cloned();
        let none = |rev: &String| Revision { rev: rev.clone(), pods: 0, ready: 0 };
        step.revisions = all.iter().map(|rev| find(rev).unwrap_or_else(|| none(rev))).collect();
    }
}

/// The pods by name, where they have names that last and are few.
fn named(state: &Value) -> Vec<PodState> {
    let pods = state["pods"].as_array().map_or(&[][..], Vec::as_slice);
    let pods = if pods.len() > NAMED { &[] } else { pods };
    let named = pods.iter().filter(|pod| pod["name"].is_string());
    let pod = |pod| PodState {
        name: text(pod, "name").to_owned(),
        rev: rev_name(text(pod, "rev")),
        phase: text(pod, "phase").to_owned(),
    };
    named.map(pod).collect()
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
                let rev = rev_name(name.rsplit_once('-').map_or(*name, |(_, rev)| rev));
                events.push(format!("{rev} {from}→{to}"));
            }
            ["SuccessfulCreate:", "Create", "Pod", name, ..] => events.push(format!("create {name}")),
            ["SuccessfulDelete:", "Delete", "Pod", name, ..] => events.push(format!("delete {name}")),
            ["SuccessfulCreate:", "Create", "Claim", name, ..] => events.push(format!("create claim {name}")),
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

/// When the last thing happens that people wait for.
pub(super) fn end(rows: &[Row]) -> f64 {
    rows.iter().rfind(|row| !is_only_gone(row)).and_then(|row| row.since).unwrap_or_default()
}
