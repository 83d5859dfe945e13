//! The recorded answers of Kubernetes' own YAML library: every row of op `yaml` and `split`.
//!
//! `SEATRIAL_VECTORS=FILE[,FILE]` runs the rows of further files as well: `{"in", "json", "error", "strictError"}` for reading,
//! `{"in", "docs", "error"}` for splitting. The failures are counted by the rows' `cat`.

use std::collections::BTreeMap;

use seatrial::source::Sources;
use seatrial::yaml::{self, ProblemKind};
use serde_json::Value;

/// The rows of the repository and of `SEATRIAL_VECTORS` that have this field.
fn rows(field: &str) -> Vec<Value> {
    let more = std::env::var("SEATRIAL_VECTORS").unwrap_or_default();
    let files = ["tests/conformance/vectors.jsonl"].into_iter().chain(more.split(',')).filter(|name| !name.is_empty());
    let mut rows = Vec::new();
    for name in files {
        let text = std::fs::read_to_string(name).expect("the recordings can be read");
        rows.extend(text.lines().filter_map(|line| {
            let row: Value = serde_json::from_str(line).expect("each line is JSON");
            let op = if field == "docs" { "split" } else { "yaml" };
            // Rows of bytes that are no text never reach the parser.
            (row.get("in").is_some() && row.get("op").map_or(row.get(field).is_some(), |is| is == op)).then_some(row)
        }));
    }
    rows
}

/// Runs `check` on all rows; it says what is wrong with a row.
fn all(rows: &[Value], check: impl Fn(&Value) -> Option<String>) {
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in rows {
        let count = counts.entry(row["cat"].as_str().unwrap_or("recorded")).or_default();
        count.1 += 1;
        if let Some(message) = check(row) {
            count.0 += 1;
            wrong.push(message);
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows, {counts:?}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

#[test]
fn yaml_reads_as_in_kubernetes() {
    all(&rows("strictError"), |row| {
        let mut sources = Sources::default();
        let file = sources.add("in.yaml", text(row, "in"));
        let document = yaml::read_one(file, sources.get(file));
        let problems: Vec<_> =
            document.problems.iter().filter(|problem| problem.kind != ProblemKind::Ignored).collect();
        let strict = !problems.is_empty();
        let is_strict = |kind| matches!(kind, ProblemKind::DuplicateKey | ProblemKind::OverriddenMerge);
        let lenient = problems.iter().any(|problem| !is_strict(problem.kind));
        let json = document.root().map_or(Value::Null, yaml::Value::to_json);
        // Two keys of one map that become the same text (`1` and `"1"`): Go's map order decides which one stays.
        let by_chance = row["nondeterministic"] == true;
        (lenient == row["error"].is_null()
            || strict == row["strictError"].is_null()
            || !lenient && !by_chance && !same(&json, &row["json"]))
        .then(|| format!("{:?}: {json} {problems:?}, expected {row}", text(row, "in")))
    });
}

/// Whole numbers are equal exactly, others as doubles.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) => {
            if (ours.is_i64() || ours.is_u64()) && (theirs.is_i64() || theirs.is_u64()) {
                ours == theirs
            } else {
                // The numbers of a row went through a parser that may be off by one in the last place.
                let (Some(ours), Some(theirs)) = (ours.as_f64(), theirs.as_f64()) else { return false };
                (ours - theirs).abs() <= ours.abs() * 1e-15
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|(key, ours)| theirs.get(key).is_some_and(|theirs| same(ours, theirs)))
        }
        _ => ours == theirs,
    }
}

#[test]
fn streams_are_split_as_in_kubernetes() {
    all(&rows("docs"), |row| {
        let input = text(row, "in");
        let pieces = yaml::split(input);
        let failed = pieces.iter().any(Result::is_err);
        // kubectl normalises line ends while splitting and ends the last line; here they stay as they are until the
        // text is parsed.
        let normal = |text: &str| {
            let text = text.replace("\r\n", "\n");
            if text.ends_with('\n') { text } else { text + "\n" }
        };
        let docs: Vec<String> =
            pieces.into_iter().filter_map(Result::ok).map(|span| normal(&input[span.range()])).collect();
        let expected: Vec<&str> = row["docs"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        (failed == row["error"].is_null() || docs != expected).then(|| format!("{input:?}: {docs:?}, expected {row}"))
    });
}
