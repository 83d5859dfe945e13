//! Which run of a CronJob is due.
//!
//! Mirrors `pkg/controller/cronjob/utils.go` (v1.36). Instants are milliseconds since 1970.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::values::cron::Schedule;

/// What is added to the time of the next run, for clocks that differ (`nextScheduleDelta`).
const DELTA: i64 = 100;

/// A schedule in its time zone.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    pub(super) schedule: Schedule,
    pub(super) time_zone: TimeZone,
}

/// What `mostRecentScheduleTime` finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// From where on runs are looked for.
    earliest: i64,
    /// The latest run that should have started by now.
    pub(super) slot: Option<i64>,
    pub(super) missed: Missed,
}

/// How many runs lie between the last one and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missed {
    None,
    Few,
    /// More than 100; the latest is started all the same.
    Many,
}

impl Calendar {
    pub(super) fn next(&self, after: i64) -> Option<i64> {
        let after = Timestamp::from_millisecond(after).ok()?;
        self.schedule.next_after(after, &self.time_zone).map(Timestamp::as_millisecond)
    }

    /// What is due at `now`, if the last run was due at `last`, or if the CronJob is that old. `None` if the schedule has no
    /// runs.
    pub(super) fn due(&self, last: i64, deadline: Option<i64>, now: i64) -> Option<Due> {
        let limit = deadline.map(|seconds| now.saturating_sub(seconds.saturating_mul(1000)));
        let earliest = limit.map_or(last, |limit| limit.max(last));
        let due = |slot, missed| Some(Due { earliest, slot, missed });
        let first = self.next(earliest)?;
        if now < first {
            return due(None, Missed::None);
        }
        let second = self.next(first)?;
        if now < second {
            return due(Some(first), Missed::None);
        }
        let between = (second - first + 500) / 1000;
        if between < 1 {
            return None;
        }
        // The runs may come at uneven times, so this is only where to begin to look.
        let missed = (now - first) / 1000 / between + 1;
        let begin = first + (missed - 2) * between * 1000;
        let slots = std::iter::successors(self.next(begin), |slot| self.next(*slot));
        due(slots.take_while(|slot| *slot <= now).last(), if missed > 100 { Missed::Many } else { Missed::Few })
    }

    /// When the controller looks again (`nextScheduleTimeDuration`).
    pub(super) fn look_again(&self, last: i64, now: i64) -> Option<i64> {
        let from = match self.due(last, None, now) {
            Some(Due { slot: Some(slot), .. }) => slot,
            Some(Due { earliest, missed: Missed::None, .. }) => earliest,
            _ => now,
        };
        self.next(from).map(|slot| slot + DELTA)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Calendar, Missed};
    use crate::values::cron::{Schedule, load_time_zone};

    fn calendar(schedule: &str, zone: &str) -> Calendar {
        let schedule = Schedule::parse(schedule).expect("the tests write schedules");
        Calendar { schedule, time_zone: load_time_zone(zone).expect("the tests name zones") }
    }

    fn instant(text: &str) -> i64 {
        let text = if text.contains('T') { text.to_owned() } else { format!("2026-01-01T{text}Z") };
        text.parse::<Timestamp>().expect("the tests write instants").as_millisecond()
    }

    type Row = (&'static str, &'static str, Option<i64>, &'static str, Option<&'static str>, Missed, i64);

    /// The table of what the real `mostRecentScheduleTime` returned: schedule, the last run or the creation,
    /// `startingDeadlineSeconds`, now, the run that is due, and in how many milliseconds the controller looks again.
    #[test]
    fn slots_are_those_of_the_real_controller() {
        let rows: [Row; 12] = [
            ("*/5 * * * *", "00:00:30", None, "00:04:59", None, Missed::None, 1_100),
            ("*/5 * * * *", "00:00:30", None, "00:05:00", Some("00:05:00"), Missed::None, 300_100),
            ("*/5 * * * *", "00:00:30", None, "00:17:00", Some("00:15:00"), Missed::Few, 180_100),
            ("*/5 * * * *", "00:15:00", None, "00:17:00", None, Missed::None, 180_100),
            ("0 * * * *", "00:00:30", None, "05:30:00", Some("05:00:00"), Missed::Few, 1_800_100),
            ("0 * * * *", "00:00:30", Some(600), "05:30:00", None, Missed::None, 1_800_100),
            ("0 * * * *", "00:00:30", Some(1800), "05:30:00", None, Missed::None, 1_800_100),
            ("0 * * * *", "00:00:30", Some(1801), "05:30:00", Some("05:00:00"), Missed::None, 1_800_100),
            ("* * * * *", "00:00:30", None, "01:40:00", Some("01:40:00"), Missed::Few, 60_100),
            ("* * * * *", "00:00:30", None, "01:41:00", Some("01:41:00"), Missed::Many, 60_100),
            ("@every 90m", "00:00:00", None, "04:00:00", Some("03:00:00"), Missed::Few, 1_800_100),
            (
                "30 6-16/4 * * 1-5",
                "2026-01-02T14:30:00Z",
                None,
                "2026-01-05T06:31:00Z",
                Some("2026-01-05T06:30:00Z"),
                Missed::None,
                14_340_100,
            ),
        ];
        for (schedule, last, deadline, now, slot, missed, again) in rows {
            let calendar = calendar(schedule, "UTC");
            let due = calendar.due(instant(last), deadline, instant(now)).expect("the schedule has runs");
            assert_eq!((due.slot, due.missed), (slot.map(instant), missed), "{schedule} at {now}");
            let look = calendar.look_again(instant(last), instant(now)).expect("the schedule has runs");
            assert_eq!(look - instant(now), again, "{schedule} at {now}");
        }
    }

    #[test]
    fn a_schedule_without_runs_is_invalid() {
        assert_eq!(calendar("59 23 31 2 *", "UTC").due(instant("00:00:00"), None, instant("00:01:00")), None);
    }

    #[test]
    fn clocks_that_change_skip_a_run_or_repeat_it() {
        let york = |schedule| calendar(schedule, "America/New_York");
        let runs = |calendar: Calendar, from: &str| {
            let first = calendar.next(instant(from));
            let slots = std::iter::successors(first, |slot| calendar.next(*slot)).take(2);
            slots.map(|slot| Timestamp::from_millisecond(slot).expect("is in range").to_string()).collect::<Vec<_>>()
        };
        let spring = runs(york("30 2 * * *"), "2026-03-07T12:00:00Z");
        assert_eq!(spring, ["2026-03-09T06:30:00Z", "2026-03-10T06:30:00Z"]);
        let autumn = runs(york("30 1 * * *"), "2026-11-01T00:00:00Z");
        assert_eq!(autumn, ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"]);
    }
}
