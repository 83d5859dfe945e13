//! From texts to findings: reads, builds the cluster, runs the checks, silences what is allowed, puts the rest in order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::admission::{self, ApiServer, How, Judge, Request};
use crate::cluster::{Cluster, Object};
use crate::config::{ApiServerFlags, Config, ConfigError, FailOn, IgnoreIn, Level};
use crate::finding::{Finding, Findings, Group, Severity};
use crate::nearest::nearest;
use crate::parallel::in_order;
use crate::plan::document::{Action, Plan};
use crate::plan::{self, Side};
use crate::rules::{self, Change, Context, Rule};

use crate::secrets::{self, Secrets};
use crate::source::{FileId, Sources};
use crate::suppress::{self, Status};
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
    /// What a configuration asks for; unknown rules and Kubernetes versions in its file are errors.
    pub fn from_config(config: &Config) -> Result<Self, ConfigError> {
        config.check_names(&names())?;
        config.check_flags(&ApiServer::gates(), &ApiServer::PLUGINS)?;
        config.check_versions(|version| version.parse::<KubernetesVersion>().map(drop))?;
        let kubernetes_versions = config.kubernetes_version.iter().filter_map(|version| version.parse().ok()).collect();
        Ok(Self {
            kubernetes_versions,
            select: config.select.clone(),
            ignore: config.ignore.clone(),
            severity: config.severity.clone(),
            ignore_in: config.ignore_in.clone(),
            working_directory: std::env::current_dir().unwrap_or_default(),
            api_server: config.api_server.clone(),
            how: How::default(),
        })
    }

    /// Switches a rule or group on, whatever was said before.
    pub fn select(&mut self, name: &str) -> Result<(), UnknownRule> {
        known(name)?;
        self.ignore.retain(|other| other != name);
        self.severity.retain(|other, level| other != name || *level != Level::Off);
        self.select.push(name.to_owned());
        Ok(())
    }

    /// Switches a rule or group off, whatever was said before.
    pub fn ignore(&mut self, name: &str) -> Result<(), UnknownRule> {
        known(name)?;
        self.select.retain(|other| other != name);
        self.ignore.push(name.to_owned());
        Ok(())
    }

    /// Whether the rule is on. What names the rule counts more than what names its group, and "off" more than "on".
    pub fn wants(&self, rule: &Rule) -> bool {
        [rule.id, rule.group.name()].iter().find_map(|name| self.says(name)).unwrap_or(rule.group != Group::Advice)
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
    fn severity_of(&self, rule: &Rule) -> Severity {
        let level = self.severity.get(rule.id).or_else(|| self.severity.get(rule.group.name()));
        level.and_then(|level| level.severity()).unwrap_or(rule.group.severity())
    }
}

/// No rule or group has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("there is no rule or group `{name}`")]
pub struct UnknownRule {
    /// The name as it was given.
    pub name: String,
    /// What to do.
    #[help]
    pub help: String,
}

/// What was found, and in how much.
#[derive(Debug, Default)]
pub struct Report {
    /// In the order of their places.
    pub findings: Vec<Finding>,
    /// How many documents hold something.
    pub documents: usize,
    /// How many objects they hold.
    pub objects: usize,
    /// How many findings were silenced by comments, annotations and the configuration.
    pub silenced: usize,
    /// What must not be shown of the texts.
    pub secrets: Secrets,
    /// How many of the objects are custom resources whose definition is not known.
    pub without_schema: usize,
}

impl Report {
    /// Whether something was found that makes the run fail.
    pub fn fails(&self, fail_on: FailOn) -> bool {
        self.findings.iter().any(|finding| fail_on.fails(finding.severity))
    }
}

/// Texts in which nothing is looked for, and which count nevertheless.
#[derive(Debug, Default)]
pub struct Background {
    /// Their CustomResourceDefinitions hold.
    pub definitions: Sources,
    /// What runs already: an object of the input that is in there replaces it, all others are new.
    pub old: Sources,
}

/// Reads `sources` and looks for everything that `settings` ask for.
pub fn lint(sources: &Sources, settings: &Settings) -> Report {
    lint_with(sources, &Background::default(), settings)
}

