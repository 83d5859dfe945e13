//! From the text of a configuration to what it means; all mistakes come together.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::path::Path;

use super::error::{ConfigError, Mistake};
use super::file::{File, schema};
use super::globs::{Globs, lexical};
use super::located::{self, Located};
use super::{ApiServerFlags, Config, IgnoreIn, PlanSettings};
use crate::admission::{ApiServer, Gate};
use crate::nearest::nearest;
use crate::plan::{Applier, Assumptions, Condition};
use crate::rules;
use crate::values::ip::Cidr;
use crate::version::KubernetesVersion;

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
    names(&located, &mut mistakes);
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
    let kubernetes_version = each(located.get("kubernetes-version"), str::parse::<KubernetesVersion>, &mut mistakes);
    let api_server = flags(located.get("api-server"), &mut mistakes);
    let plan = plan(located.get("plan"), &mut mistakes);
    if !mistakes.is_empty() {
        return Err(fail(mistakes));
    }
    Ok(Config {
        file: file.to_owned(),
        root,
        kubernetes_version,
        select: fields.select,
        ignore: fields.ignore,
        severity: fields.severity,
        exclude: fields.exclude,
        crds: fields.crds,
        fail_on: fields.fail_on,
        ignore_in,
        api_server,
        plan,
    })
}

/// A text, or the texts of a list, with their places.
fn texts(located: &Located) -> impl Iterator<Item = (String, Range<usize>)> {
    located.items().iter().chain([located]).filter_map(|item| Some((item.text()?, item.span.clone())))
}

/// What `read` makes of a text or of each text of a list.
fn each<T, E: Display>(
    located: Option<&Located>,
    read: impl Fn(&str) -> Result<T, E>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<T> {
    let mut found = Vec::new();
    for (text, span) in located.into_iter().flat_map(texts) {
        match read(&text) {
            Ok(value) => found.push(value),
            Err(error) => mistakes.push(Mistake::new(span, error.to_string(), None)),
        }
    }
    found
}

/// Makes sure that everything that names a rule or group names one.
fn names(located: &Located, mistakes: &mut Vec<Mistake>) {
    let mut lists: Vec<&Located> = ["select", "ignore"].iter().filter_map(|key| located.get(key)).collect();
    let entries = located.get("ignore-in").into_iter().flat_map(Located::items);
    lists.extend(entries.filter_map(|entry| entry.get("rules")));
    let levels = located.get("severity").into_iter().flat_map(Located::entries);
    let levels = levels.map(|(name, key, _)| (name.clone(), key.clone()));
    for (name, span) in lists.into_iter().flat_map(texts).chain(levels) {
        if let Err(unknown) = rules::known(&name) {
            mistakes.push(Mistake::new(span, unknown.to_string(), Some(unknown.help)));
        }
    }
}

/// Flags of the API server.
fn flags(located: Option<&Located>, mistakes: &mut Vec<Mistake>) -> ApiServerFlags {
    let get = |name: &str| located.and_then(|flags| flags.get(name));
    let mut flags = ApiServerFlags::default();
    for (text, span) in get("service-node-port-range").into_iter().flat_map(texts) {
        flags.service_node_port_range = port_range(&text);
        if flags.service_node_port_range.is_none() {
            let help = Some("write it as \"30000-32767\"".to_owned());
            mistakes.push(Mistake::new(span, format!("`{text}` is no range of ports"), help));
        }
    }
    for (text, span) in get("service-cluster-ip-range").into_iter().flat_map(texts) {
        if let Some(range) = Cidr::parse_lenient(&text) {
            flags.service_cluster_ip_range.push(range);
        } else {
            let help = Some("write it as \"10.96.0.0/16\"".to_owned());
            mistakes.push(Mistake::new(span, format!("`{text}` is no range of addresses"), help));
        }
    }
    let near = |name: &str, known: &mut dyn Iterator<Item = &'static str>| {
        nearest(name, known).map(|near| format!("write `{near}`"))
    };
    for (name, key, on) in get("feature-gates").into_iter().flat_map(Located::entries) {
        match name.parse::<Gate>() {
            Ok(gate) => drop(flags.feature_gates.insert(gate, on.to_json() == true)),
            Err(unknown) => {
                let help = near(name, &mut Gate::ALL.iter().map(|gate| gate.name()));
                mistakes.push(Mistake::new(key.clone(), unknown.to_string(), help));
            }
        }
    }
    for (name, span) in get("disable-admission-plugins").into_iter().flat_map(texts) {
        if ApiServer::PLUGINS.contains(&name.as_str()) {
            flags.disable_admission_plugins.push(name);
        } else {
            let help = near(&name, &mut ApiServer::PLUGINS.into_iter());
            mistakes.push(Mistake::new(span, format!("nothing depends on an admission plugin `{name}`"), help));
        }
    }
    flags
}

/// What plans start from.
fn plan(located: Option<&Located>, mistakes: &mut Vec<Mistake>) -> PlanSettings {
    let get = |name: &str| located.and_then(|plan| plan.get(name));
    let mut assume = Assumptions::default();
    for (text, span) in get("assume").into_iter().flat_map(texts) {
        if let Err(error) = assume.add(&text) {
            mistakes.push(Mistake::new(span, error.to_string(), None));
        }
    }
    PlanSettings {
        assume,
        gates: each(get("gates"), Condition::parse, mistakes),
        apply_with: each(get("apply-with"), str::parse::<Applier>, mistakes).pop(),
    }
}

/// `30000-32767`, both included.
fn port_range(text: &str) -> Option<RangeInclusive<i32>> {
    let (first, last) = text.split_once('-')?;
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0).map(i32::from);
    let (first, last) = (port(first)?, port(last)?);
    (first <= last).then_some(first..=last)
}
