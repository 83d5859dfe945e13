//! The schedules of `CronJob`s: what cannot be read, what never comes, and what comes at other times than it seems.
//!
//! Mirrors `validateScheduleFormat` (pkg/apis/batch/validation, v1.36), which reads schedules with github.com/robfig/cron.

use k8s_openapi::api::batch::v1::CronJob;

use super::Context;
use crate::cluster::Object;
use crate::finding::{Findings, Reason};
use crate::source::{Place, Span};
use crate::values::cron::{self, CronError, Schedule};
use crate::yaml::Path;

/// One of the five fields: its name, its least number, how many numbers it has, and their names from the least on.
struct Field {
    name: &'static str,
    min: u8,
    count: u8,
    names: &'static [&'static str],
    /// What starts anew when the numbers are through.
    around: &'static str,
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", min: 0, count: 60, names: &[], around: "hour" },
    Field { name: "hour", min: 0, count: 24, names: &[], around: "day" },
    Field { name: "day of the month", min: 1, count: 31, names: &[], around: "month" },
    Field {
        name: "month",
        min: 1,
        count: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        around: "year",
    },
    Field {
        name: "day of the week",
        min: 0,
        count: 7,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
        around: "week",
    },
];

fn path() -> Path {
    Path::root().fields(&["spec", "schedule"])
}

/// The schedule, if one is given.
fn schedule(object: &Object) -> Option<&str> {
    let text = object.model::<CronJob>()?.spec.schedule.as_str();
    (!text.is_empty()).then_some(text)
}

/// A part of a schedule, and where it starts in it.
#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    start: usize,
}

impl<'a> Piece<'a> {
    /// The parts between separators, without those that are empty.
    fn split(self, is_separator: fn(char) -> bool) -> impl Iterator<Item = Piece<'a>> {
        let mut start = self.start;
        let parts = self.text.split_inclusive(is_separator).map(move |part| {
            let piece = Piece { text: part.trim_end_matches(is_separator), start };
            start += part.len();
            piece
        });
        parts.filter(|piece| !piece.text.is_empty())
    }

    /// Where it stands in the manifest; the whole schedule, if that is written in escapes, over lines or through an alias.
    fn place(self, object: &Object, schedule: &str) -> Place {
        let value = object.root().at(&path()).filter(|value| !value.is_alias());
        let at = value.and_then(|value| {
            let start = object.document.text(value.span()).find(schedule)?;
            Some(value.span().range().start + start + self.start)
        });
        match at {
            Some(at) => object.document.place(Span::new(at..at + self.text.len())),
            None => object.place(&path()),
        }
    }
}

/// The fields of a schedule, however many there are.
fn fields(schedule: &str) -> Vec<Piece<'_>> {
    Piece { text: schedule, start: 0 }.split(char::is_whitespace).collect()
}

/// A missing schedule is found against the schema, and a time zone in it is another finding.
pub(super) fn invalid(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(text) = schedule(object) else {
        if object.root().at(&path()).is_some_and(|value| value.as_str() == Some("")) {
            object
                .report(out, &path(), "the schedule is empty")
                .reason(Reason::FieldValueRequired)
                .help("write five fields, such as `0 3 * * *` for every day at three");
        }
        return;
    };
    let Err(error) = Schedule::parse(text) else { return };
    if matches!(error, CronError::TimeZone(_)) {
        return;
    }
    let wrong = wrong_field(text);
    let message = match (&error, wrong) {
        (CronError::Repeated { .. } | CronError::Backwards(_) | CronError::ZeroStep(_), Some((field, _))) => {
            format!("the {} of the schedule cannot be read: {error}", field.name)
        }
        _ => format!("the schedule cannot be read: {error}"),
    };
    let finding = object.report(out, &path(), message).reason(Reason::FieldValueInvalid);
    if let Some((_, piece)) = wrong {
        finding.primary.place = piece.place(object, text);
    }
    if let Some(help) = wrong.and_then(|(field, piece)| field_help(field, piece.text)).or_else(|| help(text, &error)) {
        finding.help(help);
    }
}

/// The first field that cannot be read, and the element of its list at fault.
fn wrong_field(text: &str) -> Option<(&'static Field, Piece<'_>)> {
    let fields = fields(text);
    if fields.len() != FIELDS.len() || text.starts_with('@') {
        return None;
    }
    let is_wrong = |at: usize, piece: &str| {
        let mut all = ["*"; 5];
        all[at] = piece;
        Schedule::parse(&all.join(" ")).is_err()
    };
    FIELDS.iter().zip(fields).enumerate().find_map(|(at, (field, piece))| {
        let piece = piece.split(|it| it == ',').find(|piece| is_wrong(at, piece.text))?;
        Some((field, piece))
    })
}

