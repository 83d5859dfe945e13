//! Persistent volumes.
//!
//! Mirrors `ValidatePersistentVolume` in pkg/apis/core/validation and pkg/volume/validation, and the warnings of
//! pkg/api/persistentvolume (v1.36).

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeSpec};

use super::{CLASS_ANNOTATION, access_modes, class_name, defaults, source, update, volume_mode};
use crate::admission::core::resources::amount;
use crate::admission::core::scheduling::{self, node_labels};
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Gate;
use crate::admission::{ApiServer, How, Kind};
use crate::yaml::Path;

const OPTIONS_ANNOTATION: &str = "volume.beta.kubernetes.io/mount-options";

impl Kind for PersistentVolume {
    fn set_defaults(&mut self, _: &ApiServer) {
        defaults::volume(self.spec.get_or_insert_default());
        let phase = &mut self.status.get_or_insert_default().phase;
        if phase.as_deref().is_none_or(str::is_empty) {
            *phase = Some("Pending".to_owned());
        }
    }

    /// As `DropDisabledSpecFields`.
    fn prepare(&mut self, old: Option<&mut Self>, _: How, errors: &mut Errors<'_>) -> bool {
        let had_class =
            old.is_some_and(|old| old.spec.as_ref().is_some_and(|spec| spec.volume_attributes_class_name.is_some()));
        if let Some(spec) =
            self.spec.as_mut().filter(|_| !had_class && !errors.server.enabled(Gate::VolumeAttributesClass))
        {
            spec.volume_attributes_class_name = None;
        }
        true
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        volume(self, None, errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        volume(self, Some(old), errors);
        update::volume(self, old, errors);
    }
}

fn volume(volume: &PersistentVolume, old: Option<&PersistentVolume>, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    if let Some(spec) = &volume.spec {
        let name = volume.metadata.name.as_deref().unwrap_or_default();
        self::spec(spec, name, &path, errors);
        // What is wrong with the nodes of an old volume, the new one may keep.
        let old = old.and_then(|old| old.spec.as_ref());
        if old.is_none_or(|old| old.node_affinity != spec.node_affinity) {
            nodes(spec, &path.fields(&["nodeAffinity", "required"]), errors);
        }
        mount_options(volume, spec, errors);
        warnings(spec, &path, errors);
    }
    warn_of_annotations(volume, errors);
}

/// The spec of the volume `name` at `path` (`ValidatePersistentVolumeSpec`).
fn spec(spec: &PersistentVolumeSpec, name: &str, path: &Path, errors: &mut Errors<'_>) {
    const POLICIES: [&str; 3] = ["Delete", "Recycle", "Retain"];
    let modes = spec.access_modes.as_deref().unwrap_or_default();
    let modes_path = path.field("accessModes");
    if modes.is_empty() {
        let finding = errors.required(&modes_path, "the volume does not say how it can be accessed");
        finding.help("add `accessModes`, for example `[ReadWriteOnce]` for a volume that one node uses at a time");
    }
    access_modes(modes, &modes_path, errors);
    capacity(spec, &path.field("capacity"), errors);
    let policy = spec.persistent_volume_reclaim_policy.as_deref().unwrap_or_default();
    let policy_path = path.field("persistentVolumeReclaimPolicy");
    if !POLICIES.contains(&policy) && !policy.is_empty() {
        errors.unsupported(&policy_path, "the `persistentVolumeReclaimPolicy`", policy, POLICIES);
    }
    sources(spec, name, path, errors);
    if policy == "Recycle" && spec.host_path.as_ref().is_some_and(|source| is_root(&source.path)) {
        let finding = errors
            .forbidden(&policy_path, "the root directory of a node cannot be recycled, that is, emptied")
            .says("may not be 'recycle' for a hostPath mount of '/'");
        finding.help("write `Retain`");
    }
    if let Some(name) = spec.storage_class_name.as_deref().filter(|name| !name.is_empty()) {
        class_name("storage class", name, &path.field("storageClassName"), errors);
    }
    volume_mode(spec.volume_mode.as_deref(), &path.field("volumeMode"), errors);
    if let Some(name) = spec.volume_attributes_class_name.as_deref() {
        let path_of_class = path.field("volumeAttributesClassName");
        if name.is_empty() {
            errors
                .required(&path_of_class, "the class of attributes cannot be empty")
                .says("an empty string is disallowed")
                .help("remove it");
        } else {
            class_name("class of attributes", name, &path_of_class, errors);
        }
        if spec.csi.is_none() {
            let place = errors.place(&path_of_class);
            let finding = errors
                .required(&path.field("csi"), "only volumes of CSI drivers can have a class of attributes")
                .says("has to be specified when using volumeAttributesClassName");
            finding.at(place).help("remove `volumeAttributesClassName`");
        }
    }
}

/// The nodes that have the volume.
fn nodes(spec: &PersistentVolumeSpec, path: &Path, errors: &mut Errors<'_>) {
    match spec.node_affinity.as_ref().map(|affinity| &affinity.required) {
        None => {}
        Some(Some(required)) => scheduling::node_selector(required, path, errors),
        Some(None) => {
            let finding = errors
                .required(path, "the affinity does not say on which nodes the volume is")
                .says("must specify required node constraints");
            finding.help("add `required` with `nodeSelectorTerms`, or remove `nodeAffinity`");
        }
    }
}

/// A volume has a capacity of storage, and of nothing else.
fn capacity(spec: &PersistentVolumeSpec, path: &Path, errors: &mut Errors<'_>) {
    const HELP: &str = "write for example `capacity: {storage: 10Gi}`";
    let capacity = spec.capacity.iter().flatten();
    let count = capacity.clone().count();
    if count == 0 {
        errors.required(path, "the volume does not say how large it is").help(HELP);
    }
    if count > 1 || !capacity.clone().any(|(name, _)| name == "storage") {
        let other = capacity.clone().map(|(name, _)| name).find(|name| *name != "storage");
        let place = other.map(|other| errors.key_place(&path.key(other)));
        let message = "the capacity of a volume is an amount of `storage` and nothing else";
        let finding = errors.unsupported(path, "the capacity of a volume", "", ["storage"]);
        message.clone_into(&mut finding.message);
        finding.whole();
        finding.help(HELP);
        if let Some(place) = place {
            finding.at(place);
        }
    }
    for (name, written) in capacity {
        if amount(written).is_some_and(|amount| amount.sign().is_le()) {
            errors
                .invalid(&path.key(name), "the capacity of a volume must be more than nothing")
                .says("must be greater than zero")
                .help(HELP);
        }
    }
}

/// Exactly one source; one that comes second is not looked at.
fn sources(spec: &PersistentVolumeSpec, name: &str, path: &Path, errors: &mut Errors<'_>) {
    let mut sources = Sources { path, first: None };
    if let (Some(it), Some(path)) = sources.of(spec.host_path.as_ref(), "hostPath", errors) {
        source::host_path(it, &path, errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.gce_persistent_disk.as_ref(), "gcePersistentDisk", errors) {
        source::google_disk(it, &path, errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.aws_elastic_block_store.as_ref(), "awsElasticBlockStore", errors) {
        source::amazon_disk(it, &path, errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.glusterfs.as_ref(), "glusterfs", errors) {
        source::glusterfs(it, &path, errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.flocker.as_ref(), "flocker", errors) {
        source::flocker(it, &path, errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.nfs.as_ref(), "nfs", errors) {
        source::nfs(it, &path, errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.rbd.as_ref(), "rbd", errors) {
        source::some(&it.monitors, &path, "monitors", errors);
        source::needed(&it.image, &path, "image", errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.quobyte.as_ref(), "quobyte", errors) {
        source::quobyte(it, &path, errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.cephfs.as_ref(), "cephfs", errors) {
        source::some(&it.monitors, &path, "monitors", errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.iscsi.as_ref(), "iscsi", errors) {
        source::iscsi(it, name, &path, errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.cinder.as_ref(), "cinder", errors) {
        source::cinder(it, &path, errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.fc.as_ref(), "fc", errors) {
        source::fibre_channel(it, &path, errors);
    }
    if let Some(it) = &spec.flex_volume {
        // This one alone may come second.
        let path = path.field("flexVolume");
        source::flex(&it.driver, it.options.as_ref(), &path, errors);
        sources.first.get_or_insert(path);
    }
    if let (Some(it), Some(path)) = sources.of(spec.azure_file.as_ref(), "azureFile", errors) {
        source::azure_file(it, &path, errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.vsphere_volume.as_ref(), "vsphereVolume", errors) {
        source::needed(&it.volume_path, &path, "volumePath", errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.photon_persistent_disk.as_ref(), "photonPersistentDisk", errors) {
        source::needed(&it.pd_id, &path, "pdID", errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.portworx_volume.as_ref(), "portworxVolume", errors) {
        source::needed(&it.volume_id, &path, "volumeID", errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.azure_disk.as_ref(), "azureDisk", errors) {
        source::azure_disk(it, &path, errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.scale_io.as_ref(), "scaleIO", errors) {
        source::needed(&it.gateway, &path, "gateway", errors);
        source::needed(&it.system, &path, "system", errors);
        source::needed(it.volume_name.as_deref().unwrap_or_default(), &path, "volumeName", errors);
    }
    if let (Some(it), Some(source_path)) = sources.of(spec.local.as_ref(), "local", errors) {
        source::needed(&it.path, &source_path, "path", errors);
        source::without_backsteps(&it.path, &source_path.field("path"), errors);
        if spec.node_affinity.is_none() {
            let place = errors.key_place(&source_path);
            let message = "a local volume must say on which node it is";
            let finding = errors
                .required(&path.field("nodeAffinity"), message)
                .says("Local volume requires node affinity")
                .at(place);
            finding.help("add `nodeAffinity` with the node's `kubernetes.io/hostname`");
        }
    }
    if let (Some(it), Some(path)) = sources.of(spec.storageos.as_ref(), "storageos", errors) {
        source::storage_os(it, &path, errors);
    }
    if let (Some(it), Some(path)) = sources.of(spec.csi.as_ref(), "csi", errors) {
        source::csi(it, &path, errors);
    }
    if sources.first.is_none() {
        let finding =
            errors.required(path, "the volume does not say where its data lies").says("must specify a volume type");
        finding.help("add a source such as `csi`, `nfs` or `local`");
    }
}

/// Counts the sources of a volume.
struct Sources<'a> {
    path: &'a Path,
    first: Option<Path>,
}

impl Sources<'_> {
    /// The source `name` and its path, if it is the first one.
    fn of<'s, T>(
        &mut self,
        source: Option<&'s T>,
        name: &'static str,
        errors: &mut Errors<'_>,
    ) -> (Option<&'s T>, Option<Path>) {
        if source.is_none() {
            return (None, None);
        }
        let path = self.path.field(name);
        if let Some(first) = &self.first {
            let place = errors.key_place(first);
            let finding = errors
                .forbidden(&path, "a volume can have only one source")
                .says("may not specify more than 1 volume type");
            finding.related(place, "the first one").help("remove one of them");
            if name == "cephfs" {
                finding.called(self.path.field("cephFS"));
            }
            return (None, None);
        }
        self.first = Some(path.clone());
        (source, Some(path))
    }
}

/// Whether the path leads to the root directory, however it is written.
fn is_root(path: &str) -> bool {
    let mut depth = 0_usize;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => depth = depth.saturating_sub(1),
            _ => depth += 1,
        }
    }
    path.starts_with('/') && depth == 0
}

/// Options of mounting are for volumes that are mounted over a network or from a disk (`checkMountOption`).
fn mount_options(volume: &PersistentVolume, spec: &PersistentVolumeSpec, errors: &mut Errors<'_>) {
    let is_mounted = spec.gce_persistent_disk.is_some()
        || spec.aws_elastic_block_store.is_some()
        || spec.glusterfs.is_some()
        || spec.nfs.is_some()
        || spec.rbd.is_some()
        || spec.quobyte.is_some()
        || spec.iscsi.is_some()
        || spec.cinder.is_some()
        || spec.cephfs.is_some()
        || spec.azure_file.is_some()
        || spec.vsphere_volume.is_some()
        || spec.azure_disk.is_some()
        || spec.photon_persistent_disk.is_some();
    if !is_mounted && has_annotation(volume, OPTIONS_ANNOTATION) {
        let annotations = Path::root().fields(&["metadata", "annotations"]);
        let path = annotations.key(OPTIONS_ANNOTATION);
        let place = errors.key_place(&path);
        let message = format!("a volume of this sort cannot have the annotation `{OPTIONS_ANNOTATION}`");
        let finding = errors
            .forbidden(&path, message)
            .says("may not specify mount options for this volume type")
            .at(place)
            .called(annotations.field(OPTIONS_ANNOTATION));
        finding.help("remove it, or use `mountOptions`");
    }
}

fn has_annotation(volume: &PersistentVolume, name: &str) -> bool {
    volume.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(name))
}

fn warn_of_annotations(volume: &PersistentVolume, errors: &mut Errors<'_>) {
    for (name, successor) in [(CLASS_ANNOTATION, "storageClassName"), (OPTIONS_ANNOTATION, "mountOptions")] {
        if has_annotation(volume, name) {
            let path = Path::root().fields(&["metadata", "annotations"]).key(name);
            let place = errors.key_place(&path);
            let finding = errors.warn(&path, format!("the annotation `{name}` is deprecated")).at(place);
            finding.help(format!("use `{successor}`"));
        }
    }
}

/// What the server warns about in a volume (`warningsForPersistentVolumeSpecAndMeta`).
fn warnings(spec: &PersistentVolumeSpec, path: &Path, errors: &mut Errors<'_>) {
    if spec.persistent_volume_reclaim_policy.as_deref() == Some("Recycle") {
        let path = path.field("persistentVolumeReclaimPolicy");
        let finding = errors.warn(&path, "the reclaim policy `Recycle` is deprecated");
        finding.help("write `Retain` or `Delete`, and let a storage class provide volumes");
    }
    let affinity = spec.node_affinity.as_ref().and_then(|affinity| affinity.required.as_ref());
    for (index, term) in affinity.iter().flat_map(|selector| &selector.node_selector_terms).enumerate() {
        let terms = path.fields(&["nodeAffinity", "required", "nodeSelectorTerms"]);
        for (at, requirement) in term.match_expressions.iter().flatten().enumerate() {
            let path = terms.index(index).field("matchExpressions").index(at).field("key");
            node_labels::warn_if_deprecated(&requirement.key, &path, errors);
        }
    }
    let gone = [
        ("cephfs", spec.cephfs.is_some(), 31),
        ("photonPersistentDisk", spec.photon_persistent_disk.is_some(), 16),
        ("scaleIO", spec.scale_io.is_some(), 22),
        ("storageos", spec.storageos.is_some(), 25),
        ("glusterfs", spec.glusterfs.is_some(), 26),
        ("rbd", spec.rbd.is_some(), 31),
    ];
    for (name, _, minor) in gone.into_iter().filter(|(_, used, _)| *used) {
        let path = path.field(name);
        let place = errors.key_place(&path);
        let message = format!("volumes from `{}` have not worked since Kubernetes 1.{minor}", shortened(name));
        errors.warn(&path, message).at(place).help("use `csi` with a driver for this storage");
    }
}
