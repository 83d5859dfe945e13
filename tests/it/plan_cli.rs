//! `seatrial plan` and `seatrial simulate` as people and scripts use them.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const OLD: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 10
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example/web:1
          envFrom: [{configMapRef: {name: settings}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {mode: fast}
";

fn folder(new: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("old.yaml"), OLD).expect("files can be written");
    fs::write(folder.path().join("new.yaml"), new).expect("files can be written");
    folder
}

/// Exit status and output of `seatrial` with these arguments in a folder.
pub(crate) fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_seatrial")).current_dir(folder).args(args).output().expect("the command runs");
    (output.status.code(), String::from_utf8(output.stdout).expect("output is text"))
}

fn json(folder: &Path) -> (Option<i32>, Value) {
    let (status, out) = run(folder, &["plan", "old.yaml", "new.yaml", "--format", "json"]);
    (status, serde_json::from_str(&out).expect("output is JSON"))
}

#[test]
fn a_new_image_rolls_within_its_bounds() {
    let folder = folder(&OLD.replace("web:1", "web:2"));
    let (status, plan) = json(folder.path());
    assert_eq!(status, Some(0));
    let web = &plan["objects"][0];
    assert_eq!((web["id"].as_str(), web["action"].as_str()), (Some("apps/Deployment/shop/web"), Some("roll")));
    assert_eq!(web["changes"][0]["name"], "spec.template.spec.containers[web].image");
    assert_eq!(web["changes"][0]["source"]["line"], 12);
    let bounds = &web["bounds"];
    assert_eq!((&bounds["desired"], &bounds["minAvailable"], &bounds["maxPods"]), (&10.into(), &8.into(), &13.into()));
    let parks = &web["onFailure"]["parks"];
    assert_eq!((&parks[0]["pods"], &parks[1]["pods"]), (&8.into(), &5.into()), "a rollout that gets stuck: {parks}");
    assert_eq!(plan["objects"][1]["action"], "none");
}

#[test]
fn a_selector_cannot_change_and_the_exit_status_says_so() {
    let folder = folder(&OLD.replace("app: web", "app: shop"));
    let (status, plan) = json(folder.path());
    assert_eq!(status, Some(1));
    let web = &plan["objects"][0];
    assert_eq!(web["action"], "rejected");
    assert_eq!(
        (&web["rejections"][0]["field"], &web["rejections"][0]["immutable"]),
        (&"spec.selector".into(), &true.into())
    );
}

#[test]
fn data_changes_without_restarts_and_the_readers_are_named() {
    let folder = folder(&OLD.replace("fast", "slow"));
    let (status, plan) = json(folder.path());
    assert_eq!(status, Some(0));
    let settings = &plan["objects"][1];
    assert_eq!(settings["action"], "update");
    let note = settings["notes"][0].as_str().expect("there is a note");
    assert!(note.starts_with("Deployment shop/web reads it; no pod restarts"), "{note}");
}

#[test]
fn gates_fail_the_run_and_formats_say_the_same_again() {
    let folder = folder(&OLD.replace("web:1", "web:2"));
    let plan = |args: &[&str]| run(folder.path(), &[&["plan", "old.yaml", "new.yaml"], args].concat());
    assert_eq!(plan(&["--gate", "availability >= 80%"]).0, Some(0));
    assert_eq!(plan(&["--gate", "availability >= 90%"]).0, Some(1));
    assert_eq!(plan(&["--gate", "web: peak <= 12"]).0, Some(1));
    assert_eq!(plan(&["--gate", "fast"]).0, Some(2));
    for format in ["text", "json", "markdown"] {
        assert_eq!(plan(&["--format", format]), plan(&["--format", format]), "{format}");
    }
    let (_, markdown) = plan(&["--format", "markdown", "--max-size", "600"]);
    assert!(markdown.len() <= 600 && markdown.contains("Lowest availability 8/10"), "{markdown}");
}

