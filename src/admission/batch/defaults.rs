//! Defaults of Jobs and `CronJobs` (pkg/apis/batch/v1/defaults.go).

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};

use crate::admission::ApiServer;
use crate::admission::core::pod::defaults::template;
use crate::admission::shared::absent::fill;

pub(super) fn job(job: &mut Job, server: &ApiServer) {
    let spec = job.spec.get_or_insert_default();
    parts(spec, server);
    // Only where neither number is given there is one completion; with a parallelism alone, pods decide when the Job is
    // done.
    if spec.completions.is_none() && spec.parallelism.is_none() {
        spec.completions = Some(1);
    }
    spec.parallelism.get_or_insert(1);
    let per_index = spec.backoff_limit_per_index.is_some();
    spec.backoff_limit.get_or_insert(if per_index { i32::MAX } else { 6 });
    spec.completion_mode.get_or_insert_with(|| "NonIndexed".to_owned());
    spec.suspend.get_or_insert(false);
    let replaced = if spec.pod_failure_policy.is_some() { "Failed" } else { "TerminatingOrFailed" };
    spec.pod_replacement_policy.get_or_insert_with(|| replaced.to_owned());
    spec.manual_selector.get_or_insert(false);
    let labels = spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    if let Some(labels) = labels
        && job.metadata.labels.as_ref().is_none_or(BTreeMap::is_empty)
    {
        job.metadata.labels = Some(labels.clone());
    }
}

/// The Jobs that it makes get the rest of their defaults when they are made.
pub(super) fn cron_job(cron_job: &mut CronJob, server: &ApiServer) {
    let spec = &mut cron_job.spec;
    parts(spec.job_template.spec.get_or_insert_default(), server);
    fill(&mut spec.concurrency_policy, "Allow");
    spec.suspend.get_or_insert(false);
    spec.successful_jobs_history_limit.get_or_insert(3);
    spec.failed_jobs_history_limit.get_or_insert(1);
}

/// Defaults of what a spec is made of, which hold in the template of a CronJob as well.
fn parts(spec: &mut JobSpec, server: &ApiServer) {
    template(&mut spec.template, server);
    let rules = spec.pod_failure_policy.iter_mut().flat_map(|policy| &mut policy.rules);
    for pattern in rules.flat_map(|rule| rule.on_pod_conditions.iter_mut().flatten()) {
        fill(&mut pattern.status, "True");
    }
}
