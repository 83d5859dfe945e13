//! `seatrial simulate` as people and scripts use it.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scenarios::{object, steps};

const YAML: &str = "\
name: web
startup: 5
steps:
  - at: 0
    apply:
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec:
        replicas: 2
        selector: {matchLabels: {app: web}}
        template:
          metadata: {labels: {app: web}}
          spec: {containers: [{name: main, image: one}]}
";

/// What came of it: the status, the output, and the complaints.
struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
}

fn simulate(folder: &Path, args: &[&str], stdin: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    let command = command.current_dir(folder).env("NO_COLOR", "1").arg("simulate").args(args).write_stdin(stdin);
    let output = command.output().expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is text");
    Ran { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("files can be written");
    }
    folder
}

/// What is said about a file that cannot be played, on one line.
fn complaint(text: &str) -> String {
    let folder = folder(&[("wrong.yaml", text)]);
    let ran = simulate(folder.path(), &["wrong.yaml"], "");
    assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
    assert!(ran.err.contains("wrong.yaml"), "{}", ran.err);
    ran.err.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn yaml_json_and_standard_input_give_the_same() {
    let json = serde_yaml::from_str::<Value>(YAML).expect("is YAML");
    let recorded = json!({"scenario": json, "trace": []}).to_string();
    let pretty = format!("{json:#}");
    let folder =
        folder(&[("a.yaml", YAML), ("b.json", &json.to_string()), ("c.json", &pretty), ("d.jsonl", &recorded)]);
    let from = |name: &str, stdin: &str| simulate(folder.path(), &[name, "--format", "json"], stdin);
    let ran = from("a.yaml", "");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let trace: Value = serde_json::from_str(&ran.out).expect("output is JSON");
    assert_eq!(trace["trace"][1]["state"]["pods"], json!({"r1/Ready": 2}));
    assert_eq!(trace["trace"][1]["t"], json!(5.0));
    for (name, stdin) in [("b.json", ""), ("c.json", ""), ("d.jsonl", ""), ("-", YAML), ("-", &pretty)] {
        assert_eq!(from(name, stdin).out, ran.out, "{name}");
    }
}

#[test]
fn text_is_a_line_for_each_instant() {
    let ran = simulate(Path::new("."), &["-"], YAML);
    let lines = [
        "web",
        "     0.0 s  apply:accept      r1/Pending 2",
        "            ScalingReplicaSet: Scaled up replica set web-r1 from 0 to 2",
        "     5.0 s  ready:2           r1/Ready 2",
    ];
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), lines);
    let broken = YAML.replace("startup: 5", "fail: {image: one}");
    let ran = simulate(Path::new("."), &["-"], &broken);
    assert_eq!(ran.out.lines().last(), Some("            at the end 2 pods are not Ready"));
    let cron_job = object("CronJob", "one", &json!({"schedule": "* * * * *"}));
    let scenario = json!({"steps": steps([(json!(0), cron_job)]), "horizon": 70, "start": "2026-01-01T00:00:30Z"});
    let ran = simulate(Path::new("."), &["-"], &scenario.to_string());
    assert!(
        ran.out.contains("    30.1 s  timer             web-29453761 Running  next 2026-01-01T00:02:00Z"),
        "{}",
        ran.out
    );
}

#[test]
fn several_scenarios_come_in_order_from_files_documents_and_lines() {
    let named = |name: &str| YAML.replace("name: web\nstartup", &format!("name: {name}\nstartup"));
    let line = |name: &str| serde_yaml::from_str::<Value>(&named(name)).expect("is YAML").to_string();
    let documents = format!("{}---\n{}", named("one"), named("two"));
    let lines = format!("{}\n\n{}\n", line("three"), line("four"));
    let folder = folder(&[("documents.yaml", &documents), ("lines.jsonl", &lines)]);
    let ran = simulate(folder.path(), &["documents.yaml", "lines.jsonl"], "");
    let titles: Vec<&str> = ran.out.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!((ran.status, titles), (Some(0), vec!["one", "two", "three", "four"]));
    let ran = simulate(folder.path(), &["documents.yaml", "lines.jsonl", "--format", "json"], "");
    assert_eq!(ran.out.lines().filter(|line| line.starts_with("{\"trace\":[{")).count(), 4);
}

#[test]
fn one_that_cannot_be_played_does_not_hide_the_others() {
    let folder = folder(&[("right.yaml", YAML), ("wrong.yaml", "steps: 3\n")]);
    let ran = simulate(folder.path(), &["missing.yaml", "wrong.yaml", "right.yaml"], "");
    assert_eq!(ran.status, Some(2));
    assert!(ran.out.starts_with("web\n"), "{}", ran.out);
    assert!(ran.err.contains("missing.yaml") && ran.err.contains("`steps` must be a list"), "{}", ran.err);
}

