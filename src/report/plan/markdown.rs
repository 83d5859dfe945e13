//! A plan as Markdown: a comment on a pull request, or the summary of a job. It is found again by its hidden first line,
//! and cut to a size by leaving out the step tables first, then the notes, never the verdict.

use std::fmt::Write as _;
use std::io;

use super::Found;
use super::words::{self, Difference, Line};
use crate::plan::document::{Action, FieldChange, ObjectPlan, OnFailure, Plan, Spot};
use crate::report::printable;

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
    let changed = plan.objects.iter().filter(|object| object.action != Action::None);
    let (quiet, shown): (Vec<&ObjectPlan>, Vec<&ObjectPlan>) = changed.partition(|object| words::is_quiet(object));
    let count = quiet.len() + shown.len();
    let objects = if count == 1 { "object changes" } else { "objects change" };
    let mut text = format!("<!-- seatrial:plan -->\n### Rollout plan · {count} {objects}\n\n");
    let alert = if plan.stops() { "CAUTION" } else { "NOTE" };
    let _ = writeln!(text, "> [!{alert}]\n> {}\n", escaped(&words::verdict(plan)));
    if !shown.is_empty() {
        text.push_str("| object | what happens | lowest availability | pod peak | time * | if it fails |\n|---|---|---|---|---|---|\n");
        for object in &shown {
            line(&mut text, object);
        }
    }
    after_rejection(&mut text, plan);
    findings(&mut text, found);
    if !quiet.is_empty() {
        let names: Vec<String> = quiet.iter().map(|object| format!("`{}`", code(&words::name(&object.id)))).collect();
        let _ = writeln!(text, "\nOnly labels or annotations change: {}", names.join(", "));
    }
    if detail > Detail::Line {
        for object in &shown {
            details(&mut text, object, detail);
        }
    }
    for gate in &plan.gates {
        let mark = if gate.holds { "✅" } else { "❌" };
        let _ = writeln!(text, "\n{mark} gate `{}` ({})", code(&gate.condition), gate.found);
    }
    let _ = writeln!(
        text,
        "\n<sub>* without image pulls and scheduling. Kubernetes {}{}</sub>",
        plan.kubernetes_version,
        plan.assumptions.iter().fold(String::new(), |text, assumption| text + ", " + &escaped(assumption)),
    );
    text
}

/// What the rules found; an empty line before it ends the table.
fn findings(text: &mut String, found: Found<'_>) {
    for (at, finding) in found.all().enumerate() {
        let before = if at == 0 { "\n" } else { "" };
        let (message, place) = (escaped(&finding.headline()), place(&found.source(finding)));
        let _ = writeln!(text, "{before}- ⚠ **{}**: {message} ({place})", finding.rule);
    }
}

fn line(text: &mut String, object: &ObjectPlan) {
    let none = || "–".to_owned();
    let bounds = object.bounds.as_ref();
    let availability = bounds.map_or_else(none, |bounds| format!("**{}**", words::available(bounds)));
    let peak = bounds.map_or_else(none, |bounds| bounds.max_pods.to_string());
    let time = object.time.map_or_else(none, words::span);
    let failure = object.on_failure.as_ref();
    let failure = failure.map_or_else(none, |failure| format!("stops at {}", words::pods_by_revision(&failure.parks)));
    let what = match object.action {
        Action::Rejected => "✗ rejected: it stays as it is",
        Action::Unknown => "? not known: a manifest cannot be read",
        Action::RecreateNeeded => "↻ is deleted and created anew",
        Action::Roll => "⟳ pods are replaced",
        Action::Scale => "scales",
        Action::Update => "changes, no restart",
        Action::Create => "is created",
        Action::Delete => "is gone from the new side",
        Action::None => "stays",
    };
    let name = code(&words::name(&object.id));
    let _ = writeln!(text, "| `{name}` | {what} | {availability} | {peak} | {time} | {failure} |");
}

