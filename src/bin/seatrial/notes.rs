//! What is said besides results: what was not read or could not be judged, and how to have it judged.

use std::collections::BTreeMap;

use seatrial::lint::Report;
use seatrial::load::{Loaded, Why};

use crate::output;

/// How many files of one sort are named one by one.
const NAMED: usize = 3;

/// Says what was left out and what was not judged, to standard error.
pub(crate) fn say(loaded: &Loaded, report: &Report) {
    left_out(loaded);
    for line in unjudged(report).into_iter().chain(unread_old(report)) {
        output::note(&line);
    }
}

/// What is not known of what runs already.
fn unread_old(report: &Report) -> Option<String> {
    let names: Vec<&str> = report.unread_old.iter().map(String::as_str).collect();
    let documents = counted(names.len(), "old document cannot", "old documents cannot");
    let message = format!("{documents} be read, so objects that it may hold are judged as new ones: {}", some(&names));
    (!names.is_empty()).then_some(message)
}

/// Says what was left out.
pub(crate) fn left_out(loaded: &Loaded) {
    for line in skipped(loaded) {
        output::note(&line);
    }
}

/// Says what was left out of what runs already.
pub(crate) fn left_out_of_old(old: &Loaded) {
    for line in skipped(old) {
        output::note(&format!("old side: {line}"));
    }
}

/// What was read and could not be judged as much as it might seem.
fn unjudged(report: &Report) -> Option<String> {
    if report.objects == 0 && report.findings.is_empty() {
        return Some("there is no Kubernetes object in what was read".to_owned());
    }
    let objects = counted(report.without_schema, "object", "objects");
    let known = format!("{objects} of kinds that are not known; give their CustomResourceDefinitions with --crds");
    (report.without_schema > 0).then_some(known)
}

fn skipped(loaded: &Loaded) -> Vec<String> {
    let mut lines: Vec<String> = loaded
        .empty
        .iter()
        .map(|folder| format!("no .yaml, .yml or .json file in `{folder}` that is not hidden or ignored"))
        .collect();
    let mut groups: BTreeMap<&Why, Vec<&str>> = BTreeMap::new();
    for skipped in &loaded.skipped {
        groups.entry(&skipped.why).or_default().push(&skipped.name);
    }
    for (why, names) in groups {
        let count = names.len();
        lines.push(match why {
            Why::HelmTemplate(chart) => {
                let templates = counted(count, "Helm template", "Helm templates");
                format!("{templates} skipped; render first: helm template {chart} | seatrial lint -")
            }
            Why::KustomizePatch(by) => {
                let folder = by.rsplit_once('/').map_or(".", |(folder, _)| folder);
                let patches = counted(count, "patch", "patches");
                format!("{patches} of `{by}` skipped; render first: kubectl kustomize {folder} | seatrial lint -")
            }
            Why::Template => {
                let files = counted(count, "file", "files");
                format!("{files} skipped, whose template actions keep them from being YAML: {}", some(&names))
            }
            Why::Dangling if count == 1 => format!("1 link skipped, which leads nowhere: {}", names[0]),
            Why::Dangling => format!("{count} links skipped, which lead nowhere: {}", some(&names)),
            Why::Binary => format!("{} skipped, no text: {}", counted(count, "file", "files"), some(&names)),
            Why::NotKubernetes => format!("{} skipped, not Kubernetes", counted(count, "file", "files")),
        });
    }
    lines
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn some(names: &[&str]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    if names.len() > NAMED { format!("{shown}, …") } else { shown }
}
