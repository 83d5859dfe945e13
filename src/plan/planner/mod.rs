//! From two clusters to a plan: pairs the objects, classifies what changes, and plans the rollout of each workload.

mod answer;
mod notes;
mod refusal;
mod running;
mod unread;

use std::collections::BTreeSet;
use std::sync::Arc;

use self::unread::Unread;
use crate::admission::{ApiServer, Judge, Outcome, Request, Verdict};
use crate::cluster::{Autoscalers, Cluster, Object, Readers};
use crate::finding::{Finding, Identity};
use crate::parallel::in_order;
use crate::plan::applier::{self, Applier, Item, Treatment};
use crate::plan::assumptions::Assumptions;
use crate::plan::change::{Change, changes};
use crate::plan::document::{Action, Effect, FieldChange, ObjectPlan, Plan, Rejection, Seconds, Summary, id};
use crate::plan::gate::Condition;
use crate::plan::rollout::claims;
use crate::plan::rollout::{self, Surroundings};
use crate::plan::side::Side;
use crate::plan::sim::nodes;
use crate::plan::workload;
use crate::secrets::{self, Secrets};
use crate::source::Sources;
use crate::yaml::Path;

/// What a plan depends on besides the two sides.
#[derive(Debug, Default)]
pub struct Options {
    /// The API server and the controllers.
    pub server: ApiServer,
    /// Who applies the objects.
    pub applier: Applier,
    /// What the manifests cannot know.
    pub assumptions: Assumptions,
    /// What must hold.
    pub gates: Vec<Condition>,
    /// Texts whose `CustomResourceDefinitions` hold besides those of the two sides.
    pub definitions: Sources,
}

/// What will happen when the objects of `new` are applied over those of `old`.
pub fn plan(old: &Side, new: &Side, options: &Options) -> Plan {
    let versioned = (options.applier == Applier::Kapp).then(|| applier::versioned(old, new, &options.server)).flatten();
    let (old, new) = versioned.as_ref().map_or((old, new), |(old, new)| (old, new));
    let definitions = Cluster::read(&options.definitions);
    // A definition of the new side comes last, so that it wins over one from elsewhere.
    let definitions = [&definitions, &old.cluster, &new.cluster];
    let definitions = definitions.into_iter().flat_map(|side| side.of_kind("CustomResourceDefinition"));
    let judge = Judge::new(vec![options.server.clone()], definitions);
    let mut applied: Vec<&Object> = new.cluster.objects().iter().collect();
    let (unread_old, unread_new) = (Unread::of(old), Unread::of(new));
    let first = old.cluster.objects().is_empty() && unread_old.is_empty();
    options.applier.sort(&mut applied, first);
    let known = nodes::of(&old.cluster);
    let surroundings = Surroundings {
        cluster: &new.cluster,
        nodes: &known,
        autoscalers: Autoscalers::new(&new.cluster),
        assumptions: &options.assumptions,
        server: &options.server,
        judge: &judge,
    };
    let secrets = Secrets::find(&new.sources, new.cluster.documents.iter().map(AsRef::as_ref));
    let (unread_old, unread_new) = (&unread_old, &unread_new);
    let autoscaled = Autoscalers::new(&old.cluster);
    let planner = Planner {
        autoscaled,
        old,
        new,
        unread_old,
        unread_new,
        surroundings,
        applier: options.applier,
        secrets,
        first,
    };
    let pairs = old.pairs(new);
    let mut objects = in_order(&applied, |object| planner.object(object, pairs.old_of(object)));
    planner.treat_unchanged(&applied, &mut objects, &pairs);
    note_readers(&applied, &mut objects, &new.cluster);
    let gone = old.cluster.objects().iter().filter(|object| !pairs.is_replaced(object));
    // A dump of a cluster has more than was ever applied from here: what controllers made, and what others applied.
    let (others, gone): (Vec<&Object>, Vec<&Object>) = gone.partition(|object| options.applier.ignores(object));
    let refused = unread::unidentified(&applied, &objects, &pairs);
    let (mut doubtful, mut gone) = (Vec::new(), gone);
    gone.retain(|object| planner.doubt(object, &refused).map(|doubt| doubtful.push((*object, doubt))).is_none());
    options.applier.sort_gone(&mut gone);
    let items = applied.iter().zip(&objects);
    let items: Vec<Item<'_>> = items.map(|(object, plan)| refusal::item(object, plan, &pairs)).collect();
    let mut after_rejection = options.applier.after_rejection(&items, &gone, first);
    if !unread_new.is_empty() {
        after_rejection.insert(0, options.applier.after_unreadable().to_owned());
    }
    objects.extend(planner.unread(&doubtful));
    objects.extend(planner.unread_old(&applied));
    objects.extend(gone.iter().map(|object| planner.gone(object)));
    let is_guess = known.is_empty()
        && objects.iter().any(|object| object.bounds.is_some() && workload::on_nodes().any(|kind| object.is_of(kind)));
    let mut assumptions = options.assumptions.words(is_guess);
    if !others.is_empty() {
        assumptions.push(format!("what only the dump has stays as it is ({} objects)", others.len()));
    }
    assumptions.extend(versioned.is_some().then(|| "kapp's versions of objects run as 1 and go on as 2".to_owned()));
    let mut plan = Plan {
        version: 1,
        kubernetes_version: options.server.version.to_string(),
        summary: summary(&objects),
        objects,
        after_rejection,
        assumptions,
        gates: Vec::new(),
    };
    plan.gates = options.gates.iter().map(|gate| gate.check(&plan)).collect();
    plan
}

