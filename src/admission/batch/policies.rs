//! The policies of a Job that say which failures count, when pods are replaced, and when it has succeeded.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule, SuccessPolicy, SuccessPolicyRule,
};

use crate::admission::errors::{Errors, shortened};
use crate::finding::Finding;
use crate::finding::quoted;
use crate::values::names::{self, Problem};
use crate::yaml::Path;

pub(super) const ADD_LIMIT_PER_INDEX: &str = "add `backoffLimitPerIndex`, how many times a failed index is tried again";

const FAILURE: &str = "invalid-pod-failure-policy";
const SUCCESS: &str = "invalid-success-policy";

/// As `validatePodFailurePolicy`.
pub(super) fn pod_failure(policy: &PodFailurePolicy, spec: &JobSpec, path: &Path, errors: &mut Errors<'_>) {
    let rules = path.field("rules");
    too_many(policy.rules.len(), 20, &rules, FAILURE, errors);
    let pod = spec.template.spec.as_ref();
    let containers: Vec<&str> = pod
        .into_iter()
        .flat_map(|pod| pod.init_containers.iter().flatten().chain(&pod.containers))
        .map(|container| container.name.as_str())
        .collect();
    for (index, rule) in policy.rules.iter().enumerate() {
        failure_rule(rule, spec, &containers, &rules.index(index), errors);
    }
}

const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];

fn failure_rule(
    rule: &PodFailurePolicyRule,
    spec: &JobSpec,
    containers: &[&str],
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let action = path.field("action");
    match rule.action.as_str() {
        "" => required_one_of(&action, "the rule has no action", &ACTIONS, errors),
        "FailIndex" if spec.backoff_limit_per_index.is_none() => {
            let finding = errors
                .invalid(&action, "the action `FailIndex` needs `backoffLimitPerIndex`")
                .says("requires the backoffLimitPerIndex to be set");
            finding.rule("backoff-limit-per-index-missing").help(ADD_LIMIT_PER_INDEX);
        }
        known if ACTIONS.contains(&known) => {}
        other => {
            errors.unsupported(&action, "the action of a rule", other, ACTIONS);
        }
    }
    if let Some(codes) = &rule.on_exit_codes {
        exit_codes(codes, containers, &path.field("onExitCodes"), errors);
    }
    let conditions = rule.on_pod_conditions.as_deref().unwrap_or_default();
    if !conditions.is_empty() {
        pod_conditions(conditions, &path.field("onPodConditions"), errors);
    }
    match (rule.on_exit_codes.is_some(), !conditions.is_empty()) {
        (true, true) => {
            let message = "the rule has both `onExitCodes` and `onPodConditions`";
            errors
                .invalid(path, message)
                .without_value()
                .says("specifying both OnExitCodes and OnPodConditions is not supported")
                .rule(FAILURE)
                .help("make two rules of it");
        }
        (false, false) => {
            let message = "the rule says nothing about which pods it is for";
            errors
                .invalid(path, message)
                .without_value()
                .says("specifying one of OnExitCodes and OnPodConditions is required")
                .rule(FAILURE)
                .help("add `onExitCodes` or `onPodConditions`");
        }
        _ => {}
    }
}

fn pod_conditions(patterns: &[PodFailurePolicyOnPodConditionsPattern], path: &Path, errors: &mut Errors<'_>) {
    const STATUSES: [&str; 3] = ["False", "True", "Unknown"];
    too_many(patterns.len(), 20, path, FAILURE, errors);
    for (index, pattern) in patterns.iter().enumerate() {
        let path = path.index(index);
        for problem in names::qualified_name(&pattern.type_) {
            let message = if pattern.type_.is_empty() {
                "the pattern has no type of condition".to_owned()
            } else {
                format!("`{}` is no type of a condition: it {problem}", shortened(&pattern.type_))
            };
            let finding = errors.invalid(&path.field("type"), message).problem(problem).rule(FAILURE);
            finding.help("use the type of a pod's condition, such as `DisruptionTarget`");
        }
        let status = pattern.status.as_deref().unwrap_or_default();
        if status.is_empty() {
            required_one_of(&path.field("status"), "the pattern has no status", &STATUSES, errors);
        } else if !STATUSES.contains(&status) {
            errors.unsupported(&path.field("status"), "the status of a condition", status, STATUSES);
        }
    }
}

