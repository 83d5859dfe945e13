//! What controllers do in small scenarios: the cases of `tests/plays/`, each with all rows of its trace.
//!
//! `SEATRIAL_UPDATE=1` writes the rows anew; they are then to be read and compared with the semantics.

use std::fs;
use std::path::Path;

use seatrial::admission::ApiServer;
use seatrial::plan::{Scenario, simulate};
use serde_json::{Map, Value, json};

/// The manifest that the short form means: fields of the specification, and a few short words for what lies deeper.
fn manifest(kind: &str, short: &Map<String, Value>) -> Value {
    let field = |name: &str| short.get(name).cloned();
    let some = |names: &[(&str, &str)]| -> Map<String, Value> {
        names.iter().filter_map(|(word, name)| Some(((*name).to_owned(), field(word)?))).collect()
    };
    let taken = [
        "at",
        "image",
        "restartPolicy",
        "nodeSelector",
        "type",
        "surge",
        "unavailable",
        "partition",
        "start",
        "claims",
        "whenScaled",
        "whenDeleted",
        "limit",
    ];
    let rest = short.iter().filter(|(name, _)| !taken.contains(&name.as_str()));
    let mut spec: Map<String, Value> = rest.map(|(name, value)| (name.clone(), value.clone())).collect();
    let image = field("image").unwrap_or_else(|| json!("app:1"));
    let mut pod = some(&[("restartPolicy", "restartPolicy"), ("nodeSelector", "nodeSelector")]);
    pod.insert("containers".to_owned(), json!([{"name": "main", "image": image}]));
    let labels = json!({"app": "s"});
    let rolling = some(&[("surge", "maxSurge"), ("unavailable", "maxUnavailable"), ("partition", "partition")]);
    let mut strategy = some(&[("type", "type")]);
    if !rolling.is_empty() {
        strategy.insert("rollingUpdate".to_owned(), rolling.into());
    }
    let version = match kind {
        "Pod" => return json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "s"}, "spec": pod}),
        "Job" | "CronJob" => "batch/v1",
        _ => "apps/v1",
    };
    if version == "batch/v1" {
        pod.entry("restartPolicy").or_insert_with(|| json!("Never"));
        let template = json!({"spec": pod});
        if kind == "CronJob" {
            let mut job = some(&[("limit", "backoffLimit")]);
            job.insert("template".to_owned(), template);
            spec.insert("jobTemplate".to_owned(), json!({"spec": job}));
        } else {
            spec.insert("template".to_owned(), template);
        }
        return json!({"apiVersion": version, "kind": kind, "metadata": {"name": "s"}, "spec": spec});
    }
    spec.insert("selector".to_owned(), json!({"matchLabels": labels}));
    spec.insert("template".to_owned(), json!({"metadata": {"labels": labels}, "spec": pod}));
    if !strategy.is_empty() {
        let name = if kind == "Deployment" { "strategy" } else { "updateStrategy" };
        spec.insert(name.to_owned(), strategy.into());
    }
    spec.extend(field("start").map(|start| ("ordinals".to_owned(), json!({"start": start}))));
    let retention = some(&[("whenScaled", "whenScaled"), ("whenDeleted", "whenDeleted")]);
    if !retention.is_empty() {
        spec.insert("persistentVolumeClaimRetentionPolicy".to_owned(), retention.into());
    }
    let claims = field("claims");
    let claims: Vec<Value> = claims.iter().filter_map(Value::as_array).flatten().map(claim).collect();
    if !claims.is_empty() {
        spec.insert("volumeClaimTemplates".to_owned(), claims.into());
    }
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": "s"}, "spec": spec})
}

fn claim(name: &Value) -> Value {
    let resources = json!({"requests": {"storage": "1Gi"}});
    json!({"metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": resources}})
}

