//! Leases: `ValidateLease` of pkg/apis/coordination/validation (v1.36).

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};

use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Gate;
use crate::admission::{ApiServer, How, Kind};
use crate::values::names;
use crate::yaml::Path;

impl Kind for Lease {
    const UNCONDITIONAL_UPDATE: bool = false;

    fn set_defaults(&mut self, _: &ApiServer) {}

    /// Without the feature, its fields are dropped unless they are in use.
    fn prepare(&mut self, old: Option<&mut Self>, _: How, errors: &mut Errors<'_>) -> bool {
        if let Some(spec) = self.spec.as_mut().filter(|_| !errors.server.enabled(Gate::CoordinatedLeaderElection)) {
            let old = old.as_deref();
            let old = old.and_then(|old| old.spec.as_ref());
            if old.is_none_or(|old| old.strategy.is_none()) {
                spec.strategy = None;
            }
            if old.is_none_or(|old| old.preferred_holder.is_none()) {
                spec.preferred_holder = None;
            }
        }
        true
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        if let Some(spec) = &self.spec {
            lease(spec, &Path::root().field("spec"), errors);
        }
    }

    fn validate_update(&self, _: &Self, errors: &mut Errors<'_>) {
        self.validate(errors);
    }
}

fn lease(spec: &LeaseSpec, path: &Path, errors: &mut Errors<'_>) {
    if spec.lease_duration_seconds.is_some_and(|seconds| seconds <= 0) {
        let path = path.field("leaseDurationSeconds");
        errors
            .invalid(&path, "the duration of a lease must be greater than 0")
            .says("must be greater than 0")
            .help("write a number of seconds");
    }
    if spec.lease_transitions.is_some_and(|count| count < 0) {
        let message = "the number of a lease's transitions cannot be negative";
        errors.invalid(&path.field("leaseTransitions"), message).says("must be greater than or equal to 0");
    }
    if let Some(strategy) = spec.strategy.as_deref() {
        self::strategy(strategy, &path.field("strategy"), errors);
    }
    let is_given = |value: Option<&str>| value.is_some_and(|value| !value.is_empty());
    if is_given(spec.preferred_holder.as_deref()) && !is_given(spec.strategy.as_deref()) {
        let finding = errors
            .forbidden(&path.field("preferredHolder"), "a preferred holder needs a strategy")
            .says("may only be specified if `strategy` is defined");
        finding.help("add `strategy`, or remove the preferred holder");
    }
}

/// How the holder of a lease is chosen: a way that Kubernetes knows, or one of somebody else with a domain before it.
fn strategy(strategy: &str, path: &Path, errors: &mut Errors<'_>) {
    const KNOWN: &str = "OldestEmulationVersion";
    // The API server names the field twice.
    let field = path.field("strategy");
    if strategy.contains('/') {
        for problem in names::qualified_name(strategy) {
            let message = format!("the strategy of a lease `{}` {problem}", shortened(strategy));
            errors.invalid(path, message).called(field.clone()).problem(problem);
        }
    } else if strategy != KNOWN {
        errors.unsupported(path, "the strategy of a lease", strategy, [KNOWN]).called(field);
    }
}
