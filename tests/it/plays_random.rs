//! Random sets, Jobs and `CronJob`s keep what their controllers promise, and end where they should.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::scenarios::{number, object, play};

fn images() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("app:1"), Just("app:2"), Just("app:3"), Just("app:bad")]
}

/// A StatefulSet's specification, its image, and how many seconds later the next one is applied.
fn set() -> impl Strategy<Value = (Value, &'static str, f64)> {
    (0..7, 0..4, 1..4, 0..3, images(), 0..30).prop_map(|(replicas, partition, unavailable, start, image, pause)| {
        let spec = json!({
            "replicas": replicas,
            "ordinals": {"start": start},
            "updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"partition": partition, "maxUnavailable": unavailable},
            },
        });
        (spec, image, f64::from(pause) / 2.0)
    })
}

/// The sets one after the other, each with these fields.
fn sets(sets: &[(Value, &str, f64)], fields: &Value) -> (Value, Value) {
    let mut at = 0.0;
    let mut last = Value::Null;
    let step = |(spec, image, pause): &(Value, &str, f64)| {
        let mut spec = spec.clone();
        for (name, value) in fields.as_object().expect("fields are a map") {
            spec[name] = value.clone();
        }
        last = spec.clone();
        let step = json!({"at": at, "apply": object("StatefulSet", image, &spec)});
        at += pause;
        step
    };
    let steps = sets.iter().map(step).collect();
    (steps, last)
}

