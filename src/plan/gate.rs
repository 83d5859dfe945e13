//! Conditions on a plan: `availability >= 80%`, `rejected == 0`, `web: peak <= 15`.

use super::document::{Action, Bounds, Gate, ObjectPlan, Plan};

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    text: String,
    object: Option<String>,
    measure: Measure,
    comparison: Comparison,
    limit: f64,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    /// The lowest part of the expected pods that is available, in percent.
    Availability,
    /// The most pods.
    Peak,
    /// The longest rollout, in seconds.
    Time,
    /// How many objects meet this fate.
    Count(Action),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    AtLeast,
    AtMost,
    More,
    Less,
    Equal,
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// It is not written as one.
    #[error(
        "`{0}` is no gate; write for example `availability >= 80%`, `web: peak <= 15`, `time <= 300s` or `rejected == 0`"
    )]
    Unknown(String),
    /// It compares with no number, or with one that nothing reaches.
    #[error("the gate `{0}` compares with no number; write for example `time <= 300s`")]
    NoNumber(String),
}

impl Condition {
    /// Reads a condition: an optional name of a workload with a colon, what is measured, a comparison, a number.
    pub fn parse(text: &str) -> Result<Self, GateError> {
        let fail = || GateError::Unknown(text.to_owned());
        let (object, rest) = match text.split_once(':') {
            Some((object, rest)) => (Some(object.trim().to_owned()), rest),
            None => (None, text),
        };
        let signs = [
            (">=", Comparison::AtLeast),
            ("<=", Comparison::AtMost),
            ("==", Comparison::Equal),
            (">", Comparison::More),
            ("<", Comparison::Less),
        ];
        let (sign, comparison) = signs.into_iter().find(|(sign, _)| rest.contains(sign)).ok_or_else(fail)?;
        let (measure, limit) = rest.split_once(sign).ok_or_else(fail)?;
        let measure = match measure.trim() {
            "availability" => Measure::Availability,
            "peak" => Measure::Peak,
            "time" => Measure::Time,
            name => Measure::Count(Action::ALL.into_iter().find(|action| action.name() == name).ok_or_else(fail)?),
        };
        let limit = limit.trim();
        let unit = match measure {
            Measure::Availability => '%',
            Measure::Time => 's',
            Measure::Peak | Measure::Count(_) => ' ',
        };
        let limit: f64 = limit.strip_suffix(unit).unwrap_or(limit).trim().parse().map_err(|_| fail())?;
        if !limit.is_finite() {
            return Err(GateError::NoNumber(text.to_owned()));
        }
        Ok(Self { text: text.trim().to_owned(), object, measure, comparison, limit })
    }

    /// Whether it holds for the plan.
    pub fn check(&self, plan: &Plan) -> Gate {
        let objects: Vec<&ObjectPlan> = plan.objects.iter().filter(|object| self.means(object)).collect();
        let number = |count: i64| f64::from(i32::try_from(count).unwrap_or(i32::MAX));
        let bounds = || objects.iter().filter_map(|object| object.bounds.as_ref());
        let (found, words) = match self.measure {
            Measure::Availability => {
                let parts = bounds().filter_map(Bounds::availability).map(|part| 100.0 * part);
                let least = parts.fold(100.0, f64::min);
                (least, format!("lowest availability {:.0} %", least.floor()))
            }
            Measure::Peak => {
                let peak = bounds().map(|it| number(it.max_pods)).fold(0.0, f64::max);
                (peak, format!("at most {peak:.0} pods"))
            }
            Measure::Time => {
                let time = objects.iter().filter_map(|object| object.time).map(|time| time.max).fold(0.0, f64::max);
                (time, format!("up to {time:.0} s"))
            }
            Measure::Count(action) => {
                let count = objects.iter().filter(|object| object.action == action).count();
                (number(i64::try_from(count).unwrap_or(i64::MAX)), format!("{count} {}", action.name()))
            }
        };
        // What cannot be read may be anything, also what the gate forbids.
        let unknown = plan.objects.iter().any(|object| object.unreadable && self.may_mean(object));
        let words = if unknown { format!("{words}, and there is what cannot be read") } else { words };
        let holds = !unknown
            && match self.comparison {
                Comparison::AtLeast => found >= self.limit,
                Comparison::AtMost => found <= self.limit,
                Comparison::More => found > self.limit,
                Comparison::Less => found < self.limit,
                Comparison::Equal => (found - self.limit).abs() < f64::EPSILON,
            };
        Gate { condition: self.text.clone(), holds, found: words }
    }

    fn means(&self, object: &ObjectPlan) -> bool {
        self.object.as_deref().is_none_or(|name| object.id.rsplit('/').next() == Some(name) || object.id == name)
    }

    /// Whether the object could be one that the gate is about, as far as one knows who it is.
    fn may_mean(&self, object: &ObjectPlan) -> bool {
        object.id.starts_with('?') || self.means(object)
    }
}
