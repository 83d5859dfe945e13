//! How a Deployment spreads a change of `spec.replicas` over its ReplicaSets.
//!
//! Mirrors `sync`, `scale`, `scaleReplicaSet` and `isScalingEvent` in `pkg/controller/deployment/sync.go`, and
//! `GetReplicaSetProportion` in `pkg/controller/deployment/util/deployment_util.go` (v1.36).

use super::{Deployment, Event};

impl Deployment {
    /// Whether a ReplicaSet was last scaled for another number of wanted pods. Mirrors `isScalingEvent`.
    pub(super) fn is_scaling_event(&mut self) -> bool {
        self.new_set();
        self.sets.iter().any(|set| set.inner.replicas > 0 && set.desired != self.spec.replicas)
    }

    /// One pass while the Deployment is paused or changes its scale: no rollout takes place in it. Mirrors `sync`.
    pub(super) fn sync_scale(&mut self, said: &mut Vec<Event>) -> bool {
        let mut new = self.new_set();
        let mut acted = self.spread(new, said);
        if self.spec.paused && self.clean_up(new) {
            acted = true;
            new = self.new_set();
        }
        self.write_status(new);
        acted
    }

    fn spread(&mut self, new: Option<usize>, said: &mut Vec<Event>) -> bool {
        let wanted = self.spec.replicas;
        let active: Vec<usize> = (0..self.sets.len()).filter(|at| self.sets[*at].inner.replicas > 0).collect();
        let only = match active[..] {
            [] => new.or_else(|| self.sets.len().checked_sub(1)),
            [only] => Some(only),
            _ => None,
        };
        if let Some(only) = only {
            return self.scale(only, wanted, said);
        }
        if new.is_some_and(|new| self.is_saturated(new)) {
            let mut acted = false;
            for at in active.into_iter().rev() {
                acted |= Some(at) != new && self.scale(at, 0, said);
            }
            return acted;
        }
        !self.recreates() && self.spread_in_proportion(active, said)
    }

    /// Whether the new ReplicaSet has all pods, and all of them are available. Mirrors `IsSaturated`.
    fn is_saturated(&self, new: usize) -> bool {
        let set = &self.sets[new];
        [set.inner.replicas, set.desired, set.inner.status.available] == [self.spec.replicas; 3]
    }

    /// Gives each ReplicaSet its share, and the largest what is left over.
    ///
    /// From 10 to 20 wanted pods with 3 more allowed, 7 and 6 of once 13 become 12 and 11 of 23.
    fn spread_in_proportion(&mut self, mut active: Vec<usize>, said: &mut Vec<Event>) -> bool {
        let wanted = self.spec.replicas;
        let allowed = if wanted > 0 { wanted.saturating_add(self.max_surge()) } else { 0 };
        let add = allowed.saturating_sub(self.total());
        // The largest comes first; of two that are equal, the newer one grows and the older one shrinks first.
        let size = |at: usize| self.sets[at].inner.replicas;
        match add {
            1.. => active.sort_by_key(|at| (-size(*at), usize::MAX - *at)),
            ..0 => active.sort_by_key(|at| (-size(*at), *at)),
            0 => {}
        }
        let mut added = 0;
        let mut sizes: Vec<i32> = Vec::with_capacity(active.len());
        for at in &active {
            let share = if add == 0 || add == added { 0 } else { self.share(*at, add - added) };
            added += share;
            sizes.push(size(*at) + share);
        }
        if let Some(largest) = sizes.first_mut().filter(|_| add != 0) {
            *largest = (*largest + add - added).max(0);
        }
        let mut acted = false;
        for (at, size) in active.into_iter().zip(sizes) {
            acted |= self.scale_by_force(at, size, said);
        }
        acted
    }

    /// The share of one ReplicaSet in what is to be added or removed, of which `left` is left. Mirrors
    /// `GetReplicaSetProportion` and `getReplicaSetFraction`, whose product is one of 32-bit numbers.
    fn share(&self, at: usize, left: i32) -> i32 {
        let set = &self.sets[at];
        let size = set.inner.replicas;
        let fraction = if self.spec.replicas == 0 {
            -size
        } else {
            let base = if set.max == 0 { self.status.replicas } else { set.max };
            let max = self.spec.replicas.saturating_add(self.max_surge());
            if base == 0 { 0 } else { rounded(size.wrapping_mul(max), base) - size }
        };
        if left > 0 { fraction.min(left) } else { fraction.max(left) }
    }

    /// Scales a ReplicaSet, if it has another size. Mirrors `scaleReplicaSet`.
    pub(super) fn scale(&mut self, at: usize, replicas: i32, said: &mut Vec<Event>) -> bool {
        self.sets[at].inner.replicas != replicas && self.scale_by_force(at, replicas, said)
    }

    /// Scales a ReplicaSet and notes what it was scaled for, also if it keeps its size.
    fn scale_by_force(&mut self, at: usize, replicas: i32, said: &mut Vec<Event>) -> bool {
        let (desired, max) = (self.spec.replicas, self.spec.replicas.saturating_add(self.max_surge()));
        let set = &mut self.sets[at];
        let old = set.inner.replicas;
        let changed = (old, set.desired, set.max) != (replicas, desired, max);
        (set.inner.replicas, set.desired, set.max) = (replicas, desired, max);
        if old != replicas {
            let revision = set.inner.revision;
            said.push(Event::Scaled { deployment: self.name.clone(), revision, from: old, to: replicas });
        }
        changed
    }
}

/// The quotient, rounded half away from zero (`RoundToInt32`).
fn rounded(number: i32, divisor: i32) -> i32 {
    let (number, divisor) = (i64::from(number), i64::from(divisor));
    let half = if (number < 0) == (divisor < 0) { divisor.abs() } else { -divisor.abs() };
    let doubled = 2 * number * divisor.signum() + half;
    i32::try_from(doubled / (2 * divisor.abs())).unwrap_or(i32::MAX)
}
