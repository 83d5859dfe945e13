//! What an autoscaler goes by.
//!
//! Mirrors `validateMetrics` and its neighbours in pkg/apis/autoscaling/validation (v1.36).

use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricSource, ExternalMetricSource, MetricIdentifier, MetricSpec, MetricTarget,
    ObjectMetricSource, PodsMetricSource, ResourceMetricSource,
};
use k8s_openapi::apimachinery::pkg::api::resource;

use super::reference;
use crate::admission::errors::{Errors, shortened};
use crate::values::names::{self, Problem};
use crate::values::quantity::Quantity;
use crate::yaml::Path;

/// What the `apiVersion` of a reference may be (`CrossVersionObjectReferenceValidationOptions`).
#[derive(Clone, Copy)]
pub(super) struct References {
    /// Anything, as it was so before.
    pub(super) any_version: bool,
    /// A version without a group, as the core group has.
    pub(super) no_group: bool,
}

impl References {
    /// As `ValidateAPIVersion`.
    pub(super) fn version_problem(self, version: &str) -> Option<Problem> {
        let problem = match version.split('/').collect::<Vec<_>>()[..] {
            _ if self.any_version => return None,
            // As `ParseGroupVersion` has it, `/` alone is nothing at all.
            _ if matches!(version, "" | "/") && self.no_group => return None,
            [_] | ["", _] if self.no_group => return None,
            [""] => Problem::new("the reference has no `apiVersion`", NO_GROUP),
            [_] | ["", _] => Problem::new(format!("the apiVersion `{}` names no group", shortened(version)), NO_GROUP),
            [_, _] => return None,
            _ => Problem::new(
                format!("the apiVersion `{}` has more than one `/`", shortened(version)),
                format!("unexpected GroupVersion string: {version}"),
            ),
        };
        Some(problem)
    }
}

const NO_GROUP: &str = "apiVersion must specify API group";

/// Whether an object that a metric is about has an `apiVersion` that would not be taken.
pub(super) fn has_invalid_version(metrics: &[MetricSpec]) -> bool {
    let allowed = References { any_version: false, no_group: true };
    let objects = metrics.iter().filter(|metric| metric.type_ == "Object").filter_map(|metric| metric.object.as_ref());
    objects.into_iter().any(|object| {
        allowed.version_problem(object.described_object.api_version.as_deref().unwrap_or_default()).is_some()
    })
}

/// As `validateMetrics`.
pub(super) fn check(
    metrics: &[MetricSpec],
    min_replicas: Option<i32>,
    references: References,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    for (index, metric) in metrics.iter().enumerate() {
        self::metric(metric, references, &path.index(index), errors);
    }
    let counts_without_pods = |metric: &MetricSpec| matches!(metric.type_.as_str(), "Object" | "External");
    if min_replicas == Some(0) && !metrics.iter().any(counts_without_pods) {
        let message = "an autoscaler that may go down to 0 pods needs a metric of type `Object` or `External`";
        errors
            .forbidden(path, message)
            .says("must specify at least one Object or External metric to support scaling to zero replicas")
            .help("add one of these: the others are measured in pods");
    }
}

const TYPES: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];

/// The field that holds what a metric of this type is about.
fn field_of(kind: &str) -> Option<&'static str> {
    match kind {
        "Object" => Some("object"),
        "External" => Some("external"),
        "Pods" => Some("pods"),
        "Resource" => Some("resource"),
        "ContainerResource" => Some("containerResource"),
        _ => None,
    }
}

