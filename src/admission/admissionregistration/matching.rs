//! What webhooks and admission policies have in common: the requests that they are asked about, by rules and conditions.
//!
//! Mirrors `validateRuleWithOperations`, `validateNamedRuleWithOperations` and `validateMatchConditions` of
//! pkg/apis/admissionregistration/validation (v1.36).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::admissionregistration::v1::{MatchCondition, NamedRuleWithOperations, RuleWithOperations};

use super::expressions::{self, Scope};
use crate::admission::errors::{Errors, shortened};
use crate::cel::Type;
use crate::values::names;
use crate::yaml::Path;

const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SCOPES: [&str; 3] = ["*", "Cluster", "Namespaced"];

/// How many conditions there may be.
const CONDITIONS_LIMIT: usize = 64;

/// The rule of a webhook at `path`.
pub(super) fn rule(rule: &RuleWithOperations, path: &Path, errors: &mut Errors<'_>) {
    let RuleWithOperations { api_groups, api_versions, operations, resources, scope } = rule;
    self::operations(operations.as_deref().unwrap_or_default(), &path.field("operations"), errors);
    groups(api_groups.as_deref().unwrap_or_default(), &path.field("apiGroups"), errors);
    versions(api_versions.as_deref().unwrap_or_default(), &path.field("apiVersions"), errors);
    self::resources(resources.as_deref().unwrap_or_default(), &path.field("resources"), errors);
    if let Some(scope) = scope.as_deref().filter(|scope| !SCOPES.contains(scope)) {
        errors.unsupported(&path.field("scope"), "the `scope` of a rule", scope, SCOPES);
    }
}

/// The rule of an admission policy at `path`, which may name single objects.
pub(super) fn named_rule(rule: &NamedRuleWithOperations, path: &Path, errors: &mut Errors<'_>) {
    let NamedRuleWithOperations { api_groups, api_versions, operations, resource_names, resources, scope } = rule;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, name) in resource_names.iter().flatten().enumerate() {
        let list = path.field("resourceNames");
        errors.each_invalid(
            &list.index(index),
            format!("the name `{}`", shortened(name)),
            names::path_segment_name(name),
        );
        let first = *seen.entry(name).or_insert(index);
        if first != index {
            let place = errors.place(&list.index(first));
            let message = format!("the name `{}` stands in the list already", shortened(name));
            errors.duplicate(&list.index(index), message).related(place, "here");
        }
    }
    let rule = RuleWithOperations {
        api_groups: api_groups.clone(),
        api_versions: api_versions.clone(),
        operations: operations.clone(),
        resources: resources.clone(),
        scope: scope.clone(),
    };
    self::rule(&rule, path, errors);
}

/// The conditions at `path` that a request must meet; whether they know parameters, and those that are stored already.
pub(super) fn match_conditions(
    conditions: &[MatchCondition],
    params: bool,
    stored: &BTreeSet<String>,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    if conditions.len() > CONDITIONS_LIMIT {
        let message = format!("there are {} conditions, more than {CONDITIONS_LIMIT}", conditions.len());
        errors
            .too_many(path, message)
            .of(conditions.len())
            .says(format!("must have at most {CONDITIONS_LIMIT} items"))
            .help("combine some of them with `&&`");
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, MatchCondition { expression, name }) in conditions.iter().enumerate() {
        let condition = path.index(index);
        if expression.trim().is_empty() {
            errors.required(&condition.field("expression"), "the condition has no expression");
        } else {
            let stored = stored.contains(expression.trim());
            let scope = Scope { params, authorizer: true, stored, ..Scope::default() };
            expressions::check(expression.trim(), scope, &[Type::Bool], &condition.field("expression"), errors);
        }
        let named = condition.field("name");
        if name.is_empty() {
            errors.required(&named, "the condition has no name");
            continue;
        }
        errors.each_invalid(&named, format!("the name `{}`", shortened(name)), names::qualified_name(name));
        let first = *seen.entry(name).or_insert(index);
        if first != index {
            let place = errors.place(&path.index(first).field("name"));
            let message = format!("two conditions have the name `{}`", shortened(name));
            errors.duplicate(&named, message).related(place, "the other one");
        }
    }
}

