//! The virtual clock.

use std::ops::{Add, Sub};

/// Milliseconds since the scenario began, or a span of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// This many seconds, of which parts below a millisecond are cut off.
    pub fn from_seconds(seconds: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and no scenario lasts that long")]
        Self((seconds * 1000.0).round() as i64)
    }

    /// This many whole seconds.
    pub fn seconds(seconds: impl Into<i64>) -> Self {
        Self(seconds.into().saturating_mul(1000))
    }

    /// In seconds.
    pub fn as_seconds(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "exact below 285,000 years")]
        let milliseconds = self.0 as f64;
        milliseconds / 1000.0
    }
}

impl Add for Time {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Time {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}
