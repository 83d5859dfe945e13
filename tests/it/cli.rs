//! The command as people and scripts use it.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Output, Stdio};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::snapshot;

pub(crate) const GOOD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  mode: fast\n";
pub(crate) const BAD: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  mode: fast\n  mode: slow\n";
/// What seatrial says of `BAD`, after the file's name.
const FOUND: &str = ":7:3: error: ";
/// An example that gives one warning and nothing else.
const RISKY: &str = "rules/deprecated-api/bad.yaml";

pub(crate) fn seatrial() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    for variable in ["GITHUB_ACTIONS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "FORCE_COLOR"] {
        command.env_remove(variable);
    }
    command
}

/// A folder with these files; names may hold slashes.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, text) in files {
        write(folder.path(), name, text.as_bytes());
    }
    folder
}

pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("inside")).expect("folders can be made");
    fs::write(path, bytes).expect("files can be written");
}

/// Runs `seatrial lint --format concise` with these arguments in a folder.
pub(crate) fn lint(folder: &Path, args: &[&str]) -> Ran {
    Ran::of(seatrial().current_dir(folder).args(["lint", "--format", "concise"]).args(args))
}

/// What a run gave, as text.
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::from(command.output().expect("the command runs"))
    }

    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        Self { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    pub(crate) fn is(&self, status: i32) -> &Self {
        assert_eq!(self.status, Some(status), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// The files of the findings, in their order.
    pub(crate) fn files(&self) -> Vec<&str> {
        self.out.lines().filter_map(|line| Some(line.split_once(':')?.0)).collect()
    }

    /// As a snapshot shows it.
    pub(crate) fn shown(&self) -> String {
        let status = self.status.map_or("killed".to_owned(), |status| status.to_string());
        format!("status: {status}\n--- stdout\n{}--- stderr\n{}", self.out, self.err)
    }
}

#[test]
fn the_exit_status_says_whether_something_was_found() {
    let folder = folder(&[("good.yaml", GOOD), ("bad.yaml", BAD)]);
    lint(folder.path(), &["good.yaml"]).is(0);
    assert!(lint(folder.path(), &["bad.yaml"]).is(1).out.starts_with(&format!("bad.yaml{FOUND}")));
    lint(folder.path(), &["bad.yaml", "--fail-on", "never"]).is(0);
    lint(folder.path(), &["bad.yaml", "--ignore", "duplicate-key"]).is(0);
    assert_eq!(lint(folder.path(), &["bad.yaml", "--ignore", "refused"]).is(0).out, "");
}

#[test]
fn fail_on_sets_the_threshold() {
    lint(Path::new("."), &[RISKY]).is(0);
    assert_eq!(lint(Path::new("."), &[RISKY]).files(), [RISKY]);
    lint(Path::new("."), &[RISKY, "--fail-on", "error"]).is(0);
    lint(Path::new("."), &[RISKY, "--fail-on", "warning"]).is(1);
    lint(Path::new("."), &[RISKY, "--fail-on", "info"]).is(1);
    lint(Path::new("."), &[RISKY, "--fail-on", "sometimes"]).is(2);
}

#[test]
fn a_missing_file_is_a_failure_and_the_others_are_judged() {
    let folder = folder(&[("bad.yaml", BAD)]);
    let ran = lint(folder.path(), &["nowhere.yaml", "bad.yaml"]);
    snapshot::check("cli", "missing-file", &ran.is(2).shown());
}

#[test]
fn unknown_names_are_failures_that_say_what_was_meant() {
    for flag in ["--select", "--ignore"] {
        let ran = lint(Path::new("."), &[RISKY, flag, "duplicate-keys"]);
        assert!(ran.is(2).err.contains("write `duplicate-key`"), "{}", ran.err);
        assert_eq!(ran.out, "");
    }
    let ran = Ran::of(seatrial().args(["explain", "duplicate-keys"]));
    assert!(ran.is(2).err.contains("write `duplicate-key`"), "{}", ran.err);
    lint(Path::new("."), &["--format", "yaml"]).is(2);
    lint(Path::new("."), &["--no-such-flag"]).is(2);
    Ran::of(&mut seatrial()).is(2);
}

#[test]
fn standard_input_is_read_and_named() {
    let run = |args: &[&str], text: &str| {
        Ran::of(seatrial().args(["lint", "--format", "concise"]).args(args).write_stdin(text))
    };
    assert_eq!(run(&["-"], BAD).is(1).files(), ["<stdin>"]);
    assert_eq!(run(&["-", "-"], BAD).is(1).files(), ["<stdin>"]);
    assert_eq!(run(&["-", "--stdin-filename", "rendered.yaml"], BAD).is(1).files(), ["rendered.yaml"]);
    assert_eq!(run(&["-"], GOOD).is(0).out, "");
    assert_eq!(run(&["-"], "a: [\n").is(1).files(), ["<stdin>"]);
    run(&["-"], "").is(0);
}

#[test]
fn a_closed_pipe_is_not_a_failure() {
    let entries = (0..5000).map(|at| format!("  key-{at}: a\n  key-{at}: b\n")).collect::<Vec<_>>().concat();
    let folder = folder(&[(
        "many.yaml",
        &format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: many\ndata:\n{entries}"),
    )]);
    for format in ["text", "concise", "github", "json"] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_seatrial"))
            .current_dir(folder.path())
            .args(["lint", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command runs");
        let mut reader = child.stdout.take().expect("it is piped");
        reader.read_exact(&mut [0; 1]).expect("something is written");
        drop(reader);
        let ran = Ran::from(child.wait_with_output().expect("the command ends"));
        assert_eq!(ran.is(1).err, "", "{format}");
    }
}

#[test]
fn names_are_as_given_and_come_in_order() {
    let folder = folder(&[("b/z.yaml", BAD), ("b/a.yml", BAD), ("a.json", "{\"kind\":1,\"kind\":2}"), ("c.txt", BAD)]);
    let here = folder.path();
    assert_eq!(lint(here, &[]).is(1).files()[..1], ["a.json"]);
    assert_eq!(lint(here, &["."]).files(), lint(here, &[]).files());
    assert_eq!(lint(here, &["b"]).files(), ["b/a.yml", "b/z.yaml"]);
    assert_eq!(lint(here, &["./b/"]).files(), ["b/a.yml", "b/z.yaml"]);
    assert_eq!(lint(here, &["./b/z.yaml", "b", "c.txt"]).files(), ["b/z.yaml", "b/a.yml", "c.txt"]);
    assert_eq!(lint(&here.join("b"), &["../c.txt"]).files(), ["../c.txt"]);
    let absolute = here.join("c.txt").display().to_string();
    assert_eq!(lint(here, &[&absolute]).files(), [absolute.as_str()]);
}

#[test]
fn ignored_and_hidden_files_are_not_read_unless_named() {
    let folder = folder(&[
        (".gitignore", "out/\n"),
        (".ignore", "old.yaml\n"),
        ("out/a.yaml", BAD),
        ("old.yaml", BAD),
        (".hidden/a.yaml", BAD),
        ("new.yaml", BAD),
    ]);
    let here = folder.path();
    assert_eq!(lint(here, &[]).files(), ["new.yaml"]);
    assert_eq!(lint(here, &["--no-ignore"]).files(), ["new.yaml", "old.yaml", "out/a.yaml"]);
    assert_eq!(lint(here, &["out/a.yaml", "old.yaml"]).files(), ["out/a.yaml", "old.yaml"]);
    assert_eq!(lint(here, &[".hidden"]).files(), [".hidden/a.yaml"]);
}

#[cfg(unix)]
#[test]
fn symbolic_links_make_no_loop_and_no_double() {
    use std::os::unix::fs::symlink;
    let folder = folder(&[("a/bad.yaml", BAD)]);
    let here = folder.path();
    let outside = self::folder(&[("bad.yaml", BAD)]);
    symlink(here, here.join("a/loop")).expect("links can be made");
    symlink(here.join("a/bad.yaml"), here.join("again.yaml")).expect("links can be made");
    symlink(outside.path().join("bad.yaml"), here.join("other.yaml")).expect("links can be made");
    symlink("nowhere", here.join("dangling.yaml")).expect("links can be made");
    assert_eq!(lint(here, &[]).is(1).files(), ["a/bad.yaml", "other.yaml"]);
    lint(here, &["dangling.yaml"]).is(2);
}

#[test]
fn templates_and_patches_are_skipped_with_a_note() {
    let folder = folder(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("chart/values.yaml", "kind: x\nreplicas: 1\n"),
        ("chart/templates/web/a.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: \"{{ .Release.Name }}\"\n"),
        ("chart/templates/b.yaml", "{{- if .Values.on }}\nkind: Service\n{{- end }}\n"),
        ("chart/templates/plain.yaml", BAD),
        (
            "base/kustomization.yaml",
            "resources: [web.yaml]\npatches:\n  - path: patches/env.yaml\n  - patch: |-\n      - op: remove\n",
        ),
        ("base/web.yaml", BAD),
        ("base/patches/env.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  name: settings\n"),
        ("alone.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ name }}\n"),
        ("workflow.yaml", "name: Argo\nsteps:\n  - run: \"{{x}}\"\n"),
        ("docker-compose.yml", "services:\n  web:\n    image: nginx\n"),
    ]);
    let here = folder.path();
    let ran = lint(here, &[]);
    assert_eq!(ran.files(), ["base/web.yaml", "chart/templates/plain.yaml"]);
    snapshot::check("cli", "skipped", &ran.is(1).err);
    assert_eq!(lint(here, &["--quiet"]).is(1).err, "");
    // A tool that hands over single files finds the same.
    let named = [
        "chart/templates/b.yaml",
        "chart/Chart.yaml",
        "base/patches/env.yaml",
        "alone.yaml",
        "base/kustomization.yaml",
    ];
    assert_eq!(lint(here, &named).is(0).out, "");
    // The chart has a name to render it by wherever one stands.
    assert!(
        lint(&here.join("chart/templates"), &["b.yaml"])
            .err
            .contains(&format!("helm template {}", here.join("chart").display()))
    );
    assert!(lint(&here.join("chart"), &["templates"]).err.contains("helm template . |"));
}

#[test]
fn actions_in_quotes_are_text() {
    let text = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  name: a\nspec:\n  x: \"{{inputs.x}}\"\n  x: 1\n";
    let folder = folder(&[("workflow.yaml", text)]);
    assert_eq!(lint(folder.path(), &[]).is(1).files(), ["workflow.yaml"]);
}

#[test]
fn an_empty_folder_is_said() {
    let folder = folder(&[("docs/readme.md", "kind: x\n")]);
    snapshot::check("cli", "empty-folder", &lint(folder.path(), &["docs"]).is(0).shown());
}

#[test]
fn bytes_that_are_no_text_have_a_place() {
    let folder = folder(&[("good.yaml", GOOD)]);
    let here = folder.path();
    write(here, "latin.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: caf\xe9\n");
    write(here, "utf16.yaml", b"\xff\xfek\0i\0n\0d\0:\0 \0P\0o\0d\0\n\0");
    write(here, "zip.yaml", b"PK\x03\x04\0\0kind: Pod");
    let ran = lint(here, &[]);
    assert_eq!(ran.is(1).files(), ["latin.yaml", "utf16.yaml"]);
    snapshot::check("cli", "bytes", &format!("{}{}", ran.out, ran.err));
    assert!(lint(here, &["zip.yaml"]).is(1).out.starts_with("zip.yaml:1:1: error: "));
}

#[test]
fn ordinary_oddities_are_read() {
    let folder = folder(&[
        ("bom.yaml", &format!("\u{feff}{GOOD}")),
        ("crlf.yaml", &GOOD.replace('\n', "\r\n")),
        ("comments.yaml", "# kind: Pod\n# nothing here\n"),
        ("empty.yaml", ""),
        ("separators.yaml", "---\n---\n# kind: Pod\n---\n"),
        ("unfinished.yaml", GOOD.trim_end()),
    ]);
    assert_eq!(lint(folder.path(), &[]).is(0).out, "");
    let folder = self::folder(&[("bom.yaml", &format!("\u{feff}{BAD}")), ("crlf.yaml", &BAD.replace('\n', "\r\n"))]);
    let ran = lint(folder.path(), &[]);
    assert!(ran.out.lines().all(|line| line.contains(FOUND)), "{}", ran.out);
    assert_eq!(ran.files(), ["bom.yaml", "crlf.yaml"]);
}

#[test]
fn bombs_are_findings() {
    let mut bomb = String::from("kind: ConfigMap\nb0: &b0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let aliases = vec![format!("*b{}", level - 1); 10].join(", ");
        writeln!(bomb, "b{level}: &b{level} [{aliases}]").expect("text takes everything");
    }
    let deep = format!("kind: ConfigMap\na: {}{}\n", "[".repeat(50_000), "]".repeat(50_000));
    let tall = (0..3000).map(|depth| " ".repeat(depth) + "a:\n").collect::<Vec<_>>().concat();
    let json = format!("{{\"kind\": {}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    let folder = folder(&[
        ("bomb.yaml", &bomb),
        ("deep.yaml", &deep),
        ("deep.json", &json),
        ("tall.yaml", &format!("kind: x\n{tall}")),
    ]);
    for name in ["bomb.yaml", "deep.yaml", "deep.json", "tall.yaml"] {
        let ran = lint(folder.path(), &[name]);
        assert!(matches!(ran.status, Some(0 | 1)), "{name}: {:?} {}", ran.status, ran.err);
    }
    assert_eq!(lint(folder.path(), &["bomb.yaml"]).is(1).files(), ["bomb.yaml"]);
}

#[test]
fn two_thousand_files_are_read_in_order() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for at in 0..2000 {
        write(folder.path(), &format!("{:02}/{at:04}.yaml", at % 40), if at % 2 == 0 { BAD } else { GOOD }.as_bytes());
    }
    let ran = lint(folder.path(), &[]);
    let files = ran.is(1).files();
    assert_eq!(files.len(), 1000);
    assert!(files.is_sorted());
    assert_eq!(lint(folder.path(), &[]).out, ran.out);
}

