//! Defaults of volumes and claims (pkg/apis/core/v1/defaults.go).

use k8s_openapi::api::core::v1::{PersistentVolumeClaimSpec, PersistentVolumeSpec};

use crate::admission::shared::absent::fill;

/// Fills in what a volume may leave out.
pub(super) fn volume(spec: &mut PersistentVolumeSpec) {
    fill(&mut spec.persistent_volume_reclaim_policy, "Retain");
    spec.volume_mode.get_or_insert_with(|| "Filesystem".to_owned());
    if let Some(source) = &mut spec.host_path {
        source.type_.get_or_insert_default();
    }
    if let Some(source) = &mut spec.rbd {
        fill(&mut source.pool, "rbd");
        fill(&mut source.user, "admin");
        fill(&mut source.keyring, "/etc/ceph/keyring");
    }
    if let Some(source) = &mut spec.iscsi {
        fill(&mut source.iscsi_interface, "default");
    }
    if let Some(source) = &mut spec.azure_disk {
        source.caching_mode.get_or_insert_with(|| "ReadWrite".to_owned());
        source.fs_type.get_or_insert_with(|| "ext4".to_owned());
        source.read_only.get_or_insert(false);
        source.kind.get_or_insert_with(|| "Shared".to_owned());
    }
    if let Some(source) = &mut spec.scale_io {
        fill(&mut source.storage_mode, "ThinProvisioned");
        fill(&mut source.fs_type, "xfs");
    }
}

/// Fills in what a claim, or a template of claims, may leave out.
pub(in crate::admission) fn claim(spec: &mut PersistentVolumeClaimSpec) {
    spec.volume_mode.get_or_insert_with(|| "Filesystem".to_owned());
}
