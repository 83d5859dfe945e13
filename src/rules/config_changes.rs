//! Changed data that running pods do not notice.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{KeyToPath, VolumeMount};

use super::Context;
use crate::cluster::{ContainerRef, Object, PodTemplate};
use crate::finding::Findings;
use crate::plan::document::Action;
use crate::yaml::Path;

/// Environment variables are read when a container starts, and a file that is mounted by `subPath` is never brought up to
/// date; other files of volumes follow by themselves. Pods of Jobs start anew, and where somebody restarts readers of
/// changed data, an annotation says so.
pub(super) fn without_restart(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let kind = object.identity.kind.as_str();
    if !matches!(kind, "ConfigMap" | "Secret") {
        return;
    }
    let Some(rollout) = context.rollout(object).filter(|rollout| rollout.plan.action == Action::Update) else { return };
    let changes = rollout.plan.changes.iter().filter_map(|change| {
        let key = change.path.strip_prefix("/data/").or_else(|| change.path.strip_prefix("/binaryData/"))?;
        Some((key.replace("~1", "/").replace("~0", "~"), change))
    });
    let changed: BTreeMap<String, _> = changes.collect();
    for reader in context.cluster.with_pods() {
        if reader.namespace() != object.namespace() || !stays(context, reader) {
            continue;
        }
        let Some(template) = reader.pod_template() else { continue };
        let reads =
            template.containers().flat_map(|container| reads(&template, &container, kind, &object.identity.name));
        let found = reads.filter_map(|read| {
            let meets = |key: &&String| read.key.as_ref().is_none_or(|wanted| wanted == *key);
            Some((changed.keys().find(meets)?.clone(), read))
        });
        // One place for each reader is enough.
        let Some((key, read)) = found.into_iter().next() else { continue };
        let data = if object.root().at(&Path::root().field("data").key(key.clone())).is_some() {
            "data"
        } else {
            "binaryData"
        };
        let how = if read.is_file { "mounts a single file of it" } else { "reads it as an environment variable" };
        let message =
            format!("the pods of {} go on with the old `{key}`, because nothing restarts them", reader.identity);
        let path = Path::root().field(data).key(key);
        let finding = object.report(out, &path, message);
        finding.related(reader.place(&read.path), how);
        // Without backticks, between which nothing is shown of a finding about the data of a Secret.
        finding.help(format!(
            "restart them (kubectl rollout restart {}/{}), or note a hash of the data in an annotation of the template",
            reader.identity.kind.to_lowercase(),
            reader.identity.name
        ));
    }
}

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
    path: Path,
    /// Which key; `None` for all of them.
    key: Option<String>,
    is_file: bool,
}

fn reads(template: &PodTemplate<'_>, place: &ContainerRef<'_>, kind: &str, name: &str) -> Vec<Read> {
    let container = place.container;
    let is_map = kind == "ConfigMap";
    let mut found = Vec::new();
    for (at, source) in container.env_from.iter().flatten().enumerate() {
        let (field, meant) = if is_map {
            ("configMapRef", source.config_map_ref.as_ref().map(|it| it.name.as_str()))
        } else {
            ("secretRef", source.secret_ref.as_ref().map(|it| it.name.as_str()))
        };
        if meant == Some(name) {
            let path = place.path.field("envFrom").index(at).fields(&[field, "name"]);
            found.push(Read { path, key: None, is_file: false });
        }
    }
    for (at, variable) in container.env.iter().flatten().enumerate() {
        let Some(from) = &variable.value_from else { continue };
        let (field, meant) = if is_map {
            ("configMapKeyRef", from.config_map_key_ref.as_ref().map(|it| (it.name.as_str(), &it.key)))
        } else {
            ("secretKeyRef", from.secret_key_ref.as_ref().map(|it| (it.name.as_str(), &it.key)))
        };
        if let Some((_, key)) = meant.filter(|(meant, _)| *meant == name) {
            let path = place.path.field("env").index(at).fields(&["valueFrom", field, "name"]);
            found.push(Read { path, key: Some(key.clone()), is_file: false });
        }
    }
    for (at, mount) in container.volume_mounts.iter().flatten().enumerate() {
        let Some(file) = mount.sub_path.as_ref().filter(|file| !file.is_empty()) else { continue };
        if let Some(key) = mounted_key(template, mount, file, is_map, name) {
            found.push(Read {
                path: place.path.field("volumeMounts").index(at).field("subPath"),
                key: Some(key),
                is_file: true,
            });
        }
    }
    found
}

/// The key of the data that the volume of a mount shows under this name.
fn mounted_key(
    template: &PodTemplate<'_>,
    mount: &VolumeMount,
    file: &str,
    is_map: bool,
    name: &str,
) -> Option<String> {
    let volume = template.spec.volumes.iter().flatten().find(|volume| volume.name == mount.name)?;
    let items: Option<&Vec<KeyToPath>> = if is_map {
        volume.config_map.as_ref().filter(|it| it.name == name)?.items.as_ref()
    } else {
        volume.secret.as_ref().filter(|it| it.secret_name.as_deref() == Some(name))?.items.as_ref()
    };
    match items.filter(|items| !items.is_empty()) {
        Some(items) => items.iter().find(|item| item.path == file).map(|item| item.key.clone()),
        None => Some(file.to_owned()),
    }
}
