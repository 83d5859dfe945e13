//! The rules: one list, from which the index, `explain` and every table of rules are derived.
//!
//! A rule is a folder in `rules/`, a function here and a line in the list. The folder's name is the rule's id; its
//! `README.md` is embedded, so a line without a folder does not compile, and a test makes sure that no folder lacks
//! its line. A rule looks at everything it likes and reports only on the document or object it was called for.

mod documents;
mod jobs;
mod page;
mod pods;
mod rollouts;
mod services;
mod statefulset;
mod unknown;
mod update;

use std::sync::OnceLock;

pub use self::page::Page;
pub(crate) use self::unknown::advice;
pub use self::unknown::{UnknownRule, known};
pub use self::update::{Rollout, Update};
use crate::cluster::{Autoscalers, Cluster, Layout, Object, Readers};
use crate::finding::{Finding, Findings, Group};
use crate::parallel::in_order;
use crate::source::Sources;
use crate::yaml::Document;

/// What a rule may look at besides its own object.
#[derive(Debug)]
pub struct Context<'a> {
    /// All objects of the input.
    pub cluster: &'a Cluster,
    sources: &'a Sources,
    layout: OnceLock<Layout>,
    autoscalers: OnceLock<Autoscalers<'a>>,
    readers: OnceLock<Readers<'a>>,
    update: Option<Update<'a>>,
}

impl<'a> Context<'a> {
    /// The objects of `cluster`, which stand in `sources`.
    pub fn new(cluster: &'a Cluster, sources: &'a Sources) -> Self {
        Self {
            cluster,
            sources,
            layout: OnceLock::new(),
            autoscalers: OnceLock::new(),
            readers: OnceLock::new(),
            update: None,
        }
    }

    /// The same, where it is known what runs already.
    #[must_use]
    pub fn with_update(self, update: Update<'a>) -> Self {
        Self { update: Some(update), ..self }
    }

    /// Makes the plan now, which is made on all cores itself: who waits for it among many must not be the one who makes it.
    fn prepare(&self) {
        if let Some(update) = &self.update {
            update.prepare();
        }
    }

    /// The object that `object` replaces and what happens to it then. `None` if it is not known what runs, if the object is
    /// new, and if it stays as it is.
    pub fn rollout(&self, object: &Object) -> Option<Rollout<'_>> {
        self.update.as_ref()?.rollout(object)
    }

    /// The object that `object` replaces, changed or not.
    pub fn old(&self, object: &Object) -> Option<&'a Object> {
        self.update.as_ref()?.old(object)
    }

    /// The autoscalers of the input that scale `object`.
    pub fn autoscalers(&self, object: &Object) -> &[&'a Object] {
        self.autoscalers.get_or_init(|| Autoscalers::new(self.cluster)).of(object)
    }

    /// The objects whose pods read `data`, a `ConfigMap` or Secret.
    fn readers(&self, data: &Object) -> impl Iterator<Item = &'a Object> {
        self.readers.get_or_init(|| Readers::new(self.cluster)).of(data).iter().copied()
    }

    /// What is meant to be applied together. Rules that accuse two objects of getting in each other's way ask this first.
    pub fn layout(&self) -> &Layout {
        self.layout.get_or_init(|| Layout::new(self.cluster, self.sources))
    }
}

/// A rule of the list.
#[derive(Debug)]
pub struct Rule {
    /// The name of its folder.
    pub id: &'static str,
    /// What happens to the user whose manifest breaks it.
    pub group: Group,
    check: Check,
    text: &'static str,
    page: OnceLock<Page>,
}

