//! Policies that change objects, and their bindings.

use k8s_openapi::api::admissionregistration::v1::{
    ApplyConfiguration, JSONPatch, MatchResources, MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding,
    MutatingAdmissionPolicyBindingSpec, MutatingAdmissionPolicySpec, Mutation,
};
use k8s_openapi::api::admissionregistration::v1beta1;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::expressions::{self, Scope};
use super::policy::{self, Before};
use super::{policy_defaults as defaults, webhook};
use crate::admission::errors::Errors;
use crate::admission::{ApiServer, Kind};
use crate::cel::Type;
use crate::yaml::Path;

const OPERATIONS: [&str; 4] = ["*", "CONNECT", "CREATE", "UPDATE"];
const PATCH_TYPES: [&str; 2] = ["ApplyConfiguration", "JSONPatch"];
const REINVOCATION_POLICIES: [&str; 2] = ["IfNeeded", "Never"];

impl Kind for MutatingAdmissionPolicy {
    const UNCONDITIONAL_UPDATE: bool = false;

    fn set_defaults(&mut self, _: &ApiServer) {
        defaults::mutating(self.spec.get_or_insert_default());
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        webhook::reserved_name(&self.metadata, true, errors);
        policy(&self.spec.clone().unwrap_or_default(), &Before::default(), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        webhook::reserved_name(&self.metadata, false, errors);
        let (spec, old) = (self.spec.clone().unwrap_or_default(), old.spec.clone().unwrap_or_default());
        let mut before = Before {
            same_conditions: spec.param_kind == old.param_kind && spec.match_conditions == old.match_conditions,
            ..Before::default()
        };
        before.conditions.extend(old.match_conditions.into_iter().flatten().map(|condition| condition.expression));
        let applied = old.mutations.into_iter().flatten().filter_map(|mutation| mutation.apply_configuration);
        before.patches.extend(applied.filter_map(|applied| applied.expression));
        policy(&spec, &before, errors);
    }
}

impl Kind for MutatingAdmissionPolicyBinding {
    const UNCONDITIONAL_UPDATE: bool = false;

    fn set_defaults(&mut self, _: &ApiServer) {
        if let Some(resources) = self.spec.as_mut().and_then(|spec| spec.match_resources.as_mut()) {
            defaults::match_resources(resources);
        }
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        webhook::reserved_name(&self.metadata, true, errors);
        binding(&self.spec.clone().unwrap_or_default(), errors);
    }

    fn validate_update(&self, _: &Self, errors: &mut Errors<'_>) {
        webhook::reserved_name(&self.metadata, false, errors);
        binding(&self.spec.clone().unwrap_or_default(), errors);
    }
}

/// The beta kinds have the same fields and rules.
macro_rules! like_v1 {
    ($beta:ty => $stable:ty) => {
        impl Kind for $beta {
            const UNCONDITIONAL_UPDATE: bool = false;

            fn set_defaults(&mut self, server: &ApiServer) {
                let Some(mut stable) = converted::<_, $stable>(self) else { return };
                stable.set_defaults(server);
                if let Some(beta) = converted(&stable) {
                    *self = beta;
                }
            }

            fn validate(&self, errors: &mut Errors<'_>) {
                if let Some(stable) = converted::<_, $stable>(self) {
                    stable.validate(errors);
                }
            }

            fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
                if let (Some(stable), Some(old)) = (converted::<_, $stable>(self), converted::<_, $stable>(old)) {
                    stable.validate_update(&old, errors);
                }
            }
        }
    };
}

like_v1!(v1beta1::MutatingAdmissionPolicy => MutatingAdmissionPolicy);
like_v1!(v1beta1::MutatingAdmissionPolicyBinding => MutatingAdmissionPolicyBinding);

/// An object in another version that has the same fields.
fn converted<From: Serialize, To: DeserializeOwned + k8s_openapi::Resource>(from: &From) -> Option<To> {
    let mut value = serde_json::to_value(from).ok()?;
    value["apiVersion"] = To::API_VERSION.into();
    serde_json::from_value(value).ok()
}

