//! When a `CronJob` runs.
//!
//! Mirrors `ParseStandard` of github.com/robfig/cron v3.0.1, which Kubernetes v1.36 uses. Where crontabs
//! differ, this library decides: Sunday is 0 and never 7, there are no `L`, `W` and `#`, ranges do not wrap around,
//! `N/step` means `N-max/step`, `?` means `*`, `,` alone is an empty list, and `*-5` is `*`.

mod next;
mod parse;
mod zone;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::duration::DurationError;
pub use zone::{has_forbidden_time_zone, load_time_zone, suggest_time_zone, time_zone_problems};

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
    #[error("a schedule has five fields, minute, hour, day of month, month and day of week, not {0}")]
    FieldCount(usize),
    /// Neither a number nor a name that the field knows.
    #[error("`{text}` is no {field}")]
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
    #[error("`{text}` leaves the range of the {field}, which is {min}-{max}")]
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
        let prefixed = text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ="));
        let (time_zone, text) = match prefixed.map(|it| it.split_once(' ').ok_or(it)) {
            None => (None, text),
            Some(Err(name)) => return Err(CronError::TimeZone(name.to_owned())),
            // Upstream's local zone is the one of the time that one asks for.
            Some(Ok(("Local", rest))) => (None, rest.trim()),
            Some(Ok((name, rest))) => {
                let zone = load_time_zone(name).ok_or_else(|| CronError::TimeZone(name.to_owned()))?;
                (Some(zone), rest.trim())
            }
        };
        let rhythm = if text.starts_with('@') { parse::parse_descriptor(text)? } else { parse::parse_fields(text)? };
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
            Rhythm::Fields(fields) => next::next_second(fields, second, self.time_zone.as_ref().unwrap_or(time_zone))?,
        };
        Timestamp::from_second(next).ok()
    }

    /// Whether no date matches, as in `0 0 30 2 *`. Kubernetes accepts such schedules.
    ///
    /// The calendar alone decides. Where clocks are set forward at midnight, upstream has been seen to pick a
    /// time that the schedule does not name, and so does [`Schedule::next_after`].
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
        let days = if fields.needs_both_days() { dates && weekdays } else { dates || weekdays };
        !days || fields.minute.bits == 0 || fields.hour.bits == 0
    }

    /// Whether both day fields are restricted, so that a day which fits either of them is enough.
    pub fn runs_on_either_day(&self) -> bool {
        matches!(&self.rhythm, Rhythm::Fields(fields) if !fields.needs_both_days())
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

#[cfg(test)]
mod tests;
