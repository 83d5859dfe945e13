//! Persistent volumes, claims and storage classes.
//!
//! Mirrors `ValidatePersistentVolume`, `ValidatePersistentVolumeClaim` in pkg/apis/core/validation and
//! `ValidateStorageClass` in pkg/apis/storage/validation (v1.36).

use k8s_openapi::api::core::v1::PersistentVolumeClaimSpec;

use super::errors::Errors;
use crate::yaml::Path;

/// The spec of a claim, or of a template for claims, at `path` (`ValidatePersistentVolumeClaimSpec`).
pub(super) fn claim_spec(_spec: &PersistentVolumeClaimSpec, _path: &Path, _errors: &mut Errors<'_>) {}
