//! Selectors of workloads: written as the API server wants them, matching their own pods, and only those.
//!
//! Mirrors `ValidateLabelSelector` of k8s.io/apimachinery, the selector part of `Validate…Spec` in
//! pkg/apis/{apps,core,batch}/validation, and `generateSelector` of pkg/registry/batch/job (v1.36).

use super::Context;
use super::label_places::{Sort, places};
use crate::cluster::Object;
use crate::finding::{Findings, Reason};
use crate::values::names;
use crate::values::selector::{Requirement, Selector};
use crate::yaml::{Path, Value};

/// Entries of `matchExpressions`, of pods and nodes. Where the API server also turns the selector into a query, it
/// complains a second time about the selector as a whole.
pub(super) fn invalid_selector(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for place in places(object) {
        match place.sort {
            Sort::Selector => {
                let mut valid = is_valid_map(place.value);
                if let Some(expressions) = place.value.get("matchExpressions") {
                    for (index, item) in expressions.items().enumerate() {
                        let path = place.path.field("matchExpressions").index(index);
                        valid &= expression(object, item, &path, Strictness::Selector, out);
                    }
                }
                if !valid && is_converted(object, &place.path) {
                    let message = "the selector cannot be used, because a part of it is invalid";
                    object.report(out, &place.path, message).reason(Reason::FieldValueInvalid);
                }
            }
            Sort::NodeRequirement { strict } => {
                let strictness = if strict { Strictness::Node } else { Strictness::NodePreference };
                expression(object, place.value, &place.path, strictness, out);
            }
            _ => {}
        }
    }
}

/// Who reads an expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    Selector,
    Node,
    NodePreference,
}

/// Checks one entry of `matchExpressions` and returns whether it is valid.
fn expression(object: &Object, item: Value<'_>, path: &Path, strictness: Strictness, out: &mut Findings) -> bool {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let values = || item.get("values").into_iter().flat_map(Value::items);
    let (key, operator) = (text("key"), text("operator"));
    let mut report = |path: &Path, reason: Reason, message: String| {
        object.report(out, path, message).reason(reason);
    };
    let mut valid = true;
    match (operator, values().count()) {
        ("In" | "NotIn", 0) => {
            let message = format!("`{operator}` needs at least one value");
            report(&path.field("values"), Reason::FieldValueRequired, message);
            valid = false;
        }
        ("Exists" | "DoesNotExist", 1..) => {
            let message = format!("`{operator}` takes no values");
            report(&path.field("values"), Reason::FieldValueForbidden, message);
            valid = false;
        }
        ("Gt" | "Lt", count) if strictness != Strictness::Selector => {
            if count != 1 {
                let message = format!("`{operator}` needs exactly one value");
                report(&path.field("values"), Reason::FieldValueRequired, message);
                valid = false;
            }
        }
        ("In" | "NotIn" | "Exists" | "DoesNotExist", _) => {}
        _ => {
            let message = if operator.is_empty() {
                "the requirement has no operator".to_owned()
            } else {
                format!("`{operator}` is no operator of a selector")
            };
            report(&path.field("operator"), Reason::FieldValueInvalid, message);
            valid = false;
        }
    }
    let problems = names::qualified_name(key);
    if !problems.is_empty() {
        let message = if key.is_empty() {
            "the requirement has no key".to_owned()
        } else {
            format!("the label key `{}` {}", super::labels::shortened(key), problems.join(" and "))
        };
        report(&path.field("key"), Reason::FieldValueInvalid, message);
        valid = false;
    }
    if strictness == Strictness::NodePreference {
        return valid;
    }
    for (index, value) in values().enumerate() {
        let value = value.as_str().unwrap_or_default();
        let problems = names::label_value(value);
        if !problems.is_empty() {
            let message = format!("the label value `{}` {}", super::labels::shortened(value), problems.join(" and "));
            report(&path.field("values").index(index), Reason::FieldValueInvalid, message);
            valid = false;
        }
    }
    valid
}

/// Whether `matchLabels` can be a query; what is wrong in it is said by `invalid-label`.
fn is_valid_map(selector: Value<'_>) -> bool {
    selector.get("matchLabels").into_iter().flat_map(Value::fields).all(|entry| {
        names::qualified_name(entry.name).is_empty()
            && names::label_value(entry.value.as_str().unwrap_or_default()).is_empty()
    })
}

/// Kinds whose validation turns their selector into a query and reports that this failed.
fn is_converted(object: &Object, path: &Path) -> bool {
    match object.identity.kind.as_str() {
        "ClusterRole" => true,
        "Deployment" | "ReplicaSet" | "StatefulSet" => object.pod_selector_path().as_ref() == Some(path),
        _ => false,
    }
}

/// Where a requirement is written.
pub(super) fn requirement_path(object: &Object, selector: &Path, requirement: &Requirement) -> Path {
    let in_labels = selector.field("matchLabels").key(&requirement.key);
    if object.root().at(&in_labels).is_some() {
        return in_labels;
    }
    let expressions = selector.field("matchExpressions");
    let items = object.root().at(&expressions).into_iter().flat_map(Value::items);
    let names_key = |item: Value<'_>| item.get("key").and_then(Value::as_str) == Some(&requirement.key);
    items
        .enumerate()
        .find(|(_, item)| names_key(*item))
        .map_or_else(|| selector.key(&requirement.key), |(index, _)| expressions.index(index))
}

/// Selectors that the API server takes and that pick no pod at all.
pub(super) fn picks_nothing(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(path) = object.pod_selector_path() else { return };
    let written = object.root().at(&path).filter(|value| !value.is_null());
    match object.identity.kind.as_str() {
        "PodDisruptionBudget" if written.is_none() => {
            let message = "the budget has no selector, so it protects no pod";
            object
                .report(out, &path, message)
                .help("select the pods by their labels; `{}` selects all of the namespace");
        }
        "PodDisruptionBudget" | "NetworkPolicy" => {
            let Some(selector) = object.pod_selector().filter(|selector| !selector.is_satisfiable()) else { return };
            object.report(out, &path, format!("no pod can match the selector `{selector}`"));
        }
        _ => {}
    }
}

/// A budget for a whole namespace is rarely meant: a second budget for any of its pods makes that pod impossible to evict.
pub(super) fn picks_everything(_: &Context<'_>, object: &Object, out: &mut Findings) {
    if object.identity.kind != "PodDisruptionBudget" {
        return;
    }
    let Some(path) = object.pod_selector_path() else { return };
    if object.pod_selector().as_ref().is_some_and(Selector::is_empty) {
        let message = "the selector is empty, so the budget counts all pods of the namespace together";
        object.report(out, &path, message).help("select the pods of one application by their labels");
    }
}
