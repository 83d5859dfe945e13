//! Which findings the user has silenced, and what is wrong with the silencing.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Settings, level};
use crate::cluster::Cluster;
use crate::finding::{Finding, Findings, Group};
use crate::rules;
use crate::source::{FileId, Sources};
use crate::suppress::{self, Status};

const UNUSED: &str = "unused-suppression";
const INVALID: &str = "invalid-suppression";

/// Whether the finding is about a suppression itself.
pub(super) fn is_about_it(finding: &Finding) -> bool {
    [UNUSED, INVALID].contains(&&*finding.rule)
}

/// Leaves out what comments, annotations and the configuration silence, and adds what is wrong with the former.
pub(super) fn allow(sources: &Sources, cluster: &Cluster, settings: &Settings, findings: Vec<Finding>) -> Vec<Finding> {
    let status = |name: &str| match rules::find(name) {
        // What such a rule finds depends on the change: with the next one, the suppression may be needed again.
        Some(rule) if settings.wants(rule) && !rule.is_about_rollouts() => Status::On,
        Some(_) => Status::Off,
        None => Status::Unknown,
    };
    let documents = cluster.documents.iter().map(AsRef::as_ref);
    let suppress::Outcome { mut kept, problems } = suppress::apply(sources, documents, findings, status);
    let mut out = Findings::new("", Group::Risky);
    for problem in problems {
        suppression(problem, &mut out);
    }
    let mut problems = out.into_vec();
    problems.retain_mut(|finding| level(finding, settings));
    kept.extend(problems);
    kept.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
    let mut ignored: BTreeMap<FileId, Vec<&str>> = BTreeMap::new();
    if !settings.ignore_in.is_empty() {
        for finding in &kept {
            let file = finding.primary.place.file;
            ignored.entry(file).or_insert_with(|| ignored_in(settings, &sources.get(file).name));
        }
    }
    kept.retain(|finding| {
        let ignored = ignored.get(&finding.primary.place.file).map_or(&[][..], Vec::as_slice);
        !ignored.contains(&&*finding.rule) && !ignored.contains(&finding.group.name())
    });
    kept
}

/// The rules and groups that are not looked for in the file `name`.
fn ignored_in<'a>(settings: &'a Settings, name: &str) -> Vec<&'a str> {
    let path = settings.working_directory.join(Path::new(name));
    let entries = settings.ignore_in.iter().filter(|entry| entry.files.matches(&path));
    entries.flat_map(|entry| &entry.rules).map(String::as_str).collect()
}

fn suppression(problem: suppress::Problem, out: &mut Findings) {
    let rule = problem.rule.as_deref().unwrap_or_default();
    let (id, message, help) = match problem.kind {
        suppress::ProblemKind::Unused => {
            (UNUSED, format!("nothing is found here that allowing `{rule}` would silence"), "remove it".to_owned())
        }
        suppress::ProblemKind::UnknownRule => (INVALID, format!("there is no rule `{rule}` to allow"), advice(rule)),
        suppress::ProblemKind::Malformed => (
            INVALID,
            "the comment begins like a suppression but cannot be read as one".to_owned(),
            "write it as `# seatrial: allow[rule] reason`".to_owned(),
        ),
    };
    out.switch(id, Group::Risky);
    let finding = out.report(problem.place, problem.document, message);
    finding.help(help);
    finding.fix = problem.fix.filter(|_| problem.kind == suppress::ProblemKind::Unused);
}

fn advice(name: &str) -> String {
    if Group::from_name(name).is_some() {
        return "name the rules themselves; a group cannot be allowed".to_owned();
    }
    rules::advice(name, rules::rules().iter().map(|rule| rule.id))
}
