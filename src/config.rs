//! The configuration: `seatrial.toml` or `seatrial.yaml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A configuration with the place it was read from.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// The folder of that file, absolute; globs and folders in the configuration are relative to it.
    pub root: PathBuf,
    /// The Kubernetes versions that are judged, as `1.36`; empty for the default.
    pub kubernetes_version: Vec<String>,
    /// Rules and groups that are looked for besides those that are on by default.
    pub select: Vec<String>,
    /// Rules and groups that are not looked for.
    pub ignore: Vec<String>,
    /// How grave the findings of a rule are.
    pub severity: BTreeMap<String, Level>,
    /// Files that are not read: globs as in `.gitignore`, relative to `root`.
    pub exclude: Vec<String>,
    /// Folders with CustomResourceDefinitions, relative to `root`.
    pub crds: Vec<PathBuf>,
    /// From which severity on findings make the run fail.
    pub fail_on: FailOn,
}

/// How grave the findings of a rule are, or that it is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Not looked for.
    Off,
    /// Worth knowing.
    Info,
    /// Very likely a mistake or a real risk.
    Warning,
    /// Refused, or cannot work.
    Error,
}

/// From which severity on findings make the run fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailOn {
    /// Errors only.
    #[default]
    Error,
    /// Warnings and errors.
    Warning,
    /// Any finding.
    Info,
    /// Nothing.
    Never,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the configuration cannot be used")]
pub struct ConfigError {}

/// Finds and reads the configuration that holds in `start`: in it or in a folder above, up to the repository's root.
pub fn load(start: &Path) -> Result<Option<Config>, ConfigError> {
    let _ = start;
    Ok(None)
}

/// Reads this configuration.
pub fn read(file: &Path) -> Result<Config, ConfigError> {
    let _ = file;
    Ok(Config::default())
}
