//! Jobs, and the specs of the Jobs that a CronJob makes.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;

use super::{defaults, generated_selector, policies, update};
use crate::admission::apps::{Selection, name_warning, query};
use crate::admission::core::pod;
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::numbers::not_negative;
use crate::admission::shared::selector::{self, Options};
use crate::admission::{ApiServer, How, Kind};
use crate::finding::Finding;
use crate::values::names;
use crate::yaml::Path;

impl Kind for Job {
    fn set_defaults(&mut self, server: &ApiServer) {
        defaults::job(self, server);
    }

    fn prepare(&mut self, old: Option<&mut Self>, how: How, errors: &mut Errors<'_>) -> bool {
        generated_selector::labels_come_from_template(errors);
        match old {
            None => generated_selector::selector(self),
            Some(old) => {
                self.metadata.uid.clone_from(&old.metadata.uid);
                if how != How::Replace {
                    generated_selector::keep(self, old);
                }
            }
        }
        true
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        let Some(spec) = &self.spec else { return };
        let path = Path::root().field("spec");
        if panics(spec, &path, errors) {
            return;
        }
        generated_selector::name(self, spec, errors);
        job(self, spec, None, Options::default(), errors);
        name_warning(&self.metadata, "Job", errors);
        size_warning(spec, &path, errors);
    }

    /// As `ValidateJob` and `ValidateJobUpdate`, which the strategy calls one after the other.
    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let (Some(spec), Some(old_spec)) = (&self.spec, &old.spec) else { return };
        let path = Path::root().field("spec");
        if panics(spec, &path, errors) {
            return;
        }
        let options =
            Options { allow_invalid_values: old_spec.selector.as_ref().is_some_and(selector::has_invalid_value) };
        job(self, spec, Some(old_spec), options, errors);
        update::spec(spec, old, old_spec, &path, errors);
        if spec != old_spec {
            size_warning(spec, &path, errors);
        }
    }
}

/// As `ValidateJob`.
fn job(job: &Job, spec: &JobSpec, old: Option<&JobSpec>, options: Options, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    let required = old.map_or(generated_selector::Labels::All, generated_selector::Labels::required_after);
    generated_selector::check(job, spec, required, errors);
    job_spec(spec, old, &path, errors);
    let selection = Selection { kind: "Job", selector: spec.selector.as_ref(), path: &path };
    match &spec.selector {
        None => {
            selection.missing(errors);
            errors.following(&path.field("selector"), |errors| selection.matches_nothing(errors));
        }
        Some(selector) => {
            selector::label_selector(Some(selector), &path.field("selector"), options, errors);
            if let Some(query) = query(selector) {
                selection.matches(&query, Some(&spec.template), errors);
            }
        }
    }
    let Some(completions) = spec.completions.filter(|it| *it > 0 && is_indexed(spec)) else { return };
    let name = job.metadata.name.as_deref().unwrap_or_default();
    let hostname = format!("{name}-{}", completions - 1);
    if let Some(problem) = names::dns1123_label(&hostname).first() {
        let message = format!("the hostname of the last pod, `{}`, {problem}", shortened(&hostname));
        let finding = invalid_name(&Path::root().fields(&["metadata", "name"]), message, errors);
        finding.help("use a shorter name without dots: the pods of an Indexed Job are called `<name>-<index>`");
        finding.of(name).says(format!("will not able to create pod with invalid DNS label: {hostname}"));
    }
}

/// A mistake in the name, wherever the API server sees it. A generated name stands in `generateName`.
pub(super) fn invalid_name<'e>(field: &Path, message: String, errors: &'e mut Errors<'_>) -> &'e mut Finding {
    let metadata = Path::root().field("metadata");
    let name = metadata.field("name");
    let is_generated = !errors.is_written(&name) && errors.is_written(&metadata.field("generateName"));
    let at = if is_generated { metadata.field("generateName") } else { name };
    errors.invalid(&at, message).rule("invalid-job-name").called(field.clone())
}

pub(super) fn is_indexed(spec: &JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some("Indexed")
}

/// Without completions and with a rule in `successPolicy` the API server does not even answer: `validateSuccessPolicyRule`
/// takes the number of completions for granted.
pub(super) fn panics(spec: &JobSpec, path: &Path, errors: &mut Errors<'_>) -> bool {
    let mut rules = spec.success_policy.iter().flat_map(|policy| &policy.rules);
    let counts = rules.any(|rule| rule.succeeded_count.is_some() || rule.succeeded_indexes.is_some());
    let panics = is_indexed(spec) && spec.completions.is_none() && counts;
    if panics {
        let places = [errors.place(&path.field("completionMode")), errors.place(&path.field("successPolicy"))];
        let message = "an Indexed Job with a `successPolicy` and no `completions` makes the API server panic";
        let finding = errors.denied(&path.field("completions"), message).rule("indexed-job-without-completions");
        let [mode, policy] = places;
        finding.related(mode, "indexes are counted because of this").related(policy, "counts indexes");
        finding.help("add `completions`");
    }
    panics
}

