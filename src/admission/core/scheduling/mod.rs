//! Where pods may run: node selectors, node affinity, tolerations.
//!
//! Mirrors `ValidateNodeSelector`, `validateNodeAffinity`, `ValidateTolerations` and their like in
//! pkg/apis/core/validation, and the warnings of pkg/api/node (v1.36).

pub(in crate::admission) mod node_labels;
pub(in crate::admission) mod pods;

use k8s_openapi::api::core::v1::{NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Toleration};

use self::node_labels::warn_if_deprecated;
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Gate;
use crate::values::names;
use crate::yaml::Path;

/// How a term is taken that cannot be fulfilled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    /// It must be fulfilled.
    Required,
    /// It is a wish; values that no label can have have always been let through.
    Preferred,
}

/// The node selector at `path` (`ValidateNodeSelector`).
pub(super) fn node_selector(selector: &NodeSelector, path: &Path, errors: &mut Errors<'_>) {
    let path = path.field("nodeSelectorTerms");
    if selector.node_selector_terms.is_empty() {
        let message = "a node selector without terms would match no node";
        errors
            .required(&path, message)
            .says("must have at least one node selector term")
            .help("add a term, or remove the selector");
    }
    for (index, term) in selector.node_selector_terms.iter().enumerate() {
        self::term(term, Strength::Required, &path.index(index), errors);
    }
}

/// The node affinity at `path` (`validateNodeAffinity`).
fn node_affinity(affinity: &NodeAffinity, path: &Path, errors: &mut Errors<'_>) {
    if let Some(required) = &affinity.required_during_scheduling_ignored_during_execution {
        node_selector(required, &path.field("requiredDuringSchedulingIgnoredDuringExecution"), errors);
    }
    let preferred = affinity.preferred_during_scheduling_ignored_during_execution.iter().flatten();
    for (index, preferred) in preferred.enumerate() {
        let path = path.field("preferredDuringSchedulingIgnoredDuringExecution").index(index);
        weight(preferred.weight, &path, errors);
        term(&preferred.preference, Strength::Preferred, &path.field("preference"), errors);
    }
}

fn weight(weight: i32, path: &Path, errors: &mut Errors<'_>) {
    if !(1..=100).contains(&weight) {
        errors
            .invalid(&path.field("weight"), format!("a preference weighs between 1 and 100, not {weight}"))
            .says("must be in the range 1-100");
    }
}

fn term(term: &NodeSelectorTerm, strength: Strength, path: &Path, errors: &mut Errors<'_>) {
    for (index, requirement) in term.match_expressions.iter().flatten().enumerate() {
        self::requirement(requirement, strength, &path.field("matchExpressions").index(index), errors);
    }
    for (index, requirement) in term.match_fields.iter().flatten().enumerate() {
        field_requirement(requirement, &path.field("matchFields").index(index), errors);
    }
}

