//! `helm upgrade` and `helm install`.
//!
//! Read from helm/helm (main of August 2026, Helm 4; those of Helm 3 do the same): `InstallOrder` and `lessByKind` of
//! `pkg/release/v1/util/kind_sorter.go`, `manifestFile.sort` of `manifest_sorter.go` (what has the annotation `helm.sh/hook`
//! is a hook and no part of the release), `execHookWithDelayedShutdown` and `hookByWeight` of `pkg/action/hooks.go`,
//! `releasingUpgrade` and `failRelease` of `pkg/action/upgrade.go`, `Client.update`, `perform` and `ResourceList.Visit` of
//! `pkg/kube`. `Client.update` collects refused changes and goes on, but stops at an object that cannot be created; what
//! left the chart is deleted only if there was neither. Definitions in a chart's `crds` folder are another matter.

use super::{Anew, Item, Treatment, annotation, annotation_list, names, objects};
use crate::cluster::Object;

/// `InstallOrder`.
const KINDS: [&str; 38] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// The place of a kind in the order; kinds that are not in it come last.
pub(super) fn rank(kind: &str) -> usize {
    KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len())
}

const HOOK: &str = "helm.sh/hook";

/// When an object's turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// A hook before the release.
    Before,
    /// The release itself.
    Release,
    /// A hook after the release.
    After,
    /// Not in this command.
    Never,
}

fn turn(object: &Object, first: bool) -> Turn {
    if annotation(object, HOOK).is_none() {
        return Turn::Release;
    }
    let events: Vec<String> = annotation_list(object, HOOK).map(str::to_lowercase).collect();
    let has = |when: &str| events.contains(&format!("{when}-{}", if first { "install" } else { "upgrade" }));
    if events.iter().any(|event| !is_event(event)) {
        Turn::Never
    } else if has("pre") {
        Turn::Before
    } else if has("post") {
        Turn::After
    } else {
        Turn::Never
    }
}

/// A hook with a word that Helm does not know is left out altogether.
fn is_event(event: &str) -> bool {
    matches!(event, "test" | "test-success")
        || event.split_once('-').is_some_and(|(when, what)| {
            matches!(when, "pre" | "post") && matches!(what, "install" | "delete" | "upgrade" | "rollback")
        })
}

/// By kind; kinds that Helm does not know come last, by their names. Hooks come by weight and name.
pub(super) fn sort(objects: &mut [&Object], first: bool) {
    objects.sort_by_cached_key(|object| {
        let kind = object.identity.kind.as_str();
        let rank = rank(kind);
        let kind = if rank == KINDS.len() { kind.to_owned() } else { String::new() };
        let turn = turn(object, first);
        let hook = (turn != Turn::Release).then(|| (weight(object), object.identity.name.clone()));
        (turn, hook, rank, kind)
    });
}

fn weight(object: &Object) -> i64 {
    annotation(object, "helm.sh/hook-weight").and_then(|weight| weight.parse().ok()).unwrap_or(0)
}

pub(super) fn treatment(object: &Object, first: bool) -> Treatment {
    match turn(object, first) {
        Turn::Release => Treatment::Apply,
        Turn::Never => {
            let events = annotation(object, HOOK).unwrap_or_default();
            let command = if first { "install" } else { "upgrade" };
            Treatment::Skip(format!("it is a hook for `{events}`, which `helm {command}` leaves alone"))
        }
        Turn::Before | Turn::After => {
            let policies: Vec<String> =
                annotation_list(object, "helm.sh/hook-delete-policy").map(str::to_lowercase).collect();
            // Without a policy, the hook goes before it is created anew; definitions never go.
            let goes = policies.is_empty()
                || policies.iter().any(|policy| matches!(policy.as_str(), "before-hook-creation" | "hook-succeeded"));
            if goes && object.identity.kind != "CustomResourceDefinition" {
                let why = "helm, which runs it as a hook".to_owned();
                Treatment::Always(Anew { why, restores: false, each_time: false })
            } else {
                Treatment::Apply
            }
        }
    }
}

pub(super) fn gone(object: &Object) -> String {
    const POLICY: &str = "helm.sh/resource-policy";
    if annotation(object, HOOK).is_some() {
        "helm leaves it: hooks are no part of a release".to_owned()
    } else if annotation(object, POLICY) == Some("keep") {
        format!("helm leaves it for `{POLICY}: keep`")
    } else {
        "helm deletes it, after the rest was applied".to_owned()
    }
}

pub(super) fn after_rejection(items: &[Item<'_>], gone: &[&Object], first: bool) -> Vec<String> {
    let of =
        |wanted: Turn| -> Vec<&Item<'_>> { items.iter().filter(|item| turn(item.object, first) == wanted).collect() };
    let acting =
        |items: &[&Item<'_>]| -> String { names(items.iter().filter(|item| item.acts()).map(|item| item.object)) };
    let refused = |items: &[&Item<'_>]| items.iter().position(|item| item.is_refused());
    let (before, release, after) = (of(Turn::Before), of(Turn::Release), of(Turn::After));
    let failed = "the release is marked `failed`";
    if let Some(at) = refused(&before) {
        return vec![format!(
            "helm stops at the hook {}: nothing of the release is applied, and {failed}",
            names([before[at].object])
        )];
    }
    let mut sentences = Vec::new();
    // Without an old release, everything is tried; an upgrade stops at the first object that cannot be created.
    let stop = release.iter().position(|item| !first && !item.exists && item.is_refused());
    let (tried, untried) = release.split_at(stop.map_or(release.len(), |at| at + 1));
    if let Some(at) = stop {
        sentences.push(format!("helm stops at {}, which it cannot create, and {failed}", names([release[at].object])));
        let (tried, untried) = (acting(tried), acting(untried));
        if !tried.is_empty() {
            sentences.push(format!("applied before that: {tried}"));
        }
        if !untried.is_empty() {
            sentences.push(format!("not applied: {untried}"));
        }
    } else {
        let rest = acting(tried);
        sentences.push(if rest.is_empty() {
            format!("helm changes nothing else, and {failed}")
        } else {
            format!("helm applies the rest all the same ({rest}), and {failed}")
        });
    }
    if refused(&release).is_some() {
        if !after.is_empty() {
            sentences.push(format!("hooks after the release do not run: {}", names(objects(&after))));
        }
        let kept: Vec<&Object> = gone.iter().copied().filter(|object| annotation(object, HOOK).is_none()).collect();
        if !kept.is_empty() {
            sentences.push(format!("nothing is deleted, although it left the chart: {}", names(kept)));
        }
    }
    sentences
}
