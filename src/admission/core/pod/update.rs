//! What an update of a Pod may change.
//!
//! Mirrors `ValidatePodUpdate` and its parts in pkg/apis/core/validation (v1.36).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Affinity, Container, NodeAffinity, NodeSelectorTerm, PodSpec, Toleration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::admission::equal::{differences, is_same};
use crate::admission::errors::{Errors, shortened};
use crate::admission::{difference, internal};
use crate::finding::Keeps;
use crate::yaml::Path;

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const MIRROR: &str = "kubernetes.io/config.mirror";

/// Annotations that stay as they are (`ValidatePodSpecificAnnotationUpdates`).
pub(super) fn annotations(new: &ObjectMeta, old: &ObjectMeta, errors: &mut Errors<'_>) {
    let of = |metadata: &'_ ObjectMeta| metadata.annotations.clone().unwrap_or_default();
    let (new, old) = (of(new), of(old));
    let fixed = |key: &String| key.starts_with(APP_ARMOR) || key == MIRROR;
    let path = Path::root().fields(&["metadata", "annotations"]);
    for key in old.keys().filter(|key| fixed(key)).filter(|key| new.get(*key) != old.get(*key)) {
        let message = format!("the annotation `{}` of a pod can be neither changed nor removed", shortened(key));
        errors
            .forbidden(&path.key(key), message)
            .says(if key == MIRROR {
                "may not remove or update mirror pod annotation"
            } else {
                "may not remove or update AppArmor annotations"
            })
            .keeps(Keeps::Always)
            .help(ANEW);
    }
    for key in new.keys().filter(|key| fixed(key) && !old.contains_key(*key)) {
        let message = format!("the annotation `{}` cannot be added to a pod", shortened(key));
        let place = errors.key_place(&path.key(key));
        errors
            .forbidden(&path.key(key), message)
            .says(if key == MIRROR { "may not add mirror pod annotation" } else { "may not add AppArmor annotations" })
            .at(place)
            .keeps(Keeps::Always)
            .help(ANEW);
    }
}

const ANEW: &str = "delete the pod and create it anew";

/// The spec at `path`, in the place of `old`. The server stops where it cannot compare any further.
pub(super) fn spec(new: &PodSpec, old: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    let init = |spec: &'_ PodSpec| spec.init_containers.clone().unwrap_or_default();
    let going_on = containers(&new.containers, &old.containers, &path.field("containers"), errors)
        && containers(&init(new), &init(old), &path.field("initContainers"), errors)
        && deadline(new.active_deadline_seconds, old.active_deadline_seconds, path, errors);
    if !going_on {
        return;
    }
    tolerations(new, old, path, errors);
    scheduling_gates(new, old, path, errors);
    if is_same(new, old, "core.PodSpec") {
        return;
    }
    let mut rest = new.clone();
    // What may change, or what was judged already.
    let images = |new: &mut [Container], old: &[Container]| {
        for (new, old) in new.iter_mut().zip(old) {
            new.image.clone_from(&old.image);
        }
    };
    images(&mut rest.containers, &old.containers);
    images(rest.init_containers.as_deref_mut().unwrap_or_default(), &init(old));
    rest.active_deadline_seconds = old.active_deadline_seconds;
    rest.scheduling_gates.clone_from(&old.scheduling_gates);
    rest.tolerations.clone_from(&old.tolerations);
    if old.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty()) {
        gated(&mut rest, old, path, errors);
    }
    let says = format!("pod updates may not change fields other than {CHANGEABLE}\n{}", shown(old, &rest));
    for change in differences(old, &rest, "core.PodSpec", path) {
        let place = errors.place(&change.path);
        let message = format!("{} of a pod cannot change{}", change.name(path), change.course());
        let finding = errors.forbidden(&change.path, message).called(path.clone()).at(place);
        finding.keeps(Keeps::Always).help(ANEW).says(says.clone());
    }
}