/// Who looks.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Check {
    /// Found while the text is read ([`crate::yaml`]).
    Reading,
    /// Found against the schemas ([`crate::schema`]).
    Schema,
    /// Found by what the API server checks after decoding ([`crate::admission`]); it may be found against the schemas of
    /// custom resources as well.
    Admission,
    /// Found while comments, annotations and configuration silence findings ([`crate::suppress`]).
    Suppression,
    /// Called once for each document, object or not, which alone decides what is found.
    LocalDocument(fn(&Document, &mut Findings)),
    /// Called once for each document; what else there is counts as well.
    Document(fn(&Context<'_>, &Document, &mut Findings)),
    /// Called once for each object, which alone decides what is found.
    Local(fn(&Object, &mut Findings)),
    /// Called once for each object; what else there is counts as well.
    Object(fn(&Context<'_>, &Object, &mut Findings)),
    /// Called once for each object as well; it may ask the context how a change of the object rolls out, and
    /// `seatrial plan` shows what it finds.
    Rollout(fn(&Context<'_>, &Object, &mut Findings)),
}

impl Rule {
    /// The parsed page of the rule.
    pub fn page(&self) -> &Page {
        self.page.get_or_init(|| Page::parse(self.text))
    }

    /// Whether it is about how changes roll out, so that what it finds depends on what runs already.
    pub fn is_about_rollouts(&self) -> bool {
        matches!(self.check, Check::Rollout(_))
    }
}

/// All rules, sorted by id.
pub fn rules() -> &'static [Rule] {
    static LIST: OnceLock<Vec<Rule>> = OnceLock::new();
    LIST.get_or_init(list)
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    let list = rules();
    list.binary_search_by(|rule| rule.id.cmp(id)).ok().map(|at| &list[at])
}

/// What `rules` find in a document and its objects by themselves, which stays true whatever else changes.
pub fn local(document: &Document, objects: &[Object], rules: &[&Rule], out: &mut Findings) {
    for rule in rules {
        out.switch(rule.id, rule.group);
        match rule.check {
            Check::LocalDocument(check) => check(document, out),
            Check::Local(check) => objects.iter().for_each(|object| check(object, out)),
            _ => {}
        }
    }
}

/// What `rules` find where other objects, and what runs already, count as well.
pub fn across(context: &Context<'_>, rules: &[&Rule], out: &mut Findings) {
    if rules.iter().any(|rule| rule.is_about_rollouts()) {
        context.prepare();
    }
    let found = in_order(&context.cluster.documents, |document| {
        each(rules, |check, out| {
            if let Check::Document(check) = check {
                check(context, document, out);
            }
        })
    });
    out.extend(found.into_iter().flatten());
    let found = in_order(context.cluster.objects(), |object| {
        each(rules, |check, out| match check {
            Check::Object(check) | Check::Rollout(check) => check(context, object, out),
            _ => {}
        })
    });
    out.extend(found.into_iter().flatten());
}

/// What each of the rules finds when `run` asks it.
fn each(rules: &[&Rule], run: impl Fn(Check, &mut Findings)) -> Vec<Finding> {
    let mut out = Findings::new("", Group::Refused);
    for rule in rules {
        out.switch(rule.id, rule.group);
        run(rule.check, &mut out);
    }
    out.into_vec()
}

macro_rules! list {
    ($($id:literal => $check:expr,)*) => {
        fn list() -> Vec<Rule> {
            use Check::{Admission, Document, Local, LocalDocument, Object, Reading, Rollout, Schema, Suppression};
            vec![$(rule($id, $check, include_str!(concat!("../../rules/", $id, "/README.md")))),*]
        }
    };
}

fn rule(id: &'static str, check: Check, text: &'static str) -> Rule {
    Rule { id, group: page::group(text), check, text, page: OnceLock::new() }
}

list! {
    "annotations-too-large" => Admission,
    "api-server-warning" => Admission,
    "backoff-limit-per-index-missing" => Admission,
    "boolean-word-key" => LocalDocument(documents::yaml::boolean_word_key),
    "boolean-word-value" => LocalDocument(documents::yaml::boolean_word_value),
    "claim-blocks-surge" => Rollout(rollouts::surge::claim_blocks),
    "claim-template-hides-volume" => Local(statefulset::claim_hides_volume),
    "claim-template-unmounted" => Local(statefulset::claim_unmounted),
    "claim-without-access-mode" => Admission,
    "claim-without-storage-request" => Admission,
    "config-change-without-restart" => Rollout(rollouts::config_changes::without_restart),
    "cronjob-name-unfit-for-index" => Local(jobs::name_unfit_for_index),
    "cronjob-runs-overlap" => Local(jobs::cron_job::runs_overlap),
    "decimal-file-mode" => LocalDocument(documents::yaml::decimal_file_mode),
    "deprecated-api" => Schema,
    "disabled-api" => Schema,
    "disruption-budget-blocks-drains" => Object(rollouts::replicas::budget_blocks_drains),
    "duplicate-claim-template" => Local(statefulset::duplicate_claim),
    "duplicate-host-port" => Admission,
    "duplicate-key" => Reading,
    "duplicate-mount-path" => Admission,
    "duplicate-port-name" => Admission,
    "duplicate-service-port" => Admission,
    "duplicate-value" => Admission,
    "forbidden-field" => Admission,
    "governing-service-name-invalid" => Admission,
    "governing-service-not-found" => Object(statefulset::service_not_found),
    "governing-service-not-headless" => Object(statefulset::service_not_headless),
    "governing-service-selects-others" => Object(statefulset::service_selects_others),
    "hook-port-undeclared" => Local(services::target_ports::hook_port_undeclared),
    "host-port-clash" => Object(pods::host_ports::clash),
    "host-port-mismatch" => Admission,
    "host-port-shared" => Object(pods::host_ports::shared),
    "immutable-field" => Admission,
    "indexed-job-too-large" => Admission,
    "indexed-job-without-completions" => Admission,
    "invalid-annotation-key" => Admission,
    "invalid-job-name" => Admission,
    "invalid-label" => Admission,
    "invalid-managed-by" => Admission,
    "invalid-pod-failure-policy" => Admission,
    "invalid-port-name" => Admission,
    "invalid-port-range" => Admission,
    "invalid-schedule" => Admission,
    "invalid-selector" => Admission,
    "invalid-success-policy" => Admission,
    "invalid-suppression" => Suppression,
    "invalid-time-zone" => Admission,
    "invalid-value" => Admission,
    "invalid-yaml" => Reading,
    "job-deadline-cuts-retries" => Local(jobs::effects::deadline_cuts_retries),
    "job-deadline-zero" => Local(jobs::effects::deadline_zero),
    "job-negative-number" => Admission,
    "job-not-indexed" => Admission,
    "job-parallelism-above-completions" => Local(jobs::effects::parallelism_above_completions),
    "job-restart-despite-zero-limit" => Local(jobs::effects::restarts_without_retries),
    "job-restarts-always" => Admission,
    "job-suspended" => Local(jobs::effects::suspended),
    "job-ttl-cuts-history" => Local(jobs::effects::ttl_cuts_history),
    "job-without-pods" => Local(jobs::effects::without_pods),
    "live-metadata" => Object(documents::metadata::live),
    "liveness-equals-readiness" => Local(pods::probe_effects::liveness_equals_readiness),
    "missing-field" => Admission,
    "missing-kind" => Document(documents::without_kind),
    "mount-not-found" => Admission,
    "node-port-clash" => Object(pods::host_ports::node_port_clash),
    "node-port-out-of-range" => Admission,
    "node-port-without-type" => Admission,
    "number-loses-digits" => LocalDocument(documents::yaml::number_loses_digits),
    "octal-number" => LocalDocument(documents::yaml::octal_number),
    "on-delete-keeps-old" => Rollout(rollouts::keeps_old::on_delete),
    "on-delete-with-rolling-update" => Admission,
    "partition-keeps-old" => Rollout(rollouts::keeps_old::partition),
    "paused-keeps-old" => Rollout(rollouts::keeps_old::paused),
    "port-out-of-range" => Admission,
    "probe-number-too-small" => Admission,
    "probe-on-init-container" => Admission,
    "probe-port-undeclared" => Local(pods::probes::port_undeclared),
    "probe-port-unlisted" => Local(services::target_ports::probe_port_unlisted),
    "probe-success-threshold-not-one" => Admission,
    "probe-timeout-above-period" => Local(pods::probe_effects::timeout_above_period),
    "probe-with-several-handlers" => Admission,
    "probe-without-command" => Admission,
    "probe-without-handler" => Admission,
    "read-write-once-pod-combined" => Admission,
    "readiness-probe-grace-period" => Admission,
    "recreate-keeps-rolling-update" => Rollout(rollouts::keeps_old::rolling_update),
    "removed-api" => Schema,
    "removed-replicas-leave-one" => Rollout(rollouts::replicas::removed),
    "replicas-reset-autoscaler" => Object(rollouts::replicas::reset_autoscaler),
    "rollout-drops-to-zero" => Rollout(rollouts::drops_to_zero),
    "rollout-misses-deadline" => Rollout(rollouts::misses_deadline),
    "rollout-stalls" => Rollout(rollouts::surge::stalls),
    "schedule-combines-days" => Local(jobs::schedules::either_day),
    "schedule-names-time-zone" => Admission,
    "schedule-never-fires" => Local(jobs::schedules::never_fires),
    "schedule-step-too-large" => Local(jobs::schedules::step_too_large),
    "schedule-step-uneven" => Local(jobs::schedules::uneven_step),
    "selector-empty" => Admission,
    "selector-mismatch" => Admission,
    "selector-missing" => Admission,
    "selector-not-generated" => Admission,
    "selector-overlap" => Object(services::overlaps::overlap),
    "selector-picks-everything" => Local(services::selectors::picks_everything),
    "selector-picks-nothing" => Local(services::selectors::picks_nothing),
    "served-without-readiness" => Object(pods::probe_effects::served_without_readiness),
    "service-mixes-ports" => Object(services::target_ports::mixed),
    "service-selects-nothing" => Object(services::selects_nothing),
    "service-selects-several" => Object(services::selects_several),
    "service-without-endpoints" => Object(services::without_endpoints),
    "service-without-ports" => Admission,
    "shared-port" => Local(pods::ports::shared_port),
    "shared-port-name" => Local(pods::ports::shared_name),
    "sops-encrypted" => Schema,
    "starting-deadline-too-short" => Local(jobs::cron_job::starting_deadline_too_short),
    "starting-deadline-zero" => Local(jobs::cron_job::starting_deadline_zero),
    "startup-window-too-short" => Local(pods::probe_effects::startup_window),
    "state-in-empty-dir" => Local(statefulset::state_in_empty_dir),
    "statefulset-name-too-long" => Local(statefulset::name_too_long),
    "statefulset-negative-number" => Admission,
    "statefulset-partition-too-high" => Rollout(statefulset::partition_too_high),
    "statefulset-without-service-name" => Object(statefulset::without_service_name),
    "target-port-undeclared" => Object(services::target_ports::undeclared),
    "target-port-unlisted" => Object(services::target_ports::unlisted),
    "text-after-document" => Reading,
    "too-many-items" => Admission,
    "unknown-field" => Schema,
    "unknown-kind" => Schema,
    "unnamed-port" => Admission,
    "unsupported-value" => Admission,
    "unused-suppression" => Suppression,
    "value-not-found" => Admission,
    "value-too-long" => Admission,
    "wrong-type" => Schema,
}