/// Says of each `ConfigMap` and Secret that changes who reads it.
fn note_readers(applied: &[&Object], objects: &mut [ObjectPlan], cluster: &Cluster) {
    let is_data = |object: &Object| matches!(object.identity.kind.as_str(), "ConfigMap" | "Secret");
    let matters = |plan: &ObjectPlan| plan.changes.iter().any(|change| change.effect != Effect::None);
    let changed = |at: &usize| is_data(applied[*at]) && objects[*at].action == Action::Update && matters(&objects[*at]);
    let changed: Vec<usize> = (0..applied.len()).filter(changed).collect();
    if changed.is_empty() {
        return;
    }
    let readers = Readers::new(cluster);
    let rolling = applied.iter().zip(&*objects).filter(|(_, plan)| plan.action == Action::Roll);
    let rolling: BTreeSet<*const Identity> = rolling.map(|(object, _)| Arc::as_ptr(&object.identity)).collect();
    for at in changed {
        let rolls = |reader: &Object| rolling.contains(&Arc::as_ptr(&reader.identity));
        objects[at].notes.extend(notes::of_data(applied[at], &readers, rolls));
    }
}

fn summary(objects: &[ObjectPlan]) -> Summary {
    let mut summary = Summary::default();
    for object in objects {
        *summary.actions.entry(object.action).or_default() += 1;
        if let Some(part) = object.bounds.as_ref().and_then(crate::plan::document::Bounds::availability) {
            summary.min_availability = Some(summary.min_availability.map_or(part, |least| least.min(part)));
        }
        if let Some(time) = object.time {
            let longest = summary.time.unwrap_or(time);
            summary.time = Some(Seconds { min: longest.min.max(time.min), max: longest.max.max(time.max) });
        }
    }
    summary
}

/// What is needed to plan one object.
struct Planner<'a> {
    old: &'a Side,
    new: &'a Side,
    unread_old: &'a Unread<'a>,
    unread_new: &'a Unread<'a>,
    surroundings: Surroundings<'a>,
    /// The autoscalers of the old side.
    autoscaled: Autoscalers<'a>,
    applier: Applier,
    /// What of the new side must not be shown.
    secrets: Secrets,
    /// Whether nothing of the input is in the cluster yet.
    first: bool,
}

