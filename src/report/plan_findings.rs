//! What the rules about rollouts found in a plan: as JSON beside it, as lines of its text, and as a list in Markdown.

use std::fmt::Write as _;
use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use super::json::{self, Entry};
use super::printable;
use crate::finding::Finding;
use crate::lint::Report;
use crate::plan;
use crate::plan::document::{Action, ObjectPlan, Plan};
use crate::source::Sources;

/// Findings, and the texts of the new side, in which they are.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The texts.
    pub sources: &'a Sources,
    /// The findings.
    pub report: &'a Report,
}

/// A plan with what the rules found in it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "seatrial plan")]
struct Document<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    /// What the rules about rollouts found in the new side, in the order of the places.
    findings: Vec<Entry<'a>>,
}

/// Writes the plan and the findings as one JSON value.
pub fn write_json(out: &mut dyn io::Write, plan: &Plan, found: Found<'_>) -> io::Result<()> {
    let document = Document { plan, findings: json::entries(found.sources, found.report) };
    writeln!(out, "{:#}", serde_json::to_value(&document).map_err(io::Error::other)?)
}

/// The JSON Schema of plans. `schemas/plan.schema.json` is this, kept current by a test.
pub fn generate_plan_schema() -> serde_json::Value {
    let generator = schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator();
    generator.into_root_schema_for::<Document<'static>>().to_value()
}

/// Lines about an object that is shown with its details: `⚠ paused-keeps-old   web.yaml:12`, and what it is.
pub(super) fn of_object(text: &mut String, indent: &str, object: &ObjectPlan, found: Found<'_>) {
    for finding in found.report.findings.iter().filter(|finding| is_about(finding, object)) {
        line(text, indent, finding, found.sources);
    }
}

/// Lines about the objects that are not shown with their details.
pub(super) fn of_others(text: &mut String, plan: &Plan, found: Found<'_>) {
    let shown = |object: &&ObjectPlan| matches!(object.action, Action::Roll | Action::Scale | Action::Update);
    let shown: Vec<&ObjectPlan> = plan.objects.iter().filter(shown).collect();
    for finding in &found.report.findings {
        if !shown.iter().any(|object| is_about(finding, object)) {
            text.push('\n');
            line(text, "", finding, found.sources);
        }
    }
}

fn is_about(finding: &Finding, object: &ObjectPlan) -> bool {
    finding.object.as_deref().is_some_and(|identity| plan::id(identity) == object.id)
}

fn line(text: &mut String, indent: &str, finding: &Finding, sources: &Sources) {
    let mark = if finding.severity == crate::finding::Severity::Error { "✗" } else { "⚠" };
    let _ = writeln!(text, "{indent}{mark} {}   {}", finding.rule, place(finding, sources));
    let _ = writeln!(text, "{indent}    {}", printable(&finding.message));
    if let Some(help) = &finding.help {
        let _ = writeln!(text, "{indent}    help: {}", printable(help));
    }
}

fn place(finding: &Finding, sources: &Sources) -> String {
    let place = finding.primary.place;
    let source = sources.get(place.file);
    format!("{}:{}", printable(&source.name), source.position(place.span.start as usize).line)
}

/// A list item for each finding; `escaped` is for text that Markdown would read otherwise.
pub(super) fn list(text: &mut String, found: Found<'_>, escaped: impl Fn(&str) -> String) {
    if !found.report.findings.is_empty() {
        text.push('\n');
    }
    for finding in &found.report.findings {
        let (message, place) = (escaped(&finding.message), escaped(&place(finding, found.sources)));
        let _ = writeln!(text, "- ⚠ **{}**: {message} ({place})", finding.rule);
    }
}
