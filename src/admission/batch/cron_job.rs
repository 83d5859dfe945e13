//! `CronJobs`.

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobSpec};

use super::job::{self, invalid_name, negative};
use super::{defaults, generated_selector, schedule};
use crate::admission::apps::name_warning;
use crate::admission::errors::{Errors, shortened};
use crate::admission::{ApiServer, Kind};
use crate::values::cron;
use crate::yaml::Path;

impl Kind for CronJob {
    fn set_defaults(&mut self, server: &ApiServer) {
        defaults::cron_job(self, server);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        let Some(job) = job(self, errors) else { return };
        spec(&self.spec, None, errors);
        let name = self.metadata.name.as_deref().unwrap_or_default();
        if name.len() > 52 {
            let message = format!("the name of a CronJob has at most 52 characters, not {}", name.len());
            let finding = invalid_name(&Path::root().fields(&["metadata", "name"]), message, errors);
            finding.help("shorten the name: each run adds 11 characters to it, and the name of a Job has at most 63");
        }
        name_warning(&self.metadata, "CronJob", errors);
        job::size_warning(job, &job_path(), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let Some(job) = job(self, errors) else { return };
        spec(&self.spec, Some(&old.spec), errors);
        if self.spec != old.spec {
            job::size_warning(job, &job_path(), errors);
        }
        if cron::has_forbidden_time_zone(&self.spec.schedule) && cron::has_forbidden_time_zone(&old.spec.schedule) {
            let path = Path::root().fields(&["spec", "schedule"]);
            let finding = errors.warn(&path, "the schedule names its time zone, which new CronJobs may not do");
            finding.help("name the time zone in `timeZone`");
        }
    }
}

fn job_path() -> Path {
    Path::root().fields(&["spec", "jobTemplate", "spec"])
}

/// The spec of the Jobs, unless the API server cannot get over it.
fn job<'a>(cron_job: &'a CronJob, errors: &mut Errors<'_>) -> Option<&'a JobSpec> {
    let job = cron_job.spec.job_template.spec.as_ref()?;
    (!job::panics(job, &job_path(), errors)).then_some(job)
}

/// As `validateCronJobSpec`; `old` is the spec that is replaced.
fn spec(spec: &CronJobSpec, old: Option<&CronJobSpec>, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    schedule::check(spec, old, errors);
    negative(spec.starting_deadline_seconds, &path, "startingDeadlineSeconds", errors);
    if old.is_none_or(|old| old.time_zone != spec.time_zone)
        && let Some(name) = &spec.time_zone
    {
        time_zone(name, &path.field("timeZone"), errors);
    }
    let policy = spec.concurrency_policy.as_deref().unwrap_or_default();
    if !matches!(policy, "Allow" | "Forbid" | "Replace") {
        let what = "the `concurrencyPolicy` of a CronJob";
        errors.unsupported(&path.field("concurrencyPolicy"), what, policy, ["Allow", "Forbid", "Replace"]);
    }
    if let Some(job) = &spec.job_template.spec {
        let old = old.and_then(|old| old.job_template.spec.as_ref());
        job::job_spec(job, old, &job_path(), errors);
        generated_selector::none_of_own(job, &job_path(), errors);
    }
    negative(spec.successful_jobs_history_limit.map(i64::from), &path, "successfulJobsHistoryLimit", errors);
    negative(spec.failed_jobs_history_limit.map(i64::from), &path, "failedJobsHistoryLimit", errors);
}

/// A time zone must be one of the database, by its exact name (`validateTimeZone`).
fn time_zone(name: &str, path: &Path, errors: &mut Errors<'_>) {
    let problems = cron::time_zone_problems(name);
    let Some(problem) = problems.first() else { return };
    let message = match name {
        "" => "the time zone is empty".to_owned(),
        _ => format!("`{}` {problem}", shortened(name)),
    };
    let says = if name.is_empty() {
        "timeZone must be nil or non-empty string".to_owned()
    } else if name.eq_ignore_ascii_case("local") {
        "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones".to_owned()
    } else {
        format!("unknown time zone {name}")
    };
    let place = errors.place(path);
    let is_plain = errors.is_plain(path);
    let finding = errors.invalid(path, message).rule("invalid-time-zone");
    finding.says(says);
    match cron::suggest_time_zone(name) {
        Some(zone) => {
            finding.help(format!("write `{zone}`"));
            if is_plain {
                finding.fix(format!("write `{zone}`"), place, zone);
            }
        }
        None if name.is_empty() => {
            finding.help("delete the field, or name a time zone such as `Europe/Paris`");
        }
        None => {
            finding.help("name a region and a city, such as `Europe/Paris`, or `Etc/UTC`");
        }
    }
}
