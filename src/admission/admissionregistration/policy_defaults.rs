//! Defaults of admission policies (pkg/apis/admissionregistration/v1/defaults.go).

use k8s_openapi::api::admissionregistration::v1::{
    MatchResources, MutatingAdmissionPolicySpec, ValidatingAdmissionPolicySpec,
};

/// Of a policy that refuses.
pub(super) fn validating(spec: &mut ValidatingAdmissionPolicySpec) {
    spec.failure_policy.get_or_insert_with(|| "Fail".to_owned());
    spec.match_constraints.as_mut().into_iter().for_each(match_resources);
}

/// Of a policy that changes.
pub(super) fn mutating(spec: &mut MutatingAdmissionPolicySpec) {
    spec.failure_policy.get_or_insert_with(|| "Fail".to_owned());
    spec.match_constraints.as_mut().into_iter().for_each(match_resources);
}

/// What a policy or binding is about.
pub(super) fn match_resources(resources: &mut MatchResources) {
    resources.match_policy.get_or_insert_with(|| "Equivalent".to_owned());
    resources.namespace_selector.get_or_insert_default();
    resources.object_selector.get_or_insert_default();
    let rules = resources.resource_rules.iter_mut().chain(&mut resources.exclude_resource_rules).flatten();
    for rule in rules {
        rule.scope.get_or_insert_with(|| "*".to_owned());
    }
}
