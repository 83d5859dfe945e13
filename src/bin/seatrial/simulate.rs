//! `seatrial simulate`.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::ExitCode;

use miette::{IntoDiagnostic as _, WrapErr as _};
use seatrial::admission::ApiServer;
use seatrial::plan::{Scenario, Trace, simulate};
use seatrial::report;
use seatrial::version::KubernetesVersion;

use crate::args::{PageFormat, Simulate};
use crate::{FAILED, input, output};

pub(crate) fn run(args: &Simulate) -> miette::Result<ExitCode> {
    let version = match &args.kubernetes_version {
        Some(version) => input::version(version)?,
        None => KubernetesVersion::default(),
    };
    let server = ApiServer::new(version);
    let (mut traces, mut errors) = (Vec::new(), Vec::new());
    for path in &args.scenarios {
        match play(path, &server) {
            Ok(played) => {
                for one in played {
                    one.map_or_else(|error| errors.push(error), |trace| traces.push(trace));
                }
            }
            Err(error) => errors.push(error),
        }
    }
    output::data(|out| {
        for (name, trace) in &traces {
            match args.format {
                PageFormat::Json => writeln!(out, "{}", serde_json::to_string(trace).map_err(io::Error::other)?)?,
                PageFormat::Text => report::plan::trace::write(out, name, trace)?,
            }
        }
        Ok(())
    })?;
    let failed = !errors.is_empty();
    errors.iter().for_each(output::fail);
    Ok(ExitCode::from(if failed { FAILED } else { 0 }))
}

/// The traces of a file's scenarios, each with its name; what cannot be played does not keep the others from it.
fn play(path: &Path, server: &ApiServer) -> miette::Result<Vec<miette::Result<(String, Trace)>>> {
    let file = path.display().to_string();
    let scenarios =
        Scenario::parse_all(&read(path)?).into_diagnostic().wrap_err_with(|| format!("`{file}` cannot be played"))?;
    let play = |scenario: Scenario| {
        let name = if scenario.name.is_empty() { file.clone() } else { scenario.name.clone() };
        let of_file = if name == file { String::new() } else { format!(" of `{file}`") };
        let fail = || format!("`{name}`{of_file} cannot be played");
        let trace = simulate(&scenario, server).into_diagnostic().wrap_err_with(fail)?;
        Ok((name, trace))
    };
    Ok(scenarios.into_iter().map(play).collect())
}

fn read(path: &Path) -> miette::Result<String> {
    let fail = || format!("`{}` cannot be read", path.display());
    if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).into_diagnostic().wrap_err_with(fail)?;
        return Ok(text);
    }
    if path.is_dir() {
        return Err(miette::miette!(
            help = "name its files, for example by `seatrial simulate scenarios/*.yaml`",
            "`{}` is a folder",
            path.display()
        ));
    }
    fs::read_to_string(path).into_diagnostic().wrap_err_with(fail)
}
