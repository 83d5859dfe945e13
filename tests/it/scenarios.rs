//! Scenarios that tests write, and what becomes of them; every one that is played here keeps all promises.

use seatrial::admission::ApiServer;
use seatrial::plan::{Scenario, simulate};
use serde_json::{Value, json};

use crate::promises;

/// A workload called `web` whose pods run one image.
pub(crate) fn object(kind: &str, image: &str, spec: &Value) -> Value {
    let labels = json!({"app": "web"});
    let mut pod = json!({"containers": [{"name": "main", "image": image}]});
    let metadata = json!({"name": "web"});
    let (version, mut own) = match kind {
        "Pod" => return json!({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": pod}),
        "Job" | "CronJob" => {
            pod["restartPolicy"] = json!("Never");
            let template = json!({"template": {"spec": pod}});
            ("batch/v1", if kind == "CronJob" { json!({"jobTemplate": {"spec": template}}) } else { template })
        }
        _ => {
            let template = json!({"metadata": {"labels": labels}, "spec": pod});
            ("apps/v1", json!({"selector": {"matchLabels": labels}, "template": template}))
        }
    };
    for (name, value) in spec.as_object().into_iter().flatten() {
        own[name] = value.clone();
    }
    json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": own})
}

/// The steps of a scenario.
pub(crate) fn steps(steps: impl IntoIterator<Item = (Value, Value)>) -> Value {
    steps.into_iter().map(|(at, apply)| json!({"at": at, "apply": apply})).collect()
}

/// The nodes `n0`, `n1` ….
pub(crate) fn nodes(count: usize) -> Value {
    (0..count).map(|node| json!({"name": format!("n{node}")})).collect()
}

/// All rows of a scenario that can be played.
pub(crate) fn play(scenario: &Value) -> Vec<Value> {
    let parsed: Scenario = serde_json::from_value(scenario.clone()).expect("the scenario is of the form");
    let trace = simulate(&parsed, &ApiServer::default()).expect("the scenario can be played");
    let Value::Object(mut trace) = serde_json::to_value(trace).expect("traces are plain") else { return Vec::new() };
    let Some(Value::Array(rows)) = trace.remove("trace") else { return Vec::new() };
    if let Some(broken) = promises::broken(scenario, &rows) {
        panic!("{broken}\n{scenario}");
    }
    rows
}

/// The states of a trace, for each step on its own.
pub(crate) fn parts(rows: &[Value]) -> Vec<Vec<&Value>> {
    let mut parts: Vec<Vec<&Value>> = Vec::new();
    for row in rows {
        if row["event"] == json!(["apply:accept"]) {
            parts.push(Vec::new());
        }
        parts.last_mut().expect("begins with a step").push(&row["state"]);
    }
    parts
}

pub(crate) fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_default()
}
