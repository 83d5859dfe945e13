//! A plan for people: the verdict first, then what is refused, then what rolls, and the quiet rest in a line or two.

use std::io;

use super::Found;
use super::words::{self, Difference, Line};
use crate::finding::{Finding, Severity};
use crate::plan::Effect;
use crate::plan::document::{Action, FieldChange, ObjectPlan, OnFailure, Plan, Spot};
use crate::report::{Style, paint, printable, wrapped};

/// Where the details of an object begin.
const INDENT: &str = "  ";
/// How wide the words in front of details are.
const LABEL: usize = 16;
/// Wider lines are hard to read, however wide the terminal is.
const WIDTH: usize = 110;

/// Writes the plan; `all_steps` of long rollouts, or only their begin and end.
pub fn write(out: &mut dyn io::Write, plan: &Plan, found: Found<'_>, all_steps: bool, style: Style) -> io::Result<()> {
    let mut page = Page { text: String::new(), color: style.color, width: style.width.min(WIDTH), all_steps };
    page.plan(plan, found);
    out.write_all(page.text.as_bytes())
}

struct Page {
    text: String,
    color: bool,
    width: usize,
    all_steps: bool,
}

impl Page {
    fn plan(&mut self, plan: &Plan, found: Found<'_>) {
        let of = |actions: &[Action]| -> Vec<&ObjectPlan> {
            plan.objects.iter().filter(|object| actions.contains(&object.action)).collect()
        };
        let refused = of(&[Action::Rejected, Action::Unknown]);
        let code = if refused.is_empty() { "1" } else { "1;31" };
        let verdict = self.paint(code, &format!("Plan: {}", words::verdict(plan)));
        self.line(&verdict);
        for object in refused {
            self.refused(object);
        }
        self.after_rejection(plan);
        let mut rolling = of(&[Action::RecreateNeeded, Action::Roll, Action::Scale]);
        let worst = |object: &ObjectPlan| object.bounds.as_ref().map_or(1.0, words::part);
        rolling.sort_by(|one, other| worst(one).total_cmp(&worst(other)));
        let mut by_object = found.by_object();
        let updated = of(&[Action::Update]).into_iter().filter(|object| !words::is_quiet(object));
        for object in rolling.into_iter().chain(updated) {
            self.changing(object);
            for finding in by_object.remove(&object.id).into_iter().flatten() {
                self.finding(finding, &found.source(finding));
            }
        }
        // The others are about objects of which no details are shown.
        for finding in by_object.into_values().flatten() {
            self.text.push('\n');
            self.finding(finding, &found.source(finding));
        }
        self.quiet(plan);
        if !plan.assumptions.is_empty() {
            let assumed = format!("assumed: Kubernetes {}, {}", plan.kubernetes_version, plan.assumptions.join(", "));
            self.line(&wrapped(&assumed, self.width).replace('\n', "\n         "));
        }
        for gate in &plan.gates {
            let (code, word) = if gate.holds { ("32", "holds") } else { ("31", "fails") };
            let word = self.paint(code, word);
            self.line(&format!("gate {word}: {} ({})", printable(&gate.condition), gate.found));
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn paint(&self, code: &str, text: &str) -> String {
        paint(self.color, code, text)
    }

    /// `⟳ Deployment shop/web`, and at the right where it stands.
    fn title(&mut self, object: &ObjectPlan, mark: &str, code: &str) {
        let (name, place) = (words::name(&object.id), place(&object.source));
        let used = 2 + name.chars().count() + place.chars().count();
        let gap = self.width.saturating_sub(used).max(3);
        let title = self.paint(code, &format!("{mark} {name}"));
        let place = self.paint("2", &place);
        self.line(&format!("\n{title}{}{place}", " ".repeat(gap)));
    }

    /// A line of details; its label is empty if it goes on with the last one.
    fn detail(&mut self, label: &str, value: &str) {
        let room = self.width.saturating_sub(INDENT.len() + LABEL);
        for (at, line) in wrapped(value, room).lines().enumerate() {
            let label = if at == 0 { label } else { "" };
            if label.chars().count() >= LABEL {
                // Names may be longer than there is room for.
                let label = self.paint("2", label);
                self.line(&format!("{INDENT}{label}"));
                self.line(&format!("{INDENT}{:LABEL$}{line}", ""));
            } else {
                let label = self.paint("2", &format!("{label:<LABEL$}"));
                self.line(&format!("{INDENT}{label}{line}"));
            }
        }
    }

    /// A sentence below a line of its own.
    fn indented(&mut self, sentence: &str) {
        let margin = INDENT.repeat(3);
        for line in wrapped(sentence, self.width.saturating_sub(margin.len())).lines() {
            self.line(&format!("{margin}{line}"));
        }
    }

    fn details(&mut self, label: &str, values: impl IntoIterator<Item = impl AsRef<str>>) {
        for (at, value) in values.into_iter().enumerate() {
            self.detail(if at == 0 { label } else { "" }, value.as_ref());
        }
    }

    fn refused(&mut self, object: &ObjectPlan) {
        self.title(object, if object.action == Action::Unknown { "?" } else { "✗" }, "1;31");
        for rejection in &object.rejections {
            let whole = if object.unreadable { "the manifest" } else { "the object" };
            let field = if rejection.field.is_empty() { whole } else { &rejection.field };
            self.line(&format!("{INDENT}{}   {}", printable(field), place(&rejection.source)));
            let reason = rejection.reason.as_deref().unwrap_or("BadRequest");
            self.indented(&format!("{} ({reason})", printable(&rejection.message)));
            if let Some(help) = rejection.help.as_ref().filter(|_| rejection.ways_out.is_empty()) {
                self.indented(&format!("way out: {}", printable(help)));
            }
        }
        let changes = |is_refused: bool| -> Vec<&FieldChange> {
            object.changes.iter().filter(|change| (change.effect == Effect::Rejected) == is_refused).collect()
        };
        self.changes("refused", &changes(true));
        let lost: Vec<&str> = changes(false).iter().map(|change| change.name.as_str()).collect();
        if !lost.is_empty() {
            self.detail("lost with it", &printable(&lost.join(", ")));
        }
        self.ways_out(object);
        for note in &object.notes {
            self.detail("note", &printable(note));
        }
    }

    /// What the server says, and what to do about it. Commands stay on their lines, to be copied.
    fn ways_out(&mut self, object: &ObjectPlan) {
        if let Some(words) = &object.server_says {
            self.detail("the server says", &printable(&words.replace('\n', " ")));
        }
        for (at, way) in words::ways(object).into_iter().enumerate() {
            let label = if at == 0 { "ways out" } else { "" };
            self.detail(label, &format!("{}. {} ({})", at + 1, printable(&way.title), printable(&words::cost(way))));
            for command in &way.commands {
                self.line(&format!("{}{}", " ".repeat(INDENT.len() + LABEL + 3), printable(command)));
            }
        }
    }

    fn after_rejection(&mut self, plan: &Plan) {
        for (at, sentence) in plan.after_rejection.iter().enumerate() {
            let lead = if at == 0 { "\nthe others: " } else { "            " };
            let sentence = wrapped(&printable(sentence), self.width.saturating_sub(12));
            self.line(&format!("{lead}{}", sentence.replace('\n', "\n            ")));
        }
    }

    fn changing(&mut self, object: &ObjectPlan) {
        let (mark, because) = match object.action {
            Action::Roll => ("⟳", "rolls because"),
            Action::RecreateNeeded => ("↻", "created anew for"),
            Action::Scale => ("~", "scales because"),
            _ => ("~", "changes"),
        };
        self.title(object, mark, "1");
        // What does not make it roll or scale comes after what does.
        let gravest = object.changes.iter().map(|change| change.effect).max();
        let (grave, others): (Vec<&FieldChange>, Vec<&FieldChange>) =
            object.changes.iter().partition(|change| Some(change.effect) == gravest);
        self.changes(because, &grave);
        self.changes("changes too", &others);
        if let Some(strategy) = &object.strategy {
            self.detail("strategy", strategy);
        }
        if !object.steps.is_empty() {
            self.steps(object);
        }
        if let Some(bounds) = &object.bounds {
            self.details("bounds", &bounds.why);
        }
        if let (Some(time), Some(timing)) = (object.time, &object.timing) {
            self.detail("time", &format!("{}: {}", words::span(time), words::timing(timing)));
        }
        for (service, text) in words::traffic(&object.steps) {
            self.detail(&service, &text);
        }
        if let Some(leftover) = words::leftover(object) {
            self.detail("stays mixed", &leftover);
        }
        if let Some(claims) = &object.claims {
            self.details("storage", words::storage(claims));
        }
        self.details("you will see", &object.rollout_status);
        if let Some(failure) = &object.on_failure {
            self.failure(failure);
        }
        for note in &object.notes {
            self.detail("note", &printable(note));
        }
    }

    fn changes(&mut self, label: &str, changes: &[&FieldChange]) {
        for (at, change) in changes.iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            self.detail(label, &format!("{}   {}", printable(&change.name), place(&change.source)));
            match words::difference(change) {
                Difference::Values(old, new) => self.detail("", &format!("  {old} → {new}")),
                Difference::Lines(lines, more) => {
                    let margin = " ".repeat(INDENT.len() + LABEL + 2);
                    for (is_new, line) in lines {
                        let (code, sign) = if is_new { ("32", '+') } else { ("31", '-') };
                        let line = self.paint(code, &format!("{sign} {line}"));
                        self.line(&format!("{margin}{line}"));
                    }
                    if more > 0 {
                        self.line(&format!("{margin}… {more} more lines differ"));
                    }
                }
            }
        }
    }

    /// The table of steps. Columns are as wide as what stands in them.
    fn steps(&mut self, object: &ObjectPlan) {
        let (heads, lines) = words::table(object, self.all_steps);
        let mut widths: Vec<usize> = heads.iter().map(|head| head.chars().count()).collect();
        for line in &lines {
            if let Line::Cells(cells) = line {
                for (width, cell) in widths.iter_mut().zip(cells) {
                    *width = cell.chars().count().max(*width);
                }
            }
        }
        let row = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            format!("{INDENT}{INDENT}{}", cells.join("  "))
        };
        let head = self.paint("2", row(&heads).trim_end());
        self.line(&format!("\n{head}"));
        for line in lines {
            match line {
                Line::Cells(cells) => {
                    let is_least = cells.iter().any(|cell| cell.ends_with("← min"));
                    let line = self.paint(if is_least { "33" } else { "" }, row(&cells).trim_end());
                    self.line(&line);
                }
                Line::Folded(count) => {
                    self.line(&format!("{INDENT}{INDENT}…  {count} more steps like these (--steps all)"));
                }
            }
        }
        self.text.push('\n');
    }

    fn failure(&mut self, failure: &OnFailure) {
        self.line(&format!("{INDENT}if the new pods never become ready"));
        let parks = words::pods_by_revision(&failure.parks);
        self.detail("", &format!("stops at {parks}: {} available, no automatic rollback", failure.available));
        if let Some(reported) = &failure.reported {
            let after = failure.after_seconds.map(|after| format!("after {after} s: ")).unwrap_or_default();
            self.detail("", &format!("{after}{reported}"));
        }
        for (at, way) in failure.recover.iter().enumerate() {
            self.detail("", &format!("{}{way}", if at == 0 { "back: " } else { "then: " }));
        }
    }

    /// `⚠ paused-keeps-old   web.yaml:12`, and below it what is wrong and what to do.
    fn finding(&mut self, finding: &Finding, source: &Spot) {
        let (code, mark) = match finding.severity {
            Severity::Error => ("31", '✗'),
            Severity::Warning | Severity::Info => ("33", '⚠'),
        };
        let title = self.paint(code, &format!("{mark} {}", finding.rule));
        self.line(&format!("{INDENT}{title}   {}", place(source)));
        let help = finding.help.as_ref().map(|help| format!("help: {help}"));
        for text in [&*finding.headline()].into_iter().chain(help.as_deref()) {
            let text = wrapped(&printable(text), self.width.saturating_sub(INDENT.len() + 4));
            self.line(&format!("{INDENT}    {}", text.replace('\n', "\n      ")));
        }
    }

    /// The objects about which there is little to say.
    fn quiet(&mut self, plan: &Plan) {
        self.text.push('\n');
        self.named(plan, "only labels or annotations change", words::is_quiet);
        self.named(plan, "created", |object| object.action == Action::Create);
        self.named(plan, "gone from the new side", |object| object.action == Action::Delete);
        let unchanged = plan.objects.iter().filter(|object| object.action == Action::None).count();
        if unchanged > 0 {
            self.line(&format!("unchanged: {unchanged} {}", if unchanged == 1 { "object" } else { "objects" }));
        }
    }

    /// Names the objects that are meant, and says what becomes of their claims.
    fn named(&mut self, plan: &Plan, what: &str, is_meant: impl Fn(&ObjectPlan) -> bool) {
        let objects: Vec<&ObjectPlan> = plan.objects.iter().filter(|object| is_meant(object)).collect();
        let names: Vec<String> = objects.iter().map(|object| words::name(&object.id)).collect();
        if !names.is_empty() {
            let list = wrapped(&format!("{what}: {}", names.join(", ")), self.width);
            self.line(&list.replace('\n', "\n  "));
        }
        for object in objects {
            for sentence in object.claims.iter().flat_map(words::storage) {
                self.line(&format!("  {} {sentence}", words::name(&object.id)));
            }
        }
    }
}

fn place(source: &Spot) -> String {
    format!("{}:{}", printable(&source.file), source.line)
}
