//! What a change does to a CronJob.

use super::CronJob;
use crate::admission::equal::Amounts;
use crate::plan::document::Effect;
use crate::plan::workload::WorkloadKind;

/// The row of the table. Nothing is rolled out: a change waits for the next run.
pub(in crate::plan::workload) static KIND: WorkloadKind = WorkloadKind {
    api_version: "batch/v1",
    kind: "CronJob",
    start: Some(|scenario, _| Box::new(CronJob::new(scenario))),
    effect: |_, _| Effect::InPlace,
    amounts: Amounts::ByValue,
    is_counted: false,
    is_on_nodes: false,
    cost_of_anew: |_| "its Jobs and their pods are deleted, those that run among them",
    rollout: None,
};
