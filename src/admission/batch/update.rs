//! What may change in a Job that exists.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Affinity, Container, PodSpec, PodTemplateSpec};
use serde::Serialize;

use super::job::is_indexed;
use crate::admission::Type;
use crate::admission::equal::{Difference, differences};
use crate::admission::errors::Errors;
use crate::admission::gates::Gate;
use crate::finding::Keeps;
use crate::yaml::Path;

/// The end of `ValidateJobSpecUpdate`.
pub(super) fn spec(new: &JobSpec, old_job: &Job, old: &JobSpec, path: &Path, errors: &mut Errors<'_>) {
    completions(new, old, path, errors);
    immutable(&old.selector, &new.selector, path, "selector", errors);
    template(new, old_job, old, path, errors);
    immutable(&old.completion_mode, &new.completion_mode, path, "completionMode", errors);
    immutable(&old.pod_failure_policy, &new.pod_failure_policy, path, "podFailurePolicy", errors);
    immutable(&old.backoff_limit_per_index, &new.backoff_limit_per_index, path, "backoffLimitPerIndex", errors);
    immutable(&old.managed_by, &new.managed_by, path, "managedBy", errors);
    immutable(&old.success_policy, &new.success_policy, path, "successPolicy", errors);
}

const WAY_OUT: &str = "delete the Job first, which ends its pods, or give the new one another name or a `generateName`";

/// A field that must stay, whatever is in it.
fn immutable<T: Serialize + PartialEq>(old: &T, new: &T, path: &Path, field: &'static str, errors: &mut Errors<'_>) {
    let of = Type::from("batch.JobSpec").entry(field);
    let changes = differences(old, new, of, &path.field(field));
    report(&changes, path, &path.field(field), errors);
}

/// One finding for all changes, at the first of them.
fn report(changes: &[Difference], spec: &Path, field: &Path, errors: &mut Errors<'_>) {
    let Some((first, others)) = changes.split_first() else { return };
    let more = match others.len() {
        0 => String::new(),
        1 => ", and neither can another field".to_owned(),
        count => format!(", and neither can {count} other fields"),
    };
    let message = format!("{} of a Job cannot change{}{more}", first.name(spec), first.course());
    let places: Vec<_> = others.iter().take(3).map(|change| (errors.place(&change.path), change.name(spec))).collect();
    let finding = errors.immutable(&first.path, message).called(field.clone()).help(WAY_OUT).says("field is immutable");
    for (place, name) in places {
        finding.related(place, format!("{name} changes too"));
    }
}

/// As `validateCompletions`: an Indexed Job may grow and shrink, together with the number of pods at once.
fn completions(new: &JobSpec, old: &JobSpec, path: &Path, errors: &mut Errors<'_>) {
    if !is_indexed(new) {
        immutable(&old.completions, &new.completions, path, "completions", errors);
        return;
    }
    if let Some(completions) = new.completions.filter(|it| old.completions != Some(*it))
        && Some(completions) != new.parallelism
    {
        let place = errors.place(&path.field("parallelism"));
        let message = format!("`completions` can change to {completions} only together with `parallelism`");
        let finding = errors.immutable(&path.field("completions"), message).related(place, "must be the same then");
        finding.keeps(Keeps::Together("parallelism")).says("can only be modified in tandem with spec.parallelism");
        finding.help(format!("set `parallelism` to {completions} as well, or leave `completions` as it was"));
    }
}

/// As `validatePodTemplateUpdate`: a Job that is suspended may be told where its pods run, and how much they get.
fn template(new: &JobSpec, old_job: &Job, old: &JobSpec, path: &Path, errors: &mut Errors<'_>) {
    let is_suspended = old.suspend.unwrap_or_default();
    let status = old_job.status.as_ref();
    let has_started = status.is_some_and(|status| status.start_time.is_some());
    let may_change = || {
        let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
        let is_at_rest = conditions.iter().any(|it| it.type_ == "Suspended" && it.status == "True");
        let active = status.and_then(|status| status.active).unwrap_or_default();
        is_suspended && (!has_started || is_at_rest) && active == 0
    };
    let may_schedule = if errors.server.enabled(Gate::MutableSchedulingDirectivesForSuspendedJobs) {
        may_change()
    } else {
        is_suspended && !has_started
    };
    let may_size = errors.server.enabled(Gate::MutablePodResourcesForSuspendedJobs) && may_change();
    let at = path.field("template");
    let mut before = old.template.clone();
    if may_schedule {
        take_over_scheduling(&mut before, &new.template);
    }
    if !is_suspended || !may_size {
        report(&differences(&before, &new.template, "core.PodTemplateSpec", &at), path, &at, errors);
        return;
    }
    // Only the pod's spec is looked at here, and the server calls it by another path.
    let nothing = PodSpec::default();
    let mut before = before.spec.unwrap_or_default();
    let after = new.template.spec.as_ref().unwrap_or(&nothing);
    take_over_resources(&mut before.containers, &after.containers);
    let none = Vec::new();
    take_over_resources(
        before.init_containers.get_or_insert_default(),
        after.init_containers.as_ref().unwrap_or(&none),
    );
    let at = at.field("spec");
    report(&differences(&before, after, "core.PodSpec", &at), path, &at, errors);
}

/// Gives `old` what says where pods run, so that it is no difference. Of affinity that is only the one to nodes.
fn take_over_scheduling(old: &mut PodTemplateSpec, new: &PodTemplateSpec) {
    let labels = new.metadata.clone().unwrap_or_default();
    let metadata = old.metadata.get_or_insert_default();
    metadata.annotations = labels.annotations;
    metadata.labels = labels.labels;
    let old = old.spec.get_or_insert_default();
    let nothing = PodSpec::default();
    let new = new.spec.as_ref().unwrap_or(&nothing);
    match (&new.affinity, &mut old.affinity) {
        (None, Some(affinity)) => {
            affinity.node_affinity = None;
            if *affinity == Affinity::default() {
                old.affinity = None;
            }
        }
        (Some(affinity), None) => {
            old.affinity = Some(Affinity { node_affinity: affinity.node_affinity.clone(), ..Affinity::default() });
        }
        (Some(affinity), Some(old)) => old.node_affinity.clone_from(&affinity.node_affinity),
        (None, None) => {}
    }
    old.node_selector.clone_from(&new.node_selector);
    old.tolerations.clone_from(&new.tolerations);
    old.scheduling_gates.clone_from(&new.scheduling_gates);
}

/// Gives the containers of `old` the resources of those of the same name (`validatePodResourceUpdatesOnly`).
fn take_over_resources(old: &mut [Container], new: &[Container]) {
    if old.len() == new.len() {
        for (old, new) in old.iter_mut().zip(new).filter(|(old, new)| old.name == new.name) {
            old.resources.clone_from(&new.resources);
        }
    }
}