fn exit_codes(
    codes: &PodFailurePolicyOnExitCodesRequirement,
    containers: &[&str],
    path: &Path,
    errors: &mut Errors<'_>,
) {
    match codes.operator.as_str() {
        "" => required_one_of(&path.field("operator"), "the requirement has no operator", &["In", "NotIn"], errors),
        "In" | "NotIn" => {}
        other => {
            let what = "the operator of a requirement for exit codes";
            errors.unsupported(&path.field("operator"), what, other, ["In", "NotIn"]);
        }
    }
    if let Some(name) = codes.container_name.as_deref().filter(|name| !containers.contains(name)) {
        let message = format!("the pods have no container `{}`", shortened(name));
        let finding = errors
            .invalid(&path.field("containerName"), message)
            .says("must be one of the container or initContainer names in the pod template")
            .rule(FAILURE);
        finding.help(match containers {
            [] => "name a container of the pod template".to_owned(),
            names => format!("name one of `{}`", names.join("`, `")),
        });
    }
    let (path, values) = (path.field("values"), &codes.values);
    if values.is_empty() {
        let finding = errors
            .invalid(&path, "the requirement has no exit codes")
            .says("at least one value is required")
            .rule(FAILURE);
        finding.help("list at least one");
    }
    too_many(values.len(), 255, &path, FAILURE, errors);
    let mut seen = BTreeSet::new();
    for (index, value) in values.iter().enumerate() {
        if *value == 0 && codes.operator == "In" {
            let finding = errors
                .invalid(&path.index(index), "exit code 0 is no failure")
                .says("must not be 0 for the In operator")
                .rule(FAILURE);
            finding.help("delete it: a container that ends with 0 has succeeded");
        }
        if !seen.insert(value) {
            let finding = errors.duplicate(&path.index(index), format!("exit code {value} stands here twice"));
            finding.rule(FAILURE).help("delete one of them");
        }
    }
    if !values.is_sorted() {
        errors
            .invalid(&path, "the exit codes must be in ascending order")
            .says("must be ordered")
            .rule(FAILURE)
            .help("sort them");
    }
}

/// As `validatePodReplacementPolicy`.
pub(super) fn pod_replacement(spec: &JobSpec, path: &Path, errors: &mut Errors<'_>) {
    let Some(policy) = spec.pod_replacement_policy.as_deref() else { return };
    let field = path.field("podReplacementPolicy");
    let what = "the `podReplacementPolicy` of a Job";
    match policy {
        "Failed" => {}
        "TerminatingOrFailed" if spec.pod_failure_policy.is_none() => {}
        "TerminatingOrFailed" => {
            let place = errors.place(&path.field("podFailurePolicy"));
            let what = "the `podReplacementPolicy` of a Job with a `podFailurePolicy`";
            let finding = errors.unsupported(&field, what, policy, ["Failed"]).rule(FAILURE);
            "a `podFailurePolicy` needs the replacement policy `Failed`".clone_into(&mut finding.message);
            finding.related(place, "only a pod that has failed can be judged by this");
            finding.help("set `podReplacementPolicy: Failed`, or delete it");
        }
        other if spec.pod_failure_policy.is_some() => {
            errors.unsupported(&field, what, other, ["Failed"]);
        }
        other => {
            errors.unsupported(&field, what, other, ["Failed", "TerminatingOrFailed"]);
        }
    }
}

/// As `validateSuccessPolicy`.
pub(super) fn success(policy: &SuccessPolicy, spec: &JobSpec, path: &Path, errors: &mut Errors<'_>) {
    let rules = path.field("rules");
    if policy.rules.is_empty() {
        let finding = errors
            .required(&rules, "the policy has no rules")
            .says("at least one rules must be specified when the successPolicy is specified")
            .rule(SUCCESS);
        finding.help("add a rule with `succeededIndexes` or `succeededCount`");
    }
    too_many(policy.rules.len(), 20, &rules, SUCCESS, errors);
    for (index, rule) in policy.rules.iter().enumerate() {
        let path = rules.index(index);
        if rule.succeeded_count.is_none() && rule.succeeded_indexes.is_none() {
            let message = "the rule says nothing about which indexes must succeed";
            let finding = errors
                .required(&path, message)
                .says("at least one of succeededCount or succeededIndexes must be specified")
                .rule(SUCCESS);
            finding.help("add `succeededIndexes` or `succeededCount`");
        } else if let Some(completions) = spec.completions {
            success_rule(rule, completions, &path, errors);
        }
    }
}

