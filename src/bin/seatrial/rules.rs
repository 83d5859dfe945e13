//! `seatrial rules`.

use std::process::ExitCode;

use seatrial::finding::Group;
use seatrial::rules::{Rule, rules};
use serde::Serialize;

use crate::args::{PageFormat, Rules};
use crate::output;

/// A rule as programs read it.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    id: &'a str,
    group: Group,
    /// Whether it is looked for without being selected.
    default: bool,
    summary: &'a str,
    kinds: &'a [String],
    since: &'a str,
    upstream: Option<&'a str>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(rule: &'a Rule) -> Self {
        let page = rule.page();
        Self {
            id: rule.id,
            group: rule.group,
            default: rule.group != Group::Advice,
            summary: &page.summary,
            kinds: &page.kinds,
            since: &page.since,
            upstream: page.upstream.as_deref(),
        }
    }
}

pub(crate) fn run(args: &Rules) -> miette::Result<ExitCode> {
    output::data(|out| match args.format {
        PageFormat::Json => {
            let lines: Vec<Line<'_>> = rules().iter().map(Line::new).collect();
            serde_json::to_writer_pretty(&mut *out, &lines)?;
            writeln!(out)
        }
        PageFormat::Text => {
            let width = rules().iter().map(|rule| rule.id.len()).max().unwrap_or(0);
            rules().iter().try_for_each(|rule| {
                writeln!(out, "{:width$}  {:7}  {}", rule.id, rule.group.name(), rule.page().summary)
            })
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