#[test]
fn the_nearest_configuration_holds_unless_told_otherwise() {
    let folder = folder(&[
        ("seatrial.toml", "ignore = [\"duplicate-key\"]\nexclude = [\"vendor/\"]\n"),
        ("other.yaml", "fail-on: never\n"),
        ("deploy/bad.yaml", BAD),
        ("vendor/bad.yaml", "kind: [\n"),
    ]);
    let here = folder.path();
    lint(here, &[]).is(0);
    lint(&here.join("deploy"), &["bad.yaml"]).is(0);
    // pre-commit names every file, so what is excluded stays so when it is named.
    lint(here, &["vendor/bad.yaml"]).is(0);
    assert_eq!(lint(here, &["--no-config"]).is(1).files(), ["deploy/bad.yaml", "vendor/bad.yaml"]);
    assert_eq!(lint(here, &["--config", "other.yaml"]).is(0).files(), ["deploy/bad.yaml", "vendor/bad.yaml"]);
    assert_eq!(lint(here, &["--select", "duplicate-key"]).is(1).files(), ["deploy/bad.yaml"]);
    lint(here, &["--config", "nowhere.toml"]).is(2);
    lint(here, &["--config", "other.yaml", "--no-config"]).is(2);
}

#[test]
fn a_wrong_configuration_is_a_failure_with_a_place() {
    let folder = folder(&[("seatrial.toml", "ignore = []\nslect = [\"advice\"]\n"), ("bad.yaml", BAD)]);
    let ran = lint(folder.path(), &[]);
    assert!(ran.is(2).err.contains("seatrial.toml:2:1"), "{}", ran.err);
    assert_eq!(ran.out, "");
}