/// As `validateMetricSpec`. Of several sources only the first one is looked at.
fn metric(metric: &MetricSpec, references: References, path: &Path, errors: &mut Errors<'_>) {
    let expected = field_of(&metric.type_);
    if metric.type_.is_empty() {
        let finding =
            errors.required(&path.field("type"), "the metric has no type").says("must specify a metric source type");
        finding.help(format!("write one of `{}`", TYPES.join("`, `")));
    }
    if expected.is_none() {
        errors.unsupported(&path.field("type"), "the type of a metric", &metric.type_, TYPES);
    }
    let present: Vec<&'static str> = [
        ("object", metric.object.is_some()),
        ("external", metric.external.is_some()),
        ("pods", metric.pods.is_some()),
        ("resource", metric.resource.is_some()),
        ("containerResource", metric.container_resource.is_some()),
    ]
    .into_iter()
    .filter_map(|(field, is_present)| is_present.then_some(field))
    .collect();
    match (&metric.object, &metric.external, &metric.pods, &metric.resource, &metric.container_resource) {
        (Some(source), ..) => object(source, references, &path.field("object"), errors),
        (_, Some(source), ..) => external(source, &path.field("external"), errors),
        (_, _, Some(source), ..) => pods(source, &path.field("pods"), errors),
        (_, _, _, Some(source), _) => resource(source, &path.field("resource"), errors),
        (.., Some(source)) => container_resource(source, &path.field("containerResource"), errors),
        _ => {}
    }
    if let Some(expected) = expected.filter(|expected| !present.contains(expected)) {
        let message = format!("a metric of type `{}` needs `{expected}`", metric.type_);
        errors
            .required(&path.field(expected), message)
            .says("must populate information for the given metric source")
            .help(format!("add `{expected}`, or write another `type`"));
    }
    if present.len() > 1 {
        for field in present.into_iter().filter(|field| Some(*field) != expected) {
            let message = format!("a metric of type `{}` cannot have `{field}`", shortened(&metric.type_));
            errors
                .forbidden(&path.field(field), message)
                .says("must populate the given metric source only")
                .help("make two metrics of it");
        }
    }
}

fn object(source: &ObjectMetricSource, references: References, path: &Path, errors: &mut Errors<'_>) {
    reference(&source.described_object, references, &path.field("describedObject"), errors);
    identifier(&source.metric, &path.field("metric"), errors);
    let path = path.field("target");
    target(&source.target, &path, errors);
    if source.target.value.is_none() && source.target.average_value.is_none() {
        needs(
            &path,
            "averageValue",
            "a metric of an object needs a `value` or an `averageValue`",
            "must set either a target value or averageValue",
            errors,
        );
    }
}

fn external(source: &ExternalMetricSource, path: &Path, errors: &mut Errors<'_>) {
    identifier(&source.metric, &path.field("metric"), errors);
    let path = path.field("target");
    target(&source.target, &path, errors);
    match (&source.target.value, &source.target.average_value) {
        (None, None) => {
            needs(
                &path,
                "averageValue",
                "an external metric needs a `value` or an `averageValue`",
                "must set either a target value for metric or a per-pod target",
                errors,
            );
        }
        (Some(_), Some(_)) => one_of(
            &path,
            "value",
            "averageValue",
            "may not set both a target value for metric and a per-pod target",
            errors,
        ),
        _ => {}
    }
}

fn pods(source: &PodsMetricSource, path: &Path, errors: &mut Errors<'_>) {
    identifier(&source.metric, &path.field("metric"), errors);
    let path = path.field("target");
    target(&source.target, &path, errors);
    if source.target.average_value.is_none() {
        needs(
            &path,
            "averageValue",
            "a metric of pods needs an `averageValue`",
            "must specify a positive target averageValue",
            errors,
        );
    }
}

fn resource(source: &ResourceMetricSource, path: &Path, errors: &mut Errors<'_>) {
    if source.name.is_empty() {
        needs(path, "name", "the metric names no resource", "must specify a resource name", errors);
    }
    of_resource(&source.target, &path.field("target"), errors);
}

fn container_resource(source: &ContainerResourceMetricSource, path: &Path, errors: &mut Errors<'_>) {
    if source.name.is_empty() {
        needs(path, "name", "the metric names no resource", "must specify a resource name", errors);
    } else if let Some(problem) = resource_problem(&source.name) {
        let message = format!("`{}` {problem}", shortened(&source.name));
        errors.invalid(&path.field("name"), message).problem(problem).help("write `cpu` or `memory`");
    }
    if source.container.is_empty() {
        needs(path, "container", "the metric names no container", "must specify a container", errors);
    } else {
        let what = format!("the name of a container `{}`", shortened(&source.container));
        errors.each_invalid(&path.field("container"), what, names::dns1123_label(&source.container));
    }
    of_resource(&source.target, &path.field("target"), errors);
}

