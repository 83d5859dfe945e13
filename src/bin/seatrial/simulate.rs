//! `seatrial simulate`.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::ExitCode;

use miette::{IntoDiagnostic as _, WrapErr as _};
use seatrial::admission::ApiServer;
use seatrial::plan::{Scenario, Trace, simulate};
use seatrial::report;
use seatrial::schema::KubernetesVersion;

use crate::args::{PageFormat, Simulate};
use crate::{input, output};

pub(crate) fn run(args: &Simulate) -> miette::Result<ExitCode> {
    let version = match &args.kubernetes_version {
        Some(version) => input::version(version)?,
        None => KubernetesVersion::default(),
    };
    let server = ApiServer::new(version);
    let mut traces: Vec<(String, Trace)> = Vec::new();
    for path in &args.scenarios {
        let name = path.display().to_string();
        let fail = || format!("`{name}` cannot be played");
        let scenario = Scenario::parse(&read(path)?).into_diagnostic().wrap_err_with(fail)?;
        let trace = simulate(&scenario, &server).into_diagnostic().wrap_err_with(fail)?;
        traces.push((if scenario.name.is_empty() { name } else { scenario.name }, trace));
    }
    output::data(|out| {
        for (name, trace) in &traces {
            match args.format {
                PageFormat::Json => writeln!(out, "{}", serde_json::to_string(trace).map_err(io::Error::other)?)?,
                PageFormat::Text => report::trace::write(out, name, trace)?,
            }
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> miette::Result<String> {
    let fail = || format!("`{}` cannot be read", path.display());
    if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).into_diagnostic().wrap_err_with(fail)?;
        return Ok(text);
    }
    fs::read_to_string(path).into_diagnostic().wrap_err_with(fail)
}
