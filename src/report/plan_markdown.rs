//! A plan as Markdown: a comment on a pull request, or the summary of a job. It is found again by its hidden first line,
//! and cut to a size by leaving out the step tables first, then the notes, never the verdict.

use std::fmt::Write as _;
use std::io;

use super::plan_findings::{self, Found};
use super::plan_text::{span, value, verdict};
use super::printable;
use crate::plan::document::{Action, ObjectPlan, Plan, Step};

/// GitHub takes comments of up to 65,536 characters.
pub const MAX_SIZE: usize = 65_000;

/// How much is written about an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    /// A line of the table.
    Line,
    /// What changes, and why it is refused.
    Changes,
    /// The steps as well.
    Steps,
}

/// Writes the plan in at most `max_size` bytes, as far as its verdict allows.
pub fn write(out: &mut dyn io::Write, plan: &Plan, found: Found<'_>, max_size: usize) -> io::Result<()> {
    let texts = [Detail::Steps, Detail::Changes, Detail::Line].map(|detail| text(plan, found, detail));
    let [full, shorter, shortest] = &texts;
    let fitting = [full, shorter].into_iter().find(|text| text.len() <= max_size).unwrap_or(shortest);
    if fitting.len() <= max_size {
        return out.write_all(fitting.as_bytes());
    }
    // Even a line for each object is too much: the table is cut, and says so.
    let note = "\n\n… and more; the whole plan is in the output of `seatrial plan`\n";
    let room = max_size.saturating_sub(note.len());
    let cut = fitting.char_indices().map(|(at, _)| at).take_while(|at| *at <= room).last().unwrap_or_default();
    let cut = fitting[..cut].rfind('\n').unwrap_or(cut);
    out.write_all(&fitting.as_bytes()[..cut])?;
    out.write_all(note.as_bytes())
}

fn text(plan: &Plan, found: Found<'_>, detail: Detail) -> String {
    let mut text = String::from("<!-- seatrial:plan -->\n### Rollout plan\n\n");
    let rejected = plan.summary.actions.contains_key(&Action::Rejected);
    let alert = if rejected { "CAUTION" } else { "NOTE" };
    let _ = writeln!(text, "> [!{alert}]\n> {}\n", escaped(&verdict(plan)));
    let shown: Vec<&ObjectPlan> = plan.objects.iter().filter(|object| object.action != Action::None).collect();
    if !shown.is_empty() {
        text.push_str("| object | what happens | lowest availability | pod peak | time * | if it fails |\n|---|---|---|---|---|---|\n");
        for object in &shown {
            line(&mut text, object);
        }
    }
    plan_findings::list(&mut text, found, escaped);
    if detail > Detail::Line {
        for object in &shown {
            details(&mut text, object, detail);
        }
    }
    for gate in &plan.gates {
        let _ = writeln!(text, "\n{} gate `{}` ({})", if gate.holds { "✅" } else { "❌" }, gate.condition, gate.found);
    }
    let _ = writeln!(
        text,
        "\n<sub>* without image pulls and scheduling. Kubernetes {}{}</sub>",
        plan.kubernetes_version,
        plan.assumptions.iter().fold(String::new(), |text, assumption| text + ", " + &escaped(assumption)),
    );
    text
}

fn line(text: &mut String, object: &ObjectPlan) {
    let none = || "–".to_owned();
    let availability =
        object.bounds.as_ref().map_or_else(none, |bounds| format!("**{}/{}**", bounds.min_available, bounds.desired));
    let peak = object.bounds.as_ref().map_or_else(none, |bounds| bounds.max_pods.to_string());
    let time = object.time.map_or_else(none, span);
    let failure = object.on_failure.as_ref().map_or_else(none, |failure| {
        let parks: Vec<String> = failure.parks.iter().map(|it| format!("{} {}", it.pods, it.rev)).collect();
        format!("stops at {}", parks.join(" + "))
    });
    let what = match object.action {
        Action::Rejected => "✗ rejected: it stays as it is",
        Action::RecreateNeeded => "✗ must be recreated",
        Action::Roll => "⟳ pods are replaced",
        Action::Scale => "scales",
        Action::Update => "changes, no restart",
        Action::Create => "is created",
        Action::Delete => "is gone from the new side",
        Action::None => "stays",
    };
    let _ = writeln!(text, "| `{}` | {what} | {availability} | {peak} | {time} | {failure} |", escaped(&object.id));
}

fn details(text: &mut String, object: &ObjectPlan, detail: Detail) {
    if object.changes.is_empty() && object.rejections.is_empty() && object.notes.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n<details><summary><code>{}</code></summary>\n", escaped(&object.id));
    for rejection in &object.rejections {
        let place = format!("{}:{}", rejection.source.file, rejection.source.line);
        let _ = writeln!(
            text,
            "- ✗ `{}`: {} ({})",
            escaped(&rejection.field),
            escaped(&rejection.message),
            escaped(&place)
        );
        if let Some(help) = &rejection.help {
            let _ = writeln!(text, "  way out: {}", escaped(help));
        }
    }
    for change in &object.changes {
        let place = format!("{}:{}", change.source.file, change.source.line);
        let (old, new) = (value(change.old.as_ref()), value(change.new.as_ref()));
        let _ =
            writeln!(text, "- `{}`: `{}` → `{}` ({})", escaped(&change.name), code(&old), code(&new), escaped(&place));
    }
    for note in &object.notes {
        let _ = writeln!(text, "- {}", escaped(note));
    }
    if detail == Detail::Steps && !object.steps.is_empty() {
        text.push('\n');
        steps(text, &object.steps);
    }
    text.push_str("\n</details>\n");
}

fn steps(text: &mut String, steps: &[Step]) {
    let revisions: Vec<&str> = steps
        .first()
        .map_or_else(Vec::new, |step| step.revisions.iter().map(|revision| revision.rev.as_str()).collect());
    let heads = revisions.iter().map(|rev| format!(" {rev} (ok) |")).collect::<Vec<_>>().concat();
    let rules = "--:|".repeat(revisions.len());
    let _ = writeln!(
        text,
        "| step | when |{heads} available | pods | what the controllers do |\n|--:|---|{rules}--:|--:|---|"
    );
    for step in steps {
        let cells =
            step.revisions.iter().map(|it| format!(" {} ({}) |", it.pods, it.ready)).collect::<Vec<_>>().concat();
        let when = if step.n == 0 { "before".to_owned() } else { span(step.at) };
        let _ = writeln!(
            text,
            "| {} | {when} |{cells} {} | {} | {} |",
            step.n,
            step.available,
            step.pods,
            escaped(&step.events.join(", "))
        );
    }
}

/// Text that Markdown would read otherwise.
fn escaped(text: &str) -> String {
    let mut clean = String::new();
    for char in printable(text).chars() {
        if matches!(char, '|' | '<' | '>' | '*' | '_' | '[' | ']' | '\\') {
            clean.push('\\');
        }
        clean.push(char);
    }
    clean
}

/// Text between backticks.
fn code(text: &str) -> String {
    text.replace('`', "'").replace('|', "\\|")
}
