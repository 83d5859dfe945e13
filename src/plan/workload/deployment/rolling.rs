//! How a Deployment replaces old pods: step by step, or all at once.
//!
//! Mirrors `pkg/controller/deployment/rolling.go` and `recreate.go` (v1.36).

use super::{Deployment, Event, Time};

impl Deployment {
    /// One pass of a rolling update: the new ReplicaSet grows, or the old ones shrink, or neither. Mirrors
    /// `rolloutRolling`.
    pub(super) fn roll(&mut self, now: Time, said: &mut Vec<Event>) -> bool {
        let (new, created) = self.found_or_created_set(now, said);
        let wanted = self.wanted_of_new(self.sets[new].inner.replicas);
        if self.scale(new, wanted, said) || self.shrink_old(new, said) {
            self.write_rollout_status(Some(new), now);
            return true;
        }
        // Whether the rollout is over is read from the status as it was.
        let cleaned = self.is_complete() && self.clean_up(Some(new));
        let new = self.new_set();
        self.write_rollout_status(new, now);
        created || cleaned
    }

    /// One pass of an update that deletes all old pods before it creates new ones. Mirrors `rolloutRecreate`.
    pub(super) fn roll_by_recreating(&mut self, now: Time, said: &mut Vec<Event>) -> bool {
        let new = self.new_set();
        let mut shrunk = false;
        for at in 0..self.sets.len() {
            shrunk |= Some(at) != new && self.scale(at, 0, said);
        }
        if shrunk || self.old_pods_run(new) {
            self.write_rollout_status(new, now);
            return shrunk;
        }
        let (new, created) = self.found_or_created_set(now, said);
        let scaled = self.scale(new, self.spec.replicas, said);
        let cleaned = self.is_complete() && self.clean_up(Some(new));
        let new = self.new_set();
        self.write_rollout_status(new, now);
        created || scaled || cleaned
    }

    fn found_or_created_set(&mut self, now: Time, said: &mut Vec<Event>) -> (usize, bool) {
        let (new, created) = self.new_or_created_set(now, said);
        if self.spec.deadline.is_some() {
            self.conditions.found(now);
        }
        (new, created)
    }

    /// How many pods the new ReplicaSet should have now that has `replicas` of them. Mirrors `NewRSNewReplicas` and
    /// `reconcileNewReplicaSet`.
    ///
    /// Ten wanted, three more allowed, eight old and three new ones: two more fit.
    pub(super) fn wanted_of_new(&self, replicas: i32) -> i32 {
        let wanted = self.spec.replicas;
        if self.recreates() || replicas >= wanted {
            return wanted;
        }
        let room = wanted.saturating_add(self.max_surge()).saturating_sub(self.total());
        replicas + room.clamp(0, wanted - replicas)
    }

    /// Takes away as many old pods as can be missed. Mirrors `reconcileOldReplicaSets`.
    ///
    /// What matters is what the ReplicaSets should have, so that pods which are being deleted do not count; new pods that
    /// are not available cannot be relied on.
    fn shrink_old(&mut self, new: usize, said: &mut Vec<Event>) -> bool {
        let old = (0..self.sets.len()).filter(|at| *at != new && self.sets[*at].inner.replicas > 0);
        let old: Vec<usize> = old.collect();
        if old.is_empty() {
            return false;
        }
        let set = &self.sets[new].inner;
        let unavailable = set.replicas - set.status.available;
        let allowed = self.total() - self.min_available() - unavailable;
        if allowed <= 0 {
            return false;
        }
        let available = self.sets[new].inner.status.available
            + old.iter().map(|at| self.sets[*at].inner.status.available).sum::<i32>();
        let Ok(unhealthy) = self.shrink_unhealthy(&old, allowed, said) else { return false };
        let mut budget = available - self.min_available();
        let mut healthy = 0;
        for at in old {
            let down = self.sets[at].inner.replicas.min(budget);
            if budget <= 0 {
                break;
            }
            self.scale(at, self.sets[at].inner.replicas - down, said);
            budget -= down;
            healthy += down;
        }
        unhealthy + healthy > 0
    }

    /// Takes away old pods that are not available, the oldest ReplicaSet first: nobody misses them. It fails where a
    /// ReplicaSet reports more available pods than it should have, because that report is out of date. Mirrors
    /// `cleanupUnhealthyReplicas`.
    fn shrink_unhealthy(&mut self, old: &[usize], limit: i32, said: &mut Vec<Event>) -> Result<i32, ()> {
        let mut done = 0;
        for &at in old {
            let set = &self.sets[at].inner;
            if done >= limit {
                break;
            }
            if set.replicas == set.status.available {
                continue;
            }
            let down = (limit - done).min(set.replicas - set.status.available);
            if down < 0 {
                return Err(());
            }
            self.scale(at, set.replicas - down, said);
            done += down;
        }
        Ok(done)
    }

    /// Whether pods of old ReplicaSets are there, also if they are being deleted. Mirrors `oldPodsRunning`.
    fn old_pods_run(&self, new: Option<usize>) -> bool {
        let mut old = self.sets.iter().enumerate().filter(|(at, _)| Some(*at) != new);
        old.any(|(_, set)| set.inner.status.replicas > 0 || set.inner.pods.active() > 0 || set.inner.pods.leaving() > 0)
    }
}
