//! The StatefulSet controller, as far as a rollout can tell.
//!
//! Mirrors `performUpdate` and what it calls in `pkg/controller/statefulset/stateful_set_control.go` (v1.36). Left out:
//! Failed and Succeeded pods, which the kubelet here does not make, calls that fail, and the limit of the history, which
//! never takes a revision away that a pod or the status still names.

use super::claims::Owner;
use super::wanted::{Strategy, Wanted};
use super::{Due, Pod, StatefulSet, Status};
use crate::plan::sim::event::{Event, Verb};
use crate::plan::sim::slow_start::slow_start;
use crate::plan::sim::template::Revision;
use crate::plan::sim::time::Time;

/// The set during one pass.
struct Pass<'a> {
    set: &'a mut StatefulSet,
    wanted: &'a Wanted,
    current: Revision,
    now: Time,
    said: &'a mut Vec<Event>,
    changed: bool,
}

/// Whether a pod holds up all that comes after it, where pods come and go in order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Stop,
    Next,
}

impl StatefulSet {
    /// One sync (`updateStatefulSet`); whether it changed anything.
    pub(super) fn sync_set(&mut self, now: Time, said: &mut Vec<Event>) -> bool {
        let Some(wanted) = self.wanted.take() else { return false };
        let current = self.status.current_revision.unwrap_or(wanted.revision);
        let mut status = self.count(&wanted, current, now);
        self.wanted = Some(wanted.clone());
        let mut pass = Pass { set: self, wanted: &wanted, current, now, said, changed: false };
        status.current = status.current.saturating_sub(pass.control());
        let changed = pass.changed;
        complete_rolling_update(&wanted, &mut status);
        let news = changed || self.status != status;
        self.status = status;
        news
    }

    /// The counters of the status (`computeReplicaStatus`): pods that are terminating count as replicas and as Ready
    /// until they are gone, but for no revision.
    fn count(&self, wanted: &Wanted, current: Revision, now: Time) -> Status {
        let of = |matches: &dyn Fn(&Pod) -> bool| self.pods.values().filter(|pod| matches(pod)).count();
        let of_revision = |revision| of(&|pod: &Pod| !pod.terminating && pod.revision == revision);
        Status {
            current_revision: Some(current),
            update_revision: Some(wanted.revision),
            replicas: self.pods.len(),
            ready: of(&|pod| pod.ready.is_some()),
            available: of(&|pod| pod.is_available(wanted.min_ready, now)),
            current: of_revision(current),
            updated: of_revision(wanted.revision),
        }
    }
}

/// The update revision becomes the current one when all pods have it and are Ready, be they available or not
/// (`completeRollingUpdate`). Never so with `OnDelete`.
fn complete_rolling_update(wanted: &Wanted, status: &mut Status) {
    let replicas = usize::try_from(wanted.ordinals.end - wanted.ordinals.start).unwrap_or(0);
    if matches!(wanted.strategy, Strategy::RollingUpdate(_))
        && [status.updated, status.ready, status.replicas] == [replicas; 3]
    {
        status.current = status.updated;
        status.current_revision = status.update_revision;
    }
}