/// As [`lint`], with texts that count besides.
pub fn lint_with(sources: &Sources, background: &Background, settings: &Settings) -> Report {
    let sides = [&background.old, sources].map(|texts| Side::new(texts.clone()));
    let [old, new] = &sides;
    let cluster = &new.cluster;
    let definitions = Cluster::read(&background.definitions);
    let mut out = Findings::new("", Group::Refused);
    for document in &cluster.documents {
        admission::reading(document, &mut out);
    }
    // A definition of the input comes last, so that it wins over one from elsewhere.
    let definitions = [&definitions, cluster].into_iter().flat_map(|side| side.of_kind("CustomResourceDefinition"));
    let judge = Judge::new(settings.servers(), definitions);
    let options = plan::Options {
        server: judge.server().clone(),
        definitions: background.definitions.clone(),
        ..plan::Options::default()
    };
    let change = Change::new(old, new, options);
    let verdict = |object: &Object| {
        let old = change.old(object);
        judge.judge(&Request { object, old, running: None, how: settings.how })
    };
    let mut without_schema = 0;
    for verdict in in_order(cluster.objects(), verdict) {
        without_schema += usize::from(!verdict.has_schema);
        out.extend(verdict.findings);
    }
    let mut context = Context::new(cluster, sources);
    if background.old.iter().next().is_some() {
        context = context.with_change(change);
    }
    rules::run(&context, |rule| settings.wants(rule), &mut out);
    Report { without_schema, ..report(sources, cluster, settings, out) }
}

/// What the rules about rollouts find in a change that is planned already. What stays as it is rolls nothing out.
pub fn rollout_findings(plan: &Plan, old: &Side, new: &Side, settings: &Settings) -> Report {
    let context = Context::new(&new.cluster, &new.sources).with_change(Change::planned(old, new, plan));
    let mut out = Findings::new("", Group::Risky);
    rules::run(&context, |rule| rule.is_about_rollouts() && settings.wants(rule), &mut out);
    let mut report = report(&new.sources, &new.cluster, settings, out);
    let unchanged = plan.objects.iter().filter(|object| object.action == Action::None);
    let unchanged: BTreeSet<&str> = unchanged.map(|object| object.id.as_str()).collect();
    report.findings.retain(|finding| {
        let id = finding.object.as_deref().map(plan::id);
        !is_about_suppression(finding) && id.is_some_and(|id| !unchanged.contains(id.as_str()))
    });
    report
}

/// Gives the findings their levels, silences what is allowed and puts the rest in order.
fn report(sources: &Sources, cluster: &Cluster, settings: &Settings, out: Findings) -> Report {
    let mut findings = out.into_vec();
    findings.retain_mut(|finding| level(finding, settings));
    findings.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
    findings.dedup_by(|later, first| later.reads_like(first));
    let found = findings.len();
    let mut findings = allow(sources, cluster, settings, findings);
    let silenced = found - findings.iter().filter(|finding| !is_about_suppression(finding)).count();
    let secrets = Secrets::find(sources, cluster.documents.iter().map(AsRef::as_ref));
    for finding in &mut findings {
        secrets.redact(sources, finding);
    }
    Report {
        findings,
        documents: cluster.documents.iter().filter(|document| document.root().is_some()).count(),
        objects: cluster.objects().len(),
        silenced,
        secrets,
        without_schema: 0,
    }
}

/// The objects of `sources` as the API server would store them, in their order; those of unknown kinds as they are written.
/// The values of Secrets are hidden. The first of the versions that are asked for counts.
pub fn stored(sources: &Sources, settings: &Settings) -> Vec<serde_json::Value> {
    let (cluster, servers) = (Cluster::read(sources), settings.servers());
    let store = |object: &Object| {
        let mut value = servers
            .first()
            .and_then(|server| admission::stored(object, server))
            .unwrap_or_else(|| object.root().to_json());
        secrets::hide(&mut value);
        value
    };
    cluster.objects().iter().map(store).collect()
}