fn policy(spec: &MutatingAdmissionPolicySpec, before: &Before, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    policy::failure_policy(spec.failure_policy.as_deref(), &path.field("failurePolicy"), errors);
    policy::param_kind(spec.param_kind.as_ref(), &path.field("paramKind"), errors);
    policy::constraints(spec.match_constraints.as_ref(), &path.field("matchConstraints"), errors);
    operations(spec.match_constraints.as_ref(), &path.field("matchConstraints"), errors);
    let params = spec.param_kind.is_some();
    policy::conditions(spec.match_conditions.as_deref(), params, before, &path, errors);
    let variables = spec.variables.as_deref().unwrap_or_default();
    let scope = Scope { params, authorizer: true, ..Scope::default() };
    let variables = policy::variables(variables, scope, before, &path.field("variables"), errors);
    // Here there are always variables, if need be none.
    let variables = variables.unwrap_or_default();
    let scope = Scope { variables: Some(&variables), mutations: true, ..scope };
    let mutations = spec.mutations.as_deref().unwrap_or_default();
    if mutations.is_empty() {
        errors
            .required(&path.field("mutations"), "the policy has no mutations")
            .says("mutations must contain at least one item");
    }
    for (index, mutation) in mutations.iter().enumerate() {
        self::mutation(mutation, scope, before, &path.field("mutations").index(index), errors);
    }
    let path = path.field("reinvocationPolicy");
    match spec.reinvocation_policy.as_deref().unwrap_or_default() {
        "" => {
            errors.required(&path, "the policy has no `reinvocationPolicy`").help("write `Never` or `IfNeeded`");
        }
        policy if !REINVOCATION_POLICIES.contains(&policy) => {
            errors.unsupported(&path, "the `reinvocationPolicy`", policy, REINVOCATION_POLICIES);
        }
        _ => {}
    }
}

/// Nothing can be changed in what is deleted.
fn operations(resources: Option<&MatchResources>, path: &Path, errors: &mut Errors<'_>) {
    let rules = resources.and_then(|resources| resources.resource_rules.as_deref()).unwrap_or_default();
    for (index, rule) in rules.iter().enumerate() {
        for (at, operation) in rule.operations.iter().flatten().enumerate() {
            if !OPERATIONS.contains(&operation.as_str()) {
                let place = path.field("resourceRules").index(index).field("operations").index(at);
                let field = path.fields(&["resourceRules", "operations"]);
                errors.unsupported(&place, "the operation of a mutation", operation, OPERATIONS).called(field);
            }
        }
    }
}

fn mutation(mutation: &Mutation, scope: Scope<'_>, before: &Before, path: &Path, errors: &mut Errors<'_>) {
    let Mutation { apply_configuration, json_patch, patch_type } = mutation;
    let (apply, json) = (path.field("applyConfiguration"), path.field("jsonPatch"));
    let other = |path: &Path, errors: &mut Errors<'_>| {
        let message = format!("this does not go with `patchType: {patch_type}`");
        errors
            .invalid(path, message)
            .says(format!("must not be specified when patchType is {patch_type}"))
            .help("remove it, or change the `patchType`");
    };
    let missing = |path: &Path, errors: &mut Errors<'_>| {
        errors
            .required(path, format!("`patchType: {patch_type}` needs this"))
            .says(format!("must be specified when patchType is {patch_type}"));
    };
    match patch_type.as_str() {
        "" => {
            errors.required(&path.field("patchType"), "the mutation has no `patchType`");
        }
        "JSONPatch" => {
            match json_patch {
                Some(JSONPatch { expression }) => {
                    expression_of(expression.as_deref(), expressions::patches(), scope, before, &json, errors);
                }
                None => missing(&json, errors),
            }
            if apply_configuration.is_some() {
                other(&apply, errors);
            }
        }
        "ApplyConfiguration" => {
            match apply_configuration {
                Some(ApplyConfiguration { expression }) => {
                    expression_of(expression.as_deref(), expressions::object(), scope, before, &apply, errors);
                }
                None => missing(&apply, errors),
            }
            if json_patch.is_some() {
                other(&json, errors);
            }
        }
        unknown => {
            errors.unsupported(&path.field("patchType"), "the `patchType`", unknown, PATCH_TYPES);
        }
    }
}

fn expression_of(
    expression: Option<&str>,
    wanted: Type,
    scope: Scope<'_>,
    before: &Before,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let path = path.field("expression");
    let written = expression.unwrap_or_default();
    if written.trim().is_empty() {
        errors.required(&path, "the mutation has no expression");
        return;
    }
    let scope = Scope { stored: before.patches.contains(written), ..scope };
    expressions::check(written.trim(), scope, &[wanted], &path, errors);
}

fn binding(spec: &MutatingAdmissionPolicyBindingSpec, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    let policy = spec.policy_name.as_deref().unwrap_or_default();
    policy::binding(policy, spec.param_ref.as_ref(), spec.match_resources.as_ref(), &path, errors);
    operations(spec.match_resources.as_ref(), &path.field("matchResources"), errors);
}