impl Planner<'_> {
    /// An object of the new side, and the one that it replaces.
    fn object(&self, object: &Object, before: Option<&Object>) -> ObjectPlan {
        let source = self.new.source(object.place(&Path::root()));
        let mut plan = ObjectPlan::new(id(&object.identity), Action::None, source);
        let treatment = self.applier.treatment(object, before, self.first);
        if let Treatment::Skip(why) = treatment {
            plan.notes.push(why);
            return plan;
        }
        let around = &self.surroundings;
        let known = before.and_then(|before| running::assumed(before, around.assumptions));
        // What runs and is applied again as it is makes no difference to anybody, whatever there is to say about it.
        let sound = object.document.problems.is_empty();
        let is_same = |before: &Object| before.root().to_json() == object.root().to_json();
        if known.is_none() && sound && before.is_some_and(is_same) {
            return plan;
        }
        let known = known.or_else(|| running::autoscaled_to(before?, &self.autoscaled));
        let running = known.as_ref().and_then(|cluster| cluster.objects().first()).or(before);
        let verdict = self.judge(&Request { object, old: before, running, how: self.applier.how() });
        let refused: Vec<Finding> = verdict.refusals().cloned().collect();
        plan.unreadable = verdict.outcome >= Outcome::Undecodable;
        plan.rejections = refused.iter().map(|finding| self.rejection(finding)).collect();
        let (Some(before), Some(running)) = (before, running) else {
            plan.action = if refused.is_empty() { Action::Create } else { Action::Rejected };
            if let Some(old) = self.replaces_unread(object).filter(|_| refused.is_empty()) {
                plan.action = Action::Unknown;
                plan.unreadable = true;
                plan.notes.push(format!("{}:{} may be what runs, and cannot be read", old.file, old.line));
                return plan;
            }
            plan.claims = claims::created(object).filter(|_| refused.is_empty());
            return plan;
        };
        let after = verdict.object(object);
        let mut changed = changes(running, after, around.server);
        for change in &mut changed {
            if refused.iter().any(|finding| blames(finding, change)) {
                change.effect = Effect::Rejected;
            }
        }
        plan.action = action(&changed, !refused.is_empty());
        plan.changes = changed.iter().map(|change| self.change(change, object, before)).collect();
        self.treat(&mut plan, &treatment, before, object, &verdict);
        if matches!(plan.action, Action::RecreateNeeded | Action::Create) {
            return plan;
        }
        let matters = changed.iter().any(|change| change.effect != Effect::None);
        if matters && plan.action != Action::Rejected {
            plan.notes.extend(notes::of_workload(object, around.cluster, &around.autoscalers));
            plan.notes.extend(notes::rerouted(before, object, &self.old.cluster, around.cluster));
        }
        if matches!(plan.action, Action::Roll | Action::Scale) {
            rollout::describe(&mut plan, running, after, around);
        }
        plan
    }

    /// An object that only the old side has.
    fn gone(&self, object: &Object) -> ObjectPlan {
        let source = self.old.source(object.place(&Path::root()));
        let mut plan = ObjectPlan::new(id(&object.identity), Action::Delete, source);
        plan.claims = claims::left(object);
        plan.notes.push(self.applier.gone(object));
        plan
    }

    /// What the API server says of a request.
    fn judge(&self, request: &Request<'_>) -> Verdict {
        self.surroundings.judge.judge(request)
    }

    /// Why the API server would not create the object.
    fn refused_anew(&self, object: &Object) -> Vec<Finding> {
        self.judge(&Request::create(object)).refusals().cloned().collect()
    }

    fn rejection(&self, finding: &Finding) -> Rejection {
        let mut finding = finding.clone();
        self.secrets.redact(&self.new.sources, &mut finding);
        Rejection {
            field: finding.field().to_string(),
            reason: finding.reason().map(|reason| format!("{reason:?}")),
            immutable: finding.kept().is_some(),
            ways_out: Vec::new(),
            source: self.new.source(finding.primary.place),
            message: finding.message,
            help: finding.help,
        }
    }

    fn change(&self, change: &Change, object: &Object, before: &Object) -> FieldChange {
        let source = if change.new.is_some() {
            self.new.source(object.place(&change.path))
        } else {
            self.old.source(before.place(&change.path))
        };
        let (object, other) = if change.new.is_some() { (object, before) } else { (before, object) };
        let shown = |value: &serde_json::Value| secrets::shown(value, &change.path, object.root(), other.root());
        FieldChange {
            path: change.path.pointer(),
            name: change.name.clone(),
            old: change.old.as_ref().map(shown),
            new: change.new.as_ref().map(shown),
            effect: change.effect,
            source,
        }
    }
}

/// Whether the refusal is about this change: about the field, about something in it, or about what it is a part of.
fn blames(finding: &Finding, change: &Change) -> bool {
    let (place, name) = (finding.path.pointer(), change.path.pointer());
    let inside = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // Where the server names a field as a whole, all in it is refused; of a whole `spec`, some may change nevertheless.
    let field = finding.field();
    let is_whole = field.segments().len() > 1 && inside(&field.pointer(), &name);
    finding.kept().is_some() && (is_whole || inside(&place, &name) || inside(&name, &place))
}

fn action(changes: &[Change], refused: bool) -> Action {
    if refused {
        return Action::Rejected;
    }
    match changes.iter().map(|change| change.effect).max() {
        Option::None => Action::None,
        Some(Effect::Roll) => Action::Roll,
        Some(Effect::Scale) => Action::Scale,
        Some(_) => Action::Update,
    }
}
