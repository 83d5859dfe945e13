//! Autoscalers in version v1, which the server turns into newer ones before it looks at them: metrics and behavior stand in
//! annotations there.
//!
//! Mirrors `Convert_v1_HorizontalPodAutoscaler_To_autoscaling_HorizontalPodAutoscaler` and those that it calls
//! (pkg/apis/autoscaling/v1/conversion.go, v1.36). An annotation that cannot be read is left out, as there.

use k8s_openapi::api::autoscaling::{v1, v2};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize;

use super::behavior::drop_tolerance;
use super::defaults;
use crate::admission::ApiServer;
use crate::admission::Kind as _;
use crate::admission::errors::Errors;
use crate::cluster::Object;
use crate::yaml::Path;

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

/// Says where the newer version's fields stand in a manifest of the older one.
pub(super) fn written_at(autoscaler: &v1::HorizontalPodAutoscaler, errors: &mut Errors<'_>) {
    let spec = Path::root().field("spec");
    let annotations = Path::root().fields(&["metadata", "annotations"]);
    errors.copied(spec.field("behavior"), annotations.key(BEHAVIOR), "");
    let others = other_metrics(autoscaler).map_or(0, |metrics| metrics.len());
    if others > 0 {
        errors.copied(spec.field("metrics"), annotations.key(METRICS), "");
    }
    let utilization = ["resource", "target", "averageUtilization"];
    let field = spec.field("metrics").index(others).fields(&utilization);
    errors.copied(field, spec.field("targetCPUUtilizationPercentage"), "");
}

/// The same as a newer one that replaces `old`.
pub(super) fn newer(
    autoscaler: &v1::HorizontalPodAutoscaler,
    old: Option<&v2::HorizontalPodAutoscaler>,
    server: &ApiServer,
) -> v2::HorizontalPodAutoscaler {
    let spec = &autoscaler.spec;
    let target = &spec.scale_target_ref;
    let mut metrics = other_metrics(autoscaler).unwrap_or_default();
    metrics.extend(spec.target_cpu_utilization_percentage.map(defaults::cpu));
    if metrics.is_empty() {
        metrics.push(defaults::cpu(defaults::CPU_UTILIZATION));
    }
    let mut newer = v2::HorizontalPodAutoscaler {
        spec: v2::HorizontalPodAutoscalerSpec {
            behavior: behavior(autoscaler),
            max_replicas: spec.max_replicas,
            metrics: Some(metrics),
            min_replicas: spec.min_replicas,
            scale_target_ref: v2::CrossVersionObjectReference {
                api_version: target.api_version.clone(),
                kind: target.kind.clone(),
                name: target.name.clone(),
            },
        },
        ..Default::default()
    };
    drop_tolerance(&mut newer, old, server);
    newer
}

/// An autoscaler of this version as the server would store one that came in version v2.
pub(in crate::admission) fn newest(object: &Object, server: &ApiServer) -> Option<serde_json::Value> {
    let autoscaler = object.model::<v1::HorizontalPodAutoscaler>()?;
    let mut newer = newer(autoscaler, None, server);
    newer.metadata = autoscaler.metadata.clone();
    if let Some(annotations) = &mut newer.metadata.annotations {
        annotations.retain(|key, _| ![METRICS, BEHAVIOR].contains(&key.as_str()));
    }
    newer.set_defaults(server);
    serde_json::to_value(newer).ok()
}

fn annotation<'a>(autoscaler: &'a v1::HorizontalPodAutoscaler, key: &str) -> Option<&'a str> {
    autoscaler.metadata.annotations.as_ref()?.get(key).map(String::as_str)
}

fn behavior(autoscaler: &v1::HorizontalPodAutoscaler) -> Option<v2::HorizontalPodAutoscalerBehavior> {
    let behavior: Behavior = serde_json::from_str(annotation(autoscaler, BEHAVIOR)?).ok()?;
    if behavior.scale_up.is_none() && behavior.scale_down.is_none() {
        return None;
    }
    let rules = |rules: Option<Rules>| rules.map(Rules::newer);
    Some(v2::HorizontalPodAutoscalerBehavior {
        scale_up: rules(behavior.scale_up),
        scale_down: rules(behavior.scale_down),
    })
}

fn other_metrics(autoscaler: &v1::HorizontalPodAutoscaler) -> Option<Vec<v2::MetricSpec>> {
    let metrics: Vec<Metric> = serde_json::from_str(annotation(autoscaler, METRICS)?).ok()?;
    Some(metrics.into_iter().map(Metric::newer).collect())
}

