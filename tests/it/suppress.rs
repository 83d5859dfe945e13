//! What comments and annotations silence, and what is said about those that silence nothing.

use seatrial::lint::{Settings, lint};
use seatrial::source::Sources;

/// The texts are no whole objects, so only these rules are looked at.
const RULES: [&str; 4] = ["duplicate-key", "text-after-document", "unused-suppression", "invalid-suppression"];

/// What is found, as `line rule`.
fn found(text: &str, settings: &Settings) -> Vec<String> {
    let mut sources = Sources::default();
    sources.add("a.yaml", text);
    let line = |offset: u32| sources.get(seatrial::source::FileId(0)).position(offset as usize).line;
    let findings = lint(&sources, settings).findings;
    let findings = findings.iter().filter(|finding| RULES.contains(&&*finding.rule));
    findings.map(|finding| format!("{} {}", line(finding.primary.place.span.start), finding.rule)).collect()
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(found(text, &Settings::default()), expected, "{text}");
}

#[test]
fn a_comment_covers_what_begins_on_its_line() {
    check("kind: A\na:\n  b: 1\n  b: 2 # seatrial: allow[duplicate-key] why not\n", &[]);
    check("kind: A\na: # seatrial: allow[duplicate-key]\n  b: 1\n  b: 2\n", &[]);
    check("kind: A\na:\n- b: 1 # seatrial: allow[duplicate-key]\n  b: 2\n", &[]);
    check("kind: A\na: {b: 1, b: 2} # seatrial: allow[duplicate-key]\n", &[]);
    check("kind: A\na: {b: 1,\n  b: 2\n  } # seatrial: allow[duplicate-key]\n", &[]);
    check("kind: A\na:\n- # seatrial: allow[duplicate-key]\n  b: 1\n  b: 2\n", &[]);
    check("kind: A\na: | # seatrial: allow[duplicate-key]\n  x\na: y\n", &["2 unused-suppression", "4 duplicate-key"]);
    check(
        "kind: A # seatrial: allow[duplicate-key]\na:\n  b: 1\n  b: 2\n",
        &["1 unused-suppression", "4 duplicate-key"],
    );
}

#[test]
fn a_comment_on_its_own_line_covers_what_follows() {
    check("kind: A\n# seatrial: allow[duplicate-key]\n\n# more words\na:\n  b: 1\n  b: 2\n", &[]);
    check("kind: A\na:\n  b: 1\n  # seatrial: allow[duplicate-key]\n  b: 2\n  b: 3\n", &["6 duplicate-key"]);
    check("kind: A\nkind: B\n# seatrial: allow[duplicate-key]\n", &["2 duplicate-key", "3 unused-suppression"]);
}

#[test]
fn a_comment_before_the_first_entry_covers_its_document_and_no_other() {
    check("# seatrial: allow[duplicate-key]\nkind: A\nkind: A\n---\nkind: B\nkind: B\n", &["6 duplicate-key"]);
    check("kind: A\nkind: A\n--- # seatrial: allow[duplicate-key]\nkind: B\nkind: B\n", &["2 duplicate-key"]);
    check("# seatrial: allow[duplicate-key]\n---\nkind: A\nkind: A\n", &["1 unused-suppression", "4 duplicate-key"]);
    check("# seatrial: allow[text-after-document]\nkind: A\n...\nkind: B\n", &[]);
}

#[test]
fn an_annotation_covers_what_its_metadata_belongs_to() {
    let metadata = "metadata: {annotations: {seatrial/allow: 'duplicate-key'}}";
    check(&format!("kind: A\n{metadata}\na: {{b: 1, b: 2}}\n"), &[]);
    check(
        &format!("kind: A\na: 1\na: 1\nspec:\n  template:\n    {metadata}\n    b: 1\n    b: 1\n"),
        &["3 duplicate-key"],
    );
    let item = |metadata: &str| format!("- kind: A\n  {metadata}\n  a: 1\n  a: 1\n");
    check(&format!("kind: List\nitems:\n{}{}", item(metadata), item("metadata: {}")), &["10 duplicate-key"]);
    check(
        &format!(
            "{{\"kind\": \"A\", {}, \"a\": 1, \"a\": 1}}",
            metadata
                .replace('\'', "\"")
                .replace("seatrial/allow", "\"seatrial/allow\"")
                .replace("annotations", "\"annotations\"")
                .replace("metadata", "\"metadata\"")
        ),
        &[],
    );
}

#[test]
fn every_name_is_judged_alone() {
    check("kind: A\nkind: A # seatrial: allow[duplicate-key, invalid-yaml]\n", &["2 unused-suppression"]);
    check("kind: A\nkind: A # seatrial: allow[duplicate-key, duplicate-keys]\n", &["2 invalid-suppression"]);
    check("kind: A # seatrial: allow[risky]\n", &["1 invalid-suppression"]);
    check("kind: A # seatrial: allow[]\n", &["1 invalid-suppression"]);
    check("kind: A # seatrial: alow[duplicate-key]\n", &["1 invalid-suppression"]);
    check("kind: A # seatrial is nice\n", &[]);
}

#[test]
fn inner_and_outer_suppressions_of_one_finding_are_both_used() {
    check("# seatrial: allow[duplicate-key]\nkind: A\nkind: A # seatrial: allow[duplicate-key]\n", &[]);
}

#[test]
fn a_rule_that_is_off_leaves_its_suppressions_alone() {
    let text = "kind: A # seatrial: allow[duplicate-key]\n";
    let off = Settings { ignore: vec!["duplicate-key".to_owned()], ..Settings::default() };
    assert!(found(text, &off).is_empty());
    check(text, &["1 unused-suppression"]);
}

#[test]
fn many_suppressions_and_findings_take_no_time_together() {
    let line = |at: usize| format!("a{at}: {{b: 1, b: 2}} # seatrial: allow[duplicate-key]\n");
    let text: String = std::iter::once("kind: A\n".to_owned()).chain((0..20_000).map(line)).collect();
    check(&text, &[]);
}
