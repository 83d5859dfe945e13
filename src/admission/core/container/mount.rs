//! Mounts of volumes, and block devices.
//!
//! Mirrors `ValidateVolumeMounts`, `ValidateVolumeDevices` and what they call in pkg/apis/core/validation (v1.36). The API
//! server forgets the number of the mount where it names some of its fields.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, Volume, VolumeMount};

use super::Facts;
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::paths::path_inside;
use crate::nearest::nearest;
use crate::yaml::Path;

/// The mounts of a container, at `path`.
pub(super) fn mounts(facts: &Facts<'_>, container: &Container, path: &Path, errors: &mut Errors<'_>) {
    let devices = container.volume_devices.iter().flatten();
    let devices: BTreeMap<&str, &str> = devices.map(|it| (it.name.as_str(), it.device_path.as_str())).collect();
    let device_paths: BTreeSet<&str> = devices.values().copied().collect();
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    let whose = shortened(&container.name);
    for (index, mount) in container.volume_mounts.iter().flatten().enumerate() {
        let at = path.index(index);
        let (name, mount_path) = (mount.name.as_str(), mount.mount_path.as_str());
        if name.is_empty() {
            errors.required(&at.field("name"), "the mount does not name its volume");
        }
        if !facts.pod.volumes.contains_key(name) {
            no_such_volume(facts, &whose, "mounts", name, &at.field("name"), errors);
        }
        if mount_path.is_empty() {
            errors.required(&at.field("mountPath"), "the mount does not say where");
        }
        if let Some(first) = taken.get(mount_path) {
            let place = errors.place(&path.index(*first).field("mountPath"));
            let message = format!("container `{whose}` mounts two volumes at `{}`", shortened(mount_path));
            let finding =
                errors.invalid(&at.field("mountPath"), message).says("must be unique").rule("duplicate-mount-path");
            finding.related(place, "mounted here already").help("give each mount a path of its own");
        }
        taken.entry(mount_path).or_insert(index);
        if devices.contains_key(name) {
            let message = format!("volume `{}` is a device of the container already", shortened(name));
            errors
                .invalid(&at.field("name"), message)
                .says("must not already exist in volumeDevices")
                .help("keep the mount or the device");
        }
        if device_paths.contains(mount_path) {
            let message = format!("a device of the container is at `{}` already", shortened(mount_path));
            errors
                .invalid(&at.field("mountPath"), message)
                .says("must not already exist as a path in volumeDevices")
                .help("give the mount a path of its own");
        }
        sub_paths(mount, &at, path, errors);
        propagation(mount, container, &at, path, errors);
        recursive_read_only(mount, &at, path, errors);
    }
}

/// What part of its volume the mount at `at` shows.
fn sub_paths(mount: &VolumeMount, at: &Path, list: &Path, errors: &mut Errors<'_>) {
    let sub_path = mount.sub_path.as_deref().unwrap_or_default();
    let expression = mount.sub_path_expr.as_deref().unwrap_or_default();
    if !sub_path.is_empty() {
        path_inside(sub_path, &at.field("subPath"), &list.field("subPath"), errors);
    }
    if !expression.is_empty() {
        if !sub_path.is_empty() {
            let place = errors.place(&at.field("subPath"));
            let finding = errors
                .invalid(&at.field("subPathExpr"), "the mount has `subPathExpr` as well as `subPath`")
                .says("subPathExpr and subPath are mutually exclusive");
            finding.related(place, "the other").help("keep one of them");
        }
        path_inside(expression, &at.field("subPathExpr"), &list.field("subPathExpr"), errors);
    }
}

/// Whether mounts made later are seen on the other side (`validateMountPropagation`).
fn propagation(mount: &VolumeMount, container: &Container, at: &Path, list: &Path, errors: &mut Errors<'_>) {
    const KNOWN: [&str; 3] = ["Bidirectional", "HostToContainer", "None"];
    let Some(propagation) = mount.mount_propagation.as_deref() else { return };
    let (path, field) = (at.field("mountPropagation"), list.field("mountPropagation"));
    if !KNOWN.contains(&propagation) {
        errors.unsupported(&path, "`mountPropagation`", propagation, KNOWN).called(field);
    } else if propagation == "Bidirectional" {
        let privileged = container.security_context.as_ref().and_then(|context| context.privileged);
        if privileged != Some(true) {
            let message = "only mounts of privileged containers can propagate in both directions";
            let finding = errors
                .forbidden(&path, message)
                .says("Bidirectional mount propagation is available only to privileged containers")
                .called(field);
            finding.help("write `HostToContainer`, or give the container `privileged: true`");
        }
    }
}

/// Whether what is mounted below is read-only too (`validateMountRecursiveReadOnly`).
fn recursive_read_only(mount: &VolumeMount, at: &Path, list: &Path, errors: &mut Errors<'_>) {
    const KNOWN: [&str; 3] = ["Disabled", "Enabled", "IfPossible"];
    let Some(value) = mount.recursive_read_only.as_deref() else { return };
    let (path, field) = (at.field("recursiveReadOnly"), list.field("recursiveReadOnly"));
    match value {
        "Disabled" => {}
        "Enabled" | "IfPossible" => {
            if mount.read_only != Some(true) {
                let message = format!("`recursiveReadOnly: {value}` needs a mount that is read-only");
                errors
                    .forbidden(&path, message)
                    .says("may only be specified when readOnly is true")
                    .called(field.clone())
                    .help("add `readOnly: true`");
            }
            if mount.mount_propagation.as_deref().is_some_and(|propagation| propagation != "None") {
                let message = format!("`recursiveReadOnly: {value}` allows no propagation of mounts");
                errors
                    .forbidden(&path, message)
                    .says("may only be specified when mountPropagation is None or not specified")
                    .called(field)
                    .help("remove `mountPropagation`");
            }
        }
        _ => {
            errors.unsupported(&path, "`recursiveReadOnly`", value, KNOWN).called(field);
        }
    }
}

