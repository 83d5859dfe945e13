//! `seatrial lint`.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use miette::IntoDiagnostic as _;
use seatrial::admission::Update;
use seatrial::config::{self, Config};
use seatrial::lint::{Background, Settings, lint_with, stored};
use seatrial::load::{self, Loaded, load};
use seatrial::report::{self, Format, Style};
use seatrial::schema::UnsupportedVersion;
use seatrial::source::Sources;

use crate::args::{Color, Lint};
use crate::{FAILED, defaults, fix, notes, output};

pub(crate) fn run(args: &Lint, color: Color) -> miette::Result<ExitCode> {
    let config = configuration(args)?;
    let settings = settings(args, &config)?;
    let mut loaded = load(&paths(args), &options(args, &config));
    if args.show_defaults {
        return show_defaults(args, loaded, &settings);
    }
    let (definitions, old) = (definitions(args, &config), load(&args.old, &options(args, &config)));
    let background = Background { definitions: definitions.sources, old: old.sources };
    let lint = |sources: &Sources| lint_with(sources, &background, &settings);
    let report = if args.fix { fix::apply(&mut loaded, lint)? } else { lint(&loaded.sources) };
    let format = args.format.unwrap_or_else(default_format);
    output::data(|out| {
        if args.diff {
            fix::diff(out, &loaded.sources, &report)
        } else {
            report::write(format, out, &loaded.sources, &report, output::style(color))
        }
    })?;
    if !args.quiet {
        notes::say(&loaded, &report);
    }
    let errors: Vec<_> = definitions.errors.into_iter().chain(old.errors).chain(loaded.errors).collect();
    let failed = !errors.is_empty();
    for error in errors {
        output::fail(&error.into());
    }
    let found = report.fails(args.fail_on.unwrap_or(config.fail_on));
    Ok(ExitCode::from(if failed { FAILED } else { u8::from(found) }))
}

/// What cannot be read has no defaults; that it is left out is said where people look, beside the data.
fn show_defaults(args: &Lint, loaded: Loaded, settings: &Settings) -> miette::Result<ExitCode> {
    let objects = stored(&loaded.sources, settings);
    output::data(|out| defaults::write(out, &objects, args.format.unwrap_or(Format::Text)))?;
    let mut report = lint_with(&loaded.sources, &Background::default(), settings);
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

fn configuration(args: &Lint) -> miette::Result<Config> {
    Ok(match &args.config {
        Some(file) => config::read(file)?,
        None if args.no_config => Config::default(),
        None => config::load(Path::new("."))?.unwrap_or_default(),
    })
}

/// The texts that define custom resources. They are often generated and left out of the repository, so ignore files do
/// not hold for them.
fn definitions(args: &Lint, config: &Config) -> Loaded {
    let configured = config.crds.iter().map(|folder| config.root.join(folder));
    let folders: Vec<PathBuf> = configured.chain(args.crds.iter().cloned()).collect();
    load(&folders, &load::Options { ignore_files: false, ..load::Options::default() })
}

/// What the configuration asks for, and then the command line.
fn settings(args: &Lint, config: &Config) -> miette::Result<Settings> {
    let mut settings = Settings::from_config(config)?;
    if !args.kubernetes_version.is_empty() {
        let versions = args.kubernetes_version.iter().map(|version| version.parse());
        settings.kubernetes_versions = versions.collect::<Result<_, UnsupportedVersion>>().map_err(|error| {
            miette::miette!(help = "name a minor version, as in `--kubernetes-version 1.36`", "{error}")
        })?;
    }
    if args.replace {
        settings.update = Update::Replace;
    }
    for name in &args.select {
        settings.select(name)?;
    }
    for name in &args.ignore {
        settings.ignore(name)?;
    }
    Ok(settings)
}

fn options(args: &Lint, config: &Config) -> load::Options {
    let defaults = load::Options::default();
    load::Options {
        ignore_files: !args.no_ignore,
        exclude: config.exclude.clone(),
        exclude_root: config.root.clone(),
        stdin_name: args.stdin_filename.clone().unwrap_or(defaults.stdin_name),
    }
}

/// In a GitHub workflow findings become annotations, unless a person looks on.
fn default_format() -> Format {
    let in_workflow = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    if in_workflow && !io::stdout().is_terminal() { Format::Github } else { Format::Text }
}
