//! Real manifests with the verdicts of a real API server, where they are at hand: `SEATRIAL_CORPUS=DIR`, or
//! `../shared/corpus` beside the project, is a directory with `verdicts.jsonl` and `owner__name/…`, and with real changes in
//! `updates/verdicts.jsonl` and `updates/<id>/{old,new}.yaml`. They are other people's, so they are not in the repository, and
//! without them there is nothing to judge. `SEATRIAL_SHOW=updates` prints the changes where we differ.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use seatrial::finding::Group;
use seatrial::lint::{Settings, lint};
use seatrial::source::Sources;
use seatrial::yaml::{self, Document, ProblemKind};
use serde_json::Value;

use crate::conformance::{Count, difference, found_causes, is_about_the_request, recorded_causes, refusals};
use crate::recordings;

fn directory() -> Option<PathBuf> {
    let beside = Some(PathBuf::from("../shared/corpus")).filter(|directory| directory.is_dir());
    std::env::var_os("SEATRIAL_CORPUS").map(PathBuf::from).or(beside)
}

fn rows(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("the verdicts can be read");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// The piece of a text between two `---` lines, counted from 0, the empty ones included.
fn piece(text: &str, number: usize) -> String {
    let mut pieces = vec![String::new()];
    for line in text.split_inclusive('\n') {
        if line.starts_with("---") {
            pieces.push(String::new());
        } else if let Some(piece) = pieces.last_mut() {
            piece.push_str(line);
        }
    }
    pieces.swap_remove(number)
}

#[test]
fn real_manifests_are_judged_as_by_a_real_api_server() {
    let Some(directory) = directory() else { return };
    let rows = rows(&directory.join("verdicts.jsonl"));
    let wrong: Vec<String> = rows.par_iter().filter_map(|row| disagreement(&directory, row)).collect();
    assert!(wrong.is_empty(), "{} of {} documents:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// What we say of a document that the server does not say, or the other way round.
fn disagreement(directory: &Path, row: &Value) -> Option<String> {
    let text = |key: &str| row[key].as_str().expect("rows have text");
    let path = directory.join(text("repo").replace('/', "__")).join(text("file"));
    let bytes = fs::read(&path).expect("the manifests are there");
    let number = usize::try_from(row["document"].as_u64().expect("rows have numbers")).expect("a small number");
    let mut sources = Sources::default();
    let file = sources.add("manifest.yaml", piece(&String::from_utf8_lossy(&bytes), number));
    let kubernetes_versions = vec!["1.36".parse().expect("is supported")];
    let report = lint(&sources, &Settings { kubernetes_versions, ..Settings::default() });
    let refused = report.findings.iter().find(|finding| finding.group == Group::Refused);
    let expect = &row["expect"];
    match refused {
        Some(finding) if expect["verdict"] == "accept" => {
            Some(format!("{} #{number}: wrongly refused: {} [{}]", path.display(), finding.message, finding.rule))
        }
        // The manifests were sent as YAML, which no tool does; as JSON, nothing is left of merges.
        None if overrides_merged(&yaml::read(file, sources.get(file))) => None,
        None if expect["status"] == 400 => Some(format!("{} #{number}: missed: {}", path.display(), expect["message"])),
        _ => None,
    }
}

fn overrides_merged(documents: &[Document]) -> bool {
    let mut problems = documents.iter().flat_map(|document| &document.problems);
    problems.any(|problem| problem.kind == ProblemKind::OverriddenMerge)
}

/// The folders of real changes, each with `old.yaml` and `new.yaml`.
pub(crate) fn changes() -> Option<Vec<PathBuf>> {
    let directory = directory()?.join("updates");
    let ids = directory.is_dir().then(|| rows(&directory.join("verdicts.jsonl")))?;
    Some(ids.iter().map(|row| directory.join(row["id"].as_str().expect("rows have an id"))).collect())
}

/// The text of an object without its namespace: both of a change were put into the same one.
fn without_namespace(text: &str) -> String {
    let mut in_metadata = false;
    let lines = text.lines().filter(|line| {
        if !line.starts_with([' ', '#', '-']) && !line.is_empty() {
            in_metadata = line.starts_with("metadata:");
        }
        !(in_metadata && line.starts_with("  namespace:"))
    });
    lines.fold(String::new(), |text, line| text + line + "\n")
}

#[test]
#[expect(clippy::print_stdout, reason = "the score is shown with `--nocapture`")]
fn real_changes_are_judged_as_by_a_real_api_server() {
    let Some(directory) = directory().map(|directory| directory.join("updates")) else { return };
    if !directory.is_dir() {
        return;
    }
    let rows = rows(&directory.join("verdicts.jsonl"));
    let judged: Vec<_> = rows
        .par_iter()
        .filter(|row| !is_about_the_request(&row["expect"]))
        .map(|row| {
            let folder = directory.join(row["id"].as_str().expect("rows have an id"));
            let read = |name: &str| fs::read_to_string(folder.join(name)).expect("the manifests are there");
            let mut found = refusals(without_namespace(&read("new.yaml")), Some(without_namespace(&read("old.yaml"))));
            // What was sent is JSON, in which nothing was left of keys that stand twice.
            found.retain(|finding| finding.rule != "duplicate-key");
            (row, found)
        })
        .collect();
    let shown = recordings::is_shown("updates");
    let (mut verdicts, mut causes, mut wrongly_refused) = (Count::default(), Count::default(), Vec::new());
    for (row, refusals) in &judged {
        let expect = &row["expect"];
        let right = (expect["verdict"] == "accept") == refusals.is_empty();
        let exact = (expect["status"] == 422).then(|| recorded_causes(expect) == found_causes(refusals));
        verdicts.add(right);
        if let Some(exact) = exact {
            causes.add(exact);
        }
        if shown && (!right || exact == Some(false)) {
            println!("{}", difference(row, refusals));
        }
        if !right && expect["verdict"] == "accept" {
            wrongly_refused.push(format!("{}: {} [{}]", row["id"], refusals[0].message, refusals[0].rule));
        }
    }
    println!("updates {verdicts} verdicts, {causes} cause sets");
    assert!(wrongly_refused.is_empty(), "accepted, but refused by us:\n{}", wrongly_refused.join("\n"));
    let (verdicts, causes) = (verdicts.percent(), causes.percent());
    assert!(verdicts >= 99.0 && causes >= 99.0, "{verdicts:.2} {causes:.2}");
}
