//! The rollout of one workload: played at best and at worst, and once with new pods that never become ready.

pub(in crate::plan) mod claims;
mod endpoints;
mod status;
mod steps;

use serde_json::{Value, json};

use self::steps::Count;
use crate::admission::{self, ApiServer, Judge};
use crate::cluster::{Autoscalers, Cluster, Object};
use crate::finding::Identity;
use crate::plan::assumptions::Assumptions;
use crate::plan::document::{Action, Bounds, ObjectPlan, OnFailure, Seconds, Step, Timing};
use crate::plan::pod_timing;
use crate::plan::sim::nodes;
use crate::plan::sim::scenario::{At, Failing, NodeModel, Scenario, Settled, Step as Played};
use crate::plan::sim::trace::Row;
use crate::plan::simulate::{Applied, Record};
use crate::plan::workload::{self, RolloutWords};

/// An image that no pod can become ready with.
const NEVER_READY: &str = "seatrial.invalid/never-ready";

/// How long a rollout is watched, in seconds: nobody waits for longer, and one that goes on for ever must end.
const HORIZON: f64 = 7.0 * 24.0 * 3600.0;

/// What the rollout of a workload depends on besides its two forms.
pub(in crate::plan) struct Surroundings<'a> {
    /// The objects that are applied with it.
    pub(in crate::plan) cluster: &'a Cluster,
    /// The nodes, if the input names any.
    pub(in crate::plan) nodes: &'a [NodeModel],
    pub(in crate::plan) autoscalers: Autoscalers<'a>,
    pub(in crate::plan) assumptions: &'a Assumptions,
    pub(in crate::plan) server: &'a ApiServer,
    pub(in crate::plan) judge: &'a Judge,
}

/// Fills in how the pods of `new` replace those of `old`.
pub(in crate::plan) fn describe(plan: &mut ObjectPlan, old: &Object, new: &Object, around: &Surroundings<'_>) {
    let Some(kind) = workload::of(&new.identity) else { return };
    let Some(words) = &kind.rollout else { return };
    let Some(template) = new.pod_template() else { return };
    // What admission does not know has no defaults that it could fill in.
    let stored = admission::stored(new, around.server).unwrap_or_else(|| new.root().to_json());
    if !around.judge.could_be(old) {
        plan.notes.push("the old form would be refused itself, so no pods of it run that could be followed".to_owned());
        return;
    }
    let assumptions = around.assumptions;
    let exactly = |seconds| Seconds { min: seconds, max: seconds };
    let ready = assumptions.startup.map_or_else(|| pod_timing::ready(template.spec), exactly);
    let ready = ready.later_by(assumptions.pull.unwrap_or_default());
    let stop = assumptions.termination.map_or_else(|| pod_timing::stop(template.spec), exactly);
    let guess = around.nodes.is_empty();
    let nodes = match kind.is_on_nodes {
        true if guess => nodes::some(assumptions.nodes()),
        true => around.nodes.to_vec(),
        false => Vec::new(),
    };
    let rows_of = |applied: &Applied, startup: f64, termination: f64| {
        let environment = environment(startup, termination, &nodes);
        // What came before the change counts only as the state that it starts from.
        applied.play(&environment, around.server, Record::LastStep).map(|trace| trace.trace).unwrap_or_default()
    };
    let change = change(old.root().to_json(), new.root().to_json(), kind.is_on_nodes && guess);
    let Ok(applied) = Applied::unjudged(&change, around.server) else { return };
    let (worst, best) = (rows_of(&applied, ready.max, stop.max), rows_of(&applied, ready.min, stop.min));
    if worst.is_empty() {
        return;
    }
    let spec = &stored["spec"];
    plan.strategy = (words.strategy)(spec);
    plan.steps = steps::steps(&worst, &best);
    endpoints::fill(&mut plan.steps, old, new, around.cluster);
    plan.bounds = Some(bounds(&plan.steps, desired(&worst), words, spec));
    plan.time = Some(Seconds { min: steps::end(&best), max: steps::end(&worst) });
    let min_ready = spec["minReadySeconds"].as_f64().unwrap_or_default();
    plan.timing = Some(Timing { ready, min_ready, stop });
    plan.claims = claims::changed(old, new, &worst);
    plan.rollout_status = status::lines(&new.identity.name, words, spec, &worst);
    if plan.action == Action::Roll
        && let Ok(broken) = applied.ending(&never_ready(&change[1]), around.server)
    {
        plan.on_failure = on_failure(&new.identity, words, spec, &rows_of(&broken, ready.max, stop.max));
    }
}

