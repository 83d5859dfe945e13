//! The kinds of admissionregistration.k8s.io (pkg/apis/admissionregistration, v1.36): webhooks and policies.

pub(super) mod expressions;
mod matching;
mod mutating_policy;
mod policy;
mod policy_defaults;
pub(super) mod webhook;
mod webhook_defaults;
