//! From two clusters to a plan: pairs the objects, classifies what changes, and plans the rollout of each workload.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::applier::{self, Anew, Applier, Fate, Item, Treatment};
use super::change::{Change, Effect, changes};
use super::document::{Action, Bounds, FieldChange, ObjectPlan, Plan, Rejection, Source, Span, Summary};
use super::gate::Condition;
use super::rollout::{self, Assumptions};
use super::server_says::server_says;
use super::ways_out::{self, Refused};
use super::{consumers, interplay};
use crate::admission::{self, ApiServer, Update};
use crate::cluster::{Cluster, Object};
use crate::finding::{Finding, Findings, Group, Identity};
use crate::schema::Schemas;
use crate::source::{Place, Sources};
use crate::yaml::{Path, Scalar};

/// What a plan depends on besides the two sides.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The API server and the controllers.
    pub server: ApiServer,
    /// Who applies the objects.
    pub applier: Applier,
    /// What the manifests cannot know.
    pub assumptions: Assumptions,
    /// What must hold.
    pub gates: Vec<Condition>,
}

/// One side: texts, and the objects in them.
#[derive(Debug, Default)]
pub struct Side {
    /// The texts.
    pub sources: Sources,
    /// Their objects.
    pub cluster: Cluster,
}

impl Side {
    /// Reads the texts.
    pub fn new(sources: Sources) -> Self {
        let documents = sources.iter().flat_map(|(id, source)| crate::yaml::read(id, source)).collect();
        Self { cluster: Cluster::new(documents), sources }
    }

    fn source(&self, place: Place) -> Source {
        let source = self.sources.get(place.file);
        Source { file: source.name.clone(), line: source.position(place.span.start as usize).line }
    }
}

/// What will happen when the objects of `new` are applied over those of `old`.
pub fn plan(old: &Side, new: &Side, options: &Options) -> Plan {
    let versioned = (options.applier == Applier::Kapp).then(|| applier::versioned(old, new, &options.server)).flatten();
    let (old, new) = versioned.as_ref().map_or((old, new), |(old, new)| (old, new));
    let schemas = Schemas::new(vec![options.server.version], new.cluster.of_kind("CustomResourceDefinition"));
    let first = old.cluster.objects().is_empty();
    let mut applied: Vec<&Object> = new.cluster.objects().iter().collect();
    options.applier.sort(&mut applied, first);
    let mut met: BTreeSet<*const Identity> = BTreeSet::new();
    let mut objects: Vec<ObjectPlan> = Vec::new();
    let mut items: Vec<Item<'_>> = Vec::new();
    let planner = Planner { old, new, options, schemas, first };
    for object in applied {
        let before = old.cluster.namesake(object);
        met.extend(before.map(|before| Arc::as_ptr(&before.identity)));
        let plan = planner.object(object, before);
        items.push(Item { object, exists: before.is_some(), fate: fate(&plan) });
        objects.push(plan);
    }
    let is_gone = |object: &&Object| !met.contains(&Arc::as_ptr(&object.identity));
    let mut gone: Vec<&Object> = old.cluster.objects().iter().filter(is_gone).collect();
    options.applier.sort_gone(&mut gone);
    objects.extend(gone.iter().map(|object| planner.gone(object)));
    let mut assumptions = options.assumptions.words();
    assumptions.extend(versioned.is_some().then(|| "kapp's versions of objects run as 1 and go on as 2".to_owned()));
    let mut plan = Plan {
        version: 1,
        kubernetes_version: options.server.version.to_string(),
        summary: summary(&objects),
        objects,
        after_rejection: options.applier.after_rejection(&items, &gone, first),
        assumptions,
        gates: Vec::new(),
    };
    plan.gates = options.gates.iter().map(|gate| gate.check(&plan)).collect();
    plan
}

fn summary(objects: &[ObjectPlan]) -> Summary {
    let mut summary = Summary::default();
    for object in objects {
        *summary.actions.entry(object.action).or_default() += 1;
        if let Some(part) = object.bounds.as_ref().and_then(Bounds::availability) {
            summary.min_availability = Some(summary.min_availability.map_or(part, |least| least.min(part)));
        }
        if let Some(time) = object.time {
            let longest = summary.time.unwrap_or(time);
            summary.time = Some(Span { min: longest.min.max(time.min), max: longest.max.max(time.max) });
        }
    }
    summary
}

