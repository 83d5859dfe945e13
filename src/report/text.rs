//! For people: what is wrong, the lines with their places underlined, what to do, and how it would look.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use codespan_reporting::diagnostic::{Diagnostic, Label, LabelStyle, Severity as Level};
use codespan_reporting::term::{self, WriteStyle};
use similar::{ChangeTag, TextDiff};

use super::excerpt::Excerpts;
use super::{Style, paint, printable, wrapped};
use crate::finding::{self, Finding, Fix, Severity};
use crate::fix;
use crate::lint::Report;
use crate::source::{FileId, Sources, Span};

/// What stands before a source line and its note, with room for the number of the line.
const GUTTER: usize = 10;
/// Narrower terminals are not served: nothing could be read there.
const LEAST_WIDTH: usize = 40;

/// Writes the findings and a closing line.
pub(super) fn write(out: &mut dyn Write, sources: &Sources, report: &Report, style: Style) -> io::Result<()> {
    for finding in &report.findings {
        self::finding(out, sources, report, finding, style)?;
    }
    writeln!(out, "{}", summary(sources, report))
}

fn finding(out: &mut dyn Write, sources: &Sources, report: &Report, finding: &Finding, style: Style) -> io::Result<()> {
    let room = style.width.max(LEAST_WIDTH) - GUTTER;
    let mut excerpts = Excerpts::new(sources, &report.secrets, room);
    let primary = label(&mut excerpts, LabelStyle::Primary, &finding.primary);
    let mut labels = vec![primary];
    for related in &finding.related {
        labels.push(label(&mut excerpts, LabelStyle::Secondary, related));
    }
    let level = match finding.severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Info => Level::Note,
    };
    let mut notes = Vec::new();
    if let Some(help) = &finding.help {
        notes.push(wrapped(&format!("help: {}", printable(help)), room));
    }
    if let Some(fix) = finding.fix.as_ref().filter(|fix| !report.secrets.would_show(sources, fix)) {
        notes.push(diff(sources, fix, room, style.color));
    }
    let diagnostic = Diagnostic::new(level).with_labels(labels).with_notes(notes);
    let mut painted = Painter { out: Vec::new(), color: style.color };
    term::emit_to_write_style(&mut painted, &term::Config::default(), &excerpts, &diagnostic)
        .map_err(io::Error::other)?;
    // codespan's first line says its own words for the severity; ours replaces it.
    let body = painted.out.splitn(2, |byte| *byte == b'\n').nth(1).unwrap_or_default();
    let mut header = Painter { out: Vec::new(), color: style.color };
    header.set_header(level)?;
    write!(header, "{}[{}]", finding.severity, finding.rule)?;
    header.set_header_message()?;
    write!(header, ": {}", printable(&finding.headline()))?;
    header.reset()?;
    out.write_all(&header.out)?;
    writeln!(out)?;
    out.write_all(body)
}

fn label(excerpts: &mut Excerpts<'_>, style: LabelStyle, label: &finding::Label) -> Label<FileId> {
    Label::new(style, label.place.file, excerpts.take(label.place)).with_message(printable(&label.message))
}

/// `3 errors, 1 warning in 2 files`.
fn summary(sources: &Sources, report: &Report) -> String {
    let plural = |count: usize, name: &str| format!("{count} {name}{}", if count == 1 { "" } else { "s" });
    let of = |severity: Severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "info")];
    let counts = counts.map(|(severity, name)| (of(severity), name)).into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, name)| plural(count, name)).collect();
    if counts.is_empty() {
        return format!("nothing found in {}", plural(sources.iter().count(), "file"));
    }
    let files: BTreeSet<FileId> = report.findings.iter().map(|finding| finding.primary.place.file).collect();
    format!("{} in {}", counts.join(", "), plural(files.len(), "file"))
}

/// The lines that a fix changes, before and after.
fn diff(sources: &Sources, fix: &Fix, room: usize, color: bool) -> String {
    let mut note = format!("fix: {}", printable(&fix.title));
    let Some(file) = fix.edits.first().map(|edit| edit.place.file) else { return note };
    let source = sources.get(file);
    let spans = || fix.edits.iter().map(|edit| edit.place.span.range());
    let first = spans().map(|span| source.line_index(span.start)).min().unwrap_or_default();
    let last = spans().map(|span| source.line_index(span.end)).max().unwrap_or_default();
    let start = source.line_range(first).unwrap_or_default().start;
    let end = source.line_range(last).unwrap_or_default().end;
    let old = &source.text()[start..end];
    let inside = |offset: usize| offset.clamp(start, end) - start;
    let mut edits: Vec<(Span, String)> = fix
        .edits
        .iter()
        .map(|edit| (edit.place.span.range(), &edit.replacement))
        .map(|(span, replacement)| (Span::new(inside(span.start)..inside(span.end)), replacement.clone()))
        .collect();
    let (new, _) = fix::apply(old, &mut edits);
    let lines = TextDiff::from_lines(old, new.as_str());
    for change in lines.iter_all_changes() {
        let (sign, code) = match change.tag() {
            ChangeTag::Equal => continue,
            ChangeTag::Delete => ('-', "31"),
            ChangeTag::Insert => ('+', "32"),
        };
        let line = cut(change.value().trim_end(), room);
        // Writing into a text cannot fail.
        let _ = write!(note, "\n{}", paint(color, code, &format!("{sign} {line}")));
    }
    note
}

fn cut(line: &str, room: usize) -> String {
    let line = line.replace('\t', "    ");
    let line = printable(&line);
    if line.chars().count() <= room { line.into_owned() } else { line.chars().take(room).chain(['…']).collect() }
}

/// Colours for codespan, or none.
struct Painter {
    out: Vec<u8>,
    color: bool,
}

impl Painter {
    fn paint(&mut self, code: &str) -> io::Result<()> {
        if self.color { write!(self.out, "\x1b[{code}m") } else { Ok(()) }
    }
}

impl Write for Painter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn color_of(level: Level) -> &'static str {
    match level {
        Level::Bug | Level::Error => "31",
        Level::Warning => "33",
        Level::Note | Level::Help => "36",
    }
}

impl WriteStyle for Painter {
    fn set_header(&mut self, severity: Level) -> io::Result<()> {
        self.paint(&format!("1;{}", color_of(severity)))
    }

    fn set_header_message(&mut self) -> io::Result<()> {
        self.paint("0;1")
    }

    fn set_line_number(&mut self) -> io::Result<()> {
        self.paint("34")
    }

    fn set_note_bullet(&mut self) -> io::Result<()> {
        self.paint("34")
    }

    fn set_source_border(&mut self) -> io::Result<()> {
        self.paint("34")
    }

    fn set_label(&mut self, severity: Level, style: LabelStyle) -> io::Result<()> {
        match style {
            LabelStyle::Primary => self.paint(color_of(severity)),
            LabelStyle::Secondary => self.paint("34"),
        }
    }

    fn reset(&mut self) -> io::Result<()> {
        self.paint("0")
    }
}
