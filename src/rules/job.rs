//! What the API server refuses about Jobs, and about the Jobs of a `CronJob`: restart policy, completion mode, numbers
//! and names.
//!
//! Mirrors `validateJobSpec`, `ValidateJob` and `ValidateCronJobCreate` in pkg/apis/batch/validation/validation.go
//! (v1.36). Selectors are left out, because they are checked with those of all other kinds; `job_policies` has the rest.

use std::sync::LazyLock;

use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};

use super::Context;
use crate::cluster::Object;
use crate::finding::{Finding, Findings, Reason};
use crate::values::names;
use crate::yaml::{Path, Value};

/// A spec that is missing is an empty one, as in Go.
static EMPTY: LazyLock<JobSpec> = LazyLock::new(JobSpec::default);

/// The spec of a Job, or of the Jobs that a `CronJob` makes, with its path.
pub(super) fn job_spec(object: &Object) -> Option<(&JobSpec, Path)> {
    if let Some(job) = object.model::<Job>() {
        return Some((job.spec.as_ref().unwrap_or(&EMPTY), Path::root().field("spec")));
    }
    let job = object.model::<CronJob>()?;
    let path = Path::root().fields(&["spec", "jobTemplate", "spec"]);
    Some((job.spec.job_template.spec.as_ref().unwrap_or(&EMPTY), path))
}

/// The same, if it can be the whole spec and not a patch for Kustomize, which leaves out what it does not change.
pub(super) fn whole_job_spec(object: &Object) -> Option<(&JobSpec, Path)> {
    job_spec(object).filter(|_| object.pod_template().is_some_and(|template| template.is_whole()))
}

/// What the pods of a Job have as their restart policy, and where it stands.
pub(super) fn restart_policy<'a>(spec: &'a JobSpec, path: &Path) -> (&'a str, Path) {
    let policy = spec.template.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
    (policy.unwrap_or_default(), path.fields(&["template", "spec", "restartPolicy"]))
}

pub(super) fn is_indexed(spec: &JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some("Indexed")
}

/// How many pods must succeed. A Job with neither this nor a parallelism has one of each (`SetDefaults_Job`); the Jobs of a
/// `CronJob` get their defaults only when they are created, after the `CronJob` has been judged.
pub(super) fn completions(object: &Object, spec: &JobSpec) -> Option<i32> {
    let has_defaults = spec.parallelism.is_none() && object.model::<Job>().is_some();
    spec.completions.or(has_defaults.then_some(1))
}

/// A missing policy is `Always`. Any other value is found against the schema.
pub(super) fn restarts_always(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some((spec, path)) = job_spec(object) else { return };
    let (policy, path) = restart_policy(spec, &path);
    let message = match policy {
        "Always" => "the pods of a Job cannot have the restart policy `Always`",
        "" => "the pods of a Job need a `restartPolicy`, as the default `Always` is not for Jobs",
        _ => return,
    };
    object.report(out, &path, message).reason(Reason::FieldValueRequired).help(
        "set `restartPolicy: Never` for a new pod each time (its logs are kept), or `OnFailure` to restart in place",
    );
}

/// Without completions and with a `successPolicy` the API server does not even answer: it panics.
pub(super) fn without_completions(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some((spec, path)) = job_spec(object) else { return };
    if !is_indexed(spec) || completions(object, spec).is_some() {
        return;
    }
    object
        .report(out, &path.field("completions"), "an Indexed Job needs `completions`, the number of its indexes")
        .reason(Reason::FieldValueRequired)
        .related(object.place(&path.field("completionMode")), "indexes are counted because of this")
        .help("add `completions`");
}

/// The fields that count by index. An unknown mode is found against the schema, and only `successPolicy` minds it.
pub(super) fn not_indexed(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some((spec, path)) = job_spec(object) else { return };
    let counts_together = spec.completion_mode.as_deref().is_none_or(|mode| mode == "NonIndexed");
    let fields = [
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.is_some() && counts_together),
        ("maxFailedIndexes", spec.max_failed_indexes.is_some() && counts_together),
        ("successPolicy", spec.success_policy.is_some() && !is_indexed(spec)),
    ];
    for (field, _) in fields.into_iter().filter(|(_, is_wrong)| *is_wrong) {
        object
            .report(out, &path.field(field), format!("`{field}` is for Jobs whose completion mode is `Indexed`"))
            .reason(Reason::FieldValueInvalid)
            .help(format!("add `completionMode: Indexed` and `completions`, or delete `{field}`"));
    }
}

