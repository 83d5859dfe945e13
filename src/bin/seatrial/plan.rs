//! `seatrial plan`.

use std::path::PathBuf;
use std::process::ExitCode;

use miette::IntoDiagnostic as _;
use seatrial::admission::ApiServer;
use seatrial::load::{self, Loaded, load};
use seatrial::plan::document::Action;
use seatrial::plan::{Options, Side, plan};
use seatrial::report;
use seatrial::schema::KubernetesVersion;

use crate::args::{Plan, PlanFormat};
use crate::{FAILED, output};

pub(crate) fn run(args: &Plan) -> miette::Result<ExitCode> {
    let version = match &args.kubernetes_version {
        Some(version) => version.parse::<KubernetesVersion>().into_diagnostic()?,
        None => KubernetesVersion::default(),
    };
    let (old, new) = sides(args)?;
    let failed = !(old.errors.is_empty() && new.errors.is_empty());
    let options = Options { server: ApiServer::new(version), applier: args.apply_with };
    let plan = plan(&Side::new(old.sources), &Side::new(new.sources), &options);
    output::data(|out| match args.format {
        PlanFormat::Text => report::plan_text::write(out, &plan),
        PlanFormat::Json => writeln!(out, "{:#}", serde_json::to_value(&plan).map_err(std::io::Error::other)?),
    })?;
    for error in old.errors.into_iter().chain(new.errors) {
        output::fail(&error.into());
    }
    let rejected = plan.summary.actions.contains_key(&Action::Rejected);
    let refused = rejected || plan.gates.iter().any(|gate| !gate.holds);
    Ok(ExitCode::from(if failed { FAILED } else { u8::from(refused) }))
}

/// What runs now, and what would be applied.
fn sides(args: &Plan) -> miette::Result<(Loaded, Loaded)> {
    let read = |paths: &[PathBuf]| load(paths, &load::Options::default());
    if let Some(live) = &args.live {
        return Ok((read(std::slice::from_ref(live)), read(&args.paths)));
    }
    match args.paths.as_slice() {
        [old, new] => Ok((read(std::slice::from_ref(old)), read(std::slice::from_ref(new)))),
        _ => Err(miette::miette!(
            help = "write `seatrial plan OLD NEW`, or give the old side by `--live`",
            "a plan needs two sides"
        )),
    }
}
