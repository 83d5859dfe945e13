//! What becomes of an object when the API server refuses to change it: it stays as it is, or the applying tool deletes it
//! and creates it anew.

use super::Planner;
use super::answer::server_says;
use crate::admission::{Outcome, Verdict};
use crate::cluster::{Object, Pairs};
use crate::finding::Finding;
use crate::plan::applier::{Anew, Fate, Item, Treatment};
use crate::plan::assumptions::Assumptions;
use crate::plan::document::{Action, Bounds, ObjectPlan};
use crate::plan::remedies::{self, Refused};
use crate::plan::workload;
use crate::yaml::Scalar;

/// An object and its plan, as the applying tool sees them.
pub(super) fn item<'a>(object: &'a Object, plan: &ObjectPlan, pairs: &Pairs<'_>) -> Item<'a> {
    let fate = match plan.action {
        Action::None => Fate::Stays,
        Action::RecreateNeeded => Fate::Anew,
        Action::Rejected => Fate::Refused { invalid: plan.rejections.iter().all(|it| it.reason.is_some()) },
        _ => Fate::Applied,
    };
    Item { object, exists: pairs.old_of(object).is_some(), fate }
}

impl Planner<'_> {
    /// Takes into account that some tools delete and create anew also what does not change, if they have anything to do.
    pub(super) fn treat_unchanged(&self, applied: &[&Object], objects: &mut [ObjectPlan], pairs: &Pairs<'_>) {
        let acts = |plan: &ObjectPlan| !matches!(plan.action, Action::None | Action::Rejected);
        if !objects.iter().any(acts) {
            return;
        }
        for (object, plan) in applied.iter().zip(objects).filter(|(_, plan)| plan.action == Action::None) {
            let Some(before) = pairs.old_of(object) else { continue };
            if let Treatment::Always(anew) = self.applier.treatment(object, Some(before), false)
                && anew.each_time
            {
                self.anew(plan, before, object, &anew);
            }
        }
    }

    /// Takes into account what the applying tool does with an object that `before` stands in the way of, and says what to
    /// do about what is refused in the end.
    pub(super) fn treat(
        &self,
        plan: &mut ObjectPlan,
        treatment: &Treatment,
        before: &Object,
        object: &Object,
        verdict: &Verdict,
    ) {
        let is_invalid = verdict.outcome == Outcome::Invalid;
        let again = match treatment {
            Treatment::Renamed if plan.action != Action::None => Some(self.renamed(plan, object)),
            Treatment::Always(anew) if plan.action != Action::None => Some(self.anew(plan, before, object, anew)),
            Treatment::OnRefusal(anew) if is_invalid => Some(self.anew(plan, before, object, anew)),
            _ => None,
        };
        // What is created anew after all keeps the reasons for which it could not be changed.
        let again = again.filter(|again| !again.is_empty() || plan.action == Action::Create);
        let refused = again.unwrap_or_else(|| verdict.refusals().cloned().collect());
        plan.rejections = refused.iter().map(|finding| self.rejection(finding)).collect();
        if plan.action == Action::Rejected {
            self.ways_out(plan, before, object, &refused);
        }
    }

    /// The applying tool deletes the object and creates it anew. Returns why the API server refuses that too.
    fn anew(&self, plan: &mut ObjectPlan, before: &Object, object: &Object, anew: &Anew) -> Vec<Finding> {
        let why = &anew.why;
        let refused = self.refused_anew(object);
        if refused.is_empty() {
            plan.action = Action::RecreateNeeded;
            plan.bounds = without_pods(before, object, self.surroundings.assumptions);
            plan.notes.push(format!("{why}, deletes it and creates it anew: {}", remedies::cost_of_anew(object).0));
            return refused;
        }
        plan.action = Action::Rejected;
        plan.notes.push(if anew.restores {
            format!("{why}, deletes it, cannot create it anew, and puts the old form back: its pods go all the same")
        } else {
            format!("{why}, deletes it and cannot create it anew: it is gone then")
        });
        refused
    }

    /// The applying tool creates another object and leaves this one alone.
    fn renamed(&self, plan: &mut ObjectPlan, object: &Object) -> Vec<Finding> {
        let refused = self.refused_anew(object);
        plan.action = if refused.is_empty() { Action::Create } else { Action::Rejected };
        plan.notes.push(format!(
            "kapp creates it as `{}-ver-N`, and what refers to it follows; old versions stay, 5 unless \
             `kapp.k14s.io/num-versions` says otherwise",
            object.identity.name
        ));
        refused
    }

    /// What the API server says, and what to do about it.
    fn ways_out(&self, plan: &mut ObjectPlan, before: &Object, object: &Object, findings: &[Finding]) {
        plan.server_says = server_says(&object.identity, findings);
        let refused = Refused {
            old: before,
            new: object,
            cluster: &self.new.cluster,
            file: &self.new.sources.get(object.document.file).name,
            applier: self.applier,
            findings,
        };
        for (rejection, finding) in plan.rejections.iter_mut().zip(findings) {
            rejection.ways_out = remedies::ways_out(refused, finding);
        }
    }
}

/// The bounds of pods that are deleted all together with their owner; `None` if it has no number of its own.
fn without_pods(old: &Object, new: &Object, assumptions: &Assumptions) -> Option<Bounds> {
    if !workload::of(&new.identity).is_some_and(|kind| kind.is_counted) {
        return None;
    }
    let replicas = |object: &Object| match object.root().get("spec")?.get("replicas")?.scalar()? {
        Scalar::Integer(count) => Some(count),
        _ => None,
    };
    let desired = replicas(new).unwrap_or(1);
    let running = assumptions.replicas.get(&old.identity.name).map(|count| i64::from(*count));
    let running = running.or_else(|| replicas(old)).unwrap_or(1);
    let why = vec![format!("the {running} old pods are deleted together with their owner")];
    Some(Bounds { before: running, desired, min_available: 0, max_pods: desired, max_terminating: running, why })
}
