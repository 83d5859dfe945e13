//! What a real API server said: the recorded requests of `tests/conformance/`, through the whole of `lint`.
//!
//! `SEATRIAL_CONFORMANCE=DIR` runs the same on another directory of the same format; `SEATRIAL_SHOW=deployment,pod-rich` (or
//! `all`) prints the rows of these bases where we differ. Both print only with `--nocapture`.
//! The scores of `tests/conformance/floors.json` may only go up; `SEATRIAL_UPDATE=1` writes those that were reached.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::PathBuf;

use rayon::prelude::*;
use seatrial::admission::Update;
use seatrial::config::ApiServerFlags;
use seatrial::finding::{Finding, Group};
use seatrial::lint::{Background, Settings, lint_with};
use seatrial::source::Sources;
use seatrial::values::ip::Cidr;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const FLOORS: &str = "tests/conformance/floors.json";

pub(crate) fn directory() -> PathBuf {
    std::env::var_os("SEATRIAL_CONFORMANCE").map_or_else(|| PathBuf::from("tests/conformance"), PathBuf::from)
}

/// The base manifests by name, as JSON.
///
/// They were sent as JSON, made by a reader to which `n` is text: in `vap.yaml` a variable has that name, which
/// Kubernetes' own YAML library reads as `false` and refuses.
pub(crate) fn bases() -> BTreeMap<String, Value> {
    let entries = fs::read_dir(directory().join("bases")).expect("the bases are in the repository");
    entries
        .map(|entry| {
            let path = entry.expect("the folder can be read").path();
            let text = fs::read_to_string(&path).expect("bases are text");
            let name = path.file_stem().expect("has a name").to_string_lossy().into_owned();
            (name, serde_yaml::from_str(&text).expect("bases are YAML"))
        })
        .collect()
}

/// What is refused of `object`, which replaces `old` by a PUT, as in the recordings.
pub(crate) fn refusals(object: String, old: Option<String>) -> Vec<Finding> {
    let mut sources = Sources::default();
    sources.add("object.yaml", object);
    let mut background = Background::default();
    if let Some(old) = old {
        background.old.add("old.yaml", old);
    }
    // The recordings are of a server of this version.
    let kubernetes_versions = vec!["1.36".parse().expect("is supported")];
    // This is how it was started; see the README of the recordings.
    let service_cluster_ip_range = vec![Cidr::parse_lenient("10.96.0.0/16").expect("is a range")];
    // Of the plugins that are on by default, that server had one off (README of the recordings).
    let disable_admission_plugins = vec!["ServiceAccount".to_owned()];
    let api_server =
        ApiServerFlags { service_cluster_ip_range, disable_admission_plugins, ..ApiServerFlags::default() };
    let settings = Settings { kubernetes_versions, api_server, update: Update::Replace, ..Settings::default() };
    let report = lint_with(&sources, &background, &settings);
    report.findings.into_iter().filter(|finding| finding.group == Group::Refused).collect()
}

/// A name or namespace other than the request's is the request's mistake, not the object's.
pub(crate) fn is_about_the_request(expect: &Value) -> bool {
    let message = expect["message"].as_str().unwrap_or_default();
    expect["status"] == 400 && (message.contains("does not match the") || message.contains("on URL"))
}

/// Field and reason of each cause that was recorded.
pub(crate) fn recorded_causes(expect: &Value) -> BTreeSet<(String, String)> {
    let text = |cause: &Value, name: &str| cause[name].as_str().unwrap_or_default().to_owned();
    let causes = expect["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
    causes.iter().map(|cause| (text(cause, "field"), text(cause, "reason"))).collect()
}

/// Field and reason of each finding.
pub(crate) fn found_causes(findings: &[Finding]) -> BTreeSet<(String, String)> {
    let reasoned = findings.iter().filter_map(|finding| Some((finding.field(), finding.reason?)));
    reasoned.map(|(field, reason)| (field.to_string(), format!("{reason:?}"))).collect()
}

/// How many of how many.
#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
    right: usize,
    of: usize,
}

impl Count {
    pub(crate) fn add(&mut self, right: bool) {
        self.right += usize::from(right);
        self.of += 1;
    }

    pub(crate) fn percent(self) -> f64 {
        let number = |count: usize| f64::from(u32::try_from(count).expect("fewer than billions"));
        if self.of == 0 { 100.0 } else { 100.0 * number(self.right) / number(self.of) }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.right, self.of)
    }
}

/// The score of a base.
#[derive(Clone, Copy, Default)]
struct Score {
    creates: Count,
    updates: Count,
    causes: Count,
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdicts = Count { right: self.creates.right + self.updates.right, of: self.creates.of + self.updates.of };
        write!(
            f,
            "{verdicts} verdicts ({} creates, {} updates), {} cause sets",
            self.creates, self.updates, self.causes
        )
    }
}

