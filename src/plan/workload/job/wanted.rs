//! What a Job asks for, and its policies.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{JobSpec, PodFailurePolicyRule, SuccessPolicyRule};

use super::{Phase, Pod, indexes};
use crate::plan::sim::time::Time;

/// The spec, read.
#[expect(clippy::struct_excessive_bools, reason = "so many fields of a spec are switches")]
#[derive(Clone, Debug, Default)]
pub(in crate::plan::workload) struct Wanted {
    /// The namespace and the name of the Job.
    pub(super) name: String,
    /// Without them, one success ends the Job (a work queue).
    pub(super) completions: Option<i32>,
    pub(super) parallelism: usize,
    pub(super) indexed: bool,
    pub(super) backoff_limit: usize,
    pub(super) backoff_limit_per_index: Option<u32>,
    pub(super) max_failed_indexes: Option<usize>,
    pub(super) suspended: bool,
    pub(super) active_deadline: Option<Time>,
    pub(super) ttl: Option<Time>,
    /// Whether a pod is replaced only when it has ended, not already when it is terminating.
    pub(super) replaces_only_failed: bool,
    /// Whether containers start anew in their pod (`restartPolicy: OnFailure`).
    pub(super) restarts: bool,
    /// Whether pods leave as soon as they are deleted, because `terminationGracePeriodSeconds` is 0.
    pub(super) leaves_at_once: bool,
    /// Whether another controller looks after the Job.
    pub(super) managed_elsewhere: bool,
    failure_rules: Option<Vec<PodFailurePolicyRule>>,
    success_rules: Vec<SuccessPolicyRule>,
    containers: Vec<String>,
}

/// What a rule of the podFailurePolicy does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    FailJob(String),
    FailIndex,
    Ignore,
    Count,
}

impl Wanted {
    pub(in crate::plan::workload) fn new(namespace: Option<&str>, name: &str, spec: &JobSpec) -> Self {
        let number = |value: Option<i32>| usize::try_from(value.unwrap_or(0)).unwrap_or(0);
        let per_index = spec.backoff_limit_per_index;
        let backoff_limit = spec.backoff_limit.unwrap_or(if per_index.is_some() { i32::MAX } else { 6 });
        // Only where neither number is given there is one completion (`SetDefaults_Job`).
        let single = spec.completions.is_none() && spec.parallelism.is_none();
        let pod = spec.template.spec.as_ref();
        let managed_by = spec.managed_by.as_deref();
        let policy = spec.pod_failure_policy.as_ref();
        Self {
            name: format!("{}/{name}", namespace.unwrap_or("default")),
            completions: if single { Some(1) } else { spec.completions },
            parallelism: number(Some(spec.parallelism.unwrap_or(1))),
            indexed: spec.completion_mode.as_deref() == Some("Indexed"),
            backoff_limit: number(Some(backoff_limit)),
            backoff_limit_per_index: per_index.map(|limit| u32::try_from(limit).unwrap_or(0)),
            max_failed_indexes: spec.max_failed_indexes.map(|limit| number(Some(limit))),
            suspended: spec.suspend == Some(true),
            active_deadline: spec.active_deadline_seconds.map(Time::seconds),
            ttl: spec.ttl_seconds_after_finished.map(Time::seconds),
            replaces_only_failed: policy.is_some() || spec.pod_replacement_policy.as_deref() == Some("Failed"),
            restarts: pod.and_then(|pod| pod.restart_policy.as_deref()) == Some("OnFailure"),
            leaves_at_once: pod.and_then(|pod| pod.termination_grace_period_seconds) == Some(0),
            managed_elsewhere: managed_by.is_some_and(|name| name != "kubernetes.io/job-controller"),
            failure_rules: policy.map(|policy| policy.rules.clone()),
            success_rules: spec.success_policy.iter().flat_map(|policy| policy.rules.clone()).collect(),
            containers: pod.iter().flat_map(|pod| &pod.containers).map(|container| container.name.clone()).collect(),
        }
    }

    /// Whether the pod counts for this Job: an Indexed one may have shrunk since it made the pod.
    pub(super) fn is_valid(&self, pod: &Pod) -> bool {
        !self.indexed || pod.index.is_some_and(|index| index < self.completions.unwrap_or(0))
    }

    /// Whether the pod has failed, or is leaving and counts as failed for that (`isPodFailed`).
    pub(super) fn is_failed(&self, pod: &Pod) -> bool {
        pod.phase == Phase::Failed || !self.replaces_only_failed && pod.is_deleted() && pod.phase != Phase::Succeeded
    }

    /// The first rule of the podFailurePolicy that fits the pod (`matchPodFailurePolicy`). Left out: rules on conditions,
    /// because no pod here has any that say why it failed.
    pub(super) fn action(&self, pod: &Pod, exit_code: i32) -> Option<Action> {
        if pod.phase != Phase::Failed || exit_code == 0 {
            return None;
        }
        let fits = |rule: &PodFailurePolicyRule| {
            let codes = rule.on_exit_codes.as_ref()?;
            let listed = codes.values.contains(&exit_code);
            let fits = match codes.operator.as_str() {
                "In" => listed,
                "NotIn" => !listed,
                _ => false,
            };
            let asked = |name: &&String| codes.container_name.as_ref().is_none_or(|wanted| wanted == *name);
            self.containers.iter().find(asked).filter(|_| fits)
        };
        let mut rules = self.failure_rules.iter().flatten().enumerate();
        let (at, rule, container) = rules.find_map(|(at, rule)| Some((at, rule, fits(rule)?)))?;
        Some(match rule.action.as_str() {
            "FailJob" => Action::FailJob(format!(
                "Container {container} for pod {} failed with exit code {exit_code} matching FailJob rule at index {at}",
                self.name
            )),
            "FailIndex" => Action::FailIndex,
            "Ignore" => Action::Ignore,
            _ => Action::Count,
        })
    }

    /// Whether the successPolicy is met (`matchSuccessPolicy`).
    pub(super) fn is_success(&self, done: &BTreeSet<i32>) -> bool {
        !done.is_empty() && self.success_rules.iter().any(|rule| self.is_met(rule, done))
    }

    fn is_met(&self, rule: &SuccessPolicyRule, done: &BTreeSet<i32>) -> bool {
        let wanted = rule.succeeded_count.map(|count| usize::try_from(count).unwrap_or(0));
        let Some(text) = &rule.succeeded_indexes else { return wanted.is_some_and(|wanted| done.len() >= wanted) };
        let intervals = indexes::parse(text, self.completions.unwrap_or(0));
        let all: i64 = intervals.iter().map(|(first, last)| i64::from(*last) - i64::from(*first) + 1).sum();
        let contained: usize = intervals.iter().map(|(first, last)| done.range(first..=last).count()).sum();
        all > 0 && (i64::try_from(contained) == Ok(all) || wanted.is_some_and(|wanted| contained >= wanted))
    }
}