/// What a label of the node must be (`ValidateNodeSelectorRequirement`).
fn requirement(requirement: &NodeSelectorRequirement, strength: Strength, path: &Path, errors: &mut Errors<'_>) {
    let NodeSelectorRequirement { key, operator, values } = requirement;
    let values = values.as_deref().unwrap_or_default();
    match (operator.as_str(), values) {
        ("In" | "NotIn", []) => {
            let message = format!("`{operator}` needs at least one value");
            errors
                .required(&path.field("values"), message)
                .says("must be specified when `operator` is 'In' or 'NotIn'")
                .rule("invalid-selector");
        }
        ("Exists" | "DoesNotExist", [_, ..]) => {
            let message = format!("`{operator}` takes no values");
            errors
                .forbidden(&path.field("values"), message)
                .says("may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
                .rule("invalid-selector");
        }
        ("Gt" | "Lt", [] | [_, _, ..]) => {
            let message = format!("`{operator}` needs exactly one value");
            errors
                .required(&path.field("values"), message)
                .says("must be specified single value when `operator` is 'Lt' or 'Gt'")
                .rule("invalid-selector");
        }
        ("In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt", _) => {}
        _ => no_operator(operator, &["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"], path, errors),
    }
    for problem in names::qualified_name(key) {
        let message = match key.as_str() {
            "" => "the requirement has no key".to_owned(),
            key => format!("the label key `{}` {problem}", shortened(key)),
        };
        errors.invalid(&path.field("key"), message).problem(problem).rule("invalid-selector");
    }
    for (index, value) in values.iter().enumerate() {
        for problem in names::label_value(value) {
            let path = path.field("values").index(index);
            let message = format!("the label value `{}` {problem}", shortened(value));
            match strength {
                Strength::Required => errors.invalid(&path, message).problem(problem).rule("invalid-selector"),
                Strength::Preferred => errors.warn(&path, message),
            };
        }
    }
    warn_if_deprecated(key, &path.field("key"), errors);
}

fn no_operator(operator: &str, supported: &[&str], path: &Path, errors: &mut Errors<'_>) {
    let message = match operator {
        "" => "the requirement has no operator".to_owned(),
        operator => format!("`{}` is no operator here", shortened(operator)),
    };
    let list = supported.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let finding = errors
        .invalid(&path.field("operator"), message)
        .of(operator)
        .says("not a valid selector operator")
        .rule("invalid-selector");
    finding.help(format!("write one of {list}"));
}

/// What a field of the node must be; there is only its name (`ValidateNodeFieldSelectorRequirement`).
fn field_requirement(requirement: &NodeSelectorRequirement, path: &Path, errors: &mut Errors<'_>) {
    let NodeSelectorRequirement { key, operator, values } = requirement;
    let values = values.as_deref().unwrap_or_default();
    match operator.as_str() {
        "In" | "NotIn" if values.len() == 1 => {}
        "In" | "NotIn" => {
            let message = format!("`{operator}` needs exactly one value for a field");
            errors
                .required(&path.field("values"), message)
                .says("must be only one value when `operator` is 'In' or 'NotIn' for node field selector")
                .rule("invalid-selector");
        }
        operator => no_operator(operator, &["In", "NotIn"], path, errors),
    }
    if key != "metadata.name" {
        let message = format!("nodes cannot be selected by the field `{}`", shortened(key));
        let finding = errors
            .invalid(&path.field("key"), message)
            .of(key.as_str())
            .says("not a valid field selector key")
            .rule("invalid-selector");
        finding.help("write `metadata.name`, or use `matchExpressions` for labels");
        return;
    }
    for (index, value) in values.iter().enumerate() {
        let what = format!("the node name `{}`", shortened(value));
        errors.each_invalid(&path.field("values").index(index), what, names::dns1123_subdomain(value));
    }
}

/// The tolerations at `path` (`ValidateTolerations`).
pub(in crate::admission) fn tolerations(tolerations: &[Toleration], path: &Path, errors: &mut Errors<'_>) {
    for (index, toleration) in tolerations.iter().enumerate() {
        self::toleration(toleration, &path.index(index), errors);
    }
}

fn toleration(toleration: &Toleration, path: &Path, errors: &mut Errors<'_>) {
    let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
    let (key, operator, value) = (text(&toleration.key), text(&toleration.operator), text(&toleration.value));
    let effect = text(&toleration.effect);
    if key.is_empty() {
        if operator != "Exists" {
            let message = "a toleration without a key tolerates everything, for which its operator must be `Exists`";
            let finding = errors.invalid(&path.field("operator"), message);
            finding.help("add the `key` of the taint, or write `operator: Exists`");
            finding.says("operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
        }
    } else {
        for problem in names::qualified_name(&key) {
            let message = format!("the label key `{}` {problem}", shortened(&key));
            errors.invalid(&path.field("key"), message).rule("invalid-label").problem(problem);
        }
    }
    if toleration.toleration_seconds.is_some() && effect != "NoExecute" {
        let seconds = errors.place(&path.field("tolerationSeconds"));
        let message = "only a toleration of the effect `NoExecute` can be limited in time";
        let finding = errors.invalid(&path.field("effect"), message).of(effect.clone());
        finding.says("effect must be 'NoExecute' when `tolerationSeconds` is set");
        finding.related(seconds, "the limit").help("write `effect: NoExecute`, or remove `tolerationSeconds`");
    }
    operand(&operator, &value, path, errors);
    if !["", "NoSchedule", "PreferNoSchedule", "NoExecute"].contains(&effect.as_str()) {
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        errors.unsupported(&path.field("effect"), "the effect of a taint", &effect, effects);
    }
}

/// The operator of a toleration, and the value that it compares.
fn operand(operator: &str, value: &str, path: &Path, errors: &mut Errors<'_>) {
    match operator {
        "" | "Equal" => {
            // The server names the operator, but it is the value that no taint can have. It names it once.
            if let Some(problem) = names::together(&names::label_value(value), ";") {
                let message = format!("the value `{}` {problem}", shortened(value));
                let finding = errors.invalid(&path.field("value"), message).called(path.field("operator"));
                finding.problem(problem);
            }
        }
        "Exists" if value.is_empty() => {}
        "Exists" => {
            let place = errors.place(&path.field("value"));
            let finding = errors.invalid(&path.field("operator"), "`Exists` asks for no value").of(operator);
            finding.related(place, "the value").help("remove the value, or write `operator: Equal`");
            finding.says("value must be empty when `operator` is 'Exists'");
        }
        "Lt" | "Gt" if errors.server.enabled(Gate::TaintTolerationComparisonOperators) => {
            let at = path.field("value");
            errors.each_invalid(&at, format!("the value `{}`", shortened(value)), names::decimal_integer(value));
            if value.parse::<i64>().is_err() {
                errors.invalid(&at, format!("the value `{}` is no number of 64 bits", shortened(value)));
            }
        }
        _ => {
            errors.unsupported(&path.field("operator"), "the operator of a toleration", operator, ["Equal", "Exists"]);
        }
    }
}
