//! Admission policies and their bindings.
//!
//! Mirrors `ValidateValidatingAdmissionPolicy`, `ValidateMutatingAdmissionPolicy`, their bindings and updates in
//! pkg/apis/admissionregistration/validation (v1.36).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::admissionregistration::v1::{
    AuditAnnotation, MatchCondition, MatchResources, ParamKind, ParamRef, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding, ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec, Validation,
    Variable,
};

use super::expressions::{self, Scope, as_variable};
use super::{matching, policy_defaults as defaults, webhook};
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::selector::{self, Options as SelectorOptions};
use crate::admission::{ApiServer, Kind};
use crate::cel::{self, Type};
use crate::values::names;
use crate::yaml::Path;

const FAILURE_POLICIES: [&str; 2] = ["Fail", "Ignore"];
const MATCH_POLICIES: [&str; 2] = ["Equivalent", "Exact"];
const REASONS: [&str; 3] = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
const ACTIONS: [&str; 3] = ["Audit", "Deny", "Warn"];
const NOT_FOUND_ACTIONS: [&str; 2] = ["Allow", "Deny"];

/// How many audit annotations there may be, and how many bytes the expression of one may have.
const AUDIT_ANNOTATIONS_LIMIT: usize = 20;
const AUDIT_EXPRESSION_LIMIT: usize = 5 * 1024;

impl Kind for ValidatingAdmissionPolicy {
    const UNCONDITIONAL_UPDATE: bool = false;

    fn set_defaults(&mut self, _: &ApiServer) {
        defaults::validating(self.spec.get_or_insert_default());
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        webhook::reserved_name(&self.metadata, true, errors);
        let spec = self.spec.clone().unwrap_or_default();
        let name = self.metadata.name.as_deref().unwrap_or_default();
        validating(&spec, name, &Before::default(), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        webhook::reserved_name(&self.metadata, false, errors);
        let (spec, old) = (self.spec.clone().unwrap_or_default(), old.spec.clone().unwrap_or_default());
        let name = self.metadata.name.as_deref().unwrap_or_default();
        let mut before = Before {
            same_conditions: spec.param_kind == old.param_kind && spec.match_conditions == old.match_conditions,
            ..Before::default()
        };
        before.conditions.extend(old.match_conditions.into_iter().flatten().map(|condition| condition.expression));
        for validation in old.validations.into_iter().flatten() {
            before.expressions.insert(validation.expression);
            before.messages.extend(validation.message_expression);
        }
        before.annotations.extend(old.audit_annotations.into_iter().flatten().map(|one| one.value_expression));
        validating(&spec, name, &before, errors);
    }
}

impl Kind for ValidatingAdmissionPolicyBinding {
    const UNCONDITIONAL_UPDATE: bool = false;

    fn set_defaults(&mut self, _: &ApiServer) {
        if let Some(resources) = &mut self.spec.match_resources {
            defaults::match_resources(resources);
        }
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        webhook::reserved_name(&self.metadata, true, errors);
        validating_binding(&self.spec, errors);
    }

