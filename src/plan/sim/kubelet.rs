//! What scheduler and kubelet do with pods, as the scenario tells it.

use super::scenario::Scenario;
use super::time::Time;

/// How pods behave.
#[derive(Clone, Debug)]
pub(in crate::plan) struct Kubelet {
    startup: Time,
    stagger: Time,
    termination: Time,
    failing_image: Option<String>,
}

impl Kubelet {
    pub(in crate::plan) fn new(scenario: &Scenario) -> Self {
        Self {
            startup: Time::from_seconds(scenario.startup),
            stagger: Time::from_seconds(scenario.stagger),
            termination: Time::from_seconds(scenario.termination),
            failing_image: scenario.fail.as_ref().map(|fail| fail.image.clone()),
        }
    }

    /// When the pod becomes Ready (or starts) which is created at `now`, as number `nth` of those that appear together.
    /// Pods are bound to a node at once.
    pub(in crate::plan) fn ready_at(&self, now: Time, nth: usize) -> Time {
        let nth = i64::try_from(nth).unwrap_or(i64::MAX);
        now + self.startup + Time(self.stagger.0.saturating_mul(nth))
    }

    /// Whether pods that become Ready have to be told apart, because they do not all do so at once.
    pub(in crate::plan) fn staggers(&self) -> bool {
        self.stagger > Time(0)
    }

    /// When the pod is gone that is deleted at `now`.
    pub(in crate::plan) fn gone_at(&self, now: Time) -> Time {
        now + self.termination
    }

    /// Whether pods with these images never become Ready.
    pub(in crate::plan) fn fails<'a>(&self, images: impl IntoIterator<Item = &'a str>) -> bool {
        images.into_iter().any(|image| self.failing_image.as_deref() == Some(image))
    }
}
