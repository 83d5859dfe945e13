//! What real controllers did: the recorded scenarios of `tests/conformance/rollouts.jsonl`, played again.
//! `recordings.rs` says how to play others and to see the first row in which one differs.

use std::collections::BTreeMap;

use rayon::prelude::*;
use seatrial::admission::ApiServer;
use seatrial::plan::{Scenario, simulate};
use serde_json::Value;

use crate::{promises, recordings};

/// How far a timer of the real control plane may be off, in seconds (README of the recordings).
const TOLERANCE: f64 = 2.0;

fn rows() -> Vec<Value> {
    recordings::rows("rollouts.jsonl")
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
    let mut scores: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (row, result) in rows.iter().zip(&results) {
        let name = row["scenario"]["name"].as_str().expect("scenarios have names");
        let family = name.rsplit_once('-').map_or(name, |(family, _)| family);
        let score = scores.entry(family.to_owned()).or_default();
        score.0 += usize::from(result.is_none());
        score.1 += 1;
        if let Some(difference) = result
            && recordings::is_shown(name)
        {
            println!("{name} {difference}");
        }
    }
    for (family, (right, all)) in &scores {
        println!("{family} {right}/{all} traces");
    }
    let (right, all) = (results.iter().filter(|result| result.is_none()).count(), results.len());
    println!("all {right}/{all} traces");
    if recordings::are_others() {
        assert!(right * 100 >= all * 98, "{right} of {all}");
        return;
    }
    let traces = |(right, _)| BTreeMap::from([("traces".to_owned(), right)]);
    let scores = scores.into_iter().map(|(family, score)| (family, traces(score))).collect();
    recordings::hold_floors("rollouts.floors.json", &scores);
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
