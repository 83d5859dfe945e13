//! Whatever a scenario says, it is played to its end or refused with a reason, and twice the same.

use proptest::prelude::*;
use seatrial::admission::ApiServer;
use seatrial::plan::{Scenario, simulate};
use serde_json::{Map, Value, json};

use crate::promises;
use crate::scenarios::{nodes, object, play, steps};

/// What the simulation says of a scenario: its rows, or why there are none.
fn outcome(scenario: &Value) -> Result<Vec<Value>, String> {
    let parsed: Scenario = serde_json::from_value(scenario.clone()).map_err(|error| error.to_string())?;
    let play = || -> Result<String, String> {
        let trace = simulate(&parsed, &ApiServer::default()).map_err(|error| error.to_string())?;
        Ok(serde_json::to_string(&trace).expect("traces are plain"))
    };
    let first = play();
    assert_eq!(first, play(), "the same scenario gives another trace");
    let mut trace: Value = serde_json::from_str(&first?).expect("traces are JSON");
    let rows: Vec<Value> = serde_json::from_value(trace["trace"].take()).expect("rows are a list");
    if let Some(broken) = promises::broken(scenario, &rows) {
        panic!("{broken}\n{scenario}");
    }
    Ok(rows)
}

fn one_of(values: &[Value]) -> impl Strategy<Value = Value> + Clone + use<> {
    prop::sample::select(values.to_vec())
}

/// A number as people write it, and as they should not.
fn odd() -> impl Strategy<Value = Value> + Clone {
    prop_oneof![
        6 => (0..6_i32).prop_map(Value::from),
        2 => one_of(&[json!(-1), json!(40), json!(150), json!(i32::MAX), json!(i64::MAX), json!(null)]),
        2 => one_of(&[json!("0%"), json!("1%"), json!("34%"), json!("100%"), json!("250%"), json!("5"), json!("-5%")]),
    ]
}

/// A duration; a stagger with many pods would only take long.
fn seconds() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => (0..8_u32).prop_map(|half| json!(f64::from(half) / 2.0)),
        1 => one_of(&[json!(0.0001), json!(86_400), json!(1e9), json!(1e300), json!(-1)]),
    ]
}

fn kind() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet", "Pod"])
}

/// Fields by name, each of which may be missing.
fn fields(
    names: &'static [&'static str],
    value: impl Strategy<Value = Value> + Clone + 'static,
) -> impl Strategy<Value = Map<String, Value>> {
    let field = move |name: &&'static str| prop::option::weighted(0.4, (Just((*name).to_owned()), value.clone()));
    let all: Vec<_> = names.iter().map(field).collect();
    all.prop_map(|fields| fields.into_iter().flatten().collect())
}

/// The specification of a workload of this kind.
fn spec(kind: &'static str) -> BoxedStrategy<Value> {
    let (numbers, rolling): (&[&str], &[&str]) = match kind {
        "Deployment" => (
            &["replicas", "minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit"],
            &["maxSurge", "maxUnavailable"],
        ),
        "StatefulSet" => (&["replicas", "minReadySeconds", "revisionHistoryLimit"], &["partition", "maxUnavailable"]),
        "DaemonSet" => (&["minReadySeconds"], &["maxSurge", "maxUnavailable"]),
        "ReplicaSet" => (&["replicas", "minReadySeconds"], &[]),
        "Job" => (
            &[
                "completions",
                "parallelism",
                "backoffLimit",
                "backoffLimitPerIndex",
                "maxFailedIndexes",
                "activeDeadlineSeconds",
                "ttlSecondsAfterFinished",
            ],
            &[],
        ),
        "CronJob" => (&["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"], &[]),
        _ => (&[], &[]),
    };
    let words: &[(&str, &[&str])] = match kind {
        "StatefulSet" => &[("podManagementPolicy", &["Parallel", "OrderedReady", "Random"])],
        "Job" => &[
            ("completionMode", &["Indexed", "NonIndexed"]),
            ("podReplacementPolicy", &["Failed", "TerminatingOrFailed"]),
        ],
        "CronJob" => &[
            ("schedule", &["* * * * *", "*/7 * * * *", "@every 40s", "0 0 29 2 *", "0 0 31 2 *", "61 * * * *"]),
            ("concurrencyPolicy", &["Allow", "Forbid", "Replace"]),
            ("timeZone", &["Europe/Berlin", "America/New_York", "Mars"]),
        ],
        _ => &[],
    };
    let strategy = if kind == "Deployment" { "strategy" } else { "updateStrategy" };
    let words: Vec<_> = words
        .iter()
        .map(|(name, values)| (Just((*name).to_owned()), prop::sample::select(values.to_vec()).prop_map(Value::from)))
        .map(|field| prop::option::weighted(0.7, field))
        .collect();
    let of_type = prop::option::of(prop::sample::select(vec!["RollingUpdate", "Recreate", "OnDelete"]));
    let switches: &[&str] = match kind {
        "Deployment" => &["paused"],
        "Job" | "CronJob" => &["suspend"],
        _ => &[],
    };
    let switches = fields(switches, any::<bool>().prop_map(Value::from));
    (fields(numbers, odd()), fields(rolling, odd()), words, of_type, switches)
        .prop_map(move |(mut spec, rolling, words, of_type, switches)| {
            spec.extend(words.into_iter().flatten().chain(switches));
            if !rolling.is_empty() {
                spec.insert(strategy.to_owned(), json!({"rollingUpdate": rolling}));
            }
            if let Some(of_type) = of_type.filter(|_| ["Deployment", "StatefulSet", "DaemonSet"].contains(&kind)) {
                spec.entry(strategy).or_insert_with(|| json!({}))["type"] = json!(of_type);
            }
            spec.into()
        })
        .boxed()
}

