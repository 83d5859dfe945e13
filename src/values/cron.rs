//! Schedules of CronJobs.
//!
//! Mirrors `ParseStandard` and `SpecSchedule.Next` of github.com/robfig/cron v3.0.1, and `validateTimeZone`
//! and `validateScheduleFormat` in pkg/apis/batch/validation/validation.go (v1.36). Where crontabs differ,
//! the library decides: Sunday is 0 and never 7, there are no `L`, `W` and `#`, ranges do not wrap around,
//! `N/step` means `N-max/step`, `?` means `*`, `,` alone is an empty list, and `*-5` is `*`.

mod next;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::duration::{self, DurationError};

/// When something happens.
///
/// ```
/// use jiff::tz::TimeZone;
/// use seatrial::values::cron::Schedule;
///
/// let schedule = Schedule::parse("30 2 * * MON-FRI")?;
/// let friday = "2026-03-27T12:00:00Z".parse()?;
/// let next = schedule.next_after(friday, &TimeZone::UTC);
/// assert_eq!(next, Some("2026-03-30T02:30:00Z".parse()?));
///
/// assert!(Schedule::parse("0 0 * * 7").is_err());
/// assert!(Schedule::parse("0 0 30 2 *")?.never_fires());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    rhythm: Rhythm,
    /// The zone that the text itself names. The API server takes no such text, but old objects have it.
    time_zone: Option<TimeZone>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rhythm {
    Fields(Fields),
    /// Seconds from one time to the next, at least one.
    Every(i64),
}

/// The five fields of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fields {
    minute: Field,
    hour: Field,
    day_of_month: Field,
    month: Field,
    day_of_week: Field,
}

/// The numbers that a field names, as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    bits: u64,
    /// Whether the field contains `*`, `?` or `*/1`; `*/2` does not count. The two day fields have both to
    /// hold where one of them does, and otherwise either.
    star: bool,
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// The text is empty.
    #[error("a schedule must not be empty")]
    Empty,
    /// The zone behind `TZ=` or `CRON_TZ=` does not exist, or nothing follows it.
    #[error("`{0}` is no time zone")]
    TimeZone(String),
    /// A word behind `@` that does not exist.
    #[error(
        "`{0}` is no schedule; the words are `@yearly`, `@monthly`, `@weekly`, `@daily`, `@hourly` and `@every 1h30m`"
    )]
    Descriptor(String),
    /// What follows `@every` is no duration.
    #[error("`@every` needs a duration: {0}")]
    Duration(#[from] DurationError),
    /// More or fewer than five fields.
    #[error(
        "a schedule has five fields, minute, hour, day of month, month and day of week, not {0}"
    )]
    FieldCount(usize),
    /// Neither a number nor a name that the field knows.
    #[error("`{text}` is neither a number nor a name of a {field}")]
    Number {
        /// The offending piece.
        text: String,
        /// The field it is in.
        field: &'static str,
    },
    /// Too many `-` or `/`.
    #[error("`{text}` has more than one `{sign}`")]
    Repeated {
        /// The offending piece.
        text: String,
        /// The sign in question.
        sign: char,
    },
    /// A number outside of the field's range.
    #[error("`{text}` leaves the range of a {field}, which is {min}-{max}")]
    OutOfRange {
        /// The offending piece.
        text: String,
        /// The field it is in.
        field: &'static str,
        /// The smallest number.
        min: u8,
        /// The largest number.
        max: u8,
    },
    /// A range that starts behind its end; ranges do not wrap around.
    #[error("`{0}` starts behind its end, and ranges do not wrap around")]
    Backwards(String),
    /// A step of zero.
    #[error("`{0}` has a step of zero")]
    ZeroStep(String),
}

