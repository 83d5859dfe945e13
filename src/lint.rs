//! From texts to findings: reads, builds the cluster, runs the checks, and puts the findings in order.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::cluster::Cluster;
use crate::finding::{Finding, Findings, Group};
use crate::rules::{self, Context, Rule};
use crate::schema::{Checked, KubernetesVersion, Schemas};
use crate::source::{FileId, Sources};
use crate::yaml::{self, Document, ProblemKind};

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Rules (by id) and groups (by name) that are looked for besides those that are on by default.
    pub select: Vec<String>,
    /// Rules and groups that are not looked for.
    pub ignore: Vec<String>,
    /// The versions of Kubernetes to judge by; the newest if there are none.
    pub kubernetes_versions: Vec<KubernetesVersion>,
}

impl Settings {
    /// Whether the rule is on.
    pub fn wants(&self, rule: &Rule) -> bool {
        let named = |list: &[String]| list.iter().any(|name| name == rule.id || name == rule.group.name());
        (rule.group != Group::Advice || named(&self.select)) && !named(&self.ignore)
    }
}

/// What was found, and in how much.
#[derive(Debug, Default)]
pub struct Report {
    /// In the order of their places.
    pub findings: Vec<Finding>,
    /// How many documents hold something.
    pub documents: usize,
    /// How many objects they hold.
    pub objects: usize,
    /// How many of them are custom resources whose definition is not known.
    pub without_schema: usize,
}

/// Reads `sources` and looks for everything that `settings` ask for.
pub fn lint(sources: &Sources, settings: &Settings) -> Report {
    let files: Vec<FileId> = sources.iter().map(|(id, _)| id).collect();
    let documents: Vec<Document> = files.par_iter().flat_map_iter(|id| yaml::read(*id, sources.get(*id))).collect();
    let cluster = Cluster::new(documents);
    let mut out = Findings::new("", Group::Refused);
    for document in &cluster.documents {
        reading(document, settings, &mut out);
    }
    let schemas = Schemas::new(settings.kubernetes_versions.clone(), cluster.of_kind("CustomResourceDefinition"));
    let mut without_schema = 0;
    for object in cluster.objects() {
        if schemas.check(object, &mut out) == Checked::NoSchema {
            without_schema += 1;
        }
    }
    let context = Context::new(&cluster, sources);
    rules::run(&context, |rule| settings.wants(rule), &mut out);
    let mut findings = out.into_vec();
    findings.retain_mut(|finding| level(finding, settings));
    yield_to_rules(&mut findings);
    findings.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
    findings.dedup();
    Report {
        findings,
        documents: cluster.documents.iter().filter(|document| document.root().is_some()).count(),
        objects: cluster.objects().len(),
        without_schema,
    }
}

/// Gives a finding the group of its rule; `false` if nobody wants it.
fn level(finding: &mut Finding, settings: &Settings) -> bool {
    let Some(rule) = rules::find(finding.rule).filter(|rule| settings.wants(rule)) else { return false };
    finding.group = rule.group;
    finding.severity = rule.group.severity();
    true
}

/// A schema knows that something is refused, but not always why: the API server's own checks come after decoding and have
/// their own reasons. Where a rule that mirrors them blames the same field, its finding is the exact one.
fn yield_to_rules(findings: &mut Vec<Finding>) {
    let is_of_schema =
        |finding: &Finding| rules::find(finding.rule).is_some_and(Rule::is_of_schema) && finding.reason.is_some();
    // An object has one identity, which all its findings share.
    let place = |finding: &Finding| (finding.object.as_ref().map(Arc::as_ptr), finding.path.pointer());
    let blamed: BTreeSet<_> = findings
        .iter()
        .filter(|finding| finding.group == Group::Refused && finding.reason.is_some() && !is_of_schema(finding))
        .map(place)
        .collect();
    if !blamed.is_empty() {
        findings.retain(|finding| !(is_of_schema(finding) && blamed.contains(&place(finding))));
    }
}

/// The rules whose findings come from reading the text.
fn reading(document: &Document, settings: &Settings, out: &mut Findings) {
    for problem in &document.problems {
        let id = match problem.kind {
            ProblemKind::DuplicateKey => "duplicate-key",
            ProblemKind::Ignored => "text-after-document",
            ProblemKind::Syntax | ProblemKind::NotJson | ProblemKind::Limit => "invalid-yaml",
        };
        let Some(rule) = rules::find(id).filter(|rule| settings.wants(rule)) else { continue };
        out.switch(rule.id, rule.group);
        let finding = out.report(document.place(problem.span), document.index, &problem.message);
        if let Some((span, message)) = &problem.related {
            finding.related(document.place(*span), message);
        }
        if let Some(help) = &problem.help {
            finding.help(help);
        }
    }
}