#[test]
fn versions_are_judged_together_and_unknown_ones_refused() {
    let ran = lint(
        Path::new("."),
        &["rules/removed-api", "--kubernetes-version", "1.33,1.34", "--kubernetes-version", "v1.36.2"],
    );
    assert!(ran.is(1).out.contains("[removed-api]"), "{}", ran.out);
    let ran = lint(Path::new("."), &[RISKY, "--kubernetes-version", "1.5"]);
    snapshot::check("cli", "unknown-version", &ran.is(2).shown());
}

#[test]
fn custom_resources_are_judged_by_definitions_from_elsewhere() {
    const DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: boats.example.com
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Boat, plural: boats, singular: boat}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                masts: {type: integer}
";
    let boat = "apiVersion: example.com/v1\nkind: Boat\nmetadata:\n  name: a\nspec:\n  masts: three\n";
    let folder = folder(&[("boat.yaml", boat), (".gitignore", "crds\n"), ("crds/boats.yaml", DEFINITION)]);
    let ran = lint(folder.path(), &["boat.yaml"]);
    assert!(ran.is(0).err.starts_with("note: 1 object of kinds that are not known"), "{}", ran.err);
    let ran = lint(folder.path(), &["boat.yaml", "--crds", "crds"]);
    assert!(ran.is(1).out.starts_with("boat.yaml:6:10: error: "), "{}", ran.out);
    lint(folder.path(), &["boat.yaml", "--crds", "nowhere"]).is(2);
}

