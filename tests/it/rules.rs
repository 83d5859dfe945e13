//! Every rule's folder: exactly the marked lines of the bad examples are found, the good ones are silent.
//!
//! A line is marked by a comment `# error: [id]` at its end; `# error-next-line: [id]` on a line of its own marks the line below. A case is
//! a file (`bad.yaml`, `good.yaml`, `bad-*.yaml` …) or a folder of files that are read together, in which `old.yaml` is
//! what runs already.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use seatrial::finding::Group;
use seatrial::lint::{Background, Report, Settings, lint_with};
use seatrial::report::{Format, Style};
use seatrial::source::Sources;

use crate::snapshot;

/// A case: its name, and its files with their names inside the rule's folder.
fn cases(rule: &Path) -> Vec<(String, Vec<PathBuf>)> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(rule).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        let name = path.file_stem().expect("has a name").to_string_lossy().into_owned();
        let files: Vec<PathBuf> = walkdir::WalkDir::new(&path)
            .sort_by_file_name()
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file() && entry.file_name() != "README.md")
            .map(walkdir::DirEntry::into_path)
            .collect();
        if !files.is_empty() {
            cases.push((name, files));
        }
    }
    cases.sort();
    cases
}

/// The file of a case that holds what runs already.
const OLD: &str = "old.yaml";

/// The sources of a case, with names as they are inside the rule's folder, and what is found in them.
fn run(rule: &str, files: &[PathBuf]) -> (Sources, Report) {
    let mut sources = Sources::default();
    let mut background = Background::default();
    for path in files {
        let text = fs::read_to_string(path).expect("examples are text");
        let name = path.strip_prefix(Path::new("rules").join(rule)).expect("inside").to_string_lossy().into_owned();
        let side = if path.ends_with(OLD) { &mut background.old } else { &mut sources };
        side.add(name, text);
    }
    // A rule of the group `advice` is off by default and is switched on by its name.
    let settings = Settings { select: vec![rule.to_owned()], ..Settings::default() };
    let report = lint_with(&sources, &background, &settings);
    (sources, report)
}

/// The marked lines of a text, from 1, with the ids.
fn marks(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.lines().enumerate().flat_map(|(at, line)| {
        let here = line.split_once("# error: [").map(|(_, rest)| (at + 1, rest));
        let next = line.split_once("# error-next-line: [").map(|(_, rest)| (at + 2, rest));
        let (line, rest) = here.or(next).unwrap_or((0, ""));
        let ids = rest.split_once(']').map_or("", |(ids, _)| ids);
        ids.split(',')
            .map(str::trim)
            .filter(|id| !id.is_empty())
            .map(move |id| (line, id.to_owned()))
            .collect::<Vec<_>>()
    })
}

fn check(rule: &str, case: &str, files: &[PathBuf]) -> Vec<String> {
    let (sources, report) = run(rule, files);
    let mut expected = BTreeSet::new();
    for (_, source) in sources.iter() {
        expected.extend(marks(source.text()).map(|(line, id)| (source.name.clone(), line, id)));
    }
    let found: BTreeSet<_> = report
        .findings
        .iter()
        .filter(|finding| finding.rule == rule || matches!(finding.group, Group::Refused | Group::Broken))
        .map(|finding| {
            let place = finding.primary.place;
            let source = sources.get(place.file);
            (source.name.clone(), source.position(place.span.start as usize).line, finding.rule.to_string())
        })
        .collect();
    let mut wrong = Vec::new();
    for (file, line, id) in expected.difference(&found) {
        wrong.push(format!("{rule}/{file}:{line}: not found: {id}"));
    }
    for (file, line, id) in found.difference(&expected) {
        wrong.push(format!("{rule}/{file}:{line}: not marked: {id}"));
    }
    if case.starts_with("bad") != expected.iter().any(|(_, _, id)| id == rule) {
        wrong.push(format!("{rule}/{case}: a bad case marks its rule, a good one marks nothing"));
    }
    wrong
}

#[test]
fn examples_show_exactly_what_the_rules_find() {
    let mut wrong = Vec::new();
    for rule in seatrial::rules::rules() {
        let cases = cases(&Path::new("rules").join(rule.id));
        for sort in ["bad", "good"] {
            if !cases.iter().any(|(name, _)| name.starts_with(sort)) {
                wrong.push(format!("{}: no {sort} example", rule.id));
            }
        }
        for (name, files) in &cases {
            wrong.extend(check(rule.id, name, files));
        }
    }
    assert!(wrong.is_empty(), "{} mistakes:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn findings_look_as_they_did() {
    for rule in seatrial::rules::rules() {
        let mut text = String::new();
        for (name, files) in cases(&Path::new("rules").join(rule.id)) {
            if !name.starts_with("bad") {
                continue;
            }
            let (sources, mut report) = run(rule.id, &files);
            report.findings.retain(|finding| finding.rule == rule.id);
            let mut out = Vec::new();
            seatrial::report::write(Format::Text, &mut out, &sources, &report, Style::default())
                .expect("a buffer takes everything");
            let out = String::from_utf8(out).expect("text is UTF-8");
            // The closing line holds counts, which say nothing about the rule.
            let findings = out.trim_end().rsplit_once('\n').map_or("", |(findings, _)| findings);
            text.push_str(findings.trim_end());
            text.push_str("\n\n");
        }
        snapshot::check("rules", rule.id, &text);
    }
}
