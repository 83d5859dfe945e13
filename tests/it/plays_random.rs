//! What holds in every scenario of a StatefulSet or a Job, however they are changed while they move.

use proptest::prelude::*;
use seatrial::admission::ApiServer;
use seatrial::plan::{Scenario, simulate};
use serde_json::{Value, json};

fn play(scenario: Value) -> Vec<Value> {
    let scenario: Scenario = serde_json::from_value(scenario).expect("the scenario is of the form");
    let trace = simulate(&scenario, &ApiServer::default()).expect("the scenario can be played");
    let Value::Object(mut trace) = serde_json::to_value(trace).expect("traces are plain") else { return Vec::new() };
    let Some(Value::Array(rows)) = trace.remove("trace") else { return Vec::new() };
    rows
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap_or(0)).expect("counts are small")
}

fn phases<'a>(row: &'a Value, phase: &'a str) -> impl Iterator<Item = &'a Value> {
    let pods = row["state"]["pods"].as_array().into_iter().flatten();
    pods.filter(move |pod| pod["phase"] == phase)
}

fn images() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("app:1"), Just("app:2"), Just("app:3"), Just("app:bad")]
}

/// A spec of a StatefulSet and how many seconds later it is applied.
fn set() -> impl Strategy<Value = (Value, f64)> {
    (0..7, 0..4, 1..4, 0..3, images(), 0..30).prop_map(|(replicas, partition, unavailable, start, image, pause)| {
        let spec = json!({
            "replicas": replicas,
            "ordinals": {"start": start},
            "selector": {"matchLabels": {"app": "s"}},
            "template": {
                "metadata": {"labels": {"app": "s"}},
                "spec": {"containers": [{"name": "main", "image": image}]},
            },
            "updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"partition": partition, "maxUnavailable": unavailable},
            },
        });
        (spec, f64::from(pause) / 2.0)
    })
}

fn steps(kind: &str, specs: Vec<(Value, f64)>) -> Vec<Value> {
    let version = if kind == "StatefulSet" { "apps/v1" } else { "batch/v1" };
    let mut at = 0.0;
    let step = |(spec, pause)| {
        let object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "s"}, "spec": spec});
        let step = json!({"at": at, "apply": object});
        at += pause;
        step
    };
    specs.into_iter().map(step).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_set_in_order_has_one_pod_in_motion(
        specs in proptest::collection::vec(set(), 1..5),
        start in 0..3,
        stagger in 0..3,
        termination in 0..6,
    ) {
        // Pods that a new start leaves behind may well be Pending.
        let specs: Vec<(Value, f64)> = specs
            .into_iter()
            .map(|(mut spec, pause)| {
                spec["ordinals"] = json!({"start": start});
                (spec, pause)
            })
            .collect();
        let last = specs.last().map(|(spec, _)| spec.clone()).unwrap_or_default();
        let rows = play(json!({
            "steps": steps("StatefulSet", specs),
            "startup": 3, "stagger": stagger, "termination": termination,
            "fail": {"image": "app:bad"}, "featureGates": {"MaxUnavailableStatefulSet": false},
        }));
        for row in &rows {
            let pending = phases(row, "Pending").count();
            prop_assert!(pending <= 1, "{row}");
            let created = row["said"].as_array().into_iter().flatten();
            let created = created.filter(|said| said.as_str().is_some_and(|said| said.contains("Create Pod"))).count();
            let deleted = row["said"].as_array().map_or(0, Vec::len) - created;
            prop_assert!(created <= 1 && deleted <= 1, "{row}");
        }
        // It ends where it should, unless a pod that is not Ready holds it up.
        let end = rows.last().expect("a step makes a row");
        if phases(end, "Pending").next().is_none() {
            let ready = phases(end, "Ready").count();
            prop_assert_eq!(ready, number(&last["replicas"]), "{}", end);
            prop_assert_eq!(phases(end, "Terminating").count(), 0, "{}", end);
        }
    }

    #[test]
    fn a_parallel_set_ends_complete_and_keeps_its_partition(
        specs in proptest::collection::vec(set(), 1..4),
        gate in any::<bool>(),
        termination in 0..6,
    ) {
        let specs: Vec<(Value, f64)> = specs
            .into_iter()
            .map(|(mut spec, pause)| {
                spec["podManagementPolicy"] = json!("Parallel");
                (spec, pause)
            })
            .collect();
        let last = specs.last().map(|(spec, _)| spec.clone()).unwrap_or_default();
        let rows = play(json!({
            "steps": steps("StatefulSet", specs), "startup": 3, "termination": termination,
            "featureGates": {"MaxUnavailableStatefulSet": gate},
        }));
        let end = &rows.last().expect("a step makes a row")["state"];
        let replicas = number(&last["replicas"]);
        let partition = number(&last["updateStrategy"]["rollingUpdate"]["partition"]);
        prop_assert_eq!(number(&end["status"]["readyReplicas"]), replicas, "{}", end);
        prop_assert_eq!(number(&end["status"]["replicas"]), replicas, "{}", end);
        prop_assert!(number(&end["status"]["updatedReplicas"]) >= replicas.saturating_sub(partition), "{}", end);
    }

    #[test]
    fn a_job_keeps_within_its_numbers_and_ends(
        completions in 0..6_i32,
        parallelism in 1..5_i32,
        limit in 0..4_i32,
        indexed in any::<bool>(),
        per_index in any::<bool>(),
        realtime in any::<bool>(),
        outcomes in proptest::collection::vec(any::<bool>(), 0..12),
        stagger in 0..3,
    ) {
        let mut spec = json!({
            "completions": completions, "parallelism": parallelism,
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "work:1"}]}},
        });
        let per_index = indexed && per_index;
        spec[if per_index { "backoffLimitPerIndex" } else { "backoffLimit" }] = json!(limit);
        if indexed {
            spec["completionMode"] = json!("Indexed");
        }
        let rows = play(json!({
            "steps": steps("Job", vec![(spec, 0.0)]), "startup": 1, "stagger": stagger, "run": 3, "termination": 2,
            "outcomes": outcomes, "realtime": realtime,
        }));
        for row in &rows {
            let active = phases(row, "Pending").chain(phases(row, "Ready"));
            let indexes: Vec<&Value> = active.map(|pod| &pod["index"]).collect();
            prop_assert!(i32::try_from(indexes.len()).is_ok_and(|active| active <= parallelism), "{row}");
            let mut distinct = indexes.clone();
            distinct.dedup();
            prop_assert!(!indexed || distinct.len() == indexes.len(), "{row}");
        }
        let end = &rows.last().expect("a step makes a row")["state"];
        let over = end["conditions"].as_array().into_iter().flatten();
        let mut over = over.filter(|condition| condition["type"] == "Complete" || condition["type"] == "Failed");
        prop_assert!(over.next().is_some(), "{end}");
    }
}
