//! Selectors of workloads: written as the API server wants them, matching their own pods, and only those.
//!
//! Mirrors `ValidateLabelSelector` of k8s.io/apimachinery, the selector part of `Validate…Spec` in
//! pkg/apis/{apps,core,batch}/validation, and `generateSelector` of pkg/registry/batch/job (v1.36).

use k8s_openapi::api::batch::v1::{CronJob, Job};

use super::Context;
use super::label_places::{Sort, places};
use crate::cluster::{Labels, Object};
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

/// Kinds that need a selector. The old `ReplicationController` takes its template's labels instead, if there are any.
pub(super) fn missing(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(path) = object.pod_selector_path() else { return };
    let written = object.root().at(&path).filter(|value| !value.is_null());
    let is_missing = match object.identity.kind.as_str() {
        "Deployment" | "ReplicaSet" | "StatefulSet" => written.is_none(),
        "ReplicationController" => object.pod_selector().is_none(),
        "Job" => written.is_none() && is_manual(object),
        _ => false,
    };
    if is_missing {
        let finding = object.report(out, &path, format!("the {} has no selector", object.identity.kind));
        finding.reason(Reason::FieldValueRequired);
        finding.help("add `spec.selector.matchLabels` with those of the template's labels that will never change");
    }
}

/// A selector that is there but demands nothing.
pub(super) fn empty(_: &Context<'_>, object: &Object, out: &mut Findings) {
    if !matches!(object.identity.kind.as_str(), "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet") {
        return;
    }
    let Some(path) = object.pod_selector_path() else { return };
    if object.root().at(&path).is_some_and(Value::is_mapping)
        && object.pod_selector().is_some_and(|selector| selector.is_empty())
    {
        let finding = object.report(out, &path, format!("the selector of the {} is empty", object.identity.kind));
        finding.reason(Reason::FieldValueInvalid);
        finding.help("add `matchLabels` with those of the template's labels that will never change");
    }
}

/// Compares the selector with the labels of the template. A missing selector matches nothing, an empty one is another
/// finding, and one that cannot be read is only compared where the API server gets that far.
pub(super) fn mismatch(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let kind = object.identity.kind.as_str();
    let (Some(path), Some(template)) = (object.pod_selector_path(), object.pod_template_path()) else { return };
    let written = object.root().at(&path).filter(|value| !value.is_null());
    let labels_path = template.fields(&["metadata", "labels"]);
    let mut labels = object.template_labels();
    match kind {
        "Job" if !is_manual(object) => labels.extend(generated_labels(object, &labels)),
        "ReplicationController" if object.root().at(&template).is_none_or(Value::is_null) => return,
        "ReplicationController" if object.pod_selector().is_none() => return,
        _ => {}
    }
    if written.is_none() {
        if kind == "ReplicationController" || kind == "Job" && !is_manual(object) {
            return;
        }
        let message = format!("the {kind} has no selector, so it matches none of the template's labels");
        object.report(out, &labels_path, message).reason(Reason::FieldValueInvalid);
        return;
    }
    let Some(selector) = object.pod_selector() else { return };
    let Some(unmet) = selector.requirements.iter().find(|requirement| !requirement.matches(&labels)) else { return };
    let key = &unmet.key;
    let (at, message) = match labels.get(key) {
        Some(value) => {
            (labels_path.key(key), format!("the selector wants `{unmet}`, but the template has `{key}={value}`"))
        }
        None => (labels_path.clone(), format!("the selector wants `{unmet}`, but the template has no label `{key}`")),
    };
    let finding = object.report(out, &at, message);
    finding.called(labels_path).reason(Reason::FieldValueInvalid);
    finding.related(object.place(&requirement_path(object, &path, unmet)), "the selector");
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

/// Whether the user promises to take care of the Job's selector.
fn is_manual(object: &Object) -> bool {
    object.model::<Job>().and_then(|job| job.spec.as_ref()?.manual_selector).unwrap_or_default()
}

const LEGACY_LABELS: [&str; 2] = ["job-name", "controller-uid"];
const LABELS: [&str; 2] = ["batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"];

/// The labels that the API server gives to the pods of a Job, unless the template has them already. A new Job's UID is
/// not known; no label can be equal to it.
fn generated_labels(object: &Object, own: &Labels) -> Labels {
    let expected = expected_labels(object);
    expected.into_iter().filter(|(key, _)| !own.contains_key(key)).collect()
}

fn expected_labels(object: &Object) -> Labels {
    let metadata = object.root().get("metadata");
    let name = metadata.and_then(|metadata| metadata.get("name")).and_then(Value::as_str);
    let values = [name.unwrap_or("(the generated name)"), "(the new UID)"];
    let both = LEGACY_LABELS.into_iter().zip(values).chain(LABELS.into_iter().zip(values));
    both.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The selector of a Job is the API server's, unless `manualSelector` is set; that of Jobs made by a schedule always is.
pub(super) fn not_generated(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let help = "leave the selector out: the API server makes one that picks the pods of this Job alone";
    if let Some(job) = object.model::<CronJob>() {
        let spec = job.spec.job_template.spec.as_ref();
        let path = Path::root().fields(&["spec", "jobTemplate", "spec"]);
        if spec.is_some_and(|spec| spec.selector.is_some()) {
            let finding = object.report(out, &path.field("selector"), "the Jobs of a CronJob cannot have a selector");
            finding.reason(Reason::FieldValueInvalid).help(help);
        }
        if spec.is_some_and(|spec| spec.manual_selector == Some(true)) {
            let message = "the Jobs of a CronJob cannot have a manual selector";
            object
                .report(out, &path.field("manualSelector"), message)
                .reason(Reason::FieldValueNotSupported)
                .help(help);
        }
        return;
    }
    if object.model::<Job>().is_none() || is_manual(object) {
        return;
    }
    let path = Path::root().fields(&["spec", "selector"]);
    let expected = expected_labels(object);
    if let Some(selector) = object.pod_selector()
        && !selector.matches(&expected)
    {
        let message = "the selector of the Job is not the one that the API server would make";
        object.report(out, &path, message).reason(Reason::FieldValueInvalid).help(help);
    }
    let labels_path = Path::root().fields(&["spec", "template", "metadata", "labels"]);
    for (key, value) in object.template_labels() {
        if expected.get(&key).is_some_and(|expected| *expected != value) {
            let message = format!("the API server sets label `{key}` itself, to another value than `{value}`");
            let finding = object.report(out, &labels_path.key(&key), message);
            finding.reason(Reason::FieldValueInvalid).help("delete the label, which a dump of a cluster left behind");
        }
    }
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
