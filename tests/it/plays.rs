//! What controllers do in small scenarios: the cases of `tests/plays/`, each with all rows of its trace.
//!
//! `SEATRIAL_UPDATE=1` writes the rows anew; they are then to be read and compared with the semantics.

use std::fs;
use std::path::Path;

use seatrial::admission::ApiServer;
use seatrial::plan::{Scenario, simulate};
use serde_json::{Map, Value, json};

/// The manifest that the short form means.
fn manifest(kind: &str, short: &Map<String, Value>) -> Value {
    let rest = |taken: &[&str]| -> Map<String, Value> {
        let fields = short.iter().filter(|(name, _)| !taken.contains(&name.as_str()) && *name != "at");
        fields.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let text = |name: &str, default: &str| short.get(name).and_then(Value::as_str).unwrap_or(default).to_owned();
    let pod = |image: String| json!({"name": "main", "image": image});
    let mut spec;
    let version;
    if kind == "StatefulSet" {
        version = "apps/v1";
        spec = rest(&["image", "partition", "maxUnavailable", "type", "start", "claims", "whenScaled"]);
        let containers = [pod(text("image", "app:1"))];
        let template = json!({"metadata": {"labels": {"app": "s"}}, "spec": {"containers": containers}});
        spec.insert("template".to_owned(), template);
        spec.insert("selector".to_owned(), json!({"matchLabels": {"app": "s"}}));
        let rolling: Map<String, Value> = ["partition", "maxUnavailable"]
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), short.get(*name)?.clone())))
            .collect();
        if !rolling.is_empty() {
            spec.insert("updateStrategy".to_owned(), json!({"type": "RollingUpdate", "rollingUpdate": rolling}));
        } else if let Some(of_type) = short.get("type") {
            spec.insert("updateStrategy".to_owned(), json!({"type": of_type}));
        }
        spec.extend(short.get("start").map(|start| ("ordinals".to_owned(), json!({"start": start}))));
        if let Some(when) = short.get("whenScaled") {
            spec.insert("persistentVolumeClaimRetentionPolicy".to_owned(), json!({"whenScaled": when}));
        }
        let claims = short.get("claims").and_then(Value::as_array).into_iter().flatten().map(|name| {
            let resources = json!({"requests": {"storage": "1Gi"}});
            json!({"metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": resources}})
        });
        spec.insert("volumeClaimTemplates".to_owned(), claims.collect());
    } else {
        version = "batch/v1";
        spec = rest(&["restartPolicy"]);
        let containers = [pod("work:1".to_owned())];
        let template = json!({"spec": {"restartPolicy": text("restartPolicy", "Never"), "containers": containers}});
        if kind == "CronJob" {
            spec.insert("jobTemplate".to_owned(), json!({"spec": {"template": template}}));
        } else {
            spec.insert("template".to_owned(), template);
        }
    }
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": "s"}, "spec": spec})
}

/// Each step of a case changes the one before it.
fn scenario(case: &Value) -> Scenario {
    let mut short = Map::new();
    let mut steps = Vec::new();
    for step in case["steps"].as_array().expect("cases have steps") {
        short.remove("at");
        short.extend(step.as_object().expect("steps are maps").clone());
        let default = if steps.is_empty() { json!(0) } else { json!("settled") };
        let at = short.get("at").cloned().unwrap_or(default);
        steps.push(json!({"at": at, "apply": manifest(case["kind"].as_str().expect("cases have a kind"), &short)}));
    }
    let mut scenario = case["times"].clone();
    scenario["steps"] = steps.into();
    scenario["fail"] = json!({"image": "app:bad"});
    if let Some(gates) = case.get("gates") {
        scenario["featureGates"] = gates.clone();
    }
    serde_json::from_value(scenario).expect("cases are scenarios")
}

fn said(row: &Value) -> String {
    let short = |event: &str| {
        let words: Vec<&str> = event.split(' ').collect();
        match words.as_slice() {
            ["SuccessfulCreate:", "Create", "Claim", claim, ..] => format!("claim {claim}"),
            [_, verb @ ("Create" | "Delete" | "Update"), "Pod", pod, ..] => {
                format!("{} {}", verb.to_lowercase(), pod.rsplit('-').next().unwrap_or_default())
            }
            _ => event.replace("SuccessfulCreate: ", "").replace("SuccessfulDelete: ", ""),
        }
    };
    let said = row["said"].as_array().into_iter().flatten().filter_map(Value::as_str).map(short);
    said.collect::<Vec<_>>().join("; ")
}