#[test]
fn mistakes_have_a_file_a_line_and_a_way_out() {
    let check = |text: &str, parts: &[&str]| {
        let said = complaint(text);
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    };
    check(&YAML.replace("startup", "startupp"), &["line 2: unknown field `startupp`; write `startup`"]);
    check(&YAML.replace("at: 0", "att: 0"), &["line 4: unknown field `att`"]);
    check(&YAML.replace("at: 0", "at: later"), &["line 4: `at` must be a number of seconds, or `settled`"]);
    check(&YAML.replace("startup: 5", "startup: five"), &["line 2: `startup` must be a number"]);
    check(&YAML.replace("startup: 5", "startup: -5"), &["`startup` is -5; write a number of seconds, zero or more"]);
    check(&YAML.replace("startup: 5", "start: noon"), &["line 1: `noon` is no instant; write it as"]);
    check(&YAML.replace("steps:", "steps: []\nnodes:"), &["line 6: unknown field `apply` here"]);
    check("name: web\n", &["`steps` is missing"]);
    check("steps: []\n", &["the scenario has no steps; apply something"]);
    check("", &["there is no scenario in it"]);
    check("# nothing\n", &["there is no scenario in it"]);
    check("- 1\n", &["line 1: `the scenario` must be a map"]);
    check("a: [\n", &["line 1: this `[` is never closed"]);
    check(&YAML.replace("steps:\n  - at: 0\n    apply:\n", "more:\n"), &["line 3: unknown field `more`"]);
    let manifest = object("Deployment", "one", &Value::Null).to_string();
    check(&manifest, &["line 1: this is a manifest; write it into a scenario"]);
    check(&YAML.replace("Deployment", "Service"), &["`apps/v1 Service` is no workload", "StatefulSet"]);
    let twice =
        format!("{YAML}{}", YAML.split_once("steps:\n").expect("has steps").1.replace("name: web", "name: shop"));
    check(&twice, &["step 2 applies another object than the first"]);
    check(&YAML.replace("replicas: 2", "replicas: 2000000000"), &["step 1 asks for 2000000000 pods"]);
    let nothing = YAML.split_once("    apply:").expect("applies").0.to_owned() + "    apply: 3\n";
    check(&nothing, &["step 1 applies something that is no object"]);
}

#[test]
fn a_folder_is_no_scenario() {
    let ran = simulate(folder(&[]).path(), &["."], "");
    assert_eq!(ran.status, Some(2));
    assert!(ran.err.contains("`.` is a folder") && ran.err.contains("help: name its files"), "{}", ran.err);
}

#[test]
fn what_the_server_refuses_is_part_of_the_trace() {
    for (good, bad, said) in [
        ("app: web}}\n        t", "app: shop}}\n        t", "the selector wants `app=shop`"),
        ("replicas: 2", "replcas: 2", "unknown field `replcas`"),
        ("replicas: 2", "replicas: -2", "spec.replicas"),
        ("replicas: 2", "replicas: two", "spec.replicas"),
    ] {
        let ran = simulate(Path::new("."), &["-"], &YAML.replace(good, bad));
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        assert!(ran.out.contains("apply:reject") && ran.out.contains(said), "{}", ran.out);
    }
}

#[test]
fn gates_and_versions_change_what_happens() {
    let set = |image: &str| {
        let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}});
        object("StatefulSet", image, &json!({"replicas": 4, "updateStrategy": rolling}))
    };
    let all = steps([(json!(0), set("one")), (json!("settled"), set("two"))]);
    let deleted = |scenario: &Value, version: &str| {
        let args = ["-", "--kubernetes-version", version, "--format", "json"];
        let trace: Value =
            serde_json::from_str(&simulate(Path::new("."), &args, &scenario.to_string()).out).expect("JSON");
        let rows = trace["trace"].as_array().cloned().unwrap_or_default();
        let second = rows.iter().rposition(|row| row["event"][0] == "apply:accept").expect("has applied");
        rows[second]["said"].as_array().map_or(0, Vec::len)
    };
    let mut scenario = json!({"steps": all});
    assert_eq!((deleted(&scenario, "1.36"), deleted(&scenario, "1.37")), (1, 2));
    scenario["featureGates"] = json!({"MaxUnavailableStatefulSet": true});
    assert_eq!(deleted(&scenario, "1.36"), 2);
    let ran = simulate(Path::new("."), &["-", "--kubernetes-version", "1.99"], YAML);
    assert_eq!(ran.status, Some(2));
}
