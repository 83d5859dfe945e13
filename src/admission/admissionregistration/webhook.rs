//! Webhook configurations.
//!
//! Mirrors `ValidateValidatingWebhookConfiguration`, `ValidateMutatingWebhookConfiguration` and their updates in
//! pkg/apis/admissionregistration/validation, and k8s.io/apiserver/pkg/util/webhook (v1.36).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations, ValidatingWebhook,
    ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::{matching, webhook_defaults as defaults};
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::{Gate, Since};
use crate::admission::shared::selector::{self, Options as SelectorOptions};
use crate::admission::{ApiServer, Kind};
use crate::values::{names, url};
use crate::yaml::Path;

/// The versions of `AdmissionReview` that the API server speaks.
const REVIEWS: [&str; 2] = ["v1", "v1beta1"];
const SIDE_EFFECTS: [&str; 4] = ["None", "NoneOnDryRun", "Some", "Unknown"];

/// The end of names that are reserved for configurations out of files.
const STATIC: &str = ".static.k8s.io";

impl Kind for ValidatingWebhookConfiguration {
    const UNCONDITIONAL_UPDATE: bool = false;

    fn set_defaults(&mut self, _: &ApiServer) {
        self.webhooks.iter_mut().flatten().for_each(defaults::validating);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        created(&self.metadata, &hooks(self.webhooks.as_deref()), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        updated(&self.metadata, &hooks(self.webhooks.as_deref()), &hooks(old.webhooks.as_deref()), errors);
    }
}

impl Kind for MutatingWebhookConfiguration {
    const UNCONDITIONAL_UPDATE: bool = false;

    fn set_defaults(&mut self, _: &ApiServer) {
        self.webhooks.iter_mut().flatten().for_each(defaults::mutating);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        created(&self.metadata, &hooks(self.webhooks.as_deref()), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        updated(&self.metadata, &hooks(self.webhooks.as_deref()), &hooks(old.webhooks.as_deref()), errors);
    }
}

/// A new configuration with these hooks.
fn created(metadata: &ObjectMeta, hooks: &[Hook<'_>], errors: &mut Errors<'_>) {
    reserved_name(metadata, true, errors);
    configuration(hooks, &Options::default(), errors);
}

/// A configuration with these hooks in the place of one with the `old` ones.
fn updated(metadata: &ObjectMeta, hooks: &[Hook<'_>], old: &[Hook<'_>], errors: &mut Errors<'_>) {
    reserved_name(metadata, false, errors);
    configuration(hooks, &Options::of_update(hooks, old, errors), errors);
}

/// A name that is reserved (`ValidateStaticSuffix`, `WarningsForStaticSuffix`); older servers do not know of it.
pub(super) fn reserved_name(metadata: &ObjectMeta, created: bool, errors: &mut Errors<'_>) {
    let name = metadata.name.as_deref().unwrap_or_default();
    if !name.ends_with(STATIC) || !errors.server.does(Since::StaticSuffix) {
        return;
    }
    let path = Path::root().fields(&["metadata", "name"]);
    let message =
        format!("names that end with `{STATIC}` are reserved for configurations that the server reads from files");
    let finding = if created && errors.server.enabled(Gate::ManifestBasedAdmissionControlConfig) {
        errors.invalid(&path, message)
    } else {
        errors.warn(&path, message)
    };
    finding.help("give the configuration another name");
}

/// A webhook of either sort.
struct Hook<'a> {
    name: &'a str,
    reviews: &'a [String],
    client: &'a WebhookClientConfig,
    rules: &'a [RuleWithOperations],
    conditions: &'a [MatchCondition],
    selectors: [(&'static str, Option<&'a LabelSelector>); 2],
    side_effects: &'a str,
    timeout: Option<i32>,
    policies: [Policy<'a>; 3],
}

/// The name of a field, its value, and the values that it can have.
type Policy<'a> = (&'static str, Option<&'a str>, [&'static str; 2]);

const REINVOCATION: [&str; 2] = ["IfNeeded", "Never"];

impl<'a> From<&'a ValidatingWebhook> for Hook<'a> {
    fn from(hook: &'a ValidatingWebhook) -> Self {
        let (namespaces, objects) = (hook.namespace_selector.as_ref(), hook.object_selector.as_ref());
        Self {
            name: &hook.name,
            reviews: &hook.admission_review_versions,
            client: &hook.client_config,
            rules: hook.rules.as_deref().unwrap_or_default(),
            conditions: hook.match_conditions.as_deref().unwrap_or_default(),
            selectors: [("namespaceSelector", namespaces), ("objectSelector", objects)],
            side_effects: &hook.side_effects,
            timeout: hook.timeout_seconds,
            policies: [
                ("failurePolicy", hook.failure_policy.as_deref(), ["Fail", "Ignore"]),
                ("matchPolicy", hook.match_policy.as_deref(), ["Equivalent", "Exact"]),
                ("reinvocationPolicy", None, REINVOCATION),
            ],
        }
    }
}