    fn validate_update(&self, _: &Self, errors: &mut Errors<'_>) {
        webhook::reserved_name(&self.metadata, false, errors);
        validating_binding(&self.spec, errors);
    }
}

/// What stood in the policy before: expressions that were accepted once may go on using what they use.
#[derive(Debug, Default)]
pub(super) struct Before {
    pub(super) same_conditions: bool,
    pub(super) conditions: BTreeSet<String>,
    pub(super) expressions: BTreeSet<String>,
    pub(super) messages: BTreeSet<String>,
    pub(super) annotations: BTreeSet<String>,
    /// Of mutations; upstream asks only these of both sorts of patches.
    pub(super) patches: BTreeSet<String>,
}

fn validating(spec: &ValidatingAdmissionPolicySpec, name: &str, before: &Before, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    failure_policy(spec.failure_policy.as_deref(), &path.field("failurePolicy"), errors);
    param_kind(spec.param_kind.as_ref(), &path.field("paramKind"), errors);
    constraints(spec.match_constraints.as_ref(), &path.field("matchConstraints"), errors);
    let params = spec.param_kind.is_some();
    conditions(spec.match_conditions.as_deref(), params, before, &path, errors);
    let variables = spec.variables.as_deref().unwrap_or_default();
    let scope = Scope { params, authorizer: true, ..Scope::default() };
    let variables = self::variables(variables, scope, before, &path.field("variables"), errors);
    let scope = Scope { variables: variables.as_ref(), ..scope };
    let validations = spec.validations.as_deref().unwrap_or_default();
    let annotations = spec.audit_annotations.as_deref().unwrap_or_default();
    if validations.is_empty() && annotations.is_empty() {
        let message = "the policy has neither `validations` nor `auditAnnotations`";
        errors
            .required(&path.field("validations"), message)
            .says("validations or auditAnnotations must contain at least one item")
            .help("add at least one validation");
        errors
            .required(&path.field("auditAnnotations"), message)
            .says("validations or auditAnnotations must contain at least one item")
            .help("add at least one validation");
        return;
    }
    for (index, validation) in validations.iter().enumerate() {
        self::validation(validation, scope, before, &path.field("validations").index(index), errors);
    }
    audit_annotations(annotations, name, scope, before, &path.field("auditAnnotations"), errors);
}

pub(super) fn failure_policy(policy: Option<&str>, path: &Path, errors: &mut Errors<'_>) {
    if let Some(policy) = policy.filter(|policy| !FAILURE_POLICIES.contains(policy)) {
        errors.unsupported(path, "the `failurePolicy` of a policy", policy, FAILURE_POLICIES);
    }
}

/// The kind of the parameters (`validateParamKind`).
pub(super) fn param_kind(kind: Option<&ParamKind>, path: &Path, errors: &mut Errors<'_>) {
    let Some(ParamKind { api_version, kind }) = kind else { return };
    let (version_path, kind_path) = (path.field("apiVersion"), path.field("kind"));
    let text = api_version.as_deref().unwrap_or_default();
    let parts: Vec<&str> = text.split('/').collect();
    match parts[..] {
        [""] => {
            errors.required(&version_path, "the kind of the parameters has no `apiVersion`");
        }
        [_, ""] => {
            if !parts[0].is_empty() {
                group(parts[0], &version_path, errors);
            }
            errors
                .invalid(&version_path, "the `apiVersion` of the parameters has no version")
                .of(text)
                .says("version must be specified");
        }
        [version] => self::version(version, &version_path, errors),
        [group, version] => {
            if !group.is_empty() {
                self::group(group, &version_path, errors);
            }
            self::version(version, &version_path, errors);
        }
        _ => {
            let message = format!("`{}` is no `apiVersion`", shortened(text));
            errors
                .invalid(&version_path, message)
                .says(format!("unexpected GroupVersion string: {text}"))
                .help("write it as group and version, as in `apps/v1`");
        }
    }
    let kind = kind.as_deref().unwrap_or_default();
    if kind.is_empty() {
        errors.required(&kind_path, "the kind of the parameters has no `kind`");
    } else if let [problem, ..] = &names::dns1035_label(&kind.to_lowercase())[..] {
        errors
            .invalid(&kind_path, format!("the kind `{}` {problem}, apart from capitals", shortened(kind)))
            .says(format!("may have mixed case, but should otherwise match: {}", problem.says));
    }
}

fn group(group: &str, path: &Path, errors: &mut Errors<'_>) {
    if let [problem, ..] = &names::dns1123_subdomain(group)[..] {
        errors
            .invalid(path, format!("the group `{}` {problem}", shortened(group)))
            .of(group)
            .says(problem.says.clone());
    }
}

fn version(version: &str, path: &Path, errors: &mut Errors<'_>) {
    if let [problem, ..] = &names::dns1035_label(version)[..] {
        errors
            .invalid(path, format!("the version `{}` {problem}", shortened(version)))
            .of(version)
            .says(problem.says.clone());
    }
}

/// What a policy is about; unlike that of a binding, it must be said.
pub(super) fn constraints(resources: Option<&MatchResources>, path: &Path, errors: &mut Errors<'_>) {
    let Some(resources) = resources else {
        let help = "name the resources that the policy is about in `matchConstraints.resourceRules`";
        errors.required(path, "the policy does not say what it is about").help(help);
        return;
    };
    match_resources(resources, path, errors);
    if resources.resource_rules.as_deref().unwrap_or_default().is_empty() {
        errors.required(&path.field("resourceRules"), "the policy names no resources");
    }
}

/// `validateMatchResources`.
fn match_resources(resources: &MatchResources, path: &Path, errors: &mut Errors<'_>) {
    if let Some(policy) = resources.match_policy.as_deref().filter(|policy| !MATCH_POLICIES.contains(policy)) {
        errors.unsupported(&path.field("matchPolicy"), "the `matchPolicy`", policy, MATCH_POLICIES);
    }
    let selectors =
        [("namespaceSelector", &resources.namespace_selector), ("objectSelector", &resources.object_selector)];
    for (name, selector) in selectors {
        selector::label_selector(selector.as_ref(), &path.field(name), SelectorOptions::default(), errors);
    }
    for (name, rules) in
        [("resourceRules", &resources.resource_rules), ("excludeResourceRules", &resources.exclude_resource_rules)]
    {
        for (index, rule) in rules.iter().flatten().enumerate() {
            matching::named_rule(rule, &path.field(name).index(index), errors);
        }
    }
}

pub(super) fn conditions(
    conditions: Option<&[MatchCondition]>,
    params: bool,
    before: &Before,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    if before.same_conditions {
        return;
    }
    let path = path.field("matchConditions");
    matching::match_conditions(conditions.unwrap_or_default(), params, &before.conditions, &path, errors);
}

/// The variables of a policy, of which each may use those before it. Returns their types, if there are any.
pub(super) fn variables(
    variables: &[Variable],
    scope: Scope<'_>,
    before: &Before,
    path: &Path,
    errors: &mut Errors<'_>,
) -> Option<BTreeMap<String, Type>> {
    let mut types = BTreeMap::new();
    for (index, Variable { name, expression }) in variables.iter().enumerate() {
        let path = path.index(index);
        if name.trim().is_empty() {
            errors.required(&path.field("name"), "the variable has no name").says("name is not specified");
        } else if !is_identifier(name) {
            let message = format!("`{}` cannot be the name of a variable", shortened(name));
            let finding = errors.invalid(&path.field("name"), message).says("must be a valid CEL identifier");
            finding.help("use letters, digits and `_`, and none of the words that CEL keeps for itself");
        }
        if expression.trim().is_empty() {
            errors
                .required(&path.field("expression"), "the variable has no expression")
                .says("expression is not specified");
            continue;
        }
        let stored = before.expressions.contains(expression);
        let scope = Scope { variables: Some(&types), stored, ..scope };
        let output = expressions::check(expression, scope, &[], &path.field("expression"), errors);
        types.insert(name.clone(), output.as_ref().map_or(Type::Dyn, as_variable));
    }
    (!variables.is_empty()).then_some(types)
}

/// `isCELIdentifier`.
fn is_identifier(name: &str) -> bool {
    names::c_identifier(name).is_empty() && !cel::is_reserved(name)
}

fn validation(validation: &Validation, scope: Scope<'_>, before: &Before, path: &Path, errors: &mut Errors<'_>) {
    let Validation { expression, message, message_expression, reason } = validation;
    if expression.trim().is_empty() {
        errors
            .required(&path.field("expression"), "the validation has no expression")
            .says("expression is not specified");
    } else {
        let scope = Scope { stored: before.expressions.contains(expression), ..scope };
        expressions::check(expression, scope, &[Type::Bool], &path.field("expression"), errors);
    }
    let written = message_expression.as_deref().unwrap_or_default();
    if !written.is_empty() {
        let path = path.field("messageExpression");
        if written.trim().is_empty() {
            errors
                .invalid(&path, "the expression of the message is blank")
                .says("must be non-empty if specified")
                .says("must be non-empty if specified")
                .help("remove it");
        } else {
            // The server never gives parameters to messages of a policy's own compiler here.
            let scope =
                Scope { params: scope.params, authorizer: false, stored: before.messages.contains(written), ..scope };
            expressions::check(written, scope, &[Type::Text], &path, errors);
        }
    }
    let text = message.as_deref().unwrap_or_default();
    if !text.is_empty() && text.trim().is_empty() {
        errors.invalid(&path.field("message"), "the message is blank").help("remove it, or say what is wrong");
    } else if text.trim().contains(['\n', '\r']) {
        errors
            .invalid(&path.field("message"), "the message has several lines")
            .says("must not contain line breaks")
            .help("write it on one line");
    }
    if let Some(reason) = reason.as_deref().filter(|reason| !REASONS.contains(reason)) {
        errors.unsupported(&path.field("reason"), "the reason of a validation", reason, REASONS);
    }
}

fn audit_annotations(
    annotations: &[AuditAnnotation],
    name: &str,
    scope: Scope<'_>,
    before: &Before,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    if annotations.len() > AUDIT_ANNOTATIONS_LIMIT {
        let message = format!("there are {} audit annotations, more than {AUDIT_ANNOTATIONS_LIMIT}", annotations.len());
        errors
            .invalid(path, message)
            .says(format!("must not have more than {AUDIT_ANNOTATIONS_LIMIT} auditAnnotations"));
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, AuditAnnotation { key, value_expression }) in annotations.iter().enumerate() {
        let at = path.index(index);
        if name.is_empty() {
            errors
                .invalid(&at.field("key"), "the key of an audit annotation needs the policy to have a name")
                .says("requires metadata.name be non-empty");
        } else {
            let full = format!("{name}/{key}");
            let what = format!("the key `{}` behind the name of the policy", shortened(key));
            errors.each_invalid(&at.field("key"), what, names::qualified_name(&full));
        }
        let (value, trimmed) = (at.field("valueExpression"), value_expression.trim());
        if trimmed.is_empty() {
            errors.required(&value, "the audit annotation has no expression").says("valueExpression is not specified");
        } else if trimmed.len() > AUDIT_EXPRESSION_LIMIT {
            let message = format!("the expression has {} bytes, more than {AUDIT_EXPRESSION_LIMIT}", trimmed.len());
            errors
                .required(&value, message)
                .says(format!("must not exceed {AUDIT_EXPRESSION_LIMIT} bytes in length"))
                .help("shorten it")
                .rule("value-too-long");
        } else {
            let scope = Scope { stored: before.annotations.contains(value_expression), ..scope };
            expressions::check(trimmed, scope, &[Type::Text, Type::Null], &value, errors);
        }
        let first = *seen.entry(key).or_insert(index);
        if first != index {
            let place = errors.place(&path.index(first).field("key"));
            let message = format!("two audit annotations have the key `{}`", shortened(key));
            errors.duplicate(&at.field("key"), message).related(place, "the other one");
        }
    }
}

fn validating_binding(spec: &ValidatingAdmissionPolicyBindingSpec, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    binding(&spec.policy_name, spec.param_ref.as_ref(), spec.match_resources.as_ref(), &path, errors);
    let path = path.field("validationActions");
    let actions = &spec.validation_actions;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, action) in actions.iter().enumerate() {
        if !ACTIONS.contains(&action.as_str()) {
            errors.unsupported(&path.index(index), "a validation action", action, ACTIONS);
        }
        let first = *seen.entry(action).or_insert(index);
        if first != index {
            let place = errors.place(&path.index(first));
            let message = format!("the action `{}` stands in the list already", shortened(action));
            errors.duplicate(&path.index(index), message).related(place, "here");
        }
    }
    if seen.contains_key("Deny") && seen.contains_key("Warn") {
        let message = "`Deny` and `Warn` say the same thing twice to whom is refused";
        errors.invalid(&path, message).says("must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)").help("keep one of them");
    }
    if actions.is_empty() {
        let message = "the binding does not say what happens when the policy is violated";
        errors
            .required(&path, message)
            .says("at least one validation action is required")
            .help("write for example `[Deny]`");
    }
}

