//! The API server that judges: its version, and what its operator chose.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

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
    pub feature_gates: BTreeMap<String, bool>,
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

    /// The names of the feature gates that change a verdict.
    pub fn gates() -> Vec<&'static str> {
        GATES.iter().map(|(name, _)| *name).collect()
    }

    /// The admission plugins that are on by default and change a verdict.
    pub const PLUGINS: [&'static str; 4] = ["DefaultTolerationSeconds", "Priority", "RuntimeClass", "ServiceAccount"];

    /// Whether the admission plugin, one of [`ApiServer::PLUGINS`], is on.
    pub(crate) fn runs(&self, plugin: &str) -> bool {
        !self.disabled_plugins.contains(plugin)
    }

    /// Whether the feature gate is on; a gate that is not in the list is off.
    pub(crate) fn enabled(&self, gate: &str) -> bool {
        self.feature_gates.get(gate).copied().unwrap_or_else(|| default(gate, self.version))
    }
}

impl Default for ApiServer {
    fn default() -> Self {
        Self::new(KubernetesVersion::default())
    }
}

/// The gates that validation asks for, each with the minor versions from which on it is on or off by default
/// (`pkg/features/kube_features.go`). Sorted by name.
const GATES: &[(&str, &[(u16, bool)])] = &[
    ("CSIServiceAccountTokenSecrets", &[(33, false), (35, true)]),
    ("ClusterTrustBundleProjection", &[(33, false)]),
    ("ContainerRestartRules", &[(33, false), (35, true)]),
    ("ContainerStopSignals", &[(33, false)]),
    ("CoordinatedLeaderElection", &[(33, false)]),
    ("CrossNamespaceVolumeDataSource", &[(33, false)]),
    ("DeploymentReplicaSetTerminatingReplicas", &[(33, false), (35, true)]),
    ("DynamicResourceAllocation", &[(33, false), (34, true)]),
    ("EnvFiles", &[(33, false), (35, true)]),
    ("GenericWorkload", &[(33, false)]),
    ("HPAConfigurableTolerance", &[(35, true)]),
    ("HostnameOverride", &[(33, false), (35, true)]),
    ("ImageVolume", &[(33, false), (35, true)]),
    ("InPlacePodLevelResourcesVerticalScaling", &[(33, false), (36, true)]),
    ("InPlacePodVerticalScaling", &[(33, true)]),
    ("ManifestBasedAdmissionControlConfig", &[(36, false)]),
    ("MatchLabelKeysInPodTopologySpreadSelectorMerge", &[(33, false), (34, true)]),
    ("MaxUnavailableStatefulSet", &[(37, true)]),
    ("MutableCSINodeAllocatableCount", &[(33, false), (35, true)]),
    ("MutablePVNodeAffinity", &[(35, false)]),
    ("MutablePodResourcesForSuspendedJobs", &[(36, true)]),
    ("MutableSchedulingDirectivesForSuspendedJobs", &[(36, true)]),
    ("PodCertificateRequest", &[(33, false)]),
    ("PodLevelResources", &[(33, false), (34, true)]),
    ("PodLifecycleSleepActionAllowZero", &[(33, true)]),
    ("PreferSameTrafficDistribution", &[(33, false), (34, true)]),
    ("ProcMountType", &[(33, true)]),
    ("RecoverVolumeExpansionFailure", &[(33, true)]),
    ("RelaxedEnvironmentVariableValidation", &[(33, true)]),
    ("RelaxedServiceNameValidation", &[(33, false), (36, true)]),
    ("RestartAllContainersOnContainerExits", &[(33, false), (36, true)]),
    ("SELinuxMount", &[(33, false), (37, true)]),
    ("StrictIPCIDRValidation", &[(33, false), (36, true)]),
    ("TaintTolerationComparisonOperators", &[(33, false)]),
    ("UserNamespacesHostNetworkSupport", &[(33, false)]),
    ("VolumeAttributesClass", &[(33, false), (34, true)]),
    ("VolumeLimitScaling", &[(33, false), (35, false)]),
];

fn default(gate: &str, version: KubernetesVersion) -> bool {
    let Ok(at) = GATES.binary_search_by(|(name, _)| (*name).cmp(gate)) else { return false };
    let since = GATES[at].1.iter().rfind(|(minor, _)| *minor <= version.minor());
    since.is_some_and(|(_, on)| *on)
}