/// What to write instead of a piece that other crons take.
fn field_help(field: &Field, piece: &str) -> Option<String> {
    let last = field.min + field.count - 1;
    let (range, step) = piece.split_once('/').map_or((piece, None), |(range, step)| (range, Some(step)));
    let (low, high) = range.split_once('-').map_or((range, None), |(low, high)| (low, Some(high)));
    let numbers = (number(field, low), high.and_then(|high| number(field, high)));
    if let (Some(from), Some(to)) = numbers
        && from > to
        && step.is_none()
        && from <= last
        && to >= field.min
    {
        let until = if from == last { low.to_owned() } else { format!("{low}-{}", spelt(field, last, low)) };
        let since = if to == field.min {
            high.unwrap_or_default().to_owned()
        } else {
            format!("{}-{}", spelt(field, field.min, low), high.unwrap_or_default())
        };
        return Some(format!("write the two ends apart: `{until},{since}`"));
    }
    if step == Some("0") {
        return Some(format!("write `{range}` for each, or a step of at least 1"));
    }
    match (field.name, range) {
        ("day of the week", "7") => return Some("write `0` or `sun` for Sunday".to_owned()),
        ("day of the week", _) if high == Some("7") => {
            let days = numbers.0.filter(|from| (2..7).contains(from));
            return Some(match days {
                Some(6) => "write `6,0`: Sunday is 0".to_owned(),
                Some(from) => format!("write `{from}-6,0`: Sunday is 0"),
                None => "write `*` for every day; Sunday is 0".to_owned(),
            });
        }
        ("minute" | "hour", _) if numbers.0 == Some(field.count) && high.is_none() => {
            return Some(format!("write `0`: the last {} is {last}", field.name));
        }
        ("day of the month" | "month", "0") => return Some(format!("write `{}`, the first {}", field.min, field.name)),
        _ => {}
    }
    if let Some(name) = field.names.iter().find(|name| low.len() > 3 && low.to_lowercase().starts_with(*name)) {
        return Some(format!("write `{name}`: names have three letters"));
    }
    let (upper, field) = (piece.to_uppercase(), field.name);
    if let Some(step) = upper.strip_prefix("H/") {
        return Some(format!("write `*/{step}`: `H` is a word of Jenkins"));
    }
    if upper.starts_with('H') {
        return Some(format!("choose a {field}: `H` is a word of Jenkins"));
    }
    if upper.contains('#') {
        return Some("run on that day of every week, and let the program look which one of the month it is".to_owned());
    }
    if upper.ends_with('W') {
        return Some("run on all days around it, and let the program look whether it is the right one".to_owned());
    }
    if upper.contains('L') && field.starts_with("day") {
        return Some("run on `28-31`, and let the program look whether tomorrow is the first of a month".to_owned());
    }
    None
}

fn number(field: &Field, text: &str) -> Option<u8> {
    let position = field.names.iter().position(|name| name.eq_ignore_ascii_case(text));
    match position.and_then(|position| u8::try_from(position).ok()) {
        Some(position) => Some(position + field.min),
        None => text.parse().ok(),
    }
}

/// A number of a field, as a name if `like` is one.
fn spelt(field: &Field, number: u8, like: &str) -> String {
    let name = field.names.get(usize::from(number - field.min));
    match name {
        Some(name) if like.starts_with(|letter: char| letter.is_alphabetic()) => (*name).to_owned(),
        _ => number.to_string(),
    }
}

/// What to write instead of a schedule that is wrong as a whole.
fn help(text: &str, error: &CronError) -> Option<String> {
    match error {
        CronError::Descriptor(word) if word == "@reboot" => {
            Some("choose times: a cluster is never started, and what is to run once is a Job".to_owned())
        }
        CronError::Descriptor(word) if Schedule::parse(&word.to_lowercase()).is_ok() => {
            Some(format!("write `{}`", word.to_lowercase()))
        }
        CronError::Duration(_) => Some("write a duration with units, such as `@every 1h30m`".to_owned()),
        CronError::FieldCount(count) => Some(count_help(text, *count)),
        _ => None,
    }
}

/// Other crons have seconds in front, a year at the end, or both.
fn count_help(text: &str, count: usize) -> String {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let without = |what: &str, rest: &[&str]| {
        let rest = rest.join(" ");
        Schedule::parse(&rest).ok().map(|_| format!("leave out {what}: `{rest}`"))
    };
    let ends_in_year = fields.last().is_some_and(|last| last.len() >= 4 && last.starts_with("20"));
    let shorter = match count {
        6 if ends_in_year => without("the year", &fields[..5]),
        6 => without("the seconds", &fields[1..]),
        7 => without("seconds and year", &fields[1..6]),
        _ => None,
    };
    shorter.unwrap_or_else(|| "write five fields, such as `0 3 * * *` for every day at three".to_owned())
}

