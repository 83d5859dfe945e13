//! The configuration: `seatrial.toml` or `seatrial.yaml`, the nearest one from the working directory up to the root of
//! the repository.
//!
//! Both formats become one located value, which is checked against `schemas/config.schema.json`, so that every mistake
//! has a line and a column. The names of rules are checked by [`Config::check_names`], because who reads the
//! configuration does not know the rules.

mod error;
mod globs;
mod located;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

pub use self::error::{ConfigError, Mistake};
pub use self::globs::Globs;
use self::globs::lexical;
use self::located::Located;
use crate::finding::Severity;
use crate::nearest::nearest;
use crate::values::ip::Cidr;

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
    /// The Kubernetes versions that are judged, as `1.36`; empty for the default.
    pub kubernetes_version: Vec<String>,
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
    /// Where names of rules stand, for [`Config::check_names`].
    names: Vec<(String, Range<usize>)>,
    /// The Kubernetes versions of the file with their places, for [`Config::check_versions`].
    versions: Vec<(String, Range<usize>)>,
    /// The feature gates of the file with their places, for [`Config::check_flags`].
    gates: Vec<(String, Range<usize>)>,
    /// The admission plugins of the file with their places, for [`Config::check_flags`].
    plugins: Vec<(String, Range<usize>)>,
    /// The texts of the section `plan` with their places, by their key there, for [`Config::check_plan`].
    plan_texts: BTreeMap<&'static str, Vec<(String, Range<usize>)>>,
    text: Arc<str>,
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
    pub feature_gates: BTreeMap<String, bool>,
    /// Admission plugins that are on by default and are not on here.
    pub disable_admission_plugins: Vec<String>,
}

/// What plans start from, before the command line says more. The texts are read by those who know what they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanSettings {
    /// What the manifests cannot know, such as `startup=5s`.
    pub assume: Vec<String>,
    /// Conditions that must hold, such as `availability >= 80%`.
    pub gates: Vec<String>,
    /// Who applies the objects.
    pub apply_with: Option<String>,
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

/// Reads the text of a configuration.
pub fn parse(file: &Path, text: &str) -> Result<Config, ConfigError> {
    let fail = |mistakes| ConfigError::from_mistakes(file, text, mistakes);
    let is_toml = file.extension().is_some_and(|extension| extension == "toml");
    let located = if is_toml { located::from_toml(text) } else { located::from_yaml(text) }.map_err(fail)?;
    located::check(&located, &schema()).map_err(fail)?;
    // What the schema lets through but serde does not would be a difference between both, found at the first byte.
    let fields: File = serde_json::from_value(located.to_json())
        .map_err(|error| fail(vec![Mistake::new(0..0, error.to_string(), None)]))?;
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let root = lexical(absolute.parent().unwrap_or(Path::new("")));
    let mut mistakes = Vec::new();
    let mut globs = |list: &[String], at: Option<&Located>| {
        Globs::new(list, &root, |index, message| {
            let span = at.map_or(0..0, |at| at.item(index).span.clone());
            mistakes.push(Mistake::new(span, message, None));
        })
    };
    globs(&fields.exclude, located.get("exclude"));
    let mut ignore_in = Vec::new();
    for (index, entry) in fields.ignore_in.into_iter().enumerate() {
        let at = located.get("ignore-in").map(|list| list.item(index)).and_then(|entry| entry.get("path"));
        ignore_in.push(IgnoreIn { files: globs(&entry.path.0, at), rules: entry.rules, reason: entry.reason });
    }
    let flags = fields.api_server;
    let service_node_port_range = flags.service_node_port_range.and_then(|range| {
        let read = port_range(&range);
        if read.is_none() {
            let at = located.get("api-server").and_then(|flags| flags.get("service-node-port-range"));
            let help = Some("write it as \"30000-32767\"".to_owned());
            mistakes.push(Mistake::new(
                at.map_or(0..0, |at| at.span.clone()),
                format!("`{range}` is no range of ports"),
                help,
            ));
        }
        read
    });
    let mut service_cluster_ip_range = Vec::new();
    for range in &flags.service_cluster_ip_range.0 {
        if let Some(range) = Cidr::parse_lenient(range) {
            service_cluster_ip_range.push(range);
        } else {
            let at = located.get("api-server").and_then(|flags| flags.get("service-cluster-ip-range"));
            let help = Some("write it as \"10.96.0.0/16\"".to_owned());
            let span = at.map_or(0..0, |at| at.span.clone());
            mistakes.push(Mistake::new(span, format!("`{range}` is no range of addresses"), help));
        }
    }
    if !mistakes.is_empty() {
        return Err(fail(mistakes));
    }
    Ok(Config {
        api_server: ApiServerFlags {
            service_node_port_range,
            service_cluster_ip_range,
            feature_gates: flags.feature_gates,
            disable_admission_plugins: flags.disable_admission_plugins,
        },
        plan: PlanSettings { assume: fields.plan.assume, gates: fields.plan.gates, apply_with: fields.plan.apply_with },
        plan_texts: plan_texts(&located),
        gates: gates(&located),
        plugins: plugins(&located),
        file: file.to_owned(),
        kubernetes_version: fields.kubernetes_version.0,
        select: fields.select,
        ignore: fields.ignore,
        severity: fields.severity,
        exclude: fields.exclude,
        crds: fields.crds,
        fail_on: fields.fail_on,
        ignore_in,
        names: names(&located),
        versions: located.get("kubernetes-version").map(texts).unwrap_or_default(),
        text: text.into(),
        root,
    })
}

