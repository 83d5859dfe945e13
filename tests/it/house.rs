//! The house rules that a machine can hold: who may import whom, one list of rules, pages of one shape, no network.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use seatrial::rules::{Rule, rules};

/// The modules of the library and the binary; each may use only those before it.
///
/// `values`, `nearest` and `parallel` know nothing of the rest. `lint` comes before `report`, because what a run found is `lint`'s
/// type, and `load` comes after it, because only the binary brings the two together.
const ORDER: [&str; 23] = [
    "nearest",
    "parallel",
    "version",
    "values",
    "source",
    "yaml",
    "cel",
    "finding",
    "secrets",
    "suppress",
    "fix",
    "cluster",
    "schema",
    "admission",
    "plan",
    "rules",
    "config",
    "lint",
    "report",
    "load",
    "lib",
    "bin",
    "",
];

/// Files that may be longer than 500 lines, with the reason.
const LONG: [(&str, &str); 0] = [];

/// Files that may use unordered maps, with the reason.
const UNORDERED: [(&str, &str); 2] = [
    ("src/yaml/aliases.rs", "looked up by key only, never walked; hot"),
    ("src/yaml/build.rs", "looked up by key only, never walked; hot"),
];

/// Crates that speak to a network; seatrial must work where there is none, and be seen to.
const NETWORK: [&str; 18] = [
    "async-std",
    "curl",
    "curl-sys",
    "h2",
    "hickory-resolver",
    "hyper",
    "isahc",
    "mio",
    "native-tls",
    "openssl",
    "quinn",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "surf",
    "tokio",
    "ureq",
];

/// What may stand at the top of the repository.
const TOP: [&str; 20] = [
    ".ci",
    ".git",
    ".github",
    ".gitignore",
    ".pre-commit-hooks.yaml",
    "CHANGELOG.md",
    // Forges show it to whoever opens a pull request.
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "action.yml",
    "benches",
    "clippy.toml",
    "rules",
    "rustfmt.toml",
    "schemas",
    "snapshots",
    "src",
];

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sources() -> Vec<(String, String)> {
    let files = walkdir::WalkDir::new("src").sort_by_file_name().into_iter().filter_map(Result::ok);
    files
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (path.display().to_string(), read(&path)))
        .collect()
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} mistakes:\n{}", wrong.len(), wrong.join("\n"));
}

/// The module of the library that a file belongs to, or `bin`.
fn module(file: &str) -> &str {
    let inner = file.strip_prefix("src/").expect("sources are in src");
    inner.split_once('/').map_or(inner, |(module, _)| module).trim_end_matches(".rs")
}

/// The modules that a text names: `use crate::a::…`, `use crate::{a::…, b}`, `crate::a::f()`; in the binary `seatrial::a`.
fn named<'a>(text: &'a str, root: &str) -> BTreeSet<&'a str> {
    let word =
        |text: &'a str| text.split(|char: char| !char.is_ascii_alphanumeric() && char != '_').next().unwrap_or("");
    let mut names = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (_, rest) in line.match_indices(root).map(|(at, _)| line.split_at(at + root.len())) {
            match rest.strip_prefix('{') {
                Some(list) => names.extend(list.split(',').map(|item| word(item.trim()))),
                None => {
                    names.insert(word(rest));
                }
            }
        }
    }
    names
}

#[test]
fn imports_are_seen_in_every_form() {
    let text = "use crate::a::B;\nuse crate::{c::D, e};\n// crate::comment\nlet x = crate::f::g(crate::h);\n";
    assert_eq!(named(text, "crate::"), BTreeSet::from(["a", "c", "e", "f", "h"]));
}

#[test]
fn modules_use_only_those_before_them() {
    let rank = |module: &str| ORDER.iter().position(|other| *other == module);
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let module = module(&file);
        let Some(own) = rank(module) else {
            wrong.push(format!("{file}: `{module}` has no place in the order"));
            continue;
        };
        if module == "lib" || module == "bin" {
            continue;
        }
        for used in named(&text, "crate::") {
            // What is no module is a macro or an item of the crate's root.
            if let Some(other) = rank(used)
                && other > own
            {
                wrong.push(format!("{file}: `{module}` uses `{used}`, which comes after it"));
            }
        }
    }
    none(&wrong);
}

#[test]
fn only_the_binary_knows_the_command_line() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        if module(&file) != "bin" && text.contains("clap::") {
            wrong.push(format!("{file}: uses clap"));
        }
        for macro_name in ["println!", "eprintln!", "print!", "eprint!", "dbg!", "todo!", "unimplemented!"] {
            if text.contains(macro_name) {
                wrong.push(format!("{file}: uses {macro_name}, which panics on a closed pipe or should not be there"));
            }
        }
    }
    none(&wrong);
}

#[test]
fn source_files_say_what_they_are_for_and_stay_short() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        if !text.starts_with("//! ") {
            wrong.push(format!("{file}: does not begin with `//! `"));
        }
        let lines = text.lines().count();
        if lines > 500 && !LONG.iter().any(|(other, _)| *other == file) {
            wrong.push(format!("{file}: {lines} lines, more than 500"));
        }
        if text.contains(".unwrap()") {
            wrong.push(format!("{file}: uses unwrap; say with expect why it cannot fail"));
        }
        let unordered = text.contains("HashMap") || text.contains("HashSet");
        if unordered && !UNORDERED.iter().any(|(other, _)| *other == file) {
            wrong.push(format!("{file}: uses unordered maps"));
        }
    }
    wrong.extend(
        LONG.iter().filter(|(file, _)| read(file).lines().count() <= 500).map(|(file, _)| format!("{file}: short")),
    );
    none(&wrong);
}