#[test]
fn in_a_github_workflow_findings_are_annotations() {
    let ran = Ran::of(seatrial().env("GITHUB_ACTIONS", "true").args(["lint", RISKY]));
    assert!(ran.is(0).out.starts_with("::warning "), "{}", ran.out);
    let ran = Ran::of(seatrial().env("GITHUB_ACTIONS", "true").args(["lint", RISKY, "--format", "concise"]));
    assert_eq!(ran.is(0).files(), [RISKY]);
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let colored = |args: &[&str], variable: Option<&str>| {
        let mut command = seatrial();
        command.args(["lint", "--format", "text", RISKY]).args(args);
        if let Some(variable) = variable {
            command.env(variable, "1");
        }
        Ran::of(&mut command).is(0).out.contains('\x1b')
    };
    assert!(!colored(&[], None));
    assert!(colored(&["--color", "always"], None));
    assert!(colored(&["--color", "always"], Some("NO_COLOR")));
    assert!(colored(&[], Some("CLICOLOR_FORCE")));
    assert!(!colored(&["--color", "never"], Some("CLICOLOR_FORCE")));
}

#[test]
fn json_is_one_value_with_a_version() {
    let ran = Ran::of(seatrial().args(["lint", "--format", "json", RISKY]));
    let value: serde_json::Value = serde_json::from_str(&ran.is(0).out).expect("it is JSON");
    assert_eq!(value["version"], 1);
    assert_eq!(value["findings"][0]["file"], RISKY);
}