impl Pass<'_> {
    /// Creates, deletes and updates pods; returns how many were deleted for the update.
    fn control(&mut self) -> usize {
        let ordinals = self.wanted.ordinals.clone();
        if self.wanted.parallel {
            for batch in slow_start(ordinals.clone(), |ordinal| !self.set.pods.contains_key(ordinal)) {
                self.create(&batch);
            }
            for ordinal in ordinals {
                self.process_replica(ordinal);
            }
        } else if ordinals.into_iter().any(|ordinal| self.process_replica(ordinal) == Step::Stop) {
            return 0;
        }
        let condemned = self.condemned();
        self.own_condemned_claims(&condemned);
        if self.process_condemned(&condemned) == Step::Stop || self.wanted.strategy == Strategy::OnDelete {
            return 0;
        }
        if self.set.counts_unavailable { self.update_within_budget() } else { self.update_one() }
    }

    /// `processReplica`: creates the pod, or says whether it is fit enough to go on. The set may wait for it only where pods
    /// come and go in order.
    fn process_replica(&mut self, ordinal: i64) -> Step {
        let Some(pod) = self.set.pods.get(&ordinal) else {
            self.create(&[ordinal]);
            return Step::Stop;
        };
        let owner = self.wanted.retention.owner(pod.id, false);
        let waits = pod.is_unavailable(self.wanted.min_ready, self.now);
        if pod.ready.is_none() {
            self.give_claims(ordinal, owner);
        }
        if waits && !self.wanted.parallel {
            return Step::Stop;
        }
        if self.give_claims(ordinal, owner) {
            // The pod is written together with its claims, though nothing in it changes (`UpdateStatefulPod`).
            self.say(Verb::Update, ordinal);
        }
        Step::Next
    }

    /// Creates pods side by side: first the claims that they lack, then themselves.
    fn create(&mut self, ordinals: &[i64]) {
        if ordinals.is_empty() {
            return;
        }
        let first = self.set.serial + 1;
        for (id, ordinal) in (first..).zip(ordinals) {
            let owner = self.wanted.retention.owner(id, false);
            let claims = self.set.claims.create(self.set.claims_of(*ordinal), owner);
            let (pod, set) = (self.set.name_of(*ordinal), &self.wanted.name);
            let say = |claim| Event::Claim { claim, pod: pod.clone(), set: set.clone() };
            self.said.extend(claims.into_iter().map(say));
        }
        for (id, ordinal) in (first..).zip(ordinals) {
            let revision = self.revision_of_new(*ordinal);
            self.set.pods.insert(*ordinal, Pod::new(id, revision));
            self.set.created.push(*ordinal);
            self.say(Verb::Create, *ordinal);
            self.set.serial = id;
        }
        self.changed = true;
    }

    /// Which revision a new pod gets (`newVersionedStatefulSetPod`). Without the block `rollingUpdate` the first so many
    /// pods get the current one as the status counts on it.
    fn revision_of_new(&self, ordinal: i64) -> Revision {
        let keeps_current = match self.wanted.strategy {
            Strategy::OnDelete => false,
            Strategy::RollingUpdate(Some(_)) => ordinal < self.wanted.protected().end,
            Strategy::RollingUpdate(None) => {
                let current = i64::try_from(self.set.status.current).unwrap_or(i64::MAX);
                ordinal < self.wanted.ordinals.start.saturating_add(current)
            }
        };
        if keeps_current { self.current } else { self.wanted.revision }
    }

    /// The pods that should not be there, the last one first.
    fn condemned(&self) -> Vec<i64> {
        let ordinals = &self.wanted.ordinals;
        let above = self.set.pods.range(ordinals.end..).rev();
        let below = self.set.pods.range(..ordinals.start).rev();
        above.chain(below).map(|(ordinal, _)| *ordinal).collect()
    }

    fn own_condemned_claims(&mut self, condemned: &[i64]) {
        for ordinal in condemned {
            let Some(id) = self.set.pods.get(ordinal).map(|pod| pod.id) else { continue };
            self.give_claims(*ordinal, self.wanted.retention.owner(id, true));
        }
    }

    /// `processCondemned` for all of them. In order, they go one by one, and one that is unavailable goes only if it is the
    /// lowest that is; so two of them never go.
    fn process_condemned(&mut self, condemned: &[i64]) -> Step {
        let (min_ready, now) = (self.wanted.min_ready, self.now);
        let terminating = |pass: &Self, ordinal| pass.set.pods.get(&ordinal).is_none_or(|pod| pod.terminating);
        if self.wanted.parallel {
            let batches = slow_start(condemned.iter().copied(), |ordinal| !terminating(self, *ordinal));
            for ordinal in batches.into_iter().flatten() {
                self.delete(ordinal);
            }
            return Step::Next;
        }
        // The pods that should be there have all been found available.
        let unavailable = |pod: &Pod| pod.is_unavailable(min_ready, now);
        let first_unavailable =
            condemned.iter().rev().find(|ordinal| self.set.pods.get(ordinal).is_some_and(unavailable));
        let Some(ordinal) = condemned.first() else { return Step::Next };
        let waits = terminating(self, *ordinal)
            || self.set.pods.get(ordinal).is_some_and(unavailable) && first_unavailable != Some(ordinal);
        if !waits {
            self.delete(*ordinal);
        }
        Step::Stop
    }

    /// Without `maxUnavailable`: from the last pod on, the first one with another revision goes, unless one before it is
    /// unavailable.
    fn update_one(&mut self) -> usize {
        for ordinal in (self.wanted.protected().end..self.wanted.ordinals.end).rev() {
            let Some(pod) = self.set.pods.get(&ordinal) else { continue };
            if pod.revision != self.wanted.revision && !pod.terminating {
                self.delete(ordinal);
                return 1;
            }
            if pod.is_unavailable(self.wanted.min_ready, self.now) {
                return 0;
            }
        }
        0
    }

    /// With `maxUnavailable` (`updateStatefulSetAfterInvariantEstablished`): what is unavailable for whatever reason,
    /// below the partition too, uses the budget up.
    fn update_within_budget(&mut self) -> usize {
        let budget = match self.wanted.strategy {
            Strategy::RollingUpdate(Some(block)) => block.max_unavailable,
            _ => 1,
        };
        let (min_ready, now, revision) = (self.wanted.min_ready, self.now, self.wanted.revision);
        let pods = self.set.pods.range(self.wanted.ordinals.clone());
        let unavailable = pods.filter(|(_, pod)| pod.is_unavailable(min_ready, now)).count();
        let updated = self.wanted.protected().end..self.wanted.ordinals.end.max(self.wanted.protected().end);
        let stale: Vec<i64> = self
            .set
            .pods
            .range(updated)
            .rev()
            .filter(|(_, pod)| pod.revision != revision && !pod.terminating)
            .map(|(ordinal, _)| *ordinal)
            .take(budget.saturating_sub(unavailable))
            .collect();
        for ordinal in &stale {
            self.delete(*ordinal);
        }
        stale.len()
    }

    fn delete(&mut self, ordinal: i64) {
        let Some(pod) = self.set.pods.get_mut(&ordinal) else { return };
        pod.terminating = true;
        let behaviour = self.set.templates.get(&pod.revision).copied().unwrap_or_default();
        if behaviour.leaves_at_once {
            self.set.remove(ordinal);
        } else {
            let gone = self.set.kubelet.gone_at(self.now);
            pod.gone_at = Some(gone);
            self.set.due.insert((gone, ordinal, Due::Gone));
        }
        self.say(Verb::Delete, ordinal);
        self.changed = true;
    }

    fn give_claims(&mut self, ordinal: i64, owner: Owner) -> bool {
        let known = self.set.pods.get_mut(&ordinal).is_some_and(|pod| pod.claims_of.replace(owner) == Some(owner));
        if known || self.wanted.claim_templates.is_empty() {
            return false;
        }
        let claims = self.set.claims_of(ordinal);
        let news = self.set.claims.give(&claims, owner);
        self.changed |= news;
        news
    }

    fn say(&mut self, verb: Verb, ordinal: i64) {
        let (pod, set) = (self.set.name_of(ordinal), self.wanted.name.clone());
        self.said.push(Event::Pod { verb, pod, set });
    }
}
