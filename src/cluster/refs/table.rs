//! Which objects name which: a row for each field of the API's own kinds that holds the name of another object.

use super::super::{Cluster, Object};
use crate::yaml::{Path, Value};

/// A field that names another object.
struct Row {
    holder: Holder,
    /// From the holder on; `*` stands for each item of a list.
    path: &'static str,
    target: Target,
    namespace: Namespace,
    /// Whether `optional` may stand beside the name.
    may_lack: bool,
    read: Option<Reading>,
}

/// What the path of a row begins at.
#[derive(Clone, Copy)]
enum Holder {
    /// The object, if it is of this group and kind.
    Kind(&'static str, &'static str),
    /// The specification of the pods that the object makes, or that it is.
    PodSpec,
    /// Each container of these pods.
    Container,
}

/// What is named.
#[derive(Clone, Copy)]
enum Target {
    Kind(&'static str),
    /// The kind stands in the field `kind` beside the name.
    Beside,
}

/// Where the named object is looked for.
#[derive(Clone, Copy)]
enum Namespace {
    Same,
    /// In the one that the field `namespace` beside the name says, or else in that of the holder.
    Beside,
    /// It belongs to no namespace.
    None,
}

/// How a container comes to read data that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As environment variables.
    Environment,
    /// As files of a volume that it mounts.
    Volume,
}

const fn row(holder: Holder, path: &'static str, kind: &'static str) -> Row {
    Row { holder, path, target: Target::Kind(kind), namespace: Namespace::Same, may_lack: false, read: None }
}

const fn of(group: &'static str, holder: &'static str, path: &'static str, kind: &'static str) -> Row {
    row(Holder::Kind(group, holder), path, kind)
}

const fn spec(path: &'static str, kind: &'static str) -> Row {
    row(Holder::PodSpec, path, kind)
}

const fn environment(path: &'static str, kind: &'static str) -> Row {
    Row { may_lack: true, read: Some(Reading::Environment), ..row(Holder::Container, path, kind) }
}

const fn volume(path: &'static str, kind: &'static str) -> Row {
    Row { may_lack: true, read: Some(Reading::Volume), ..row(Holder::PodSpec, path, kind) }
}

impl Row {
    /// The kind stands beside the name.
    const fn of_any_kind(self) -> Self {
        Self { target: Target::Beside, ..self }
    }

    const fn beside(self) -> Self {
        Self { namespace: Namespace::Beside, ..self }
    }

    const fn without_namespace(self) -> Self {
        Self { namespace: Namespace::None, ..self }
    }
}

const ADMISSION: &str = "admissionregistration.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";