#[test]
fn rules_are_explained_and_listed() {
    snapshot::check("cli", "explain", &Ran::of(seatrial().args(["explain", "duplicate-key"])).is(0).shown());
    let list = Ran::of(seatrial().arg("rules"));
    let ids: Vec<&str> = list.is(0).out.lines().filter_map(|line| line.split(' ').next()).collect();
    let known: Vec<&str> = seatrial::rules::rules().iter().map(|rule| rule.id).collect();
    assert_eq!(ids, known);
    let ran = Ran::of(seatrial().args(["rules", "--format", "json"]));
    let value: Vec<serde_json::Value> = serde_json::from_str(&ran.is(0).out).expect("it is a list");
    assert_eq!(value.len(), known.len());
    let ran = Ran::of(seatrial().args(["explain", "duplicate-key", "--format", "json"]));
    let value: serde_json::Value = serde_json::from_str(&ran.is(0).out).expect("it is JSON");
    assert_eq!((&value["id"], &value["group"]), (&"duplicate-key".into(), &"refused".into()));
}

#[test]
fn help_and_version_are_data() {
    snapshot::check("cli", "help", &Ran::of(seatrial().arg("--help")).is(0).shown());
    snapshot::check("cli", "help-lint", &Ran::of(seatrial().args(["lint", "--help"])).is(0).shown());
    assert!(Ran::of(seatrial().arg("--version")).is(0).out.starts_with("seatrial "));
}

/// A Service and a Secret that runs, and what is to replace them.
const OLD: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: shop}\ntype: Opaque\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: other, namespace: shop}\ntype: Opaque\n";
const NEW: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\ntype: example.com/key\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: new}\ntype: example.com/key\n";

#[test]
fn objects_are_judged_as_updates_of_what_runs() {
    let folder = folder(&[("old.yaml", OLD), ("new.yaml", NEW)]);
    let ran = lint(folder.path(), &["new.yaml"]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(0), ""), "two new Secrets are fine");
    let ran = lint(folder.path(), &["--old", "old.yaml", "new.yaml"]);
    assert_eq!(ran.status, Some(1), "{}", ran.err);
    assert!(ran.out.starts_with("new.yaml:4:7: error: "), "{}", ran.out);
    assert!(ran.out.trim_end().ends_with("[immutable-field]"), "{}", ran.out);
    assert_eq!(ran.out.lines().count(), 1, "only what runs already is an update: {}", ran.out);
    let ran = lint(folder.path(), &["--old", "gone.yaml", "new.yaml"]);
    assert_eq!(ran.status, Some(2), "the old side must be there: {}", ran.err);
    assert!(ran.err.contains("gone.yaml"), "{}", ran.err);
}

