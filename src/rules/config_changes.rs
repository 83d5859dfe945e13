//! Changed data that running pods do not notice.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{KeyToPath, VolumeMount};

use super::Context;
use crate::cluster::{Cluster, ContainerRef, Object, PodTemplate};
use crate::finding::Findings;
use crate::plan::document::Action;
use crate::yaml::Path;

/// Environment variables are read when a container starts, and a file that is mounted by `subPath` is never brought up to
/// date; other files of volumes follow by themselves. Pods of Jobs start anew, and where somebody restarts readers of
/// changed data, an annotation says so.
pub(super) fn without_restart(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(kind) = [CONFIG_MAP, SECRET].into_iter().find(|kind| *kind == object.identity.kind) else { return };
    let Some(rollout) = context.rollout(object).filter(|rollout| rollout.plan.action == Action::Update) else { return };
    let differing = rollout.plan.changes.iter().filter_map(|change| {
        let key = change.path.strip_prefix("/data/").or_else(|| change.path.strip_prefix("/binaryData/"))?;
        Some(key.replace("~1", "/").replace("~0", "~"))
    });
    let keys: Vec<String> = differing.collect();
    for reader in context.readers(kind, object).filter(|reader| stays(context, reader)) {
        let Some(template) = reader.pod_template() else { continue };
        let reads = template.containers().flat_map(|container| reads(&template, &container));
        let mut of_object = reads.filter(|read| read.kind == kind && read.name == object.identity.name);
        // One place for each reader is enough.
        let found = of_object.find_map(|read| {
            let key = keys.iter().find(|key| read.key.as_ref().is_none_or(|wanted| wanted == *key))?;
            Some((key, read))
        });
        let Some((key, read)) = found else { continue };
        let path = ["data", "binaryData"].map(|field| Path::root().field(field).key(key.clone()));
        let path = path.iter().find(|path| object.root().at(path).is_some()).unwrap_or(&path[0]);
        let identity = &reader.identity;
        let message = format!("the pods of {identity} go on with the old `{key}`, because nothing restarts them");
        let finding = object.report(out, path, message);
        let how = if read.is_file { "mounts a single file of it" } else { "reads it as an environment variable" };
        finding.related(reader.place(&read.path), how);
        // Without backticks, between which nothing is shown of a finding about the data of a Secret.
        let (kind, name) = (identity.kind.to_lowercase(), &identity.name);
        finding.help(format!(
            "restart them (kubectl rollout restart {kind}/{name}), or note a hash of the data in an annotation of the template"
        ));
    }
}

/// The objects that read data which their pods will not read again: their numbers in the cluster, by kind, namespace and
/// name of the `ConfigMap` or Secret.
pub(super) type Readers = BTreeMap<(&'static str, String, String), Vec<usize>>;

pub(super) fn readers(cluster: &Cluster) -> Readers {
    let mut readers = Readers::new();
    for (at, object) in cluster.objects().iter().enumerate() {
        let Some(template) = object.pod_template() else { continue };
        for read in template.containers().flat_map(|container| reads(&template, &container)) {
            let of = readers.entry((read.kind, object.namespace().to_owned(), read.name)).or_default();
            if of.last() != Some(&at) {
                of.push(at);
            }
        }
    }
    readers
}

const CONFIG_MAP: &str = "ConfigMap";
const SECRET: &str = "Secret";

/// Whether the pods of the reader stay as they are: it was there before, its template does not change, and nobody watches
/// the data for it.
fn stays(context: &Context<'_>, reader: &Object) -> bool {
    if !matches!(reader.identity.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet")
        || context.old(reader).is_none()
    {
        return false;
    }
    let rolls = context.rollout(reader).is_some_and(|rollout| {
        let mut changes = rollout.plan.changes.iter();
        changes.any(|change| change.path.starts_with("/spec/template"))
    });
    !rolls && !is_watched(reader)
}

/// Annotations of Reloader and of the like, which restart workloads when their data changes.
fn is_watched(reader: &Object) -> bool {
    let of = |path: Path| {
        let annotations = reader.root().at(&path.fields(&["metadata", "annotations"]));
        annotations.is_some_and(|it| it.fields().any(|field| field.name.contains("reload")))
    };
    of(Path::root()) || of(Path::root().fields(&["spec", "template"]))
}

/// Where a container reads data that it will not read again.
struct Read {
    kind: &'static str,
    name: String,
    path: Path,
    /// Which key; `None` for all of them.
    key: Option<String>,
    is_file: bool,
}

fn reads(template: &PodTemplate<'_>, place: &ContainerRef<'_>) -> Vec<Read> {
    let container = place.container;
    let mut found = Vec::new();
    let mut add = |kind, name: &str, path: Path, key: Option<&String>, is_file| {
        found.push(Read { kind, name: name.to_owned(), path, key: key.cloned(), is_file });
    };
    for (at, source) in container.env_from.iter().flatten().enumerate() {
        let path = |field: &'static str| place.path.field("envFrom").index(at).fields(&[field, "name"]);
        if let Some(source) = &source.config_map_ref {
            add(CONFIG_MAP, &source.name, path("configMapRef"), None, false);
        }
        if let Some(source) = &source.secret_ref {
            add(SECRET, &source.name, path("secretRef"), None, false);
        }
    }
    for (at, variable) in container.env.iter().flatten().enumerate() {
        let Some(from) = &variable.value_from else { continue };
        let path = |field: &'static str| place.path.field("env").index(at).fields(&["valueFrom", field, "name"]);
        if let Some(source) = &from.config_map_key_ref {
            add(CONFIG_MAP, &source.name, path("configMapKeyRef"), Some(&source.key), false);
        }
        if let Some(source) = &from.secret_key_ref {
            add(SECRET, &source.name, path("secretKeyRef"), Some(&source.key), false);
        }
    }
    for (at, mount) in container.volume_mounts.iter().flatten().enumerate() {
        if let Some((kind, name, key)) = mounted_key(template, mount) {
            let path = place.path.field("volumeMounts").index(at).field("subPath");
            add(kind, name, path, Some(&key), true);
        }
    }
    found
}

/// What a mount of a single file shows: the kind, name and key of the data.
fn mounted_key<'a>(template: &PodTemplate<'a>, mount: &VolumeMount) -> Option<(&'static str, &'a str, String)> {
    let file = mount.sub_path.as_ref().filter(|file| !file.is_empty())?;
    let volume = template.spec.volumes.iter().flatten().find(|volume| volume.name == mount.name)?;
    let (kind, name, items): (_, &str, Option<&Vec<KeyToPath>>) = match (&volume.config_map, &volume.secret) {
        (Some(source), _) => (CONFIG_MAP, &source.name, source.items.as_ref()),
        (None, Some(source)) => (SECRET, source.secret_name.as_deref()?, source.items.as_ref()),
        (None, None) => return None,
    };
    let key = match items.filter(|items| !items.is_empty()) {
        Some(items) => items.iter().find(|item| item.path == *file)?.key.clone(),
        None => file.clone(),
    };
    Some((kind, name, key))
}
