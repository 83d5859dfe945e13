//! What a plan says. The types are the contract of `seatrial plan --format json`, version 1; `schemas/plan.schema.json` is
//! made from them and from those of findings, which are written beside the plan. Fields may be added in version 1; none changes its meaning or goes away.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::Identity;

/// What will happen when the new objects are applied over the old ones.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "seatrial plan")]
#[non_exhaustive]
pub struct Plan {
    /// The version of this contract.
    #[schemars(extend("const" = 1))]
    pub version: u32,
    /// The version of Kubernetes that judges.
    pub kubernetes_version: String,
    /// The sum of it.
    pub summary: Summary,
    /// All objects of both sides, in the order in which they are applied; those that go come last, in the order in which
    /// they are deleted, if they are. Where the applying tool leaves the order open, it is that of the input. What only a
    /// dump of a cluster has and nobody deletes is left out.
    pub objects: Vec<ObjectPlan>,
    /// What becomes of the other objects when some are rejected, in sentences; absent if none is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after_rejection: Vec<String>,
    /// What the manifests cannot know and the plan takes for granted.
    pub assumptions: Vec<String>,
    /// The conditions of `--gate`, with their outcome.
    pub gates: Vec<Gate>,
}

/// How many objects meet which fate, and the worst of the rollouts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Objects by what happens to them.
    pub actions: BTreeMap<Action, usize>,
    /// The lowest availability of a workload during its rollout, as a part of the pods that it should have, or had before if
    /// those are fewer; absent if nothing rolls.
    pub min_availability: Option<f64>,
    /// The longest rollout, in seconds.
    pub time: Option<Seconds>,
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// The API server refuses it, or its text cannot be read at all; the object stays as it was.
    Rejected,
    /// A manifest that may be about it cannot be read, so nobody can tell what becomes of it.
    Unknown,
    /// The applying tool deletes it and creates it anew, because it cannot change in place or because it always does so.
    RecreateNeeded,
    /// Its pods are replaced.
    Roll,
    /// It gets more or fewer pods.
    Scale,
    /// It changes, and no pod is touched.
    Update,
    /// It is new.
    Create,
    /// It is gone from the new side.
    Delete,
    /// It stays as it is.
    None,
}

impl Plan {
    /// Whether something is refused, or may be as far as anybody can tell.
    pub fn stops(&self) -> bool {
        [Action::Rejected, Action::Unknown].iter().any(|action| self.summary.actions.contains_key(action))
    }
}

impl Action {
    /// All of them, the gravest first.
    pub const ALL: [Action; 9] = [
        Action::Rejected,
        Action::Unknown,
        Action::RecreateNeeded,
        Action::Roll,
        Action::Scale,
        Action::Update,
        Action::Create,
        Action::Delete,
        Action::None,
    ];

    /// The name, as programs read it.
    pub fn name(self) -> &'static str {
        match self {
            Action::Rejected => "rejected",
            Action::Unknown => "unknown",
            Action::RecreateNeeded => "recreate-needed",
            Action::Roll => "roll",
            Action::Scale => "scale",
            Action::Update => "update",
            Action::Create => "create",
            Action::Delete => "delete",
            Action::None => "none",
        }
    }
}

/// What a change does.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing happens to any pod.
    None,
    /// It takes effect without replacing pods.
    InPlace,
    /// The number of pods changes.
    Scale,
    /// Pods are replaced.
    Roll,
    /// The API server refuses it.
    Rejected,
}

/// An object and what happens to it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ObjectPlan {
    /// Group (`v1` for the core), kind, namespace if the manifest names one, and name: `apps/Deployment/shop/web`. Of what
    /// cannot be read they are guessed; if that is not possible, it is `?/Document/FILE:LINE`.
    pub id: String,
    /// What happens to it.
    pub action: Action,
    /// Whether a manifest of it, or one that may be of it, cannot be read or decoded; absent if all can.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
    /// Where it is written.
    pub source: Spot,
    /// What differs, field by field.
    pub changes: Vec<FieldChange>,
    /// Why the API server refuses it, or refuses to change it in place.
    pub rejections: Vec<Rejection>,
    /// What the API server answers when it refuses the object as invalid, as far as its words are known; `…` stands for
    /// values that are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_says: Option<String>,
    /// How its pods change, if they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// What the rollout promises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
    /// How long the rollout takes, in seconds, without pulling images and scheduling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Seconds>,
    /// The rollout, step by step; the first step is how things stand before.
    pub steps: Vec<Step>,
    /// Where that time goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timing: Option<Timing>,
    /// What becomes of its `PersistentVolumeClaims`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Claims>,
    /// What `kubectl rollout status` prints.
    pub rollout_status: Vec<String>,
    /// What happens if the new pods never become ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
    /// What else is worth knowing: who reads a changed `ConfigMap`, what an autoscaler or a disruption budget makes of it.
    pub notes: Vec<String>,
}

impl ObjectPlan {
    /// A plan in which nothing happens to the object yet.
    pub(super) fn new(id: String, action: Action, source: Spot) -> Self {
        Self {
            id,
            action,
            unreadable: false,
            source,
            changes: Vec::new(),
            rejections: Vec::new(),
            server_says: None,
            strategy: None,
            bounds: None,
            time: None,
            timing: None,
            claims: None,
            steps: Vec::new(),
            rollout_status: Vec::new(),
            on_failure: None,
            notes: Vec::new(),
        }
    }

