//! The kinds of the core group (pkg/apis/core, v1.36), and what pods are made of.

mod data;
mod namespace;
mod quota;
pub(super) mod resources;
mod service_account;
