//! The configuration: `seatrial.toml` or `seatrial.yaml`, the nearest one from the working directory up to the root of
//! the repository.
//!
//! Both formats become one located value, which is checked against `schemas/config.schema.json`, so that every mistake
//! has a line and a column.

mod error;
mod file;
mod globs;
mod located;
mod parse;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use self::error::{ConfigError, Mistake};
pub use self::file::generate_schema;
pub use self::globs::Globs;
use self::globs::lexical;
pub use self::parse::parse;
use crate::admission::Gate;
use crate::finding::Severity;
use crate::plan::{Applier, Assumptions, Condition};
use crate::values::ip::Cidr;
use crate::version::KubernetesVersion;

/// The names under which a configuration is looked for, in every folder.
pub const NAMES: [&str; 6] =
    ["seatrial.toml", "seatrial.yaml", "seatrial.yml", ".seatrial.toml", ".seatrial.yaml", ".seatrial.yml"];

/// A configuration with the place it was read from.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file it was read from; empty if there is none.
    pub file: PathBuf,
    /// The folder of that file, absolute; globs and folders in the configuration are relative to it.
    pub root: PathBuf,
    /// The Kubernetes versions that are judged; empty for the default.
    pub kubernetes_version: Vec<KubernetesVersion>,
    /// Rules and groups that are looked for besides those that are on by default.
    pub select: Vec<String>,
    /// Rules and groups that are not looked for.
    pub ignore: Vec<String>,
    /// How grave the findings of a rule or group are.
    pub severity: BTreeMap<String, Level>,
    /// Files that are not read: globs as in `.gitignore`, relative to `root`.
    pub exclude: Vec<String>,
    /// Folders with custom resource definitions, relative to `root`.
    pub crds: Vec<PathBuf>,
    /// From which severity on findings make the run fail.
    pub fail_on: FailOn,
    /// Rules that are not looked for in some files.
    pub ignore_in: Vec<IgnoreIn>,
    /// How the API server differs from one with the upstream defaults.
    pub api_server: ApiServerFlags,
    /// What plans start from.
    pub plan: PlanSettings,
}

/// Rules that are not looked for in some files.
#[derive(Clone, Debug)]
pub struct IgnoreIn {
    /// The files, relative to the configuration's folder.
    pub files: Globs,
    /// Rules and groups.
    pub rules: Vec<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Flags of the API server on which its verdict depends, by their names there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiServerFlags {
    /// From where node ports are taken, if not from 30000 to 32767.
    pub service_node_port_range: Option<RangeInclusive<i32>>,
    /// From where the addresses of Services are taken; empty if that is not known.
    pub service_cluster_ip_range: Vec<Cidr>,
    /// Feature gates that are not at their defaults.
    pub feature_gates: BTreeMap<Gate, bool>,
    /// Admission plugins that are on by default and are not on here.
    pub disable_admission_plugins: Vec<String>,
}

/// What plans start from, before the command line says more.
#[derive(Clone, Debug, Default)]
pub struct PlanSettings {
    /// What the manifests cannot know.
    pub assume: Assumptions,
    /// What must hold.
    pub gates: Vec<Condition>,
    /// Who applies the objects.
    pub apply_with: Option<Applier>,
}

/// How grave the findings of a rule are, or that it is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
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

impl Level {
    /// The severity; `None` if the rule is off.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Level::Off => None,
            Level::Info => Some(Severity::Info),
            Level::Warning => Some(Severity::Warning),
            Level::Error => Some(Severity::Error),
        }
    }
}

/// From which severity on findings make the run fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
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

impl FailOn {
    /// Whether a finding of this severity makes the run fail.
    pub fn fails(self, severity: Severity) -> bool {
        match self {
            FailOn::Error => severity >= Severity::Error,
            FailOn::Warning => severity >= Severity::Warning,
            FailOn::Info => true,
            FailOn::Never => false,
        }
    }
}

/// Finds and reads the configuration that holds in `start`: in it or in a folder above, up to the repository's root.
pub fn load(start: &Path) -> Result<Option<Config>, ConfigError> {
    let start =
        std::path::absolute(start).map_err(|error| ConfigError::Unreadable { file: start.to_owned(), error })?;
    for folder in lexical(&start).ancestors() {
        let mut here = NAMES.iter().map(|name| folder.join(name)).filter(|file| file.is_file());
        if let Some(file) = here.next() {
            return match here.next() {
                Some(other) => Err(ConfigError::Ambiguous { file, other }),
                None => read(&file).map(Some),
            };
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    Ok(None)
}

/// Reads this configuration; the format follows from the name.
pub fn read(file: &Path) -> Result<Config, ConfigError> {
    let text =
        std::fs::read_to_string(file).map_err(|error| ConfigError::Unreadable { file: file.to_owned(), error })?;
    parse(file, &text)
}
