//! Rollouts that were worked out with the original controllers: after each second, one line that says how things stand.
//!
//! Pods take a second to become Ready and a second to go, and all that are due do so at once, unless a test says otherwise. A line has, for each
//! ReplicaSet, its revision and `spec/replicas/ready/available`; then `pods+pods that are being deleted`; then the status
//! of the Deployment `replicas/updated/ready/available/unavailable`; then its condition Available and the reason of
//! Progressing. For a DaemonSet it has the pods of each node and `desired/current/ready/updated/available/unavailable`.

use seatrial::admission::ApiServer;
use seatrial::plan::{Scenario, simulate};
use serde_json::{Value, json};

/// Plays the steps, each as soon as the one before has settled, or at its second. Pods that appear together become Ready
/// `stagger` seconds apart.
fn play(steps: &[(Value, Value)], nodes: usize, stagger: u32) -> Vec<Value> {
    let steps: Vec<Value> = steps.iter().map(|(at, apply)| json!({"at": at, "apply": apply})).collect();
    let nodes: Vec<Value> = (1..=nodes).map(|node| json!({"name": format!("n{node}")})).collect();
    let scenario = json!({
        "steps": steps, "startup": 1, "stagger": stagger, "termination": 1, "fail": {"image": "bad"}, "nodes": nodes,
    });
    let scenario: Scenario = serde_json::from_value(scenario).expect("the tests write scenarios");
    let trace = simulate(&scenario, &ApiServer::default()).expect("the tests write workloads");
    trace.trace.into_iter().filter_map(|row| row.state).collect()
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

/// A specification with this many replicas, and these `maxSurge` and `maxUnavailable`.
fn rolling(replicas: u32, surge: impl Into<Value>, unavailable: impl Into<Value>) -> Value {
    let (surge, unavailable) = (surge.into(), unavailable.into());
    json!({"replicas": replicas, "strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}})
}

fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_default()
}

fn deployment_line(state: &Value) -> String {
    let list = |name: &str| state[name].as_array().cloned().unwrap_or_default();
    let sets = list("replicaSets");
    let sets = sets.iter().map(|set| {
        let rev = set["rev"].as_str().unwrap_or_default();
        let counts = ["spec", "replicas", "ready", "available"].map(|name| number(set, name).to_string());
        format!("{rev} {}", counts.join("/"))
    });
    let sets: Vec<String> = sets.collect();
    let pods = state["pods"].as_object().expect("is a map");
    let count = |leaving: bool| -> i64 {
        let pods = pods.iter().filter(|(name, _)| name.ends_with("Terminating") == leaving);
        pods.filter_map(|(_, count)| count.as_i64()).sum()
    };
    let status = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"]
        .map(|name| number(&state["status"], name).to_string());
    let conditions = list("conditions");
    let available = conditions[0]["status"].as_str().unwrap_or_default();
    let reason = conditions[1]["reason"].as_str().unwrap_or_default();
    format!("{} | {}+{} | {} | {available} {reason}", sets.join(" "), count(false), count(true), status.join("/"))
}

fn daemon_set_line(state: &Value) -> String {
    let nodes = state["nodes"].as_object().expect("is a map");
    let nodes: Vec<String> = nodes.iter().map(|(pods, count)| format!("{count} {pods}")).collect();
    let status = [
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
    ];
    let status = status.map(|name| number(&state["status"], name).to_string());
    format!("{} | {}", nodes.join(" "), status.join("/"))
}

/// Applies `steps` one after the other once a first version has settled, and compares all lines from then on.
fn check(steps: &[(Value, Value)], expected: &[&str]) {
    let states = play(steps, 0, 0);
    let lines: Vec<String> = states.iter().map(deployment_line).collect();
    let begin = lines.iter().position(|line| line == expected[0]).unwrap_or_default();
    assert_eq!(lines[begin..], *expected);
}

/// Version 1, and version 2 once it has settled.
fn check_update(spec: &Value, expected: &[&str]) {
    let version = |image| (json!("settled"), object("Deployment", image, spec));
    check(&[version("one"), version("two")], expected);
}

#[test]
fn one_more_pod_at_a_time_never_goes_below_the_wanted_number() {
    check_update(
        &rolling(3, "25%", "25%"),
        &[
            "r1 3/3/3/3 | 3+0 | 3/3/3/3/0 | True NewReplicaSetAvailable",
            "r1 3/3/3/3 r2 1/1/0/0 | 4+0 | 4/1/3/3/1 | True ReplicaSetUpdated",
            "r1 2/2/2/2 r2 2/2/1/1 | 4+1 | 4/2/3/3/1 | True ReplicaSetUpdated",
            "r1 1/1/1/1 r2 3/3/2/2 | 4+1 | 4/3/3/3/1 | True ReplicaSetUpdated",
            "r1 0/0/0/0 r2 3/3/3/3 | 3+1 | 3/3/3/3/0 | True NewReplicaSetAvailable",
            "r1 0/0/0/0 r2 3/3/3/3 | 3+0 | 3/3/3/3/0 | True NewReplicaSetAvailable",
        ],
    );
}

#[test]
fn surge_and_unavailability_add_up() {
    check_update(
        &rolling(4, "25%", "25%"),
        &[
            "r1 4/4/4/4 | 4+0 | 4/4/4/4/0 | True NewReplicaSetAvailable",
            "r1 3/3/3/3 r2 2/2/0/0 | 5+1 | 5/2/3/3/2 | True ReplicaSetUpdated",
            "r1 1/1/1/1 r2 4/4/2/2 | 5+2 | 5/4/3/3/2 | True ReplicaSetUpdated",
            "r1 0/0/0/0 r2 4/4/4/4 | 4+1 | 4/4/4/4/0 | True NewReplicaSetAvailable",
            "r1 0/0/0/0 r2 4/4/4/4 | 4+0 | 4/4/4/4/0 | True NewReplicaSetAvailable",
        ],
    );
    check_update(
        &rolling(10, 3, 2),
        &[
            "r1 10/10/10/10 | 10+0 | 10/10/10/10/0 | True NewReplicaSetAvailable",
            "r1 8/8/8/8 r2 5/5/0/0 | 13+2 | 13/5/8/8/5 | True ReplicaSetUpdated",
            "r1 3/3/3/3 r2 10/10/5/5 | 13+5 | 13/10/8/8/5 | True ReplicaSetUpdated",
            "r1 0/0/0/0 r2 10/10/10/10 | 10+3 | 10/10/10/10/0 | True NewReplicaSetAvailable",
            "r1 0/0/0/0 r2 10/10/10/10 | 10+0 | 10/10/10/10/0 | True NewReplicaSetAvailable",
        ],
    );
}

#[test]
fn without_surge_old_pods_go_first() {
    check_update(
        &rolling(3, 0, 1),
        &[
            "r1 3/3/3/3 | 3+0 | 3/3/3/3/0 | True NewReplicaSetAvailable",
            "r1 2/2/2/2 r2 1/1/0/0 | 3+1 | 3/1/2/2/1 | True ReplicaSetUpdated",
            "r1 1/1/1/1 r2 2/2/1/1 | 3+1 | 3/2/2/2/1 | True ReplicaSetUpdated",
            "r1 0/0/0/0 r2 3/3/2/2 | 3+1 | 3/3/2/2/1 | True ReplicaSetUpdated",
            "r1 0/0/0/0 r2 3/3/3/3 | 3+0 | 3/3/3/3/0 | True NewReplicaSetAvailable",
        ],
    );
    check_update(
        &rolling(10, 0, 3),
        &[
            "r1 10/10/10/10 | 10+0 | 10/10/10/10/0 | True NewReplicaSetAvailable",
            "r1 7/7/7/7 r2 3/3/0/0 | 10+3 | 10/3/7/7/3 | True ReplicaSetUpdated",
            "r1 4/4/4/4 r2 6/6/3/3 | 10+3 | 10/6/7/7/3 | True ReplicaSetUpdated",
            "r1 1/1/1/1 r2 9/9/6/6 | 10+3 | 10/9/7/7/3 | True ReplicaSetUpdated",
            "r1 0/0/0/0 r2 10/10/9/9 | 10+1 | 10/10/9/9/1 | True ReplicaSetUpdated",
            "r1 0/0/0/0 r2 10/10/10/10 | 10+0 | 10/10/10/10/0 | True NewReplicaSetAvailable",
        ],
    );
}

#[test]
fn a_rollout_that_may_neither_surge_nor_miss_a_pod_misses_one() {
    check_update(
        &rolling(2, "0%", "1%"),
        &[
            "r1 2/2/2/2 | 2+0 | 2/2/2/2/0 | True NewReplicaSetAvailable",
            "r1 1/1/1/1 r2 1/1/0/0 | 2+1 | 2/1/1/1/1 | True ReplicaSetUpdated",
            "r1 0/0/0/0 r2 2/2/1/1 | 2+1 | 2/2/1/1/1 | True ReplicaSetUpdated",
            "r1 0/0/0/0 r2 2/2/2/2 | 2+0 | 2/2/2/2/0 | True NewReplicaSetAvailable",
        ],
    );
}

#[test]
fn a_broken_version_parks_and_is_the_first_to_go_when_the_next_one_comes() {
    let spec = rolling(10, 3, 2);
    let version = |image| (json!("settled"), object("Deployment", image, &spec));
    check(
        &[version("one"), version("bad"), version("three")],
        &[
            "r1 10/10/10/10 | 10+0 | 10/10/10/10/0 | True NewReplicaSetAvailable",
            "r1 8/8/8/8 r2 5/5/0/0 | 13+2 | 13/5/8/8/5 | True ReplicaSetUpdated",
            "r1 8/8/8/8 r2 5/5/0/0 | 13+0 | 13/5/8/8/5 | True ReplicaSetUpdated",
            "r1 8/8/8/8 r2 0/0/0/0 r3 5/5/0/0 | 13+5 | 13/5/8/8/5 | True ReplicaSetUpdated",
            "r1 3/3/3/3 r2 0/0/0/0 r3 10/10/5/5 | 13+5 | 13/10/8/8/5 | True ReplicaSetUpdated",
            "r1 0/0/0/0 r2 0/0/0/0 r3 10/10/10/10 | 10+3 | 10/10/10/10/0 | True NewReplicaSetAvailable",
            "r1 0/0/0/0 r2 0/0/0/0 r3 10/10/10/10 | 10+0 | 10/10/10/10/0 | True NewReplicaSetAvailable",
        ],
    );
}

#[test]
fn going_back_uses_the_old_replica_set_again() {
    let spec = rolling(2, 1, 0);
    let version = |image| (json!("settled"), object("Deployment", image, &spec));
    check(
        &[version("one"), version("two"), version("one")],
        &[
            "r1 2/2/2/2 | 2+0 | 2/2/2/2/0 | True NewReplicaSetAvailable",
            "r1 2/2/2/2 r2 1/1/0/0 | 3+0 | 3/1/2/2/1 | True ReplicaSetUpdated",
            "r1 1/1/1/1 r2 2/2/1/1 | 3+1 | 3/2/2/2/1 | True ReplicaSetUpdated",
            "r1 0/0/0/0 r2 2/2/2/2 | 2+1 | 2/2/2/2/0 | True NewReplicaSetAvailable",
            "r1 0/0/0/0 r2 2/2/2/2 | 2+0 | 2/2/2/2/0 | True NewReplicaSetAvailable",
            "r1 1/1/0/0 r2 2/2/2/2 | 3+0 | 3/1/2/2/1 | True ReplicaSetUpdated",
            "r1 2/2/1/1 r2 1/1/1/1 | 3+1 | 3/2/2/2/1 | True ReplicaSetUpdated",
            "r1 2/2/2/2 r2 0/0/0/0 | 2+1 | 2/2/2/2/0 | True NewReplicaSetAvailable",
            "r1 2/2/2/2 r2 0/0/0/0 | 2+0 | 2/2/2/2/0 | True NewReplicaSetAvailable",
        ],
    );
}

#[test]
fn a_pause_does_not_keep_the_last_old_pod() {
    let spec = rolling(3, 1, 0);
    let mut paused = spec.clone();
    paused["paused"] = json!(true);
    let version = |at: Value, image, spec| (at, object("Deployment", image, spec));
    check(
        &[version(json!(0), "one", &spec), version(json!(10), "two", &spec), version(json!(12.5), "two", &paused)],
        &[
            "r1 3/3/3/3 | 3+0 | 3/3/3/3/0 | True NewReplicaSetAvailable",
            "r1 3/3/3/3 r2 1/1/0/0 | 4+0 | 4/1/3/3/1 | True ReplicaSetUpdated",
            "r1 2/2/2/2 r2 2/2/1/1 | 4+1 | 4/2/3/3/1 | True ReplicaSetUpdated",
            "r1 1/1/1/1 r2 3/3/2/2 | 4+1 | 4/3/3/3/1 | True ReplicaSetUpdated",
            "r1 1/1/1/1 r2 3/3/2/2 | 4+1 | 4/3/3/3/1 | True DeploymentPaused",
            "r1 0/0/0/0 r2 3/3/3/3 | 3+1 | 3/3/3/3/0 | True DeploymentPaused",
            "r1 0/0/0/0 r2 3/3/3/3 | 3+0 | 3/3/3/3/0 | True DeploymentPaused",
        ],
    );
}

#[test]
fn a_change_of_scale_is_spread_in_proportion() {
    let before = "r1 7/7/7/7 r2 6/6/1/1 | 13+1 | 13/6/8/8/5 | True ReplicaSetUpdated";
    for (replicas, paused, after) in [
        // 7 and 6 of 13 become 12 and 11 of 23.
        (20, false, "r1 12/12/7/7 r2 11/11/1/1 | 23+1 | 23/11/8/8/15 | False ReplicaSetUpdated"),
        // 7 and 6 of 13 become 4 and 4 of 8, and the rollout goes on from there.
        (5, false, "r1 2/2/2/2 r2 5/5/1/1 | 7+8 | 7/5/3/3/4 | True ReplicaSetUpdated"),
        // 7 and 6 of 13 become 10 and 8 of 18.
        (15, true, "r1 10/10/7/7 r2 8/8/1/1 | 18+1 | 18/8/8/8/10 | False DeploymentPaused"),
    ] {
        let spec = rolling(10, 3, 2);
        let mut scaled = rolling(replicas, 3, 2);
        scaled["paused"] = json!(paused);
        let steps = [
            (json!(0), object("Deployment", "one", &spec)),
            (json!(20), object("Deployment", "two", &spec)),
            (json!(21.5), object("Deployment", "two", &scaled)),
        ];
        let lines: Vec<String> = play(&steps, 0, 1).iter().map(deployment_line).collect();
        let at = lines.iter().position(|line| line == before).expect("the rollout has begun");
        assert_eq!(lines[at + 1], after);
    }
}

#[test]
fn the_scale_is_changed_before_the_version() {
    // The old ReplicaSet grows to six before the new one begins.
    let steps = [
        (json!(0), object("Deployment", "one", &rolling(3, 1, 1))),
        (json!("settled"), object("Deployment", "two", &rolling(6, 1, 1))),
    ];
    let lines: Vec<String> = play(&steps, 0, 0).iter().map(deployment_line).collect();
    assert_eq!(lines[2], "r1 5/5/3/3 r2 2/2/0/0 | 7+0 | 7/2/3/3/4 | False ReplicaSetUpdated");
}

#[test]
fn another_strategy_and_another_scale_in_one_step_get_stuck() {
    let spec = rolling(4, 1, 1);
    let recreate = json!({"replicas": 6, "strategy": {"type": "Recreate"}});
    let steps = [
        (json!(0), object("Deployment", "one", &spec)),
        (json!(10), object("Deployment", "two", &spec)),
        (json!(10.5), object("Deployment", "two", &recreate)),
    ];
    let lines: Vec<String> = play(&steps, 0, 0).iter().map(deployment_line).collect();
    assert_eq!(
        lines.last().map(String::as_str),
        Some("r1 3/3/3/3 r2 2/2/2/2 | 5+0 | 5/2/5/5/0 | False ReplicaSetUpdated")
    );
}

/// Applies one version after the other to a DaemonSet on so many nodes, and compares all lines from the second on.
fn check_daemon_set(nodes: usize, versions: &[(&str, Value)], expected: &[&str]) {
    let steps = versions.iter().map(|(image, spec)| (json!("settled"), object("DaemonSet", image, spec)));
    let steps: Vec<(Value, Value)> = steps.collect();
    let lines: Vec<String> = play(&steps, nodes, 0).iter().map(daemon_set_line).collect();
    assert_eq!(lines[1..], *expected);
}

fn nodes_rolling(surge: impl Into<Value>, unavailable: impl Into<Value>) -> Value {
    let (surge, unavailable): (Value, Value) = (surge.into(), unavailable.into());
    json!({"updateStrategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}})
}

#[test]
fn a_daemon_set_empties_nodes_before_it_fills_them() {
    let half = nodes_rolling(0, "50%");
    check_daemon_set(
        5,
        &[("one", half.clone()), ("two", half)],
        &[
            "5 r1/Ready | 5/5/5/5/5/0",
            "2 r1/Ready 3 r1/Terminating | 5/5/5/0/5/0",
            "2 r1/Ready 3 r2/Pending | 5/5/2/3/2/3",
            "2 r1/Terminating 3 r2/Ready | 5/5/5/3/5/0",
            "2 r2/Pending 3 r2/Ready | 5/5/3/5/3/2",
            "5 r2/Ready | 5/5/5/5/5/0",
        ],
    );
}

#[test]
fn a_daemon_set_with_surge_fills_nodes_before_it_empties_them() {
    let surge = nodes_rolling("30%", 0);
    check_daemon_set(
        5,
        &[("one", surge.clone()), ("two", surge)],
        &[
            "5 r1/Ready | 5/5/5/5/5/0",
            "3 r1/Ready 2 r1/Ready+r2/Pending | 5/5/5/0/5/0",
            "1 r1/Ready 2 r1/Ready+r2/Pending 2 r1/Terminating+r2/Ready | 5/5/5/0/5/0",
            "1 r1/Ready+r2/Pending 2 r1/Terminating+r2/Ready 2 r2/Ready | 5/5/5/2/5/0",
            "1 r1/Terminating+r2/Ready 4 r2/Ready | 5/5/5/4/5/0",
            "5 r2/Ready | 5/5/5/5/5/0",
        ],
    );
}

#[test]
fn a_broken_daemon_set_is_replaced_at_once() {
    let plain = json!({});
    check_daemon_set(
        2,
        &[("one", plain.clone()), ("bad", plain.clone()), ("three", plain)],
        &[
            "2 r1/Ready | 2/2/2/2/2/0",
            "1 r1/Ready 1 r1/Terminating | 2/2/2/0/2/0",
            "1 r1/Ready 1 r2/Pending | 2/2/1/1/1/1",
            "1 r1/Ready 1 r2/Terminating | 2/2/1/0/1/1",
            "1 r1/Ready 1 r3/Pending | 2/2/1/1/1/1",
            "1 r1/Terminating 1 r3/Ready | 2/2/2/1/2/0",
            "1 r3/Pending 1 r3/Ready | 2/2/1/2/1/1",
            "2 r3/Ready | 2/2/2/2/2/0",
        ],
    );
    let surge = nodes_rolling(1, 0);
    check_daemon_set(
        3,
        &[("one", surge.clone()), ("bad", surge.clone()), ("three", surge)],
        &[
            "3 r1/Ready | 3/3/3/3/3/0",
            "2 r1/Ready 1 r1/Ready+r2/Pending | 3/3/3/0/3/0",
            "2 r1/Ready 1 r1/Ready+r2/Terminating+r3/Pending | 3/3/3/0/3/0",
            "1 r1/Ready 1 r1/Ready+r3/Pending 1 r1/Terminating+r3/Ready | 3/3/3/0/3/0",
            "1 r1/Ready+r3/Pending 1 r1/Terminating+r3/Ready 1 r3/Ready | 3/3/3/1/3/0",
            "1 r1/Terminating+r3/Ready 2 r3/Ready | 3/3/3/2/3/0",
            "3 r3/Ready | 3/3/3/3/3/0",
        ],
    );
}

#[test]
fn nodes_that_are_not_eligible_any_more_use_up_the_budget() {
    let mut moved = object("DaemonSet", "two", &json!({}));
    moved["spec"]["template"]["spec"]["nodeName"] = json!("n1");
    let steps = [(json!(0), object("DaemonSet", "one", &json!({}))), (json!("settled"), moved)];
    let lines: Vec<String> = play(&steps, 4, 0).iter().map(daemon_set_line).collect();
    assert_eq!(
        lines[1..],
        [
            "4 r1/Ready | 4/4/4/4/4/0",
            "1 r1/Ready 3 r1/Terminating | 1/1/1/0/1/0",
            "1 r1/Terminating | 1/1/1/0/1/0",
            "1 r2/Pending | 1/1/0/1/0/1",
            "1 r2/Ready | 1/1/1/1/1/0",
        ]
    );
}
