//! The trace of a scenario for people: a line for each instant.

use std::fmt::Write as _;
use std::io;

use crate::plan::state::{NamedPod, Phase, Pods, State, on_node};
use crate::plan::{Row, Trace};
use crate::report::printable;

/// Writes the trace of the scenario that is called `name`.
pub fn write(out: &mut dyn io::Write, name: &str, trace: &Trace) -> io::Result<()> {
    let mut text = format!("{}\n", printable(name));
    for row in &trace.trace {
        let time = row.t.or(row.since).unwrap_or_default();
        let events: Vec<String> = row.event.iter().map(ToString::to_string).collect();
        let what = if events.is_empty() { "timer".to_owned() } else { events.join(" ") };
        let _ = writeln!(text, "{time:>8.1} s  {what:<16}  {}", printable(&summary(row)));
        for said in &row.said {
            let _ = writeln!(text, "{:>12}{}", "", printable(&said.to_string()));
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
fn waiting(state: &State) -> i64 {
    let phases = state.phases().into_iter();
    phases.filter(|(_, phase, _)| *phase == Phase::Pending).map(|(_, _, count)| count).sum()
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
    row.state.as_ref().map_or_else(Vec::new, parts).join("  ")
}

/// The pods or Jobs, each sort or each one in a word or two.
fn parts(state: &State) -> Vec<String> {
    let counted = |what: String, count: i64| format!("{what} {count}");
    let mut parts: Vec<String> = match &state.pods {
        None => Vec::new(),
        Some(Pods::Counted(pods)) => pods.iter().map(|(group, count)| counted(group.to_string(), *count)).collect(),
        Some(Pods::OnNodes(nodes)) => nodes.iter().map(|(pods, count)| counted(on_node(pods), *count)).collect(),
        Some(Pods::Named(pods)) => {
            let pod = |pod: &NamedPod| format!("{}/{}", pod.name, pod.group);
            return pods.iter().map(pod).collect();
        }
        Some(Pods::Indexed(pods)) => {
            let pods = pods.iter().flat_map(|((index, phase), count)| {
                let index = index.map(|index| format!("{index}/")).unwrap_or_default();
                std::iter::repeat_n(format!("{index}{}", phase.name()), *count)
            });
            return pods.collect();
        }
    };
    // As programs that read the trace see them.
    parts.sort_unstable();
    let runs = state.runs.iter();
    parts.extend(runs.flat_map(|runs| {
        let jobs = runs.jobs.iter().map(|run| format!("{} {}", run.name, run.status()));
        jobs.chain(runs.next.iter().map(|next| format!("next {next}")))
    }));
    parts
}