impl Schedule {
    /// Reads a schedule. Where the original panics, which Kubernetes turns into an error, so is this.
    pub fn parse(text: &str) -> Result<Schedule, CronError> {
        if text.is_empty() {
            return Err(CronError::Empty);
        }
        let prefixed = text
            .strip_prefix("TZ=")
            .or_else(|| text.strip_prefix("CRON_TZ="));
        let (time_zone, text) = match prefixed.map(|it| it.split_once(' ').ok_or(it)) {
            None => (None, text),
            Some(Err(name)) => return Err(CronError::TimeZone(name.to_owned())),
            // Upstream's local zone is the one of the time that one asks for.
            Some(Ok(("Local", rest))) => (None, rest.trim()),
            Some(Ok((name, rest))) => {
                let zone =
                    load_time_zone(name).ok_or_else(|| CronError::TimeZone(name.to_owned()))?;
                (Some(zone), rest.trim())
            }
        };
        let rhythm = if text.starts_with('@') {
            parse_descriptor(text)?
        } else {
            parse_fields(text)?
        };
        Ok(Schedule { rhythm, time_zone })
    }

    /// The first time after another one, in a zone unless the schedule names its own; nothing if there is
    /// none within five years.
    ///
    /// Where clocks are set forward, times that do not exist are left out; where they are set back, times
    /// that exist twice happen twice if the hour is `*`, and otherwise once or twice, as upstream.
    pub fn next_after(&self, after: Timestamp, time_zone: &TimeZone) -> Option<Timestamp> {
        let second = i64::try_from(after.as_nanosecond().div_euclid(1_000_000_000)).ok()?;
        let next = match &self.rhythm {
            Rhythm::Every(seconds) => second.checked_add(*seconds)?,
            Rhythm::Fields(fields) => {
                next::next_second(fields, second, self.time_zone.as_ref().unwrap_or(time_zone))?
            }
        };
        Timestamp::from_second(next).ok()
    }

    /// Whether no date matches, as in `0 0 30 2 *`. Kubernetes accepts such schedules.
    pub fn never_fires(&self) -> bool {
        let Rhythm::Fields(fields) = &self.rhythm else {
            return false;
        };
        let dates = (1..=12).filter(|it| fields.month.has(*it)).any(|month| {
            let last = match month {
                2 => 29,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (1..=last).any(|it| fields.day_of_month.has(it))
        });
        let weekdays = fields.day_of_week.bits != 0 && fields.month.bits != 0;
        let days = if fields.needs_both_days() {
            dates && weekdays
        } else {
            dates || weekdays
        };
        !days || fields.minute.bits == 0 || fields.hour.bits == 0
    }

    /// Whether the text names a time zone itself.
    pub fn names_time_zone(&self) -> bool {
        self.time_zone.is_some()
    }
}

impl Fields {
    fn needs_both_days(&self) -> bool {
        self.day_of_month.star || self.day_of_week.star
    }
}

impl Field {
    fn has(self, number: i8) -> bool {
        self.bits >> number & 1 == 1
    }
}

/// Whether the API server refuses a schedule because it contains `TZ`, wherever it stands.
///
/// Objects that had it before may keep it, unless they also have a `timeZone`.
pub fn has_forbidden_time_zone(schedule: &str) -> bool {
    schedule.contains("TZ")
}

/// What is wrong with the `timeZone` of a `CronJob`; nothing if it can be loaded.
///
/// ```
/// use seatrial::values::cron::time_zone_problems;
///
/// assert!(time_zone_problems("Europe/Paris").is_empty());
/// assert_eq!(time_zone_problems("Europe/Pari"), ["is no time zone of the IANA database"]);
/// ```
pub fn time_zone_problems(name: &str) -> Vec<&'static str> {
    if name.is_empty() {
        return vec!["must be absent or name a time zone"];
    }
    let is_part = |part: &str| {
        (1..=14).contains(&part.len())
            && part
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || b".-_+".contains(&it))
            && part != "."
            && part != ".."
            && !part.starts_with('-')
    };
    if !name.split('/').all(is_part) {
        return vec!["is no name of a time zone"];
    }
    let mut problems = Vec::new();
    if name.eq_ignore_ascii_case("Local") {
        problems.push("must be a time zone of the IANA database, not the one of the machine");
    }
    if name != "Local" && load_time_zone(name).is_none() {
        problems.push("is no time zone of the IANA database");
    }
    problems
}

