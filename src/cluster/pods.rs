//! The pod template of every kind that has one, seen in one way.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    Container, Pod, PodSpec, PodTemplate as CorePodTemplate, PodTemplateSpec, ReplicationController,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

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

/// What becomes of the pods of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// They are there to stay: somebody may send them requests.
    Stay,
    /// They are there to end.
    End,
    /// There are none: a template is only read by others.
    Never,
}

/// A kind with a pod template.
struct PodKind {
    api_version: &'static str,
    kind: &'static str,
    /// Where the template stands.
    path: &'static [&'static str],
    lifetime: Lifetime,
    /// The template, typed.
    template: for<'a> fn(&'a Object) -> Option<Parts<'a>>,
    /// What picks its pods; `None` for a kind without `spec.selector`.
    selector: Option<for<'a> fn(&'a Object) -> Option<&'a LabelSelector>>,
}

/// Metadata and specification of a template.
type Parts<'a> = (Option<&'a ObjectMeta>, Option<&'a PodSpec>);

fn parts(template: &PodTemplateSpec) -> Parts<'_> {
    (template.metadata.as_ref(), template.spec.as_ref())
}

/// A kind whose template stands at `spec.template`, and whose pods stay.
const fn lasting(
    api_version: &'static str,
    kind: &'static str,
    template: for<'a> fn(&'a Object) -> Option<Parts<'a>>,
    selector: for<'a> fn(&'a Object) -> Option<&'a LabelSelector>,
) -> PodKind {
    let path = &["spec", "template"];
    PodKind { api_version, kind, path, lifetime: Lifetime::Stay, template, selector: Some(selector) }
}

static KINDS: [PodKind; 9] = [
    PodKind {
        api_version: "v1",
        kind: "Pod",
        path: &[],
        lifetime: Lifetime::Stay,
        template: |object| object.model::<Pod>().map(|pod| (Some(&pod.metadata), pod.spec.as_ref())),
        selector: None,
    },
    PodKind {
        api_version: "v1",
        kind: "PodTemplate",
        path: &["template"],
        lifetime: Lifetime::Never,
        template: |object| object.model::<CorePodTemplate>()?.template.as_ref().map(parts),
        selector: None,
    },
    lasting(
        "v1",
        "ReplicationController",
        |object| object.model::<ReplicationController>()?.spec.as_ref()?.template.as_ref().map(parts),
        // Its selector has a form of its own.
        |_| None,
    ),
    lasting(
        "apps/v1",
        "DaemonSet",
        |object| object.model::<DaemonSet>().map(|set| parts(&set.spec.template)),
        |object| object.model::<DaemonSet>().map(|set| &set.spec.selector),
    ),
    lasting(
        "apps/v1",
        "Deployment",
        |object| object.model::<Deployment>().map(|deployment| parts(&deployment.spec.template)),
        |object| object.model::<Deployment>().map(|deployment| &deployment.spec.selector),
    ),
    lasting(
        "apps/v1",
        "ReplicaSet",
        |object| object.model::<ReplicaSet>()?.spec.template.as_ref().map(parts),
        |object| object.model::<ReplicaSet>().map(|set| &set.spec.selector),
    ),
    lasting(
        "apps/v1",
        "StatefulSet",
        |object| object.model::<StatefulSet>().map(|set| parts(&set.spec.template)),
        |object| object.model::<StatefulSet>().map(|set| &set.spec.selector),
    ),
    PodKind {
        api_version: "batch/v1",
        kind: "Job",
        path: &["spec", "template"],
        lifetime: Lifetime::End,
        template: |object| object.model::<Job>()?.spec.as_ref().map(|spec| parts(&spec.template)),
        selector: Some(|object| object.model::<Job>()?.spec.as_ref()?.selector.as_ref()),
    },
    PodKind {
        api_version: "batch/v1",
        kind: "CronJob",
        path: &["spec", "jobTemplate", "spec", "template"],
        lifetime: Lifetime::End,
        template: |object| object.model::<CronJob>()?.spec.job_template.spec.as_ref().map(|spec| parts(&spec.template)),
        selector: None,
    },
];

impl Object {
    fn pod_kind(&self) -> Option<&'static PodKind> {
        KINDS.iter().find(|row| self.identity.kind == row.kind && self.identity.api_version == row.api_version)
    }

    /// Where the pod template stands, for kinds that have one.
    pub fn pod_template_path(&self) -> Option<Path> {
        self.pod_kind().map(|row| Path::root().fields(row.path))
    }

    /// What becomes of its pods, for kinds that have a template.
    pub fn lifetime(&self) -> Option<Lifetime> {
        self.pod_kind().map(|row| row.lifetime)
    }

    /// The value of the pod template.
    pub(super) fn pod_template_value(&self) -> Option<Value<'_>> {
        self.root().at(&self.pod_template_path()?)
    }

    /// The pod template, typed. `None` for kinds without pods, and for a Pod without a spec.
    pub fn pod_template(&self) -> Option<PodTemplate<'_>> {
        let row = self.pod_kind()?;
        let (metadata, spec) = (row.template)(self)?;
        Some(PodTemplate { metadata, spec: spec?, path: Path::root().fields(row.path) })
    }

    /// The containers of its pods, as [`PodTemplate::containers`] has them.
    pub fn containers(&self) -> impl Iterator<Item = ContainerRef<'_>> {
        self.pod_template().into_iter().flat_map(|template| template.containers())
    }

    /// How a kind with a pod template picks its pods, if it does by `spec.selector`.
    pub(super) fn workload_selector(&self) -> Option<for<'a> fn(&'a Object) -> Option<&'a LabelSelector>> {
        self.pod_kind()?.selector
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