/// The least that a base must reach, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Floor {
    creates: usize,
    updates: usize,
    causes: usize,
}

impl Floor {
    fn of(score: &Score) -> Self {
        Self { creates: score.creates.right, updates: score.updates.right, causes: score.causes.right }
    }

    fn max(self, other: Self) -> Self {
        Self {
            creates: self.creates.max(other.creates),
            updates: self.updates.max(other.updates),
            causes: self.causes.max(other.causes),
        }
    }
}

pub(crate) fn shown() -> Vec<String> {
    let list = std::env::var("SEATRIAL_SHOW").unwrap_or_default();
    list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "the score line of each base is shown with `--nocapture`")]
fn verdicts_and_causes_are_those_of_the_api_server() {
    let bases = bases();
    let text = fs::read_to_string(directory().join("validation.jsonl")).expect("the recordings are in the repository");
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let judged: Vec<(&Value, Vec<Finding>)> = rows
        .par_iter()
        .filter(|row| !is_about_the_request(&row["expect"]))
        .map(|row| {
            let base = &bases[row["base"].as_str().expect("rows name a base")];
            let mut object = base.clone();
            let patch: json_patch::Patch = serde_json::from_value(row["patch"].clone()).expect("is a patch");
            json_patch::patch(&mut object, &patch).expect("the patch fits its base");
            let old = (row["update"] == true).then(|| base.to_string());
            (row, refusals(object.to_string(), old))
        })
        .collect();
    let shown = shown();
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    let (mut total, mut wrongly_refused) = (Score::default(), Vec::new());
    for (row, refusals) in &judged {
        let base = row["base"].as_str().expect("rows name a base");
        let expect = &row["expect"];
        let right = (expect["verdict"] == "accept") == refusals.is_empty();
        let exact = (expect["status"] == 422).then(|| recorded_causes(expect) == found_causes(refusals));
        for score in [scores.entry(base).or_default(), &mut total] {
            let verdicts = if row["update"] == true { &mut score.updates } else { &mut score.creates };
            verdicts.add(right);
            if let Some(exact) = exact {
                score.causes.add(exact);
            }
        }
        if (!right || exact == Some(false)) && shown.iter().any(|name| name == base || name == "all") {
            println!("{}", difference(row, refusals));
        }
        if !right && expect["verdict"] == "accept" {
            wrongly_refused.push(format!("{}: {} [{}]", row["id"], refusals[0].message, refusals[0].rule));
        }
    }
    for (base, score) in &scores {
        println!("{base} {score}");
    }
    println!("all {total}");
    assert!(wrongly_refused.is_empty(), "accepted, but refused by us:\n{}", wrongly_refused.join("\n"));
    if std::env::var_os("SEATRIAL_CONFORMANCE").is_some() {
        let (creates, updates, causes) = (total.creates.percent(), total.updates.percent(), total.causes.percent());
        assert!(creates >= 99.5 && updates >= 99.0 && causes >= 95.0, "{creates:.2} {updates:.2} {causes:.2}");
    } else {
        hold_floors(&scores);
    }
}

/// A row where we differ, on a line: of the recordings, or a real change.
pub(crate) fn difference(row: &Value, refusals: &[Finding]) -> String {
    let (recorded, found) = (recorded_causes(&row["expect"]), found_causes(refusals));
    let list = |causes: Vec<&(String, String)>| {
        causes.into_iter().map(|(field, reason)| format!("{field} {reason}")).collect::<Vec<_>>().join(", ")
    };
    format!(
        "{} {}{} {}: missing [{}] extra [{}]{} patch {}",
        row["base"].as_str().or(row["kind"].as_str()).unwrap_or_default(),
        row["id"].as_str().unwrap_or_default(),
        if row["update"] == true { " update" } else { "" },
        row["expect"]["status"],
        list(recorded.difference(&found).collect()),
        list(found.difference(&recorded).collect()),
        if row["expect"]["verdict"] == "accept" { " ACCEPTED" } else { "" },
        row.get("patch").unwrap_or(&row["changed"]),
    )
}

fn hold_floors(scores: &BTreeMap<&str, Score>) {
    let text = fs::read_to_string(FLOORS).expect("the floors are in the repository");
    let mut floors: BTreeMap<String, Floor> = serde_json::from_str(&text).expect("the floors are JSON");
    let mut below = Vec::new();
    for (base, score) in scores {
        let floor = floors.entry((*base).to_owned()).or_default();
        let reached = Floor::of(score);
        if floor.max(reached) != reached {
            below.push(format!("{base}: {reached:?} is below {floor:?}"));
        }
        *floor = floor.max(reached);
    }
    if std::env::var_os("SEATRIAL_UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&floors).expect("floors are plain numbers");
        fs::write(FLOORS, text + "\n").expect("the repository can be written");
    }
    assert!(below.is_empty(), "{}", below.join("\n"));
}