impl Config {
    /// Makes sure that every rule that is named is among `known`.
    pub fn check_names(&self, known: &[&str]) -> Result<(), ConfigError> {
        let unknown = self.names.iter().filter(|(name, _)| !known.contains(&name.as_str()));
        let mistakes: Vec<Mistake> = unknown
            .map(|(name, span)| {
                let help = nearest(name, known.iter().copied());
                let help =
                    help.map_or("see `seatrial rules` for all of them".to_owned(), |near| format!("write `{near}`"));
                Mistake::new(span.clone(), format!("there is no rule or group `{name}`"), Some(help))
            })
            .collect();
        if mistakes.is_empty() { Ok(()) } else { Err(ConfigError::from_mistakes(&self.file, &self.text, mistakes)) }
    }

    /// Makes sure that every feature gate and every admission plugin that is set is among those that matter.
    pub fn check_flags(&self, known_gates: &[&str], known_plugins: &[&str]) -> Result<(), ConfigError> {
        let wrong = |what: &str, names: &[(String, Range<usize>)], known: &[&str]| -> Vec<Mistake> {
            let unknown = names.iter().filter(|(name, _)| !known.contains(&name.as_str()));
            unknown
                .map(|(name, span)| {
                    let help = nearest(name, known.iter().copied()).map(|near| format!("write `{near}`"));
                    Mistake::new(span.clone(), format!("nothing depends on {what} `{name}`"), help)
                })
                .collect()
        };
        let mut mistakes = wrong("a feature gate", &self.gates, known_gates);
        mistakes.extend(wrong("an admission plugin", &self.plugins, known_plugins));
        if mistakes.is_empty() { Ok(()) } else { Err(ConfigError::from_mistakes(&self.file, &self.text, mistakes)) }
    }

    /// Makes sure that every Kubernetes version in the file is one that `check` takes.
    pub fn check_versions<E: Display>(&self, check: impl Fn(&str) -> Result<(), E>) -> Result<(), ConfigError> {
        self.check_texts(&self.versions, check)
    }

    /// Makes sure that every text at `key` of the section `plan` is one that `check` takes.
    pub fn check_plan<E: Display>(&self, key: &str, check: impl Fn(&str) -> Result<(), E>) -> Result<(), ConfigError> {
        self.check_texts(self.plan_texts.get(key).map_or(&[], Vec::as_slice), check)
    }

    fn check_texts<E: Display>(
        &self,
        texts: &[(String, Range<usize>)],
        check: impl Fn(&str) -> Result<(), E>,
    ) -> Result<(), ConfigError> {
        let wrong = texts.iter().filter_map(|(text, span)| Some((check(text).err()?, span)));
        let mistakes: Vec<Mistake> =
            wrong.map(|(error, span)| Mistake::new(span.clone(), error.to_string(), None)).collect();
        if mistakes.is_empty() { Ok(()) } else { Err(ConfigError::from_mistakes(&self.file, &self.text, mistakes)) }
    }
}

/// `30000-32767`, both included.
fn port_range(text: &str) -> Option<RangeInclusive<i32>> {
    let (first, last) = text.split_once('-')?;
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0).map(i32::from);
    let (first, last) = (port(first)?, port(last)?);
    (first <= last).then_some(first..=last)
}

/// The admission plugins that are off, with their places.
fn plugins(located: &Located) -> Vec<(String, Range<usize>)> {
    let flags = located.get("api-server").and_then(|flags| flags.get("disable-admission-plugins"));
    flags.map(texts).unwrap_or_default()
}