fn count(state: &Value, phase: &str) -> i64 {
    let pods = state["pods"].as_array().into_iter().flatten();
    pods.fold(0, |count, pod| count + i64::from(pod["phase"] == phase))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_set_in_order_ends_where_it_should(
        specs in prop::collection::vec(set(), 1..5), start in 0..3, stagger in 0..3, termination in 0..6,
        gate in any::<bool>(),
    ) {
        // Pods that a new start leaves behind may well be Pending.
        let (steps, last) = sets(&specs, &json!({"ordinals": {"start": start}}));
        let rows = play(&json!({
            "steps": steps, "startup": 3, "stagger": stagger, "termination": termination,
            "fail": {"image": "app:bad"}, "featureGates": {"MaxUnavailableStatefulSet": gate},
        }));
        let end = &rows.last().expect("a step makes a row")["state"];
        prop_assert!(count(end, "Pending") <= 1, "{end}");
        // A pod that is not Ready holds it up.
        if count(end, "Pending") == 0 {
            prop_assert_eq!(count(end, "Ready"), number(&last, "replicas"), "{}", end);
            prop_assert_eq!(count(end, "Terminating"), 0, "{}", end);
        }
    }

    #[test]
    fn a_parallel_set_ends_complete_and_keeps_its_partition(
        specs in prop::collection::vec(set(), 1..4), gate in any::<bool>(), termination in 0..6,
    ) {
        let (steps, last) = sets(&specs, &json!({"podManagementPolicy": "Parallel"}));
        let rows = play(&json!({
            "steps": steps, "startup": 3, "termination": termination,
            "featureGates": {"MaxUnavailableStatefulSet": gate},
        }));
        let end = &rows.last().expect("a step makes a row")["state"];
        let replicas = number(&last, "replicas");
        let partition = number(&last["updateStrategy"]["rollingUpdate"], "partition");
        prop_assert_eq!(number(&end["status"], "readyReplicas"), replicas, "{}", end);
        prop_assert_eq!(number(&end["status"], "replicas"), replicas, "{}", end);
        prop_assert!(number(&end["status"], "updatedReplicas") >= replicas - partition, "{end}");
    }

    #[test]
    fn a_job_keeps_within_its_numbers_and_ends(
        (completions, parallelism, limit) in (0..6_i32, 1..5_i32, 0..4_i32),
        (indexed, per_index, realtime, on_failure, only_failed) in any::<(bool, bool, bool, bool, bool)>(),
        outcomes in prop::collection::vec(any::<bool>(), 0..12),
        failing in prop::collection::btree_map(0..6_u32, 0..4_u32, 0..3),
        changes in prop::collection::vec((1..20_u32, any::<bool>(), 1..5_i32), 0..4),
        stagger in 0..3,
    ) {
        let per_index = indexed && per_index;
        let mut spec = json!({"completions": completions, "parallelism": parallelism});
        spec[if per_index { "backoffLimitPerIndex" } else { "backoffLimit" }] = json!(limit);
        if indexed {
            spec["completionMode"] = json!("Indexed");
        }
        if only_failed {
            spec["podReplacementPolicy"] = json!("Failed");
        }
        let job = |spec: &Value| {
            let mut job = object("Job", "work:1", spec);
            if on_failure && !per_index {
                job["spec"]["template"]["spec"]["restartPolicy"] = json!("OnFailure");
            }
            job
        };
        let mut at = 0;
        let mut steps = vec![json!({"at": 0, "apply": job(&spec)})];
        for (wait, suspend, parallelism) in changes {
            at += wait;
            (spec["suspend"], spec["parallelism"]) = (json!(suspend), json!(parallelism));
            steps.push(json!({"at": at, "apply": job(&spec)}));
        }
        spec["suspend"] = json!(false);
        steps.push(json!({"at": at + 5, "apply": job(&spec)}));
        let failing: serde_json::Map<String, Value> =
            failing.into_iter().map(|(index, times)| (index.to_string(), json!(times))).collect();
        let rows = play(&json!({
            "steps": steps, "startup": 1, "stagger": stagger, "run": 3, "termination": 2,
            "outcomes": outcomes, "failIndexes": if indexed { failing } else { serde_json::Map::new() },
            "realtime": realtime,
        }));
        let end = &rows.last().expect("a step makes a row")["state"];
        let over = end["conditions"].as_array().into_iter().flatten();
        let mut over = over.filter(|condition| condition["type"] == "Complete" || condition["type"] == "Failed");
        prop_assert!(over.next().is_some(), "{end}");
    }

    #[test]
    fn a_cron_job_never_starts_a_run_twice(
        policy in prop::sample::select(vec!["Allow", "Forbid", "Replace"]),
        schedule in prop::sample::select(vec!["* * * * *", "*/2 * * * *", "1,2,7 * * * *", "@every 90s", "@hourly"]),
        (run, limit, ok, bad) in (0..400_u32, 0..2_i32, 0..3_i32, 0..3_i32),
        deadline in prop::option::of(11..200_u32),
        outcomes in prop::collection::vec(any::<bool>(), 0..6),
        changes in prop::collection::vec((1..300_u32, any::<bool>()), 0..4),
        outage in prop::option::of((0..600_u32, 1..900_u32)),
    ) {
        let mut spec = json!({
            "schedule": schedule, "concurrencyPolicy": policy, "startingDeadlineSeconds": deadline,
            "successfulJobsHistoryLimit": ok, "failedJobsHistoryLimit": bad,
        });
        let cron_job = |spec: &Value| {
            let mut cron_job = object("CronJob", "work:1", spec);
            cron_job["spec"]["jobTemplate"]["spec"]["backoffLimit"] = json!(limit);
            cron_job
        };
        let mut at = 0;
        let mut steps = vec![json!({"at": 0, "apply": cron_job(&spec)})];
        for (wait, suspend) in changes {
            at += wait;
            spec["suspend"] = json!(suspend);
            steps.push(json!({"at": at, "apply": cron_job(&spec)}));
        }
        let outages: Vec<Value> =
            outage.into_iter().map(|(from, length)| json!({"from": from, "to": from + length})).collect();
        let rows = play(&json!({
            "steps": steps, "run": run, "outcomes": outcomes, "outages": outages, "horizon": 3000,
            "start": "2026-01-01T00:00:30Z",
        }));
        let mut started: Vec<&str> = Vec::new();
        let said = rows.iter().flat_map(|row| row["said"].as_array().into_iter().flatten());
        for said in said.filter_map(Value::as_str) {
            started.extend(said.strip_prefix("SuccessfulCreate: Created job "));
        }
        let all = started.len();
        started.sort_unstable();
        started.dedup();
        prop_assert_eq!(started.len(), all);
    }
}