/// What the applying tool sees of an object's plan.
fn fate(plan: &ObjectPlan) -> Fate {
    match plan.action {
        Action::None => Fate::Stays,
        Action::RecreateNeeded => Fate::Anew,
        Action::Rejected => Fate::Refused { invalid: plan.rejections.iter().all(|it| it.reason.is_some()) },
        _ => Fate::Applied,
    }
}

struct Planner<'a> {
    old: &'a Side,
    new: &'a Side,
    options: &'a Options,
    schemas: Schemas,
    /// Whether nothing of the input is in the cluster yet.
    first: bool,
}

impl Planner<'_> {
    /// An object of the new side, and the one that it replaces.
    fn object(&self, object: &Object, before: Option<&Object>) -> ObjectPlan {
        let source = self.new.source(object.place(&Path::root()));
        let mut plan = empty(object, source);
        let treatment = self.options.applier.treatment(object, before, self.first);
        if let Treatment::Skip(why) = treatment {
            plan.notes.push(why);
            return plan;
        }
        let mut refused = self.refusals(object, before);
        let Some(before) = before else {
            plan.action = if refused.is_empty() { Action::Create } else { Action::Rejected };
            plan.rejections = refused.iter().map(|finding| self.rejection(finding)).collect();
            return plan;
        };
        let mut changed = changes(before, object, &self.options.server);
        for change in &mut changed {
            if refused.iter().any(|finding| blames(finding, change)) {
                change.effect = Effect::Rejected;
            }
        }
        plan.action = action(&changed, !refused.is_empty());
        plan.changes = changed.iter().map(|change| self.change(change, object, before)).collect();
        let is_invalid = !refused.is_empty() && refused.iter().all(|finding| finding.reason.is_some());
        let again = match &treatment {
            Treatment::Renamed if plan.action != Action::None => Some(self.renamed(&mut plan, object)),
            Treatment::Always(anew) if plan.action != Action::None => Some(self.anew(&mut plan, before, object, anew)),
            Treatment::OnRefusal(anew) if is_invalid => Some(self.anew(&mut plan, before, object, anew)),
            _ => None,
        };
        // What is created anew after all keeps the reasons for which it could not be changed.
        refused = again.filter(|again| !again.is_empty() || plan.action == Action::Create).unwrap_or(refused);
        plan.rejections = refused.iter().map(|finding| self.rejection(finding)).collect();
        if plan.action == Action::Rejected {
            self.ways_out(&mut plan, before, object, &refused);
        }
        if matches!(plan.action, Action::RecreateNeeded | Action::Create) {
            return plan;
        }
        if plan.action != Action::None && plan.action != Action::Rejected {
            plan.notes = consumers::notes(object, &self.new.cluster);
            plan.notes.extend(interplay::notes(object, &self.new.cluster));
        }
        if matches!(plan.action, Action::Roll | Action::Scale) {
            rollout::describe(&mut plan, before, object, &self.options.assumptions, &self.options.server);
        }
        plan
    }

    /// The applying tool deletes the object and creates it anew. Returns why the API server refuses that too.
    fn anew(&self, plan: &mut ObjectPlan, before: &Object, object: &Object, anew: &Anew) -> Vec<Finding> {
        let why = &anew.why;
        let refused = self.refusals(object, None);
        if refused.is_empty() {
            plan.action = Action::RecreateNeeded;
            plan.bounds = without_pods(before, object, &self.options.assumptions);
            plan.notes.push(format!("{why}, deletes it and creates it anew: {}", ways_out::cost_of_anew(object).0));
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
        let refused = self.refusals(object, None);
        plan.action = if refused.is_empty() { Action::Create } else { Action::Rejected };
        plan.notes.push(format!(
            "kapp creates it as `{}-ver-N`, and what refers to it follows; old versions stay, 5 unless              `kapp.k14s.io/num-versions` says otherwise",
            object.identity.name
        ));
        refused
    }

    /// What the API server says, and what to do about it.
    fn ways_out(&self, plan: &mut ObjectPlan, before: &Object, object: &Object, findings: &[Finding]) {
        let server = &self.options.server;
        let stored = admission::stored(object, server);
        plan.server_says = stored.and_then(|stored| server_says(&object.identity, &stored, findings));
        let refused = Refused {
            old: before,
            new: object,
            cluster: &self.new.cluster,
            file: &self.new.sources.get(object.document.file).name,
            applier: self.options.applier,
            findings,
        };
        for (rejection, finding) in plan.rejections.iter_mut().zip(findings) {
            rejection.ways_out = ways_out::ways_out(refused, finding);
        }
    }

    /// An object that only the old side has.
    fn gone(&self, object: &Object) -> ObjectPlan {
        let mut plan = empty(object, self.old.source(object.place(&Path::root())));
        plan.action = Action::Delete;
        plan.notes.push(self.options.applier.gone(object));
        plan
    }

    /// What the API server would refuse.
    fn refusals(&self, object: &Object, before: Option<&Object>) -> Vec<Finding> {
        let server = &self.options.server;
        let mut decoding = Findings::new("", Group::Refused);
        self.schemas.check(object, &mut decoding);
        let mut out = Findings::new("", Group::Refused);
        let updated = before.is_some_and(|before| admission::update(object, before, Update::Apply, server, &mut out));
        if !updated {
            admission::create(object, server, &mut out);
        }
        let judged = out.into_vec().into_iter().filter(|finding| finding.rule != "api-server-warning");
        let decoding =
            decoding.into_vec().into_iter().filter(|finding| finding.reason.is_none() && stops_decoding(finding));
        decoding.chain(judged).collect()
    }

    fn rejection(&self, finding: &Finding) -> Rejection {
        Rejection {
            field: finding.field().to_string(),
            reason: finding.reason.map(|reason| format!("{reason:?}")),
            message: finding.message.clone(),
            help: finding.help.clone(),
            immutable: finding.rule == "immutable-field",
            ways_out: Vec::new(),
            source: self.new.source(finding.primary.place),
        }
    }

    fn change(&self, change: &Change, object: &Object, before: &Object) -> FieldChange {
        let source = if change.new.is_some() {
            self.new.source(object.place(&change.path))
        } else {
            self.old.source(before.place(&change.path))
        };
        let hide = |value: &Option<serde_json::Value>| {
            let hidden = object.identity.kind == "Secret" && !change.name.starts_with("metadata");
            value.clone().map(|value| if hidden { "***".into() } else { value })
        };
        FieldChange {
            path: change.path.pointer(),
            name: change.name.clone(),
            old: hide(&change.old),
            new: hide(&change.new),
            effect: change.effect,
            source,
        }
    }
}

