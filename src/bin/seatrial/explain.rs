//! `seatrial explain`.

use std::io::{self, Write};
use std::process::ExitCode;

use seatrial::rules::{self, Rule, UnknownRule};
use serde::Serialize;

use crate::args::{Color, Explain, PageFormat};
use crate::output;
use crate::rules::Line;

/// A rule with its page, as programs read it.
#[derive(Serialize)]
struct Page<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    page: &'a str,
}

pub(crate) fn run(args: &Explain, color: Color) -> miette::Result<ExitCode> {
    let rule = rules::find(&args.rule)
        .ok_or_else(|| UnknownRule::new(&args.rule, rules::rules().iter().map(|rule| rule.id)))?;
    output::data(|out| match args.format {
        PageFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &Page { line: Line::new(rule), page: &rule.page().body })?;
            writeln!(out)
        }
        PageFormat::Text => text(out, rule, output::style(color).color),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The page as it is written, which is made for reading; headings stand out where that is possible.
fn text(out: &mut dyn Write, rule: &Rule, color: bool) -> io::Result<()> {
    let page = rule.page();
    let mut lines = page.body.lines();
    let title = lines.next().unwrap_or_default();
    heading(out, title, color)?;
    writeln!(out, "\n{} ({})", page.summary, rule.group)?;
    if !page.kinds.is_empty() {
        writeln!(out, "Kinds: {}", page.kinds.join(", "))?;
    }
    if let Some(upstream) = &page.upstream {
        writeln!(out, "Upstream: {upstream}")?;
    }
    for line in lines {
        if line.starts_with('#') { heading(out, line, color)? } else { writeln!(out, "{line}")? }
    }
    Ok(())
}

fn heading(out: &mut dyn Write, line: &str, color: bool) -> io::Result<()> {
    let text = line.trim_start_matches(['#', ' ']);
    if color { writeln!(out, "\x1b[1m{text}\x1b[0m") } else { writeln!(out, "{line}") }
}
