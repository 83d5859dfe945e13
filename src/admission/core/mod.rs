//! The kinds of the core group (pkg/apis/core, v1.36), and what pods are made of.

pub(super) mod container;
mod data;
pub(super) mod field_refs;
pub(super) mod form;
mod namespace;
pub(super) mod pod;
pub(super) mod profiles;
mod quota;
pub(super) mod resources;
pub(super) mod scheduling;
mod service;
mod service_account;
pub(super) mod storage;
pub(super) mod volume;