fn words(value: &Value) -> String {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

fn pod(pod: &Value) -> String {
    let phase = match pod["phase"].as_str().expect("pods have a phase") {
        "Running" => "W",
        other => &other[..1],
    };
    match (pod["name"].as_str(), &pod["index"]) {
        (Some(name), _) => {
            let ordinal = name.rsplit('-').next().unwrap_or_default();
            format!("{ordinal}:{}{phase}", pod["rev"].as_str().expect("pods have a revision"))
        }
        (None, Value::Null) => phase.to_owned(),
        (None, index) => format!("{index}{phase}"),
    }
}

fn render(row: &Value) -> String {
    let state = &row["state"];
    let list = |name: &str, show: &dyn Fn(&Value) -> String| {
        state[name].as_array().into_iter().flatten().map(show).collect::<Vec<_>>().join(" ")
    };
    let text = |value: &Value| value.as_str().unwrap_or("never").to_owned();
    let time = row["t"].as_f64().or(row["since"].as_f64()).expect("rows have a time");
    let when = format!("{time} {}", words(&row["event"]));
    let pods = list("pods", &pod);
    if let Some(replicas) = state["status"].get("replicas") {
        let count = |name: &str| state["status"][name].as_u64().unwrap_or(0);
        let counts = ["readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"].map(count);
        let counts = counts.map(|count| count.to_string()).join("/");
        let claims = words(&state["pvcs"]);
        let claims = if claims.is_empty() { claims } else { format!("{claims} | ") };
        return format!("{pods} | {replicas}/{counts} | {claims}{}", said(row));
    }
    if state.get("jobs").is_some() {
        let job = |job: &Value| {
            let name = text(&job["name"]);
            format!(
                "{}{}",
                name.rsplit('-').next().unwrap_or_default(),
                text(&job["status"]).replace("Complete", "S").chars().next().unwrap_or_default()
            )
        };
        return format!("{when} | {} | next {} | {}", list("jobs", &job), text(&state["next"]), said(row));
    }
    let condition = |condition: &Value| format!("{}({})", text(&condition["type"]), text(&condition["reason"]));
    format!("{when} | {pods} | {} | {}", list("conditions", &condition), said(row))
}

fn check(name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plays").join(name);
    let text = fs::read_to_string(&file).expect("the cases are in the repository");
    let cases: Value = serde_yaml::from_str(&text).expect("the cases are YAML");
    let (mut wrong, mut written) = (Vec::new(), String::new());
    let server = ApiServer::new("1.36".parse().expect("is supported"));
    let mut texts = text.split_inclusive('\n').peekable();
    for case in cases.as_array().expect("there is a list of cases") {
        let trace = simulate(&scenario(case), &server).expect("the scenario can be played");
        let trace = serde_json::to_value(trace).expect("traces are plain");
        let rows = trace["trace"].as_array().expect("a trace has rows");
        let from = case["from"].as_u64().unwrap_or(0);
        let mut applied = 0;
        let rows = rows.iter().skip_while(|row| {
            applied += u64::from(words(&row["event"]).contains("apply"));
            applied <= from
        });
        let rows: Vec<String> = rows.map(render).collect();
        let recorded: Vec<&str> = case["rows"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let name = &case["name"];
        if rows != recorded {
            wrong.push(format!("{name}\n  {}", rows.join("\n  ")));
        }
        for line in texts.by_ref() {
            if line.trim_end() == "  rows:" || line.trim_end() == "  rows: []" {
                break;
            }
            written += line;
        }
        written += "  rows:\n";
        for row in rows {
            written.extend(["    - ", &json!(row).to_string(), "\n"]);
        }
        while texts.next_if(|line| line.starts_with("    - ")).is_some() {}
    }
    if std::env::var_os("SEATRIAL_UPDATE").is_some() {
        fs::write(&file, written).expect("the repository can be written");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn stateful_sets_go_as_in_the_worked_traces() {
    check("statefulset.yaml");
}

#[test]
fn jobs_go_as_their_policies_say() {
    check("job.yaml");
}

#[test]
fn cron_jobs_start_what_is_due() {
    check("cronjob.yaml");
}
