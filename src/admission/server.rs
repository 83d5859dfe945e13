//! The API server that judges: its version, and what its operator chose.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::gates::{Gate, Since};
use crate::values::ip::Cidr;
use crate::version::KubernetesVersion;

/// What the verdict of an API server depends on besides the object.
#[derive(Clone, Debug)]
pub struct ApiServer {
    /// Its version.
    pub version: KubernetesVersion,
    /// From where node ports are taken (`--service-node-port-range`).
    pub node_ports: RangeInclusive<i32>,
    /// From where the addresses of Services are taken (`--service-cluster-ip-range`): one range, or one of each IP family.
    /// Empty if that is not known; then nothing is said about it.
    pub service_ranges: Vec<Cidr>,
    /// Feature gates that are not at the default of the version.
    pub feature_gates: BTreeMap<Gate, bool>,
    /// Admission plugins that are on by default and are not on here (`--disable-admission-plugins`).
    pub disabled_plugins: BTreeSet<String>,
}

impl ApiServer {
    /// A server of this version with the upstream defaults.
    pub fn new(version: KubernetesVersion) -> Self {
        Self {
            version,
            node_ports: 30_000..=32_767,
            service_ranges: Vec::new(),
            feature_gates: BTreeMap::new(),
            disabled_plugins: BTreeSet::new(),
        }
    }

    /// The admission plugins that are on by default and change a verdict.
    pub const PLUGINS: [&'static str; 4] = ["DefaultTolerationSeconds", "Priority", "RuntimeClass", "ServiceAccount"];

    /// Whether the admission plugin, one of [`ApiServer::PLUGINS`], is on.
    pub(crate) fn runs(&self, plugin: &str) -> bool {
        !self.disabled_plugins.contains(plugin)
    }

    /// Whether the feature gate is on.
    pub(crate) fn enabled(&self, gate: Gate) -> bool {
        self.feature_gates.get(&gate).copied().unwrap_or_else(|| gate.is_on_by_default(self.version))
    }

    /// Whether its version does so.
    pub(super) fn does(&self, since: Since) -> bool {
        since.holds(self.version)
    }
}

impl Default for ApiServer {
    fn default() -> Self {
        Self::new(KubernetesVersion::default())
    }
}