fn details(text: &mut String, object: &ObjectPlan, detail: Detail) {
    if object.changes.is_empty() && object.rejections.is_empty() && object.notes.is_empty() && object.claims.is_none() {
        return;
    }
    let _ = writeln!(text, "\n<details><summary><code>{}</code></summary>\n", escaped(&words::name(&object.id)));
    for rejection in &object.rejections {
        let (field, place) = (code(&rejection.field), place(&rejection.source));
        let field = if field.is_empty() { String::new() } else { format!("`{field}`: ") };
        let _ = writeln!(text, "- ✗ {field}{} ({place})", escaped(&rejection.message));
        if let Some(help) = rejection.help.as_ref().filter(|_| rejection.ways_out.is_empty()) {
            let _ = writeln!(text, "  way out: {}", escaped(help));
        }
    }
    ways_out(text, object);
    for change in &object.changes {
        changed(text, change);
    }
    let bounds = object.bounds.iter().flat_map(|bounds| &bounds.why).cloned();
    let traffic = words::traffic(&object.steps).into_iter().map(|(service, text)| format!("{service}: {text}"));
    let storage = object.claims.iter().flat_map(words::storage);
    let sentences = object.strategy.iter().cloned().chain(bounds).chain(traffic).chain(words::leftover(object));
    for sentence in sentences.chain(storage).chain(object.notes.iter().cloned()) {
        let _ = writeln!(text, "- {}", escaped(&sentence));
    }
    if let Some(failure) = &object.on_failure {
        failing(text, failure);
    }
    if detail == Detail::Steps && !object.steps.is_empty() {
        text.push('\n');
        steps(text, object);
    }
    text.push_str("\n</details>\n");
}

/// The ways out as a numbered list, with commands to copy.
fn ways_out(text: &mut String, object: &ObjectPlan) {
    if let Some(words) = &object.server_says {
        let _ = writeln!(text, "- the server says: `{}`", code(&words.replace('\n', " ")));
    }
    for (at, way) in words::ways(object).into_iter().enumerate() {
        let _ = writeln!(text, "\n{}. {} ({})", at + 1, escaped(&way.title), escaped(&words::cost(way)));
        if !way.commands.is_empty() {
            let commands: Vec<String> = way.commands.iter().map(|it| format!("   {}", printable(it))).collect();
            let _ = writeln!(text, "\n   ```sh\n{}\n   ```", commands.join("\n").replace("```", ""));
        }
    }
    if !object.rejections.is_empty() {
        text.push('\n');
    }
}

fn after_rejection(text: &mut String, plan: &Plan) {
    if !plan.after_rejection.is_empty() {
        let sentences: Vec<String> = plan.after_rejection.iter().map(|sentence| escaped(sentence)).collect();
        let _ = writeln!(text, "\nThe others: {}", sentences.join("; "));
    }
}

fn failing(text: &mut String, failure: &OnFailure) {
    let parks = words::pods_by_revision(&failure.parks);
    let _ = write!(text, "- if the new pods never become ready: stops at {parks}, {} available", failure.available);
    if let Some(reported) = &failure.reported {
        let after = failure.after_seconds.map(|after| format!("after {after} s ")).unwrap_or_default();
        let _ = write!(text, "; {after}`{}`", code(reported));
    }
    let recover: Vec<String> = failure.recover.iter().map(|way| format!("`{}`", code(way))).collect();
    let _ = writeln!(text, "; back: {}", recover.join(", then "));
}

fn changed(text: &mut String, change: &FieldChange) {
    let _ = write!(text, "- `{}` ({})", code(&change.name), place(&change.source));
    match words::difference(change) {
        Difference::Values(old, new) => {
            let _ = writeln!(text, ": `{}` → `{}`", code(&old), code(&new));
        }
        Difference::Lines(lines, more) => {
            text.push_str("\n  ```diff\n");
            for (is_new, line) in lines {
                // A fence in the value would end this one.
                let line = line.replace("```", "~~~");
                let _ = writeln!(text, "  {} {line}", if is_new { '+' } else { '-' });
            }
            text.push_str("  ```\n");
            if more > 0 {
                let _ = writeln!(text, "  … {more} more lines differ");
            }
        }
    }
}

fn steps(text: &mut String, object: &ObjectPlan) {
    let (heads, lines) = words::table(object, false);
    let _ = writeln!(text, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for line in lines {
        let cells = match line {
            Line::Cells(cells) => cells,
            Line::Folded(count) => {
                let mut cells = vec![String::new(); heads.len()];
                "…".clone_into(&mut cells[0]);
                cells[1] = format!("{count} more steps like these");
                cells
            }
        };
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
}

fn place(source: &Spot) -> String {
    escaped(&format!("{}:{}", source.file, source.line))
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
    printable(text).replace('`', "'").replace('|', "\\|")
}
