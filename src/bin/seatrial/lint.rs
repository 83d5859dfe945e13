//! `seatrial lint`.

use std::path::PathBuf;
use std::process::ExitCode;

use miette::IntoDiagnostic as _;
use seatrial::admission::How;
use seatrial::config::Config;
use seatrial::lint::{Background, Session, Settings, lint, stored};
use seatrial::load::{Loaded, load};
use seatrial::report::{self, Format, Style};

use crate::args::{Color, Lint};
use crate::{FAILED, defaults, fix, input, notes, output};

pub(crate) fn run(args: &Lint, color: Color) -> miette::Result<ExitCode> {
    let config = input::configuration(&args.input)?;
    let settings = settings(args, &config)?;
    input::once(&[&args.paths, &args.old, &args.input.crds])?;
    let mut loaded = load(&paths(args), &input::options(&args.input, &config));
    if args.show_defaults {
        return show_defaults(args, loaded, &settings);
    }
    let mut old = load(&args.old, &input::options(&args.input, &config));
    let definitions = input::definitions(&args.input, &config);
    let background = Background { definitions: definitions.sources, old: std::mem::take(&mut old.sources) };
    let sources = std::mem::take(&mut loaded.sources);
    let mut session = Session::new(sources, background, settings);
    let (report, failures) = if args.fix { fix::apply(&mut session, &loaded) } else { (session.report(), Vec::new()) };
    let format = args.format.unwrap_or_else(default_format);
    output::data(|out| {
        if args.diff {
            fix::diff(out, session.sources(), &report)
        } else {
            report::write(format, out, session.sources(), &report, output::style(color))
        }
    })?;
    if !args.quiet {
        notes::left_out_of_old(&old);
        notes::say(&loaded, &report);
    }
    let errors = definitions.errors.into_iter().chain(old.errors).chain(loaded.errors);
    let failures: Vec<miette::Report> = errors.map(miette::Report::from).chain(failures).collect();
    for failure in &failures {
        output::fail(failure);
    }
    let failed = !failures.is_empty();
    let found = report.fails(args.fail_on.unwrap_or(config.fail_on));
    Ok(ExitCode::from(if failed { FAILED } else { u8::from(found) }))
}

/// What cannot be read has no defaults; that it is left out is said where people look, beside the data.
fn show_defaults(args: &Lint, loaded: Loaded, settings: &Settings) -> miette::Result<ExitCode> {
    let objects = stored(&loaded.sources, settings);
    output::data(|out| defaults::write(out, &objects, args.format.unwrap_or(Format::Text)))?;
    let mut report = lint(&loaded.sources, settings);
    report.findings.retain(|finding| finding.rule == "invalid-yaml");
    let unreadable = !report.findings.is_empty();
    if unreadable {
        let mut text = Vec::new();
        report::write(Format::Concise, &mut text, &loaded.sources, &report, Style::default()).into_diagnostic()?;
        output::say(String::from_utf8_lossy(&text).trim_end());
    }
    let failed = !loaded.errors.is_empty();
    for error in loaded.errors {
        output::fail(&error.into());
    }
    Ok(ExitCode::from(if failed { FAILED } else { u8::from(unreadable) }))
}

fn paths(args: &Lint) -> Vec<PathBuf> {
    if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths.clone() }
}

/// What the configuration asks for, and then the command line.
fn settings(args: &Lint, config: &Config) -> miette::Result<Settings> {
    let mut settings = Settings::from_config(config);
    if !args.kubernetes_version.is_empty() {
        let versions = args.kubernetes_version.iter();
        settings.kubernetes_versions = versions.map(|version| input::version(version)).collect::<Result<_, _>>()?;
    }
    if args.replace {
        settings.how = How::Replace;
    }
    for name in &args.select {
        settings.select(name)?;
    }
    for name in &args.ignore {
        settings.ignore(name)?;
    }
    Ok(settings)
}

/// In a GitHub workflow findings become annotations, unless a person looks on.
fn default_format() -> Format {
    if input::in_workflow() { Format::Github } else { Format::Text }
}