/// As `validateJobSpec`.
pub(super) fn job_spec(spec: &JobSpec, old: Option<&JobSpec>, path: &Path, errors: &mut Errors<'_>) {
    for (field, value) in [
        ("parallelism", spec.parallelism.map(i64::from)),
        ("completions", spec.completions.map(i64::from)),
        ("activeDeadlineSeconds", spec.active_deadline_seconds),
        ("backoffLimit", spec.backoff_limit.map(i64::from)),
        ("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished.map(i64::from)),
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.map(i64::from)),
        ("maxFailedIndexes", spec.max_failed_indexes.map(i64::from)),
    ] {
        negative(value, path, field, errors);
    }
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        let place = errors.place(&path.field("maxFailedIndexes"));
        let message = "`maxFailedIndexes` needs `backoffLimitPerIndex`, without which no index fails for good";
        let finding = errors
            .required(&path.field("backoffLimitPerIndex"), message)
            .says("when maxFailedIndexes is specified")
            .at(place);
        finding.rule("backoff-limit-per-index-missing").help(policies::ADD_LIMIT_PER_INDEX);
    }
    if let Some(name) = &spec.managed_by {
        managed_by(name, &path.field("managedBy"), errors);
    }
    completion_mode(spec, path, errors);
    if let Some(policy) = &spec.pod_failure_policy {
        policies::pod_failure(policy, spec, &path.field("podFailurePolicy"), errors);
    }
    if let Some(policy) = &spec.success_policy
        && is_indexed(spec)
    {
        policies::success(policy, spec, &path.field("successPolicy"), errors);
    }
    policies::pod_replacement(spec, path, errors);
    let template = path.field("template");
    pod::template_update(&spec.template, old.map(|old| &old.template), &template, errors);
    restart_policy(spec, &template, errors);
}

pub(super) fn negative(value: Option<i64>, path: &Path, field: &'static str, errors: &mut Errors<'_>) {
    if let Some(finding) = not_negative(value, path, field, errors) {
        finding.rule("job-negative-number");
    }
}

/// Another controller's name for the Job, as the path of a URL below the controller's domain.
fn managed_by(name: &str, path: &Path, errors: &mut Errors<'_>) {
    for problem in names::domain_prefixed_path(name) {
        let message = format!("`managedBy` {problem}");
        let finding = errors.invalid(path, message).problem(problem).rule("invalid-managed-by");
        finding.help("name the controller as `example.com/controller`, or delete the field");
    }
    if name.len() > 63 {
        let message = format!("`managedBy` must be at most 63 characters, not {}", name.len());
        let finding = errors.too_long(path, message).says("may not be more than 63 bytes").rule("invalid-managed-by");
        finding.help("use the shorter name that the controller listens to");
    }
}

/// More than this many indexes, or indexes at once, do not fit into the status of a Job.
const MAX_INDEXES: i32 = 100_000;
/// With more completions than [`MAX_INDEXES`] and a limit for each index, these many may fail or run at once.
const MAX_OF_MANY: i32 = 10_000;

fn completion_mode(spec: &JobSpec, path: &Path, errors: &mut Errors<'_>) {
    let mode = spec.completion_mode.as_deref().unwrap_or("NonIndexed");
    match mode {
        "Indexed" => {
            if spec.completions.is_none() {
                let place = errors.place(&path.field("completionMode"));
                let message = "an Indexed Job needs `completions`, the number of its indexes";
                let finding =
                    errors.required(&path.field("completions"), message).says("when completion mode is Indexed");
                finding.rule("indexed-job-without-completions");
                finding.related(place, "indexes are counted because of this").help("add `completions`");
            }
            size(spec, path, errors);
        }
        "NonIndexed" => {}
        other => {
            let what = "the `completionMode` of a Job";
            errors.unsupported(&path.field("completionMode"), what, other, ["NonIndexed", "Indexed"]);
        }
    }
    let counts_together = mode == "NonIndexed";
    for (field, is_wrong) in [
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.is_some() && counts_together),
        ("maxFailedIndexes", spec.max_failed_indexes.is_some() && counts_together),
        ("successPolicy", spec.success_policy.is_some() && !is_indexed(spec)),
    ] {
        if is_wrong {
            let message = format!("`{field}` is for Jobs whose completion mode is `Indexed`");
            let finding = errors
                .invalid(&path.field(field), message)
                .says("requires indexed completion mode")
                .rule("job-not-indexed");
            finding.help(format!("add `completionMode: Indexed` and `completions`, or delete `{field}`"));
        }
    }
}

