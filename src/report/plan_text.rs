//! A plan for people: the verdict first, then what is refused, then what rolls, and the quiet rest in a line or two.

use std::fmt::Write as _;
use std::io;

use serde_json::Value;

use super::plan_findings::{self, Found};
use super::printable;
use crate::plan::Effect;
use crate::plan::document::{Action, Bounds, FieldChange, ObjectPlan, OnFailure, Plan, Revision, Span, Step};

/// Where the details of an object begin.
const INDENT: &str = "  ";
/// How wide the words in front of details are.
const LABEL: usize = 16;
/// Longer values are cut.
const VALUE: usize = 60;

/// Writes the plan.
pub fn write(out: &mut dyn io::Write, plan: &Plan, found: Found<'_>) -> io::Result<()> {
    let mut text = String::new();
    let _ = writeln!(text, "Plan: {}", verdict(plan));
    let of = |actions: &[Action]| -> Vec<&ObjectPlan> {
        plan.objects.iter().filter(|object| actions.contains(&object.action)).collect()
    };
    for object in of(&[Action::Rejected, Action::RecreateNeeded]) {
        refused(&mut text, object);
    }
    let mut rolling = of(&[Action::Roll, Action::Scale]);
    rolling.sort_by(|one, other| availability(one).total_cmp(&availability(other)));
    for object in rolling {
        changing(&mut text, object);
        plan_findings::of_object(&mut text, INDENT, object, found);
    }
    for object in of(&[Action::Update]) {
        changing(&mut text, object);
        plan_findings::of_object(&mut text, INDENT, object, found);
    }
    plan_findings::of_others(&mut text, plan, found);
    quiet(&mut text, plan);
    if !plan.assumptions.is_empty() {
        let _ = writeln!(text, "assumed: {}", plan.assumptions.join(", "));
    }
    for gate in &plan.gates {
        let _ =
            writeln!(text, "gate {}: {} ({})", if gate.holds { "holds" } else { "fails" }, gate.condition, gate.found);
    }
    out.write_all(text.as_bytes())
}

/// The part of the wanted pods that is available at the worst step.
fn availability(object: &ObjectPlan) -> f64 {
    object.bounds.as_ref().map_or(1.0, part)
}

fn part(bounds: &Bounds) -> f64 {
    bounds.availability().unwrap_or(1.0)
}

/// The plan in a sentence or two.
pub(super) fn verdict(plan: &Plan) -> String {
    let count = |action: Action| plan.summary.actions.get(&action).copied().unwrap_or_default();
    let mut parts = Vec::new();
    let mut say = |count: usize, one: &str, many: &str| {
        if count > 0 {
            parts.push(format!("{count} {}", if count == 1 { one } else { many }));
        }
    };
    say(
        count(Action::Rejected),
        "change will be REJECTED by the API server",
        "changes will be REJECTED by the API server",
    );
    say(count(Action::RecreateNeeded), "object must be recreated", "objects must be recreated");
    say(count(Action::Roll), "workload rolls", "workloads roll");
    say(count(Action::Scale), "workload scales", "workloads scale");
    say(count(Action::Update), "object changes without restarts", "objects change without restarts");
    say(count(Action::Create), "object is created", "objects are created");
    say(count(Action::Delete), "object goes", "objects go");
    let mut text = if parts.is_empty() { "nothing changes".to_owned() } else { parts.join(", ") };
    text.push('.');
    if count(Action::Rejected) == 0 && count(Action::Roll) > 0 {
        text.insert_str(text.len() - 1, ", nothing is rejected");
    }
    let worst = plan
        .objects
        .iter()
        .filter_map(|object| object.bounds.as_ref())
        .min_by(|one, other| part(one).total_cmp(&part(other)));
    if let Some(bounds) = worst {
        let _ = write!(
            text,
            " Lowest availability {}/{} ({:.0} %).",
            bounds.min_available,
            bounds.desired,
            100.0 * part(bounds)
        );
    }
    if let Some(time) = plan.summary.time {
        let _ = write!(text, " About {} plus image pulls.", span(time));
    }
    text
}

