//! Where pods may run: node selectors, affinity, tolerations, topology spread.
//!
//! Mirrors `ValidateNodeSelector`, `validateAffinity`, `ValidateTolerations` and their like in pkg/apis/core/validation
//! (v1.36).

use k8s_openapi::api::core::v1::{NodeSelector, Toleration};

use super::errors::Errors;
use crate::yaml::Path;

/// The node selector at `path` (`ValidateNodeSelector`).
pub(super) fn node_selector(_selector: &NodeSelector, _path: &Path, _errors: &mut Errors<'_>) {}

/// The tolerations at `path` (`ValidateTolerations`).
pub(super) fn tolerations(_tolerations: &[Toleration], _path: &Path, _errors: &mut Errors<'_>) {}