/// The fields that the server names as those that may change (`updatablePodSpecFields`).
const CHANGEABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
    `spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 \
    if it was previously negative)";

/// The difference as the server shows it.
fn shown(old: &PodSpec, new: &PodSpec) -> String {
    let text = |spec: &PodSpec| internal::indented(&serde_json::to_value(spec).unwrap_or_default(), "core.PodSpec");
    difference::unified(&text(old), &text(new))
}

/// Containers stay in number (`ValidateContainerUpdates`). Returns whether they do.
fn containers(new: &[Container], old: &[Container], path: &Path, errors: &mut Errors<'_>) -> bool {
    if new.len() != old.len() {
        let message = format!("a pod has as many containers as when it was made, {} and not {}", old.len(), new.len());
        errors
            .forbidden(path, message)
            .says("pod updates may not add or remove containers")
            .keeps(Keeps::Always)
            .help(ANEW);
    }
    // What is wrong with their images has been said.
    new.len() == old.len()
}

/// A deadline can only come nearer. Returns whether the server goes on.
fn deadline(new: Option<i64>, old: Option<i64>, path: &Path, errors: &mut Errors<'_>) -> bool {
    let at = path.field("activeDeadlineSeconds");
    match (new, old) {
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => false,
        (Some(new), Some(old)) if new > old => {
            let message = format!("the deadline of a pod can only come nearer, not go from {old} to {new} seconds");
            errors.immutable(&at, message).says("must be less than or equal to previous value");
            false
        }
        (None, Some(old)) => {
            let message = format!("the deadline of a pod, {old} seconds, cannot be removed");
            errors.immutable(&at, message).says("must not update from a positive integer to nil value");
            true
        }
        _ => true,
    }
}

/// Tolerations can be added, and hold for another time (`validateOnlyAddedTolerations`).
fn tolerations(new: &PodSpec, old: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    let untimed = |toleration: &Toleration| {
        let plain = |text: &Option<String>| text.clone().unwrap_or_default();
        (plain(&toleration.key), plain(&toleration.operator), plain(&toleration.value), plain(&toleration.effect))
    };
    let kept: BTreeSet<_> = new.tolerations.iter().flatten().map(untimed).collect();
    if let Some(gone) = old.tolerations.iter().flatten().find(|toleration| !kept.contains(&untimed(toleration))) {
        let what = gone
            .key
            .as_deref()
            .filter(|key| !key.is_empty())
            .map_or("of everything".to_owned(), |key| format!("of `{}`", shortened(key)));
        let message = format!("the toleration {what} cannot be removed, or changed in more than its seconds");
        errors
            .forbidden(&path.field("tolerations"), message)
            .says("existing toleration can not be modified except its tolerationSeconds")
            .keeps(Keeps::Always)
            .help(ANEW);
    }
}

/// Gates can be opened (`validateOnlyDeletedSchedulingGates`).
fn scheduling_gates(new: &PodSpec, old: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    let old: Vec<&str> = old.scheduling_gates.iter().flatten().map(|gate| gate.name.as_str()).collect();
    // Of gates with the same name, the last is blamed.
    let added: BTreeMap<&str, usize> =
        new.scheduling_gates.iter().flatten().enumerate().map(|(index, gate)| (gate.name.as_str(), index)).collect();
    for (name, index) in added.into_iter().filter(|(name, _)| !old.contains(name)) {
        let message = format!("the scheduling gate `{}` cannot be added to a pod", shortened(name));
        let at = path.field("schedulingGates").index(index).field("name");
        errors
            .forbidden(&at, message)
            .says("only deletion is allowed, but found new scheduling gate '".to_owned() + name + "'")
            .keeps(Keeps::Always)
            .help(ANEW);
    }
}

/// As long as a pod is gated, it can be told more about its node. Takes over what was judged.
fn gated(new: &mut PodSpec, old: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    let labels = |spec: &'_ PodSpec| spec.node_selector.clone().unwrap_or_default();
    let (now, before) = (labels(new), labels(old));
    if let Some((key, _)) = before.iter().find(|(key, value)| now.get(*key) != Some(value)) {
        let message = format!("the label `{}` of the node can be neither changed nor removed", shortened(key));
        let finding = errors
            .immutable(&path.field("nodeSelector"), message)
            .says("only additions to spec.nodeSelector are allowed (no mutations or deletions)");
        finding.help("add other labels, or delete the pod and create it anew");
    }
    new.node_selector.clone_from(&old.node_selector);
    let affinity = |spec: &'_ PodSpec| spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.clone());
    let (now, before) = (affinity(new), affinity(old));
    if is_same(&now, &before, "*core.NodeAffinity") {
        return;
    }
    node_affinity(now.as_ref(), before.as_ref(), &path.fields(&["affinity", "nodeAffinity"]), errors);
    match (&mut new.affinity, &old.affinity) {
        (None, _) => new.affinity = before.map(|nodes| Affinity { node_affinity: Some(nodes), ..Affinity::default() }),
        (Some(now), None) if now.pod_affinity.is_none() && now.pod_anti_affinity.is_none() => new.affinity = None,
        (Some(now), _) => now.node_affinity = before,
    }
}

fn node_affinity(new: Option<&NodeAffinity>, old: Option<&NodeAffinity>, path: &Path, errors: &mut Errors<'_>) {
    let required = |affinity: Option<&NodeAffinity>| {
        affinity.and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.clone())
    };
    let Some(old) = required(old).filter(|old| !old.node_selector_terms.is_empty()) else { return };
    let new = required(new).map(|new| new.node_selector_terms).unwrap_or_default();
    let path = path.fields(&["requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"]);
    if new.len() != old.node_selector_terms.len() {
        let message = "terms of the node affinity can be neither added nor removed";
        errors
            .immutable(&path, message)
            .says("no additions/deletions to non-empty NodeSelectorTerms list are allowed")
            .help(ANEW);
        return;
    }
    for (index, (new, old)) in new.iter().zip(&old.node_selector_terms).enumerate() {
        if !has_only_more(new, old) {
            let message = "requirements of a term of the node affinity can only be added behind the others";
            errors
                .immutable(&path.index(index), message)
                .says("only additions are allowed (no mutations or deletions)")
                .help(ANEW);
        }
    }
}

/// As `validateNodeSelectorTermHasOnlyAdditions`.
fn has_only_more(new: &NodeSelectorTerm, old: &NodeSelectorTerm) -> bool {
    let lists = |term: &NodeSelectorTerm| {
        [term.match_expressions.clone().unwrap_or_default(), term.match_fields.clone().unwrap_or_default()]
    };
    let (new, old) = (lists(new), lists(old));
    if old.iter().all(Vec::is_empty) {
        return new.iter().all(Vec::is_empty);
    }
    new.iter().zip(&old).all(|(new, old)| {
        new.len() >= old.len() && is_same(&&new[..old.len()], &&old[..], "[]core.NodeSelectorRequirement")
    })
}
