//! Which workloads read a `ConfigMap` or Secret, and whether they notice a change of it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::VolumeMount;

use super::table::{Reading, Reference};
use crate::cluster::{Cluster, Object};
use crate::yaml::{Path, Value};

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
    /// `ConfigMap` or Secret.
    pub(crate) kind: &'a str,
    /// Its name.
    pub(crate) name: &'a str,
    /// Which key; `None` for all of them.
    pub(crate) key: Option<&'a str>,
    /// Where that is written.
    pub(crate) path: Path,
    pub(crate) how: How,
}

/// The workloads that read something, by kind, namespace and name of the `ConfigMap` or Secret.
#[derive(Debug)]
pub(crate) struct Readers<'a>(BTreeMap<(String, String, String), Vec<&'a Object>>);

impl<'a> Readers<'a> {
    /// Who reads what in the cluster.
    pub(crate) fn new(cluster: &'a Cluster) -> Self {
        let mut readers: BTreeMap<_, Vec<&'a Object>> = BTreeMap::new();
        for reader in cluster.with_pods() {
            for read in reads(reader) {
                let key = (read.kind.to_owned(), reader.namespace().to_owned(), read.name.to_owned());
                let of = readers.entry(key).or_default();
                if of.last().is_none_or(|last| !std::ptr::eq(*last, reader)) {
                    of.push(reader);
                }
            }
        }
        Self(readers)
    }

    /// Those that read `data`, in the order of the input.
    pub(crate) fn of(&self, data: &Object) -> &[&'a Object] {
        let identity = &data.identity;
        let key = (identity.kind.clone(), data.namespace().to_owned(), identity.name.clone());
        self.0.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// All that the containers of an object's pods read.
pub(crate) fn reads(reader: &Object) -> Vec<Read<'_>> {
    let mut found = Vec::new();
    for reference in reader.references() {
        match reference.read {
            Some(Reading::Environment) => {
                let key = reference.around.get("key").and_then(Value::as_str);
                let Reference { kind, name, path, .. } = reference;
                found.push(Read { kind, name, key, path, how: How::Environment });
            }
            Some(Reading::Volume) => mounts(reader, &reference, &mut found),
            None => {}
        }
    }
    found
}

/// What the containers see of a `ConfigMap` or Secret that is in a volume.
fn mounts<'a>(reader: &'a Object, reference: &Reference<'a>, found: &mut Vec<Read<'a>>) {
    let Some(template) = reader.pod_template() else { return };
    let volumes = template.spec_path().field("volumes");
    let at = template.spec.volumes.iter().flatten().enumerate();
    let is_inside = |at: usize| reference.path.moved(&volumes.index(at), &Path::root()).is_some();
    let Some((_, volume)) = at.into_iter().find(|(at, _)| is_inside(*at)) else { return };
    for place in template.containers() {
        for (at, mount) in place.container.volume_mounts.iter().flatten().enumerate() {
            if mount.name == volume.name {
                let path = place.path.field("volumeMounts").index(at);
                found.extend(mounted(reference, mount, &path));
            }
        }
    }
}

/// What a mount shows of a source; `None` if it shows a single file that the source does not have.
fn mounted<'a>(reference: &Reference<'a>, mount: &'a VolumeMount, path: &Path) -> Option<Read<'a>> {
    let Reference { kind, name, .. } = *reference;
    let Some(file) = mount.sub_path.as_deref().filter(|file| !file.is_empty()) else {
        let expression = mount.sub_path_expr.is_some();
        let (field, how) = if expression { ("subPathExpr", How::SubPath) } else { ("name", How::Files) };
        return Some(Read { kind, name, key: None, path: path.field(field), how });
    };
    let mut items = reference.around.get("items").into_iter().flat_map(Value::items).peekable();
    let key = if items.peek().is_some() {
        let text = |item: Value<'a>, field: &str| item.get(field).and_then(Value::as_str);
        items.find(|item| text(*item, "path") == Some(file)).and_then(|item| text(item, "key"))?
    } else {
        file
    };
    Some(Read { kind, name, key: Some(key), path: path.field("subPath"), how: How::SubPath })
}
