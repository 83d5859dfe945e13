//! Defaults of containers (pkg/apis/core/v1/defaults.go).

use k8s_openapi::api::core::v1::PodSpec;

use crate::admission::ApiServer;

/// Fills in what the containers of a pod may leave out.
pub(in crate::admission) fn containers(_spec: &mut PodSpec, _server: &ApiServer) {}
