//! The trace of a scenario for people: a line for each instant.

use std::fmt::Write as _;
use std::io;

use serde_json::Value;

use super::printable;
use crate::plan::{Row, Trace};

/// Writes the trace of the scenario that is called `name`.
pub fn write(out: &mut dyn io::Write, name: &str, trace: &Trace) -> io::Result<()> {
    let mut text = format!("{}\n", printable(name));
    for row in &trace.trace {
        let time = row.t.or(row.since).unwrap_or_default();
        let what = if row.event.is_empty() { "timer".to_owned() } else { row.event.join(" ") };
        let _ = writeln!(text, "{time:>8.1} s  {what:<16}  {}", printable(&summary(row)));
        for said in &row.said {
            let _ = writeln!(text, "{:>12}{}", "", printable(said));
        }
    }
    out.write_all(text.as_bytes())
}

/// The pods of an instant, or why something was refused.
fn summary(row: &Row) -> String {
    if let Some(verdict) = &row.verdict {
        let causes: Vec<String> = verdict
            .causes
            .iter()
            .map(|cause| format!("{}: {} ({})", cause.field, cause.message, cause.reason))
            .collect();
        return causes.join("; ");
    }
    let Some(state) = &row.state else { return String::new() };
    match (&state["pods"], &state["nodes"]) {
        (Value::Object(pods), _) | (_, Value::Object(pods)) => {
            pods.iter().map(|(what, count)| format!("{what} {count}")).collect::<Vec<_>>().join("  ")
        }
        (Value::Array(pods), _) => {
            let pod = |pod: &Value| {
                let text = |name: &str| {
                    pod[name].as_str().map(str::to_owned).or_else(|| pod[name].as_i64().map(|it| it.to_string()))
                };
                [text("name").or_else(|| text("index")), text("rev"), text("phase")]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join("/")
            };
            pods.iter().map(pod).collect::<Vec<_>>().join("  ")
        }
        _ => String::new(),
    }
}
