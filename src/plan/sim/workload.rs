//! What the loop of time knows of a workload.

use super::event::{Event, Happened};
use super::state::State;
use super::time::Time;
use crate::admission::ApiServer;
use crate::cluster::Object;

/// A workload: its controllers, its pods, and what they are to it.
pub(in crate::plan) trait Workload {
    /// Takes the object in its new form, which the API server has accepted.
    fn apply(&mut self, object: &Object, server: &ApiServer, now: Time);

    /// When something happens next to its pods, by itself.
    fn next_event(&self) -> Option<Time>;

    /// When a controller wakes up next by its own timer.
    fn next_timer(&self, now: Time) -> Option<Time>;

    /// Lets happen to its pods what is due now.
    fn happen(&mut self, now: Time) -> Happened;

    /// One pass of all controllers; whether anything changed. Their events go to `said`.
    fn sync(&mut self, now: Time, said: &mut Vec<Event>) -> bool;

    /// Called when the controllers have settled: pods that appeared together are now known together.
    fn settled(&mut self, now: Time);

    /// How it stands.
    fn state(&self, now: Time) -> State;

    /// How it stands, with many pods counted by revision and phase where [`Workload::state`] names each.
    fn outline(&self, now: Time) -> State {
        self.state(now)
    }
}