/// As `ValidateContainerResourceName`.
fn resource_problem(name: &str) -> Option<Problem> {
    if let Some(problem) = names::qualified_name(name).into_iter().next() {
        return Some(problem);
    }
    if !name.contains('/') {
        let is_standard = matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
        return (!is_standard)
            .then(|| Problem::new("is no resource of a container", "must be a standard resource for containers"));
    }
    let is_extended = name.contains("kubernetes.io/")
        || !name.starts_with("requests.") && names::qualified_name(&format!("requests.{name}")).is_empty();
    let says = "doesn't follow extended resource name standard";
    (!is_extended).then(|| Problem::new("is no name of an extended resource", says))
}

/// The target of a metric of resources.
fn of_resource(target: &MetricTarget, path: &Path, errors: &mut Errors<'_>) {
    self::target(target, path, errors);
    match (target.average_utilization, &target.average_value) {
        (None, None) => {
            let message = "a metric of a resource needs an `averageUtilization` or an `averageValue`";
            needs(
                path,
                "averageUtilization",
                message,
                "must set either a target raw value or a target utilization",
                errors,
            );
        }
        (Some(_), Some(_)) => one_of(
            path,
            "averageValue",
            "averageUtilization",
            "may not set both a target raw value and a target utilization",
            errors,
        ),
        _ => {}
    }
}

fn needs(path: &Path, field: &'static str, message: &str, says: &'static str, errors: &mut Errors<'_>) {
    errors.required(&path.field(field), message).says(says).help(format!("add `{field}`"));
}

fn one_of(path: &Path, field: &'static str, other: &'static str, says: &'static str, errors: &mut Errors<'_>) {
    let place = errors.place(&path.field(other));
    let message = format!("a metric cannot have both `{field}` and `{other}`");
    let finding = errors.forbidden(&path.field(field), message).says(says);
    finding.related(place, "the other one").help("delete one of them, or make two metrics of it");
}

/// As `validateMetricTarget`.
fn target(target: &MetricTarget, path: &Path, errors: &mut Errors<'_>) {
    const HELP: &str = "write one of `Utilization`, `Value`, `AverageValue`";
    if target.type_.is_empty() {
        errors
            .required(&path.field("type"), "the target has no type")
            .says("must specify a metric target type")
            .help(HELP);
    }
    if !matches!(target.type_.as_str(), "Utilization" | "Value" | "AverageValue") {
        let message = format!("the type of a target cannot be `{}`", shortened(&target.type_));
        errors
            .invalid(&path.field("type"), message)
            .of(target.type_.as_str())
            .says("must be either Utilization, Value, or AverageValue")
            .help(HELP);
    }
    for (field, value) in [("value", &target.value), ("averageValue", &target.average_value)] {
        if value.as_ref().is_some_and(|value| !is_positive(value)) {
            errors
                .invalid(&path.field(field), format!("`{field}` must be above 0"))
                .says("must be positive")
                .help("write a larger number");
        }
    }
    if let Some(percent) = target.average_utilization.filter(|percent| *percent < 1) {
        let message = format!("a utilization is at least 1 %, not {percent}");
        errors
            .invalid(&path.field("averageUtilization"), message)
            .says("must be greater than 0")
            .help("write the percentage that pods should use");
    }
}

fn is_positive(value: &resource::Quantity) -> bool {
    Quantity::decode(&value.0).is_ok_and(|value| value.sign().is_gt())
}

fn identifier(metric: &MetricIdentifier, path: &Path, errors: &mut Errors<'_>) {
    if metric.name.is_empty() {
        needs(path, "name", "the metric has no name", "must specify a metric name", errors);
    } else {
        let what = format!("the name of a metric `{}`", shortened(&metric.name));
        errors.each_invalid(&path.field("name"), what, names::path_segment_name(&metric.name));
    }
}
