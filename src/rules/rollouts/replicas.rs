//! How many pods there are, where more than one has a say in it: autoscalers, disruption budgets, and nobody.
//!
//! Budgets mirror `getExpectedPodCount` and `getExpectedScale` in pkg/controller/disruption/disruption.go (v1.36).

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use super::{fewest_pods, replicas};
use crate::cluster::{Lifetime, Object, autoscaled};
use crate::finding::Findings;
use crate::plan::document::Action;
use crate::plan::workload;
use crate::rules::Context;
use crate::values::int_or_string::{IntOrString, Rounding};
use crate::yaml::Path;

fn replicas_path() -> Path {
    Path::root().fields(&["spec", "replicas"])
}

/// A number that is the autoscaler's only choice does no harm, and none switches the autoscaler off, which is a way to stop
/// a workload.
pub(in crate::rules) fn reset_autoscaler(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(count) = replicas(object).filter(|count| *count > 0) else { return };
    for autoscaler in context.autoscalers(object) {
        if autoscaled(autoscaler) == Some((count, count)) || !context.layout().together(object, autoscaler) {
            continue;
        }
        let name = &autoscaler.identity.name;
        let pods = if count == 1 { "1 pod".to_owned() } else { format!("{count} pods") };
        let message = format!("each `kubectl apply` goes back to {pods}, whatever autoscaler `{name}` chose");
        object
            .report(out, &replicas_path(), message)
            .related(autoscaler.place(&Path::root().fields(&["spec", "scaleTargetRef"])), "scales it")
            .help(
                "delete `replicas`; where it was applied with kubectl before, first take it out of the object with \
                 `kubectl apply edit-last-applied`, or the number falls to 1 once",
            );
    }
}

/// `kubectl apply` takes away what the manifest before had and this one has not, and the API server fills in its default, 1.
pub(in crate::rules) fn removed(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let scales = workload::of(&object.identity).is_some_and(|kind| kind.is_counted && kind.rolls());
    if !scales || object.root().at(&replicas_path()).is_some_and(|value| !value.is_null()) {
        return;
    }
    let Some(rollout) = context.rollout(object).filter(|it| it.plan.action != Action::Rejected) else { return };
    // Whether it was applied before, and so is taken away now, the plan knows.
    let falls = rollout.plan.changes.iter().find(|change| change.path == "/spec/replicas");
    let before = falls.and_then(|change| change.old.as_ref()?.as_i64()).filter(|count| *count > 1);
    let Some(before) = before else { return };
    let (kind, name) = (&object.identity.kind, &object.identity.name);
    let autoscaler = context.autoscalers(object).first().copied();
    let until = if autoscaler.is_some() { ", until its autoscaler acts" } else { "" };
    let message = format!("without `replicas`, {kind} `{name}` falls from {before} pods to 1{until}");
    let finding = object.report(out, &Path::root().field("spec"), message);
    finding.at(object.key_place(&Path::root().field("spec")));
    finding.help(if autoscaler.is_some() {
        "first take `replicas` out of the object with `kubectl apply edit-last-applied`, and then out of the manifest"
    } else {
        "write `replicas`"
    });
}

/// Nothing but an eviction asks a budget. Pods of a `DaemonSet` are not evicted by a drain, and those of Jobs are not to
/// stay.
pub(in crate::rules) fn budget_blocks_drains(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(spec) = object.model::<PodDisruptionBudget>().and_then(|budget| budget.spec.as_ref()) else { return };
    let path = Path::root().field("spec");
    let all = IntOrString::String("100%".to_owned());
    let mut report = |field: &'static str, message: String| {
        let finding = object.report(out, &path.field(field), message);
        finding.label("allows no eviction");
        finding.help("write `maxUnavailable: 1`, which lets drains of nodes take one pod at a time");
    };
    let name = &object.identity.name;
    if let Some(most) = spec.max_unavailable.as_ref().map(IntOrString::from) {
        if most.scaled(100, Rounding::Up) == Ok(0) {
            report("maxUnavailable", format!("budget `{name}` never lets a pod go, so drains of nodes wait for ever"));
        }
        return;
    }
    let Some(least) = spec.min_available.as_ref().map(IntOrString::from) else { return };
    if least == all {
        report("minAvailable", format!("budget `{name}` never lets a pod go, so drains of nodes wait for ever"));
        return;
    }
    let workloads = workloads(context, object);
    let Some(total) = workloads.iter().map(|(_, count)| *count).reduce(i32::saturating_add) else {
        return;
    };
    if total < 1 || least.scaled(total, Rounding::Up).is_ok_and(|least| least < total) {
        return;
    }
    let Ok(needed) = least.scaled(total, Rounding::Up) else { return };
    let is_scaled = workloads.iter().any(|(workload, _)| !context.autoscalers(workload).is_empty());
    let pods = match (total, is_scaled) {
        (1, false) => "its only pod".to_owned(),
        (1, true) => "its only pod while there is one".to_owned(),
        (total, false) => format!("all {total} pods"),
        (total, true) => format!("all pods while there are {total}"),
    };
    let wait = if is_scaled { "wait until there are more" } else { "wait for ever" };
    let message = format!("budget `{name}` keeps {pods}, so drains of nodes {wait}");
    let finding = object.report(out, &path.field("minAvailable"), message);
    if matches!(least, IntOrString::String(_)) {
        finding.label(format!("is {needed} of {total}, because fractions are rounded up"));
    }
    for (workload, _) in &workloads {
        let autoscaler = context.autoscalers(workload).first().copied();
        let at = match autoscaler {
            Some(autoscaler) => autoscaler.place(&Path::root().fields(&["spec", "minReplicas"])),
            None => workload.place(&replicas_path()),
        };
        finding.related(at, format!("the pods of {}", workload.identity));
    }
    finding.help(if total == 1 {
        "run two pods or more; for a single one, `maxUnavailable: 1` lets drains of nodes go on"
    } else {
        "write `maxUnavailable: 1`, which lets drains of nodes take one pod at a time"
    });
}

/// The workloads that the budget picks, with how many pods each has at least; none if that is not known of one of them.
fn workloads<'a>(context: &Context<'a>, budget: &Object) -> Vec<(&'a Object, i32)> {
    let Some(selector) = budget.pod_selector() else { return Vec::new() };
    let mut found = Vec::new();
    for workload in context.cluster.pods_picked(budget.namespace(), &selector) {
        let is_on_nodes = workload::of(&workload.identity).is_some_and(|kind| kind.is_on_nodes);
        if workload.lifetime() != Some(Lifetime::Stay) || is_on_nodes {
            continue;
        }
        let count = fewest_pods(context, workload).filter(|_| context.layout().together(budget, workload));
        let Some(count) = count else { return Vec::new() };
        found.push((workload, count));
    }
    found
}
