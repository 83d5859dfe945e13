//! `PodDisruptionBudgets`.
//!
//! Mirrors pkg/apis/policy/validation and pkg/registry/policy/poddisruptionbudget (v1.36).

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};

use super::errors::Errors;
use super::shared::numbers::{at_most_all, int_or_percent};
use super::shared::selector::{self, Options};
use super::{ApiServer, Kind};
use crate::values::names::{self, Problems};
use crate::yaml::Path;

impl Kind for PodDisruptionBudget {
    const NAME: fn(&str) -> Problems = names::path_segment_name;
    const UNCONDITIONAL_UPDATE: bool = false;
    const CHECKS_METADATA: bool = false;

    fn set_defaults(&mut self, _: &ApiServer) {}

    fn validate(&self, errors: &mut Errors<'_>) {
        if let Some(spec) = &self.spec {
            self::spec(spec, Options::default(), errors);
        }
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let had_mistakes = errors.would_refuse(|errors| {
            let selector = old.spec.as_ref().and_then(|spec| spec.selector.as_ref());
            selector::label_selector(selector, &Path::root(), Options::default(), errors);
        });
        if let Some(spec) = &self.spec {
            self::spec(spec, Options { allow_invalid_values: had_mistakes }, errors);
        }
    }
}

/// As `ValidatePodDisruptionBudgetSpec`.
fn spec(spec: &PodDisruptionBudgetSpec, options: Options, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    if spec.min_available.is_some() && spec.max_unavailable.is_some() {
        let place = errors.place(&path.field("minAvailable"));
        let message = "a budget cannot have both `minAvailable` and `maxUnavailable`";
        let finding = errors.invalid(&path.field("maxUnavailable"), message).called(path.clone()).whole();
        finding.says("minAvailable and maxUnavailable cannot be both set");
        finding.related(place, "the other one").help("delete one of them");
    }
    for (field, value) in [("minAvailable", &spec.min_available), ("maxUnavailable", &spec.max_unavailable)] {
        if let Some(value) = value {
            int_or_percent(value, &path, field, errors);
            at_most_all(value, &path, field, errors);
        }
    }
    selector::label_selector(spec.selector.as_ref(), &path.field("selector"), options, errors);
    if let Some(policy) = spec.unhealthy_pod_eviction_policy.as_deref()
        && !matches!(policy, "IfHealthyBudget" | "AlwaysAllow")
    {
        let what = "the `unhealthyPodEvictionPolicy` of a budget";
        let path = path.field("unhealthyPodEvictionPolicy");
        errors.unsupported(&path, what, policy, ["AlwaysAllow", "IfHealthyBudget"]);
    }
}
