//! What a real API server said: the recorded requests of `tests/conformance/`, through the whole of `lint`.
//! `recordings.rs` says how to run it on others and to see where we differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;

use rayon::prelude::*;
use seatrial::admission::How;
use seatrial::config::ApiServerFlags;
use seatrial::finding::{Finding, Group};
use seatrial::lint::{Background, Settings, lint_with};
use seatrial::source::Sources;
use seatrial::values::ip::Cidr;
use serde_json::Value;

use crate::recordings;

/// The base manifests by name, as JSON.
///
/// They were sent as JSON, made by a reader to which `n` is text: in `vap.yaml` a variable has that name, which
/// Kubernetes' own YAML library reads as `false` and refuses.
pub(crate) fn bases() -> BTreeMap<String, Value> {
    let entries = fs::read_dir(recordings::directory().join("bases")).expect("the bases are in the repository");
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
    let settings = Settings { kubernetes_versions, api_server, how: How::Replace, ..Settings::default() };
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
    let causes = findings.iter().flat_map(Finding::causes);
    let reasoned = causes.filter_map(|cause| Some((&cause.field, cause.reason?)));
    reasoned.map(|(field, reason)| (field.to_string(), format!("{reason:?}"))).collect()
}

/// How many of the recorded causes the findings say in the server's own words. The others are handed to `differs`, with
/// what is said of their fields.
fn said(expect: &Value, findings: &[Finding], differs: impl Fn(&Value, &[&str])) -> Count {
    let causes = findings.iter().flat_map(Finding::causes);
    let says = causes.filter_map(|cause| Some((cause.field.to_string(), cause.says()?)));
    let says: Vec<(String, String)> = says.collect();
    let mut count = Count::default();
    for cause in expect["causes"].as_array().into_iter().flatten() {
        let of_field = says.iter().filter(|(field, _)| cause["field"] == **field);
        let of_field: Vec<&str> = of_field.map(|(_, says)| says.as_str()).collect();
        let is_same = of_field.iter().any(|says| cause["message"] == **says);
        count.add(is_same);
        if !is_same {
            differs(cause, &of_field);
        }
    }
    count
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

    fn add_all(&mut self, other: Count) {
        self.right += other.right;
        self.of += other.of;
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
    says: Count,
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdicts = Count { right: self.creates.right + self.updates.right, of: self.creates.of + self.updates.of };
        write!(
            f,
            "{verdicts} verdicts ({} creates, {} updates), {} cause sets, {} causes in the server's words",
            self.creates, self.updates, self.causes, self.says
        )
    }
}

impl Score {
    /// What may not become less.
    fn parts(&self) -> BTreeMap<String, usize> {
        let parts =
            [("creates", self.creates), ("updates", self.updates), ("causes", self.causes), ("says", self.says)];
        parts.into_iter().map(|(name, count)| (name.to_owned(), count.right)).collect()
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the score line of each base is shown with `--nocapture`")]
fn verdicts_and_causes_are_those_of_the_api_server() {
    let bases = bases();
    let rows = recordings::rows("validation.jsonl");
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
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    let (mut total, mut wrongly_refused) = (Score::default(), Vec::new());
    for (row, refusals) in &judged {
        let base = row["base"].as_str().expect("rows name a base");
        let expect = &row["expect"];
        let right = (expect["verdict"] == "accept") == refusals.is_empty();
        let exact = (expect["status"] == 422).then(|| recorded_causes(expect) == found_causes(refusals));
        let says = said(expect, refusals, |cause, says| {
            if recordings::is_shown(base) {
                println!("SAYS {base} {} {}: recorded {} said {says:?}", row["id"], cause["field"], cause["message"]);
            }
        });
        for score in [scores.entry(base).or_default(), &mut total] {
            score.says.add_all(says);
            let verdicts = if row["update"] == true { &mut score.updates } else { &mut score.creates };
            verdicts.add(right);
            if let Some(exact) = exact {
                score.causes.add(exact);
            }
        }
        if (!right || exact == Some(false)) && recordings::is_shown(base) {
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
    if recordings::are_others() {
        let (creates, updates, causes) = (total.creates.percent(), total.updates.percent(), total.causes.percent());
        assert!(creates >= 99.5 && updates >= 99.0 && causes >= 95.0, "{creates:.2} {updates:.2} {causes:.2}");
        println!("{:.2} of the causes in the server's words", total.says.percent());
    } else {
        let scores = scores.iter().map(|(base, score)| ((*base).to_owned(), score.parts())).collect();
        recordings::hold_floors("floors.json", &scores);
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
