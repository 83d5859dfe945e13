//! How fast an autoscaler goes.
//!
//! Mirrors `validateScalingRules` in pkg/apis/autoscaling/validation and `dropDisabledFields` in
//! pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go (v1.36).

use k8s_openapi::api::autoscaling::v2::{
    HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior,
};

use crate::admission::ApiServer;
use crate::admission::errors::Errors;
use crate::admission::gates::Gate;
use crate::values::quantity::Quantity;
use crate::yaml::Path;

/// The tolerance is dropped where the server does not know it, unless it was there before.
pub(super) fn drop_tolerance(
    autoscaler: &mut HorizontalPodAutoscaler,
    old: Option<&HorizontalPodAutoscaler>,
    server: &ApiServer,
) {
    let is_used = |behavior: &HorizontalPodAutoscalerBehavior| {
        [&behavior.scale_up, &behavior.scale_down].into_iter().flatten().any(|rules| rules.tolerance.is_some())
    };
    if server.enabled(Gate::HPAConfigurableTolerance)
        || old.and_then(|old| old.spec.behavior.as_ref()).is_some_and(is_used)
    {
        return;
    }
    if let Some(behavior) = &mut autoscaler.spec.behavior {
        for rules in [&mut behavior.scale_up, &mut behavior.scale_down].into_iter().flatten() {
            rules.tolerance = None;
        }
    }
}

/// As `validateBehavior`.
pub(super) fn check(behavior: &HorizontalPodAutoscalerBehavior, path: &Path, errors: &mut Errors<'_>) {
    for (field, rules) in [("scaleUp", &behavior.scale_up), ("scaleDown", &behavior.scale_down)] {
        if let Some(rules) = rules {
            self::rules(rules, &path.field(field), errors);
        }
    }
}

/// An hour.
const LONGEST_WINDOW: i32 = 3600;
/// Half an hour.
const LONGEST_PERIOD: i32 = 1800;

fn rules(rules: &HPAScalingRules, path: &Path, errors: &mut Errors<'_>) {
    if let Some(window) = rules.stabilization_window_seconds
        && !(0..=LONGEST_WINDOW).contains(&window)
    {
        let message = format!("`stabilizationWindowSeconds` is from 0 to {LONGEST_WINDOW}, not {window}");
        let finding = errors.invalid(&path.field("stabilizationWindowSeconds"), message);
        finding.help(format!("write a number from 0 to {LONGEST_WINDOW}, an hour"));
    }
    if let Some(policy) = rules.select_policy.as_deref()
        && !matches!(policy, "Max" | "Min" | "Disabled")
    {
        let what = "the `selectPolicy` of an autoscaler";
        errors.unsupported(&path.field("selectPolicy"), what, policy, ["Disabled", "Max", "Min"]);
    }
    let at = path.field("policies");
    let policies = rules.policies.as_deref().unwrap_or_default();
    if policies.is_empty() {
        let finding = errors.required(&at, "the list of policies is empty").says("must specify at least one Policy");
        finding.help("delete `policies` for the defaults, add a policy, or write `selectPolicy: Disabled`");
    }
    for (index, policy) in policies.iter().enumerate() {
        self::policy(policy, &at.index(index), errors);
    }
    let tolerance = rules.tolerance.as_ref().and_then(|tolerance| Quantity::decode(&tolerance.0).ok());
    if tolerance.is_some_and(|tolerance| tolerance.sign().is_lt()) {
        let finding = errors
            .invalid(&path.field("tolerance"), "`tolerance` cannot be negative")
            .says("must be greater or equal to zero");
        finding.help("write a share, such as `0.1` for a tenth");
    }
}

fn policy(policy: &HPAScalingPolicy, path: &Path, errors: &mut Errors<'_>) {
    if !matches!(policy.type_.as_str(), "Pods" | "Percent") {
        errors.unsupported(&path.field("type"), "the type of a policy", &policy.type_, ["Percent", "Pods"]);
    }
    if policy.value <= 0 {
        let message = format!("the `value` of a policy is at least 1, not {}", policy.value);
        errors
            .invalid(&path.field("value"), message)
            .says("must be greater than zero")
            .help("write how many pods, or how many percent of them");
    }
    if !(1..=LONGEST_PERIOD).contains(&policy.period_seconds) {
        let message = format!("`periodSeconds` is from 1 to {LONGEST_PERIOD}, not {}", policy.period_seconds);
        let finding = errors.invalid(&path.field("periodSeconds"), message).says(if policy.period_seconds <= 0 {
            "must be greater than zero".to_owned()
        } else {
            format!("must be less than or equal to {LONGEST_PERIOD}")
        });
        finding.help(format!("write a number from 1 to {LONGEST_PERIOD}, half an hour"));
    }
}
