//! Every node of a document knows exactly where it stands, and every mistake is marked where it was made.

use std::fs;
use std::path::Path;

use seatrial::source::{Sources, Span};
use seatrial::yaml::{self, Document, ProblemKind, Shape, Value};

fn read(text: &str) -> Vec<Document> {
    let mut sources = Sources::default();
    let file = sources.add("in.yaml", text);
    yaml::read(file, sources.get(file))
}

/// A value as an outline: each node with its source text, keys before their values.
fn outline(text: &str, value: Value<'_>, out: &mut Vec<String>) {
    out.push(text[value.span().range()].to_owned());
    for item in value.items() {
        outline(text, item, out);
    }
    for field in value.fields() {
        out.push(text[field.key.range()].to_owned());
        outline(text, field.value, out);
    }
}

fn check(text: &str, expected: &[&str]) {
    for (mark, ends) in [("", "\n"), ("", "\r\n"), ("\u{feff}", "\n")] {
        let text = format!("{mark}{text}").replace('\n', ends);
        let documents = read(&text);
        assert!(documents[0].problems.is_empty(), "{:?}", documents[0].problems);
        let mut found = Vec::new();
        outline(&text, documents[0].root().expect("can be read"), &mut found);
        let expected: Vec<String> = expected.iter().map(|text| text.replace('\n', ends)).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn scalars_of_every_style_have_their_places() {
    check(
        "# é\na: plain  # c\nb: 'it''s'\nc: \"é\\n\"\nd: two\n  lines\n\n# c\n",
        &[
            "a: plain  # c\nb: 'it''s'\nc: \"é\\n\"\nd: two\n  lines",
            "a",
            "plain",
            "b",
            "'it''s'",
            "c",
            "\"é\\n\"",
            "d",
            "two\n  lines",
        ],
    );
}

#[test]
fn a_block_scalar_reaches_from_its_indicator_to_its_last_line() {
    check(
        "a: |  # c > d\n  x\n\n  y\n\n# c\nb: &b !!str >-\n   z\nc: |+\n\nd: e\n",
        &[
            "a: |  # c > d\n  x\n\n  y\n\n# c\nb: &b !!str >-\n   z\nc: |+\n\nd: e",
            "a",
            "|  # c > d\n  x\n\n  y",
            "b",
            ">-\n   z",
            "c",
            "|+",
            "d",
            "e",
        ],
    );
}

#[test]
fn lists_and_maps_end_with_their_last_value() {
    check(
        "a:\n- b: 1\n  c: 2\n\n  # c\n- - 3\n# c\nd: [4, {e: 5}]  # c\n",
        &[
            "a:\n- b: 1\n  c: 2\n\n  # c\n- - 3\n# c\nd: [4, {e: 5}]",
            "a",
            "- b: 1\n  c: 2\n\n  # c\n- - 3",
            "b: 1\n  c: 2",
            "b",
            "1",
            "c",
            "2",
            "- 3",
            "3",
            "d",
            "[4, {e: 5}]",
            "4",
            "{e: 5}",
            "e",
            "5",
        ],
    );
}

#[test]
fn nothing_stands_behind_its_indicator() {
    let text = "a:   # c\nb: [c: ]\nd:\n- # c\n-\n";
    let documents = read(text);
    let root = documents[0].root().expect("can be read");
    let place = |value: Option<Value<'_>>| value.expect("is there").span();
    assert_eq!(place(root.get("a")), Span::new(2..2));
    let items: Vec<_> = root.get("d").expect("is there").items().map(|item| item.span().start).collect();
    assert_eq!(items, [22, 28]);
}

#[test]
fn an_alias_knows_where_it_stands_and_where_its_value_stands() {
    let text = "a: &x {b: 1}\nc: *x\n";
    let documents = read(text);
    let value = documents[0].root().and_then(|root| root.get("c")).expect("is there");
    assert_eq!((&text[value.span().range()], &text[value.definition().range()]), ("*x", "{b: 1}"));
}

/// The kinds of the problems with the texts that they mark, and the texts that are marked besides.
fn mistakes(text: &str) -> Vec<(ProblemKind, String, String)> {
    let problems = read(text).into_iter().flat_map(|document| document.problems);
    problems
        .map(|problem| {
            let related = problem.related.map_or("", |(span, _)| &text[span.range()]);
            (problem.kind, text[problem.span.range()].to_owned(), related.to_owned())
        })
        .collect()
}

#[test]
fn a_mistake_is_marked_at_its_cause() {
    for (text, marked, related) in [
        ("a: \"b\n---\nc: d\n", "\"", ""),
        ("a: \"b\nc: \"d\"\n", "\"", "d\""),
        ("a: [b, c\nd: e\n", "[", ""),
        ("a: {b: [c}\n", "[", ""),
        ("a:\n\tb: c\n", "\t", ""),
        ("a: b\n\t# c\n", "\t", ""),
        ("a:\n  b: c\n d: e\n", "d: e", "a:"),
        ("a:\n- b\nc\nd: e\n", "c", ""),
        ("a: b\n  c: d\n", "c: d", ""),
        ("a: b: c\n", ":", ""),
        ("a: @b\n", "@", ""),
        ("a: *b\n", "*b", ""),
        ("a: \"\\d\"\n", "\\d", ""),
        ("a: \"\\/\"\n", "\\/", ""),
        ("a: [b?c]\n", "?", ""),
        ("a: \u{7}\n", "\u{7}", ""),
        ("a: &a [*a]\n", "*a", ""),
        ("<<: [[a]]\n", "[a]", ""),
        ("a: .inf\n", ".inf", ""),
        ("%YAML 1.2\n---\na: b\n", "%YAML 1.2", ""),
        ("a: b\n--- c\n", "--- c", ""),
    ] {
        let found = mistakes(text);
        let [(_, at, other)] = &found[..] else { panic!("{text:?}: {found:?}") };
        assert_eq!((at.as_str(), other.as_str()), (marked, related), "{text:?}");
    }
}

/// The table of silent losses in the notes on what kubectl reads.
#[test]
fn text_that_kubectl_drops_is_marked() {
    for (text, kept, dropped) in [
        ("a: 1\n...\nb: 2\n", r#"{"a":1}"#, "b: 2"),
        ("  a: 1\nb: 2\n", r#"{"a":1}"#, "b: 2"),
        ("# c\n{a: 1}\nb: 2\n", r#"{"a":1}"#, "b: 2"),
        ("\"x\"\nb: 1\n", r#""x""#, "b: 1"),
        ("{a: 1} b\n", r#"{"a":1}"#, "b"),
        ("[a]]\n", r#"["a"]"#, "]"),
        ("\"x\" y\n", r#""x""#, "y"),
        ("|\nx\n", r#""""#, "x"),
    ] {
        let documents = read(text);
        let root = documents[0].root().expect("can be read");
        assert_eq!(root.to_json().to_string(), kept, "{text:?}");
        assert_eq!(mistakes(text)[0].1, dropped, "{text:?}");
        assert_eq!(mistakes(text)[0].0, ProblemKind::Ignored, "{text:?}");
    }
    assert_eq!(mistakes("a: 1\n...\n# c\n...\n"), []);
}

/// Text that is written out as it is meant is found at its place, in every example of the rules.
#[test]
fn places_in_the_examples_hold_what_they_say() {
    let mut scalars = 0;
    for entry in walkdir::WalkDir::new("rules").into_iter().filter_map(Result::ok) {
        if entry.path().extension() != Some(Path::new("yaml").as_os_str()) {
            continue;
        }
        let text = fs::read_to_string(entry.path()).expect("examples are text");
        for document in read(&text) {
            let mut waiting: Vec<Value<'_>> = document.root().into_iter().collect();
            while let Some(value) = waiting.pop() {
                waiting.extend(value.items().chain(value.fields().map(|field| field.value)));
                assert!(document.span.contains(value.span()), "{}", entry.path().display());
                let written = &text[value.definition().range()];
                match (value.shape(), value.written()) {
                    // A value that is left out is null and stands nowhere.
                    (Shape::Scalar(_), Some("~")) if written.is_empty() => {}
                    (Shape::Scalar(_), Some(meant)) if value.is_plain() && !written.contains('\n') => {
                        assert_eq!(written, meant, "{}", entry.path().display());
                        scalars += 1;
                    }
                    (Shape::Scalar(_), Some(_)) if value.is_plain() => {}
                    (Shape::Scalar(_), _) => assert!(written.starts_with(['"', '\'', '|', '>', '!']), "{written}"),
                    _ => assert!(!written.ends_with(char::is_whitespace), "{written}"),
                }
                for field in value.fields() {
                    let written = text[field.key.range()].trim_matches(['"', '\'']);
                    let other = field.merged.is_some() || matches!(field.name, "true" | "false");
                    assert!(other || written == field.name, "{written}");
                }
            }
        }
    }
    assert!(scalars > 10, "the examples were found");
}
