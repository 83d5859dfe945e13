//! Which workloads read a `ConfigMap` or Secret, and whether they notice a change of it.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{KeyToPath, Volume, VolumeMount};

use crate::cluster::{Cluster, ContainerRef, Object, PodTemplate};
use crate::yaml::Path;

pub(crate) const CONFIG_MAP: &str = "ConfigMap";
pub(crate) const SECRET: &str = "Secret";

/// How a container reads data, and so when it notices a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// As files of a volume, which the kubelet keeps current.
    Files,
    /// As a file mounted by `subPath`, which nobody keeps current.
    SubPath,
    /// As environment variables, which are read when the container starts.
    Environment,
}

/// Where a container reads data.
#[derive(Debug)]
pub(crate) struct Read<'a> {
    /// Whether from a `ConfigMap` or a Secret.
    pub(crate) kind: &'static str,
    /// Its name.
    pub(crate) name: &'a str,
    /// Which key; `None` for all of them.
    pub(crate) key: Option<&'a str>,
    /// Where that is written.
    pub(crate) path: Path,
    pub(crate) how: How,
}

/// The workloads that read something, by kind, namespace and name of the `ConfigMap` or Secret.
pub(crate) type Readers<'a> = BTreeMap<(&'static str, String, String), Vec<&'a Object>>;

/// Who reads what in the cluster.
pub(crate) fn readers(cluster: &Cluster) -> Readers<'_> {
    let mut readers = Readers::new();
    for reader in cluster.with_pods() {
        let Some(template) = reader.pod_template() else { continue };
        for read in reads(&template) {
            let of = readers.entry((read.kind, reader.namespace().to_owned(), read.name.to_owned())).or_default();
            if of.last().is_none_or(|last| !std::ptr::eq(*last, reader)) {
                of.push(reader);
            }
        }
    }
    readers
}

/// All that the containers of a template read, in the order of their fields.
pub(crate) fn reads<'a>(template: &PodTemplate<'a>) -> Vec<Read<'a>> {
    let mut found = Vec::new();
    for place in template.containers() {
        environment(&place, &mut found);
        for (at, mount) in place.container.volume_mounts.iter().flatten().enumerate() {
            let path = place.path.field("volumeMounts").index(at);
            let mut volumes = template.spec.volumes.iter().flatten();
            if let Some(volume) = volumes.find(|volume| volume.name == mount.name) {
                found.extend(sources(volume).into_iter().filter_map(|source| mounted(source, mount, &path)));
            }
        }
    }
    found
}

fn environment<'a>(place: &ContainerRef<'a>, found: &mut Vec<Read<'a>>) {
    let mut add = |kind, name, key, path| found.push(Read { kind, name, key, path, how: How::Environment });
    for (at, source) in place.container.env_from.iter().flatten().enumerate() {
        let path = |field: &'static str| place.path.field("envFrom").index(at).fields(&[field, "name"]);
        if let Some(source) = &source.config_map_ref {
            add(CONFIG_MAP, &source.name, None, path("configMapRef"));
        }
        if let Some(source) = &source.secret_ref {
            add(SECRET, &source.name, None, path("secretRef"));
        }
    }
    for (at, variable) in place.container.env.iter().flatten().enumerate() {
        let Some(from) = &variable.value_from else { continue };
        let path = |field: &'static str| place.path.field("env").index(at).fields(&["valueFrom", field, "name"]);
        if let Some(source) = &from.config_map_key_ref {
            add(CONFIG_MAP, &source.name, Some(&source.key), path("configMapKeyRef"));
        }
        if let Some(source) = &from.secret_key_ref {
            add(SECRET, &source.name, Some(&source.key), path("secretKeyRef"));
        }
    }
}

/// A `ConfigMap` or Secret in a volume: its kind, its name, and which keys become which files.
type VolumeSource<'a> = (&'static str, &'a str, Option<&'a Vec<KeyToPath>>);

fn sources(volume: &Volume) -> Vec<VolumeSource<'_>> {
    let mut sources: Vec<VolumeSource<'_>> = Vec::new();
    sources.extend(volume.config_map.iter().map(|it| (CONFIG_MAP, it.name.as_str(), it.items.as_ref())));
    let secret = volume.secret.iter();
    sources.extend(secret.filter_map(|it| Some((SECRET, it.secret_name.as_deref()?, it.items.as_ref()))));
    for projection in volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten()) {
        sources.extend(projection.config_map.iter().map(|it| (CONFIG_MAP, it.name.as_str(), it.items.as_ref())));
        sources.extend(projection.secret.iter().map(|it| (SECRET, it.name.as_str(), it.items.as_ref())));
    }
    sources
}

/// What a mount shows of a source; `None` if it shows a single file that the source does not have.
fn mounted<'a>((kind, name, items): VolumeSource<'a>, mount: &'a VolumeMount, path: &Path) -> Option<Read<'a>> {
    let Some(file) = mount.sub_path.as_deref().filter(|file| !file.is_empty()) else {
        let expression = mount.sub_path_expr.is_some();
        let (field, how) = if expression { ("subPathExpr", How::SubPath) } else { ("name", How::Files) };
        return Some(Read { kind, name, key: None, path: path.field(field), how });
    };
    let key = match items.filter(|items| !items.is_empty()) {
        Some(items) => &items.iter().find(|item| item.path == file)?.key,
        None => file,
    };
    Some(Read { kind, name, key: Some(key), path: path.field("subPath"), how: How::SubPath })
}

/// A sentence for each workload that reads `object`; `rolls` tells whether its pods are replaced anyway.
pub(super) fn notes(object: &Object, readers: &Readers<'_>, rolls: impl Fn(&Object) -> bool) -> Vec<String> {
    let Some(kind) = [CONFIG_MAP, SECRET].into_iter().find(|kind| *kind == object.identity.kind) else {
        return Vec::new();
    };
    let key = (kind, object.namespace().to_owned(), object.identity.name.clone());
    let Some(readers) = readers.get(&key) else { return vec!["no workload of the input reads it".to_owned()] };
    let note = |reader: &&Object| {
        let identity = &reader.identity;
        if rolls(reader) {
            return format!("{identity} reads it and rolls anyway: its new pods see the change");
        }
        let reads = reader.pod_template().map(|template| reads(&template)).unwrap_or_default();
        let of_object = reads.iter().filter(|read| read.kind == kind && read.name == object.identity.name);
        let ways: BTreeSet<How> = of_object.map(|read| read.how).collect();
        let words: Vec<&str> = ways.into_iter().map(How::words).collect();
        format!("{identity} reads it; no pod restarts: {}", words.join(", "))
    };
    readers.iter().map(note).collect()
}

impl How {
    /// What happens to those who read it so.
    fn words(self) -> &'static str {
        match self {
            How::Files => "its files follow within a minute or two",
            How::SubPath => "files mounted by `subPath` stay as they are until the pod is replaced",
            How::Environment => "environment variables stay as they are until the container restarts",
        }
    }
}
