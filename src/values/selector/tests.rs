//! Selectors against what Kubernetes selects.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{MatchExpression, Selector, SelectorError};

fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("the tests write selectors")
}

fn labels(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
    labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn missing_values_in_a_set_are_empty_strings() {
    for (text, canonical) in [
        ("a in ()", "a in ()"),
        ("a in (,)", "a in ()"),
        ("a in (,b)", "a in (,b)"),
        ("a in (b,)", "a in (,b)"),
        ("a in (b,,c)", "a in (,b,c)"),
        ("a in (c,b,c)", "a in (b,c)"),
        ("a notin (in,notin)", "a notin (in,notin)"),
    ] {
        assert_eq!(selector(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn operators_are_words_only_where_an_operator_belongs() {
    for (text, canonical) in [
        ("in", "in"),
        ("in in (in)", "in in (in)"),
        ("!notin", "!notin"),
        ("a=in", "a=in"),
        ("a = ,b", "a=,b"),
        ("a!=b", "a!=b"),
        ("a==", "a=="),
        ("b,a", "a,b"),
        ("a\r\n,\tb", "a,b"),
        ("a \0b=", "a"),
        ("  ", ""),
    ] {
        assert_eq!(selector(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn broken_text_is_refused() {
    for text in [
        ",",
        "a,",
        "a,,b",
        "!",
        "!a=b",
        "!!a",
        "a b",
        "a in",
        "a in b",
        "a in (",
        "a in (b",
        "a in (b c)",
        "a in (=)",
        "a in (b))",
        "a=b=c",
        "a===b",
        "a=!b",
        "a>b",
        "a>",
        "a>-1",
        "a>=1",
        "(a)",
        "a=(b)",
        "a/b/c",
        "-a",
        "a=-",
        "a\0b",
        "\u{e9}",
        "a=\u{e9}",
    ] {
        assert!(Selector::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn numbers_are_compared_as_numbers() {
    assert!(selector("a>5").matches(&labels(&[("a", "10")])));
    assert!(selector("a>5,a<7").matches(&labels(&[("a", "006")])));
    assert!(!selector("a>5").matches(&labels(&[("a", "5")])));
    assert!(!selector("a<5").matches(&labels(&[("a", "x")])));
    assert!(!selector("a<5").matches(&labels(&[])));
}

#[test]
fn fields_of_manifests_know_four_operators() {
    let with = |operator: &str, values: &[&str]| {
        let values = values.iter().map(|it| (*it).to_owned()).collect();
        let expression = MatchExpression { key: "b".to_owned(), operator: operator.to_owned(), values };
        Selector::from_label_selector(&labels(&[("c", "d"), ("a", "")]), &[expression]).map(|it| it.to_string())
    };
    assert_eq!(with("In", &["y", "x", "y"]), Ok("a=,b in (x,y,y),c=d".to_owned()));
    assert_eq!(with("DoesNotExist", &[]), Ok("a=,!b,c=d".to_owned()));
    for (operator, values) in [("Gt", &["1"][..]), ("in", &["x"]), ("In", &[]), ("NotIn", &["-"]), ("Exists", &["x"])] {
        assert!(with(operator, values).is_err(), "{operator}");
    }
    assert_eq!(
        Selector::from_label_selector(&labels(&[("a b", "x")]), &[])
            .map_err(|it| matches!(it, SelectorError::Key { .. })),
        Err(true)
    );
}

#[test]
fn overlap_is_decided_exactly() {
    for (left, right, overlap) in [
        ("", "", true),
        ("", "a=b", true),
        ("a=b", "a==b", true),
        ("a=b", "a=c", false),
        ("a=b", "c=d", true),
        ("a=b,c=d", "c!=d", false),
        ("a in (b,c)", "a in (c,d)", true),
        ("a in (b,c)", "a notin (b,c)", false),
        ("a in (b,c),a!=b", "a!=c", false),
        ("a", "!a", false),
        ("!a", "a notin (b)", true),
        ("a", "a notin (b)", true),
        ("a=b", "!a", false),
        ("!a", "!a", true),
        ("a>5", "a<7", true),
        ("a>5", "a<6", false),
        ("a>5", "a<7,a!=6", true),
        ("a>5", "a=6", true),
        ("a>5", "a=x", false),
        ("a<0", "a", false),
        ("a>5", "!a", false),
        ("a>9223372036854775807", "", false),
        ("a=b,a=c", "", false),
    ] {
        assert_eq!(selector(left).overlaps(&selector(right)), overlap, "{left:?} and {right:?}");
        assert_eq!(selector(right).overlaps(&selector(left)), overlap, "{right:?} and {left:?}");
    }
}

#[test]
fn excluding_all_ways_to_write_a_number_leaves_none() {
    let all = |from: usize| (from..=63).map(|width| format!("{:0width$}", 6)).collect::<Vec<_>>().join(",");
    let between = selector("a>5,a<7");
    assert!(!between.overlaps(&selector(&format!("a notin ({})", all(1)))));
    assert!(between.overlaps(&selector(&format!("a notin ({})", all(2)))));
}

fn requirement() -> impl Strategy<Value = String> {
    let key = "[abc]";
    prop_oneof![
        (key, "=|==|!=", "[xyz]?").prop_map(|(key, operator, value)| format!("{key}{operator}{value}")),
        (key, "in|notin", "[xyz](,[xyz]){0,2}")
            .prop_map(|(key, operator, values)| format!("{key} {operator} ({values})")),
        (key, "[<>]", "[0-3]").prop_map(|(key, operator, bound)| format!("{key}{operator}{bound}")),
        "!?[abc]",
    ]
}

fn some_selector() -> impl Strategy<Value = Selector> {
    proptest::collection::vec(requirement(), 0..4).prop_map(|it| selector(&it.join(" , ")))
}

proptest! {
    #[test]
    fn the_text_form_means_the_same(selector in some_selector()) {
        prop_assert_eq!(Selector::parse(&selector.to_string()), Ok(selector));
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        let _ = Selector::parse(&text);
    }

    #[test]
    fn overlapping_selectors_have_a_witness(left in some_selector(), right in some_selector()) {
        // Values beyond those in the selectors stand for all others.
        let values = [None, Some(""), Some("x"), Some("y"), Some("z"), Some("w"), Some("0"), Some("1"), Some("2"), Some("3"), Some("4")];
        let per_key = ["a", "b", "c"].map(|key| values.map(|value| value.map(|value| (key, value))));
        let mut witness = false;
        for a in per_key[0] {
            for b in per_key[1] {
                for c in per_key[2] {
                    let labels = labels(&[a, b, c].into_iter().flatten().collect::<Vec<_>>());
                    witness |= left.matches(&labels) && right.matches(&labels);
                }
            }
        }
        prop_assert_eq!(left.overlaps(&right), witness);
    }
}