fn title(object: &ObjectPlan, mark: &str) -> String {
    format!("\n{mark} {}   {}:{}\n", name(&object.id), printable(&object.source.file), object.source.line)
}

/// `Deployment shop/web` for `apps/Deployment/shop/web`.
fn name(id: &str) -> String {
    let mut parts: Vec<&str> = id.split('/').collect();
    // The group may hold no slash; what is left is kind, namespace and name.
    if parts.len() > 2 {
        parts.remove(0);
    }
    let (kind, rest) = parts.split_first().map_or(("", String::new()), |(kind, rest)| (*kind, rest.join("/")));
    printable(&format!("{kind} {rest}")).into_owned()
}

fn detail(text: &mut String, label: &str, value: &str) {
    let _ = writeln!(text, "{INDENT}{label:<LABEL$}{value}");
}

fn refused(text: &mut String, object: &ObjectPlan) {
    text.push_str(&title(object, "✗"));
    for rejection in &object.rejections {
        let reason = rejection.reason.as_deref().unwrap_or("BadRequest");
        let place = format!("{}:{}", printable(&rejection.source.file), rejection.source.line);
        let field = if rejection.field.is_empty() { "the object" } else { &rejection.field };
        let _ = writeln!(text, "{INDENT}{field}   {place}");
        let _ = writeln!(text, "{INDENT}    {} ({reason})", printable(&rejection.message));
        if let Some(help) = &rejection.help {
            let _ = writeln!(text, "{INDENT}    way out: {}", printable(help));
        }
    }
    let lost: Vec<&FieldChange> = object.changes.iter().filter(|change| change.effect != Effect::Rejected).collect();
    if !lost.is_empty() {
        let names: Vec<&str> = lost.iter().map(|change| change.name.as_str()).collect();
        detail(text, "lost with it", &printable(&names.join(", ")));
    }
}

fn changing(text: &mut String, object: &ObjectPlan) {
    let mark = if object.action == Action::Roll { "⟳" } else { "~" };
    text.push_str(&title(object, mark));
    let because = match object.action {
        Action::Roll => "rolls because",
        Action::Scale => "scales because",
        _ => "changes",
    };
    // What does not make it roll or scale comes after what does.
    let mut changes: Vec<&FieldChange> = object.changes.iter().collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.effect));
    let gravest = changes.first().map(|change| change.effect);
    for (at, change) in changes.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| changes[before].effect);
        let label = match before {
            None => because,
            Some(before) if Some(before) == gravest && Some(change.effect) != gravest => "changes too",
            Some(_) => "",
        };
        let place = format!("{}:{}", printable(&change.source.file), change.source.line);
        detail(text, label, &format!("{}   {place}", printable(&change.name)));
        detail(text, "", &format!("  {} → {}", value(change.old.as_ref()), value(change.new.as_ref())));
    }
    if let Some(strategy) = &object.strategy {
        detail(text, "strategy", strategy);
    }
    if !object.steps.is_empty() {
        text.push('\n');
        steps(text, &object.steps, object.bounds.as_ref());
        text.push('\n');
    }
    if let Some(bounds) = &object.bounds {
        for (at, why) in bounds.why.iter().enumerate() {
            detail(text, if at == 0 { "bounds" } else { "" }, why);
        }
    }
    if let Some(time) = object.time {
        detail(text, "time", &span(time));
    }
    for (at, line) in object.rollout_status.iter().enumerate() {
        detail(text, if at == 0 { "you will see" } else { "" }, line);
    }
    if let Some(failure) = &object.on_failure {
        on_failure(text, failure);
    }
    for note in &object.notes {
        detail(text, "note", &printable(note));
    }
}

