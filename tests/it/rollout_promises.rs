//! Random rollouts keep what the controllers promise, and end where they should.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::scenarios::{nodes, number, object, parts, play, steps};

/// How pods behave, in seconds: until Ready, between two that appear together, until gone.
fn pace() -> impl Strategy<Value = Value> {
    (1..4_u32, 0..3_u32, 1..4_u32).prop_map(|(startup, stagger, termination)| {
        json!({"startup": startup, "stagger": stagger, "termination": termination, "fail": {"image": "bad"}})
    })
}

fn with(mut scenario: Value, name: &str, value: Value) -> Value {
    scenario[name] = value;
    scenario
}

/// The scenario in which each of these comes when the one before has settled.
fn settled(pace: &Value, objects: &[Value]) -> Value {
    with(pace.clone(), "steps", steps(objects.iter().map(|object| (json!("settled"), object.clone()))))
}

/// The sizes of the ReplicaSets, by name.
fn sizes(state: &Value) -> Vec<(&str, i64)> {
    let sets = state["replicaSets"].as_array().expect("is a list");
    sets.iter().map(|set| (set["rev"].as_str().unwrap_or_default(), number(set, "spec"))).collect()
}

fn rolling(replicas: i64, surge: i64, unavailable: i64) -> Value {
    let unavailable = unavailable.max(i64::from(surge == 0));
    json!({"replicas": replicas, "strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}})
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_rolling_update_ends_with_new_pods_only(
        replicas in 1..16_i64, surge in 0..6_i64, unavailable in 0..6_i64, pace in pace(),
        images in prop::collection::vec(prop::sample::select(vec!["two", "three", "bad"]), 1..4),
    ) {
        let spec = rolling(replicas, surge, unavailable);
        let images: Vec<&str> = std::iter::once("one").chain(images).collect();
        let objects: Vec<Value> = images.iter().map(|image| object("Deployment", image, &spec)).collect();
        let rows = play(&settled(&pace, &objects));
        for (part, image) in parts(&rows).iter().zip(images).filter(|(_, image)| *image != "bad") {
            let end = part.last().expect("a step has a state");
            let pods = end["pods"].as_object().expect("is a map");
            let (name, count) = pods.iter().next().expect("has pods");
            prop_assert!(pods.len() == 1 && name.ends_with("/Ready") && *count == replicas, "{image} {end}");
            prop_assert_eq!(&end["conditions"][1]["reason"], "NewReplicaSetAvailable");
        }
    }

    #[test]
    fn a_broken_version_parks_where_the_fenceposts_say(
        replicas in 1..16_i64, surge in 0..6_i64, unavailable in 0..6_i64, pace in pace(),
    ) {
        let spec = rolling(replicas, surge, unavailable);
        let rows = play(&settled(&pace, &["one", "bad"].map(|image| object("Deployment", image, &spec))));
        let unavailable = unavailable.max(i64::from(surge == 0)).min(replicas);
        let parts = parts(&rows);
        let end = parts[1].last().expect("a step has a state");
        prop_assert_eq!(sizes(end), [("r1", replicas - unavailable), ("r2", replicas.min(surge + unavailable))]);
    }

    #[test]
    fn percentages_are_the_numbers_that_they_come_to(replicas in 1..40_i64, surge in 1..101_i64, unavailable in 0..101_i64) {
        let percent = json!({"maxSurge": format!("{surge}%"), "maxUnavailable": format!("{unavailable}%")});
        let numbers = json!({"maxSurge": (surge * replicas + 99) / 100, "maxUnavailable": unavailable * replicas / 100});
        let trace = |rolling: &Value| {
            let spec = json!({"replicas": replicas, "strategy": {"rollingUpdate": rolling}});
            play(&settled(&json!({"startup": 2}), &["one", "two"].map(|image| object("Deployment", image, &spec))))
        };
        prop_assert_eq!(trace(&percent), trace(&numbers));
    }

    #[test]
    fn recreating_never_mixes_versions(replicas in 1..9_i64, pace in pace(), count in 1..4_usize) {
        let spec = json!({"replicas": replicas, "strategy": {"type": "Recreate"}});
        let images = ["one", "two", "three", "one"];
        let objects: Vec<Value> = images[..=count].iter().map(|image| object("Deployment", image, &spec)).collect();
        let rows = play(&settled(&pace, &objects));
        let end = &rows.last().expect("a step has a row")["state"];
        prop_assert_eq!(number(&end["status"], "availableReplicas"), replicas);
    }

    #[test]
    fn no_change_in_the_middle_of_another_upsets_the_controllers(
        changes in prop::collection::vec(
            (
                (0..12_u32, 0..7_i64, prop::sample::select(vec!["one", "two", "bad"]), any::<bool>(), any::<bool>()),
                (0..3_i64, 0..4_i64, 0..4_i64, 0..4_i64),
            ),
            1..6,
        ),
        pace in pace(),
        realtime in any::<bool>(),
    ) {
        let mut at = 0;
        let mut all = Vec::new();
        for ((wait, replicas, image, paused, recreate), (history, surge, unavailable, min_ready)) in changes {
            at += wait;
            let mut spec = rolling(replicas, surge, unavailable);
            if recreate {
                spec["strategy"] = json!({"type": "Recreate"});
            }
            spec["paused"] = json!(paused);
            spec["revisionHistoryLimit"] = json!(history);
            spec["minReadySeconds"] = json!(min_ready);
            spec["progressDeadlineSeconds"] = json!(60);
            all.push((json!(at), object("Deployment", image, &spec)));
        }
        let mut calm = all.last().expect("there is one").1.clone();
        calm["spec"]["paused"] = json!(false);
        all.push((json!("settled"), calm.clone()));
        let scenario = with(with(pace, "steps", steps(all)), "realtime", json!(realtime));
        let rows = play(&scenario);
        let end = &rows.last().expect("a step has a row")["state"];
        let leaving = end["pods"].as_object().expect("is a map").keys().any(|pods| pods.ends_with("Terminating"));
        prop_assert!(!leaving, "{end}");
        let last = &calm["spec"];
        let recreate = last["strategy"]["type"] == "Recreate";
        let broken = last["template"]["spec"]["containers"][0]["image"] == "bad";
        let waits = !realtime && last["minReadySeconds"] != 0;
        // A change of scale together with Recreate may get stuck for ever, as with the real controller.
        if !recreate && !broken && !waits {
            prop_assert_eq!(number(&end["status"], "availableReplicas"), number(last, "replicas"), "{}", end);
            prop_assert_eq!(number(&end["status"], "updatedReplicas"), number(last, "replicas"), "{}", end);
        }
    }

    #[test]
    fn a_daemon_set_ends_with_a_new_pod_on_each_node(
        count in 1..9_usize, budget in 1..5_usize, percent in any::<bool>(), surge in any::<bool>(), pace in pace(),
        images in prop::collection::vec((0..9_u32, prop::sample::select(vec!["one", "two", "bad"])), 1..5),
    ) {
        let budget = if percent { json!(format!("{}%", budget * 20)) } else { json!(budget) };
        let (surges, unavailable) = if surge { (budget, json!(0)) } else { (json!(0), budget) };
        let spec = json!({"updateStrategy": {"rollingUpdate": {"maxSurge": surges, "maxUnavailable": unavailable}}});
        let mut at = 0;
        let mut all = Vec::new();
        for (wait, image) in images {
            at += wait;
            all.push((json!(at), object("DaemonSet", image, &spec)));
        }
        all.push((json!("settled"), object("DaemonSet", "last", &spec)));
        let rows = play(&with(with(pace, "steps", steps(all)), "nodes", nodes(count)));
        let end = &rows.last().expect("a step has a row")["state"]["nodes"];
        let states = end.as_object().expect("is a map");
        let (pods, on) = states.iter().next().expect("there are nodes");
        prop_assert!(states.len() == 1 && pods.ends_with("/Ready") && !pods.contains('+') && *on == count, "{end}");
    }
}
