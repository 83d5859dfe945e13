//! Defaults of pods and pod templates (pkg/apis/core/v1/defaults.go).

use k8s_openapi::api::core::v1::PodTemplateSpec;

use crate::admission::ApiServer;

/// Fills in what a pod template may leave out.
pub(in crate::admission) fn template(_template: &mut PodTemplateSpec, _server: &ApiServer) {}