/// How large an Indexed Job may be.
fn size(spec: &JobSpec, path: &Path, errors: &mut Errors<'_>) {
    let mut at_most = |field: &'static str, value: i32, limit: i32, why: &str, says: String| {
        if value > limit {
            let message = format!("`{field}` of {why} is at most {limit}, not {value}");
            let finding = errors.invalid(&path.field(field), message).rule("indexed-job-too-large").says(says);
            finding.help(format!("set `{field}` to {limit} or less"));
        }
    };
    let many = spec.completions.is_some_and(|it| it > MAX_INDEXES) && spec.backoff_limit_per_index.is_some();
    let many_indexes = "a Job with more than 100000 indexes and `backoffLimitPerIndex`";
    let says = |limit: i32, plain: &str| match limit {
        MAX_OF_MANY => format!(
            "must be less than or equal to {limit} when completions are above {MAX_INDEXES} and used with backoff limit per \
             index"
        ),
        _ => format!("must be less than or equal to {limit}{plain}"),
    };
    if let Some(parallelism) = spec.parallelism {
        let limit = if many { (MAX_OF_MANY, many_indexes) } else { (MAX_INDEXES, "an Indexed Job") };
        let says = says(limit.0, " when completion mode is Indexed");
        at_most("parallelism", parallelism, limit.0, limit.1, says);
    }
    if let Some(failed) = spec.max_failed_indexes {
        let completions = spec.completions.unwrap_or(MAX_INDEXES);
        if failed > completions.min(MAX_INDEXES) && completions < MAX_INDEXES {
            let why = format!("a Job with {completions} `completions`");
            let says = "must be less than or equal to completions".to_owned();
            at_most("maxFailedIndexes", failed, completions, &why, says);
        } else {
            let limit = if many { (MAX_OF_MANY, many_indexes) } else { (MAX_INDEXES, "an Indexed Job") };
            at_most("maxFailedIndexes", failed, limit.0, limit.1, says(limit.0, ""));
        }
    } else if many {
        let finding = errors
            .required(&path.field("maxFailedIndexes"), format!("{many_indexes} needs `maxFailedIndexes`"))
            .says(format!("must be specified when completions is above {MAX_INDEXES}"));
        finding.rule("indexed-job-too-large").help(format!("add `maxFailedIndexes`, at most {MAX_OF_MANY}"));
    }
}

/// The restart policy of the pods, by default the one that is not for Jobs.
fn restart_policy(spec: &JobSpec, template: &Path, errors: &mut Errors<'_>) {
    let path = template.fields(&["spec", "restartPolicy"]);
    let policy = of_template(&spec.template);
    match policy {
        "" | "Always" => {
            let message = if errors.written(&path) == Some("Always") {
                "the pods of a Job cannot have the restart policy `Always`"
            } else {
                "the pods of a Job need a `restartPolicy`, as the default `Always` is not for Jobs"
            };
            errors.required(&path, message).says(r#"valid values: "OnFailure", "Never""#).rule("job-restarts-always").help(
                "set `restartPolicy: Never` for a new pod each time (its logs are kept), or `OnFailure` to restart in place",
            );
        }
        "OnFailure" if spec.pod_failure_policy.is_some() => {
            let place = errors.place(&template.parent().unwrap_or(template).field("podFailurePolicy"));
            errors
                .invalid(&path, "a `podFailurePolicy` needs the restart policy `Never`")
                .says("only \"Never\" is supported when podFailurePolicy is specified")
                .rule("invalid-pod-failure-policy")
                .related(place, "the kubelet would restart containers before this sees the failure")
                .help("set `restartPolicy: Never`");
        }
        // Other values are none of a pod's, and that is said already.
        _ => {}
    }
}

fn of_template(template: &PodTemplateSpec) -> &str {
    template.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref()).unwrap_or_default()
}

/// As `WarningsForJobSpec`.
pub(super) fn size_warning(spec: &JobSpec, path: &Path, errors: &mut Errors<'_>) {
    let (completions, parallelism) = (spec.completions.unwrap_or_default(), spec.parallelism.unwrap_or_default());
    if is_indexed(spec) && completions > MAX_INDEXES && parallelism > MAX_OF_MANY {
        let message = format!(
            "with more than {MAX_INDEXES} indexes and more than {MAX_OF_MANY} pods at once, the Job may lose track of \
             completed indexes when many fail"
        );
        let place = errors.place(&path.field("completions"));
        let finding = errors.warn(&path.field("parallelism"), message).called(path.clone());
        finding.related(place, "the number of indexes").help(format!("set `parallelism` to {MAX_OF_MANY} or less"));
    }
}
