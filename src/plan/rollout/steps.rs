//! From the rows of a trace to the steps of a plan.

use std::collections::BTreeMap;

use crate::plan::document::{PodState, Revision, Seconds, Step};
use crate::plan::sim::event::{Event, Happening, PodEvent, Verb};
use crate::plan::sim::state::{NAMED, NamedPod, Phase, State};
use crate::plan::sim::template;
use crate::plan::sim::trace::Row;

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

    /// The pods of a state by revision.
    pub(super) fn new(state: &State) -> Self {
        let mut by_revision: BTreeMap<template::Revision, (i64, i64)> = BTreeMap::new();
        let mut terminating = 0;
        for (revision, phase, count) in state.phases() {
            if phase == Phase::Terminating {
                terminating += count;
            } else if let Some(revision) = revision {
                let (pods, ready) = by_revision.entry(revision).or_default();
                *pods += count;
                *ready += if phase == Phase::Ready { count } else { 0 };
            }
        }
        let revision = |(revision, (pods, ready))| Revision { rev: rev_name(revision), pods, ready };
        let revisions: Vec<Revision> = by_revision.into_iter().map(revision).collect();
        // The status of some kinds counts pods that are stopping, which nobody should count on.
        let ready = revisions.iter().map(|revision| revision.ready).sum();
        Self { available: state.available().min(ready), revisions, terminating }
    }
}

/// What a plan calls a revision: there are two, the old and the new template.
fn rev_name(revision: template::Revision) -> String {
    match revision.0 {
        1 => "old".to_owned(),
        2 => "new".to_owned(),
        _ => revision.to_string(),
    }
}

/// Whether the row tells of nothing but pods that are gone at last, which nobody waited for.
fn is_only_gone(row: &Row) -> bool {
    row.said.is_empty() && row.event.iter().all(|event| matches!(event, Happening::Pods(PodEvent::Gone, _)))
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
            at: Seconds { min: min.min(max), max },
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
fn named(state: &State) -> Vec<PodState> {
    let pods = Some(state.named()).filter(|pods| pods.len() <= NAMED).unwrap_or_default();
    let pod = |pod: &NamedPod| PodState {
        name: pod.name.clone(),
        rev: rev_name(pod.group.revision),
        phase: pod.group.phase.name().to_owned(),
    };
    pods.iter().map(pod).collect()
}

/// The controllers' events, shortened: `new 0→3`, `delete db-4`, `create 3 pods`.
fn events(said: &[Event]) -> Vec<String> {
    let mut events: Vec<String> = Vec::new();
    let (mut created, mut deleted) = (0, 0);
    for event in said {
        events.push(match event {
            Event::Created => {
                created += 1;
                continue;
            }
            Event::Deleted => {
                deleted += 1;
                continue;
            }
            Event::Scaled { revision, from, to, .. } => format!("{} {from}→{to}", rev_name(*revision)),
            Event::Pod { verb: Verb::Create, pod, .. } => format!("create {pod}"),
            Event::Pod { verb: Verb::Delete, pod, .. } => format!("delete {pod}"),
            Event::Claim { claim, .. } => format!("create claim {claim}"),
            Event::Pod { verb: Verb::Update, .. } | Event::Other { .. } => event.to_string(),
        });
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
