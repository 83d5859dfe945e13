//! A session that was told of changes says the same as one that begins with what is there in the end.

use std::fs;

use seatrial::lint::{Background, Report, Session, Settings, lint_with};
use seatrial::source::{FileId, Sources};

/// The examples of all rules, in the order of their paths.
fn examples() -> Vec<String> {
    let files = walkdir::WalkDir::new("rules").sort_by_file_name().into_iter().filter_map(Result::ok);
    let texts = files.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "yaml"));
    texts.map(|entry| fs::read_to_string(entry.path()).expect("examples are text")).collect()
}

fn side(texts: &[String]) -> Sources {
    let mut sources = Sources::default();
    for (at, text) in texts.iter().enumerate() {
        sources.add(format!("{at}.yaml"), text.clone());
    }
    sources
}

fn same(session: &mut Session, background: &Background, settings: &Settings) -> Report {
    let (kept, anew) = (session.report(), lint_with(session.sources(), background, settings));
    assert_eq!(kept.findings, anew.findings);
    let counts = |report: &Report| (report.documents, report.objects, report.silenced, report.without_schema);
    assert_eq!(counts(&kept), counts(&anew));
    kept
}

/// All examples stand side by side, and in each step every thirteenth of them takes the text of another, so that objects come,
/// go, move and change while others refer to them.
fn shuffle(background: &Background) {
    let texts = examples();
    let settings = Settings::default();
    let mut session = Session::new(side(&texts), background.clone(), settings.clone());
    let mut found = vec![same(&mut session, background, &settings).findings.len()];
    for step in 0..13 {
        for (at, file) in (0..).map(FileId).take(texts.len()).enumerate().skip(step).step_by(13) {
            let other = (at * 7 + step) % (texts.len() + 1);
            session.replace(file, texts.get(other).map_or("", String::as_str));
        }
        found.push(same(&mut session, background, &settings).findings.len());
    }
    found.dedup();
    assert!(found.len() > 10, "the steps change what is found: {found:?}");
}

#[test]
fn what_did_not_change_is_judged_as_if_it_were_new() {
    shuffle(&Background::default());
}

#[test]
fn what_runs_already_counts_for_what_comes_in_its_place() {
    let mut old = examples();
    old.truncate(old.len() / 2);
    shuffle(&Background { old: side(&old), ..Background::default() });
}

#[test]
fn a_definition_counts_for_the_objects_of_other_files() {
    let definition = |kind: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: boats.example.com}}\nspec:\n  \
             group: example.com\n  scope: Namespaced\n  names: {{kind: Boat, plural: boats}}\n  versions:\n    - name: v1\n      \
             served: true\n      storage: true\n      schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: {kind}}}}}}}}}\n"
        )
    };
    let background = Background::default();
    let settings = Settings::default();
    let mut sources = Sources::default();
    sources.add("boat.yaml", "{apiVersion: example.com/v1, kind: Boat, metadata: {name: a}, spec: 3}");
    let mut session = Session::new(sources, background.clone(), settings.clone());
    assert_eq!(same(&mut session, &background, &settings).without_schema, 1);
    let file = session.add("crd.yaml", definition("string"));
    let report = same(&mut session, &background, &settings);
    assert_eq!((report.without_schema, report.findings.len()), (0, 1));
    session.replace(file, definition("integer"));
    let report = same(&mut session, &background, &settings);
    assert_eq!((report.without_schema, report.findings.len()), (0, 0));
    session.replace(file, "");
    assert_eq!(same(&mut session, &background, &settings).without_schema, 1);
}
