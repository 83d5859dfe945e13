//! What the kinds of workloads have in common when one speaks of their rollouts.

use serde_json::Value;

use crate::plan::document::Effect;
use crate::values::int_or_string::{IntOrString, Rounding};

/// What there is to know of a rollout whose new pods never become ready.
pub(in crate::plan) struct Failure {
    /// What reports it.
    pub(in crate::plan) reported: String,
    /// After how many seconds, if that is known.
    pub(in crate::plan) after_seconds: Option<f64>,
    /// How to get back: what to call `kubectl` with, in order.
    pub(in crate::plan) recover: Vec<String>,
}

impl Failure {
    /// A failure of which nothing is said anywhere.
    pub(super) fn unreported(kind: &str, name: &str) -> Self {
        let reported = "nothing reports it; `kubectl rollout status` waits".to_owned();
        Self { reported, after_seconds: None, recover: vec![undo(kind, name)] }
    }
}

/// What brings the template before back.
pub(super) fn undo(kind: &str, name: &str) -> String {
    format!("rollout undo {kind}/{name}")
}

/// What a new strategy `OnDelete` comes to.
pub(super) const ON_DELETE: &str = "OnDelete: a pod is replaced when somebody deletes it";

/// What it costs to delete a workload together with its pods.
pub(super) const ALL_AT_ONCE: &str =
    "all its pods are deleted at once, while those of the new one start: nothing serves meanwhile";

/// Whether the pods follow a new template only when somebody deletes them.
pub(super) fn is_on_delete(spec: &Value) -> bool {
    spec["updateStrategy"]["type"] == "OnDelete"
}

/// Whether the field is one of the pod template.
pub(super) fn in_template(field: &str) -> bool {
    field == "spec.template" || field.starts_with("spec.template.")
}

/// What a change does where `of_template` is what one of the template does, and `spec.replicas` counts the pods.
pub(super) fn of_counted(field: &str, of_template: Effect) -> Effect {
    match field {
        "spec.replicas" => Effect::Scale,
        _ if in_template(field) => of_template,
        _ => Effect::InPlace,
    }
}

/// `3 (25% of 10, up)`.
pub(super) fn share(value: &Value, total: i64, rounding: Rounding) -> Option<String> {
    let value = int_or_string(value)?;
    let total = i32::try_from(total).unwrap_or(i32::MAX);
    let direction = if rounding == Rounding::Up { "up" } else { "down" };
    let count = value.scaled(total, rounding).ok()?;
    Some(match value {
        IntOrString::String(text) => format!("{count} ({text} of {total}, {direction})"),
        IntOrString::Int(_) => count.to_string(),
    })
}

/// A number or a percentage.
pub(super) fn int_or_string(value: &Value) -> Option<IntOrString> {
    match value {
        Value::String(text) => Some(IntOrString::String(text.clone())),
        Value::Number(number) => Some(IntOrString::Int(i32::try_from(number.as_i64()?).ok()?)),
        _ => None,
    }
}

/// The bounds of a rollout of `total` pods (or whatever `what` says) with so many more and so many fewer.
pub(super) fn within(total: i32, surge: i32, unavailable: i32, what: &str) -> Vec<String> {
    let what = if total == 1 { what.trim_end_matches('s') } else { what };
    vec![
        format!("available ≥ {} = {total} {what} − {unavailable}", total - unavailable.min(total)),
        format!("pods ≤ {} = {total} {what} + {surge}, besides those that are stopping", total.saturating_add(surge)),
    ]
}
