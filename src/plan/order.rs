//! In which order tools apply objects.

use std::str::FromStr;

use crate::cluster::Object;
use crate::yaml::{Path, Value};

/// Who applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Applier {
    /// `kubectl apply`: in the order of the input.
    #[default]
    Kubectl,
    /// Helm: by kind (`InstallOrder` of helm/helm `pkg/release/v1/util/kind_sorter.go`), unknown kinds last.
    Helm,
    /// Argo CD: by sync wave, then by kind, then by name (`syncTasks.Less` of argoproj/gitops-engine
    /// `pkg/sync/sync_tasks.go`).
    Argocd,
}

impl Applier {
    /// All of them.
    pub const ALL: [Applier; 3] = [Applier::Kubectl, Applier::Helm, Applier::Argocd];

    /// The name, as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Applier::Kubectl => "kubectl",
            Applier::Helm => "helm",
            Applier::Argocd => "argocd",
        }
    }
}

/// A name that is none of a tool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no tool that is known; write one of {}", Applier::ALL.map(Applier::name).join(", "))]
pub struct UnknownApplier {
    name: String,
}

impl FromStr for Applier {
    type Err = UnknownApplier;

    fn from_str(name: &str) -> Result<Self, UnknownApplier> {
        let known = Self::ALL.into_iter().find(|applier| applier.name() == name);
        known.ok_or_else(|| UnknownApplier { name: name.to_owned() })
    }
}

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

/// Kinds of Helm's list that Argo CD's lacks.
const NOT_ARGOCD: [&str; 4] =
    ["PriorityClass", "IngressClass", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Brings the objects into the order in which `applier` applies them.
pub(super) fn sort(objects: &mut [&Object], applier: Applier) {
    match applier {
        Applier::Kubectl => {}
        // Helm sorts unknown kinds among themselves by name.
        Applier::Helm => objects.sort_by_key(|object| {
            let kind = object.identity.kind.as_str();
            let rank = rank(kind);
            (rank, if rank == KINDS.len() { kind.to_owned() } else { String::new() })
        }),
        Applier::Argocd => objects.sort_by_key(|object| {
            let kind = object.identity.kind.as_str();
            let rank = if NOT_ARGOCD.contains(&kind) { KINDS.len() } else { rank(kind) };
            (wave(object), rank, object.identity.name.clone())
        }),
    }
}

fn rank(kind: &str) -> usize {
    KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len())
}

/// The sync wave that an annotation puts the object into; 0 without one.
fn wave(object: &Object) -> i64 {
    let path = Path::root().fields(&["metadata", "annotations"]).key("argocd.argoproj.io/sync-wave");
    object.root().at(&path).and_then(Value::as_str).and_then(|wave| wave.parse().ok()).unwrap_or(0)
}
