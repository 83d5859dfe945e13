//! The recorded answers of Kubernetes' own YAML library: every row of op `yaml` and `split`.

use seatrial::source::Sources;
use seatrial::yaml::{self, ProblemKind};
use serde_json::Value;

fn rows(op: &str) -> Vec<Value> {
    let text =
        std::fs::read_to_string("tests/conformance/vectors.jsonl").expect("the recordings are in the repository");
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"))
        .filter(|row| row["op"] == op)
        .collect()
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

#[test]
fn yaml_reads_as_in_kubernetes() {
    let mut wrong = Vec::new();
    let rows = rows("yaml");
    for row in &rows {
        let mut sources = Sources::default();
        let file = sources.add("in.yaml", text(row, "in"));
        let document = yaml::read_one(file, sources.get(file));
        let strict = !document.problems.is_empty();
        let lenient = document.problems.iter().any(|problem| problem.kind != ProblemKind::DuplicateKey);
        let json = document.root().map_or(Value::Null, yaml::Value::to_json);
        if lenient != !row["error"].is_null()
            || strict != !row["strictError"].is_null()
            || !lenient && !same(&json, &row["json"])
        {
            wrong.push(format!("{:?}: {json} {:?}, expected {row}", text(row, "in"), document.problems));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// Numbers are equal if they are the same double, as JSON has no integers.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) => ours.as_f64() == theirs.as_f64(),
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
    let mut wrong = Vec::new();
    for row in rows("split") {
        let input = text(&row, "in");
        let pieces = yaml::split(input);
        let failed = pieces.iter().any(Result::is_err);
        // kubectl normalises line ends while splitting; here they stay, and the parser reads both.
        let docs: Vec<String> =
            pieces.into_iter().filter_map(Result::ok).map(|span| input[span.range()].replace("\r\n", "\n")).collect();
        let expected: Vec<&str> = row["docs"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        if failed != !row["error"].is_null() || !failed && docs != expected {
            wrong.push(format!("{input:?}: {docs:?}, expected {row}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
