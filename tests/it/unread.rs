//! What cannot be read or decoded is neither a deletion nor a creation: `plan` names it in every format, exits with status
//! 1, and no gate holds that depends on it.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: fast}\n";
const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:1'}]}
";

fn folder(old: &str, new: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, text) in [("old.yaml", old), ("new.yaml", new)] {
        fs::write(folder.path().join(name), text).expect("files can be written");
    }
    folder
}

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    let output = command.current_dir(folder).args(["plan", "old.yaml", "new.yaml"]).args(args).output();
    let output = output.expect("the command runs");
    (output.status.code(), String::from_utf8(output.stdout).expect("output is text"))
}

/// Expects what happens to each object, as `action id`, of a plan that exits with status 1.
fn check(old: &str, new: &str, expected: &[&str]) {
    let folder = folder(old, new);
    for applier in ["kubectl", "helm", "argocd", "flux", "kapp"] {
        let (status, out) = run(folder.path(), &["--format", "json", "--apply-with", applier]);
        assert_eq!(status, Some(1), "{out}");
        let plan: Value = serde_json::from_str(&out).expect("output is JSON");
        let objects = plan["objects"].as_array().expect("there are objects").iter();
        let text = |value: &Value| value.as_str().expect("it is text").to_owned();
        let mut found: Vec<String> =
            objects.map(|object| format!("{} {}", text(&object["action"]), text(&object["id"]))).collect();
        found.sort();
        assert_eq!(found, expected, "{applier}: {new}");
    }
}

#[test]
fn a_manifest_that_is_no_yaml_is_rejected_and_deletes_nothing() {
    let broken = CONFIG_MAP.replace("settings}", "settings");
    check(CONFIG_MAP, &broken, &["rejected v1/ConfigMap/settings"]);
    let both = format!("{DEPLOYMENT}---\n{CONFIG_MAP}");
    let rolls = format!("{}---\n{broken}", DEPLOYMENT.replace("web:1", "web:2"));
    check(&both, &rolls, &["rejected v1/ConfigMap/settings", "roll apps/Deployment/web"]);
    // Nothing but its name tells that the old object may be in there.
    check(
        CONFIG_MAP,
        &broken.replace("kind: ", "kind "),
        &["rejected ?/Document/new.yaml:2", "unknown v1/ConfigMap/settings"],
    );
}

#[test]
fn what_is_gone_for_certain_goes() {
    let broken = "apiVersion: v1\nkind: Service\nmetadata: {name: other\n";
    check(CONFIG_MAP, broken, &["delete v1/ConfigMap/settings", "rejected v1/Service/other"]);
}

#[test]
fn an_object_that_cannot_be_identified_deletes_nothing() {
    let cases =
        [("apiVersion: v1", "apiVersion: v7"), ("kind: ConfigMap\n", ""), ("kind: ConfigMap", "kind: ConfigMpa")];
    for (from, to) in cases {
        let folder = folder(CONFIG_MAP, &CONFIG_MAP.replace(from, to));
        let (status, out) = run(folder.path(), &["--format", "json"]);
        let plan: Value = serde_json::from_str(&out).expect("output is JSON");
        assert_eq!(status, Some(1), "{to}");
        assert_eq!(plan["summary"]["actions"]["delete"], Value::Null, "{to}: {plan:#}");
    }
    let nameless = CONFIG_MAP.replace("{name: settings}", "{nmae: settings}");
    check(CONFIG_MAP, &nameless, &["rejected v1/ConfigMap/", "unknown v1/ConfigMap/settings"]);
}

#[test]
fn what_an_unreadable_old_side_holds_is_not_known() {
    let broken = CONFIG_MAP.replace("settings}", "settings");
    check(&broken, CONFIG_MAP, &["unknown v1/ConfigMap/settings"]);
    check(&broken, DEPLOYMENT, &["create apps/Deployment/web", "unknown v1/ConfigMap/settings"]);
}

