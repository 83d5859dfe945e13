//! What all simulated workloads share: scenarios, the clock, pods with their kubelet and nodes, templates and ReplicaSets.

pub(super) mod cohorts;
pub mod event;
pub(super) mod kubelet;
pub(super) mod nodes;
mod parse;
pub(super) mod replicaset;
pub(super) mod scenario;
pub(super) mod slow_start;
pub mod state;
pub(super) mod template;
pub(super) mod time;
pub(super) mod trace;
pub(super) mod workload;

pub use self::parse::ScenarioError;
