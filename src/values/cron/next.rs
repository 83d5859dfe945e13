//! The next time of a schedule.
//!
//! Mirrors `SpecSchedule.Next` in spec.go of github.com/robfig/cron v3.0.1, step by step, because what it
//! does around changes of the clock follows from its steps and from Go's `time.Date` alone. Where midnight
//! does not exist east of Greenwich, for instance, it leaves out the whole day.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use super::Fields;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

/// The first second after another one that the fields name, both since 1970 in UTC.
pub(super) fn next_second(fields: &Fields, after: i64, zone: &TimeZone) -> Option<i64> {
    if fields.minute.bits == 0 || fields.hour.bits == 0 || fields.month.bits == 0 {
        return None;
    }
    let mut now = after + 1;
    let last_year = i32::from(local(now, zone)?.year()) + 5;
    // Whether `now` was moved to the start of a month, day or hour already.
    let mut moved = false;

    'wrap: loop {
        if i32::from(local(now, zone)?.year()) > last_year {
            return None;
        }
        loop {
            let today = local(now, zone)?;
            if fields.month.has(today.month()) {
                break;
            }
            if !moved {
                moved = true;
                now = second(today.first_of_month().date(), Time::midnight(), zone)?;
            }
            now = advance(now, local(now, zone)?, Step::Month, zone)?;
            if local(now, zone)?.month() == 1 {
                continue 'wrap;
            }
        }
        loop {
            let today = local(now, zone)?;
            if matches_day(fields, today) {
                break;
            }
            if !moved {
                moved = true;
                now = second(today.date(), Time::midnight(), zone)?;
            }
            now = advance(now, local(now, zone)?, Step::Day, zone)?;
            // Midnight is missing where clocks are set forward then.
            now += match i64::from(local(now, zone)?.hour()) {
                0 => 0,
                hour @ 13.. => (24 - hour) * HOUR,
                hour => -hour * HOUR,
            };
            if local(now, zone)?.day() == 1 {
                continue 'wrap;
            }
        }
        loop {
            let today = local(now, zone)?;
            if fields.hour.has(today.hour()) {
                break;
            }
            if !moved {
                moved = true;
                now = second(today.date(), Time::constant(today.hour(), 0, 0, 0), zone)?;
            }
            now += HOUR;
            if local(now, zone)?.hour() == 0 {
                continue 'wrap;
            }
        }
        loop {
            let today = local(now, zone)?;
            if fields.minute.has(today.minute()) {
                break;
            }
            if !moved {
                moved = true;
                now -= now.rem_euclid(MINUTE);
            }
            now += MINUTE;
            if local(now, zone)?.minute() == 0 {
                continue 'wrap;
            }
        }
        loop {
            if local(now, zone)?.second() == 0 {
                return Some(now);
            }
            moved = true;
            now += 1;
            if local(now, zone)?.second() == 0 {
                continue 'wrap;
            }
        }
    }
}

fn matches_day(fields: &Fields, day: DateTime) -> bool {
    let date = fields.day_of_month.has(day.day());
    let weekday = fields.day_of_week.has(day.weekday().to_sunday_zero_offset());
    if fields.needs_both_days() { date && weekday } else { date || weekday }
}

#[derive(Clone, Copy)]
enum Step {
    Month,
    Day,
}

/// Mirrors `Time.AddDate` by one month or day. Days that a month does not have run over into the next.
///
/// Gives up where the clock does not move, as in Samoa, which left out a day in 2011; upstream hangs there.
fn advance(now: i64, from: DateTime, step: Step, zone: &TimeZone) -> Option<i64> {
    let date = match step {
        Step::Day => from.date().tomorrow().ok()?,
        Step::Month => {
            let (year, month) =
                if from.month() == 12 { (from.year().checked_add(1)?, 1) } else { (from.year(), from.month() + 1) };
            let first = Date::new(year, month, 1).ok()?;
            first.checked_add(jiff::Span::new().days(from.day() - 1)).ok()?
        }
    };
    second(date, from.time(), zone).filter(|it| *it > now)
}

/// What a clock in the zone shows.
fn local(second: i64, zone: &TimeZone) -> Option<DateTime> {
    Some(zone.to_datetime(Timestamp::from_second(second).ok()?))
}

/// Mirrors Go's `time.Date`, which decides what a time means that does not exist or exists twice.
fn second(date: Date, time: Time, zone: &TimeZone) -> Option<i64> {
    let as_utc = Offset::UTC.to_timestamp(date.to_datetime(time)).ok()?.as_second();
    let offset = |second| Some(i64::from(zone.to_offset(Timestamp::from_second(second).ok()?).seconds()));
    Some(as_utc - offset(as_utc - offset(as_utc)?)?)
}
