//! What a real API server said: the recorded requests of `tests/conformance/`, through the whole of `lint`.
//!
//! `SEATRIAL_CONFORMANCE=DIR` runs the same on another directory of the same format.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rayon::prelude::*;
use seatrial::finding::{Finding, Group};
use seatrial::lint::{Settings, lint};
use seatrial::source::Sources;
use serde_json::Value;

fn directory() -> PathBuf {
    std::env::var_os("SEATRIAL_CONFORMANCE").map_or_else(|| PathBuf::from("tests/conformance"), PathBuf::from)
}

/// The base manifests by name, as JSON.
///
/// They were sent as JSON, made by a reader to which `n` is text: in `vap.yaml` a variable has that name, which
/// Kubernetes' own YAML library reads as `false` and refuses.
fn bases() -> BTreeMap<String, Value> {
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

fn refusals(name: &str, text: String) -> Vec<Finding> {
    let mut sources = Sources::default();
    sources.add(name, text);
    // The recordings are of a server of this version.
    let kubernetes_versions = vec!["1.36".parse().expect("is supported")];
    let report = lint(&sources, &Settings { kubernetes_versions, ..Settings::default() });
    report.findings.into_iter().filter(|finding| finding.group == Group::Refused).collect()
}

#[derive(Default)]
struct Score {
    accepted: usize,
    wrongly_refused: Vec<String>,
    undecodable: usize,
    missed: Vec<String>,
}

#[test]
#[expect(clippy::print_stdout, reason = "the score line of each base is shown with `--nocapture`")]
fn what_the_api_server_decodes_is_told_from_what_it_does_not() {
    let bases = bases();
    let text = fs::read_to_string(directory().join("validation.jsonl")).expect("the recordings are in the repository");
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let verdicts: Vec<(&Value, Vec<Finding>)> = rows
        .par_iter()
        .map(|row| {
            let mut object = bases[row["base"].as_str().expect("rows name a base")].clone();
            let patch: json_patch::Patch = serde_json::from_value(row["patch"].clone()).expect("is a patch");
            json_patch::patch(&mut object, &patch).expect("the patch fits its base");
            (row, refusals("object.json", object.to_string()))
        })
        .collect();
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    for (row, refusals) in verdicts {
        let score = scores.entry(row["base"].as_str().expect("rows name a base")).or_default();
        let expect = &row["expect"];
        let message = expect["message"].as_str().unwrap_or_default();
        if expect["verdict"] == "accept" {
            score.accepted += 1;
            if let Some(finding) = refusals.first() {
                score.wrongly_refused.push(format!("{}: {} [{}]", row["id"], finding.message, finding.rule));
            }
        // A name or namespace other than the request's is the request's mistake, not the object's.
        } else if expect["status"] == 400 && !message.contains("does not match the") && !message.contains("on URL") {
            score.undecodable += 1;
            if refusals.is_empty() {
                score.missed.push(format!("{}: {message}", row["id"]));
            }
        }
    }
    let mut wrong = Vec::new();
    for (base, score) in &scores {
        let (refused, missed) = (score.wrongly_refused.len(), score.missed.len());
        println!(
            "{base}: {refused} of {} accepted refused, {missed} of {} undecodable missed",
            score.accepted, score.undecodable
        );
        wrong.extend(score.wrongly_refused.iter().map(|line| format!("wrongly refused {line}")));
        wrong.extend(score.missed.iter().map(|line| format!("missed {line}")));
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}
