//! How long a Job waits before it replaces failed pods.
//!
//! Mirrors `pkg/controller/job/backoff_utils.go` (v1.36).

use crate::plan::sim::time::Time;

const FIRST: Time = Time(10_000);
const LONGEST: Time = Time(600_000);

/// What a Job remembers of its failures; in memory only, so a controller that starts anew has forgotten it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    failures: u32,
    last: Option<Time>,
}

impl Record {
    /// The record after pods have ended at these times: a success wipes out the failures before it.
    pub(super) fn after(self, succeeded: &[Time], failed: &[Time]) -> Self {
        let last_success = succeeded.iter().max();
        let counting = failed.iter().filter(|time| last_success.is_none_or(|success| *time > success));
        let earlier = if succeeded.is_empty() { self } else { Self::default() };
        let failures = u32::try_from(counting.clone().count()).unwrap_or(u32::MAX);
        Self { failures: earlier.failures.saturating_add(failures), last: counting.max().copied().or(earlier.last) }
    }

    pub(super) fn remaining(self, now: Time) -> Time {
        self.last.map_or(Time(0), |last| remaining(self.failures, last, now))
    }
}

/// What is left of 10 s after the first failure, 20 s after the second, up to 10 minutes
/// (`getRemainingTimeForFailuresCount`).
pub(super) fn remaining(failures: u32, last: Time, now: Time) -> Time {
    if failures == 0 {
        return Time(0);
    }
    let delay = FIRST.0.saturating_mul(1_i64.checked_shl(failures - 1).unwrap_or(i64::MAX)).clamp(FIRST.0, LONGEST.0);
    (last + Time(delay) - now).max(Time(0))
}

#[cfg(test)]
mod tests {
    use super::{Record, remaining};
    use crate::plan::sim::time::Time;

    #[test]
    fn the_delay_doubles_up_to_ten_minutes() {
        let delays = (0..=9).map(|failures| remaining(failures, Time(0), Time(0)).0 / 1000);
        assert_eq!(delays.collect::<Vec<_>>(), [0, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
        assert_eq!(remaining(u32::MAX, Time(0), Time(0)), Time(600_000));
        assert_eq!(remaining(1, Time(0), Time(10_000)), Time(0));
    }

    #[test]
    fn a_success_wipes_out_the_failures_before_it() {
        let failed = Record::default().after(&[], &[Time(1), Time(2)]);
        assert_eq!(failed, Record { failures: 2, last: Some(Time(2)) });
        assert_eq!(failed.after(&[Time(4)], &[Time(3), Time(5)]), Record { failures: 1, last: Some(Time(5)) });
        assert_eq!(failed.after(&[Time(4)], &[Time(4)]), Record::default());
        assert_eq!(failed.after(&[], &[]), failed);
    }
}
