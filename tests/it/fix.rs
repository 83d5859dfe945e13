//! Fixes change what they say and nothing else.

use seatrial::finding::{Edit, Finding, Findings, Fix, Group};
use seatrial::fix::fixed;
use seatrial::lint::{Settings, lint};
use seatrial::source::{Place, Sources, Span};

/// The text after the fixes, each a list of (part, replacement), with the numbers of those applied and left.
fn check(text: &str, fixes: &[&[(&str, &str)]], expected: Option<(&str, usize, usize)>) {
    let mut sources = Sources::default();
    let file = sources.add("a.yaml", text);
    let mut out = Findings::new("rule", Group::Risky);
    for fix in fixes {
        let edits: Vec<Edit> = fix
            .iter()
            .map(|(part, replacement)| {
                let start = text.find(part).expect("the part stands in the text");
                let place = Place { file, span: Span::new(start..start + part.len()) };
                Edit { place, replacement: (*replacement).to_owned() }
            })
            .collect();
        let finding = out.report(edits[0].place, 0, "a finding");
        finding.fix = Some(Fix { title: "fix it".to_owned(), edits });
    }
    let findings: Vec<Finding> = out.into_vec();
    let result = fixed(&sources, &findings).pop();
    let result = result.as_ref().map(|fixed| (fixed.text.as_str(), fixed.applied, fixed.left));
    assert_eq!(result, expected, "{text}");
}

#[test]
fn values_keys_and_entries_can_be_changed() {
    let text = "kind: A # é\r\non: yes\r\nb: [1, 2]\r\n";
    check(
        text,
        &[&[("on", "\"on\""), ("yes", "\"yes\"")]],
        Some(("kind: A # é\r\n\"on\": \"yes\"\r\nb: [1, 2]\r\n", 1, 0)),
    );
    check(text, &[&[("on: yes\r\n", "")]], Some(("kind: A # é\r\nb: [1, 2]\r\n", 1, 0)));
    check(text, &[&[("[1, 2]", "[1]")], &[("yes", "no")]], Some(("kind: A # é\r\non: no\r\nb: [1]\r\n", 2, 0)));
}

#[test]
fn fixes_that_overlap_wait_for_the_next_run() {
    check("a: one two\n", &[&[("one two", "x")], &[("two", "y")]], Some(("a: x\n", 1, 1)));
    check("a: one\nb: two\n", &[&[("one", "x"), ("two", "x")], &[("two", "y")]], Some(("a: x\nb: x\n", 1, 1)));
    check("a: one\n", &[&[("one", "x")], &[("one", "x")]], Some(("a: x\n", 1, 0)));
}

#[test]
fn fixes_that_break_the_text_are_left_out() {
    let text = "a: one\nb: two\nc: three\n";
    check(text, &[&[("one", "[")]], None);
    check(text, &[&[("one", "1")], &[("two", "'")], &[("three", "3")]], Some(("a: 1\nb: two\nc: 3\n", 2, 1)));
    check(text, &[&[("one", "1\n---\n")]], None);
    check(text, &[&[("b", "a")]], None);
}

#[test]
fn fixes_that_change_other_places_are_left_out() {
    check("a: &x one\nb: *x\nc: d\n", &[&[("one", "1")]], None);
    check("a:\n  b: 1\nc: 2\n", &[&[("a:\n", "")]], None);
    check("a: |\n  one\nb: 2\n", &[&[("b", "  b")]], None);
}

#[test]
fn a_useless_suppression_is_fixed_away_with_its_line() {
    let text = "# seatrial: allow[invalid-yaml]\nkind: A # seatrial: allow[duplicate-key]\n# keep\n";
    let mut sources = Sources::default();
    sources.add("a.yaml", text);
    let report = lint(&sources, &Settings::default());
    let result = fixed(&sources, &report.findings);
    assert_eq!(result[0].text, "kind: A\n# keep\n");
}
