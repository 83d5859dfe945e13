//! From texts to findings: reads, builds the cluster, runs the checks, and puts the findings in order.

use rayon::prelude::*;

use crate::cluster::Cluster;
use crate::finding::{Finding, Findings, Group};
use crate::rules::{self, Context, Rule};
use crate::source::{FileId, Sources};
use crate::yaml::{self, Document, ProblemKind};

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Rules (by id) and groups (by name) that are looked for besides those that are on by default.
    pub select: Vec<String>,
    /// Rules and groups that are not looked for.
    pub ignore: Vec<String>,
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
    let context = Context::new(&cluster, sources);
    rules::run(&context, |rule| settings.wants(rule), &mut out);
    let mut findings = out.into_vec();
    findings.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
    findings.dedup();
    Report {
        findings,
        documents: cluster.documents.iter().filter(|document| document.root().is_some()).count(),
        objects: cluster.objects().len(),
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
    }
}
