//! The policies of a Job that say which failures count and when it has succeeded.
//!
//! Mirrors `validatePodFailurePolicy`, `validatePodReplacementPolicy` and `validateSuccessPolicy` in
//! pkg/apis/batch/validation/validation.go (v1.36). Missing fields and unknown values are found against the schema.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule, SuccessPolicyRule,
};

use super::Context;
use super::job::{completions, is_indexed, job_spec, restart_policy};
use crate::cluster::Object;
use crate::finding::{Finding, Findings, Reason};
use crate::values::names;
use crate::yaml::{Path, Value};

/// Which failures of pods count.
pub(super) fn invalid_failure_policy(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some((spec, path)) = job_spec(object) else { return };
    let Some(policy) = &spec.pod_failure_policy else { return };
    let policy_path = path.field("podFailurePolicy");
    if let ("OnFailure", path) = restart_policy(spec, &path) {
        object
            .report(out, &path, "a `podFailurePolicy` needs the restart policy `Never`")
            .reason(Reason::FieldValueInvalid)
            .related(object.place(&policy_path), "the kubelet would restart containers before this sees the failure")
            .help("set `restartPolicy: Never`");
    }
    if spec.pod_replacement_policy.as_deref() == Some("TerminatingOrFailed") {
        object
            .report(
                out,
                &path.field("podReplacementPolicy"),
                "a `podFailurePolicy` needs the replacement policy `Failed`",
            )
            .reason(Reason::FieldValueNotSupported)
            .related(object.place(&policy_path), "only a pod that has failed can be judged by this")
            .help("set `podReplacementPolicy: Failed`, or delete it");
    }
    let rules = policy_path.field("rules");
    too_many(object, out, &rules, policy.rules.len(), 20);
    for (index, rule) in policy.rules.iter().enumerate() {
        failure_rule(object, out, &rules.index(index), spec, rule);
    }
}

fn failure_rule(object: &Object, out: &mut Findings, path: &Path, spec: &JobSpec, rule: &PodFailurePolicyRule) {
    let conditions = rule.on_pod_conditions.as_deref().unwrap_or_default();
    if let Some(codes) = &rule.on_exit_codes {
        exit_codes(object, out, &path.field("onExitCodes"), spec, codes);
    }
    let conditions_path = path.field("onPodConditions");
    too_many(object, out, &conditions_path, conditions.len(), 20);
    for (index, pattern) in conditions.iter().enumerate() {
        // A missing type is found against the schema.
        if let Some(problem) = names::qualified_name(&pattern.type_).first().filter(|_| !pattern.type_.is_empty()) {
            let path = conditions_path.index(index).field("type");
            report(object, out, &path, format!("`{}` is no type of a condition: it {problem}", pattern.type_))
                .help("use the type of a pod's condition, such as `DisruptionTarget`");
        }
    }
    match (rule.on_exit_codes.is_some(), !conditions.is_empty()) {
        (true, true) => {
            report(object, out, path, "the rule has both `onExitCodes` and `onPodConditions`".to_owned())
                .help("make two rules of it");
        }
        (false, false) => {
            report(object, out, path, "the rule says nothing about which pods it is for".to_owned())
                .help("add `onExitCodes` or `onPodConditions`");
        }
        _ => {}
    }
}

fn exit_codes(
    object: &Object,
    out: &mut Findings,
    path: &Path,
    spec: &JobSpec,
    codes: &PodFailurePolicyOnExitCodesRequirement,
) {
    let pod = spec.template.spec.as_ref();
    let containers = pod.into_iter().flat_map(|pod| pod.init_containers.iter().flatten().chain(&pod.containers));
    let containers: Vec<&str> = containers.map(|container| container.name.as_str()).collect();
    if let Some(name) = codes.container_name.as_deref().filter(|name| !containers.contains(name)) {
        let finding = report(object, out, &path.field("containerName"), format!("the pods have no container `{name}`"));
        match containers.as_slice() {
            [] => finding.help("name a container of the pod template"),
            names => finding.help(format!("name one of `{}`", names.join("`, `"))),
        };
    }
    let values_path = path.field("values");
    let values = &codes.values;
    if values.is_empty() && object.root().at(&values_path).is_some_and(Value::is_sequence) {
        report(object, out, &values_path, "the requirement has no exit codes".to_owned()).help("list at least one");
    }
    too_many(object, out, &values_path, values.len(), 255);
    let mut seen = BTreeSet::new();
    for (index, value) in values.iter().enumerate() {
        if *value == 0 && codes.operator == "In" {
            report(object, out, &values_path.index(index), "exit code 0 is no failure".to_owned())
                .help("delete it: a container that ends with 0 has succeeded");
        }
        if !seen.insert(value) {
            report(object, out, &values_path.index(index), format!("exit code {value} stands here twice"))
                .reason(Reason::FieldValueDuplicate)
                .help("delete one of them");
        }
    }
    if !values.is_sorted() {
        report(object, out, &values_path, "the exit codes must be in ascending order".to_owned()).help("sort them");
    }
}