fn at() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(json!("settled")),
        5 => (0..30_u32).prop_map(|half| json!(f64::from(half) / 2.0)),
        1 => one_of(&[json!(1e5), json!(-3)]),
    ]
}

fn scenario() -> impl Strategy<Value = Value> {
    let image = prop::sample::select(vec!["one", "two", "bad", "a b"]);
    let all = kind()
        .prop_flat_map(move |kind| prop::collection::vec((at(), spec(kind), image.clone(), Just(kind)), 1..5))
        .prop_map(|all| steps(all.into_iter().map(|(at, spec, image, kind)| (at, object(kind, image, &spec)))));
    let gates = prop::sample::select(vec![
        json!({}),
        json!({"MaxUnavailableStatefulSet": true}),
        json!({"MaxUnavailableStatefulSet": false, "NoSuchGate": true}),
    ]);
    let outages = one_of(&[json!([]), json!([{"from": 10, "to": 400}]), json!([{"from": 400, "to": 10}])]);
    let horizon = one_of(&[json!(null), json!(0), json!(300), json!(2000)]);
    let starts = one_of(&[json!(null), json!("2026-03-29T00:30:00Z"), json!("9999-12-30T00:00:00Z")]);
    (
        (all, seconds(), seconds(), seconds(), seconds(), any::<bool>()),
        (gates, outages, horizon, starts, 0..5_usize, prop::collection::vec(any::<bool>(), 0..6)),
        prop::collection::btree_map("[0-3]|x", 0..4_u32, 0..3),
    )
        .prop_map(|((steps, startup, stagger, termination, run, realtime), rest, fail_indexes)| {
            let (gates, outages, horizon, start, count, outcomes) = rest;
            json!({
                "steps": steps, "startup": startup, "stagger": stagger, "termination": termination, "run": run,
                "realtime": realtime, "featureGates": gates, "outages": outages, "horizon": horizon, "start": start,
                "nodes": nodes(count), "outcomes": outcomes, "failIndexes": fail_indexes, "fail": {"image": "bad"},
            })
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn every_scenario_ends_or_is_refused_with_a_reason(scenario in scenario()) {
        match outcome(&scenario) {
            Ok(rows) => {
                let steps = scenario["steps"].as_array().expect("there are steps").len();
                let applied = rows.iter().filter(|row| row["event"][0].as_str().is_some_and(|it| it.contains("apply:")));
                prop_assert_eq!(applied.count(), steps, "each step is accepted or rejected");
                let horizon = scenario["horizon"].as_f64().filter(|_| scenario["realtime"] == false);
                let last = scenario["steps"].as_array().into_iter().flatten().filter_map(|step| step["at"].as_f64());
                let end = last.fold(horizon.unwrap_or(f64::INFINITY), f64::max);
                prop_assert!(rows.iter().all(|row| row["t"].as_f64().is_none_or(|time| time <= end)), "past the horizon");
            }
            Err(reason) => prop_assert!(!reason.is_empty()),
        }
    }
}

#[test]
fn a_scenario_that_is_too_large_is_refused_instead_of_filling_the_memory() {
    let check = |scenario: Value, reason: &str| {
        let said = outcome(&scenario).expect_err("it is too large");
        assert!(said.contains(reason), "{said}");
    };
    let scenario =
        |object: Value, stagger: i32| json!({"steps": steps([(json!(0), object)]), "stagger": stagger, "run": 1});
    for kind in ["Deployment", "StatefulSet", "ReplicaSet"] {
        check(scenario(object(kind, "one", &json!({"replicas": i32::MAX})), 0), "asks for 2147483647 pods");
    }
    check(scenario(object("Job", "one", &json!({"parallelism": i32::MAX})), 0), "asks for 2147483647 pods");
    let endless = object("CronJob", "one", &json!({"schedule": "@every 1s"}));
    check(json!({"steps": steps([(json!(0), endless)]), "horizon": 1e15}), "there is no end to it");
}

#[test]
fn ten_thousand_pods_are_nothing_special() {
    let all = ["one", "two"].map(|image| (json!("settled"), object("Deployment", image, &json!({"replicas": 10_000}))));
    let rows = play(&json!({"steps": steps(all), "startup": 5, "termination": 5}));
    assert_eq!(rows.last().expect("there are rows")["state"]["pods"], json!({"r2/Ready": 10_000}));
}

#[test]
fn durations_are_not_negative() {
    let web = || steps([(json!(0), object("Pod", "one", &Value::Null))]);
    for name in ["startup", "stagger", "termination", "run", "horizon"] {
        let mut scenario = json!({"steps": web()});
        scenario[name] = json!(-1);
        let said = outcome(&scenario).expect_err("it is refused");
        assert_eq!(said, format!("`{name}` is -1; write a number of seconds, zero or more"));
    }
}
