//! What happens to a workload: manifests applied at times, and how its pods and nodes behave.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A workload's story, as JSON or YAML. Times and durations are seconds.
#[derive(Clone, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "seatrial scenario")]
pub struct Scenario {
    /// The kind of the workload; that of what is applied, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What the scenario is called.
    #[serde(default)]
    pub name: String,
    /// What is applied, in order.
    pub steps: Vec<Step>,
    /// How long a pod takes from its creation until it is Ready, or, for a Job, until it starts.
    #[serde(default)]
    pub startup: f64,
    /// How far apart pods become Ready that appeared together.
    #[serde(default)]
    pub stagger: f64,
    /// How long a pod takes from its deletion until it is gone.
    #[serde(default)]
    pub termination: f64,
    /// Which pods never become Ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail: Option<Failing>,
    /// How long the pods of a Job run, also of one that a `CronJob` starts.
    #[serde(default)]
    pub run: f64,
    /// How the pods of a Job end, in the order of their creation; those past the end succeed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<bool>,
    /// How many attempts of each index of an Indexed Job fail first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fail_indexes: BTreeMap<String, u32>,
    /// The exit code of containers that fail [default: 1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The nodes of a `DaemonSet`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeModel>,
    /// Feature gates that are not at the default of the Kubernetes version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub feature_gates: BTreeMap<String, bool>,
    /// Whether the controllers' own timers run: minReadySeconds, progressDeadlineSeconds, the back-off of Jobs …
    #[serde(default)]
    pub realtime: bool,
    /// The instant at which the scenario begins, for a `CronJob` [default: 2026-01-01T00:00:00Z].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Instant>,
    /// When the controllers do not run, for a `CronJob`, which then misses its times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outages: Vec<Outage>,
    /// When the scenario ends at the latest; for a `CronJob`, a day after the last step if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<f64>,
    /// How long nothing may happen before the workload counts as settled, while timers run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<f64>,
}

/// Something that is applied.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// When.
    pub at: At,
    /// The whole manifest.
    pub apply: Value,
}

/// When a step comes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum At {
    /// So many seconds after the begin.
    Seconds(f64),
    /// As soon as nothing is due any more.
    Word(Settled),
}

/// As soon as nothing is due any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Settled {
    /// That.
    Settled,
}

/// An instant, such as `2026-03-29T00:30:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Instant(Timestamp);

impl Instant {
    /// Since 1970.
    pub(in crate::plan) fn milliseconds(self) -> i64 {
        self.0.as_millisecond()
    }
}

impl Default for Instant {
    fn default() -> Self {
        // A Thursday, and the begin of a year.
        Self(Timestamp::from_second(1_767_225_600).unwrap_or_default())
    }
}

impl TryFrom<String> for Instant {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("`{text}` is no instant; write it as `2026-03-29T00:30:00Z`"))
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> Self {
        instant.0.to_string()
    }
}

/// A time without controllers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Outage {
    /// Its begin.
    pub from: f64,
    /// Its end.
    pub to: f64,
}

/// Pods that never become Ready.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failing {
    /// Those that run this image.
    pub image: String,
}

/// A node.
#[derive(Clone, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeModel {
    /// Its name.
    pub name: String,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Its taints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<TaintModel>,
    /// Whether it is cordoned.
    #[serde(default)]
    pub unschedulable: bool,
}

/// A taint of a node.
#[derive(Clone, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaintModel {
    /// Its key.
    pub key: String,
    /// Its value.
    #[serde(default)]
    pub value: String,
    /// Its effect: `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

impl Scenario {
    /// All durations and times by name, as a user wrote them.
    pub(in crate::plan) fn times(&self) -> impl Iterator<Item = (String, f64)> {
        let durations = [
            ("startup", self.startup),
            ("stagger", self.stagger),
            ("termination", self.termination),
            ("run", self.run),
        ];
        let limits = [("horizon", self.horizon), ("idle", self.idle)];
        let limits = limits.into_iter().filter_map(|(name, seconds)| Some((name, seconds?)));
        let outages = self.outages.iter().flat_map(|outage| [("outages.from", outage.from), ("outages.to", outage.to)]);
        let times = durations.into_iter().chain(limits).chain(outages);
        let steps = self.steps.iter().enumerate().filter_map(|(nth, step)| match step.at {
            At::Seconds(seconds) => Some((format!("steps[{nth}].at"), seconds)),
            At::Word(_) => None,
        });
        times.map(|(name, seconds)| (name.to_owned(), seconds)).chain(steps)
    }
}

/// The JSON Schema of scenarios. `schemas/scenario.schema.json` is this, kept current by a test.
pub fn generate_schema() -> Value {
    schemars::schema_for!(Scenario).to_value()
}
