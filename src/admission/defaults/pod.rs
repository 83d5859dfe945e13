//! Defaults of pods and pod templates (pkg/apis/core/v1/defaults.go).

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};

use super::container;
use crate::admission::ApiServer;

/// Fills in what a pod template may leave out.
pub(in crate::admission) fn template(template: &mut PodTemplateSpec, server: &ApiServer) {
    spec(template.spec.get_or_insert_default(), server);
}

/// Fills in what a pod may leave out (`SetDefaults_PodSpec`).
pub(in crate::admission) fn spec(spec: &mut PodSpec, server: &ApiServer) {
    container::containers(spec, server);
}