fn operations(operations: &[String], path: &Path, errors: &mut Errors<'_>) {
    if operations.is_empty() {
        errors.required(path, "the rule names no operations").help("write for example `[CREATE, UPDATE]`");
    }
    alone_if_all(operations, "operation", path, errors);
    for (index, operation) in operations.iter().enumerate() {
        if !OPERATIONS.contains(&operation.as_str()) {
            errors.unsupported(&path.index(index), "the operation of a rule", operation, OPERATIONS);
        }
    }
}

fn groups(groups: &[String], path: &Path, errors: &mut Errors<'_>) {
    if groups.is_empty() {
        let help = "write for example `[apps]`, or `[\"\"]` for Pods, Services and the like";
        errors.required(path, "the rule names no API groups").help(help);
    }
    alone_if_all(groups, "API group", path, errors);
}

fn versions(versions: &[String], path: &Path, errors: &mut Errors<'_>) {
    if versions.is_empty() {
        errors.required(path, "the rule names no API versions").help("write for example `[v1]`");
    }
    alone_if_all(versions, "API version", path, errors);
    for (index, _) in versions.iter().enumerate().filter(|(_, version)| version.is_empty()) {
        errors.required(&path.index(index), "an API version cannot be empty");
    }
}

/// What the server calls the items of a list.
fn says_of(what: &str) -> &'static str {
    match what {
        "API group" => "API groups",
        "API version" => "API versions",
        _ => "operations",
    }
}

/// `*` stands for all, so nothing can stand beside it.
fn alone_if_all(list: &[String], what: &str, path: &Path, errors: &mut Errors<'_>) {
    if list.len() > 1 && list.iter().any(|item| item == "*") {
        errors
            .invalid(path, format!("no other {what} can stand beside `*`, which means all"))
            .says(format!("if '*' is present, must not specify other {}", says_of(what)))
            .help("keep `*` alone");
    }
}

/// Resources and their subresources, `*` standing for all: none may be covered by one that is named before it.
fn resources(resources: &[String], path: &Path, errors: &mut Errors<'_>) {
    if resources.is_empty() {
        errors.required(path, "the rule names no resources").help("write for example `[pods]`");
    }
    // Resources of which all subresources are named, and subresources that are named of all resources.
    let (mut whole, mut everywhere): (BTreeMap<&str, usize>, BTreeMap<&str, usize>) = Default::default();
    // The original remembers only the last resource without a subresource.
    let (mut all, mut plain) = (false, false);
    for (index, text) in resources.iter().enumerate() {
        let at = path.index(index);
        if text.is_empty() {
            errors.required(&at, "a resource cannot be empty").help("name it in the plural, as in `pods`");
            continue;
        }
        all |= text == "*";
        let Some((resource, subresource)) = text.split_once('/') else {
            plain = text != "*";
            continue;
        };
        let mut covered = |first: Option<&usize>, by: String| {
            if let Some(first) = first {
                let place = errors.place(&path.index(*first));
                let message = format!("`{}` is part of `{}`, which the rule names before", shortened(text), by);
                errors.invalid(&at, message).related(place, "this covers it").help("remove it");
            }
        };
        covered(whole.get(resource), format!("{}/*", shortened(resource)));
        covered(everywhere.get(subresource), format!("*/{}", shortened(subresource)));
        if subresource == "*" {
            whole.entry(resource).or_insert(index);
        }
        if resource == "*" {
            everywhere.entry(subresource).or_insert(index);
        }
    }
    if resources.len() > 1 && resources.iter().any(|text| text == "*/*") {
        errors
            .invalid(path, "no other resource can stand beside `*/*`, which means all")
            .says("if '*/*' is present, must not specify other resources")
            .help("keep `*/*` alone");
    }
    if all && plain {
        let message = "no other resource can stand beside `*`, which means all but subresources";
        errors
            .invalid(path, message)
            .says("if '*' is present, must not specify other resources without subresources")
            .help("remove the others, or `*`");
    }
}
