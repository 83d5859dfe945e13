//! Deployments and `ReplicaSets`.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, ReplicaSet, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Selection, defaults, lasting_pods, name_warning, selector_changed};
use crate::admission::errors::Errors;
use crate::admission::shared::numbers::{at_most_all, int_or_percent, is_zero, not_negative};
use crate::admission::{ApiServer, Kind};
use crate::yaml::Path;

impl Kind for Deployment {
    fn set_defaults(&mut self, server: &ApiServer) {
        defaults::deployment(self, server);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        deployment_spec(&self.spec, None, &Path::root().field("spec"), errors);
        rollback(self, errors);
        name_warning(&self.metadata, "Deployment", errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let path = Path::root().field("spec");
        deployment_spec(&self.spec, Some(&old.spec), &path, errors);
        rollback(self, errors);
        selector_changed("Deployment", &self.spec.selector, &old.spec.selector, &path, errors);
    }
}

/// As `ValidateDeploymentSpec`.
fn deployment_spec(spec: &DeploymentSpec, old: Option<&DeploymentSpec>, path: &Path, errors: &mut Errors<'_>) {
    not_negative(spec.replicas, path, "replicas", errors);
    let selection = Selection::new("Deployment", &spec.selector, path, errors);
    selected_pods(selection, Some(&spec.template), old.map(|old| &old.template), errors);
    if let Some(strategy) = &spec.strategy {
        self::strategy(strategy, &path.field("strategy"), errors);
    }
    not_negative(spec.min_ready_seconds, path, "minReadySeconds", errors);
    not_negative(spec.revision_history_limit, path, "revisionHistoryLimit", errors);
    if let Some(deadline) = spec.progress_deadline_seconds {
        not_negative(Some(deadline), path, "progressDeadlineSeconds", errors);
        let ready = spec.min_ready_seconds.unwrap_or_default();
        if deadline <= ready {
            let message = format!(
                "`progressDeadlineSeconds` must be greater than `minReadySeconds`: {deadline} is not greater than {ready}"
            );
            let place = errors.place(&path.field("minReadySeconds"));
            let finding = errors
                .invalid(&path.field("progressDeadlineSeconds"), message)
                .says("must be greater than minReadySeconds");
            finding.related(place, "how long a pod must be ready to count").help("write a longer deadline");
        }
    }
}

/// The selector, and the template if the selector can be used (`ValidatePodTemplateSpecForReplicaSet`).
fn selected_pods(
    selection: Selection<'_>,
    template: Option<&PodTemplateSpec>,
    old: Option<&PodTemplateSpec>,
    errors: &mut Errors<'_>,
) {
    if selection.required(template, errors)
        && let Some(template) = template
    {
        lasting_pods(selection.kind, template, old, &selection.path.field("template"), errors);
    }
}

/// As `ValidateDeploymentStrategy`.
fn strategy(strategy: &DeploymentStrategy, path: &Path, errors: &mut Errors<'_>) {
    let rolling = path.field("rollingUpdate");
    match (strategy.type_.as_deref().unwrap_or_default(), &strategy.rolling_update) {
        ("RollingUpdate", Some(update)) => rolling_update(update, &rolling, errors),
        ("Recreate", Some(_)) => {
            let place = errors.place(&path.field("type"));
            let help = if errors.is_kept(&rolling) {
                "write `rollingUpdate: null` beside it: what the server filled in stays otherwise"
            } else {
                "delete `rollingUpdate`, or set `type: RollingUpdate`"
            };
            errors
                .forbidden(&rolling, "`rollingUpdate` has no part in the strategy `Recreate`")
                .related(place, "the strategy")
                .help(help);
        }
        ("Recreate" | "RollingUpdate", None) => {}
        (other, _) => {
            let what = "the `type` of the strategy of a Deployment";
            let finding = errors.unsupported(&path.field("type"), what, other, ["Recreate", "RollingUpdate"]);
            finding.called(path.clone()).whole();
        }
    }
}

/// As `ValidateRollingUpdateDeployment`.
fn rolling_update(update: &RollingUpdateDeployment, path: &Path, errors: &mut Errors<'_>) {
    let nothing = IntOrString::Int(0);
    let unavailable = update.max_unavailable.as_ref().unwrap_or(&nothing);
    let surge = update.max_surge.as_ref().unwrap_or(&nothing);
    int_or_percent(unavailable, path, "maxUnavailable", errors);
    int_or_percent(surge, path, "maxSurge", errors);
    if is_zero(unavailable) && is_zero(surge) {
        let place = errors.place(&path.field("maxSurge"));
        errors
            .invalid(&path.field("maxUnavailable"), "`maxUnavailable` and `maxSurge` cannot both be 0")
            .related(place, "the other one")
            .help("raise one of them: without a pod more or less no pod can be replaced");
    }
    at_most_all(unavailable, path, "maxUnavailable", errors);
}

/// The revision to go back to, which old versions of the API had as a field of its own
/// (`Convert_v1_Deployment_To_apps_Deployment`).
fn rollback(deployment: &Deployment, errors: &mut Errors<'_>) {
    const ANNOTATION: &str = "deprecated.deployment.rollback.to";
    let Some(text) = deployment.metadata.annotations.as_ref().and_then(|annotations| annotations.get(ANNOTATION))
    else {
        return;
    };
    let path = Path::root().fields(&["metadata", "annotations"]).key(ANNOTATION);
    match text.parse::<i64>() {
        Err(_) if text.is_empty() => {}
        Err(_) => {
            errors.denied(&path, format!("`{ANNOTATION}` must be the number of a revision")).help("delete it");
        }
        Ok(revision) if revision < 0 => {
            let message = format!("the revision to go back to cannot be negative, as {revision} is");
            let field = Path::root().fields(&["spec", "rollback", "version"]);
            errors.invalid(&path, message).called(field).help("delete it");
        }
        Ok(_) => {}
    }
}

impl Kind for ReplicaSet {
    fn set_defaults(&mut self, server: &ApiServer) {
        defaults::replica_set(self, server);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        replica_set(self, None, errors);
        name_warning(&self.metadata, "ReplicaSet", errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        replica_set(self, Some(old), errors);
        let path = Path::root().field("spec");
        selector_changed("ReplicaSet", &self.spec.selector, &old.spec.selector, &path, errors);
    }
}

/// As `ValidateReplicaSetSpec`.
fn replica_set(set: &ReplicaSet, old: Option<&ReplicaSet>, errors: &mut Errors<'_>) {
    let (spec, path) = (&set.spec, Path::root().field("spec"));
    not_negative(spec.replicas, &path, "replicas", errors);
    not_negative(spec.min_ready_seconds, &path, "minReadySeconds", errors);
    let selection = Selection::new("ReplicaSet", &spec.selector, &path, errors);
    selected_pods(selection, spec.template.as_ref(), old.and_then(|old| old.spec.template.as_ref()), errors);
}