/// `TZ` anywhere in the text is enough.
pub(super) fn names_time_zone(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(text) = schedule(object).filter(|text| cron::has_forbidden_time_zone(text)) else { return };
    let finding = object.report(out, &path(), "a schedule cannot name its time zone").reason(Reason::FieldValueInvalid);
    let (prefix, rest) = text.split_once(' ').unwrap_or_default();
    let Some((_, zone)) = prefix.split_once('=').filter(|_| Schedule::parse(rest.trim()).is_ok()) else {
        finding.help("name the time zone in `timeZone`");
        return;
    };
    finding.primary.place = Piece { text: prefix, start: 0 }.place(object, text);
    if object.model::<CronJob>().is_some_and(|job| job.spec.time_zone.is_some()) {
        finding.help(format!("leave out `{prefix}`: there is a `timeZone`"));
    } else if cron::load_time_zone(zone).is_some() {
        finding.help(format!("write `schedule: \"{}\"` and `timeZone: {zone}`", rest.trim()));
    } else {
        finding.help(format!("write `schedule: \"{}\"`, and name a region and a city in `timeZone`", rest.trim()));
    }
}

/// Dates that no year has.
pub(super) fn never_fires(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(text) = schedule(object) else { return };
    if Schedule::parse(text).is_ok_and(|schedule| schedule.never_fires()) {
        object
            .report(out, &path(), format!("the schedule `{text}` never comes: no time fits it"))
            .help("choose a day that its months have; to keep the CronJob from running, set `suspend: true`");
    }
}

/// In most places fields narrow each other down; these two do not.
pub(super) fn either_day(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(text) = schedule(object) else { return };
    if !Schedule::parse(text).is_ok_and(|schedule| schedule.runs_on_either_day()) {
        return;
    }
    let fields = fields(text);
    let &[_, _, month_day, _, week_day] = fields.as_slice() else { return };
    let message = format!(
        "runs on every day that fits `{}` (day of the month) or `{}` (day of the week), not only on those that fit both",
        month_day.text, week_day.text
    );
    let finding = object.report(out, &path(), message);
    finding.primary.place = month_day.place(object, text);
    finding
        .related(week_day.place(object, text), "the other day field")
        .help("write `*` for one of them, and let the program look at the other");
}

/// The fields of a schedule that are one step over all numbers, with the step.
fn steps(text: &str) -> Vec<(&'static Field, Piece<'_>, u32)> {
    if Schedule::parse(text).is_err() || text.starts_with('@') || cron::has_forbidden_time_zone(text) {
        return Vec::new();
    }
    let step = |text: &str| text.strip_prefix("*/").or_else(|| text.strip_prefix("?/"))?.parse().ok();
    let fields = FIELDS.iter().zip(fields(text));
    fields.filter_map(|(field, piece)| Some((field, piece, step(piece.text)?))).collect()
}

/// As long a step as the field is harmless: `*/60` is every hour.
pub(super) fn step_too_large(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(text) = schedule(object) else { return };
    for (field, piece, step) in steps(text).into_iter().filter(|(field, _, step)| *step > u32::from(field.count)) {
        let message = format!("`{}` is only {} {}, once in each {}", piece.text, field.name, field.min, field.around);
        let finding = object.report(out, &path(), message);
        finding.primary.place = piece.place(object, text);
        let every = match field.around {
            "hour" => format!("`@every {step}m`"),
            "day" => format!("`@every {step}h`"),
            "month" | "week" => format!("`@every {}h`", u64::from(step) * 24),
            _ => "several CronJobs".to_owned(),
        };
        finding.help(format!("list the times that you want, or write {every}"));
    }
}

/// Steps start anew with each hour, day, month, year or week.
pub(super) fn uneven_step(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(text) = schedule(object) else { return };
    for (field, piece, step) in steps(text) {
        let count = u32::from(field.count);
        if step < 2 || step >= count || field.around != "month" && count.is_multiple_of(step) {
            continue;
        }
        let written = piece.text;
        let message = if field.around == "month" {
            format!("`{written}` starts anew with each month, whatever day the last one ended on")
        } else {
            // The last of 0, 7, 14 … 56 is followed by 0 again: after 60 - 56 = 4 minutes.
            let rest = count - (count - 1) / step * step;
            let unit = field.name.split(' ').next().unwrap_or(field.name);
            format!(
                "`{written}` does not divide the {} evenly: its last step has {rest}, not {step} {unit}s",
                field.around
            )
        };
        let finding = object.report(out, &path(), message);
        finding.primary.place = piece.place(object, text);
        finding
            .help("choose a step that divides it, or `@every` with a duration where the time of day does not matter");
    }
}