/// Finds a time zone as Go's `time.LoadLocation` does: capitals count, and no name means UTC. The database
/// is the one that is built in.
pub fn load_time_zone(name: &str) -> Option<TimeZone> {
    if name.is_empty() || name == "UTC" {
        return Some(TimeZone::UTC);
    }
    // The library finds names in any case and has a name for zones that it does not know.
    TimeZone::get(name)
        .ok()
        .filter(|it| it.iana_name() == Some(name) && !it.is_unknown())
}

/// One field: its range and the names of its numbers.
struct Kind {
    name: &'static str,
    min: u8,
    max: u8,
    names: &'static [&'static str],
}

const MINUTE: Kind = Kind {
    name: "minute",
    min: 0,
    max: 59,
    names: &[],
};
const HOUR: Kind = Kind {
    name: "hour",
    min: 0,
    max: 23,
    names: &[],
};
const DAY_OF_MONTH: Kind = Kind {
    name: "day of the month",
    min: 1,
    max: 31,
    names: &[],
};
const MONTH: Kind = Kind {
    name: "month",
    min: 1,
    max: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const DAY_OF_WEEK: Kind = Kind {
    name: "day of the week",
    min: 0,
    max: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

fn parse_descriptor(text: &str) -> Result<Rhythm, CronError> {
    if let Some(text) = text.strip_prefix("@every ") {
        return Ok(Rhythm::Every(
            (duration::parse(text)? / 1_000_000_000).max(1),
        ));
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

fn parse_fields(text: &str) -> Result<Rhythm, CronError> {
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
    let mut field = Field {
        bits: 0,
        star: false,
    };
    for part in text.split(',').filter(|it| !it.is_empty()) {
        let range = parse_range(part, kind)?;
        field.bits |= range.bits;
        field.star |= range.star;
    }
    Ok(field)
}

/// `*`, `number`, `number-number`, each with an optional `/step`.
fn parse_range(text: &str, kind: &Kind) -> Result<Field, CronError> {
    let repeated = |sign| {
        Err(CronError::Repeated {
            text: text.to_owned(),
            sign,
        })
    };
    let (range, step) = text
        .split_once('/')
        .map_or((text, None), |(range, step)| (range, Some(step)));
    let (low, high) = range
        .split_once('-')
        .map_or((range, None), |(low, high)| (low, Some(high)));
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
        return Err(CronError::OutOfRange {
            text,
            field,
            min: kind.min,
            max: kind.max,
        });
    }
    if first > last {
        return Err(CronError::Backwards(text.to_owned()));
    }
    if step == 0 {
        return Err(CronError::ZeroStep(text.to_owned()));
    }
    let bits = (first..=last)
        .filter(|it| (it - first) % step == 0)
        .fold(0, |bits, it| bits | 1 << it);
    Ok(Field {
        bits,
        star: star && step == 1,
    })
}

fn parse_number(text: &str, kind: &Kind) -> Result<u64, CronError> {
    let position = kind
        .names
        .iter()
        .position(|it| it.eq_ignore_ascii_case(text));
    match position.and_then(|it| u64::try_from(it).ok()) {
        Some(position) => Ok(position + u64::from(kind.min)),
        None => parse_natural(text, kind),
    }
}

/// A number as Go reads it, with an optional `+` but at most 63 bits.
fn parse_natural(text: &str, kind: &Kind) -> Result<u64, CronError> {
    let number = text
        .parse::<i64>()
        .ok()
        .and_then(|it| u64::try_from(it).ok());
    number.ok_or_else(|| CronError::Number {
        text: text.to_owned(),
        field: kind.name,
    })
}

#[cfg(test)]
mod tests;