/// The feature gates, with the places of their names.
fn gates(located: &Located) -> Vec<(String, Range<usize>)> {
    let flags = located.get("api-server").and_then(|flags| flags.get("feature-gates"));
    flags.into_iter().flat_map(Located::entries).map(|(name, key, _)| (name.clone(), key.clone())).collect()
}

/// The texts of the section `plan`, with their places.
fn plan_texts(located: &Located) -> BTreeMap<&'static str, Vec<(String, Range<usize>)>> {
    let plan = located.get("plan");
    let texts = |key| plan.and_then(|plan| plan.get(key)).map(texts).unwrap_or_default();
    ["assume", "gates", "apply-with"].into_iter().map(|key| (key, texts(key))).collect()
}

/// A text, or the texts of a list, with their places.
fn texts(located: &Located) -> Vec<(String, Range<usize>)> {
    located.items().iter().chain([located]).filter_map(|item| Some((item.text()?, item.span.clone()))).collect()
}

/// The configuration as it is written.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[schemars(title = "seatrial configuration")]
struct File {
    /// The Kubernetes version, or several, that manifests are judged for, such as "1.36".
    kubernetes_version: OneOrMany,
    /// Rules and groups that are looked for besides those that are on by default.
    select: Vec<String>,
    /// Rules and groups that are not looked for.
    ignore: Vec<String>,
    /// How grave the findings of a rule or group are.
    severity: BTreeMap<String, Level>,
    /// Files that are not read: globs as in .gitignore, relative to this file.
    exclude: Vec<String>,
    /// Folders with custom resource definitions, relative to this file.
    crds: Vec<PathBuf>,
    /// From which severity on findings make the exit status 1.
    fail_on: FailOn,
    /// Rules that are not looked for in some files.
    ignore_in: Vec<IgnoreInEntry>,
    /// Flags of the API server, by their names there, where they are not the upstream defaults.
    api_server: ApiServerEntry,
    /// What `seatrial plan` starts from.
    plan: PlanEntry,
}

/// What plans start from, before the command line says more.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct PlanEntry {
    /// What the manifests cannot know, such as "startup=5s" or "replicas/web=18".
    assume: Vec<String>,
    /// Conditions that make the exit status 1 if they fail, such as "availability >= 80%".
    gates: Vec<String>,
    /// Who applies the objects, such as "helm".
    apply_with: Option<String>,
}

/// Flags of the API server on which its verdict depends.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct ApiServerEntry {
    /// From where node ports are taken, such as "30000-32767".
    service_node_port_range: Option<String>,
    /// From where the addresses of Services are taken, such as "10.96.0.0/16", or a range of each IP family.
    service_cluster_ip_range: OneOrMany,
    /// Feature gates that are not at the default of the Kubernetes version.
    feature_gates: BTreeMap<String, bool>,
    /// Admission plugins that are on by default and are not on here.
    disable_admission_plugins: Vec<String>,
}

/// Rules that are not looked for in some files.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct IgnoreInEntry {
    /// The files: a glob as in .gitignore, or several, relative to this file.
    path: OneOrMany,
    /// Rules and groups.
    rules: Vec<String>,
    /// Why.
    reason: Option<String>,
}

/// One text, or a list of them.
#[derive(Debug, Default)]
struct OneOrMany(Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            One(String),
            Many(Vec<String>),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::One(text) => Self(vec![text]),
            Either::Many(list) => Self(list),
        })
    }
}

impl schemars::JsonSchema for OneOrMany {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OneOrMany".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "array"], "items": { "type": "string" } })
    }
}

/// The schema of the configuration, from the types. `schemas/config.schema.json` is this, kept current by a test.
pub fn generate_schema() -> serde_json::Value {
    schemars::schema_for!(File).to_value()
}

fn schema() -> serde_json::Value {
    serde_json::from_str(include_str!("../../schemas/config.schema.json")).expect("the committed schema is JSON")
}

/// All names of rules and groups, with their places.
fn names(located: &Located) -> Vec<(String, Range<usize>)> {
    let mut lists: Vec<&Located> = ["select", "ignore"].iter().filter_map(|key| located.get(key)).collect();
    let entries = located.get("ignore-in").into_iter().flat_map(Located::items);
    lists.extend(entries.filter_map(|entry| entry.get("rules")));
    let mut names: Vec<_> = lists.into_iter().flat_map(texts).collect();
    let levels = located.get("severity").into_iter().flat_map(Located::entries);
    names.extend(levels.map(|(name, key, _)| (name.clone(), key.clone())));
    names
}
