//! `HorizontalPodAutoscalers` and `PodDisruptionBudgets`.

mod behavior;
mod defaults;
mod metrics;
mod older;

use k8s_openapi::api::autoscaling::{v1, v2};

use self::metrics::References;
pub(super) use self::older::newest;
use super::errors::{Errors, shortened};
use super::{ApiServer, How, Kind};
use crate::admission::gates::Gate;
use crate::values::names;
use crate::yaml::Path;

impl Kind for v2::HorizontalPodAutoscaler {
    fn set_defaults(&mut self, _: &ApiServer) {
        defaults::autoscaler(self);
    }

    fn prepare(&mut self, old: Option<&mut Self>, _: How, errors: &mut Errors<'_>) -> bool {
        behavior::drop_tolerance(self, old.as_deref(), errors.server);
        true
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        spec(&self.spec, None, errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        spec(&self.spec, Some(&old.spec), errors);
    }
}

impl Kind for v1::HorizontalPodAutoscaler {
    fn set_defaults(&mut self, _: &ApiServer) {
        self.spec.min_replicas.get_or_insert(1);
    }

    fn prepare(&mut self, _: Option<&mut Self>, _: How, errors: &mut Errors<'_>) -> bool {
        older::written_at(self, errors);
        true
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        spec(&older::newer(self, None, errors.server).spec, None, errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let old = older::newer(old, None, errors.server);
        spec(&older::newer(self, Some(&old), errors.server).spec, Some(&old.spec), errors);
    }
}

/// As `validateHorizontalPodAutoscalerSpec`, with the options for an update of `old`.
fn spec(
    spec: &v2::HorizontalPodAutoscalerSpec,
    old: Option<&v2::HorizontalPodAutoscalerSpec>,
    errors: &mut Errors<'_>,
) {
    let path = Path::root().field("spec");
    let min = spec.min_replicas;
    let may_be_zero = errors.server.enabled(Gate::HPAScaleToZero) || old.is_some_and(|old| old.min_replicas == Some(0));
    let least = i32::from(!may_be_zero);
    if let Some(min) = min.filter(|min| *min < least) {
        let finding = errors
            .invalid(&path.field("minReplicas"), format!("`minReplicas` is at least {least}, not {min}"))
            .says(format!("must be greater than or equal to {least}"));
        finding.help(format!("write {least} or more"));
    }
    let max = spec.max_replicas;
    if max == 0 {
        let message = "an autoscaler needs a `maxReplicas` of at least 1";
        errors
            .required(&path.field("maxReplicas"), message)
            .says("must be set and greater than 0")
            .help("write the most pods that there may be");
    } else if max < 0 {
        let message = format!("`maxReplicas` is at least 1, not {max}");
        errors
            .invalid(&path.field("maxReplicas"), message)
            .says("must be greater than or equal to 1")
            .help("write the most pods that there may be");
    }
    if let Some(min) = min.filter(|min| max < *min) {
        let place = errors.place(&path.field("minReplicas"));
        let message = format!("`maxReplicas` cannot be less than `minReplicas`: {max} is less than {min}");
        let finding = errors
            .invalid(&path.field("maxReplicas"), message)
            .of(max)
            .says("must be greater than or equal to `minReplicas`")
            .related(place, "the least");
        finding.help(format!("write {min} or more, or lower `minReplicas`"));
    }
    let metrics = spec.metrics.as_deref().unwrap_or_default();
    let target = &spec.scale_target_ref;
    let same_target = old.is_some_and(|old| {
        let old = &old.scale_target_ref;
        old.api_version == target.api_version && old.kind == target.kind
    });
    let references = References {
        any_version: same_target,
        // The only kind without a group that can be scaled.
        no_group: !same_target && target.kind == "ReplicationController",
    };
    reference(target, references, &path.field("scaleTargetRef"), errors);
    let described = References {
        any_version: old.is_some_and(|old| metrics::has_invalid_version(old.metrics.as_deref().unwrap_or_default())),
        no_group: true,
    };
    metrics::check(metrics, min, described, &path.field("metrics"), errors);
    if let Some(behavior) = &spec.behavior {
        behavior::check(behavior, &path.field("behavior"), errors);
    }
}

/// As `ValidateCrossVersionObjectReference`.
fn reference(reference: &v2::CrossVersionObjectReference, allowed: References, path: &Path, errors: &mut Errors<'_>) {
    for (field, value) in [("kind", &reference.kind), ("name", &reference.name)] {
        let path = path.field(field);
        if value.is_empty() {
            errors.required(&path, format!("the reference has no `{field}`")).help(match field {
                "kind" => "write the kind of the object, such as `Deployment`",
                _ => "write the name of the object",
            });
        } else {
            errors.each_invalid(&path, format!("the {field} `{}`", shortened(value)), names::path_segment_name(value));
        }
    }
    if let Some(problem) = allowed.version_problem(reference.api_version.as_deref().unwrap_or_default()) {
        let finding = errors.invalid(&path.field("apiVersion"), problem.to_string()).problem(problem);
        finding.help("write group and version, such as `apps/v1`");
    }
}
