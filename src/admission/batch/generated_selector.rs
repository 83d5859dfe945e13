//! The selector and the labels that the API server makes for a Job, so that it finds its own pods and no others.
//!
//! Mirrors `generateSelector` in pkg/registry/batch/job/strategy.go, `validateGeneratedSelector` in
//! pkg/apis/batch/validation and a part of `SetDefaults_Job` in pkg/apis/batch/v1/defaults.go (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};

use super::job::invalid_name;
use crate::admission::apps::query;
use crate::admission::errors::{Errors, NEW_UID, shortened};
use crate::values::names;
use crate::yaml::Path;

const LEGACY_UID: &str = "controller-uid";
const LEGACY_NAME: &str = "job-name";
const UID: &str = "batch.kubernetes.io/controller-uid";
const NAME: &str = "batch.kubernetes.io/job-name";

fn uid(job: &Job) -> &str {
    job.metadata.uid.as_deref().filter(|uid| !uid.is_empty()).unwrap_or(NEW_UID)
}

fn is_manual(spec: &JobSpec) -> bool {
    spec.manual_selector.unwrap_or_default()
}

/// What the labels must be.
fn expected(job: &Job) -> [(&'static str, &str); 4] {
    let name = job.metadata.name.as_deref().unwrap_or_default();
    [(LEGACY_UID, uid(job)), (LEGACY_NAME, name), (UID, uid(job)), (NAME, name)]
}

/// A Job without labels has those of its template: it is one and the same map.
pub(super) fn labels_come_from_template(errors: &mut Errors<'_>) {
    if inherits_labels(errors) {
        let labels = Path::root().fields(&["metadata", "labels"]);
        errors.copied(labels, template_labels(), "a label of the Job too, which has none of its own");
    }
}

fn template_labels() -> Path {
    Path::root().fields(&["spec", "template", "metadata", "labels"])
}

fn inherits_labels(errors: &Errors<'_>) -> bool {
    !errors.has_entries(&Path::root().fields(&["metadata", "labels"])) && errors.is_written(&template_labels())
}

/// Gives a new Job its selector, and the template its labels. Where the name cannot be a label, [`name`] says so
/// instead.
pub(super) fn selector(job: &mut Job) {
    if !job.spec.as_ref().is_some_and(is_manual) {
        let uid = uid(job).to_owned();
        let labels: Vec<(String, String)> = expected(job)
            .into_iter()
            .filter(|(_, value)| names::label_value(value).is_empty())
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let Some(spec) = &mut job.spec else { return };
        let own = spec.template.metadata.get_or_insert_default().labels.get_or_insert_default();
        for (key, value) in labels {
            own.entry(key).or_insert(value);
        }
        let selected = spec.selector.get_or_insert_default().match_labels.get_or_insert_default();
        selected.entry(UID.to_owned()).or_insert(uid);
    }
}

/// What `kubectl apply` leaves as it was: the manifest says nothing of it.
pub(super) fn keep(job: &mut Job, old: &Job) {
    let (Some(spec), Some(old)) = (&mut job.spec, &old.spec) else { return };
    if is_manual(spec) || is_manual(old) {
        return;
    }
    if spec.selector.is_none() {
        spec.selector.clone_from(&old.selector);
    }
    let old = old.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    for key in [LEGACY_UID, LEGACY_NAME, UID, NAME] {
        if let Some(value) = old.and_then(|labels| labels.get(key)) {
            let labels = spec.template.metadata.get_or_insert_default().labels.get_or_insert_default();
            labels.entry(key.to_owned()).or_insert_with(|| value.clone());
        }
    }
}

/// Which of the labels a template must have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Labels {
    /// All four of them.
    All,
    /// Those without a prefix, as Jobs that are older than the others.
    Legacy,
}

impl Labels {
    /// What is asked of a Job that replaces one with this spec (`RequirePrefixedLabels`).
    pub(super) fn required_after(old: &JobSpec) -> Self {
        let labels = old.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
        let had = |key: &str| labels.is_some_and(|labels| labels.contains_key(key));
        if had(NAME) && had(UID) { Self::All } else { Self::Legacy }
    }
}

const HELP: &str = "leave the selector out: the API server makes one that picks the pods of this Job alone";

/// As `validateGeneratedSelector`.
pub(super) fn check(job: &Job, spec: &JobSpec, required: Labels, errors: &mut Errors<'_>) {
    let Some(selector) = spec.selector.as_ref().filter(|_| !is_manual(spec)) else { return };
    let labels = spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    let expected: Vec<(&str, &str)> = expected(job)
        .into_iter()
        .filter(|(key, _)| required == Labels::All || [LEGACY_UID, LEGACY_NAME].contains(key))
        .collect();
    for (key, value) in &expected {
        let path = template_labels().key(*key);
        match labels.and_then(|labels| labels.get(*key)) {
            Some(found) if found == value => {}
            Some(found) => {
                let message =
                    format!("the API server sets label `{key}` itself, to another value than `{}`", shortened(found));
                let finding = errors.invalid(&path, message).rule("selector-not-generated");
                finding.help("delete the label, which a dump of a cluster left behind");
            }
            // On creation it is missing only if the name cannot be its value, which is said already.
            None if !names::label_value(value).is_empty() => {}
            None => {
                let message = format!("the template of a Job that runs must keep the label `{key}`");
                let finding = errors.required(&path, message).rule("selector-not-generated");
                finding.help("take it over from the Job in the cluster, or use `kubectl apply`, which leaves it alone");
            }
        }
    }
    let expected: BTreeMap<String, String> =
        expected.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    if query(selector).is_some_and(|query| !query.matches(&expected)) {
        let message = "the selector of the Job is not the one that the API server would make";
        let path = Path::root().fields(&["spec", "selector"]);
        errors.invalid(&path, message).rule("selector-not-generated").help(HELP);
    }
}

/// The name of a new Job becomes the value of labels of its pods, and of its own if it shares them.
pub(super) fn name(job: &Job, spec: &JobSpec, errors: &mut Errors<'_>) {
    let name = job.metadata.name.as_deref().unwrap_or_default();
    if is_manual(spec) || names::label_value(name).is_empty() {
        return;
    }
    let problem = match name.len() {
        64.. => "longer than the 63 characters that a label may have",
        _ => "no value of a label",
    };
    let own = inherits_labels(errors).then_some((&["metadata", "labels"][..], "Job carries"));
    for (field, whose) in [(&["spec", "template", "labels"][..], "pods carry")].into_iter().chain(own) {
        let message = format!("the name, which the {whose} as label `job-name`, is {problem}");
        errors.following(&Path::root().fields(&["metadata", "name"]), |errors| {
            let finding = invalid_name(&Path::root().fields(field), message, errors);
            finding.help("use at most 63 lower-case letters, digits and `-`");
        });
    }
}

/// What is wrong with the selector of the Jobs that a CronJob makes: there must be none.
pub(super) fn none_of_own(spec: &JobSpec, path: &Path, errors: &mut Errors<'_>) {
    if spec.selector.is_some() {
        let message = "the Jobs of a CronJob cannot have a selector";
        errors.invalid(&path.field("selector"), message).rule("selector-not-generated").help(HELP);
    }
    if is_manual(spec) {
        let path = path.field("manualSelector");
        let what = "`manualSelector` of the Jobs of a CronJob";
        let finding = errors.unsupported(&path, what, "true", ["false"]).rule("selector-not-generated");
        "the Jobs of a CronJob cannot have a manual selector".clone_into(&mut finding.message);
        finding.help(HELP);
    }
}
