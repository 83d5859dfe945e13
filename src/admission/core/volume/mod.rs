//! Volumes of all sorts.
//!
//! Mirrors `ValidateVolumes` and `validateVolumeSource` in pkg/apis/core/validation (v1.36).

mod elsewhere;
mod files;
mod projected;
mod warnings;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{CSIVolumeSource, EphemeralVolumeSource, ImageVolumeSource, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::form::Form;
use super::storage::{self, source};
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::meta;
use crate::values::names;
use crate::values::quantity::Quantity;
use crate::yaml::Path;

/// The volumes at `path`. Returns those with which nothing is wrong, by name: mounts of others are refused as well.
/// `pod` is the name of the pod, if there is one already.
pub(in crate::admission) fn volumes<'a>(
    volumes: &'a [Volume],
    form: Form,
    pod: Option<&str>,
    path: &Path,
    errors: &mut Errors<'_>,
) -> BTreeMap<&'a str, &'a Volume> {
    let mut valid = BTreeMap::new();
    let mut places = BTreeMap::new();
    let made: BTreeSet<String> = match pod {
        Some(pod) => {
            let ephemeral = volumes.iter().filter(|volume| volume.ephemeral.is_some());
            ephemeral.map(|volume| format!("{pod}-{}", volume.name)).collect()
        }
        None => BTreeSet::new(),
    };
    for (index, volume) in volumes.iter().enumerate() {
        let path_of = |index: usize| path.index(index).field("name");
        let (path, before) = (path.index(index), errors.refused());
        typed(volume, form, pod, &path, errors);
        if volume.name.is_empty() {
            errors.required(&path_of(index), "the volume has no name");
        } else {
            let what = format!("the name `{}` of a volume", shortened(&volume.name));
            errors.each_invalid(&path_of(index), what, names::dns1123_label(&volume.name));
        }
        if let Some(first) = places.get(volume.name.as_str()) {
            let place = errors.place(&path_of(*first));
            let message = format!("the pod has two volumes `{}`", shortened(&volume.name));
            errors.duplicate(&path_of(index), message).related(place, "first here");
        }
        if errors.refused() == before {
            valid.insert(volume.name.as_str(), volume);
            places.insert(volume.name.as_str(), index);
        }
        let claim = volume.persistent_volume_claim.as_ref().map(|source| source.claim_name.as_str());
        if let Some(claim) = claim.filter(|claim| made.contains(*claim)) {
            let message = format!("the claim `{}` is made for an ephemeral volume of the same pod", shortened(claim));
            let finding = errors
                .invalid(&path.fields(&["persistentVolumeClaim", "claimName"]), message)
                .says("must not reference a PVC that gets created for an ephemeral volume");
            finding.help("mount the ephemeral volume a second time");
        }
    }
    warnings::warn(volumes, path, errors);
    valid
}

/// Of all types of volumes, one must be there.
struct Types<'a> {
    path: &'a Path,
    first: Option<&'static str>,
}

impl Types<'_> {
    /// Whether `field` is the first type; further ones are refused, some under a misspelt name.
    fn take(&mut self, field: &'static str, errors: &mut Errors<'_>) -> bool {
        let Some(first) = self.first else {
            self.first = Some(field);
            return true;
        };
        let called = match field {
            "cephfs" => "cephFS",
            "downwardAPI" => "downwarAPI",
            field => field,
        };
        let (here, there) = (self.path.field(field), errors.key_place(&self.path.field(first)));
        let place = errors.key_place(&here);
        let message = format!("a volume has only one type, and this one is both `{first}` and `{field}`");
        let finding = errors
            .forbidden(&here, message)
            .says("may not specify more than 1 volume type")
            .at(place)
            .called(self.path.field(called));
        finding.related(there, "the other type").help("make two volumes of it, or remove one of the types");
        false
    }
}