/// Gives a finding the group of its rule and the severity that is asked for; `false` if nobody wants it. Every finding
/// comes through here once, so that those who report need not know.
fn level(finding: &mut Finding, settings: &Settings) -> bool {
    let Some(rule) = rules::find(&finding.rule).filter(|rule| settings.wants(rule)) else { return false };
    finding.group = rule.group;
    finding.severity = settings.severity_of(rule);
    true
}

const UNUSED: &str = "unused-suppression";
const INVALID: &str = "invalid-suppression";

fn is_about_suppression(finding: &Finding) -> bool {
    [UNUSED, INVALID].contains(&&*finding.rule)
}

/// Leaves out what comments, annotations and the configuration silence, and adds what is wrong with the former.
fn allow(sources: &Sources, cluster: &Cluster, settings: &Settings, findings: Vec<Finding>) -> Vec<Finding> {
    let status = |name: &str| match rules::find(name) {
        // What such a rule finds depends on the change: with the next one, the suppression may be needed again.
        Some(rule) if settings.wants(rule) && !rule.is_about_rollouts() => Status::On,
        Some(_) => Status::Off,
        None => Status::Unknown,
    };
    let documents = cluster.documents.iter().map(AsRef::as_ref);
    let suppress::Outcome { mut kept, problems } = suppress::apply(sources, documents, findings, status);
    let mut out = Findings::new("", Group::Risky);
    for problem in problems {
        suppression(problem, &mut out);
    }
    let mut problems = out.into_vec();
    problems.retain_mut(|finding| level(finding, settings));
    kept.extend(problems);
    kept.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
    let mut ignored: BTreeMap<FileId, Vec<&str>> = BTreeMap::new();
    if !settings.ignore_in.is_empty() {
        for finding in &kept {
            let file = finding.primary.place.file;
            ignored.entry(file).or_insert_with(|| ignored_in(settings, &sources.get(file).name));
        }
    }
    kept.retain(|finding| {
        let ignored = ignored.get(&finding.primary.place.file).map_or(&[][..], Vec::as_slice);
        !ignored.contains(&&*finding.rule) && !ignored.contains(&finding.group.name())
    });
    kept
}

/// The rules and groups that are not looked for in the file `name`.
fn ignored_in<'a>(settings: &'a Settings, name: &str) -> Vec<&'a str> {
    let path = settings.working_directory.join(Path::new(name));
    let entries = settings.ignore_in.iter().filter(|entry| entry.files.matches(&path));
    entries.flat_map(|entry| &entry.rules).map(String::as_str).collect()
}

fn suppression(problem: suppress::Problem, out: &mut Findings) {
    let rule = problem.rule.as_deref().unwrap_or_default();
    let (id, message, help) = match problem.kind {
        suppress::ProblemKind::Unused => {
            (UNUSED, format!("nothing is found here that allowing `{rule}` would silence"), "remove it".to_owned())
        }
        suppress::ProblemKind::UnknownRule => (INVALID, format!("there is no rule `{rule}` to allow"), advice(rule)),
        suppress::ProblemKind::Malformed => (
            INVALID,
            "the comment begins like a suppression but cannot be read as one".to_owned(),
            "write it as `# seatrial: allow[rule] reason`".to_owned(),
        ),
    };
    out.switch(id, Group::Risky);
    let finding = out.report(problem.place, problem.document, message);
    finding.help(help);
    finding.fix = problem.fix.filter(|_| problem.kind == suppress::ProblemKind::Unused);
}

fn advice(name: &str) -> String {
    if Group::from_name(name).is_some() {
        return "name the rules themselves; a group cannot be allowed".to_owned();
    }
    let near = nearest(name, rules::rules().iter().map(|rule| rule.id));
    near.map_or("see `seatrial rules` for all of them".to_owned(), |near| format!("write `{near}`"))
}

/// The ids of all rules and the names of all groups.
fn names() -> Vec<&'static str> {
    rules::rules().iter().map(|rule| rule.id).chain(Group::ALL.map(Group::name)).collect()
}

fn known(name: &str) -> Result<(), UnknownRule> {
    let names = names();
    if names.contains(&name) {
        return Ok(());
    }
    let help = nearest(name, names)
        .map_or("see `seatrial rules` for all of them".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(UnknownRule { name: name.to_owned(), help })
}