#[test]
fn a_key_that_stands_twice_is_rejected_as_lint_rejects_it() {
    check(CONFIG_MAP, &CONFIG_MAP.replace("\ndata:", "\ndata: {}\ndata:"), &["rejected v1/ConfigMap/settings"]);
}

#[test]
fn every_format_names_it_and_no_gate_holds() {
    let folder = folder(CONFIG_MAP, &CONFIG_MAP.replace("settings}", "settings"));
    for format in ["text", "markdown", "github", "json"] {
        for gate in ["rejected == 0", "rejected <= 5", "delete == 0", "settings: rejected >= 1", "availability >= 1%"] {
            let (status, out) = run(folder.path(), &["--format", format, "--gate", gate]);
            assert_eq!(status, Some(1), "{format}");
            for words in ["settings", "new.yaml", "never closed", "what cannot be read"] {
                assert!(out.contains(words), "{format} does not say `{words}`:\n{out}");
            }
            assert!(!out.contains("goes"), "{out}");
        }
        let (_, out) = run(folder.path(), &["--format", format, "--gate", "web: rejected == 0"]);
        assert!(!out.contains("what cannot be read"), "the gate is about another object: {out}");
    }
}

#[test]
fn no_value_of_an_unreadable_secret_is_shown() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {key: hunter2}\n";
    let folder = folder(secret, &secret.replace("hunter2}", "hunter2"));
    for format in ["text", "markdown", "github", "json"] {
        let (status, out) = run(folder.path(), &["--format", format]);
        assert_eq!((status, out.contains("hunter2")), (Some(1), false), "{out}");
    }
}

/// `rollingUpdate` that the server filled in stays under server-side apply, and the client of `kubectl apply` drops it.
#[test]
fn an_update_is_judged_as_its_tool_sends_it() {
    let recreate = DEPLOYMENT.replace("spec:\n  sel", "spec:\n  strategy: {type: Recreate}\n  sel");
    let folder = folder(DEPLOYMENT, &recreate);
    for (applier, status, words) in
        [("kubectl", Some(0), "spec.strategy.type"), ("flux", Some(1), "write `rollingUpdate: null` beside it")]
    {
        let (found, out) = run(folder.path(), &["--apply-with", applier]);
        assert_eq!(found, status, "{out}");
        assert!(out.contains(words), "{out}");
    }
}

/// Standard error of a command in the folder.
fn said(folder: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_seatrial")).current_dir(folder).args(args).output();
    String::from_utf8(output.expect("the command runs").stderr).expect("output is text")
}

#[test]
fn lint_says_what_it_could_not_read_of_the_old_side() {
    let folder = folder(&CONFIG_MAP.replace("settings}", "settings"), CONFIG_MAP);
    let lint = ["lint", "--no-config", "--old", "old.yaml", "new.yaml"];
    let note = "1 old document cannot be read, so objects that it may hold are judged as new ones: old.yaml:1";
    assert!(said(folder.path(), &lint).contains(note), "{}", said(folder.path(), &lint));
    fs::write(folder.path().join("old.yaml"), CONFIG_MAP).expect("files can be written");
    assert!(!said(folder.path(), &lint).contains("old document"));
}

#[test]
fn what_is_left_out_is_said_of_both_sides() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for side in ["old", "new"] {
        let inside = folder.path().join(side);
        fs::create_dir(&inside).expect("folders can be made");
        fs::write(inside.join("a.yaml"), CONFIG_MAP).expect("files can be written");
        fs::write(inside.join("b.yaml"), "{{ if .x }}\na: b\n{{ end }}\n").expect("files can be written");
    }
    let skipped = "1 file skipped, whose template actions keep them from being YAML";
    for args in [&["plan", "--no-config", "old", "new"][..], &["lint", "--no-config", "--old", "old", "new"]] {
        let said = said(folder.path(), args);
        assert!(said.contains(&format!("old side: {skipped}: old/b.yaml")), "{said}");
        assert!(said.contains(&format!("note: {skipped}: new/b.yaml")), "{said}");
    }
}