/// The step with an image that never becomes ready in the first container.
fn never_ready(step: &Played) -> Played {
    let mut step = step.clone();
    if let Some(image) = step.apply.pointer_mut("/spec/template/spec/containers/0/image") {
        *image = json!(NEVER_READY);
    }
    step
}

/// The two forms of the object, one after the other.
fn change(mut before: Value, mut after: Value, anywhere: bool) -> [Played; 2] {
    // Both sides are one object to the scenario, wherever they are applied.
    after["metadata"]["namespace"] = before["metadata"]["namespace"].clone();
    before["apiVersion"] = after["apiVersion"].clone();
    if anywhere {
        run_anywhere(&mut before);
        run_anywhere(&mut after);
    }
    let settled = At::Word(Settled::Settled);
    [Played { at: At::Seconds(0.0), apply: before }, Played { at: settled, apply: after }]
}

/// Lets the pods run on any of the nodes, about which only their number is known.
fn run_anywhere(manifest: &mut Value) {
    if let Some(pod) = manifest.pointer_mut("/spec/template/spec").and_then(Value::as_object_mut) {
        pod.remove("nodeSelector");
        pod.remove("affinity");
    }
}

fn environment(startup: f64, termination: f64, nodes: &[NodeModel]) -> Scenario {
    Scenario {
        startup,
        termination,
        nodes: nodes.to_vec(),
        fail: Some(Failing { image: NEVER_READY.to_owned() }),
        realtime: true,
        horizon: Some(HORIZON),
        ..Scenario::default()
    }
}

/// How many pods there should be in the end.
fn desired(rows: &[Row]) -> i64 {
    let Some(state) = rows.last().and_then(|row| row.state.as_ref()) else { return 0 };
    state.nodes().map_or_else(|| Count::new(state).pods(), |nodes| nodes.desired)
}

fn bounds(steps: &[Step], desired: i64, words: &RolloutWords, spec: &Value) -> Bounds {
    // Before the change counts too: a workload that is broken already does not get worse.
    let least = steps.iter().map(|step| step.available).min().unwrap_or_default();
    Bounds {
        before: steps.first().map_or(0, |step| step.available),
        desired,
        min_available: least,
        max_pods: steps.iter().map(|step| step.pods).max().unwrap_or_default(),
        max_terminating: steps.iter().map(|step| step.terminating).max().unwrap_or_default(),
        why: (words.bounds)(spec, desired),
    }
}

fn on_failure(identity: &Identity, words: &RolloutWords, spec: &Value, rows: &[Row]) -> Option<OnFailure> {
    let state = rows.last()?.state.as_ref()?;
    let count = Count::new(state);
    // If no new pod was made, nothing depends on whether it becomes ready.
    count.revisions.iter().find(|revision| revision.rev == "new" && revision.ready < revision.pods)?;
    let failure = (words.failure)(&identity.name, spec, state);
    let namespace = identity.namespace.as_deref().map(|it| format!(" -n {it}")).unwrap_or_default();
    Some(OnFailure {
        parks: count.revisions,
        available: count.available,
        reported: Some(failure.reported),
        after_seconds: failure.after_seconds,
        recover: failure.recover.into_iter().map(|command| format!("kubectl{namespace} {command}")).collect(),
    })
}