#[test]
fn the_stored_object_is_shown_without_the_values_of_secrets() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {password: hunter2}\n";
    let folder = folder(&[
        ("secret.yaml", secret),
        ("custom.yaml", "apiVersion: example.com/v1\nkind: Shop\nspec: {open: true}\n"),
    ]);
    let show =
        |args: &[&str]| Ran::of(seatrial().current_dir(folder.path()).args(["lint", "--show-defaults"]).args(args));
    let ran = show(&["secret.yaml", "custom.yaml"]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert_eq!(
        ran.out,
        "apiVersion: v1\ndata:\n  password: '***'\nkind: Secret\nmetadata:\n  name: key\ntype: Opaque\n\
         ---\napiVersion: example.com/v1\nkind: Shop\nspec:\n  open: true\n"
    );
    // However its kind is spelt, and whatever it stands in.
    let inner = "kind: Secret, metadata: {name: a, password: hunter2}, data: {a: hunter2}, stringdata: {a: hunter2}";
    for text in [
        secret.replace("v1", "v2"),
        secret.replace("kind: Secret", "kind: secret"),
        secret.replace("apiVersion: v1\n", ""),
        format!("apiVersion: v1\nkind: List\nitems:\n- {{{inner}}}\n"),
        format!("apiVersion: template.openshift.io/v1\nkind: Template\nobjects:\n- {{{inner}}}\n"),
        format!("apiVersion: example.com/v1\nkind: Object\nspec: {{manifest: {{{inner}}}}}\n"),
    ] {
        write(folder.path(), "other.yaml", text.as_bytes());
        for format in ["text", "json"] {
            let ran = show(&["--format", format, "other.yaml"]);
            assert!(!ran.out.contains("hunter") && ran.out.contains("***"), "{text}\n{}", ran.out);
        }
    }
    let ran = show(&["--format", "json", "secret.yaml"]);
    let list: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(list["items"][0]["type"], "Opaque");
    write(folder.path(), "broken.yaml", b"a: [\n");
    let ran = show(&["broken.yaml", "secret.yaml"]);
    assert_eq!(ran.status, Some(1));
    assert!(ran.err.starts_with("broken.yaml:"), "{}", ran.err);
    assert!(ran.out.contains("password"), "what can be read is shown: {}", ran.out);
}

#[test]
fn the_configuration_describes_the_api_server() {
    let wrong = "[api-server]\nservice-node-port-range = \"30000\"\n";
    let folder = folder(&[("good.yaml", GOOD), ("seatrial.toml", wrong)]);
    let ran = lint(folder.path(), &["good.yaml"]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.err.contains("`30000` is no range of ports"), "{}", ran.err);
    write(folder.path(), "seatrial.toml", b"[api-server.feature-gates]\nPodLevelResource = true\n");
    let ran = lint(folder.path(), &["good.yaml"]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.err.contains("write `PodLevelResources`"), "{}", ran.err);
    let right =
        b"[api-server]\nservice-node-port-range = \"20000-22000\"\nfeature-gates = {PodLevelResources = false}\n";
    write(folder.path(), "seatrial.toml", right);
    let ran = lint(folder.path(), &["good.yaml"]);
    assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
}

#[test]
fn every_gate_that_a_verdict_depends_on_can_be_set() {
    let autoscaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  minReplicas: 0\n  \
                      maxReplicas: 3\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  metrics:\n    - \
                      type: External\n      external: {metric: {name: queue}, target: {type: Value, value: 3}}\n";
    let folder = folder(&[("web.yaml", autoscaler)]);
    lint(folder.path(), &["."]).is(1);
    write(folder.path(), "seatrial.toml", b"[api-server]\nfeature-gates = {HPAScaleToZero = true}\n");
    lint(folder.path(), &["."]).is(0);
}

#[test]
fn what_is_no_object_is_found_where_it_was_named() {
    let values = "image: web\nreplicas: 3\n";
    let folder = folder(&[("values.yaml", values), ("base/kustomization.yaml", "resources: []\n"), ("web.yaml", GOOD)]);
    let found = ":1:1: error: the object has no `apiVersion` and no `kind`";
    lint(folder.path(), &["."]).is(0);
    let named = lint(folder.path(), &["values.yaml", "base/kustomization.yaml", "web.yaml"]);
    named.is(1);
    assert!(named.out.starts_with(&format!("values.yaml{found}")), "{}", named.out);
    assert_eq!(named.out.lines().count(), 1, "{}", named.out);
    let mut command = seatrial();
    let piped =
        Ran::of(command.current_dir(folder.path()).args(["lint", "--format", "concise", "-"]).write_stdin(values));
    piped.is(1);
    assert!(piped.out.starts_with(&format!("<stdin>{found}")), "{}", piped.out);
}