/// What counts failed indexes needs to know when an index has failed.
pub(super) fn without_backoff_limit_per_index(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some((spec, path)) = job_spec(object) else { return };
    if spec.backoff_limit_per_index.is_some() {
        return;
    }
    let help = "add `backoffLimitPerIndex`, how many times a failed index is tried again";
    if spec.max_failed_indexes.is_some() {
        let at = path.field("maxFailedIndexes");
        let message = "`maxFailedIndexes` needs `backoffLimitPerIndex`, without which no index fails for good";
        let finding = object.report(out, &path.field("backoffLimitPerIndex"), message);
        finding.reason(Reason::FieldValueRequired).help(help);
        finding.primary.place = object.place(&at);
    }
    for (index, rule) in spec.pod_failure_policy.iter().flat_map(|policy| &policy.rules).enumerate() {
        if rule.action == "FailIndex" {
            let path = path.fields(&["podFailurePolicy", "rules"]).index(index).field("action");
            let finding = object.report(out, &path, "the action `FailIndex` needs `backoffLimitPerIndex`");
            finding.reason(Reason::FieldValueInvalid).help(help);
        }
    }
}

/// More than this many indexes, or indexes at once, do not fit into the status of a Job.
const MAX_INDEXES: i32 = 100_000;
/// With more completions than [`MAX_INDEXES`] and a limit for each index, these many may fail or run at once.
const MAX_OF_MANY: i32 = 10_000;

pub(super) fn too_large(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some((spec, path)) = job_spec(object) else { return };
    if !is_indexed(spec) {
        return;
    }
    let mut at_most = |field: &'static str, value: i32, limit: i32, why: &str| {
        if value > limit {
            object
                .report(out, &path.field(field), format!("`{field}` of {why} is at most {limit}, not {value}"))
                .reason(Reason::FieldValueInvalid)
                .help(format!("set `{field}` to {limit} or less"));
        }
    };
    let many = spec.completions.is_some_and(|it| it > MAX_INDEXES) && spec.backoff_limit_per_index.is_some();
    let many_indexes = "a Job with more than 100000 indexes and `backoffLimitPerIndex`";
    if let Some(parallelism) = spec.parallelism {
        let limit = if many { (MAX_OF_MANY, many_indexes) } else { (MAX_INDEXES, "an Indexed Job") };
        at_most("parallelism", parallelism, limit.0, limit.1);
    }
    if let Some(failed) = spec.max_failed_indexes {
        let completions = completions(object, spec).unwrap_or(MAX_INDEXES);
        if failed > completions.min(MAX_INDEXES) && completions < MAX_INDEXES {
            at_most("maxFailedIndexes", failed, completions, &format!("a Job with {completions} `completions`"));
        } else {
            let limit = if many { (MAX_OF_MANY, many_indexes) } else { (MAX_INDEXES, "an Indexed Job") };
            at_most("maxFailedIndexes", failed, limit.0, limit.1);
        }
    } else if many {
        object
            .report(out, &path.field("maxFailedIndexes"), format!("{many_indexes} needs `maxFailedIndexes`"))
            .reason(Reason::FieldValueRequired)
            .help(format!("add `maxFailedIndexes`, at most {MAX_OF_MANY}"));
    }
}

/// `ValidateNonnegativeField`, for the numbers of Jobs and `CronJob`s.
pub(super) fn negative_number(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some((spec, path)) = job_spec(object) else { return };
    let numbers = [
        ("parallelism", spec.parallelism.map(i64::from)),
        ("completions", spec.completions.map(i64::from)),
        ("activeDeadlineSeconds", spec.active_deadline_seconds),
        ("backoffLimit", spec.backoff_limit.map(i64::from)),
        ("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished.map(i64::from)),
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.map(i64::from)),
        ("maxFailedIndexes", spec.max_failed_indexes.map(i64::from)),
    ];
    let mut paths = numbers.map(|(field, number)| (path.field(field), number)).to_vec();
    if let Some(job) = object.model::<CronJob>() {
        let path = Path::root().field("spec");
        paths.extend([
            (path.field("startingDeadlineSeconds"), job.spec.starting_deadline_seconds),
            (path.field("successfulJobsHistoryLimit"), job.spec.successful_jobs_history_limit.map(i64::from)),
            (path.field("failedJobsHistoryLimit"), job.spec.failed_jobs_history_limit.map(i64::from)),
        ]);
    }
    for (path, number) in paths {
        if let Some(number) = number.filter(|number| *number < 0) {
            let field = path.last().and_then(|segment| segment.name()).unwrap_or_default();
            object
                .report(out, &path, format!("`{field}` cannot be negative, as {number} is"))
                .reason(Reason::FieldValueInvalid)
                .help("write a number from 0 up, or delete the field for its default");
        }
    }
}