fn typed(volume: &Volume, form: Form, pod: Option<&str>, path: &Path, errors: &mut Errors<'_>) {
    let mut types = Types { path, first: None };
    macro_rules! check {
        ($source:expr, $field:literal, $check:expr) => {
            if let Some(source) = &$source
                && types.take($field, errors)
            {
                $check(source, &path.field($field), errors);
            }
        };
    }
    if let Some(directory) = &volume.empty_dir {
        types.take("emptyDir", errors);
        let limit = directory.size_limit.as_ref().and_then(|limit| Quantity::decode(&limit.0).ok());
        if limit.is_some_and(|limit| limit.sign().is_lt()) {
            errors
                .forbidden(&path.fields(&["emptyDir", "sizeLimit"]), "the size of a volume cannot be negative")
                .says("SizeLimit field must be a valid resource quantity");
        }
    }
    check!(volume.host_path, "hostPath", source::host_path);
    check!(volume.git_repo, "gitRepo", elsewhere::git_repo);
    check!(volume.gce_persistent_disk, "gcePersistentDisk", source::google_disk);
    check!(volume.aws_elastic_block_store, "awsElasticBlockStore", source::amazon_disk);
    check!(volume.secret, "secret", files::secret);
    check!(volume.nfs, "nfs", source::nfs);
    check!(volume.iscsi, "iscsi", elsewhere::iscsi);
    if let Some(iscsi) = volume.iscsi.as_ref().filter(|iscsi| iscsi.initiator_name.is_some()) {
        // Both together become the name of an interface.
        const LIMIT: usize = 64;
        if volume.name.len() + 1 + iscsi.target_portal.len() > LIMIT {
            let message = "the names of the volume and of its portal are too long together for an initiator name";
            let finding = errors.invalid(&path.field("name"), message);
            finding.help(format!("shorten the name, so that both have at most {} characters", LIMIT - 1));
        }
    }
    check!(volume.glusterfs, "glusterfs", elsewhere::glusterfs);
    check!(volume.flocker, "flocker", source::flocker);
    check!(volume.persistent_volume_claim, "persistentVolumeClaim", elsewhere::claim);
    check!(volume.rbd, "rbd", elsewhere::rbd);
    check!(volume.cinder, "cinder", elsewhere::cinder);
    check!(volume.cephfs, "cephfs", elsewhere::cephfs);
    check!(volume.quobyte, "quobyte", source::quobyte);
    check!(volume.downward_api, "downwardAPI", files::downward_api);
    check!(volume.fc, "fc", source::fibre_channel);
    check!(volume.flex_volume, "flexVolume", elsewhere::flex);
    check!(volume.config_map, "configMap", files::config_map);
    check!(volume.azure_file, "azureFile", elsewhere::azure_file);
    check!(volume.vsphere_volume, "vsphereVolume", elsewhere::vsphere);
    check!(volume.photon_persistent_disk, "photonPersistentDisk", elsewhere::photon);
    check!(volume.portworx_volume, "portworxVolume", elsewhere::portworx);
    check!(volume.azure_disk, "azureDisk", source::azure_disk);
    check!(volume.storageos, "storageos", elsewhere::storage_os);
    check!(volume.projected, "projected", projected::check);
    check!(volume.scale_io, "scaleIO", elsewhere::scale_io);
    check!(volume.csi, "csi", csi);
    if let Some(source) = &volume.ephemeral
        && types.take("ephemeral", errors)
    {
        ephemeral(source, &volume.name, pod, path, errors);
    }
    if let Some(source) = &volume.image
        && types.take("image", errors)
    {
        image(source, form, &path.field("image"), errors);
    }
    if types.first.is_none() {
        errors
            .required(path, "the volume has no type")
            .says("must specify a volume type")
            .help("add for example `emptyDir: {}`");
    }
}

