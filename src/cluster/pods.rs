//! The pod template of every kind that has one, seen in one way.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, PodTemplate as CorePodTemplate, ReplicationController};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Object;
use crate::yaml::{Path, Value};

/// The pods that an object makes, or that it is.
#[derive(Clone, Debug)]
pub struct PodTemplate<'a> {
    /// Metadata of the pods, if any is given.
    pub metadata: Option<&'a ObjectMeta>,
    /// What the pods run.
    pub spec: &'a PodSpec,
    /// Where the template stands: the root for a Pod, `spec.template` for most.
    pub path: Path,
}

/// Whether a container runs before or beside the main ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContainerKind {
    /// One of `initContainers` that ends before the next one starts.
    Init,
    /// One of `initContainers` with `restartPolicy: Always`, which goes on running.
    Sidecar,
    /// One of `containers`.
    Main,
}

/// A container with its place.
#[derive(Clone, Debug)]
pub struct ContainerRef<'a> {
    /// What sort.
    pub kind: ContainerKind,
    /// The container.
    pub container: &'a Container,
    /// Its path in the object.
    pub path: Path,
}

impl<'a> PodTemplate<'a> {
    /// The path of the pod spec.
    pub fn spec_path(&self) -> Path {
        self.path.field("spec")
    }

    /// The labels of the pods.
    pub fn labels(&self) -> Option<&'a BTreeMap<String, String>> {
        self.metadata?.labels.as_ref()
    }

    /// Whether this can be the whole template: it has containers, and each has an image. A patch for Kustomize often has
    /// not, and from what it leaves out nothing follows.
    pub fn is_whole(&self) -> bool {
        !self.spec.containers.is_empty() && self.containers().all(|container| container.container.image.is_some())
    }

    /// All containers, init containers first, each list in its order.
    pub fn containers(&self) -> impl Iterator<Item = ContainerRef<'a>> + use<'a> {
        let path = self.spec_path();
        let of = move |list: &'a [Container], field: &'static str, path: Path| {
            let path = path.field(field);
            list.iter().enumerate().map(move |(index, container)| ContainerRef {
                kind: match (field, container.restart_policy.as_deref()) {
                    ("containers", _) => ContainerKind::Main,
                    (_, Some("Always")) => ContainerKind::Sidecar,
                    _ => ContainerKind::Init,
                },
                container,
                path: path.index(index),
            })
        };
        let init = self.spec.init_containers.as_deref().unwrap_or_default();
        of(init, "initContainers", path.clone()).chain(of(&self.spec.containers, "containers", path))
    }
}

/// A port of the node that a pod takes for itself.
#[derive(Clone, Debug)]
pub struct HostPort<'a> {
    /// The number.
    pub number: i32,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: &'a str,
    /// The address of the node, or the empty text for all of them.
    pub host_ip: &'a str,
    /// The port's path in the object.
    pub path: Path,
    /// Whether the manifest says so itself; otherwise the pod has the node's network, and takes what it declares.
    pub is_written: bool,
    /// The container.
    pub container: &'a str,
}

impl<'a> PodTemplate<'a> {
    /// The ports of the node that a pod occupies as long as it runs: those of main and sidecar containers.
    pub fn host_ports(&self) -> Vec<HostPort<'a>> {
        let mut found = Vec::new();
        let on_host = self.spec.host_network.unwrap_or_default();
        for place in self.containers().filter(|place| place.kind != ContainerKind::Init) {
            for (index, port) in place.container.ports.iter().flatten().enumerate() {
                let written = port.host_port.filter(|port| *port != 0);
                let Some(number) = written.or(on_host.then_some(port.container_port)) else { continue };
                found.push(HostPort {
                    number,
                    protocol: port.protocol.as_deref().unwrap_or("TCP"),
                    host_ip: port.host_ip.as_deref().filter(|ip| *ip != "0.0.0.0").unwrap_or_default(),
                    path: place.path.field("ports").index(index),
                    is_written: written.is_some(),
                    container: &place.container.name,
                });
            }
        }
        found
    }
}

/// The kinds with a pod template, and where it stands.
const TEMPLATES: [(&str, &str, &[&str]); 9] = [
    ("v1", "Pod", &[]),
    ("v1", "PodTemplate", &["template"]),
    ("v1", "ReplicationController", &["spec", "template"]),
    ("apps/v1", "DaemonSet", &["spec", "template"]),
    ("apps/v1", "Deployment", &["spec", "template"]),
    ("apps/v1", "ReplicaSet", &["spec", "template"]),
    ("apps/v1", "StatefulSet", &["spec", "template"]),
    ("batch/v1", "Job", &["spec", "template"]),
    ("batch/v1", "CronJob", &["spec", "jobTemplate", "spec", "template"]),
];

impl Object {
    /// Where the pod template stands, for kinds that have one.
    pub fn pod_template_path(&self) -> Option<Path> {
        TEMPLATES
            .iter()
            .find(|(version, kind, _)| self.identity.kind == *kind && self.identity.api_version == *version)
            .map(|(_, _, fields)| Path::root().fields(fields))
    }

    /// The value of the pod template.
    pub(super) fn pod_template_value(&self) -> Option<Value<'_>> {
        self.root().at(&self.pod_template_path()?)
    }

    /// The pod template, typed. `None` for kinds without pods, and for a Pod without a spec.
    pub fn pod_template(&self) -> Option<PodTemplate<'_>> {
        let path = self.pod_template_path()?;
        let (metadata, spec) = match self.identity.kind.as_str() {
            "Pod" => {
                let pod = self.model::<Pod>()?;
                (Some(&pod.metadata), pod.spec.as_ref()?)
            }
            kind => {
                let template = match kind {
                    "PodTemplate" => self.model::<CorePodTemplate>()?.template.as_ref()?,
                    "ReplicationController" => {
                        self.model::<ReplicationController>()?.spec.as_ref()?.template.as_ref()?
                    }
                    "DaemonSet" => &self.model::<DaemonSet>()?.spec.template,
                    "Deployment" => &self.model::<Deployment>()?.spec.template,
                    "ReplicaSet" => self.model::<ReplicaSet>()?.spec.template.as_ref()?,
                    "StatefulSet" => &self.model::<StatefulSet>()?.spec.template,
                    "Job" => &self.model::<Job>()?.spec.as_ref()?.template,
                    _ => &self.model::<CronJob>()?.spec.job_template.spec.as_ref()?.template,
                };
                (template.metadata.as_ref(), template.spec.as_ref()?)
            }
        };
        Some(PodTemplate { metadata, spec, path })
    }
}

/// The labels of a pod template, read from its value; null is the empty value, as in Go.
pub(super) fn labels(template: Value<'_>) -> impl Iterator<Item = (String, String)> {
    let labels = template.get("metadata").and_then(|metadata| metadata.get("labels"));
    labels
        .into_iter()
        .flat_map(Value::fields)
        .filter(|field| field.value.is_null() || field.value.as_str().is_some())
        .map(|field| (field.name.to_owned(), field.value.as_str().unwrap_or_default().to_owned()))
}
