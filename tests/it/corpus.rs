//! Real manifests with the verdicts of a real API server, where they are at hand: `SEATRIAL_CORPUS=DIR`, or
//! `../shared/corpus` beside the project, is a directory with `verdicts.jsonl` and `owner__name/…`. They are other
//! people's, so they are not in the repository, and without them there is nothing to judge.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use seatrial::finding::Group;
use seatrial::lint::{Settings, lint};
use seatrial::source::Sources;
use serde_json::Value;

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
    let beside = Some(PathBuf::from("../shared/corpus")).filter(|directory| directory.is_dir());
    let Some(directory) = std::env::var_os("SEATRIAL_CORPUS").map(PathBuf::from).or(beside) else { return };
    let text = fs::read_to_string(directory.join("verdicts.jsonl")).expect("the verdicts can be read");
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
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
    sources.add("manifest.yaml", piece(&String::from_utf8_lossy(&bytes), number));
    let kubernetes_versions = vec!["1.36".parse().expect("is supported")];
    let report = lint(&sources, &Settings { kubernetes_versions, ..Settings::default() });
    let refused = report.findings.iter().find(|finding| finding.group == Group::Refused);
    let expect = &row["expect"];
    match refused {
        Some(finding) if expect["verdict"] == "accept" => {
            Some(format!("{} #{number}: wrongly refused: {} [{}]", path.display(), finding.message, finding.rule))
        }
        None if expect["status"] == 400 => Some(format!("{} #{number}: missed: {}", path.display(), expect["message"])),
        _ => None,
    }
}
