//! Defaults of the classes of storage and of CSI drivers (pkg/apis/storage/v1/defaults.go).

use k8s_openapi::api::storage::v1::{CSIDriverSpec, StorageClass};

use crate::admission::ApiServer;
use crate::admission::gates::Gate;

/// Fills in what a storage class may leave out.
pub(super) fn class(class: &mut StorageClass) {
    class.reclaim_policy.get_or_insert_with(|| "Delete".to_owned());
    class.volume_binding_mode.get_or_insert_with(|| "Immediate".to_owned());
}

/// Fills in what a CSI driver may leave out.
pub(super) fn driver(spec: &mut CSIDriverSpec, server: &ApiServer) {
    spec.attach_required.get_or_insert(true);
    spec.pod_info_on_mount.get_or_insert(false);
    spec.storage_capacity.get_or_insert(false);
    spec.fs_group_policy.get_or_insert_with(|| "ReadWriteOnceWithFSType".to_owned());
    if spec.volume_lifecycle_modes.as_ref().is_none_or(Vec::is_empty) {
        spec.volume_lifecycle_modes = Some(vec!["Persistent".to_owned()]);
    }
    spec.requires_republish.get_or_insert(false);
    spec.se_linux_mount.get_or_insert(false);
    if server.enabled(Gate::VolumeLimitScaling) {
        spec.prevent_pod_scheduling_if_missing.get_or_insert(false);
    }
}
