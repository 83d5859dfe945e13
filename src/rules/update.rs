//! What rules may know of a change: the old side, and the plan, which is made when the first of them asks.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::cluster::{Object, Pairs};
use crate::plan::document::{Action, ObjectPlan, Plan};
use crate::plan::{self, Options, Side};
use crate::yaml::Path;

/// A change from what runs already to what is applied.
#[derive(Debug)]
pub struct Update<'a> {
    old: &'a Side,
    new: &'a Side,
    pairs: Pairs<'a>,
    options: Options,
    /// The plan, if it was made elsewhere.
    given: Option<&'a Plan>,
    made: OnceLock<Plan>,
    /// Where each object of the new side is in the plan, by id, file and line; the order depends on who applies.
    places: OnceLock<BTreeMap<(String, String, usize), usize>>,
}

/// What happens to an object that changes.
#[derive(Clone, Copy, Debug)]
pub struct Rollout<'a> {
    /// The object that it replaces.
    pub old: &'a Object,
    /// What differs, and what follows.
    pub plan: &'a ObjectPlan,
}

impl<'a> Update<'a> {
    /// A change that is planned if a rule asks.
    pub fn new(old: &'a Side, new: &'a Side, options: Options) -> Self {
        let pairs = old.pairs(new);
        Self { old, new, pairs, options, given: None, made: OnceLock::new(), places: OnceLock::new() }
    }

    /// A change with its plan.
    pub fn planned(old: &'a Side, new: &'a Side, plan: &'a Plan) -> Self {
        Self { given: Some(plan), ..Self::new(old, new, Options::default()) }
    }

    /// The object that `object`, of the new side, replaces.
    pub fn old(&self, object: &Object) -> Option<&'a Object> {
        self.pairs.old_of(object)
    }

    pub(super) fn rollout(&self, object: &Object) -> Option<Rollout<'_>> {
        let old = self.old(object)?;
        let plan = self.plan();
        let places = self.places.get_or_init(|| places(plan));
        let source = self.new.source(object.place(&Path::root()));
        let at = *places.get(&(plan::id(&object.identity), source.file, source.line))?;
        let plan = plan.objects.get(at).filter(|plan| plan.action != Action::None)?;
        Some(Rollout { old, plan })
    }

    /// Makes the plan, if anything replaces anything.
    pub(super) fn prepare(&self) {
        if !self.pairs.is_empty() {
            self.plan();
        }
    }

    fn plan(&self) -> &Plan {
        self.given.unwrap_or_else(|| self.made.get_or_init(|| plan::plan(self.old, self.new, &self.options)))
    }
}

/// What is gone from the new side has no place in it.
fn places(plan: &Plan) -> BTreeMap<(String, String, usize), usize> {
    let key = |object: &ObjectPlan| (object.id.clone(), object.source.file.clone(), object.source.line);
    let present = plan.objects.iter().enumerate().filter(|(_, object)| object.action != Action::Delete);
    present.map(|(at, object)| (key(object), at)).collect()
}