fn folders() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir("rules")
        .expect("rules can be read")
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_folder_is_a_rule_and_every_rule_a_folder() {
    let ids: Vec<&str> = rules().iter().map(|rule| rule.id).collect();
    assert_eq!(ids, folders(), "the list in src/rules/mod.rs is sorted and equals the folders in rules/");
    let list = read("src/rules/mod.rs");
    let wrong: Vec<String> = ids
        .iter()
        .filter(|id| {
            id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        })
        .map(|id| format!("{id}: not kebab-case"))
        .chain(ids.iter().filter(|id| !list.contains(&format!("    \"{id}\" => "))).map(|id| format!("{id}: no line")))
        .collect();
    none(&wrong);
}

#[test]
fn pages_of_rules_have_one_shape() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let page = rule.page();
        let mut say = |what: String| wrong.push(format!("{}: {what}", rule.id));
        // A page whose front matter has unknown or missing keys is read as one that says nothing.
        if page.summary.is_empty() || page.since.is_empty() || page.group != rule.group.name() {
            say("front matter must be summary, group, kinds, since and upstream, and nothing else".to_owned());
            continue;
        }
        if page.summary.starts_with(char::is_uppercase) && !begins_with_a_name(&page.summary)
            || page.summary.ends_with('.')
        {
            say(format!("a summary is lower case and has no full stop: {}", page.summary));
        }
        let headings: Vec<&str> = page.body.lines().filter(|line| line.starts_with('#')).collect();
        let title = format!("# {}", rule.id);
        if headings != [title.as_str(), "## What it finds", "## Why it matters", "## How to fix it"] {
            say(format!("headings are {headings:?}"));
        }
    }
    none(&wrong);
}

/// Whether the first word is a name with a capital inside or all its own: `StatefulSet`, `Service`, `CronJob`.
fn begins_with_a_name(summary: &str) -> bool {
    const KINDS: [&str; 8] = ["Service", "Deployment", "Job", "Ingress", "Secret", "Pod", "Namespace", "Kubernetes"];
    let word = summary.split([' ', '\'']).next().unwrap_or_default();
    KINDS.contains(&word) || word.chars().skip(1).any(char::is_uppercase)
}

/// The table of all rules, by group.
fn index() -> String {
    let line = |rule: &Rule| {
        format!("| [{id}]({id}/README.md) | {group} | {} |\n", rule.page().summary, id = rule.id, group = rule.group)
    };
    let lines: String = rules().iter().map(line).collect();
    format!(
        "# Rules\n\n\
         `refused`: the API server would not take it. `broken`: it is taken and cannot work. `risky`: it works until\n\
         something ordinary happens. `advice`: it could be better; off unless selected.\n\n\
         This page is made from the pages of the rules by `SEATRIAL_UPDATE=1 cargo test`.\n\n\
         | rule | group | finds |\n| --- | --- | --- |\n{lines}"
    )
}

#[test]
fn the_index_of_rules_is_current() {
    let path = "rules/README.md";
    if std::env::var_os("SEATRIAL_UPDATE").is_some() {
        fs::write(path, index()).expect("the index can be written");
    }
    assert!(fs::read_to_string(path).unwrap_or_default() == index(), "run `SEATRIAL_UPDATE=1 cargo test` for {path}");
}

#[test]
fn no_crate_speaks_to_a_network() {
    let lock = read("Cargo.lock");
    let wrong: Vec<String> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .filter(|name| NETWORK.contains(name))
        .map(|name| format!("{name} is in Cargo.lock"))
        .collect();
    none(&wrong);
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = read("Cargo.toml");
    let (mut section, mut before, mut wrong) = ("", "", Vec::new());
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]") && line.contains('=') && !before.starts_with("# ") {
            wrong.push(format!("no comment above: {line}"));
        }
        before = line;
    }
    none(&wrong);
}

#[test]
fn the_top_of_the_repository_holds_what_it_should() {
    let wrong: Vec<String> = tracked_at_the_top()
        .into_iter()
        .filter(|name| !TOP.contains(&name.as_str()) && name != "tests")
        .map(|name| format!("{name} does not belong there"))
        .collect();
    none(&wrong);
}

/// What git knows at the top; without git (a packed crate), everything but the build's folder.
fn tracked_at_the_top() -> BTreeSet<String> {
    let listed = std::process::Command::new("git").args(["ls-files", "-z"]).output();
    match listed {
        Ok(listed) if listed.status.success() => String::from_utf8_lossy(&listed.stdout)
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(|name| name.split('/').next().unwrap_or_default().to_owned())
            .collect(),
        _ => fs::read_dir(".")
            .expect("the repository can be read")
            .filter_map(Result::ok)
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name != "target")
            .collect(),
    }
}

#[test]
fn excuses_name_files_that_exist() {
    let missing: Vec<PathBuf> =
        LONG.iter().chain(&UNORDERED).map(|(file, _)| PathBuf::from(file)).filter(|file| !file.is_file()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