/// When a Job has succeeded although not all of its indexes have. Without completions nothing can be said; that is
/// another finding.
pub(super) fn invalid_success_policy(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some((spec, path)) = job_spec(object) else { return };
    let Some(policy) = spec.success_policy.as_ref().filter(|_| is_indexed(spec)) else { return };
    let rules = path.fields(&["successPolicy", "rules"]);
    if policy.rules.is_empty() && object.root().at(&rules).is_some_and(Value::is_sequence) {
        report(object, out, &rules, "the policy has no rules".to_owned())
            .reason(Reason::FieldValueRequired)
            .help("add a rule with `succeededIndexes` or `succeededCount`");
    }
    too_many(object, out, &rules, policy.rules.len(), 20);
    for (index, rule) in policy.rules.iter().enumerate() {
        let path = rules.index(index);
        if rule.succeeded_count.is_none() && rule.succeeded_indexes.is_none() {
            report(object, out, &path, "the rule says nothing about which indexes must succeed".to_owned())
                .reason(Reason::FieldValueRequired)
                .help("add `succeededIndexes` or `succeededCount`");
        } else if let Some(completions) = completions(object, spec) {
            success_rule(object, out, &path, rule, completions);
        }
    }
}

fn success_rule(object: &Object, out: &mut Findings, path: &Path, rule: &SuccessPolicyRule, completions: i32) {
    let mut named = None;
    if let Some(text) = &rule.succeeded_indexes {
        let path = path.field("succeededIndexes");
        if text.len() > 64 * 1024 {
            report(object, out, &path, "the list of indexes must be at most 65536 characters".to_owned())
                .reason(Reason::FieldValueTooLong);
        }
        let indexes = count_indexes(text, completions);
        if let Err(problem) = &indexes {
            report(object, out, &path, format!("the list of indexes cannot be read: {problem}"))
                .help("write numbers and ranges in ascending order, such as `0,2-4`");
        }
        named = Some(indexes.unwrap_or(0));
    }
    let Some(count) = rule.succeeded_count else { return };
    let path = path.field("succeededCount");
    if count < 0 {
        report(object, out, &path, format!("`succeededCount` cannot be negative, as {count} is"))
            .help("write a number from 1 up");
    }
    if count > completions {
        report(object, out, &path, format!("{count} indexes cannot succeed, as the Job has only {completions}"))
            .help(format!("set `succeededCount` to {completions} or less"));
    } else if let Some(named) = named.filter(|named| count > *named) {
        report(object, out, &path, format!("{count} indexes cannot succeed where `succeededIndexes` names {named}"))
            .help("lower `succeededCount`, or name more indexes");
    }
}

/// How many indexes a list such as `0,2-4` names: four. Mirrors `validateIndexesFormat` and `parseIndexInterval`.
fn count_indexes(text: &str, completions: i32) -> Result<i32, String> {
    let index = |part: &str| -> Result<i32, String> {
        let number: i64 = part.parse().map_err(|_| format!("`{part}` is no index"))?;
        i32::try_from(number)
            .ok()
            .filter(|number| *number < completions)
            .ok_or_else(|| format!("`{part}` is above the last index"))
    };
    if text.is_empty() {
        return Ok(0);
    }
    let (mut last, mut total) = (None, 0);
    for interval in text.split(',') {
        let (first, end) = match interval.split('-').collect::<Vec<_>>()[..] {
            [first] => (index(first)?, index(first)?),
            [first, end] => (index(first)?, index(end)?),
            _ => return Err(format!("`{interval}` has more than one `-`")),
        };
        let is_range = interval.contains('-');
        if last.is_some_and(|last| last >= first) || is_range && first >= end {
            return Err(format!("`{interval}` is not in ascending order"));
        }
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}

fn too_many(object: &Object, out: &mut Findings, path: &Path, count: usize, limit: usize) {
    if count > limit {
        report(object, out, path, format!("the list has {count} elements, more than the {limit} that are allowed"))
            .reason(Reason::FieldValueTooMany)
            .help("join some of them");
    }
}

fn report<'f>(object: &Object, out: &'f mut Findings, path: &Path, message: String) -> &'f mut Finding {
    object.report(out, path, message).reason(Reason::FieldValueInvalid)
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
