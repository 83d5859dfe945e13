//! Defaults of autoscalers (pkg/apis/autoscaling/v2/defaults.go).

use k8s_openapi::api::autoscaling::v2::{
    HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler, MetricSpec, MetricTarget, ResourceMetricSource,
};

/// The percentage of their CPU that pods should use if nothing else is said (`DefaultCPUUtilization`).
pub(super) const CPU_UTILIZATION: i32 = 80;

pub(super) fn autoscaler(autoscaler: &mut HorizontalPodAutoscaler) {
    let spec = &mut autoscaler.spec;
    spec.min_replicas.get_or_insert(1);
    if spec.metrics.as_ref().is_none_or(Vec::is_empty) {
        spec.metrics = Some(vec![cpu(CPU_UTILIZATION)]);
    }
    let Some(behavior) = &mut spec.behavior else { return };
    let policy = |kind: &str, value| HPAScalingPolicy { period_seconds: 15, type_: kind.to_owned(), value };
    let up = behavior.scale_up.get_or_insert_default();
    rules(up, vec![policy("Pods", 4), policy("Percent", 100)]);
    up.stabilization_window_seconds.get_or_insert(0);
    rules(behavior.scale_down.get_or_insert_default(), vec![policy("Percent", 100)]);
}

/// A list of policies that is written stays as it is, even if it is empty.
fn rules(rules: &mut HPAScalingRules, policies: Vec<HPAScalingPolicy>) {
    rules.select_policy.get_or_insert_with(|| "Max".to_owned());
    rules.policies.get_or_insert(policies);
}

/// The metric of the pods' CPU, with the percentage that they should use.
pub(super) fn cpu(utilization: i32) -> MetricSpec {
    MetricSpec {
        type_: "Resource".to_owned(),
        resource: Some(ResourceMetricSource {
            name: "cpu".to_owned(),
            target: MetricTarget {
                type_: "Utilization".to_owned(),
                average_utilization: Some(utilization),
                ..Default::default()
            },
        }),
        ..Default::default()
    }
}
