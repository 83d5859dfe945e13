//! A plan as annotations of a GitHub workflow: an error for each rejection and failed gate, a notice for each rollout,
//! and what the rules about rollouts found.

use std::io;

use super::Found;
use super::words;
use crate::finding::Severity;
use crate::plan::document::{Action, ObjectPlan, Plan, Rejection, Spot};
use crate::report::github::{data, property};
use crate::report::printable;

/// Writes the annotations, and the verdict as a line of the log.
pub fn write(out: &mut dyn io::Write, plan: &Plan, found: Found<'_>) -> io::Result<()> {
    for object in &plan.objects {
        for rejection in &object.rejections {
            annotate(out, "error", &rejection.source, &words::name(&object.id), &rejected(rejection))?;
        }
        if object.action == Action::Unknown {
            let message = format!("not known what becomes of it: {}", object.notes.join("; "));
            annotate(out, "error", &object.source, &words::name(&object.id), &message)?;
        }
        if object.action == Action::Roll {
            annotate(out, "notice", &object.source, &words::name(&object.id), &rolls(object))?;
        }
    }
    for finding in found.all() {
        let level = if finding.severity == Severity::Error { "error" } else { "warning" };
        let help = finding.help.as_ref().map(|help| format!("\nhelp: {}", printable(help))).unwrap_or_default();
        let message = format!("{}{help}", printable(&finding.headline()));
        annotate(out, level, &found.source(finding), &finding.rule, &message)?;
    }
    for gate in plan.gates.iter().filter(|gate| !gate.holds) {
        let message = format!("gate {} fails: {}", printable(&gate.condition), gate.found);
        writeln!(out, "::error title=seatrial plan::{}", data(&message))?;
    }
    writeln!(out, "Plan: {}", words::verdict(plan))
}

fn rejected(rejection: &Rejection) -> String {
    let field = if rejection.field.is_empty() { String::new() } else { format!("{}: ", rejection.field) };
    let help = rejection.help.as_ref().map(|help| format!("\nway out: {}", printable(help))).unwrap_or_default();
    format!("will be rejected: {}{}{help}", printable(&field), printable(&rejection.message))
}

fn rolls(object: &ObjectPlan) -> String {
    let mut text = "its pods are replaced".to_owned();
    if let Some(bounds) = &object.bounds {
        text = format!("{text}; lowest availability {}, at most {} pods", words::availability(bounds), bounds.max_pods);
    }
    if let Some(failure) = &object.on_failure {
        text = format!(
            "{text}; if the new pods never become ready it stops at {}",
            words::pods_by_revision(&failure.parks)
        );
    }
    text
}

fn annotate(out: &mut dyn io::Write, level: &str, source: &Spot, title: &str, message: &str) -> io::Result<()> {
    let (file, line) = (property(&printable(&source.file)), source.line);
    writeln!(out, "::{level} file={file},line={line},title={}::{}", property(title), data(message))
}
