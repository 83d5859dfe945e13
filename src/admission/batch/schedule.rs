//! The schedule of a CronJob, and what to write instead of one that cannot be read.
//!
//! Mirrors `validateScheduleFormat` (pkg/apis/batch/validation, v1.36), which reads schedules with github.com/robfig/cron.

use std::ops::Range;

use k8s_openapi::api::batch::v1::CronJobSpec;

use crate::admission::errors::{Errors, shortened};
use crate::values::cron::{self, CronError, Schedule};
use crate::yaml::Path;

/// One of the five fields of a schedule.
pub(crate) struct Field {
    /// What it counts.
    pub(crate) name: &'static str,
    /// The least number.
    pub(crate) min: u8,
    /// How many numbers there are.
    pub(crate) count: u8,
    /// Their names, from the least on.
    names: &'static [&'static str],
    /// What starts anew when the numbers are through.
    pub(crate) around: &'static str,
}

/// The fields in their order.
pub(crate) const FIELDS: [Field; 5] = [
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

/// A part of a schedule, and where it starts in it.
#[derive(Clone, Copy)]
pub(crate) struct Piece<'a> {
    /// The part.
    pub(crate) text: &'a str,
    start: usize,
}

impl<'a> Piece<'a> {
    /// The fields of a schedule, however many there are.
    pub(crate) fn fields(schedule: &'a str) -> impl Iterator<Item = Piece<'a>> {
        Piece { text: schedule, start: 0 }.split(char::is_whitespace)
    }

    /// Where it stands in the schedule.
    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

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
}

/// The schedule of `spec`, which replaces `old`.
pub(super) fn check(spec: &CronJobSpec, old: Option<&CronJobSpec>, errors: &mut Errors<'_>) {
    let path = Path::root().fields(&["spec", "schedule"]);
    let text = spec.schedule.as_str();
    if text.is_empty() {
        let message = if errors.is_written(&path) { "the schedule is empty" } else { "the CronJob has no schedule" };
        let finding = errors.required(&path, message).rule("invalid-schedule");
        finding.help("write five fields, such as `0 3 * * *` for every day at three");
        return;
    }
    let may_name_zone = old.is_some_and(|old| cron::has_forbidden_time_zone(&old.schedule)) && spec.time_zone.is_none();
    let names_zone = cron::has_forbidden_time_zone(text) && !may_name_zone;
    match Schedule::parse(text) {
        // That it names a time zone at all is the greater mistake, and the server has the same reason for both.
        Err(CronError::TimeZone(_)) if names_zone => {}
        Err(error) => unreadable(text, &error, &path, errors),
        Ok(_) => {}
    }
    if names_zone {
        names_time_zone(text, spec, &path, errors);
    }
}

fn unreadable(text: &str, error: &CronError, path: &Path, errors: &mut Errors<'_>) {
    let wrong = wrong_field(text);
    let message = match (error, wrong) {
        (CronError::Repeated { .. } | CronError::Backwards(_) | CronError::ZeroStep(_), Some((field, _))) => {
            format!("the {} of the schedule cannot be read: {error}", field.name)
        }
        _ => format!("the schedule cannot be read: {error}"),
    };
    let place = wrong.map(|(_, piece)| errors.place_in(path, text, piece.range()));
    let finding = errors.invalid(path, message).rule("invalid-schedule");
    if let Some(place) = place {
        finding.at(place);
    }
    if let Some(help) = wrong.and_then(|(field, piece)| field_help(field, piece.text)).or_else(|| help(text, error)) {
        finding.help(help);
    }
}

/// `TZ` anywhere in the text is enough.
fn names_time_zone(text: &str, spec: &CronJobSpec, path: &Path, errors: &mut Errors<'_>) {
    let (prefix, rest) = text.split_once(' ').unwrap_or_default();
    let zone = prefix.split_once('=').filter(|_| Schedule::parse(rest.trim()).is_ok()).map(|(_, zone)| zone);
    let place = errors.place_in(path, text, 0..prefix.len());
    let finding = errors.invalid(path, "a schedule cannot name its time zone").rule("schedule-names-time-zone");
    let Some(zone) = zone else {
        finding.help("name the time zone in `timeZone`");
        return;
    };
    finding.at(place);
    let rest = shortened(rest.trim());
    finding.help(if spec.time_zone.is_some() {
        format!("leave out `{}`: there is a `timeZone`", shortened(prefix))
    } else if cron::load_time_zone(zone).is_some() {
        format!("write `schedule: \"{rest}\"` and `timeZone: {zone}`")
    } else {
        format!("write `schedule: \"{rest}\"`, and name a region and a city in `timeZone`")
    });
}

/// The first field that cannot be read, and the element of its list at fault.
fn wrong_field(text: &str) -> Option<(&'static Field, Piece<'_>)> {
    let fields: Vec<Piece<'_>> = Piece::fields(text).collect();
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