fn on_failure(text: &mut String, failure: &OnFailure) {
    let _ = writeln!(text, "{INDENT}if the new pods never become ready");
    let parks: Vec<String> =
        failure.parks.iter().map(|revision| format!("{} {}", revision.pods, revision.rev)).collect();
    detail(
        text,
        "",
        &format!("stops at {}: {} available, no automatic rollback", parks.join(" + "), failure.available),
    );
    if let Some(reported) = &failure.reported {
        let after = failure.after_seconds.map(|after| format!("after {after} s: ")).unwrap_or_default();
        detail(text, "", &format!("{after}{reported}"));
    }
    for (at, way) in failure.recover.iter().enumerate() {
        detail(text, "", &format!("{}{way}", if at == 0 { "back: " } else { "      " }));
    }
}

/// The table of steps. Columns are as wide as what stands in them.
fn steps(text: &mut String, steps: &[Step], bounds: Option<&Bounds>) {
    let revisions: Vec<&str> =
        steps.last().map_or_else(Vec::new, |step| step.revisions.iter().map(|it| it.rev.as_str()).collect());
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut head = vec!["step".to_owned(), "when".to_owned()];
    head.extend(revisions.iter().map(|rev| format!("{rev} pods")));
    head.extend(["available", "pods", "what the controllers do"].map(str::to_owned));
    rows.push(head);
    let least = bounds.map(|bounds| bounds.min_available);
    let mut said = false;
    for step in steps {
        let mut row = vec![step.n.to_string(), if step.n == 0 { "before".to_owned() } else { span(step.at) }];
        row.extend(
            revisions
                .iter()
                .map(|rev| step.revisions.iter().find(|it| it.rev == *rev).map_or_else(|| "0".to_owned(), pods)),
        );
        let is_least = step.n > 0 && Some(step.available) == least && !said;
        said |= is_least;
        row.push(format!("{}{}", step.available, if is_least { " ← min" } else { "" }));
        row.push(if step.terminating > 0 {
            format!("{} +{}t", step.pods, step.terminating)
        } else {
            step.pods.to_string()
        });
        row.push(step.events.join(", "));
        rows.push(row);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "{INDENT}{INDENT}{}", cells.join("  ").trim_end());
    }
}

fn pods(revision: &Revision) -> String {
    if revision.ready == revision.pods {
        revision.pods.to_string()
    } else {
        format!("{} ({} ok)", revision.pods, revision.ready)
    }
}

/// The objects about which there is little to say.
fn quiet(text: &mut String, plan: &Plan) {
    text.push('\n');
    for (action, what) in [(Action::Create, "created"), (Action::Delete, "gone from the new side")] {
        let names: Vec<String> =
            plan.objects.iter().filter(|object| object.action == action).map(|object| name(&object.id)).collect();
        if !names.is_empty() {
            let _ = writeln!(text, "{what}: {}", names.join(", "));
        }
    }
    let unchanged = plan.objects.iter().filter(|object| object.action == Action::None).count();
    if unchanged > 0 {
        let _ = writeln!(text, "unchanged: {unchanged} {}", if unchanged == 1 { "object" } else { "objects" });
    }
}

/// Seconds as people say them: `0 s`, `15–25 s`, `30 s – 2 min 5 s`.
pub(super) fn span(span: Span) -> String {
    if (span.max - span.min).abs() < 0.5 {
        return time(span.max);
    }
    if span.max < 60.0 {
        format!("{:.0}–{:.0} s", span.min, span.max)
    } else {
        format!("{} – {}", time(span.min), time(span.max))
    }
}

fn time(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.0} s");
    }
    let minutes = (seconds / 60.0).floor();
    let rest = seconds - 60.0 * minutes;
    if rest < 0.5 { format!("{minutes:.0} min") } else { format!("{minutes:.0} min {rest:.0} s") }
}

/// A value on one line.
pub(super) fn value(value: Option<&Value>) -> String {
    let text = match value {
        None => return "(not there)".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let text = printable(&text).into_owned();
    if text.chars().count() <= VALUE { text } else { text.chars().take(VALUE - 1).chain(['…']).collect() }
}
