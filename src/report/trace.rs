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
    if let Some(state) = trace.trace.iter().rev().find_map(|row| row.state.as_ref()) {
        let waiting = waiting(state);
        if waiting > 0 {
            let pods = if waiting == 1 { "pod is" } else { "pods are" };
            let _ = writeln!(text, "{:>12}at the end {waiting} {pods} not Ready", "");
        }
    }
    out.write_all(text.as_bytes())
}

/// How many pods are not Ready, although they should be.
fn waiting(state: &Value) -> u64 {
    let counted = [&state["pods"], &state["nodes"]].into_iter().filter_map(Value::as_object).flatten();
    let counted = counted.filter(|(what, _)| what.contains("/Pending")).filter_map(|(_, count)| count.as_u64());
    let listed = state["pods"].as_array().into_iter().flatten().filter(|pod| pod["phase"] == "Pending");
    counted.sum::<u64>() + listed.map(|_| 1).sum::<u64>()
}

/// The pods or Jobs of an instant, or why something was refused.
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
        _ => {
            let jobs = state["jobs"].as_array().into_iter().flatten();
            let job = |job: &Value| Some(format!("{} {}", job["name"].as_str()?, job["status"].as_str()?));
            let next = state["next"].as_str().map(|next| format!("next {next}"));
            jobs.filter_map(job).chain(next).collect::<Vec<_>>().join("  ")
        }
    }
}
