//! What the controllers promise, whatever is applied: random scenarios keep it.

use proptest::prelude::*;
use seatrial::admission::ApiServer;
use seatrial::plan::{Scenario, simulate};
use serde_json::{Value, json};

/// How pods behave, in seconds: until Ready, between two that appear together, until gone.
type Pace = (u32, u32, u32);

fn pace() -> impl Strategy<Value = Pace> {
    (1..4_u32, 0..3_u32, 1..4_u32)
}

fn object(kind: &str, image: &str, spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "main", "image": image}]},
            },
        },
    });
    for (name, value) in spec.as_object().expect("specifications are maps") {
        object["spec"][name] = value.clone();
    }
    object
}

/// Plays the steps; the states in order, of each step on its own.
fn play(steps: &[(Value, Value)], pace: Pace, nodes: usize) -> Vec<Vec<Value>> {
    let (startup, stagger, termination) = pace;
    let steps: Vec<Value> = steps.iter().map(|(at, apply)| json!({"at": at, "apply": apply})).collect();
    let nodes: Vec<Value> = (0..nodes).map(|node| json!({"name": format!("n{node}")})).collect();
    let scenario = json!({
        "steps": steps, "startup": startup, "stagger": stagger, "termination": termination, "fail": {"image": "bad"},
        "nodes": nodes,
    });
    let scenario: Scenario = serde_json::from_value(scenario).expect("the tests write scenarios");
    let trace = simulate(&scenario, &ApiServer::default()).expect("the tests write workloads").trace;
    let mut parts: Vec<Vec<Value>> = Vec::new();
    let mut last = 0.0;
    for row in trace {
        let time = row.t.expect("no timers run");
        assert!(time >= last, "time runs backwards");
        last = time;
        if row.event == ["apply:accept"] {
            parts.push(Vec::new());
        }
        parts.last_mut().expect("begins with a step").extend(row.state);
    }
    parts
}

fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_default()
}

/// The sizes of the ReplicaSets, by name.
fn sizes(state: &Value) -> Vec<(&str, i64)> {
    let sets = state["replicaSets"].as_array().expect("is a list");
    sets.iter().map(|set| (set["rev"].as_str().unwrap_or_default(), number(set, "spec"))).collect()
}

