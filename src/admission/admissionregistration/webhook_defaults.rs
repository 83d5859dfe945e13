//! Defaults of webhook configurations (pkg/apis/admissionregistration/v1/defaults.go).

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhook, RuleWithOperations, ValidatingWebhook, WebhookClientConfig,
};

/// Fills in what a validating webhook may leave out.
pub(super) fn validating(hook: &mut ValidatingWebhook) {
    hook.failure_policy.get_or_insert_with(|| "Fail".to_owned());
    hook.match_policy.get_or_insert_with(|| "Equivalent".to_owned());
    hook.namespace_selector.get_or_insert_default();
    hook.object_selector.get_or_insert_default();
    hook.timeout_seconds.get_or_insert(10);
    shared(hook.rules.as_deref_mut(), &mut hook.client_config);
}

/// Fills in what a mutating webhook may leave out.
pub(super) fn mutating(hook: &mut MutatingWebhook) {
    hook.failure_policy.get_or_insert_with(|| "Fail".to_owned());
    hook.match_policy.get_or_insert_with(|| "Equivalent".to_owned());
    hook.namespace_selector.get_or_insert_default();
    hook.object_selector.get_or_insert_default();
    hook.timeout_seconds.get_or_insert(10);
    hook.reinvocation_policy.get_or_insert_with(|| "Never".to_owned());
    shared(hook.rules.as_deref_mut(), &mut hook.client_config);
}

fn shared(rules: Option<&mut [RuleWithOperations]>, client: &mut WebhookClientConfig) {
    for rule in rules.into_iter().flatten() {
        rule.scope.get_or_insert_with(|| "*".to_owned());
    }
    if let Some(service) = &mut client.service {
        service.port.get_or_insert(443);
    }
}
