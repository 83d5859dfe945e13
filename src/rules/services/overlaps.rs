//! Selectors of workloads that pick each other's pods.

use crate::cluster::{Lifetime, Object};
use crate::finding::Findings;
use crate::rules::Context;
use crate::values::selector::Requirement;
use crate::yaml::{Path, Value};

/// More places would help nobody.
const SHOWN: usize = 4;

/// Two workloads overlap if the selector of one picks pods that the other makes. Selectors that could only overlap in
/// theory (`app=web` and `tier=front`) do no harm as long as no pod carries both labels.
///
/// The pods of a workload that a controller made (in a dump of a cluster) are meant to be picked by both.
pub(in crate::rules) fn overlap(context: &Context<'_>, object: &Object, out: &mut Findings) {
    if !is_workload(object) {
        return;
    }
    let Some(path) = object.pod_selector_path() else { return };
    let rival =
        |other: &&Object| is_workload(other) && !is_same(object, other) && context.layout().together(object, other);
    let mut picked = Vec::new();
    if let Some(selector) = object.pod_selector().filter(|selector| !selector.is_empty()) {
        picked = context.cluster.pods_picked(object.namespace(), &selector).into_iter().filter(rival).collect();
        if let Some(first) = picked.first() {
            let message = format!("the selector also picks the pods of {}{}", first.identity, more(&picked));
            let at = selector
                .requirements
                .first()
                .map_or_else(|| path.clone(), |first| requirement_path(object, &path, first));
            let finding = object.report(out, &at, message);
            finding.help("give each workload a label of its own, in its selector and in its template");
            for other in picked.iter().take(SHOWN) {
                finding.related(labels_place(other), format!("the pods of {}", other.identity));
            }
        }
    }
    let unsaid = |other: &&Object| picked.iter().all(|picked| !is_same(picked, other));
    let picking: Vec<&Object> = context
        .cluster
        .picking(object.namespace(), &object.pod_labels())
        .into_iter()
        .filter(rival)
        .filter(unsaid)
        .filter(|other| other.pod_selector().is_some_and(|selector| !selector.is_empty()))
        .collect();
    if let Some(first) = picking.first() {
        let message = format!("the pods are also picked by the selector of {}{}", first.identity, more(&picking));
        let template = object.pod_template_path().unwrap_or_default();
        let finding = object.report(out, &template.fields(&["metadata", "labels"]), message);
        finding.help("give each workload a label of its own, in its selector and in its template");
        for other in picking.iter().take(SHOWN) {
            if let Some(path) = other.pod_selector_path() {
                finding.related(other.place(&path), format!("the selector of {}", other.identity));
            }
        }
    }
}

/// Kinds whose controller looks after all pods that its selector picks.
fn is_workload(object: &Object) -> bool {
    object.lifetime() == Some(Lifetime::Stay) && object.pod_selector_path().is_some() && !object.is_controlled()
}

/// A second manifest for the same object: another variant, or a patch.
fn is_same(one: &Object, other: &Object) -> bool {
    one.identity.kind == other.identity.kind && one.identity.name == other.identity.name
}

fn more(others: &[&Object]) -> String {
    if others.len() > 1 { format!(" and {} more", others.len() - 1) } else { String::new() }
}

fn labels_place(object: &Object) -> crate::source::Place {
    let template = object.pod_template_path().unwrap_or_default();
    object.place(&template.fields(&["metadata", "labels"]))
}

/// Where a requirement is written.
fn requirement_path(object: &Object, selector: &Path, requirement: &Requirement) -> Path {
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
