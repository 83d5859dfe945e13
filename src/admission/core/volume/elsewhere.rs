//! Volumes whose data lies elsewhere, as far as those of pods differ from persistent volumes.
//!
//! Mirrors `validateGitRepoVolumeSource`, `validateISCSIVolumeSource` and their like in pkg/apis/core/validation (v1.36).

use k8s_openapi::api::core::v1::{
    AzureFileVolumeSource, CephFSVolumeSource, CinderVolumeSource, FlexVolumeSource, GitRepoVolumeSource,
    GlusterfsVolumeSource, ISCSIVolumeSource, PersistentVolumeClaimVolumeSource, PhotonPersistentDiskVolumeSource,
    PortworxVolumeSource, RBDVolumeSource, ScaleIOVolumeSource, StorageOSVolumeSource, VsphereVirtualDiskVolumeSource,
};

use crate::admission::core::storage::source::{self, Target, iscsi_target, needed, some};
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::paths::path_inside;
use crate::values::names;
use crate::yaml::Path;

pub(super) fn claim(source: &PersistentVolumeClaimVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.claim_name, path, "claimName", errors);
}

pub(super) fn git_repo(source: &GitRepoVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.repository, path, "repository", errors);
    let at = path.field("directory");
    path_inside(source.directory.as_deref().unwrap_or_default(), &at, &at, errors);
}

pub(super) fn iscsi(source: &ISCSIVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    let has_chap = source.chap_auth_discovery == Some(true) || source.chap_auth_session == Some(true);
    let target = Target {
        portal: &source.target_portal,
        name: &source.iqn,
        lun: source.lun,
        initiator: source.initiator_name.as_deref(),
        needs_secret: has_chap && source.secret_ref.is_none(),
    };
    iscsi_target(&target, path, errors);
}

pub(super) fn glusterfs(source: &GlusterfsVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.endpoints, path, "endpoints", errors);
    needed(&source.path, path, "path", errors);
}

pub(super) fn rbd(source: &RBDVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    some(&source.monitors, path, "monitors", errors);
    needed(&source.image, path, "image", errors);
}

pub(super) fn cephfs(source: &CephFSVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    some(&source.monitors, path, "monitors", errors);
}

pub(super) fn cinder(source: &CinderVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.volume_id, path, "volumeID", errors);
    if let Some(secret) = &source.secret_ref {
        needed(&secret.name, &path.field("secretRef"), "name", errors);
    }
}

pub(super) fn flex(source: &FlexVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    source::flex(&source.driver, source.options.as_ref(), path, errors);
}

pub(super) fn azure_file(source: &AzureFileVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.secret_name, path, "secretName", errors);
    needed(&source.share_name, path, "shareName", errors);
}

pub(super) fn vsphere(source: &VsphereVirtualDiskVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.volume_path, path, "volumePath", errors);
}

pub(super) fn photon(source: &PhotonPersistentDiskVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.pd_id, path, "pdID", errors);
}

pub(super) fn portworx(source: &PortworxVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.volume_id, path, "volumeID", errors);
}

pub(super) fn storage_os(source: &StorageOSVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    let name = source.volume_name.as_deref().unwrap_or_default();
    needed(name, path, "volumeName", errors);
    let namespace = source.volume_namespace.as_deref().unwrap_or_default();
    for (field, name) in [("volumeName", name), ("volumeNamespace", namespace)] {
        if !name.is_empty() {
            let what = format!("the `{field}` `{}`", shortened(name));
            errors.each_invalid(&path.field(field), what, names::dns1123_label(name));
        }
    }
    if let Some(secret) = &source.secret_ref {
        needed(&secret.name, &path.field("secretRef"), "name", errors);
    }
}

pub(super) fn scale_io(source: &ScaleIOVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.gateway, path, "gateway", errors);
    needed(&source.system, path, "system", errors);
    needed(source.volume_name.as_deref().unwrap_or_default(), path, "volumeName", errors);
}
