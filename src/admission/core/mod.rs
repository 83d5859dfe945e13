//! The kinds of the core group (pkg/apis/core, v1.36), and what pods are made of.

mod data;
mod namespace;
mod quota;
pub(super) mod resources;
pub(super) mod scheduling;
mod service_account;
pub(super) mod storage;
