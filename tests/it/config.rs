//! The configuration: where it is found, what it may say, and that mistakes in it have a place.

use std::fs;
use std::path::Path;

use seatrial::config::{Config, ConfigError, FailOn, Level, load, parse};
use seatrial::lint::{Settings, lint};
use seatrial::source::Sources;
use seatrial::version::KubernetesVersion;

use crate::snapshot;

const TOML: &str = r#"
kubernetes-version = "1.36"
select = ["advice"]
ignore = ["text-after-document"]
exclude = ["charts/**"]
crds = ["crds"]
fail-on = "warning"

[severity]
duplicate-key = "info"
invalid-yaml = "off"

[[ignore-in]]
path = "legacy/"
rules = ["probe-port-undeclared"]
reason = "goes away next year"
"#;

const YAML: &str = "
kubernetes-version: [\"1.36\"]
select: [advice]
ignore: [text-after-document]
exclude:
  - charts/**
crds: [crds]
fail-on: warning
severity:
  duplicate-key: info
  invalid-yaml: off
ignore-in:
  - path: [legacy/]
    rules: [probe-port-undeclared]
    reason: goes away next year
";

fn check(name: &str, text: &str, expected: &[&str]) {
    let result = parse(Path::new(name), text).map(drop);
    let found: Vec<String> = match result {
        Ok(()) => Vec::new(),
        Err(ConfigError::Invalid(first)) => {
            let help = |help: &Option<String>| help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
            std::iter::once(&*first).chain(&first.more).map(|one| format!("{one}{}", help(&one.help))).collect()
        }
        Err(other) => vec![other.to_string()],
    };
    assert_eq!(found, expected, "{text}");
}

#[test]
fn toml_and_yaml_say_the_same() {
    for (name, text) in [("seatrial.toml", TOML), ("seatrial.yaml", YAML)] {
        let config = parse(Path::new(name), text).expect("the configuration is right");
        let Config { kubernetes_version, select, ignore, severity, exclude, crds, fail_on, ignore_in, .. } = config;
        assert_eq!(kubernetes_version, ["1.36".parse().expect("it is supported")]);
        assert_eq!(select, ["advice"]);
        assert_eq!(ignore, ["text-after-document"]);
        assert_eq!(exclude, ["charts/**"]);
        assert_eq!(crds, [Path::new("crds")]);
        assert_eq!(fail_on, FailOn::Warning);
        assert_eq!(severity["duplicate-key"], Level::Info);
        assert_eq!(severity["invalid-yaml"], Level::Off);
        assert_eq!(ignore_in[0].rules, ["probe-port-undeclared"]);
        assert_eq!(ignore_in[0].reason.as_deref(), Some("goes away next year"));
    }
}

#[test]
fn an_empty_configuration_is_the_default() {
    for name in ["seatrial.toml", "seatrial.yaml"] {
        check(name, "# nothing yet\n", &[]);
    }
}

#[test]
fn mistakes_have_a_line_and_a_column_in_both_formats() {
    check("c.toml", "\nselct = []\n", &["c.toml:2:1: unknown key `selct` (write `select`)"]);
    check("c.yaml", "\nselct: []\n", &["c.yaml:2:1: unknown key `selct` (write `select`)"]);
    let number = "`kubernetes-version` must be a text or a list (put it in quotes)";
    check("c.toml", "kubernetes-version = 1.30\n", &[&format!("c.toml:1:22: {number}")]);
    check("c.yaml", "kubernetes-version: 1.30\n", &[&format!("c.yaml:1:21: {number}")]);
    let level = "`fail-on` must be one of `error`, `warning`, `info`, `never`";
    check("c.toml", "fail-on = \"warn\"", &[&format!("c.toml:1:11: {level}")]);
    check("c.yaml", "fail-on: errors", &[&format!("c.yaml:1:10: {level} (write `error`)")]);
    check("c.toml", "select = [1]", &["c.toml:1:11: `select` must be a text (put it in quotes)"]);
    check("c.toml", "a = \nb = 1", &["c.toml:1:5: string values must be quoted, expected literal string"]);
    check("c.yaml", "select: [a", &["c.yaml:1:9: this `[` is never closed"]);
    let newest = KubernetesVersion::NEWEST;
    let version = format!("`1.2` is not a Kubernetes version that seatrial knows, which are 1.33 to {newest}");
    check("c.toml", "kubernetes-version = [\"1.36\", \"1.2\"]\n", &[&format!("c.toml:1:31: {version}")]);
    check("c.yaml", "{}\n---\n{}\n", &["c.yaml:3:1: a configuration is one document, not several"]);
}

#[test]
fn entries_of_lists_have_their_own_places() {
    let text = "[[ignore-in]]\npath = \"a\"\nrules = [\"invalid-yaml\"]\n\n[[ignore-in]]\npaths = \"b\"\nrules = []\n";
    check("c.toml", text, &["c.toml:5:1: `path` is missing", "c.toml:6:1: unknown key `paths` (write `path`)"]);
    check(
        "c.yaml",
        "exclude:\n  - ok\n  - 'a{b'\n",
        &[
            "c.yaml:3:5: `a{b` is no glob: error parsing glob 'a{b': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)",
        ],
    );
}

#[test]
fn names_of_unknown_rules_are_mistakes() {
    let text =
        "select = [\"advise\"]\n[severity]\nduplicate-keys = \"off\"\n[[ignore-in]]\npath = \"a\"\nrules = [\"xyz\"]\n";
    check(
        "c.toml",
        text,
        &[
            "c.toml:1:11: there is no rule or group `advise` (write `advice`)",
            "c.toml:3:1: there is no rule or group `duplicate-keys` (write `duplicate-key`)",
            "c.toml:6:10: there is no rule or group `xyz` (see `seatrial rules` for all of them)",
        ],
    );
}

#[test]
fn the_nearest_configuration_holds_up_to_the_root_of_the_repository() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inner = folder.path().join("repository/deploy/web");
    fs::create_dir_all(&inner).expect("folders can be made");
    fs::write(folder.path().join("seatrial.toml"), "").expect("files can be written");
    fs::create_dir(folder.path().join("repository/.git")).expect("folders can be made");
    assert!(load(&inner).expect("nothing is wrong").is_none(), "above the repository");
    fs::write(folder.path().join("repository/.seatrial.yaml"), "").expect("files can be written");
    let found = load(&inner).expect("nothing is wrong").expect("it is found");
    assert_eq!(found.file, folder.path().join("repository/.seatrial.yaml"));
    assert_eq!(found.root, folder.path().join("repository"));
    fs::write(folder.path().join("repository/seatrial.toml"), "").expect("files can be written");
    assert!(matches!(load(&inner), Err(ConfigError::Ambiguous { .. })));
}

#[test]
fn rules_are_silent_in_the_files_that_the_configuration_names() {
    let mut config = parse(
        Path::new("/work/seatrial.toml"),
        "[[ignore-in]]\npath = [\"/legacy/\", \"!legacy/new.yaml\"]\nrules = [\"duplicate-key\"]\n",
    )
    .expect("the configuration is right");
    let mut settings = Settings::from_config(&config);
    settings.working_directory = "/work/deploy".into();
    let mut sources = Sources::default();
    for name in
        ["a.yaml", "../legacy/a.yaml", "../legacy/new.yaml", "/work/legacy/b/c.yaml", "legacy/a.yaml", "<stdin>"]
    {
        sources.add(name, "a: 1\na: 1\n");
    }
    let found = |settings: &Settings| -> Vec<String> {
        let findings = lint(&sources, settings).findings;
        findings.iter().map(|finding| sources.get(finding.primary.place.file).name.clone()).collect()
    };
    assert_eq!(found(&settings), ["a.yaml", "../legacy/new.yaml", "legacy/a.yaml", "<stdin>"]);
    config.ignore_in.clear();
    let settings = Settings::from_config(&config);
    assert_eq!(found(&settings).len(), 6);
}

#[test]
fn severities_and_switches_obey_the_nearer_name() {
    let mut sources = Sources::default();
    sources.add("a.yaml", "a: 1\na: 1\n...\nb: 2\n");
    let found = |text: &str, change: &dyn Fn(&mut Settings)| -> Vec<String> {
        let config = parse(Path::new("seatrial.toml"), text).expect("the configuration is right");
        let mut settings = Settings::from_config(&config);
        change(&mut settings);
        let findings = lint(&sources, &settings).findings;
        findings.iter().map(|finding| format!("{} {}", finding.severity, finding.rule)).collect()
    };
    let as_it_is = |_: &mut Settings| {};
    assert_eq!(found("", &as_it_is), ["error duplicate-key", "warning text-after-document"]);
    assert_eq!(found("[severity]\nrefused = \"off\"", &as_it_is), ["warning text-after-document"]);
    let exception = "ignore = [\"refused\", \"risky\"]\nselect = [\"duplicate-key\"]";
    assert_eq!(found(exception, &as_it_is), ["error duplicate-key"]);
    let levels = "[severity]\nrefused = \"warning\"\ntext-after-document = \"error\"";
    assert_eq!(found(levels, &as_it_is), ["warning duplicate-key", "error text-after-document"]);
    let off = "ignore = [\"duplicate-key\"]\n[severity]\ntext-after-document = \"off\"";
    assert!(found(off, &as_it_is).is_empty());
    let on = |settings: &mut Settings| {
        settings.select("duplicate-key").expect("a rule");
        settings.select("text-after-document").expect("a rule");
    };
    assert_eq!(found(off, &on).len(), 2, "the command line has the last word");
    assert!(Settings::default().ignore("duplicate-kye").is_err_and(|error| error.help.contains("`duplicate-key`")));
}

#[test]
fn mistakes_are_shown_where_they_stand() {
    let text = "kubernetes-version = 1.36\nselct = []\n";
    let error = parse(Path::new("seatrial.toml"), text).expect_err("there are two mistakes");
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor()).with_width(100);
    let mut out = String::new();
    handler.render_report(&mut out, &error).expect("a text takes everything");
    snapshot::check("formats", "configuration-mistakes", &out);
}