/// After the types of `staging/src/k8s.io/api` (v1.36). Fields that name no object of the API (secrets of an ingress controller
/// in annotations, parameters of classes) have no row.
static TABLE: &[Row] = &[
    environment("env.*.valueFrom.configMapKeyRef.name", "ConfigMap"),
    environment("env.*.valueFrom.secretKeyRef.name", "Secret"),
    environment("envFrom.*.configMapRef.name", "ConfigMap"),
    environment("envFrom.*.secretRef.name", "Secret"),
    volume("volumes.*.configMap.name", "ConfigMap"),
    volume("volumes.*.secret.secretName", "Secret"),
    volume("volumes.*.projected.sources.*.configMap.name", "ConfigMap"),
    volume("volumes.*.projected.sources.*.secret.name", "Secret"),
    spec("imagePullSecrets.*.name", "Secret"),
    spec("serviceAccountName", "ServiceAccount"),
    spec("serviceAccount", "ServiceAccount"),
    spec("priorityClassName", "PriorityClass").without_namespace(),
    spec("runtimeClassName", "RuntimeClass").without_namespace(),
    spec("nodeName", "Node").without_namespace(),
    spec("resourceClaims.*.resourceClaimName", "ResourceClaim"),
    spec("resourceClaims.*.resourceClaimTemplateName", "ResourceClaimTemplate"),
    spec("volumes.*.persistentVolumeClaim.claimName", "PersistentVolumeClaim"),
    spec("volumes.*.ephemeral.volumeClaimTemplate.spec.storageClassName", "StorageClass").without_namespace(),
    spec("volumes.*.azureFile.secretName", "Secret"),
    spec("volumes.*.cephfs.secretRef.name", "Secret"),
    spec("volumes.*.cinder.secretRef.name", "Secret"),
    spec("volumes.*.csi.nodePublishSecretRef.name", "Secret"),
    spec("volumes.*.flexVolume.secretRef.name", "Secret"),
    spec("volumes.*.iscsi.secretRef.name", "Secret"),
    spec("volumes.*.rbd.secretRef.name", "Secret"),
    spec("volumes.*.scaleIO.secretRef.name", "Secret"),
    spec("volumes.*.storageos.secretRef.name", "Secret"),
    of("", "ServiceAccount", "secrets.*.name", "Secret"),
    of("", "ServiceAccount", "imagePullSecrets.*.name", "Secret"),
    of("", "PersistentVolumeClaim", "spec.storageClassName", "StorageClass").without_namespace(),
    of("", "PersistentVolumeClaim", "spec.volumeName", "PersistentVolume").without_namespace(),
    of("", "PersistentVolumeClaim", "spec.volumeAttributesClassName", "VolumeAttributesClass").without_namespace(),
    of("", "PersistentVolumeClaim", "spec.dataSource.name", "").of_any_kind(),
    of("", "PersistentVolumeClaim", "spec.dataSourceRef.name", "").of_any_kind().beside(),
    of("", "PersistentVolume", "spec.storageClassName", "StorageClass").without_namespace(),
    of("", "PersistentVolume", "spec.volumeAttributesClassName", "VolumeAttributesClass").without_namespace(),
    of("", "PersistentVolume", "spec.claimRef.name", "PersistentVolumeClaim").beside(),
    of("", "PersistentVolume", "spec.csi.controllerPublishSecretRef.name", "Secret").beside(),
    of("", "PersistentVolume", "spec.csi.nodeStageSecretRef.name", "Secret").beside(),
    of("", "PersistentVolume", "spec.csi.nodePublishSecretRef.name", "Secret").beside(),
    of("", "PersistentVolume", "spec.csi.controllerExpandSecretRef.name", "Secret").beside(),
    of("", "PersistentVolume", "spec.csi.nodeExpandSecretRef.name", "Secret").beside(),
    of("apps", "StatefulSet", "spec.serviceName", "Service"),
    of("apps", "StatefulSet", "spec.volumeClaimTemplates.*.spec.storageClassName", "StorageClass").without_namespace(),
    of("autoscaling", "HorizontalPodAutoscaler", "spec.scaleTargetRef.name", "").of_any_kind(),
    of("networking.k8s.io", "Ingress", "spec.defaultBackend.service.name", "Service"),
    of("networking.k8s.io", "Ingress", "spec.rules.*.http.paths.*.backend.service.name", "Service"),
    of("networking.k8s.io", "Ingress", "spec.tls.*.secretName", "Secret"),
    of("networking.k8s.io", "Ingress", "spec.ingressClassName", "IngressClass").without_namespace(),
    of("networking.k8s.io", "Ingress", "spec.defaultBackend.resource.name", "").of_any_kind(),
    of("networking.k8s.io", "Ingress", "spec.rules.*.http.paths.*.backend.resource.name", "").of_any_kind(),
    of("networking.k8s.io", "IngressClass", "spec.parameters.name", "").of_any_kind().beside(),
    of(RBAC, "RoleBinding", "roleRef.name", "").of_any_kind(),
    of(RBAC, "RoleBinding", "subjects.*.name", "").of_any_kind().beside(),
    of(RBAC, "ClusterRoleBinding", "roleRef.name", "").of_any_kind().without_namespace(),
    of(RBAC, "ClusterRoleBinding", "subjects.*.name", "").of_any_kind().beside(),
    of(ADMISSION, "MutatingWebhookConfiguration", "webhooks.*.clientConfig.service.name", "Service").beside(),
    of(ADMISSION, "ValidatingWebhookConfiguration", "webhooks.*.clientConfig.service.name", "Service").beside(),
    of(ADMISSION, "ValidatingAdmissionPolicyBinding", "spec.policyName", "ValidatingAdmissionPolicy")
        .without_namespace(),
    of(ADMISSION, "MutatingAdmissionPolicyBinding", "spec.policyName", "MutatingAdmissionPolicy").without_namespace(),
    of("apiregistration.k8s.io", "APIService", "spec.service.name", "Service").beside(),
    of(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "spec.conversion.webhook.clientConfig.service.name",
        "Service",
    )
    .beside(),
];

