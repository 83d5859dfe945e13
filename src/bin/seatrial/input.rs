//! What all commands that read manifests share: the configuration, and how files are read.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use seatrial::config::{self, Config};
use seatrial::load::{self, Loaded, load};
use seatrial::version::{KubernetesVersion, UnsupportedVersion};

use crate::args::Input;

/// The configuration that holds: the one that is named, or the nearest one.
pub(crate) fn configuration(args: &Input) -> miette::Result<Config> {
    Ok(match &args.config {
        Some(file) => config::read(file)?,
        None if args.no_config => Config::default(),
        None => config::load(Path::new("."))?.unwrap_or_default(),
    })
}

/// How files and folders are read.
pub(crate) fn options(args: &Input, config: &Config) -> load::Options {
    let defaults = load::Options::default();
    load::Options {
        ignore_files: !args.no_ignore,
        exclude: config.exclude.clone(),
        exclude_root: config.root.clone(),
        stdin_name: args.stdin_filename.clone().unwrap_or(defaults.stdin_name),
    }
}

/// The texts that define custom resources. They are often generated and left out of the repository, so ignore files do
/// not hold for them.
pub(crate) fn definitions(args: &Input, config: &Config) -> Loaded {
    let configured = config.crds.iter().map(|folder| config.root.join(folder));
    let folders: Vec<PathBuf> = configured.chain(args.crds.iter().cloned()).collect();
    load(&folders, &load::Options { ignore_files: false, ..load::Options::default() })
}

/// Whether the path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Makes sure that standard input is read for one purpose only; the next one would find nothing left.
pub(crate) fn once(purposes: &[&[PathBuf]]) -> miette::Result<()> {
    if purposes.iter().filter(|paths| paths.iter().any(|path| is_stdin(path))).count() < 2 {
        return Ok(());
    }
    Err(miette::miette!(
        help = "save the other one to a file, or name a command in its place, as in `<(kubectl kustomize base)`",
        "standard input can be read once only"
    ))
}

/// A version as the command line names it.
pub(crate) fn version(text: &str) -> miette::Result<KubernetesVersion> {
    text.parse().map_err(|error: UnsupportedVersion| {
        miette::miette!(help = "name a minor version, as in `--kubernetes-version 1.36`", "{error}")
    })
}

/// Whether the output goes to a GitHub workflow, and not to a person.
pub(crate) fn in_workflow() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") && !io::stdout().is_terminal()
}
