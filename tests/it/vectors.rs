//! The small questions of `tests/conformance/vectors.jsonl`, answered by Kubernetes' own libraries.
//!
//! Every row repeats its question and carries the answer. A test answers all rows of one operation and
//! reports every row that differs, not only the first.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use seatrial::values::cron::{self, Schedule};
use seatrial::values::image::ImageReference;
use seatrial::values::int_or_string::{IntOrString, Rounding, resolve_fenceposts};
use seatrial::values::names;
use seatrial::values::quantity::Quantity;
use seatrial::values::selector::{MatchExpression, Selector};
use serde_json::{Map, Value, json};

/// What we say to a question: the fields of the answer, or nothing where the text is refused.
type Answer = Option<Value>;

/// Answers all rows of an operation and compares the fields that the answer has.
#[track_caller]
fn check(operation: &str, answer: impl Fn(&Value) -> Answer) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/vectors.jsonl");
    let text = std::fs::read_to_string(path).expect("the recordings are part of the repository");
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("every line is JSON"));
    let rows: Vec<_> = rows.filter(|row| row["op"] == operation).collect();
    assert!(!rows.is_empty(), "there are no rows of `{operation}`");

    let failures: Vec<_> = rows.iter().filter_map(|row| difference(row, answer(row))).collect();
    assert!(failures.is_empty(), "{} of {} rows differ:\n{}", failures.len(), rows.len(), failures.join("\n"));
}

/// A wording of an error is free; whether there is one is not.
fn difference(row: &Value, answer: Answer) -> Option<String> {
    let Some(answer) = answer else {
        return row["error"].is_null().then(|| format!("{row}\n  we refuse it"));
    };
    if !row["error"].is_null() {
        return Some(format!("{row}\n  we accept it: {answer}"));
    }
    let fields = answer.as_object().expect("answers are objects");
    let differs = fields.iter().any(|(field, value)| row[field] != *value);
    differs.then(|| format!("{row}\n  we say {answer}"))
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| panic!("`{field}` is a text in {row}"))
}

fn number(row: &Value, field: &str) -> i32 {
    let number = row[field].as_i64().and_then(|it| i32::try_from(it).ok());
    number.unwrap_or_else(|| panic!("`{field}` is a small number in {row}"))
}

fn texts(object: &Value) -> BTreeMap<String, String> {
    let entries = object.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

#[test]
fn quantities_are_read_as_kubernetes_reads_them() {
    check("quantity", |row| {
        let quantity: Quantity = text(row, "in").parse().ok()?;
        let sign = match quantity.sign() {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        };
        Some(json!({
            "canonical": quantity.to_string(),
            "sign": sign,
            "value": quantity.value().to_string(),
            "milli": quantity.milli_value().to_string(),
        }))
    });
}

#[test]
fn percentages_are_scaled_as_kubernetes_scales_them() {
    check("scale", |row| {
        let rounding = if row["up"] == true { Rounding::Up } else { Rounding::Down };
        let scaled = IntOrString::parse(text(row, "in")).scaled(number(row, "total"), rounding).ok()?;
        Some(json!({ "value": scaled }))
    });
}

#[test]
fn fenceposts_are_resolved_as_deployments_resolve_them() {
    let read = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(IntOrString::String(text.clone())),
        number => Some(IntOrString::Int(number.as_i64().and_then(|it| i32::try_from(it).ok()).expect("an int32"))),
    };
    check("fenceposts", |row| {
        let (surge, unavailable) = (read(&row["surge"]), read(&row["unavailable"]));
        let resolved = resolve_fenceposts(surge.as_ref(), unavailable.as_ref(), number(row, "total")).ok()?;
        Some(json!({ "maxSurge": resolved.max_surge, "maxUnavailable": resolved.max_unavailable }))
    });
}

type Syntax = fn(&str) -> names::Problems;

#[test]
fn names_are_accepted_as_kubernetes_accepts_them() {
    check("names", |row| {
        let syntaxes: [(&str, Syntax); 13] = [
            ("cIdentifier", names::c_identifier),
            ("configMapKey", names::config_map_key),
            ("dns1035Label", names::dns1035_label),
            ("dns1123Label", names::dns1123_label),
            ("dns1123Subdomain", names::dns1123_subdomain),
            ("envVarName", names::env_var_name),
            ("httpHeaderName", names::http_header_name),
            ("labelValue", names::label_value),
            ("percent", names::percent),
            ("portName", names::port_name),
            ("qualifiedName", names::qualified_name),
            ("relaxedEnvVarName", names::relaxed_env_var_name),
            ("wildcardDNS1123Subdomain", names::wildcard_dns1123_subdomain),
        ];
        let valid = syntaxes.map(|(name, syntax)| (name.to_owned(), json!(syntax(text(row, "in")).is_empty())));
        Some(json!({ "valid": Map::from_iter(valid) }))
    });
}

#[test]
fn label_selectors_match_as_in_kubernetes() {
    check("selector", |row| {
        let fields = &row["selector"];
        let expressions = fields["matchExpressions"].as_array().into_iter().flatten().map(|it| {
            let values = it["values"].as_array().into_iter().flatten();
            MatchExpression {
                key: text(it, "key").to_owned(),
                operator: text(it, "operator").to_owned(),
                values: values.map(|it| it.as_str().unwrap_or_default().to_owned()).collect(),
            }
        });
        let expressions: Vec<_> = expressions.collect();
        let selector = Selector::from_label_selector(&texts(&fields["matchLabels"]), &expressions).ok()?;
        Some(json!({ "matches": selector.matches(&texts(&row["labels"])), "string": selector.to_string() }))
    });
}

#[test]
fn selectors_in_text_form_match_as_in_kubernetes() {
    check("selectorString", |row| {
        let selector = Selector::parse(text(row, "in")).ok()?;
        Some(json!({ "matches": selector.matches(&texts(&row["labels"])), "string": selector.to_string() }))
    });
}

#[test]
fn schedules_come_due_as_in_kubernetes() {
    check("cron", |row| {
        let schedule = Schedule::parse(text(row, "in")).ok()?;
        let zone = cron::load_time_zone(row["tz"].as_str().unwrap_or_default()).expect("recorded zones exist");
        let from = text(row, "from").parse().expect("recorded times are times");
        let times = std::iter::successors(Some(from), |it| schedule.next_after(*it, &zone));
        let next: Vec<_> = times.skip(1).take(6).map(|it| it.to_string()).collect();
        Some(json!({ "next": next }))
    });
}

#[test]
fn images_are_taken_apart_as_runtimes_do_it() {
    check("image", |row| {
        let image = ImageReference::parse(text(row, "in")).ok()?;
        Some(json!({ "domain": image.domain, "path": image.path, "tag": image.tag, "digest": image.digest }))
    });
}
