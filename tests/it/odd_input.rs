//! Odd files, names and settings: what is said of them is short, stays on its line and holds nothing that a terminal obeys.

use std::fs;

use crate::cli::{BAD, GOOD, Ran, folder, lint, seatrial, write};

/// What of a text a terminal would obey.
fn obeyed(text: &str) -> String {
    text.chars().filter(|char| char.is_control() && *char != '\n').collect()
}

#[cfg(unix)]
#[test]
fn names_are_shown_without_what_a_terminal_obeys() {
    let fixable = format!("# seatrial: allow[duplicate-key]\n{GOOD}");
    let odd = "a\u{1b}[31m\n::error::b\u{202e}.yaml";
    let folder = folder(&[(odd, &fixable), ("seatrial.toml", "select = [\"\\u001b[31mRED\"]\n")]);
    let here = folder.path();
    for args in
        [&["--no-config", "--diff"][..], &["--no-config"], &[], &["gone\u{1b}[2J\n::error::x.yaml", "--no-config"]]
    {
        let ran = lint(here, args);
        assert_eq!(obeyed(&ran.out), "", "{args:?}: {}", ran.out);
        assert_eq!(obeyed(&ran.err), "", "{args:?}: {}", ran.err);
        assert!(!format!("\n{}\n{}", ran.out, ran.err).contains("\n::error"), "{args:?}: {}{}", ran.out, ran.err);
    }
    let ran = lint(here, &[]);
    assert!(ran.is(2).err.contains("\\u{1b}[31mRED"), "{}", ran.err);
    // Colours are the only thing that is let through, where they are wanted.
    let ran = lint(here, &["--color", "always", "--no-config", "gone\u{1b}[2J.yaml"]);
    assert!(ran.is(2).err.contains("\u{1b}[") && !ran.err.contains("\u{1b}[2J"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn devices_are_not_read_and_pipes_are() {
    let folder = folder(&[("good.yaml", GOOD), ("seatrial.toml", "crds = [\"/dev/zero\"]\n")]);
    let here = folder.path();
    assert!(lint(here, &["good.yaml"]).is(2).err.contains("`/dev/zero` is a device"));
    assert!(lint(here, &["--no-config", "/dev/zero"]).is(2).err.contains("`/dev/zero` is a device"));
    lint(here, &["--no-config", "--old", "/dev/null", "good.yaml"]).is(0);
    let mut piped = seatrial();
    let ran = Ran::of(piped.current_dir(here).args(["lint", "--no-config", "/dev/stdin"]).write_stdin(BAD));
    assert!(ran.is(1).out.contains("duplicate-key"), "{}", ran.out);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_said() {
    let folder = folder(&[("good.yaml", GOOD)]);
    std::os::unix::fs::symlink("nowhere.yaml", folder.path().join("link.yaml")).expect("links can be made");
    let ran = lint(folder.path(), &[]);
    assert_eq!(ran.is(0).err, "note: 1 link skipped, which leads nowhere: link.yaml\n");
}

#[test]
fn a_glob_that_is_never_closed_is_a_mistake_at_its_place() {
    let folder = folder(&[("good.yaml", GOOD)]);
    for (glob, wrong) in
        [("[", true), ("a[!]", true), ("[]", true), ("\\\\[", false), ("[]]", false), ("[a-z]*.yml", false)]
    {
        write(folder.path(), "seatrial.toml", format!("ignore = []\nexclude = [\"{glob}\"]\n").as_bytes());
        let ran = lint(folder.path(), &[]);
        assert_eq!(ran.status, Some(if wrong { 2 } else { 0 }), "{glob}: {}", ran.err);
        assert!(!wrong || ran.err.contains("seatrial.toml:2:12: ") && ran.err.contains("never closed"), "{}", ran.err);
    }
}

#[test]
fn what_is_said_of_a_long_line_is_short() {
    let nested = format!("x = {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    for text in [nested, format!("{} = 1\n", "k".repeat(100_000))] {
        let folder = folder(&[("good.yaml", GOOD), ("seatrial.toml", &text)]);
        let ran = lint(folder.path(), &[]);
        assert!(ran.is(2).err.len() < 20_000, "{} bytes", ran.err.len());
    }
    let folder = folder(&[("keys.yaml", &format!("kind: ConfigMap\n{}\n", "? ".repeat(10_000)))]);
    let ran = Ran::of(seatrial().current_dir(folder.path()).args(["lint", "--format", "text"]));
    assert!(ran.is(1).out.len() < 20_000, "{} bytes", ran.out.len());
}

#[test]
fn assumptions_and_gates_that_cannot_be_are_said_to_be() {
    let folder = folder(&[("good.yaml", GOOD)]);
    let plan = |args: &[&str]| {
        let mut command = seatrial();
        Ran::of(command.current_dir(folder.path()).args(["plan", "good.yaml", "good.yaml"]).args(args))
    };
    for (args, said) in [
        (["--assume", "nodes=1000000"], "is too much; a plan is made for 10000 nodes at most"),
        (["--assume", "nodes=99999999999999999999999"], "is too much"),
        (["--assume", "nodes=many"], "is no assumption"),
        (["--gate", "availability >= NaN"], "compares with no number"),
        (["--gate", "time <= 1e999s"], "compares with no number"),
        (["--gate", "time <= soon"], "is no gate"),
    ] {
        let ran = plan(&args);
        assert!(ran.is(2).err.replace("\n  | ", " ").contains(said), "{args:?}: {}", ran.err);
    }
    plan(&["--assume", "nodes=10000", "--gate", "time <= 1e3s"]).is(0);
}

#[test]
fn an_empty_variable_is_as_none() {
    let folder = folder(&[("good.yaml", GOOD)]);
    let mut command = seatrial();
    command.current_dir(folder.path()).env("GITHUB_STEP_SUMMARY", "");
    Ran::of(command.args(["plan", "good.yaml", "good.yaml", "--format", "github"])).is(0);
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 1);
}
