//! What a change does to a Job.

use super::Job;
use crate::admission::equal::Amounts;
use crate::plan::document::Effect;
use crate::plan::workload::WorkloadKind;

/// The row of the table. How long its pods run is not known, so no rollout is told.
pub(in crate::plan::workload) static KIND: WorkloadKind = WorkloadKind {
    api_version: "batch/v1",
    kind: "Job",
    start: Some(|scenario, _| Box::new(Job::new(scenario, scenario.realtime))),
    effect: |_, field| match field {
        "spec.parallelism" | "spec.completions" | "spec.suspend" => Effect::Scale,
        _ => Effect::InPlace,
    },
    amounts: Amounts::ByValue,
    is_counted: false,
    is_on_nodes: false,
    cost_of_anew: |_| "its pods are deleted, those that run among them, and it runs again from its beginning",
    rollout: None,
};
