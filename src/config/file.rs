//! The configuration as it is written, from which its schema follows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::{FailOn, Level};

/// The configuration as it is written.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[schemars(title = "seatrial configuration")]
pub(super) struct File {
    /// The Kubernetes version, or several, that manifests are judged for, such as "1.36".
    pub(super) kubernetes_version: OneOrMany,
    /// Rules and groups that are looked for besides those that are on by default.
    pub(super) select: Vec<String>,
    /// Rules and groups that are not looked for.
    pub(super) ignore: Vec<String>,
    /// How grave the findings of a rule or group are.
    pub(super) severity: BTreeMap<String, Level>,
    /// Files that are not read: globs as in .gitignore, relative to this file.
    pub(super) exclude: Vec<String>,
    /// Folders with custom resource definitions, relative to this file.
    pub(super) crds: Vec<PathBuf>,
    /// From which severity on findings make the exit status 1.
    pub(super) fail_on: FailOn,
    /// Rules that are not looked for in some files.
    pub(super) ignore_in: Vec<IgnoreInEntry>,
    /// Flags of the API server, by their names there, where they are not the upstream defaults.
    pub(super) api_server: ApiServerEntry,
    /// What `seatrial plan` starts from.
    pub(super) plan: PlanEntry,
}

/// What plans start from, before the command line says more.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct PlanEntry {
    /// What the manifests cannot know, such as "startup=5s" or "replicas/web=18".
    pub(super) assume: Vec<String>,
    /// Conditions that make the exit status 1 if they fail, such as "availability >= 80%".
    pub(super) gates: Vec<String>,
    /// Who applies the objects, such as "helm".
    pub(super) apply_with: Option<String>,
}

/// Flags of the API server on which its verdict depends.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct ApiServerEntry {
    /// From where node ports are taken, such as "30000-32767".
    pub(super) service_node_port_range: Option<String>,
    /// From where the addresses of Services are taken, such as "10.96.0.0/16", or a range of each IP family.
    pub(super) service_cluster_ip_range: OneOrMany,
    /// Feature gates that are not at the default of the Kubernetes version.
    pub(super) feature_gates: BTreeMap<String, bool>,
    /// Admission plugins that are on by default and are not on here.
    pub(super) disable_admission_plugins: Vec<String>,
}

/// Rules that are not looked for in some files.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct IgnoreInEntry {
    /// The files: a glob as in .gitignore, or several, relative to this file.
    pub(super) path: OneOrMany,
    /// Rules and groups.
    pub(super) rules: Vec<String>,
    /// Why.
    pub(super) reason: Option<String>,
}

/// One text, or a list of them.
#[derive(Debug, Default)]
pub(super) struct OneOrMany(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            One(String),
            Many(Vec<String>),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::One(text) => Self(vec![text]),
            Either::Many(list) => Self(list),
        })
    }
}

impl schemars::JsonSchema for OneOrMany {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OneOrMany".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "array"], "items": { "type": "string" } })
    }
}

/// The schema of the configuration, from the types. `schemas/config.schema.json` is this, kept current by a test.
pub fn generate_schema() -> serde_json::Value {
    schemars::schema_for!(File).to_value()
}

pub(super) fn schema() -> serde_json::Value {
    serde_json::from_str(include_str!("../../schemas/config.schema.json")).expect("the committed schema is JSON")
}