#[test]
fn standard_input_is_one_side_at_most() {
    let folder = folder(OLD);
    let fed = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
        let output = command.current_dir(folder.path()).args(args).write_stdin(OLD).output().expect("the command runs");
        (output.status.code(), String::from_utf8(output.stderr).expect("output is text"))
    };
    for args in [
        &["plan", "-", "-"][..],
        &["plan", "--live", "-", "-"],
        &["plan", "old.yaml", "-", "--crds", "-"],
        &["lint", "--old", "-", "-"],
    ] {
        let (status, err) = fed(args);
        assert_eq!(status, Some(2), "{args:?}: {err}");
        assert!(err.contains("read once only") && err.contains("<(kubectl kustomize base)"), "{err}");
    }
    assert_eq!(fed(&["plan", "old.yaml", "-"]).0, Some(0));
    assert_eq!(fed(&["plan", "-", "old.yaml"]).0, Some(0));
    assert_eq!(fed(&["plan", "--base", "HEAD", "-"]).0, Some(2));
}

#[test]
fn without_a_side_there_is_no_plan() {
    let folder = folder(OLD);
    for args in [["nowhere.yaml", "new.yaml"], ["old.yaml", "nowhere.yaml"]] {
        let (status, out) = run(folder.path(), &["plan", args[0], args[1]]);
        assert_eq!((status, out.as_str()), (Some(2), ""));
    }
}

#[test]
fn a_scenario_is_played_in_the_form_of_the_recordings() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let manifest = OLD.split("---").next().expect("the Deployment");
    let manifest: Value = serde_yaml::from_str(manifest).expect("is YAML");
    let scenario = serde_json::json!({"name": "web", "startup": 5, "steps": [{"at": 0, "apply": manifest}]});
    fs::write(folder.path().join("scenario.json"), scenario.to_string()).expect("files can be written");
    let (status, out) = run(folder.path(), &["simulate", "--format", "json", "scenario.json"]);
    let trace: Value = serde_json::from_str(&out).expect("output is JSON");
    assert_eq!(status, Some(0));
    assert_eq!(trace["trace"][0]["event"], serde_json::json!(["apply:accept"]));
    assert_eq!(trace["trace"][1]["state"]["pods"], serde_json::json!({"r1/Ready": 10}));
    let (_, text) = run(folder.path(), &["simulate", "scenario.json"]);
    assert!(text.starts_with("web\n"), "{text}");
}

#[test]
fn the_configuration_says_what_is_assumed_and_must_hold() {
    let folder = folder(&OLD.replace("web:1", "web:2"));
    let configure = |text: &str| fs::write(folder.path().join("seatrial.toml"), text).expect("files can be written");
    configure("[plan]\nassume = ['startup=7s']\ngates = ['availability >= 90%']\napply-with = 'helm'\n");
    let (status, plan) = json(folder.path());
    assert_eq!(status, Some(1), "the gate of the configuration fails");
    assert_eq!(plan["objects"][0]["kind"], Value::Null);
    // Helm applies a ConfigMap before a Deployment.
    let ids: Vec<&str> =
        plan["objects"].as_array().expect("is a list").iter().filter_map(|it| it["id"].as_str()).collect();
    assert_eq!(ids, ["v1/ConfigMap/shop/settings", "apps/Deployment/shop/web"]);
    assert_eq!(plan["objects"][1]["timing"]["ready"], serde_json::json!({"min": 7.0, "max": 7.0}));
    assert_eq!(run(folder.path(), &["plan", "old.yaml", "new.yaml", "--no-config"]).0, Some(0));
    configure("[plan]\nassume = [\n  'startup=7s',\n  'startup=soon',\n]\n");
    let output = Command::new(env!("CARGO_BIN_EXE_seatrial"))
        .current_dir(folder.path())
        .args(["plan", "old.yaml", "new.yaml"])
        .output()
        .expect("the command runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(error.contains("seatrial.toml:4") && error.contains("startup=soon"), "{error}");
}

#[test]
fn a_workflow_gets_annotations_and_a_summary() {
    let folder = folder(&OLD.replace("web:1", "web:2"));
    let summary = folder.path().join("summary.md");
    let output = Command::new(env!("CARGO_BIN_EXE_seatrial"))
        .current_dir(folder.path())
        .args(["plan", "old.yaml", "new.yaml", "--format", "github"])
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output()
        .expect("the command runs");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.starts_with("::notice file=new.yaml,line=1,title=Deployment shop/web::"), "{out}");
    let summary = fs::read_to_string(summary).expect("the summary is written");
    assert!(summary.contains("### Rollout plan") && summary.contains("8/10"), "{summary}");
}