fn success_rule(rule: &SuccessPolicyRule, completions: i32, path: &Path, errors: &mut Errors<'_>) {
    let mut named = None;
    if let Some(text) = &rule.succeeded_indexes {
        let path = path.field("succeededIndexes");
        if text.len() > 64 * 1024 {
            errors
                .too_long(&path, "the list of indexes must be at most 65536 characters")
                .says("may not be more than 65536 bytes")
                .rule(SUCCESS);
        }
        let indexes = count_indexes(text, completions);
        if let Err(problem) = &indexes {
            let message = format!("the list of indexes cannot be read: {problem}");
            let finding = errors
                .invalid(&path, message)
                .says(format!("error parsing succeededIndexes: {}", problem.says))
                .rule(SUCCESS);
            finding.help("write numbers and ranges in ascending order, such as `0,2-4`");
        }
        named = Some(indexes.unwrap_or(0));
    }
    let Some(count) = rule.succeeded_count else { return };
    let path = path.field("succeededCount");
    let mut report = |message: String, help: &str, says: String| -> () {
        errors.invalid(&path, message).rule(SUCCESS).help(help).says(says);
    };
    if count < 0 {
        report(
            format!("`succeededCount` cannot be negative, as {count} is"),
            "write a number from 1 up",
            "must be greater than or equal to 0".to_owned(),
        );
    }
    if count > completions {
        let help = format!("set `succeededCount` to {completions} or less");
        let says = format!("must be less than or equal to {completions} (the number of specified completions)");
        report(format!("{count} indexes cannot succeed, as the Job has only {completions}"), &help, says);
    } else if let Some(named) = named.filter(|named| count > *named) {
        let message = format!("{count} indexes cannot succeed where `succeededIndexes` names {named}");
        let says = format!(
            "must be less than or equal to {named} (the number of indexes in the specified succeededIndexes field)"
        );
        report(message, "lower `succeededCount`, or name more indexes", says);
    }
}

/// How many indexes a list such as `0,2-4` names: four. Mirrors `validateIndexesFormat` and `parseIndexInterval`.
fn count_indexes(text: &str, completions: i32) -> Result<i32, Problem> {
    let index = |part: &str| -> Result<i32, Problem> {
        let (shown, quoted) = (shortened(part), quoted(part));
        let no_index = |_| {
            Problem::new(
                format!("`{shown}` is no index"),
                format!("cannot convert string to integer for index: {quoted}"),
            )
        };
        let number: i64 = part.parse().map_err(no_index)?;
        i32::try_from(number).ok().filter(|number| *number < completions).ok_or_else(|| {
            Problem::new(format!("`{shown}` is above the last index"), format!("too large index: {quoted}"))
        })
    };
    if text.is_empty() {
        return Ok(0);
    }
    let (mut last, mut total): (Option<i32>, i32) = (None, 0);
    for interval in text.split(',') {
        let shown = shortened(interval);
        let (first, end) = match interval.split('-').collect::<Vec<_>>()[..] {
            [first] => (index(first)?, index(first)?),
            [first, end] => (index(first)?, index(end)?),
            _ => {
                let says = format!(
                    "the fragment {} violates the requirement that an index interval can have at most two parts separated by '-'",
                    quoted(interval)
                );
                return Err(Problem::new(format!("`{shown}` has more than one `-`"), says));
            }
        };
        let is_range = interval.contains('-');
        let says = match last {
            Some(last) if last >= first => format!("non-increasing order, previous: {last}, current: {first}"),
            _ if is_range && first >= end => format!("non-increasing order, previous: {first}, current: {end}"),
            _ => String::new(),
        };
        if !says.is_empty() {
            return Err(Problem::new(format!("`{shown}` is not in ascending order"), says));
        }
        total = total.saturating_add(end - first + 1);
        last = Some(end);
    }
    Ok(total)
}

fn too_many(count: usize, limit: usize, path: &Path, rule: &'static str, errors: &mut Errors<'_>) {
    if count > limit {
        let message = format!("the list has {count} elements, more than the {limit} that are allowed");
        errors
            .too_many(path, message)
            .of(count)
            .says(format!("must have at most {limit} items"))
            .rule(rule)
            .help("join some of them");
    }
}

fn required_one_of(path: &Path, message: &str, values: &[&str], errors: &mut Errors<'_>) {
    let finding: &mut Finding = errors.required(path, message);
    let says: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    finding.says(format!("valid values: [{}]", says.join(" ")));
    finding.help(format!("write one of `{}`", values.join("`, `")));
}

#[cfg(test)]
mod tests {
    use super::count_indexes;

    #[test]
    fn indexes_are_counted_as_in_kubernetes() {
        assert_eq!(count_indexes("0,2-4", 5), Ok(4));
        assert_eq!(count_indexes("", 5), Ok(0));
        for wrong in ["0,5", "3-1", "1-1", "1,1", "2,0-1", "1-2-3", "-1", "0,", "a", " 1"] {
            assert!(count_indexes(wrong, 5).is_err(), "{wrong}");
        }
    }
}
