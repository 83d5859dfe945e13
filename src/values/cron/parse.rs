//! The fields and words of a schedule.
//!
//! Mirrors `parseDescriptor`, `getField` and `getRange` in parser.go of github.com/robfig/cron v3.0.1.

use super::{CronError, Field, Fields, Rhythm};
use crate::values::duration;

pub(super) fn parse_descriptor(text: &str) -> Result<Rhythm, CronError> {
    if let Some(text) = text.strip_prefix("@every ") {
        return Ok(Rhythm::Every((duration::parse(text)? / 1_000_000_000).max(1)));
    }
    parse_fields(match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => return Err(CronError::Descriptor(text.to_owned())),
    })
}

pub(super) fn parse_fields(text: &str) -> Result<Rhythm, CronError> {
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        [minute, hour, day_of_month, month, day_of_week] => Ok(Rhythm::Fields(Fields {
            minute: parse_field(minute, &MINUTE)?,
            hour: parse_field(hour, &HOUR)?,
            day_of_month: parse_field(day_of_month, &DAY_OF_MONTH)?,
            month: parse_field(month, &MONTH)?,
            day_of_week: parse_field(day_of_week, &DAY_OF_WEEK)?,
        })),
        ref fields => Err(CronError::FieldCount(fields.len())),
    }
}

/// A list of ranges. Nothing between two commas is no range, and a list may be empty.
fn parse_field(text: &str, kind: &Kind) -> Result<Field, CronError> {
    let mut field = Field { bits: 0, star: false };
    for part in text.split(',').filter(|it| !it.is_empty()) {
        let range = parse_range(part, kind)?;
        field.bits |= range.bits;
        field.star |= range.star;
    }
    Ok(field)
}

/// `*`, `number`, `number-number`, each with an optional `/step`.
fn parse_range(text: &str, kind: &Kind) -> Result<Field, CronError> {
    let repeated = |sign| Err(CronError::Repeated { text: text.to_owned(), sign });
    let (range, step) = text.split_once('/').map_or((text, None), |(range, step)| (range, Some(step)));
    let (low, high) = range.split_once('-').map_or((range, None), |(low, high)| (low, Some(high)));
    let star = low == "*" || low == "?";
    let (first, mut last) = match high {
        // What follows a star is not looked at.
        _ if star => (u64::from(kind.min), u64::from(kind.max)),
        None => {
            let number = parse_number(low, kind)?;
            (number, number)
        }
        Some(high) => {
            let first = parse_number(low, kind)?;
            if high.contains('-') {
                return repeated('-');
            }
            (first, parse_number(high, kind)?)
        }
    };
    let step = match step {
        None => 1,
        Some(step) if step.contains('/') => return repeated('/'),
        Some(step) => {
            if high.is_none() {
                last = kind.max.into();
            }
            parse_natural(step, kind)?
        }
    };
    if first < kind.min.into() || last > kind.max.into() {
        let (text, field) = (text.to_owned(), kind.name);
        return Err(CronError::OutOfRange { text, field, min: kind.min, max: kind.max });
    }
    if first > last {
        return Err(CronError::Backwards(text.to_owned()));
    }
    if step == 0 {
        return Err(CronError::ZeroStep(text.to_owned()));
    }
    let bits = (first..=last).filter(|it| (it - first) % step == 0).fold(0, |bits, it| bits | 1 << it);
    Ok(Field { bits, star: star && step == 1 })
}

fn parse_number(text: &str, kind: &Kind) -> Result<u64, CronError> {
    let position = kind.names.iter().position(|it| it.eq_ignore_ascii_case(text));
    match position.and_then(|it| u64::try_from(it).ok()) {
        Some(position) => Ok(position + u64::from(kind.min)),
        None => parse_natural(text, kind),
    }
}

/// A number as Go reads it, with an optional `+` but at most 63 bits.
fn parse_natural(text: &str, kind: &Kind) -> Result<u64, CronError> {
    let number = text.parse::<i64>().ok().and_then(|it| u64::try_from(it).ok());
    number.ok_or_else(|| CronError::Number { text: text.to_owned(), field: kind.name })
}

/// One field: its range and the names of its numbers.
struct Kind {
    name: &'static str,
    min: u8,
    max: u8,
    names: &'static [&'static str],
}

const MINUTE: Kind = Kind { name: "minute", min: 0, max: 59, names: &[] };
const HOUR: Kind = Kind { name: "hour", min: 0, max: 23, names: &[] };
const DAY_OF_MONTH: Kind = Kind { name: "day of the month", min: 1, max: 31, names: &[] };
const MONTH: Kind = Kind {
    name: "month",
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const DAY_OF_WEEK: Kind =
    Kind { name: "day of the week", min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };
