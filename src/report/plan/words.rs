//! What the reports of a plan have in common: its sentences, and the table of steps.

use std::fmt::Write as _;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::plan::Effect;
use crate::plan::document::{
    Action, Bounds, Claims, FieldChange, ObjectPlan, Plan, Revision, Seconds, Step, Timing, WayOut,
};
use crate::report::printable;

/// Longer values are cut, or drawn line by line.
const VALUE: usize = 60;
/// So many changed lines of a value are drawn.
const LINES: usize = 12;
/// Longer tables are folded.
const ROWS: usize = 14;
/// So many rows stand before and after the fold.
const HEAD: usize = 6;
const TAIL: usize = 3;
/// More pods than these are counted and not shown by name.
const NAMED: usize = 8;
/// More names of claims than these are counted.
const CLAIMS: usize = 4;

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
    say(
        count(Action::Unknown),
        "object is UNKNOWN: a manifest cannot be read",
        "objects are UNKNOWN: a manifest cannot be read",
    );
    say(count(Action::RecreateNeeded), "object is deleted and created anew", "objects are deleted and created anew");
    say(count(Action::Roll), "workload rolls", "workloads roll");
    say(count(Action::Scale), "workload scales", "workloads scale");
    say(count(Action::Update), "object changes without restarts", "objects change without restarts");
    say(count(Action::Create), "object is created", "objects are created");
    say(count(Action::Delete), "object goes", "objects go");
    let mut text = if parts.is_empty() { "nothing changes".to_owned() } else { parts.join(", ") };
    text.push('.');
    if !plan.stops() && count(Action::Roll) > 0 {
        text.insert_str(text.len() - 1, ", nothing is rejected");
    }
    let bounds = plan.objects.iter().filter_map(|object| object.bounds.as_ref());
    if let Some(bounds) = bounds.min_by(|one, other| part(one).total_cmp(&part(other))) {
        let _ = write!(text, " Lowest availability {}.", availability(bounds));
    }
    if let Some(time) = plan.summary.time {
        let _ = write!(text, " About {} plus image pulls.", span(time));
    }
    text
}

/// The part of the expected pods that is available at the worst step.
pub(super) fn part(bounds: &Bounds) -> f64 {
    bounds.availability().unwrap_or(1.0)
}

/// `8/10`: the fewest available pods, of those that people count on.
pub(super) fn available(bounds: &Bounds) -> String {
    format!("{}/{}", bounds.min_available.min(bounds.expected()), bounds.expected())
}

/// `8/10 (80 %)`.
pub(super) fn availability(bounds: &Bounds) -> String {
    // Nearly all is not all.
    format!("{} ({:.0} %)", available(bounds), (100.0 * part(bounds)).floor())
}

/// `Deployment shop/web` for `apps/Deployment/shop/web`.
pub(super) fn name(id: &str) -> String {
    let mut parts = id.split('/').skip(1);
    let kind = parts.next().unwrap_or_default();
    printable(&format!("{kind} {}", parts.collect::<Vec<_>>().join("/"))).into_owned()
}

/// Seconds as people say them: `0 s`, `15–25 s`, `30 s – 2 min 5 s`.
pub(super) fn span(span: Seconds) -> String {
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
    let seconds = seconds.round();
    if seconds < 60.0 {
        return format!("{seconds:.0} s");
    }
    let (large, small, parts, part) =
        if seconds < 3600.0 { (60.0, 1.0, "min", "s") } else { (3600.0, 60.0, "h", "min") };
    let whole = (seconds / large).floor();
    let rest = (seconds - large * whole) / small;
    if rest < 0.5 { format!("{whole:.0} {parts}") } else { format!("{whole:.0} {parts} {rest:.0} {part}") }
}

/// Where the time of a rollout goes.
pub(super) fn timing(timing: &Timing) -> String {
    let mut text = format!("a pod is ready {} after it starts", span(timing.ready));
    if timing.min_ready > 0.0 {
        let _ = write!(text, ", then minReadySeconds {}", time(timing.min_ready));
    }
    let _ = write!(text, "; one that stops takes {}", span(timing.stop));
    text
}

/// What a change turns into what.
pub(super) enum Difference {
    /// Two values, each on one line.
    Values(String, String),
    /// The lines that go (`false`) and come (`true`), and how many more there are.
    Lines(Vec<(bool, String)>, usize),
}

/// The values of a change: short ones as they are, long ones line by line.
pub(super) fn difference(change: &FieldChange) -> Difference {
    let (old, new) = (value(change.old.as_ref()), value(change.new.as_ref()));
    let is_short = |text: &str| !text.trim_end().contains('\n') && text.chars().count() <= VALUE;
    if is_short(&old) && is_short(&new) {
        return Difference::Values(printable(old.trim_end()).into_owned(), printable(new.trim_end()).into_owned());
    }
    let (old, new) = (block(change.old.as_ref()), block(change.new.as_ref()));
    let diff = TextDiff::from_lines(&old, &new);
    let mut lines: Vec<(bool, String)> = diff
        .iter_all_changes()
        .filter(|change| change.tag() != ChangeTag::Equal)
        .map(|change| (change.tag() == ChangeTag::Insert, printable(change.value().trim_end()).into_owned()))
        .collect();
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    Difference::Lines(lines, more)
}

/// A value on one line, as far as it has no lines of its own.
fn value(value: Option<&Value>) -> String {
    match value {
        None => "(not there)".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

/// A value in lines: a text as it is, anything else as YAML.
fn block(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => serde_yaml::to_string(value).unwrap_or_else(|_| value.to_string()),
    }
}

/// How many endpoints each Service in front of the workload has: `Service web`, and a sentence.
pub(super) fn traffic(steps: &[Step]) -> Vec<(String, String)> {
    let Some(first) = steps.first() else { return Vec::new() };
    let service = |(name, before): (&String, &i64)| {
        let counts: Vec<i64> = steps.iter().map(|step| step.endpoints.get(name).copied().unwrap_or_default()).collect();
        let least = counts.iter().copied().min().unwrap_or_default();
        let after = counts.last().copied().unwrap_or_default();
        let mixed: Vec<&Step> = steps.iter().filter(|step| is_mixed(step)).collect();
        let mut text = format!("{before} endpoints before, at least {least} meanwhile, {after} after");
        if let (Some(from), Some(to)) = (mixed.first(), mixed.last())
            && least > 0
        {
            let _ = write!(text, "; old and new pods answer side by side in steps {} to {}", from.n, to.n);
        }
        (format!("Service {}", printable(name)), text)
    };
    first.endpoints.iter().map(service).collect()
}

/// Whether pods of more than one revision are ready.
fn is_mixed(step: &Step) -> bool {
    step.revisions.iter().filter(|revision| revision.ready > 0).count() > 1
}

/// What becomes of claims, in sentences.
pub(super) fn storage(claims: &Claims) -> Vec<String> {
    let say = |names: &[String], what: &str| {
        let shown: Vec<&str> = names.iter().take(CLAIMS).map(String::as_str).collect();
        let more = names.len().saturating_sub(CLAIMS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!names.is_empty()).then(|| format!("{what} {}{more}", printable(&shown.join(", "))))
    };
    let sentences = [
        say(&claims.created, "creates the claims"),
        say(&claims.deleted, "DELETES the claims"),
        say(&claims.orphaned, "keeps, without a pod that uses them, the claims"),
    ];
    sentences.into_iter().flatten().collect()
}

/// What a rollout that replaces only a part of the pods leaves behind.
pub(super) fn leftover(object: &ObjectPlan) -> Option<String> {
    let old = object.steps.last()?.revisions.iter().find(|revision| revision.rev == "old" && revision.pods > 0)?;
    let desired = object.bounds.as_ref().map_or(old.pods, |bounds| bounds.desired);
    (object.action == Action::Roll).then(|| format!("{} of {desired} pods keep the old template", old.pods))
}

/// Whether so little changes that the name of the object says enough: labels and annotations of the object itself.
pub(super) fn is_quiet(object: &ObjectPlan) -> bool {
    object.action == Action::Update
        && object.notes.is_empty()
        && object.changes.iter().all(|change| change.effect == Effect::None)
}

/// Pods by revision: `8 old + 5 new`.
pub(super) fn pods_by_revision(revisions: &[Revision]) -> String {
    let some = revisions.iter().filter(|revision| revision.pods > 0);
    let words: Vec<String> = some.map(|revision| format!("{} {}", revision.pods, revision.rev)).collect();
    if words.is_empty() { "no pods".to_owned() } else { words.join(" + ") }
}

/// A row of the table of steps.
pub(super) enum Line {
    /// A cell for each column.
    Cells(Vec<String>),
    /// So many steps are left out.
    Folded(usize),
}

/// The table of steps: names of the columns, and rows. Long ones are folded unless `all` steps are wanted.
pub(super) fn table(object: &ObjectPlan, all: bool) -> (Vec<String>, Vec<Line>) {
    let steps = &object.steps;
    let columns = columns(steps);
    let mut heads = vec!["step".to_owned(), "when".to_owned()];
    heads.extend(columns.iter().map(|column| match column {
        Column::Pod(name) => (*name).to_owned(),
        Column::Revision(at) => {
            format!("{} pods", steps.first().map_or("", |step| step.revisions[*at].rev.as_str()))
        }
    }));
    heads.extend(["available", "pods", "what the controllers do"].map(str::to_owned));
    // Fewer pods than people count on.
    let least = object.bounds.as_ref().filter(|it| it.min_available < it.expected()).map(|it| it.min_available);
    let worst = steps.iter().position(|step| step.n > 0 && Some(step.available) == least);
    let is_shown = |at: usize| all || steps.len() <= ROWS || at < HEAD || at + TAIL >= steps.len() || worst == Some(at);
    let mut lines = Vec::new();
    let mut folded = 0;
    for (at, step) in steps.iter().enumerate() {
        if !is_shown(at) {
            folded += 1;
            continue;
        }
        if folded > 0 {
            lines.push(Line::Folded(std::mem::take(&mut folded)));
        }
        let mut cells = vec![step.n.to_string(), if step.n == 0 { "before".to_owned() } else { span(step.at) }];
        cells.extend(columns.iter().map(|column| column.cell(step)));
        cells.push(format!("{}{}", step.available, if worst == Some(at) { " ← min" } else { "" }));
        let stopping = if step.terminating > 0 { format!(" +{}t", step.terminating) } else { String::new() };
        cells.push(format!("{}{stopping}", step.pods));
        cells.push(printable(&shortened(&step.events)).into_owned());
        lines.push(Line::Cells(cells));
    }
    (heads, lines)
}

/// The first events of a step, and how many more there are.
fn shortened(events: &[String]) -> String {
    const EVENTS: usize = 4;
    let more = events.len().saturating_sub(EVENTS);
    let shown = events[..events.len() - more].join(", ");
    if more > 0 { format!("{shown}, and {more} more") } else { shown }
}

/// A column about pods.
enum Column<'a> {
    /// Those of a revision, by its place in the list.
    Revision(usize),
    /// The one of this name.
    Pod(&'a str),
}

impl Column<'_> {
    fn cell(&self, step: &Step) -> String {
        match self {
            Self::Revision(at) => {
                let revision = &step.revisions[*at];
                if revision.ready == revision.pods {
                    revision.pods.to_string()
                } else {
                    format!("{} ({} ok)", revision.pods, revision.ready)
                }
            }
            Self::Pod(name) => match step.named.iter().find(|pod| pod.name == *name) {
                None => "–".to_owned(),
                Some(pod) if pod.phase == "Terminating" => format!("({})", pod.rev),
                Some(pod) if pod.phase == "Ready" => pod.rev.clone(),
                Some(pod) => format!("{}…", pod.rev),
            },
        }
    }
}

/// A column for each pod if there are few, or else for each revision.
fn columns(steps: &[Step]) -> Vec<Column<'_>> {
    let mut names: Vec<&str> = Vec::new();
    let is_named = steps.iter().any(|step| !step.named.is_empty())
        && steps.iter().all(|step| i64::try_from(step.named.len()) == Ok(step.pods + step.terminating));
    for pod in steps.iter().filter(|_| is_named).flat_map(|step| &step.named) {
        if !names.contains(&pod.name.as_str()) {
            names.push(&pod.name);
        }
    }
    if (1..=NAMED).contains(&names.len()) {
        // `db-10` comes after `db-9`.
        names.sort_by_key(|name| (name.len(), *name));
        return names.into_iter().map(Column::Pod).collect();
    }
    let revisions = steps.first().map_or(0, |step| step.revisions.len());
    (0..revisions).map(Column::Revision).collect()
}

/// The ways out of all rejections of an object, each once.
pub(super) fn ways(object: &ObjectPlan) -> Vec<&WayOut> {
    let mut ways: Vec<&WayOut> = Vec::new();
    for way in object.rejections.iter().flat_map(|rejection| &rejection.ways_out) {
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways
}

/// What a way out costs.
pub(super) fn cost(way: &WayOut) -> String {
    format!("{}: {}", if way.disruptive { "disrupts" } else { "costs" }, way.cost)
}