/// The pods by revision and phase.
fn pods<'a>(state: &'a Value, of: &str) -> Vec<(&'a str, &'a str, i64)> {
    let pods = state[of].as_object().expect("is a map");
    let pods = pods.iter().filter_map(|(name, count)| Some((name.split_once('/')?, count.as_i64()?)));
    pods.map(|((rev, phase), count)| (rev, phase, count)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn a_rolling_update_stays_between_its_fenceposts_and_ends(
        replicas in 1..16_i64, surge in 0..6_i64, unavailable in 0..6_i64, pace in pace(),
        images in prop::collection::vec(prop::sample::select(vec!["two", "three", "bad"]), 1..4),
    ) {
        let spec = json!({
            "replicas": replicas,
            "strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable.max(i64::from(surge == 0))}},
        });
        let unavailable = unavailable.max(i64::from(surge == 0)).min(replicas);
        let versions = std::iter::once("one").chain(images);
        let steps: Vec<(Value, Value)> =
            versions.map(|image| (json!("settled"), object("Deployment", image, &spec))).collect();
        let parts = play(&steps, pace, 0);
        for (part, (_, applied)) in parts.iter().zip(&steps).skip(1) {
            for state in part {
                let total: i64 = sizes(state).iter().map(|(_, size)| size).sum();
                prop_assert!(total <= replicas + surge, "{state}");
                let available = number(&state["status"], "availableReplicas");
                prop_assert!(available >= replicas - unavailable, "{state}");
                let active: i64 = pods(state, "pods").iter().filter(|pod| pod.1 != "Terminating").map(|pod| pod.2).sum();
                prop_assert_eq!(active, number(&state["status"], "replicas"), "{}", state);
            }
            // The one that grows is the new one; all others only shrink.
            let growing: Vec<&str> = part
                .windows(2)
                .flat_map(|pair| {
                    let before = sizes(&pair[0]);
                    let is_larger = move |(rev, size): &(&str, i64)| {
                        before.iter().any(|(other, before)| other == rev && before < size)
                    };
                    sizes(&pair[1]).into_iter().filter(is_larger).map(|(rev, _)| rev).collect::<Vec<_>>()
                })
                .collect();
            prop_assert!(growing.windows(2).all(|pair| pair[0] == pair[1]), "{growing:?}");
            let end = part.last().expect("a step has a state");
            let image = &applied["spec"]["template"]["spec"]["containers"][0]["image"];
            if image != "bad" {
                let left = pods(end, "pods");
                prop_assert!(left.len() == 1 && left[0].1 == "Ready" && left[0].2 == replicas, "{end}");
                prop_assert_eq!(&end["conditions"][1]["reason"], "NewReplicaSetAvailable");
            }
        }
    }

    #[test]
    fn a_broken_version_parks_where_the_fenceposts_say(replicas in 1..16_i64, surge in 0..6_i64, unavailable in 0..6_i64, pace in pace()) {
        let unavailable = unavailable.max(i64::from(surge == 0));
        let spec = json!({
            "replicas": replicas, "strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}},
        });
        let steps = ["one", "bad"].map(|image| (json!("settled"), object("Deployment", image, &spec)));
        let parts = play(&steps, pace, 0);
        let end = parts[1].last().expect("a step has a state");
        let old = replicas - unavailable.min(replicas);
        prop_assert_eq!(sizes(end), [("r1", old), ("r2", replicas.min(surge + unavailable.min(replicas)))]);
    }

    #[test]
    fn recreating_never_mixes_versions(replicas in 1..9_i64, pace in pace(), count in 1..4_usize) {
        let spec = json!({"replicas": replicas, "strategy": {"type": "Recreate"}});
        let images = ["one", "two", "three", "one"];
        let steps: Vec<(Value, Value)> =
            images[..=count].iter().map(|image| (json!("settled"), object("Deployment", image, &spec))).collect();
        for state in play(&steps, pace, 0).iter().flatten() {
            let revs: std::collections::BTreeSet<&str> = pods(state, "pods").iter().map(|pod| pod.0).collect();
            prop_assert!(revs.len() <= 1, "{state}");
        }
    }

    #[test]
    fn no_change_in_the_middle_of_another_upsets_the_controllers(
        changes in prop::collection::vec(
            (0..12_u32, 0..7_i64, prop::sample::select(vec!["one", "two", "bad"]), any::<bool>(), any::<bool>(), 0..3_i64),
            1..6,
        ),
        pace in pace(),
    ) {
        let mut at = 0;
        let mut steps = Vec::new();
        for (wait, replicas, image, paused, recreate, history) in changes {
            at += wait;
            let strategy = if recreate { "Recreate" } else { "RollingUpdate" };
            let spec = json!({
                "replicas": replicas, "paused": paused, "revisionHistoryLimit": history, "strategy": {"type": strategy},
            });
            steps.push((json!(at), object("Deployment", image, &spec)));
        }
        let mut calm = steps.last().expect("there is one").1.clone();
        calm["spec"]["paused"] = json!(false);
        steps.push((json!("settled"), calm));
        let parts = play(&steps, pace, 0);
        let last = &steps.last().expect("there is one").1["spec"];
        let end = parts.last().and_then(|part| part.last()).expect("a step has a state");
        let leaving = pods(end, "pods").iter().any(|pod| pod.1 == "Terminating");
        prop_assert!(!leaving, "{end}");
        let recreate = last["strategy"]["type"] == "Recreate";
        let broken = last["template"]["spec"]["containers"][0]["image"] == "bad";
        // A change of scale together with Recreate may get stuck for ever, as with the real controller.
        if !recreate && !broken {
            prop_assert_eq!(number(&end["status"], "availableReplicas"), number(last, "replicas"), "{}", end);
            prop_assert_eq!(number(&end["status"], "updatedReplicas"), number(last, "replicas"), "{}", end);
        }
    }

    #[test]
    fn a_daemon_set_keeps_its_budget_and_ends(
        nodes in 1..9_usize, budget in 1..5_usize, surge in any::<bool>(), pace in pace(),
    ) {
        let (surges, unavailable) = if surge { (budget, 0) } else { (0, budget) };
        let spec = json!({"updateStrategy": {"rollingUpdate": {"maxSurge": surges, "maxUnavailable": unavailable}}});
        let steps = ["one", "two"].map(|image| (json!("settled"), object("DaemonSet", image, &spec)));
        let parts = play(&steps, pace, nodes);
        for state in &parts[1] {
            let states = state["nodes"].as_object().expect("is a map");
            let count = |wanted: fn(&str) -> bool| -> usize {
                let states = states.iter().filter(|(pods, _)| wanted(pods));
                states.filter_map(|(_, count)| usize::try_from(count.as_u64()?).ok()).sum()
            };
            prop_assert!(count(|pods| !pods.ends_with("Ready") && !pods.contains('+')) <= unavailable, "{state}");
            prop_assert!(count(|pods| pods.contains('+') && !pods.contains("Terminating")) <= surges, "{state}");
            prop_assert_eq!(count(|_| true), nodes);
        }
        let end = parts[1].last().expect("a step has a state");
        prop_assert_eq!(&end["nodes"], &json!({"r2/Ready": nodes}));
    }
}
