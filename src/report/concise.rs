//! One line for each finding: `file:line:column: severity: message [rule]`, columns in characters.

use std::io::{self, Write};

use super::printable;
use crate::finding::Finding;
use crate::source::Sources;

/// Writes the findings, one line each.
pub(super) fn write(out: &mut dyn Write, sources: &Sources, findings: &[Finding]) -> io::Result<()> {
    for finding in findings {
        let place = finding.primary.place;
        let source = sources.get(place.file);
        let at = source.position(place.span.start as usize);
        let (name, message) = (printable(&source.name), finding.headline());
        let message = printable(&message);
        writeln!(out, "{name}:{}:{}: {}: {message} [{}]", at.line, at.char_column, finding.severity, finding.rule)?;
    }
    Ok(())
}