impl<'a> From<&'a MutatingWebhook> for Hook<'a> {
    fn from(hook: &'a MutatingWebhook) -> Self {
        let (namespaces, objects) = (hook.namespace_selector.as_ref(), hook.object_selector.as_ref());
        Self {
            name: &hook.name,
            reviews: &hook.admission_review_versions,
            client: &hook.client_config,
            rules: hook.rules.as_deref().unwrap_or_default(),
            conditions: hook.match_conditions.as_deref().unwrap_or_default(),
            selectors: [("namespaceSelector", namespaces), ("objectSelector", objects)],
            side_effects: &hook.side_effects,
            timeout: hook.timeout_seconds,
            policies: [
                ("failurePolicy", hook.failure_policy.as_deref(), ["Fail", "Ignore"]),
                ("matchPolicy", hook.match_policy.as_deref(), ["Equivalent", "Exact"]),
                ("reinvocationPolicy", hook.reinvocation_policy.as_deref(), REINVOCATION),
            ],
        }
    }
}

fn hooks<'a, T>(hooks: Option<&'a [T]>) -> Vec<Hook<'a>>
where
    Hook<'a>: From<&'a T>,
{
    hooks.unwrap_or_default().iter().map(Hook::from).collect()
}

/// What an update may keep, because the old configuration has it (`validationOptions`).
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own, as in the original")]
struct Options {
    keep_conditions: bool,
    allow_side_effects: bool,
    allow_unknown_reviews: bool,
    allow_same_names: bool,
    selectors: SelectorOptions,
    /// The expressions of match conditions that are stored already.
    conditions: BTreeSet<String>,
}

impl Options {
    fn of_update(hooks: &[Hook<'_>], old: &[Hook<'_>], errors: &Errors<'_>) -> Self {
        let knows_none = |hook: &Hook<'_>| !hook.reviews.is_empty() && !knows_review(hook.reviews);
        let mut names: Vec<&str> = old.iter().map(|hook| hook.name).collect();
        names.sort_unstable();
        Self {
            keep_conditions: hooks.len() == old.len()
                && hooks.iter().zip(old).all(|(hook, old)| hook.conditions == old.conditions),
            allow_side_effects: old.iter().any(|hook| !SIDE_EFFECTS[..2].contains(&hook.side_effects)),
            allow_unknown_reviews: old.iter().any(knows_none),
            conditions: old.iter().flat_map(|hook| hook.conditions).map(|one| one.expression.clone()).collect(),
            allow_same_names: names.windows(2).any(|pair| pair[0] == pair[1]),
            selectors: SelectorOptions {
                allow_invalid_values: errors.would_refuse(|errors| {
                    for (_, selector) in old.iter().flat_map(|hook| hook.selectors) {
                        selector::label_selector(selector, &Path::root(), SelectorOptions::default(), errors);
                    }
                }),
            },
        }
    }
}

