//! The specs of Jobs and of the Jobs of a `CronJob`, and the names that these will have.

pub(super) mod cron_job;
pub(super) mod effects;
pub(super) mod schedules;

use std::sync::LazyLock;

use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};

use crate::cluster::Object;
use crate::finding::Findings;
use crate::values::names;
use crate::yaml::Path;

/// A spec that is missing is an empty one, as in Go.
static EMPTY: LazyLock<JobSpec> = LazyLock::new(JobSpec::default);

/// The spec of a Job, or of the Jobs that a `CronJob` makes, with its path.
pub(in crate::rules) fn job_spec(object: &Object) -> Option<(&JobSpec, Path)> {
    if let Some(job) = object.model::<Job>() {
        return Some((job.spec.as_ref().unwrap_or(&EMPTY), Path::root().field("spec")));
    }
    let job = object.model::<CronJob>()?;
    let path = Path::root().fields(&["spec", "jobTemplate", "spec"]);
    Some((job.spec.job_template.spec.as_ref().unwrap_or(&EMPTY), path))
}

/// The same, if it can be the whole spec and not a patch for Kustomize, which leaves out what it does not change.
pub(in crate::rules) fn whole_job_spec(object: &Object) -> Option<(&JobSpec, Path)> {
    job_spec(object).filter(|_| object.pod_template().is_some_and(|template| template.is_whole()))
}

/// What the pods of a Job have as their restart policy, and where it stands.
pub(in crate::rules) fn restart_policy<'a>(spec: &'a JobSpec, path: &Path) -> (&'a str, Path) {
    let policy = spec.template.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
    (policy.unwrap_or_default(), path.fields(&["template", "spec", "restartPolicy"]))
}

/// The hostnames of an Indexed Job that a `CronJob` makes. The API server looks at them only when the Job is created.
pub(in crate::rules) fn name_unfit_for_index(object: &Object, out: &mut Findings) {
    let (Some(job), Some((spec, _))) = (object.model::<CronJob>(), job_spec(object)) else { return };
    let is_indexed = spec.completion_mode.as_deref() == Some("Indexed");
    let Some(completions) = spec.completions.filter(|it| *it > 0 && is_indexed) else { return };
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    // A generated name is the given prefix, cut at 58 characters, with five random ones (`GenerateName`, v1.36).
    let generated = |prefix: String| prefix.chars().take(58).chain("xxxxx".chars()).collect();
    let (name, field) = match (given(&job.metadata.name), given(&job.metadata.generate_name)) {
        (Some(name), _) => (name, "name"),
        (None, Some(prefix)) => (generated(prefix), "generateName"),
        (None, None) => return,
    };
    if name.len() > 52 || !names::dns1123_subdomain(&name).is_empty() {
        return;
    }
    // Minutes since 1970 have eight digits until the year 2160.
    let hostname = format!("{name}-30000000-{}", completions - 1);
    if let Some(problem) = names::dns1123_label(&hostname).first() {
        let message = format!("no Job can be created: the hostname of its last pod, like `{hostname}`, {problem}");
        let finding = object.report(out, &Path::root().fields(&["metadata", field]), message);
        finding.help("use a shorter name without dots: pods are called `<name>-<eight digits>-<index>`");
    }
}