/// The block devices of a container, at `path`.
pub(super) fn devices(facts: &Facts<'_>, container: &Container, path: &Path, errors: &mut Errors<'_>) {
    if container.volume_devices.iter().flatten().next().is_none() {
        return;
    }
    let mounts = container.volume_mounts.iter().flatten();
    let mounts: BTreeMap<&str, &str> = mounts.map(|it| (it.name.as_str(), it.mount_path.as_str())).collect();
    let mount_paths: BTreeSet<&str> = mounts.values().copied().collect();
    let (mut names, mut paths): (BTreeMap<&str, usize>, BTreeMap<&str, usize>) = Default::default();
    let whose = shortened(&container.name);
    for (index, device) in container.volume_devices.iter().flatten().enumerate() {
        let at = path.index(index);
        let (name, device_path) = (device.name.as_str(), device.device_path.as_str());
        if name.is_empty() {
            errors.required(&at.field("name"), "the device does not name its volume");
        }
        if let Some(first) = names.get(name) {
            let place = errors.place(&path.index(*first).field("name"));
            let message = format!("container `{whose}` uses volume `{}` as two devices", shortened(name));
            errors.invalid(&at.field("name"), message).says("must be unique").related(place, "the first of them");
        }
        match facts.pod.volumes.get(name) {
            Some(volume) if is_claim(volume) => {}
            Some(_) => {
                let message = format!("volume `{}` is no claim, so it cannot be a device", shortened(name));
                let finding = errors
                    .invalid(&at.field("name"), message)
                    .says("can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
                finding.help("name a volume with `persistentVolumeClaim` or `ephemeral`");
            }
            None => no_such_volume(facts, &whose, "uses", name, &at.field("name"), errors),
        }
        if device_path.is_empty() {
            errors.required(&at.field("devicePath"), "the device does not say where");
        }
        if let Some(first) = paths.get(device_path) {
            let place = errors.place(&path.index(*first).field("devicePath"));
            let message = format!("container `{whose}` has two devices at `{}`", shortened(device_path));
            errors.invalid(&at.field("devicePath"), message).says("must be unique").related(place, "the first of them");
        }
        if device_path.split('/').any(|part| part == "..") {
            let message = format!("the path `{}` must not contain `..`", shortened(device_path));
            errors.invalid(&at.field("devicePath"), message).says("can not contain backsteps ('..')");
        } else {
            paths.entry(device_path).or_insert(index);
        }
        if mounts.contains_key(name) {
            let message = format!("volume `{}` is mounted by the container already", shortened(name));
            errors
                .invalid(&at.field("name"), message)
                .says("must not already exist in volumeMounts")
                .help("keep the mount or the device");
        }
        if mount_paths.contains(device_path) {
            let message = format!("a volume is mounted at `{}` already", shortened(device_path));
            errors
                .invalid(&at.field("devicePath"), message)
                .says("must not already exist as a path in volumeMounts")
                .help("give the device a path of its own");
        }
        if !name.is_empty() {
            names.entry(name).or_insert(index);
        }
    }
}

fn is_claim(volume: &Volume) -> bool {
    volume.persistent_volume_claim.is_some() || volume.ephemeral.is_some()
}

/// Container `whose` does (`verb`) something with a volume that is not there, or is not counted because of its mistakes.
fn no_such_volume(facts: &Facts<'_>, whose: &str, verb: &str, name: &str, path: &Path, errors: &mut Errors<'_>) {
    let shown = shortened(name);
    let spec = path.parent().and_then(|entry| entry.parent()?.parent()?.parent()?.parent());
    let list = spec.map(|spec| spec.field("volumes")).filter(|volumes| errors.is_written(volumes));
    let mut volumes = facts.pod.spec.volumes.iter().flatten();
    if let Some(index) = volumes.position(|volume| volume.name == name && !name.is_empty()) {
        let place = list.map(|list| errors.place(&list.index(index)));
        let message = format!("container `{whose}` {verb} volume `{shown}`, which does not count for its mistakes");
        let finding = errors.not_found(path, message).rule("mount-not-found");
        if let Some(place) = place {
            finding.related(place, "the volume");
        }
        finding.help("correct the volume");
        return;
    }
    let place = list.map(|list| errors.place(&list));
    let message = format!("container `{whose}` {verb} volume `{shown}`, which the pod does not have");
    let finding = errors.not_found(path, message).rule("mount-not-found");
    if let Some(place) = place {
        finding.related(place, "the pod's volumes");
    }
    if !name.is_empty() {
        finding.help(match nearest(name, facts.pod.volumes.keys().copied()) {
            Some(near) => format!("name `{near}`, or add `{shown}` to the pod's `volumes`"),
            None => format!("add `{shown}` to the pod's `volumes`"),
        });
    }
}
