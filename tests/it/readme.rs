//! The README tells the truth: what it shows is what the command prints. `SEATRIAL_UPDATE=1 cargo test` shows it anew.

use std::fs;
use std::process::Command;

/// What `seatrial ARGS` prints, to either stream.
fn run(args: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    for variable in ["GITHUB_ACTIONS", "CLICOLOR_FORCE", "FORCE_COLOR", "COLUMNS"] {
        command.env_remove(variable);
    }
    let output = command.args(args.split(' ')).output().expect("the command runs");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).expect("output is UTF-8").trim_end().to_owned() + "\n"
}

/// The text with the output of each `$ seatrial …` in its console blocks.
fn shown(text: &str) -> String {
    let mut out = String::new();
    let mut in_console = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_console = line == "```console";
        } else if in_console && !line.starts_with("$ ") {
            continue;
        }
        out.push_str(line);
        out.push('\n');
        if let Some(args) = line.strip_prefix("$ seatrial ").filter(|_| in_console) {
            out.push_str(&run(args));
        }
    }
    out
}

#[test]
fn the_readme_shows_what_the_command_prints() {
    let text = fs::read_to_string("README.md").expect("there is a README");
    let current = shown(&text);
    assert_eq!(text.matches("\n$ seatrial ").count(), 2, "the commands are found");
    if std::env::var_os("SEATRIAL_UPDATE").is_some() {
        fs::write("README.md", current).expect("the README can be written");
    } else {
        assert!(text == current, "run `SEATRIAL_UPDATE=1 cargo test` for README.md; it would be:\n{current}");
    }
}

#[test]
fn continuous_integration_runs_what_the_readme_says() {
    let script = fs::read_to_string(".ci/run").expect("there is a script");
    let readme = fs::read_to_string("README.md").expect("there is a README");
    assert!(readme.contains("\ncargo test "), "the README has the test command");
    assert_eq!(script.lines().last(), Some("cargo test"), "its closing lines are the last that are printed");
}
