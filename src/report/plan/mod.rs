//! What the rules about rollouts found in a plan: as JSON beside it, and for the reports that people read.

pub mod github;
pub mod markdown;
pub mod text;
pub mod trace;
mod words;

use std::collections::BTreeMap;
use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::Finding;
use crate::lint::Report;
use crate::plan;
use crate::plan::document::{Plan, Spot};
use crate::report::json::{self, Entry};
use crate::report::printable;
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
    // As plans are written: what is left out when it is empty is not required.
    let settings = schemars::generate::SchemaSettings::default().for_serialize();
    settings.into_generator().into_root_schema_for::<Document<'static>>().to_value()
}

impl<'a> Found<'a> {
    /// All findings, in the order of their places.
    pub(super) fn all(self) -> impl Iterator<Item = &'a Finding> {
        self.report.findings.iter()
    }

    /// All findings by the id of the object that they are about.
    pub(super) fn by_object(self) -> BTreeMap<String, Vec<&'a Finding>> {
        let mut by_object: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
        for finding in self.all() {
            if let Some(identity) = finding.object.as_deref() {
                by_object.entry(plan::id(identity)).or_default().push(finding);
            }
        }
        by_object
    }

    /// Where a finding is.
    pub(super) fn source(self, finding: &Finding) -> Spot {
        let place = finding.primary.place;
        let source = self.sources.get(place.file);
        let line = source.position(place.span.start as usize).line;
        Spot { file: printable(&source.name).into_owned(), line }
    }
}
