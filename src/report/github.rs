//! Annotations of GitHub workflows: `::error file=…,line=…::message`.
//!
//! The runner undoes `%25`, `%0D`, `%0A`, and in properties `%3A` and `%2C` (actions/toolkit, `command.ts`). It takes
//! columns only where a place begins and ends on one line.

use std::io::{self, Write};

use super::printable;
use crate::finding::{Finding, Severity};
use crate::source::Sources;

/// Writes an annotation for each finding.
pub(super) fn write(out: &mut dyn Write, sources: &Sources, findings: &[Finding]) -> io::Result<()> {
    for finding in findings {
        let place = finding.primary.place;
        let source = sources.get(place.file);
        let start = source.position(place.span.start as usize);
        // The end of a place that ends with its line is the start of the next one, which is no part of it.
        let last = source.position(place.span.end.saturating_sub(1).max(place.span.start) as usize);
        let end = source.position(place.span.end as usize);
        let level = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        write!(out, "::{level} file={},line={},endLine={}", property(&printable(&source.name)), start.line, last.line)?;
        if start.line == end.line {
            write!(out, ",col={},endColumn={}", start.char_column, end.char_column)?;
        }
        let mut message = printable(&finding.headline()).into_owned();
        if let Some(help) = &finding.help {
            message = format!("{message}\nhelp: {}", printable(help));
        }
        writeln!(out, ",title={}::{}", property(&finding.rule), data(&message))?;
    }
    Ok(())
}

pub(super) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

pub(super) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
