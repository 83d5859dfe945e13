//! `lint --fix` and `lint --diff`: what the library says a text should be, written to the file or shown.

use std::collections::BTreeSet;
use std::io::{self, Write};

use miette::IntoDiagnostic as _;
use miette::WrapErr as _;
use seatrial::fix::{Fixed, fixed};
use seatrial::lint::{Report, Session};
use seatrial::load::Loaded;
use seatrial::report::printable;
use seatrial::source::{FileId, Place, Sources, Span};
use similar::{DiffOp, TextDiff};

use crate::{output, replace};

/// How many lines around a change a diff shows.
const AROUND: usize = 3;

/// A fix may make room for one that overlapped it; rules that undo each other's fixes must not go on for ever.
const ROUNDS: usize = 10;

/// Fixes the files until nothing is left to fix, and gives the report on what they are then. A file that cannot be
/// written stays as it is, and why comes back; the others are fixed all the same.
pub(crate) fn apply(session: &mut Session, loaded: &Loaded) -> (Report, Vec<miette::Report>) {
    let mut report = session.report();
    let mut applied = 0;
    let mut failures = Vec::new();
    let mut left: BTreeSet<FileId> = BTreeSet::new();
    for _ in 0..ROUNDS {
        let mut changes = fixed(session.sources(), &report.findings);
        changes.retain(|change| {
            let written = !left.contains(&change.file) && write(session.sources(), loaded, change, &mut failures);
            if !written {
                left.insert(change.file);
            }
            written
        });
        if changes.is_empty() {
            break;
        }
        applied += changes.iter().map(|change| change.applied).sum::<usize>();
        for change in changes {
            session.replace(change.file, change.text);
        }
        report = session.report();
    }
    if applied > 0 {
        output::note(&format!("{applied} {} fixed", if applied == 1 { "finding" } else { "findings" }));
    }
    (report, failures)
}

/// Whether the file could be written; if not, says why.
fn write(sources: &Sources, loaded: &Loaded, change: &Fixed, failures: &mut Vec<miette::Report>) -> bool {
    let name = &sources.get(change.file).name;
    let written = match loaded.path(change.file) {
        Some(path) => replace::contents(path, &change.text)
            .into_diagnostic()
            .wrap_err_with(|| format!("`{name}` cannot be changed, and stays as it is")),
        None => Err(miette::miette!(
            help = "save it to a file, or see with `--diff` what would change",
            "standard input cannot be fixed in its place"
        )),
    };
    written.map_err(|failure| failures.push(failure)).is_ok()
}

/// Writes what [`apply`] would change at first, as a unified diff that `patch -p0` takes.
pub(crate) fn diff(out: &mut dyn Write, sources: &Sources, report: &Report) -> io::Result<()> {
    for change in fixed(sources, &report.findings) {
        let source = sources.get(change.file);
        let diff = TextDiff::from_lines(&**source.text(), change.text.as_str());
        let shows_a_secret = diff.grouped_ops(AROUND).iter().any(|ops| {
            let place = Place { file: change.file, span: lines(source, ops) };
            report.secrets.touches(sources, place)
        });
        if shows_a_secret {
            output::note(&format!("{}: the diff is not shown, because it has values of a Secret in it", source.name));
        } else {
            let name = printable(&source.name);
            write!(out, "{}", diff.unified_diff().context_radius(AROUND).header(&name, &name))?;
        }
    }
    Ok(())
}

/// The old lines that a hunk shows.
fn lines(source: &seatrial::source::Source, hunk: &[DiffOp]) -> Span {
    let first = hunk.first().map_or(0, |op| op.old_range().start);
    let last = hunk.last().map_or(0, |op| op.old_range().end);
    let start = source.line_range(first).map_or(0, |range| range.start);
    let end = source.line_range(last.saturating_sub(1)).map_or(start, |range| range.end.saturating_sub(1));
    Span::new(start..end.max(start))
}
