//! JSON for programs. The types here are the contract, version 1; `schemas/report.schema.json` is made from them.
//!
//! Fields may be added in version 1; none changes its meaning or goes away.

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::{self, Finding, Group, Reason, Severity};
use crate::lint;
use crate::source::{self, Place, Sources};

/// What was found in one run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "seatrial report")]
pub struct Report<'a> {
    /// The version of this contract.
    #[schemars(extend("const" = 1))]
    pub version: u32,
    /// In the order of their places.
    pub findings: Vec<Entry<'a>>,
    /// Counts over the whole run.
    pub summary: Summary,
}

/// Something about the input that the user should know.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Finding")]
pub struct Entry<'a> {
    /// The id of the rule; `seatrial explain RULE` has its page.
    pub rule: &'a str,
    /// What happens to the user.
    pub group: Group,
    /// How grave.
    pub severity: Severity,
    /// What is wrong, on one line.
    pub message: &'a str,
    /// The file, relative to the working directory as it was given.
    pub file: &'a str,
    /// The number of the document in its file, from 0.
    pub document: usize,
    /// The object, if the document is one.
    pub object: Option<Object<'a>>,
    /// The place inside the object as a JSON pointer; empty for the object itself.
    pub path: String,
    /// The place as the API server calls it, `spec.containers[0].image`; nearly always the same as `path`.
    pub field: String,
    /// The API server's reason, if it would refuse the field.
    pub reason: Option<Reason>,
    /// What the API server prints of the field, behind its name, as far as that is known: `Invalid value: "x": must be …`.
    pub says: Option<String>,
    /// What else the API server blames for the same mistake.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Also>,
    /// The versions of Kubernetes for which it holds; empty if it does for all that were asked for.
    pub versions: Vec<String>,
    /// The main place.
    pub range: Range,
    /// Further places, in any file.
    pub related: Vec<Related<'a>>,
    /// What to do.
    pub help: Option<&'a str>,
    /// How to do it automatically.
    pub fix: Option<Fix<'a>>,
}

/// The identity of an object, as it is written.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Object<'a> {
    /// Group and version: `apps/v1`.
    pub api_version: &'a str,
    /// The kind: `Deployment`.
    pub kind: &'a str,
    /// The namespace, if the manifest names one.
    pub namespace: Option<&'a str>,
    /// The name, or the generateName with a `*` behind it; empty if there is neither.
    pub name: &'a str,
}

/// A part of a file.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Range {
    /// The first character.
    pub start: Position,
    /// One past the last character.
    pub end: Position,
}

/// A position in a file.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in UTF-16 code units, from 1.
    pub column: usize,
    /// The column in UTF-8 bytes, from 1.
    pub byte_column: usize,
    /// The byte in the file, from 0.
    pub offset: usize,
}

/// A further field that the API server blames.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Also {
    /// The field, as the API server calls it.
    pub field: String,
    /// The API server's reason.
    pub reason: Option<Reason>,
    /// What it prints, as far as that is known.
    pub says: Option<String>,
}

/// A further place.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Related<'a> {
    /// The file.
    pub file: &'a str,
    /// Where in it.
    pub range: Range,
    /// What is there.
    pub message: &'a str,
}

/// Edits that would remove the finding. Null where they would show the value of a Secret.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fix<'a> {
    /// What the edits do.
    pub title: &'a str,
    /// Replacements that do not overlap.
    pub edits: Vec<Edit<'a>>,
}

/// The replacement of a part of a file.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Edit<'a> {
    /// The file.
    pub file: &'a str,
    /// What goes.
    pub range: Range,
    /// What comes.
    pub replacement: &'a str,
}

/// Counts over the whole run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Files that were read.
    pub files: usize,
    /// Documents that hold something.
    pub documents: usize,
    /// Kubernetes objects, items of lists counted singly.
    pub objects: usize,
    /// Objects among them that are custom resources without a known definition, so that their fields are not checked.
    pub without_schema: usize,
    /// Findings of severity `error`.
    pub errors: usize,
    /// Findings of severity `warning`.
    pub warnings: usize,
    /// Findings of severity `info`.
    pub infos: usize,
    /// Findings that comments, annotations and the configuration silenced.
    pub silenced: usize,
}

/// Writes the report as one JSON value.
pub(super) fn write(out: &mut dyn io::Write, sources: &Sources, report: &lint::Report) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &of(sources, report))?;
    writeln!(out)
}

/// The schema of the report, from the types. `schemas/report.schema.json` is this, kept current by a test.
pub fn generate_schema() -> serde_json::Value {
    let generator = schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator();
    generator.into_root_schema_for::<Report<'static>>().to_value()
}

fn of<'a>(sources: &'a Sources, report: &'a lint::Report) -> Report<'a> {
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    Report {
        version: 1,
        findings: entries(sources, report),
        summary: Summary {
            files: sources.iter().count(),
            documents: report.documents,
            objects: report.objects,
            without_schema: report.without_schema,
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            infos: count(Severity::Info),
            silenced: report.silenced,
        },
    }
}

/// The findings of a report.
pub(super) fn entries<'a>(sources: &'a Sources, report: &'a lint::Report) -> Vec<Entry<'a>> {
    report.findings.iter().map(|finding| entry(sources, report, finding)).collect()
}

fn entry<'a>(sources: &'a Sources, report: &lint::Report, finding: &'a Finding) -> Entry<'a> {
    let place = finding.primary.place;
    Entry {
        rule: &finding.rule,
        group: finding.group,
        severity: finding.severity,
        message: &finding.message,
        file: &sources.get(place.file).name,
        document: finding.document,
        object: finding.object.as_deref().map(|object| Object {
            api_version: &object.api_version,
            kind: &object.kind,
            namespace: object.namespace.as_deref(),
            name: &object.name,
        }),
        path: finding.path.pointer(),
        field: finding.field().to_string(),
        reason: finding.reason(),
        says: finding.server_says(),
        also: finding.also.iter().map(also).collect(),
        versions: finding.versions.iter().map(ToString::to_string).collect(),
        range: range(sources, place),
        related: finding.related.iter().map(|label| related(sources, label)).collect(),
        help: finding.help.as_deref(),
        fix: finding.fix.as_ref().filter(|fix| !report.secrets.would_show(sources, fix)).map(|fix| Fix {
            title: &fix.title,
            edits: fix.edits.iter().map(|edit| self::edit(sources, edit)).collect(),
        }),
    }
}

fn also(cause: &finding::Cause) -> Also {
    Also { field: cause.field.to_string(), reason: cause.reason, says: cause.says() }
}

fn related<'a>(sources: &'a Sources, label: &'a finding::Label) -> Related<'a> {
    let file = &sources.get(label.place.file).name;
    Related { file, range: range(sources, label.place), message: &label.message }
}

fn edit<'a>(sources: &'a Sources, edit: &'a finding::Edit) -> Edit<'a> {
    let file = &sources.get(edit.place.file).name;
    Edit { file, range: range(sources, edit.place), replacement: &edit.replacement }
}

fn range(sources: &Sources, place: Place) -> Range {
    let source = sources.get(place.file);
    let position = |offset: u32| {
        let source::Position { line, column, byte_column, offset, .. } = source.position(offset as usize);
        Position { line, column, byte_column, offset }
    };
    Range { start: position(place.span.start), end: position(place.span.end) }
}