/// Each step of a case changes the one before it.
fn scenario(case: &Value) -> Scenario {
    let mut short = Map::new();
    let mut steps = Vec::new();
    for step in case["steps"].as_array().expect("cases have steps") {
        short.remove("at");
        short.extend(step.as_object().expect("steps are maps").clone());
        short.retain(|_, value| !value.is_null());
        let default = if steps.is_empty() { json!(0) } else { json!("settled") };
        let at = short.get("at").cloned().unwrap_or(default);
        steps.push(json!({"at": at, "apply": manifest(case["kind"].as_str().expect("cases have a kind"), &short)}));
    }
    let mut scenario = case["times"].clone();
    scenario["steps"] = steps.into();
    scenario["fail"] = json!({"image": "app:bad"});
    if let Some(nodes) = case["nodes"].as_u64() {
        scenario["nodes"] = (1..=nodes).map(|node| json!({"name": format!("n{node}")})).collect();
    }
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
            ["ScalingReplicaSet:", "Scaled", _, "replica", "set", set, "from", from, "to", to] => {
                format!("{} {from}→{to}", set.rsplit('-').next().unwrap_or_default())
            }
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

/// How many pods there are, and how many more are being deleted.
fn live_and_leaving(pods: &Value) -> (i64, i64) {
    let pods = pods.as_object().expect("is a map").iter();
    pods.fold((0, 0), |(live, leaving), (name, count)| {
        let count = count.as_i64().unwrap_or_default();
        if name.ends_with("Terminating") { (live, leaving + count) } else { (live + count, leaving) }
    })
}

fn render(row: &Value) -> String {
    let state = &row["state"];
    let list = |name: &str, show: &dyn Fn(&Value) -> String| {
        state[name].as_array().into_iter().flatten().map(show).collect::<Vec<_>>().join(" ")
    };
    let text = |value: &Value| value.as_str().unwrap_or("never").to_owned();
    let time = row["t"].as_f64().or(row["since"].as_f64()).expect("rows have a time");
    let when = format!("{time} {}", words(&row["event"]));
    if let Some(causes) = row["verdict"]["causes"].as_array() {
        let causes = causes.iter().map(|cause| format!("{}({})", text(&cause["field"]), text(&cause["reason"])));
        return format!("{when} | {}", causes.collect::<Vec<_>>().join(" "));
    }
    let counts = |of: &Value, names: &[&str]| {
        let counts = names.iter().map(|name| of[name].as_i64().unwrap_or_default().to_string());
        counts.collect::<Vec<_>>().join("/")
    };
    if state.get("replicaSets").is_some() {
        let set = |set: &Value| {
            let sizes = counts(set, &["spec", "replicas", "ready", "available"]);
            format!("{}#{} {sizes}", text(&set["rev"]), text(&set["revision"]))
        };
        let names = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"];
        let status = counts(&state["status"], &names);
        let conditions = (text(&state["conditions"][0]["status"]), text(&state["conditions"][1]["reason"]));
        let (live, leaving) = live_and_leaving(&state["pods"]);
        let sets = list("replicaSets", &set);
        return format!(
            "{when} | {sets} | {live}+{leaving} | {status} | {} {} | {}",
            conditions.0,
            conditions.1,
            said(row)
        );
    }
    if let Some(nodes) = state["nodes"].as_object() {
        let nodes: Vec<String> = nodes.iter().map(|(pods, count)| format!("{count} {pods}")).collect();
        let names = [
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "numberReady",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberUnavailable",
        ];
        return format!("{when} | {} | {}", nodes.join(", "), counts(&state["status"], &names));
    }
    if let Some(pods) = state["pods"].as_object() {
        let pods: Vec<String> = pods.iter().map(|(pods, count)| format!("{count} {pods}")).collect();
        let status = counts(&state["status"], &["replicas", "readyReplicas", "availableReplicas"]);
        return format!("{when} | {} | {status}", pods.join(", "));
    }
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
    let conditions = list("conditions", &condition);
    // While timers run nothing is shown of it.
    let status = state.get("status").map_or_else(String::new, |status| {
        let indexes = ["completedIndexes", "failedIndexes"].map(|name| status[name].as_str().unwrap_or_default());
        let indexes = if indexes.concat().is_empty() { String::new() } else { format!(" {}", indexes.join("/")) };
        let names = ["active", "ready", "terminating", "succeeded", "failed"];
        format!("{}{indexes} | ", counts(status, &names))
    });
    format!("{when} | {pods} | {status}{conditions} | {}", said(row))
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
fn deployments_go_as_in_the_worked_traces() {
    check("deployment.yaml");
}

#[test]
fn daemon_sets_go_as_in_the_worked_traces() {
    check("daemonset.yaml");
}

#[test]
fn pods_and_replica_sets_on_their_own_have_no_rollout() {
    check("bare.yaml");
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
