//! What is looked for, how grave it is, and by which API servers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::admission::{ApiServer, How};
use crate::config::{ApiServerFlags, Config, IgnoreIn, Level};
use crate::finding::{Group, Severity};
use crate::rules::{self, Rule, UnknownRule};
use crate::version::KubernetesVersion;

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Rules (by id) and groups (by name) that are looked for besides those that are on by default.
    pub select: Vec<String>,
    /// Rules and groups that are not looked for.
    pub ignore: Vec<String>,
    /// How grave the findings of a rule or group are; a rule that has its own level is on.
    pub severity: BTreeMap<String, Level>,
    /// Rules and groups that are not looked for in some files.
    pub ignore_in: Vec<IgnoreIn>,
    /// The folder that the names of files are relative to, absolute; only `ignore_in` needs it.
    pub working_directory: PathBuf,
    /// The versions of Kubernetes to judge by; the newest if there are none.
    pub kubernetes_versions: Vec<KubernetesVersion>,
    /// How the API server differs from one with the upstream defaults.
    pub api_server: ApiServerFlags,
    /// How objects replace those of the same name that run already.
    pub how: How,
}

impl Settings {
    /// What a configuration asks for.
    pub fn from_config(config: &Config) -> Self {
        Self {
            kubernetes_versions: config.kubernetes_version.clone(),
            select: config.select.clone(),
            ignore: config.ignore.clone(),
            severity: config.severity.clone(),
            ignore_in: config.ignore_in.clone(),
            working_directory: std::env::current_dir().unwrap_or_default(),
            api_server: config.api_server.clone(),
            how: How::default(),
        }
    }

    /// Switches a rule or group on, whatever was said before.
    pub fn select(&mut self, name: &str) -> Result<(), UnknownRule> {
        rules::known(name)?;
        self.ignore.retain(|other| other != name);
        self.severity.retain(|other, level| other != name || *level != Level::Off);
        self.select.push(name.to_owned());
        Ok(())
    }

    /// Switches a rule or group off, whatever was said before.
    pub fn ignore(&mut self, name: &str) -> Result<(), UnknownRule> {
        rules::known(name)?;
        self.select.retain(|other| other != name);
        self.ignore.push(name.to_owned());
        Ok(())
    }

    /// Whether the rule is on. What names the rule counts more than what names its group, and "off" more than "on".
    pub fn wants(&self, rule: &Rule) -> bool {
        [rule.id, rule.group.name()].iter().find_map(|name| self.says(name)).unwrap_or(rule.group != Group::Advice)
    }

    /// The rules that are on.
    pub(super) fn rules(&self) -> Vec<&'static Rule> {
        rules::rules().iter().filter(|rule| self.wants(rule)).collect()
    }

    /// What is said about a rule or group of this name, if anything is.
    fn says(&self, name: &str) -> Option<bool> {
        let level = self.severity.get(name);
        let among = |list: &[String]| list.iter().any(|other| other == name);
        if among(&self.ignore) || level == Some(&Level::Off) {
            return Some(false);
        }
        (among(&self.select) || level.is_some()).then_some(true)
    }

    /// The API servers that judge; at least one.
    pub fn servers(&self) -> Vec<ApiServer> {
        let mut versions = self.kubernetes_versions.clone();
        versions.sort();
        versions.dedup();
        if versions.is_empty() {
            versions.push(KubernetesVersion::default());
        }
        let flags = &self.api_server;
        let server = |version| {
            let defaults = ApiServer::new(version);
            let node_ports = flags.service_node_port_range.clone().unwrap_or(defaults.node_ports);
            let service_ranges = flags.service_cluster_ip_range.clone();
            ApiServer {
                node_ports,
                service_ranges,
                feature_gates: flags.feature_gates.clone(),
                disabled_plugins: flags.disable_admission_plugins.iter().cloned().collect(),
                ..defaults
            }
        };
        versions.into_iter().map(server).collect()
    }

    /// How grave the findings of a rule are.
    pub(super) fn severity_of(&self, rule: &Rule) -> Severity {
        let level = self.severity.get(rule.id).or_else(|| self.severity.get(rule.group.name()));
        level.and_then(|level| level.severity()).unwrap_or(rule.group.severity())
    }
}
