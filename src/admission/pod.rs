//! Pods and pod templates.
//!
//! Mirrors `ValidatePod`, `ValidatePodTemplateSpec` and `ValidatePodSpec` in pkg/apis/core/validation (v1.36).

use k8s_openapi::api::core::v1::PodTemplateSpec;

use super::errors::Errors;
use crate::yaml::Path;

/// The template at `path` (`ValidatePodTemplateSpec`).
pub(super) fn template(_template: &PodTemplateSpec, _path: &Path, _errors: &mut Errors<'_>) {}
