//! `seatrial plan`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use miette::IntoDiagnostic as _;
use seatrial::admission::ApiServer;
use seatrial::config;
use seatrial::lint::{Settings, rollout_findings};
use seatrial::load::{self, LoadError, load};
use seatrial::plan::document::Action;
use seatrial::plan::{Assumptions, Condition, Options, Side, plan};
use seatrial::report::{self, plan_findings::Found};
use seatrial::schema::KubernetesVersion;
use seatrial::source::Sources;

use crate::args::{Plan, PlanFormat};
use crate::{FAILED, base, output};

pub(crate) fn run(args: &Plan) -> miette::Result<ExitCode> {
    let options = options(args)?;
    let config = config::load(Path::new("."))?.unwrap_or_default();
    let (old, new, errors) = sides(args)?;
    let (old, new) = (Side::new(old), Side::new(new));
    let plan = plan(&old, &new, &options);
    let findings = rollout_findings(&plan, &old, &new, &Settings::from_config(&config)?);
    let found = Found { sources: &new.sources, report: &findings };
    output::data(|out| match args.format {
        PlanFormat::Text => report::plan_text::write(out, &plan, found),
        PlanFormat::Json => report::plan_findings::write_json(out, &plan, found),
        PlanFormat::Markdown => report::plan_markdown::write(out, &plan, found, args.max_size),
    })?;
    let failed = !errors.is_empty();
    for error in errors {
        output::fail(&error.into());
    }
    let rejected = plan.summary.actions.contains_key(&Action::Rejected);
    let refused = rejected || findings.fails(config.fail_on) || plan.gates.iter().any(|gate| !gate.holds);
    Ok(ExitCode::from(if failed { FAILED } else { u8::from(refused) }))
}

fn options(args: &Plan) -> miette::Result<Options> {
    let version = match &args.kubernetes_version {
        Some(version) => version.parse::<KubernetesVersion>().into_diagnostic()?,
        None => KubernetesVersion::default(),
    };
    let mut assumptions = Assumptions::default();
    for text in &args.assume {
        assumptions.add(text).into_diagnostic()?;
    }
    let gates = args.gate.iter().map(|text| Condition::parse(text)).collect::<Result<_, _>>().into_diagnostic()?;
    Ok(Options { server: ApiServer::new(version), applier: args.apply_with, assumptions, gates })
}

/// What runs now, what would be applied, and what could not be read.
fn sides(args: &Plan) -> miette::Result<(Sources, Sources, Vec<LoadError>)> {
    let read = |paths: &[PathBuf]| load(paths, &load::Options::default());
    if let Some(revision) = &args.base {
        let new = read(&args.paths);
        return Ok((base::sources(revision, &args.paths)?, new.sources, new.errors));
    }
    let (old, new) = match (&args.live, args.paths.as_slice()) {
        (Some(live), paths) => (read(std::slice::from_ref(live)), read(paths)),
        (None, [old, new]) => (read(std::slice::from_ref(old)), read(std::slice::from_ref(new))),
        (None, _) => {
            return Err(miette::miette!(
                help = "write `seatrial plan OLD NEW`, or give the old side by `--base` or `--live`",
                "a plan needs two sides"
            ));
        }
    };
    let errors = old.errors.into_iter().chain(new.errors).collect();
    Ok((old.sources, new.sources, errors))
}
