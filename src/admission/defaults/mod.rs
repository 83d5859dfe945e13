//! Defaulting: what the API server fills in before it validates (`SetDefaults_*` of pkg/apis/*/v1/defaults.go, v1.36).

pub(super) mod autoscaling;
pub(super) mod batch;
