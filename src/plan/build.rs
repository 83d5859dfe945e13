//! From two clusters to a plan: pairs the objects, classifies what changes, and plans the rollout of each workload.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::change::{Change, Effect, changes};
use super::document::{Action, FieldChange, ObjectPlan, Plan, Rejection, Source, Span, Summary};
use super::gate::Condition;
use super::order::{self, Applier};
use super::rollout::{self, Assumptions};
use super::{consumers, interplay};
use crate::admission::{self, ApiServer, Update};
use crate::cluster::{Cluster, Object};
use crate::finding::{Finding, Findings, Group, Identity};
use crate::schema::Schemas;
use crate::source::{Place, Sources};
use crate::yaml::Path;

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
    let schemas = Schemas::new(vec![options.server.version], new.cluster.of_kind("CustomResourceDefinition"));
    let mut applied: Vec<&Object> = new.cluster.objects().iter().collect();
    order::sort(&mut applied, options.applier);
    let mut met: BTreeSet<*const Identity> = BTreeSet::new();
    let mut objects: Vec<ObjectPlan> = Vec::new();
    let planner = Planner { old, new, options, schemas };
    for object in applied {
        let before = old.cluster.namesake(object);
        met.extend(before.map(|before| Arc::as_ptr(&before.identity)));
        objects.push(planner.object(object, before));
    }
    for object in old.cluster.objects().iter().filter(|object| !met.contains(&Arc::as_ptr(&object.identity))) {
        objects.push(planner.gone(object));
    }
    let mut plan = Plan {
        version: 1,
        kubernetes_version: options.server.version.to_string(),
        summary: summary(&objects),
        objects,
        assumptions: options.assumptions.words(),
        gates: Vec::new(),
    };
    plan.gates = options.gates.iter().map(|gate| gate.check(&plan)).collect();
    plan
}

fn summary(objects: &[ObjectPlan]) -> Summary {
    let mut summary = Summary::default();
    for object in objects {
        *summary.actions.entry(object.action).or_default() += 1;
        if let Some(part) = object.bounds.as_ref().and_then(super::document::Bounds::availability) {
            summary.min_availability = Some(summary.min_availability.map_or(part, |least| least.min(part)));
        }
        if let Some(time) = object.time {
            let longest = summary.time.unwrap_or(time);
            summary.time = Some(Span { min: longest.min.max(time.min), max: longest.max.max(time.max) });
        }
    }
    summary
}

struct Planner<'a> {
    old: &'a Side,
    new: &'a Side,
    options: &'a Options,
    schemas: Schemas,
}

impl Planner<'_> {
    /// An object of the new side, and the one that it replaces.
    fn object(&self, object: &Object, before: Option<&Object>) -> ObjectPlan {
        let source = self.new.source(object.place(&Path::root()));
        let mut plan = empty(object, source);
        let refused = self.refusals(object, before);
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
        plan.rejections = refused.iter().map(|finding| self.rejection(finding)).collect();
        if plan.action != Action::None && plan.action != Action::Rejected {
            plan.notes = consumers::notes(object, &self.new.cluster);
            plan.notes.extend(interplay::notes(object, &self.new.cluster));
        }
        if matches!(plan.action, Action::Roll | Action::Scale) {
            rollout::describe(&mut plan, before, object, &self.options.assumptions, &self.options.server);
        }
        plan
    }

    /// An object that only the old side has.
    fn gone(&self, object: &Object) -> ObjectPlan {
        let mut plan = empty(object, self.old.source(object.place(&Path::root())));
        plan.action = Action::Delete;
        plan.notes.push("`kubectl apply` leaves it running unless it prunes".to_owned());
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
