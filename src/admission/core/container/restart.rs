//! When containers are restarted: after they end, and when their resources change.
//!
//! Mirrors `validateContainerRestartPolicy`, `validateInitContainerRestartPolicy` and `validateResizePolicy` in
//! pkg/apis/core/validation (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ContainerRestartRule};

use super::{Facts, is_sidecar};
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Since;
use crate::yaml::Path;

/// The most rules of a container (`validateContainerRestartPolicy`).
const MOST_RULES: usize = 20;

/// The most exit codes of a rule.
const MOST_CODES: usize = 255;

/// The restart policy of a container and the rules for it.
pub(super) fn policy(facts: &Facts<'_>, container: &Container, path: &Path, errors: &mut Errors<'_>) {
    const KNOWN: [&str; 3] = ["Always", "Never", "OnFailure"];
    let rules = container.restart_policy_rules.as_deref().unwrap_or_default();
    let at = path.field("restartPolicy");
    match container.restart_policy.as_deref() {
        None if rules.is_empty() => return,
        None => without_policy(&at, errors),
        Some(policy) if !KNOWN.contains(&policy) => {
            errors.unsupported(&at, "the restart policy of a container", policy, KNOWN);
        }
        Some(_) => {}
    }
    let path = path.field("restartPolicyRules");
    if rules.len() > MOST_RULES {
        let message = format!("the container has {} rules for its restart, more than {MOST_RULES}", rules.len());
        too_many(&path, message, errors);
    }
    for (index, rule) in rules.iter().enumerate() {
        self::rule(facts, rule, &path.index(index), errors);
    }
}

fn without_policy(path: &Path, errors: &mut Errors<'_>) {
    let finding = errors
        .required(path, "rules for the restart of a container need a restart policy beside them")
        .says("must specify restartPolicy when restart rules are used");
    finding.help("add `restartPolicy`, which holds where no rule does");
}

fn rule(facts: &Facts<'_>, rule: &ContainerRestartRule, path: &Path, errors: &mut Errors<'_>) {
    let actions: &[&str] =
        if facts.options.allow_restart_all { &["Restart", "RestartAllContainers"] } else { &["Restart"] };
    if !actions.contains(&rule.action.as_str()) {
        let path = path.field("action");
        errors.unsupported(&path, "the action of a rule", &rule.action, actions.iter().copied());
    }
    let path = path.field("exitCodes");
    let Some(codes) = &rule.exit_codes else {
        errors.required(&path, "the rule does not say for which exit codes it holds").says("must be specified");
        return;
    };
    if !matches!(codes.operator.as_str(), "In" | "NotIn") {
        let path = path.field("operator");
        errors.unsupported(&path, "the operator of exit codes", &codes.operator, ["In", "NotIn"]);
    }
    let count = codes.values.iter().flatten().count();
    if count > MOST_CODES {
        too_many(&path.field("values"), format!("the rule has {count} exit codes, more than {MOST_CODES}"), errors);
    }
}

/// Until v1.35, the API server spoke of a list that is too long as of a text.
fn too_many(path: &Path, message: String, errors: &mut Errors<'_>) {
    if errors.server.does(Since::TooManyRules) {
        errors.too_many(path, message);
    } else {
        errors.too_long(path, message);
    }
}

/// The restart policy of an init container, which makes it a sidecar if it is `Always`.
pub(super) fn init_policy(facts: &Facts<'_>, container: &Container, path: &Path, errors: &mut Errors<'_>) {
    let has_rules = container.restart_policy_rules.iter().flatten().next().is_some();
    let Some(policy) = container.restart_policy.as_deref() else {
        if has_rules && errors.server.does(Since::RulesNeedPolicy) {
            without_policy(&path.field("restartPolicy"), errors);
        }
        return;
    };
    if !facts.options.allow_restart_rules {
        if policy != "Always" {
            let path = path.field("restartPolicy");
            errors.unsupported(&path, "the restart policy of an init container", policy, ["Always"]);
        }
    } else if policy != "Always" || facts.options.allow_restart_all {
        self::policy(facts, container, path, errors);
    } else if has_rules {
        let message = "an init container with `restartPolicy: Always` has no rules for its restart";
        errors
            .forbidden(&path.field("restartPolicyRules"), message)
            .says("must not be specified for init containers with restartPolicy=Always");
    }
}

/// What happens when resources change, at `path`. The API server names the whole list for most mistakes.
pub(super) fn resize(container: &Container, pod_policy: &str, path: &Path, errors: &mut Errors<'_>) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, policy) in container.resize_policy.iter().flatten().enumerate() {
        let at = path.index(index);
        let (resource, restart) = (policy.resource_name.as_str(), policy.restart_policy.as_str());
        if let Some(first) = seen.get(resource) {
            let place = errors.place(&path.index(*first));
            let message = format!("`{}` has two resize policies", shortened(resource));
            errors.duplicate(&at, message).of(resource).related(place, "the first of them");
        }
        seen.entry(resource).or_insert(index);
        let name = at.field("resourceName");
        match resource {
            "cpu" | "memory" => {}
            "" => {
                errors.required(&name, "the resize policy names no resource").called(path.clone());
            }
            _ => {
                let finding = errors.unsupported(&name, "the resource of a resize policy", resource, ["cpu", "memory"]);
                finding.called(path.clone());
            }
        }
        let field = at.field("restartPolicy");
        match restart {
            "NotRequired" | "RestartContainer" => {}
            "" => {
                let message = "the resize policy does not say whether the container is restarted";
                errors.required(&field, message).called(path.clone());
            }
            _ => {
                let known = ["NotRequired", "RestartContainer"];
                errors.unsupported(&field, "the restart of a resize policy", restart, known).called(path.clone());
            }
        }
        if pod_policy == "Never" && restart != "NotRequired" {
            let message = "a container of a pod with `restartPolicy: Never` is not restarted for new resources either";
            let finding = errors
                .invalid(&field, message)
                .of(restart)
                .says("must be 'NotRequired' when `restartPolicy` is 'Never'")
                .called(path.clone());
            finding.help("write `NotRequired`");
        }
    }
}

/// What the resize policies of an init container may be, apart from what holds for all.
pub(super) fn init_resize(facts: &Facts<'_>, container: &Container, path: &Path, errors: &mut Errors<'_>) {
    let path = path.field("resizePolicy");
    let policies = container.resize_policy.as_deref().unwrap_or_default();
    if !policies.is_empty() && !facts.options.allow_init_resize_policy {
        errors.invalid(&path, "an init container has no resize policies").says("must not be set for init containers");
    }
    let is_checked = !facts.options.allow_init_resize_restart && errors.server.does(Since::InitResizePolicies);
    if is_sidecar(container) || !is_checked {
        return;
    }
    for (index, _) in policies.iter().enumerate().filter(|(_, policy)| policy.restart_policy == "RestartContainer") {
        let message = "an init container that runs to its end is not restarted for new resources";
        errors
            .invalid(&path.index(index).field("restartPolicy"), message)
            .says("must be 'NotRequired' for non-sidecar init containers")
            .help("write `NotRequired`");
    }
}