/// What bindings of both sorts have in common.
pub(super) fn binding(
    policy: &str,
    params: Option<&ParamRef>,
    resources: Option<&MatchResources>,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    if policy.is_empty() {
        errors.required(&path.field("policyName"), "the binding names no policy");
    } else {
        let what = format!("the name `{}` of the policy", shortened(policy));
        errors.each_invalid(&path.field("policyName"), what, names::dns1123_subdomain(policy));
    }
    if let Some(params) = params {
        param_ref(params, &path.field("paramRef"), errors);
    }
    if let Some(resources) = resources {
        match_resources(resources, &path.field("matchResources"), errors);
    }
}

/// `validateParamRef`.
fn param_ref(params: &ParamRef, path: &Path, errors: &mut Errors<'_>) {
    let name = params.name.as_deref().unwrap_or_default();
    let both = "the parameters are named, and selected by labels as well";
    if !name.is_empty() {
        let what = format!("the name `{}`", shortened(name));
        errors.each_invalid(&path.field("name"), what, names::path_segment_name(name));
        if params.selector.is_some() {
            errors
                .forbidden(&path.field("name"), both)
                .says("name and selector are mutually exclusive")
                .help("keep one of `name` and `selector`");
        }
    }
    if params.selector.is_some() {
        let at = path.field("selector");
        selector::label_selector(params.selector.as_ref(), &at, SelectorOptions::default(), errors);
        if !name.is_empty() {
            errors
                .forbidden(&at, both)
                .says("name and selector are mutually exclusive")
                .help("keep one of `name` and `selector`");
        }
    } else if name.is_empty() {
        errors
            .required(path, "the parameters are neither named nor selected")
            .says("one of name or selector must be specified")
            .help("give a `name` or a `selector`");
    }
    let path = path.field("parameterNotFoundAction");
    match params.parameter_not_found_action.as_deref().unwrap_or_default() {
        "" => {
            let message = "the binding does not say what happens if there are no parameters";
            errors.required(&path, message).help("write `Deny` or `Allow`");
        }
        action if !NOT_FOUND_ACTIONS.contains(&action) => {
            errors.unsupported(&path, "the action without parameters", action, NOT_FOUND_ACTIONS);
        }
        _ => {}
    }
}