    /// Whether the object is of this kind.
    pub fn is_of(&self, kind: &str) -> bool {
        self.id.split('/').nth(1) == Some(kind)
    }
}

/// A place in the input.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Source")]
pub struct Spot {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// The place as a JSON pointer.
    pub path: String,
    /// How people call it.
    pub name: String,
    /// What it was; absent if it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<serde_json::Value>,
    /// What it will be; absent if it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<serde_json::Value>,
    /// What that does.
    pub effect: Effect,
    /// Where it is written.
    pub source: Spot,
}

/// Why the API server refuses an object.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rejection {
    /// The field, as the API server calls it.
    pub field: String,
    /// The API server's reason; absent if the object cannot even be decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Whether deleting the object and creating it anew would do.
    pub immutable: bool,
    /// Ways out if the field cannot change, the cheapest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ways_out: Vec<WayOut>,
    /// Where it is written.
    pub source: Spot,
}

/// A way out of a rejection.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WayOut {
    /// What to do.
    pub title: String,
    /// The commands, in their order; words in capitals are to be filled in.
    pub commands: Vec<String>,
    /// Whether something stops, is lost or is reached elsewhere.
    pub disruptive: bool,
    /// What it costs.
    pub cost: String,
}

/// What a rollout promises.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bounds {
    /// How many pods were available before.
    pub before: i64,
    /// How many pods there should be in the end.
    pub desired: i64,
    /// The fewest available pods at any step.
    pub min_available: i64,
    /// The most pods at any step that are not being deleted.
    pub max_pods: i64,
    /// The most pods that are being deleted at any step.
    pub max_terminating: i64,
    /// Where these numbers come from.
    pub why: Vec<String>,
}

impl Bounds {
    /// How many pods people count on: those that there should be, or were before if those are fewer.
    pub fn expected(&self) -> i64 {
        self.desired.min(self.before)
    }

    /// The lowest availability as a part of the pods that people count on; `None` if they count on none.
    pub fn availability(&self) -> Option<f64> {
        let number = |count: i64| f64::from(i32::try_from(count).unwrap_or(i32::MAX));
        (self.expected() > 0).then(|| number(self.min_available.min(self.expected())) / number(self.expected()))
    }
}

/// A span of seconds: at best, at worst.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Span")]
pub struct Seconds {
    /// At best.
    pub min: f64,
    /// At worst.
    pub max: f64,
}

impl Seconds {
    /// The span that begins and ends so many seconds later.
    pub(super) fn later_by(self, seconds: f64) -> Self {
        Self { min: self.min + seconds, max: self.max + seconds }
    }
}

/// How long a pod of the workload takes to come and go, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timing {
    /// From its start until it is ready.
    pub ready: Seconds,
    /// How long it must have been ready to count as available (`minReadySeconds`).
    pub min_ready: f64,
    /// From its deletion until it is gone.
    pub stop: Seconds,
}

/// An instant of a rollout.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Its number; 0 is before.
    pub n: usize,
    /// When, in seconds after the objects are applied.
    pub at: Seconds,
    /// The pods by revision, the oldest first.
    pub revisions: Vec<Revision>,
    /// How many pods are available.
    pub available: i64,
    /// How many pods there are that are not being deleted.
    pub pods: i64,
    /// How many pods are being deleted.
    pub terminating: i64,
    /// The pods by name; only of a `StatefulSet` with a dozen pods at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<PodState>,
    /// How many endpoints the Services have that pick pods of the workload, by the name of the Service.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoints: BTreeMap<String, i64>,
    /// What the controllers do.
    pub events: Vec<String>,
}

/// The pods of one revision.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// `old` for what runs before, `new` for what is applied, and so on.
    pub rev: String,
    /// How many there are.
    pub pods: i64,
    /// How many of them are ready.
    pub ready: i64,
}

/// A pod with a name of its own.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodState {
    /// Its name.
    pub name: String,
    /// Its revision, as in [`Revision`].
    pub rev: String,
    /// `Pending`, `Ready` or `Terminating`.
    pub phase: String,
}

/// What becomes of the `PersistentVolumeClaims` of a `StatefulSet`; at most a hundred of each are listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// Those that are created.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub created: Vec<String>,
    /// Those that are deleted, with their data as far as their volumes are not retained.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<String>,
    /// Those that stay although no pod uses them any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub orphaned: Vec<String>,
}

impl Claims {
    /// Whether nothing becomes of any.
    pub fn is_empty(&self) -> bool {
        self.created.is_empty() && self.deleted.is_empty() && self.orphaned.is_empty()
    }
}

/// What happens if the new pods never become ready.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnFailure {
    /// Where the rollout stops: pods by revision.
    pub parks: Vec<Revision>,
    /// How many pods are available then.
    pub available: i64,
    /// What reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported: Option<String>,
    /// After how many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_seconds: Option<f64>,
    /// How to get back, in order.
    pub recover: Vec<String>,
}

/// A condition, and whether it holds.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gate {
    /// As it was written.
    pub condition: String,
    /// Whether it holds.
    pub holds: bool,
    /// What it was compared with, in words.
    pub found: String,
}

/// `apps/Deployment/shop/web`; the core group is called by its version, `v1`.
pub fn id(identity: &Identity) -> String {
    let group = if identity.group().is_empty() { identity.api_version.as_str() } else { identity.group() };
    match &identity.namespace {
        Some(namespace) => format!("{group}/{}/{namespace}/{}", identity.kind, identity.name),
        None => format!("{group}/{}/{}", identity.kind, identity.name),
    }
}