/// Another controller's name for the Job, as the path of a URL below the controller's domain.
pub(super) fn invalid_managed_by(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some((spec, path)) = job_spec(object) else { return };
    let Some(name) = spec.managed_by.as_deref() else { return };
    let path = path.field("managedBy");
    if let Some(problem) = names::domain_prefixed_path(name).first() {
        object
            .report(out, &path, format!("`managedBy` {problem}"))
            .reason(Reason::FieldValueInvalid)
            .help("name the controller as `example.com/controller`, or delete the field");
    }
    if name.len() > 63 {
        object
            .report(out, &path, format!("`managedBy` must be at most 63 characters, not {}", name.len()))
            .reason(Reason::FieldValueTooLong)
            .help("use the shorter name that the controller listens to");
    }
}

/// The name of a Job is the value of a label on its pods, and with an index behind it their hostname; the name of a
/// `CronJob` gets eleven characters to become the name of a Job.
pub(super) fn invalid_name(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(name) = Name::of(object) else { return };
    let metadata = Path::root().field("metadata");
    if object.model::<CronJob>().is_some() && name.text.len() > 52 {
        let message = format!("the name of a CronJob has at most 52 characters, not {}", name.text.len());
        name.report(object, out, &metadata.field("name"), message)
            .help("shorten the name: each run adds 11 characters to it, and the name of a Job has at most 63");
    }
    let Some(spec) = object.model::<Job>().and_then(|job| job.spec.as_ref()) else { return };
    if !spec.manual_selector.unwrap_or_default() && !names::label_value(&name.text).is_empty() {
        let problem = match name.text.len() {
            64.. => "longer than the 63 characters that a label may have",
            _ => "no value of a label",
        };
        let help = "use at most 63 lower-case letters, digits and `-`";
        let message = format!("the name, which the pods carry as label `job-name`, is {problem}");
        name.report(object, out, &Path::root().fields(&["spec", "template", "labels"]), message).help(help);
        if inherits_labels(object, spec) {
            let message = format!("the name, which the Job carries as label `job-name`, is {problem}");
            name.report(object, out, &metadata.field("labels"), message).help(help);
        }
    }
    if let Some(completions) = completions(object, spec).filter(|it| *it > 0 && is_indexed(spec)) {
        let hostname = format!("{}-{}", name.text, completions - 1);
        if let Some(problem) = names::dns1123_label(&hostname).first() {
            let message = format!("the hostname of the last pod, `{hostname}`, {problem}");
            name.report(object, out, &metadata.field("name"), message)
                .help("use a shorter name without dots: the pods of an Indexed Job are called `<name>-<index>`");
        }
    }
}

/// A Job without labels takes over those of its template, and then also those that the API server adds there: it is one
/// and the same map (`SetDefaults_Job`).
fn inherits_labels(object: &Object, spec: &JobSpec) -> bool {
    let own = object.root().at(&Path::root().fields(&["metadata", "labels"]));
    let of_template = spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    own.is_none_or(|labels| labels.fields().len() == 0) && of_template.is_some_and(|labels| !labels.is_empty())
}

/// The hostnames of an Indexed Job that a `CronJob` makes. The API server looks at them only when the Job is created.
pub(super) fn name_unfit_for_index(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let (Some(_), Some((spec, _)), Some(name)) = (object.model::<CronJob>(), job_spec(object), Name::of(object)) else {
        return;
    };
    let Some(completions) = spec.completions.filter(|it| *it > 0 && is_indexed(spec)) else { return };
    if name.text.len() > 52 || !names::dns1123_subdomain(&name.text).is_empty() {
        return;
    }
    // Minutes since 1970 have eight digits until the year 2160.
    let hostname = format!("{}-30000000-{}", name.text, completions - 1);
    if let Some(problem) = names::dns1123_label(&hostname).first() {
        let message = format!("no Job can be created: the hostname of its last pod, like `{hostname}`, {problem}");
        let finding = name.report(object, out, &Path::root().fields(&["metadata", "name"]), message);
        finding.reason = None;
        finding.help("use a shorter name without dots: pods are called `<name>-<eight digits>-<index>`");
    }
}

/// The name that an object gets.
struct Name {
    text: String,
    /// Where it stands; a generated name stands in `generateName`.
    field: &'static str,
}

impl Name {
    /// A generated name is the given prefix, cut at 58 characters, with five random ones (`GenerateName`, v1.36).
    fn of(object: &Object) -> Option<Self> {
        let metadata = object.root().get("metadata")?;
        let text = |field: &str| metadata.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(name) = text("name") {
            return Some(Self { text: name.to_owned(), field: "name" });
        }
        let prefix: String = text("generateName")?.chars().take(58).collect();
        Some(Self { text: format!("{prefix}xxxxx"), field: "generateName" })
    }

    /// Reports the name, whatever field the API server complains about.
    fn report<'f>(&self, object: &Object, out: &'f mut Findings, path: &Path, message: String) -> &'f mut Finding {
        let finding = object.report(out, path, message);
        finding.primary.place = object.place(&Path::root().fields(&["metadata", self.field]));
        finding.reason(Reason::FieldValueInvalid)
    }
}