#[test]
fn long_rollouts_are_folded_unless_all_steps_are_wanted() {
    let (old, new) = ("tests/plans/statefulset-long/old.yaml", "tests/plans/statefulset-long/new.yaml");
    let lines = |args: &[&str]| {
        run(Path::new(env!("CARGO_MANIFEST_DIR")), &[&["plan", old, new], args].concat()).1.lines().count()
    };
    assert!(lines(&[]) < 50);
    assert_eq!(lines(&["--steps", "all"]) - lines(&[]), 52, "a row for each of 53 steps, and no fold");
}

/// The findings of a plan: the rule, its group and the line.
fn findings(plan: &Value) -> Vec<(&str, &str, u64)> {
    let list = plan["findings"].as_array().expect("there is a list");
    list.iter()
        .filter_map(|it| Some((it["rule"].as_str()?, it["group"].as_str()?, it["range"]["start"]["line"].as_u64()?)))
        .collect()
}

#[test]
fn what_the_rules_find_in_a_rollout_is_in_every_format() {
    let recreated =
        OLD.replace("  replicas: 10\n", "  replicas: 10\n  strategy: {type: Recreate, rollingUpdate: null}\n");
    let folder = folder(&recreated.replace("web:1", "web:2"));
    let (status, plan) = json(folder.path());
    assert_eq!(findings(&plan), [("rollout-drops-to-zero", "risky", 6)]);
    assert_eq!(status, Some(0), "a risk does not fail the run");
    for (format, expected) in [
        ("text", "⚠ rollout-drops-to-zero   new.yaml:6"),
        ("markdown", "- ⚠ **rollout-drops-to-zero**: no pod"),
        ("github", "::warning file=new.yaml,line=6,title=rollout-drops-to-zero::no pod"),
    ] {
        let (_, out) = run(folder.path(), &["plan", "old.yaml", "new.yaml", "--format", format]);
        assert!(out.contains(expected), "{out}");
    }
    fs::write(folder.path().join("seatrial.toml"), "[severity]\nrollout-drops-to-zero = \"error\"\n")
        .expect("files can be written");
    assert_eq!(json(folder.path()).0, Some(1), "unless the configuration says so");
}

#[test]
fn a_rollout_that_cannot_end_fails_the_run() {
    let claim = "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop}\n\
                 spec: {accessModes: [ReadWriteOncePod], resources: {requests: {storage: 1Gi}}}\n";
    let mounts = "          volumeMounts: [{name: data, mountPath: /data}]\n      \
                  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]\n";
    let new = OLD.replace("replicas: 10", "replicas: 1").replace("---\n", &format!("{mounts}---\n")) + claim;
    let (status, plan) = json(folder(&new).path());
    assert_eq!((status, findings(&plan)), (Some(1), vec![("rollout-stalls", "broken", 15)]));
}

#[test]
fn rules_about_rollouts_obey_comments_and_say_nothing_of_what_stays() {
    let paused = OLD.replace("  replicas: 10\n", "  replicas: 10\n  paused: true\n");
    let same = folder(OLD);
    fs::write(same.path().join("old.yaml"), &paused).expect("files can be written");
    fs::write(same.path().join("new.yaml"), &paused).expect("files can be written");
    assert_eq!(findings(&json(same.path()).1), []);
    let changed = folder(&paused.replace("web:1", "web:2"));
    assert_eq!(findings(&json(changed.path()).1), [("paused-keeps-old", "risky", 6)]);
    let allowed = folder(&paused.replace("paused: true", "paused: true # seatrial: allow[paused-keeps-old]"));
    assert_eq!(findings(&json(allowed.path()).1), []);
    // Nothing is paused here, and with the next change something may be: the comment may stay.
    let idle = folder(&OLD.replace("replicas: 10", "replicas: 10 # seatrial: allow[paused-keeps-old]"));
    let (_, out) = run(idle.path(), &["lint", "new.yaml", "--format", "concise"]);
    assert!(!out.contains("unused-suppression"), "{out}");
}

