//! Defaulting: what the API server fills in before it validates (`SetDefaults_*` of pkg/apis/*/v1/defaults.go, v1.36).

pub(super) mod autoscaling;
pub(super) mod batch;
pub(super) mod container;
pub(super) mod definition;
pub(super) mod network;
pub(super) mod pod;
pub(super) mod policy;
pub(super) mod rbac;
pub(super) mod service;
pub(super) mod storage;
pub(super) mod webhook;
pub(super) mod workload;

/// Fills in a text that is missing or empty, which is the same to Go where the field is no pointer.
fn fill(value: &mut Option<String>, default: &str) {
    if value.as_deref().is_none_or(str::is_empty) {
        *value = Some(default.to_owned());
    }
}
