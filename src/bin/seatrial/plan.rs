//! `seatrial plan`.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::slice;

use miette::{IntoDiagnostic as _, WrapErr as _};
use seatrial::config::Config;
use seatrial::lint::{Settings, rollout_findings};
use seatrial::load::{self, LoadError, Loaded, load};
use seatrial::plan::document;
use seatrial::plan::{Condition, Options, Side, plan};
use seatrial::report::plan::{self as shown, Found};
use seatrial::source::Sources;

use crate::args::{Color, Plan, PlanFormat, Steps};
use crate::{FAILED, base, input, notes, output};

/// What the summary of a job on GitHub may hold, in bytes.
const SUMMARY_SIZE: usize = 1024 * 1024;

pub(crate) fn run(args: &Plan, color: Color) -> miette::Result<ExitCode> {
    let config = input::configuration(&args.input)?;
    let definitions = input::definitions(&args.input, &config);
    let mut settings = Settings::from_config(&config);
    if let Some(version) = &args.kubernetes_version {
        settings.kubernetes_versions = vec![input::version(version)?];
    }
    let options = Options { definitions: definitions.sources, ..options(args, &config, &settings)? };
    let (old, new) = sides(args, &config)?;
    if !args.quiet {
        notes::left_out_of_old(&old);
        notes::left_out(&new);
    }
    let errors: Vec<LoadError> = definitions.errors.into_iter().chain(old.errors).chain(new.errors).collect();
    if !errors.is_empty() {
        // Without a part of a side, what is said of the rest would be wrong.
        for error in errors {
            output::fail(&error.into());
        }
        return Ok(ExitCode::from(FAILED));
    }
    let (old, new) = (Side::new(old.sources), Side::new(new.sources));
    let plan = plan(&old, &new, &options);
    let findings = rollout_findings(&plan, &old, &new, &settings);
    write(args, color, &plan, Found { sources: &new.sources, report: &findings })?;
    let refused = plan.stops() || findings.fails(config.fail_on) || plan.gates.iter().any(|gate| !gate.holds);
    Ok(ExitCode::from(u8::from(refused)))
}

fn write(args: &Plan, color: Color, plan: &document::Plan, found: Found<'_>) -> miette::Result<()> {
    let default = if input::in_workflow() { PlanFormat::Github } else { PlanFormat::Text };
    let format = args.format.unwrap_or(default);
    output::data(|out| match format {
        PlanFormat::Text => shown::text::write(out, plan, found, args.steps == Steps::All, output::style(color)),
        PlanFormat::Json => shown::write_json(out, plan, found),
        PlanFormat::Markdown => shown::markdown::write(out, plan, found, args.max_size),
        PlanFormat::Github => shown::github::write(out, plan, found),
    })?;
    match std::env::var_os("GITHUB_STEP_SUMMARY") {
        Some(file) if format == PlanFormat::Github && !file.is_empty() => summary(Path::new(&file), plan, found),
        _ => Ok(()),
    }
}

/// Adds the plan to the summary of the job.
fn summary(file: &Path, plan: &document::Plan, found: Found<'_>) -> miette::Result<()> {
    let opened = OpenOptions::new().create(true).append(true).open(file);
    let written = opened.and_then(|mut file| shown::markdown::write(&mut file, plan, found, SUMMARY_SIZE));
    let fail = || format!("the plan cannot be added to `{}`, which GITHUB_STEP_SUMMARY names", file.display());
    written.into_diagnostic().wrap_err_with(fail)
}

/// What the configuration says, and then the command line.
fn options(args: &Plan, config: &Config, settings: &Settings) -> miette::Result<Options> {
    let mut assumptions = config.plan.assume.clone();
    for text in &args.assume {
        assumptions.add(text).into_diagnostic()?;
    }
    let mut gates = config.plan.gates.clone();
    for text in &args.gate {
        gates.push(Condition::parse(text).into_diagnostic()?);
    }
    Ok(Options {
        // Of several versions, the newest is the one to come.
        server: settings.servers().pop().unwrap_or_default(),
        applier: args.apply_with.or(config.plan.apply_with).unwrap_or_default(),
        assumptions,
        gates,
        definitions: Sources::default(),
    })
}

/// What runs now, and what would be applied.
fn sides(args: &Plan, config: &Config) -> miette::Result<(Loaded, Loaded)> {
    let read = |paths: &[PathBuf]| load(paths, &input::options(&args.input, config));
    let crds = args.input.crds.as_slice();
    match (&args.base, &args.live, args.paths.as_slice()) {
        (Some(_), _, paths) if paths.iter().any(|path| input::is_stdin(path)) => Err(miette::miette!(
            help = "name files or folders, or write `seatrial plan OLD -`",
            "git does not know what standard input was"
        )),
        (Some(revision), _, paths) => {
            let new = read(paths);
            let mut old = Loaded::default();
            old.sources = base::sources(revision, paths, &new.sources)?;
            Ok((old, new))
        }
        (None, Some(live), paths) => {
            let live = slice::from_ref(live);
            input::once(&[live, paths, crds])?;
            Ok((load(live, &load::Options::default()), read(paths)))
        }
        (None, None, [old, new]) => {
            let (old, new) = (slice::from_ref(old), slice::from_ref(new));
            input::once(&[old, new, crds])?;
            Ok((read(old), read(new)))
        }
        (None, None, _) => Err(miette::miette!(
            help = "write `seatrial plan OLD NEW`, or give the old side by `--base` or `--live`",
            "a plan needs two sides"
        )),
    }
}
