//! What real controllers did: the recorded scenarios of `tests/conformance/rollouts.jsonl`, played again.
//!
//! `SEATRIAL_CONFORMANCE=DIR` plays those of another directory; `SEATRIAL_SHOW=dep-roll,sts` prints the first row in which
//! a scenario of these families differs (`all` for all). Both print only with `--nocapture`. The scores of
//! `tests/conformance/rollouts.floors.json` may only go up; `SEATRIAL_UPDATE=1` writes those that were reached.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rayon::prelude::*;
use seatrial::admission::ApiServer;
use seatrial::plan::{Scenario, simulate};
use serde_json::Value;

use crate::promises;

const FLOORS: &str = "tests/conformance/rollouts.floors.json";

/// How far a timer of the real control plane may be off, in seconds (README of the recordings).
const TOLERANCE: f64 = 2.0;

fn rows() -> Vec<Value> {
    let directory =
        std::env::var_os("SEATRIAL_CONFORMANCE").map_or_else(|| PathBuf::from("tests/conformance"), PathBuf::from);
    let text = fs::read_to_string(directory.join("rollouts.jsonl")).expect("the recordings are in the repository");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// Numbers compare by value: the recording writes `5.0` where we may write `5`.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(key, value)| other.get(key).is_some_and(|it| same(value, it)))
        }
        _ => one == other,
    }
}

/// Field and reason of each cause; the words are ours.
fn causes(verdict: &Value) -> Vec<(&Value, &Value)> {
    let list = verdict["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|cause| (&cause["field"], &cause["reason"])).collect()
}

/// What differs between a recorded row and ours, if anything does.
fn difference(recorded: &Value, ours: &Value) -> Option<String> {
    let time = match (recorded["t"].as_f64(), recorded["since"].as_f64()) {
        (Some(time), _) => ours["t"].as_f64() == Some(time),
        (None, Some(since)) => ours["since"].as_f64().is_some_and(|other| (other - since).abs() <= TOLERANCE),
        (None, None) => true,
    };
    if !time {
        return Some("time".to_owned());
    }
    if !same(&recorded["event"], &ours["event"]) {
        return Some("event".to_owned());
    }
    if recorded.get("said").is_some() && !same(&recorded["said"], &ours["said"]) {
        return Some("said".to_owned());
    }
    if causes(&recorded["verdict"]) != causes(&ours["verdict"]) {
        return Some("verdict".to_owned());
    }
    let Value::Object(recorded) = &recorded["state"] else { return None };
    let parts = recorded.iter().filter(|(name, value)| !same(value, &ours["state"][name.as_str()]));
    let parts: Vec<&str> = parts.map(|(name, _)| name.as_str()).collect();
    // A Job's status lags its pods while timers run, and is left out of the recording there.
    let extra = ours["state"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let extra: Vec<&str> = extra.filter(|name| !recorded.contains_key(*name) && *name != "status").collect();
    (!parts.is_empty() || !extra.is_empty()).then(|| format!("state: {} {}", parts.join(", "), extra.join(", ")))
}

/// Where the replay of a recording differs first, if it does.
fn replay(row: &Value) -> Option<String> {
    let scenario: Scenario = match serde_json::from_value(row["scenario"].clone()) {
        Ok(scenario) => scenario,
        Err(error) => return Some(error.to_string()),
    };
    // The recordings are of a server of this version.
    let server = ApiServer::new("1.36".parse().expect("is supported"));
    let trace = match simulate(&scenario, &server) {
        Ok(trace) => serde_json::to_value(trace).expect("traces are plain"),
        Err(error) => return Some(error.to_string()),
    };
    let (recorded, ours) = (row["trace"].as_array().expect("is a list"), trace["trace"].as_array().expect("is a list"));
    for (at, row) in recorded.iter().enumerate() {
        let Some(other) = ours.get(at) else { return Some(format!("row {at} is missing\n  recorded {row}")) };
        if let Some(what) = difference(row, other) {
            return Some(format!("row {at}: {what}\n  recorded {row}\n  ours     {other}"));
        }
    }
    ours.get(recorded.len()).map(|row| format!("row {} is too many\n  ours     {row}", recorded.len()))
}

#[test]
#[expect(clippy::print_stdout, reason = "the score line of each family is shown with `--nocapture`")]
fn rollouts_go_as_with_the_real_controllers() {
    let rows = rows();
    let results: Vec<Option<String>> = rows.par_iter().map(replay).collect();
    let shown = std::env::var("SEATRIAL_SHOW").unwrap_or_default();
    let shown: Vec<&str> = shown.split(',').filter(|name| !name.is_empty()).collect();
    let mut scores: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (row, result) in rows.iter().zip(&results) {
        let name = row["scenario"]["name"].as_str().expect("scenarios have names");
        let family = name.rsplit_once('-').map_or(name, |(family, _)| family);
        let score = scores.entry(family.to_owned()).or_default();
        score.0 += usize::from(result.is_none());
        score.1 += 1;
        if let Some(difference) = result
            && shown.iter().any(|wanted| *wanted == "all" || name.starts_with(wanted))
        {
            println!("{name} {difference}");
        }
    }
    for (family, (right, all)) in &scores {
        println!("{family} {right}/{all} traces");
    }
    let (right, all) = (results.iter().filter(|result| result.is_none()).count(), results.len());
    println!("all {right}/{all} traces");
    if std::env::var_os("SEATRIAL_CONFORMANCE").is_some() {
        assert!(right * 100 >= all * 98, "{right} of {all}");
        return;
    }
    let text = fs::read_to_string(FLOORS).expect("the floors are in the repository");
    let mut floors: BTreeMap<String, usize> = serde_json::from_str(&text).expect("the floors are JSON");
    let mut below = Vec::new();
    for (family, (right, _)) in scores {
        let floor = floors.entry(family.clone()).or_default();
        if right < *floor {
            below.push(format!("{family}: {right} is below {floor}"));
        }
        *floor = right.max(*floor);
    }
    if std::env::var_os("SEATRIAL_UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&floors).expect("floors are plain numbers");
        fs::write(FLOORS, text + "\n").expect("the repository can be written");
    }
    assert!(below.is_empty(), "{}", below.join("\n"));
}

#[test]
fn promises_are_kept_in_what_was_recorded_and_in_what_we_play() {
    let server = ApiServer::new("1.36".parse().expect("is supported"));
    let broken: Vec<String> = rows()
        .par_iter()
        .flat_map_iter(|row| {
            let scenario: Scenario = serde_json::from_value(row["scenario"].clone()).expect("is of the form");
            let ours = serde_json::to_value(simulate(&scenario, &server).expect("can be played")).expect("is plain");
            [("recorded", row), ("ours", &ours)].map(|(whose, trace)| {
                let rows = trace["trace"].as_array().expect("is a list");
                Some(format!("{} {whose} {}", row["scenario"]["name"], promises::broken(&row["scenario"], rows)?))
            })
        })
        .flatten()
        .collect();
    assert!(broken.is_empty(), "{} promises are broken: {}", broken.len(), broken.join("\n"));
}

#[test]
fn every_scenario_gives_the_same_bytes_again() {
    let server = ApiServer::default();
    for row in rows().iter().take(60) {
        let scenario: Scenario =
            serde_json::from_value(row["scenario"].clone()).expect("recorded scenarios are of the form");
        let play = || simulate(&scenario, &server).ok().map(|trace| serde_json::to_string(&trace).expect("is plain"));
        assert_eq!(play(), play());
    }
}
