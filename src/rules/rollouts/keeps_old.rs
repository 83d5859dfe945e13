//! Changes that are accepted and do not reach the pods, or not all of them.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use serde_json::Value;

use crate::admission::How;
use crate::admission::applied::{Applied, applied};
use crate::cluster::Object;
use crate::finding::Findings;
use crate::plan::document::{Action, FieldChange};
use crate::rules::{Context, Rollout};
use crate::yaml::{self, Path};

/// With one side, a partition is a choice. One that is too high for any pod is a matter of its own.
pub(in crate::rules) fn partition(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(spec) = object.model::<StatefulSet>().map(|set| &set.spec) else { return };
    let Some(strategy) = &spec.update_strategy else { return };
    let partition = strategy.rolling_update.as_ref().and_then(|rolling| rolling.partition).unwrap_or(0);
    let replicas = spec.replicas.unwrap_or(1);
    if partition <= 0 || partition >= replicas || strategy.type_.as_deref().is_some_and(|it| it != "RollingUpdate") {
        return;
    }
    let Some(rollout) = context.rollout(object).filter(|rollout| rollout.plan.action == Action::Roll) else { return };
    let start = spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or(0);
    let name = &object.identity.name;
    let (first, last) = (start, start.saturating_add(partition - 1));
    let kept = if first == last { format!("`{name}-{first}`") } else { format!("`{name}-{first}` to `{name}-{last}`") };
    let message = format!("{} of {replicas} pods, {kept}, keep the old {}", partition, what_changes(&rollout));
    object
        .report(out, &Path::root().fields(&["spec", "updateStrategy", "rollingUpdate", "partition"]), message)
        .label("pods below it are not updated")
        .help("set `partition` to 0 once the updated pods have proved themselves");
}

/// With one side, the strategy is a choice. Sets of a `rollout-group` are rolled by Grafana's rollout-operator.
pub(in crate::rules) fn on_delete(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let path = Path::root().fields(&["spec", "updateStrategy", "type"]);
    let is_workload = matches!(object.identity.kind.as_str(), "DaemonSet" | "StatefulSet");
    let group = Path::root().fields(&["metadata", "labels", "rollout-group"]);
    if !is_workload
        || object.root().at(&group).is_some()
        || object.root().at(&path).and_then(yaml::Value::as_str) != Some("OnDelete")
    {
        return;
    }
    let Some(rollout) = context.rollout(object).filter(changes_template) else { return };
    let (kind, name) = (&object.identity.kind, &object.identity.name);
    let message = format!("all pods of {kind} `{name}` keep the old {}", what_changes(&rollout));
    object
        .report(out, &path, message)
        .label("a pod is replaced when somebody deletes it")
        .help("delete the pods one by one when the time has come, or use `RollingUpdate`");
}

/// A manifest that leaves a Deployment paused stops it again whenever it is applied, so one side is enough.
pub(in crate::rules) fn paused(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(spec) = object.model::<Deployment>().map(|deployment| &deployment.spec) else { return };
    if spec.paused != Some(true) {
        return;
    }
    let name = &object.identity.name;
    let message = match context.rollout(object).filter(changes_template) {
        Some(rollout) => format!("all pods of Deployment `{name}` keep the old {}", what_changes(&rollout)),
        None => format!("Deployment `{name}` is paused, so no change of its template reaches its pods"),
    };
    object
        .report(out, &Path::root().fields(&["spec", "paused"]), message)
        .label("stops all rollouts until it is resumed")
        .help("delete `paused`, or resume the rollout with `kubectl rollout resume` when the time has come");
}

fn changes_template(rollout: &Rollout<'_>) -> bool {
    is_update(rollout) && template_changes(rollout).next().is_some()
}

/// Whether the object is changed as it stands, neither refused nor deleted and created anew.
fn is_update(rollout: &Rollout<'_>) -> bool {
    !matches!(rollout.plan.action, Action::Rejected | Action::RecreateNeeded)
}

fn template_changes<'a>(rollout: &Rollout<'a>) -> impl Iterator<Item = &'a FieldChange> {
    rollout.plan.changes.iter().filter(|change| change.path.starts_with("/spec/template"))
}

/// Whether nothing but images changes, of which people speak by that name.
fn what_changes(rollout: &Rollout<'_>) -> &'static str {
    if template_changes(rollout).all(|change| change.path.ends_with("/image")) { "image" } else { "template" }
}

/// The API server fills in `rollingUpdate` where a manifest says nothing. With server-side apply nobody owns it then, so it
/// stays next to `Recreate`, with which it is refused. Client-side apply drops it (patch strategy `retainKeys`), and so does
/// an apply for whoever wrote it before.
pub(in crate::rules) fn rolling_update(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(spec) = object.model::<Deployment>().map(|deployment| &deployment.spec) else { return };
    let path = Path::root().fields(&["spec", "strategy"]);
    let becomes = spec.strategy.as_ref().and_then(|strategy| strategy.type_.as_deref());
    let names_rest = object.root().at(&path.field("rollingUpdate")).is_some();
    if becomes != Some("Recreate") || names_rest {
        return;
    }
    let Some(rollout) = context.rollout(object).filter(is_update) else { return };
    let was = rollout.old.root().at(&path.field("type")).and_then(yaml::Value::as_str);
    let before = match applied(rollout.old, How::ServerApply) {
        Applied::Known(before) => before,
        Applied::IsManifest => rollout.old.root().to_json(),
        Applied::Unknown => Value::Null,
    };
    if was == Some("Recreate") || !before["spec"]["strategy"]["rollingUpdate"].is_null() {
        return;
    }
    let message = "server-side apply keeps the `rollingUpdate` of before, with which the API server refuses `Recreate`";
    object
        .report(out, &path.field("type"), message)
        .label("was `RollingUpdate`")
        .help("write `rollingUpdate: null` next to it, until it is applied everywhere");
}
