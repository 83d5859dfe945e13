//! The command. It reads arguments and writes results; everything else is the library's.

mod args;
mod base;
mod defaults;
mod explain;
mod fix;
mod git;
mod input;
mod lint;
mod notes;
mod output;
mod plan;
mod replace;
mod rules;
mod simulate;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is said to the shell when the tool could not do its job.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    output::install_failures(args.color);
    let outcome = match args.command {
        Command::Lint(options) => lint::run(&options, args.color),
        Command::Plan(options) => plan::run(&options, args.color),
        Command::Simulate(options) => simulate::run(&options),
        Command::Explain(options) => explain::run(&options, args.color),
        Command::Rules(options) => rules::run(&options),
    };
    outcome.unwrap_or_else(|failure| {
        output::fail(&failure);
        ExitCode::from(FAILED)
    })
}