fn csi(source: &CSIVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    source::driver_name(&source.driver, &path.field("driver"), errors);
    if let Some(secret) = &source.node_publish_secret_ref {
        let at = path.fields(&["nodePublishSecretRef", "name"]);
        if secret.name.is_empty() {
            errors.required(&at, "the reference to a Secret names none");
        } else {
            for problem in names::dns1123_subdomain(&secret.name) {
                let message = format!("the name `{}` of a Secret {problem}", shortened(&secret.name));
                errors.invalid(&at, message).problem(problem).called(path.field("name"));
            }
        }
    }
}

fn ephemeral(source: &EphemeralVolumeSource, name: &str, pod: Option<&str>, path: &Path, errors: &mut Errors<'_>) {
    let at = path.fields(&["ephemeral", "volumeClaimTemplate"]);
    match &source.volume_claim_template {
        None => {
            errors.required(&at, "the ephemeral volume has no template for its claim");
        }
        Some(template) => {
            if let Some(metadata) = &template.metadata {
                template_metadata(metadata, &at.field("metadata"), errors);
            }
            storage::claim_spec(&template.spec, &at.field("spec"), errors);
        }
    }
    if let Some(pod) = pod.filter(|_| !name.is_empty()) {
        let claim = format!("{pod}-{name}");
        let what = format!("the name `{}` of the volume's claim", shortened(&claim));
        errors.each_invalid(&path.field("name"), what, names::dns1123_subdomain(&claim));
    }
}

/// A template for claims has nothing but labels and annotations (`ValidateTemplateObjectMeta`).
fn template_metadata(metadata: &ObjectMeta, path: &Path, errors: &mut Errors<'_>) {
    let (labels, annotations) = (path.field("labels"), path.field("annotations"));
    meta::annotations(metadata.annotations.as_ref(), &annotations, &annotations, errors);
    meta::labels(metadata.labels.as_ref(), &labels, &labels, errors);
    let text = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
    let fields = [
        ("name", "name", text(&metadata.name)),
        ("generateName", "generateName", text(&metadata.generate_name)),
        ("namespace", "namespace", text(&metadata.namespace)),
        ("selfLink", "selfLink", text(&metadata.self_link)),
        ("uid", "uID", text(&metadata.uid)),
        ("resourceVersion", "resourceVersion", text(&metadata.resource_version)),
        ("generation", "generation", metadata.generation.is_some_and(|generation| generation != 0)),
        ("creationTimestamp", "creationTimestamp", metadata.creation_timestamp.is_some()),
        ("deletionTimestamp", "deletionTimestamp", metadata.deletion_timestamp.is_some()),
        ("deletionGracePeriodSeconds", "deletionGracePeriodSeconds", metadata.deletion_grace_period_seconds.is_some()),
        ("ownerReferences", "ownerReferences", metadata.owner_references.is_some()),
        ("finalizers", "finalizers", metadata.finalizers.is_some()),
        ("managedFields", "managedFields", metadata.managed_fields.is_some()),
    ];
    for (field, called, _) in fields.into_iter().filter(|(_, _, set)| *set) {
        let at = path.field(field);
        let place = errors.key_place(&at);
        let message = format!("a template for claims has only labels and annotations, no `{field}`");
        errors.forbidden(&at, message).at(place).called(path.field(called)).help("remove it");
    }
}

/// An image that is mounted. A template may leave the reference to whoever makes pods of it.
fn image(source: &ImageVolumeSource, form: Form, path: &Path, errors: &mut Errors<'_>) {
    const POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
    if form == Form::Pod && source.reference.as_deref().is_none_or(str::is_empty) {
        errors.required(&path.field("reference"), "the volume does not say which image it is");
    }
    let policy = source.pull_policy.as_deref().unwrap_or_default();
    if policy.is_empty() {
        errors.required(&path.field("pullPolicy"), "the volume does not say when its image is pulled");
    } else if !POLICIES.contains(&policy) {
        errors.unsupported(&path.field("pullPolicy"), "the pull policy", policy, POLICIES);
    }
}
