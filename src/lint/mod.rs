//! From texts to findings: reads, judges, looks for what the rules say, silences what is allowed, puts the rest in order.

mod session;
mod settings;
mod silence;

use std::collections::BTreeSet;

pub use self::session::Session;
pub use self::settings::Settings;
use crate::admission;
use crate::cluster::{Cluster, Object};
use crate::config::FailOn;
use crate::finding::{Finding, Findings, Group};
use crate::plan::document::{Action, Plan};
use crate::plan::{self, Side};
use crate::rules::{self, Context, Rule, Update};
use crate::secrets::{self, Secrets};
use crate::source::Sources;

/// What was found, and in how much.
#[derive(Debug, Default)]
pub struct Report {
    /// In the order of their places.
    pub findings: Vec<Finding>,
    /// How many documents hold something.
    pub documents: usize,
    /// How many objects they hold.
    pub objects: usize,
    /// How many findings were silenced by comments, annotations and the configuration.
    pub silenced: usize,
    /// What must not be shown of the texts.
    pub secrets: Secrets,
    /// How many of the objects are custom resources whose definition is not known.
    pub without_schema: usize,
    /// Where documents of what runs already stand that cannot be read, as `FILE:LINE`: nobody knows which objects are in there.
    pub unread_old: Vec<String>,
}

impl Report {
    /// Whether something was found that makes the run fail.
    pub fn fails(&self, fail_on: FailOn) -> bool {
        self.findings.iter().any(|finding| fail_on.fails(finding.severity))
    }
}

/// Texts in which nothing is looked for, and which count nevertheless.
#[derive(Clone, Debug, Default)]
pub struct Background {
    /// Their CustomResourceDefinitions hold.
    pub definitions: Sources,
    /// What runs already: an object of the input that is in there replaces it, all others are new.
    pub old: Sources,
}

/// Reads `sources` and looks for everything that `settings` ask for.
pub fn lint(sources: &Sources, settings: &Settings) -> Report {
    lint_with(sources, &Background::default(), settings)
}

/// As [`lint`], with texts that count besides.
pub fn lint_with(sources: &Sources, background: &Background, settings: &Settings) -> Report {
    Session::new(sources.clone(), background.clone(), settings.clone()).report()
}

/// What the rules about rollouts find in a change that is planned already. What stays as it is rolls nothing out.
pub fn rollout_findings(plan: &Plan, old: &Side, new: &Side, settings: &Settings) -> Report {
    let context = Context::new(&new.cluster, &new.sources).with_update(Update::planned(old, new, plan));
    let mut out = Findings::new("", Group::Risky);
    let rules: Vec<&Rule> = settings.rules().into_iter().filter(|rule| rule.is_about_rollouts()).collect();
    rules::across(&context, &rules, &mut out);
    let mut report = report(&new.sources, &new.cluster, settings, out);
    let unchanged = plan.objects.iter().filter(|object| object.action == Action::None);
    let unchanged: BTreeSet<&str> = unchanged.map(|object| object.id.as_str()).collect();
    report.findings.retain(|finding| {
        let id = finding.object.as_deref().map(plan::id);
        !silence::is_about_it(finding) && id.is_some_and(|id| !unchanged.contains(id.as_str()))
    });
    report
}

/// Gives the findings their levels, silences what is allowed and puts the rest in order.
fn report(sources: &Sources, cluster: &Cluster, settings: &Settings, out: Findings) -> Report {
    let mut findings = out.into_vec();
    findings.retain_mut(|finding| level(finding, settings));
    findings.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
    findings.dedup_by(|later, first| later.reads_like(first));
    let found = findings.len();
    let mut findings = silence::allow(sources, cluster, settings, findings);
    let silenced = found - findings.iter().filter(|finding| !silence::is_about_it(finding)).count();
    let secrets = Secrets::find(sources, cluster.documents.iter().map(AsRef::as_ref));
    for finding in &mut findings {
        secrets.redact(sources, finding);
    }
    Report {
        findings,
        documents: cluster.documents.iter().filter(|document| document.root().is_some()).count(),
        objects: cluster.objects().len(),
        silenced,
        secrets,
        without_schema: 0,
        unread_old: Vec::new(),
    }
}

/// The objects of `sources` as the API server would store them, in their order; those of unknown kinds as they are written.
/// The values of Secrets are hidden. The first of the versions that are asked for counts.
pub fn stored(sources: &Sources, settings: &Settings) -> Vec<serde_json::Value> {
    let (cluster, servers) = (Cluster::read(sources), settings.servers());
    let store = |object: &Object| {
        let mut value = servers
            .first()
            .and_then(|server| admission::stored(object, server))
            .unwrap_or_else(|| object.root().to_json());
        secrets::hide(&mut value);
        value
    };
    cluster.objects().iter().map(store).collect()
}

/// Gives a finding the group of its rule and the severity that is asked for; `false` if nobody wants it. Every finding
/// comes through here once, so that those who report need not know.
fn level(finding: &mut Finding, settings: &Settings) -> bool {
    let Some(rule) = rules::find(&finding.rule).filter(|rule| settings.wants(rule)) else { return false };
    finding.group = rule.group;
    finding.severity = settings.severity_of(rule);
    true
}