/// A place in an object that names another one.
#[derive(Clone)]
pub struct Reference<'a> {
    /// The kind of what is named.
    pub kind: &'a str,
    /// Its namespace; empty where the manifest names none, and for kinds that belong to none.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Where the name stands.
    pub path: Path,
    /// The name, as a value.
    pub value: Value<'a>,
    /// What the name is a field of.
    pub around: Value<'a>,
    /// Whether the holder can do without it.
    pub is_optional: bool,
    /// How a container reads it, if one does.
    pub read: Option<Reading>,
}

impl Object {
    /// Which objects this one names, and where, in the order of the table. Cluster-scoped or not is the target's matter.
    pub fn references(&self) -> Vec<Reference<'_>> {
        self.follow(|_| true)
    }

    /// Which objects of a kind this one names.
    pub fn references_to(&self, kind: &str) -> Vec<Reference<'_>> {
        let mut found = self.follow(|target| match target {
            Target::Kind(named) => **named == *kind,
            Target::Beside => true,
        });
        found.retain(|reference| reference.kind == kind);
        found
    }

    fn follow(&self, wanted: impl Fn(&Target) -> bool) -> Vec<Reference<'_>> {
        let mut found = Vec::new();
        let pods = self.pod_template_path().map(|path| path.field("spec"));
        for row in TABLE.iter().filter(|row| wanted(&row.target)) {
            let mut begin = |path: Path| {
                if let Some(value) = self.root().at(&path) {
                    follow(row, self, value, &path, row.path, &mut found);
                }
            };
            match (row.holder, &pods) {
                (Holder::Kind(group, kind), _) if self.identity.kind == kind && self.identity.group() == group => {
                    begin(Path::root());
                }
                (Holder::PodSpec, Some(pods)) => begin(pods.clone()),
                (Holder::Container, Some(pods)) => {
                    for list in ["initContainers", "containers", "ephemeralContainers"] {
                        let list = pods.field(list);
                        let count = self.root().at(&list).map_or(0, |list| list.items().len());
                        (0..count).for_each(|at| begin(list.index(at)));
                    }
                }
                _ => {}
            }
        }
        found
    }
}

impl Cluster {
    /// The object that is named, if the input has it.
    pub fn named(&self, reference: &Reference<'_>) -> Option<&Object> {
        self.find(reference.kind, reference.namespace, reference.name)
    }
}

/// Goes on from `value` along the rest of the row's path, and notes each name that it leads to.
fn follow<'a>(
    row: &Row,
    holder: &'a Object,
    value: Value<'a>,
    path: &Path,
    rest: &'static str,
    found: &mut Vec<Reference<'a>>,
) {
    let (first, rest) = rest.split_once('.').map_or((rest, None), |(first, rest)| (first, Some(rest)));
    if first == "*" {
        for (at, item) in value.items().enumerate() {
            follow(row, holder, item, &path.index(at), rest.unwrap_or_default(), found);
        }
        return;
    }
    let (Some(inner), path) = (value.get(first), path.field(first)) else { return };
    match rest {
        Some(rest) => follow(row, holder, inner, &path, rest, found),
        None => found.extend(reference(row, holder, value, inner, path)),
    }
}

fn reference<'a>(
    row: &Row,
    holder: &'a Object,
    around: Value<'a>,
    value: Value<'a>,
    path: Path,
) -> Option<Reference<'a>> {
    let beside = |name: &str| around.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    Some(Reference {
        kind: match row.target {
            Target::Kind(kind) => kind,
            Target::Beside => beside("kind")?,
        },
        namespace: match row.namespace {
            Namespace::Same => holder.namespace(),
            Namespace::Beside => beside("namespace").unwrap_or_else(|| holder.namespace()),
            Namespace::None => "",
        },
        name: value.as_str().filter(|name| !name.is_empty())?,
        is_optional: row.may_lack && around.get("optional").and_then(Value::written) == Some("true"),
        read: row.read,
        path,
        value,
        around,
    })
}