fn knows_review(versions: &[String]) -> bool {
    versions.iter().any(|version| REVIEWS.contains(&version.as_str()))
}

fn configuration(hooks: &[Hook<'_>], options: &Options, errors: &mut Errors<'_>) {
    let path = Path::root().field("webhooks");
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, hook) in hooks.iter().enumerate() {
        let at = path.index(index);
        self::hook(hook, options, &at, errors);
        reviews(hook.reviews, options, &at.field("admissionReviewVersions"), errors);
        let first = *seen.entry(hook.name).or_insert(index);
        if first != index && !hook.name.is_empty() && !options.allow_same_names {
            let place = errors.place(&path.index(first).field("name"));
            let message = format!("two webhooks have the name `{}`", shortened(hook.name));
            errors.duplicate(&at.field("name"), message).related(place, "the other one");
        }
    }
}

fn hook(hook: &Hook<'_>, options: &Options, path: &Path, errors: &mut Errors<'_>) {
    let name = path.field("name");
    if hook.name.is_empty() {
        errors
            .required(&name, "the webhook has no name")
            .help("write a name in your domain, as in `check.example.com`");
    } else if let Some(problem) = names::fully_qualified_name(hook.name).first() {
        let finding =
            errors.invalid(&name, format!("the name `{}` {problem}", shortened(hook.name))).problem(problem.clone());
        finding.help("write a name in your domain, as in `check.example.com`");
    }
    for (index, rule) in hook.rules.iter().enumerate() {
        matching::rule(rule, &path.field("rules").index(index), errors);
    }
    for (field, value, known) in hook.policies {
        if let Some(value) = value.filter(|value| !known.contains(value)) {
            errors.unsupported(&path.field(field), format!("the `{field}` of a webhook"), value, known);
        }
    }
    side_effects(hook.side_effects, options, &path.field("sideEffects"), errors);
    if let Some(timeout) = hook.timeout.filter(|timeout| !(1..=30).contains(timeout)) {
        let message = format!("a webhook has between 1 and 30 seconds to answer, not {timeout}");
        errors
            .invalid(&path.field("timeoutSeconds"), message)
            .says("the timeout value must be between 1 and 30 seconds");
    }
    for (field, selector) in hook.selectors {
        selector::label_selector(selector, &path.field(field), options.selectors, errors);
    }
    client(hook.client, &path.field("clientConfig"), errors);
    if !options.keep_conditions {
        let stored = &options.conditions;
        matching::match_conditions(hook.conditions, false, stored, &path.field("matchConditions"), errors);
    }
}

/// A webhook may be asked in a dry run, so it must say that it changes nothing then.
fn side_effects(value: &str, options: &Options, path: &Path, errors: &mut Errors<'_>) {
    let allowed = if options.allow_side_effects { &SIDE_EFFECTS[..] } else { &SIDE_EFFECTS[..2] };
    if value.is_empty() && !errors.is_written(path) {
        let finding = errors
            .required(path, "the webhook does not say whether it has side effects")
            .says(format!("must specify one of {}", allowed.join(", ")));
        finding.help("write `None`, or `NoneOnDryRun` if it has some, but not in a dry run");
    } else if !allowed.contains(&value) {
        errors.unsupported(path, "the `sideEffects` of a webhook", value, allowed.iter().copied());
    }
}