/// The server's own type, whose fields have capital initials.
#[derive(Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[derive(Default)]
struct Behavior {
    #[serde(alias = "scaleUp")]
    scale_up: Option<Rules>,
    #[serde(alias = "scaleDown")]
    scale_down: Option<Rules>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Rules {
    #[serde(alias = "stabilizationWindowSeconds")]
    stabilization_window_seconds: Option<i32>,
    #[serde(alias = "selectPolicy")]
    select_policy: Option<String>,
    #[serde(alias = "policies")]
    policies: Option<Vec<Policy>>,
    #[serde(alias = "tolerance")]
    tolerance: Option<Quantity>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Policy {
    #[serde(rename = "Type", alias = "type")]
    kind: String,
    #[serde(alias = "value")]
    value: i32,
    #[serde(alias = "periodSeconds")]
    period_seconds: i32,
}

impl Rules {
    fn newer(self) -> v2::HPAScalingRules {
        let policies = self.policies.map(|policies| {
            let policy = |policy: Policy| v2::HPAScalingPolicy {
                period_seconds: policy.period_seconds,
                type_: policy.kind,
                value: policy.value,
            };
            policies.into_iter().map(policy).collect()
        });
        v2::HPAScalingRules {
            policies,
            select_policy: self.select_policy,
            stabilization_window_seconds: self.stabilization_window_seconds,
            tolerance: self.tolerance,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metric {
    #[serde(rename = "type")]
    kind: String,
    object: Option<Source>,
    pods: Option<Source>,
    resource: Option<Source>,
    container_resource: Option<Source>,
    external: Option<Source>,
}

/// The fields of all sorts of sources.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Source {
    target: Option<v1::CrossVersionObjectReference>,
    metric_name: String,
    selector: Option<LabelSelector>,
    metric_selector: Option<LabelSelector>,
    target_value: Option<Quantity>,
    average_value: Option<Quantity>,
    target_average_value: Option<Quantity>,
    target_average_utilization: Option<i32>,
    name: String,
    container: String,
}

impl Metric {
    fn newer(self) -> v2::MetricSpec {
        v2::MetricSpec {
            container_resource: self.container_resource.map(|source| v2::ContainerResourceMetricSource {
                target: source.of_resource(),
                container: source.container,
                name: source.name,
            }),
            external: self.external.map(|source| v2::ExternalMetricSource {
                target: v2::MetricTarget {
                    type_: if source.target_value.is_some() { "Value" } else { "AverageValue" }.to_owned(),
                    value: source.target_value,
                    average_value: source.target_average_value,
                    average_utilization: None,
                },
                metric: v2::MetricIdentifier { name: source.metric_name, selector: source.metric_selector },
            }),
            object: self.object.map(Source::of_object),
            pods: self.pods.map(|source| v2::PodsMetricSource {
                target: v2::MetricTarget {
                    type_: "AverageValue".to_owned(),
                    average_value: Some(source.target_average_value.unwrap_or_else(nothing)),
                    ..Default::default()
                },
                metric: v2::MetricIdentifier { name: source.metric_name, selector: source.selector },
            }),
            resource: self
                .resource
                .map(|source| v2::ResourceMetricSource { target: source.of_resource(), name: source.name }),
            type_: self.kind,
        }
    }
}

/// The amount of a field that is no pointer and not given.
fn nothing() -> Quantity {
    Quantity("0".to_owned())
}

impl Source {
    fn of_resource(&self) -> v2::MetricTarget {
        let utilization = self.target_average_utilization;
        v2::MetricTarget {
            type_: if utilization.is_some() { "Utilization" } else { "AverageValue" }.to_owned(),
            average_value: self.target_average_value.clone(),
            average_utilization: utilization,
            value: None,
        }
    }

    fn of_object(self) -> v2::ObjectMetricSource {
        let value = self.target_value.unwrap_or_else(nothing);
        let is_zero = crate::values::quantity::Quantity::decode(&value.0).is_ok_and(|value| value.is_zero());
        let described = self.target.unwrap_or_default();
        v2::ObjectMetricSource {
            target: v2::MetricTarget {
                type_: if self.average_value.is_some() { "AverageValue" } else { "Value" }.to_owned(),
                // An amount beside the average is written even where it is nothing.
                value: Some(value).filter(|_| self.average_value.is_none() || !is_zero),
                average_value: self.average_value,
                average_utilization: None,
            },
            described_object: v2::CrossVersionObjectReference {
                api_version: described.api_version,
                kind: described.kind,
                name: described.name,
            },
            metric: v2::MetricIdentifier { name: self.metric_name, selector: self.selector },
        }
    }
}