#[test]
fn pods_that_an_autoscaler_chose_are_scaled_back_by_a_manifest_that_counts_them() {
    let folder = folder(OLD);
    let plan = |args: &[&str]| -> Value {
        let args =
            [&["plan", "old.yaml", "new.yaml", "--format", "json", "--assume", "replicas/web=18"], args].concat();
        serde_json::from_str(&run(folder.path(), &args).1).expect("output is JSON")
    };
    let web = &plan(&[])["objects"][0];
    assert_eq!(
        (&web["action"], &web["bounds"]["before"], &web["bounds"]["desired"]),
        (&"scale".into(), &18.into(), &10.into())
    );
    assert_eq!((&web["changes"][0]["old"], &web["changes"][0]["new"]), (&18.into(), &10.into()));
    // Left out of both sides, the number is the autoscaler's business; taken out, it falls to the default once.
    let without = OLD.replace("  replicas: 10\n", "");
    fs::write(folder.path().join("new.yaml"), &without).expect("files can be written");
    assert_eq!(plan(&[])["objects"][0]["changes"][0]["new"], 1);
    fs::write(folder.path().join("old.yaml"), &without).expect("files can be written");
    assert_eq!(plan(&[])["objects"][0]["action"], "none");
}

/// What a plan may not show stands behind `hunter`, and what it must show is `shown`.
#[test]
fn passwords_are_in_no_format_of_a_plan() {
    let secret = |kind: &str, value: &str| {
        format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: key}}\nstringData: {{password: {value}}}\n")
    };
    let template = |value: &str| {
        let inner = secret("Secret", value).replace('\n', "\n  ");
        format!("apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {{name: t}}\nobjects:\n- {inner}\n")
    };
    let env = |value: &str| {
        OLD.replace("          envFrom", &format!("          env: [{{name: DB_PASSWORD, value: {value}}}, {{name: PORT, value: shown{value}}}]\n          envFrom").replace("shownhunter", "shown"))
    };
    let args = |value: &str| {
        OLD.replace(
            "          envFrom",
            &format!("          args: [--password={value}, --token, {value}, --user={value}]\n          envFrom")
                .replace("--user=hunter", "--user=shown"),
        )
    };
    for (old, new, shows) in [
        (secret("secret", "hunter1"), secret("secret", "hunter2"), "password"),
        (secret("Secret", "hunter1"), secret("Secret", "hunter2"), "password"),
        (template("hunter1"), template("hunter2"), "objects"),
        (template("hunter1"), template("hunter2").replace("objects:", "objects:\n- {kind: ConfigMap}"), "objects"),
        (env("hunter1"), env("hunter2"), "shown2"),
        (OLD.to_owned(), env("hunter2"), "shown2"),
        (args("hunter1"), args("hunter2"), "shown2"),
        (args("hunter1"), args("hunter2").replace("--user=", "--verbose, --user="), "shown2"),
        (
            env("hunter1").replace("apps/v1\nkind: Deployment", "example.com/v1\nkind: Shop"),
            env("hunter2").replace("apps/v1\nkind: Deployment", "example.com/v1\nkind: Shop"),
            "shown2",
        ),
    ] {
        let folder = folder(&new);
        fs::write(folder.path().join("old.yaml"), &old).expect("files can be written");
        for format in ["text", "json", "markdown", "github"] {
            let (_, out) = run(folder.path(), &["plan", "old.yaml", "new.yaml", "--format", format]);
            assert!(!out.contains("hunter"), "{new}\n{out}");
            assert!(out.contains(shows) || format == "github", "{new}\n{out}");
        }
    }
}