fn reviews(versions: &[String], options: &Options, path: &Path, errors: &mut Errors<'_>) {
    if versions.is_empty() {
        let finding = errors
            .required(path, "the webhook does not say which `AdmissionReview` it understands")
            .says("must specify one of v1, v1beta1");
        finding.help("write `[v1]`");
        return;
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, version) in versions.iter().enumerate() {
        let first = *seen.entry(version).or_insert(index);
        if first != index {
            let place = errors.place(&path.index(first));
            let message = format!("the version `{}` stands in the list already", shortened(version));
            errors.invalid(&path.index(index), message).says("duplicate version").related(place, "here");
            continue;
        }
        let what = format!("the version `{}`", shortened(version));
        errors.each_invalid(&path.index(index), what, names::dns1035_label(version));
    }
    if !options.allow_unknown_reviews && !knows_review(versions) {
        let finding = errors
            .invalid(path, "the API server speaks none of these versions of `AdmissionReview`")
            .says("must include at least one of v1, v1beta1");
        finding.help("add `v1`");
    }
}

fn client(client: &WebhookClientConfig, path: &Path, errors: &mut Errors<'_>) {
    match (&client.url, &client.service) {
        (Some(url), None) => self::url(url, &path.field("url"), errors),
        (None, Some(it)) => {
            let port = it.port.unwrap_or_default();
            service(&it.name, &it.namespace, it.path.as_deref(), port, &path.field("service"), errors);
        }
        (None, None) => {
            let finding = errors
                .required(path, "the webhook does not say where it is reached")
                .says("exactly one of url or service is required");
            finding.help("name its `service`, or give its `url` if it runs outside the cluster");
        }
        (Some(_), Some(_)) => {
            let place = errors.key_place(&path.field("url"));
            let finding = errors
                .required(path, "a webhook is reached by a `service` or a `url`, not by both")
                .says("exactly one of url or service is required");
            finding.related(place, "the URL").help("remove one of them");
        }
    }
}

/// The URL of a webhook (`ValidateWebhookURL`).
pub(in crate::admission) fn url(text: &str, path: &Path, errors: &mut Errors<'_>) {
    const FORM: &str = "write it as `https://host/path`";
    let url = match url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            errors.required(path, format!("`{}` is no URL: it {error}", shortened(text))).help(FORM);
            return;
        }
    };
    let mut wrong = |holds: bool, message: &str| {
        if holds {
            errors.invalid(path, message).help(FORM);
        }
    };
    wrong(url.scheme != "https", "the URL of a webhook must start with `https://`");
    wrong(url.host.is_empty(), "the URL of a webhook must name a host");
    wrong(url.has_user, "the URL of a webhook cannot name a user");
    wrong(!url.fragment.is_empty(), "the URL of a webhook cannot have a fragment");
    wrong(!url.query.is_empty(), "the URL of a webhook cannot have a query");
}

/// The Service of a webhook (`ValidateWebhookService`). The original is called with name and namespace interchanged, so
/// that it blames the one where the other is missing.
pub(in crate::admission) fn service(
    name: &str,
    namespace: &str,
    url_path: Option<&str>,
    port: i32,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    if name.is_empty() {
        errors.required(&path.field("name"), "the Service has no name").called(path.field("namespace"));
    }
    if namespace.is_empty() {
        let finding = errors.required(&path.field("namespace"), "the Service needs its namespace here");
        finding.called(path.field("name"));
    }
    crate::admission::shared::port::number(port, &path.field("port"), errors);
    let Some(url_path) = url_path.filter(|text| !matches!(*text, "" | "/")) else { return };
    let path = path.field("path");
    if url_path == "//" {
        errors.invalid(&path, "the path `//` has an empty part").says("segment[0] may not be empty");
        return;
    }
    if !url_path.starts_with('/') {
        let message = format!("the path `{}` must start with `/`", shortened(url_path));
        errors.invalid(&path, message).says("must start with a '/'").help("put a `/` before it");
    }
    let checked = url_path.get(1..).unwrap_or(url_path);
    for part in checked.strip_suffix('/').unwrap_or(checked).split('/') {
        if part.is_empty() {
            errors.invalid(&path, format!("the path `{}` has an empty part", shortened(url_path)));
        } else {
            let what = format!("the part `{}` of the path", shortened(part));
            errors.each_invalid(&path, what, names::dns1123_subdomain(part));
        }
    }
}
