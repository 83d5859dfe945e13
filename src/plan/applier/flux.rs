//! A reconciliation of Flux's kustomize-controller.
//!
//! Read from fluxcd/pkg `ssa` (July 2026): `ApplyAllStaged`, `ApplyAll`, `shouldForceApply` and `shouldSkipApply` of
//! `manager_apply.go`, `ReconcileOrder` and `less` of `sort.go`, `IsClusterDefinition` and `IsClassDefinition` of `utils/is.go`,
//! `AnyInMetadata` of `utils/meta.go`, `IsImmutableError` of `errors/immutable.go`, `DeleteAll` of `manager_delete.go`; and from
//! `apply`, `prune` and `deleteObjects` of fluxcd/kustomize-controller `internal/controller/kustomization_controller.go`.
//! `ApplyAll` tries a whole stage in a server-side dry run, in which it also deletes what it may create anew, and
//! applies only if nothing was refused. Stages of its own, which an operator may set up (`CustomStageKinds`), and
//! `spec.force` of a Kustomization stand in no manifest of the input.

use super::{Anew, Fate, Item, Treatment, names, objects};
use crate::cluster::Object;

/// `ReconcileOrder.First`.
const FIRST: [&str; 23] = [
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// `ReconcileOrder.Last`.
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

const PREFIX: &str = "kustomize.toolkit.fluxcd.io/";

/// What is applied, and waited for, before the next comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Definitions,
    Classes,
    Rest,
}

impl Stage {
    fn words(self) -> &'static str {
        match self {
            Stage::Definitions => "definitions, namespaces and cluster roles",
            Stage::Classes => "classes",
            Stage::Rest => "everything but definitions, namespaces, cluster roles and classes",
        }
    }
}

fn stage(object: &Object) -> Stage {
    let identity = &object.identity;
    let is_definition = match identity.kind.to_lowercase().as_str() {
        "customresourcedefinition" => identity.group() == "apiextensions.k8s.io",
        "namespace" => identity.api_version == "v1",
        "clusterrole" => identity.group() == "rbac.authorization.k8s.io",
        _ => false,
    };
    if is_definition {
        Stage::Definitions
    } else if identity.kind.ends_with("Class") {
        Stage::Classes
    } else {
        Stage::Rest
    }
}

pub(super) fn sort(objects: &mut [&Object]) {
    sort_by_kind(objects);
    objects.sort_by_key(|object| stage(object));
}

/// By kind, then group, namespace and name.
pub(super) fn sort_by_kind(objects: &mut [&Object]) {
    objects.sort_by_cached_key(|object| {
        let identity = &object.identity;
        let at = |kinds: &[&str]| kinds.iter().position(|kind| *kind == identity.kind);
        let rank = match (at(&FIRST), at(&LAST)) {
            (Some(at), _) => at,
            (None, None) => FIRST.len(),
            (None, Some(at)) => FIRST.len() + 1 + at,
        };
        let namespace = object.namespace().to_owned();
        (rank, identity.group().to_owned(), identity.kind.clone(), namespace, identity.name.clone())
    });
}

/// Whether a label or an annotation of Flux has this value, in capitals or not.
fn has(object: &Object, name: &str, value: &str) -> bool {
    let key = format!("{PREFIX}{name}");
    let metadata = object.root().get("metadata");
    ["labels", "annotations"].into_iter().any(|field| {
        let found = metadata.and_then(|metadata| metadata.get(field)?.get(&key)?.as_str());
        found.is_some_and(|found| found.eq_ignore_ascii_case(value))
    })
}

pub(super) fn treatment(object: &Object, before: Option<&Object>) -> Treatment {
    let either = |name: &str, value: &str| has(object, name, value) || before.is_some_and(|it| has(it, name, value));
    let skip = |name: &str, value: &str| Treatment::Skip(format!("Flux leaves it alone for `{PREFIX}{name}: {value}`"));
    for (name, value) in [("reconcile", "disabled"), ("ssa", "Ignore")] {
        if either(name, value) {
            return skip(name, value);
        }
    }
    if before.is_some() && has(object, "ssa", "IfNotPresent") {
        return skip("ssa", "IfNotPresent");
    }
    if either("force", "enabled") {
        return Treatment::OnRefusal(Anew {
            why: format!("Flux, for `{PREFIX}force: enabled`"),
            restores: false,
            each_time: false,
        });
    }
    Treatment::Apply
}

pub(super) fn gone(object: &Object) -> String {
    let kept = [("prune", "disabled"), ("reconcile", "disabled"), ("ssa", "Ignore")];
    match kept.into_iter().find(|(name, value)| has(object, name, value)) {
        Some((name, value)) => format!("Flux leaves it for `{PREFIX}{name}: {value}`"),
        None => "Flux deletes it if the Kustomization has `prune: true`".to_owned(),
    }
}

pub(super) fn after_rejection(items: &[Item<'_>], gone: &[&Object]) -> Vec<String> {
    let Some(failed) = items.iter().filter(|item| item.is_refused()).map(|item| stage(item.object)).min() else {
        return Vec::new();
    };
    let acting = |wanted: &dyn Fn(&Item<'_>) -> bool| -> Vec<&Item<'_>> {
        items.iter().filter(|item| item.acts() && wanted(item)).collect()
    };
    let mut sentences = Vec::new();
    let early = acting(&|item| stage(item.object) < failed);
    if !early.is_empty() {
        sentences.push(format!("applied before: {}", names(objects(&early))));
    }
    let rest = acting(&|item| stage(item.object) >= failed);
    let dry_run = "Flux first tries all objects of a stage in a server-side dry run";
    sentences.push(if rest.is_empty() {
        format!("{dry_run}: nothing else changes")
    } else {
        let stage = failed.words();
        format!("{dry_run}, and nothing of this one ({stage}) or a later one is applied: not {}", names(objects(&rest)))
    });
    let lost = acting(&|item| item.fate == Fate::Anew && stage(item.object) == failed);
    if !lost.is_empty() {
        sentences.push(format!(
            "what is to be created anew may have been deleted by then, and comes back only when nothing is refused any more: {}",
            names(objects(&lost))
        ));
    }
    if !gone.is_empty() {
        sentences.push("nothing is pruned".to_owned());
    }
    sentences
}