/// Whether the decoder refuses the object for this, as opposed to what the schemas say about old versions.
fn stops_decoding(finding: &Finding) -> bool {
    !matches!(finding.rule, "deprecated-api" | "disabled-api")
}

/// Whether the refusal is about this change: about the field, about something in it, or about what it is a part of.
fn blames(finding: &Finding, change: &Change) -> bool {
    let (field, name) = (finding.path.pointer(), change.path.pointer());
    let inside = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    finding.rule == "immutable-field" && (inside(&field, &name) || inside(&name, &field))
}

/// The bounds of pods that are deleted all together with their owner; `None` if it has no number of its own.
fn without_pods(old: &Object, new: &Object, assumptions: &Assumptions) -> Option<Bounds> {
    if !matches!(new.identity.kind.as_str(), "Deployment" | "ReplicaSet" | "StatefulSet") {
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
    Some(Bounds { desired, min_available: 0, max_pods: desired, max_terminating: running, why })
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

fn empty(object: &Object, source: Source) -> ObjectPlan {
    ObjectPlan {
        id: id(&object.identity),
        action: Action::None,
        source,
        changes: Vec::new(),
        rejections: Vec::new(),
        server_says: None,
        strategy: None,
        bounds: None,
        time: None,
        steps: Vec::new(),
        rollout_status: Vec::new(),
        on_failure: None,
        notes: Vec::new(),
    }
}

/// `apps/Deployment/shop/web`; the core group is called by its version, `v1`.
fn id(identity: &Identity) -> String {
    let group = if identity.group().is_empty() { identity.api_version.as_str() } else { identity.group() };
    match &identity.namespace {
        Some(namespace) => format!("{group}/{}/{namespace}/{}", identity.kind, identity.name),
        None => format!("{group}/{}/{}", identity.kind, identity.name),
    }
}
