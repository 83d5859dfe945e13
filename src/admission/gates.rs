//! On what of a version a verdict depends: the feature gates, and what a version does whatever its gates say.

use std::fmt;
use std::str::FromStr;

use crate::version::KubernetesVersion;

macro_rules! gates {
    ($($name:ident $(: $($minor:literal $state:ident),+)?;)*) => {
        /// A feature gate that a verdict or a rollout depends on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Gate {
            $(#[doc = concat!("`", stringify!($name), "`.")] $name,)*
        }

        impl Gate {
            /// All of them, by name.
            pub const ALL: &[Gate] = &[$(Gate::$name),*];

            /// Its name upstream.
            pub fn name(self) -> &'static str {
                match self {
                    $(Gate::$name => stringify!($name),)*
                }
            }

            /// The minor versions from which on it is on or off by default; before the first it is off, or not there.
            fn defaults(self) -> &'static [(u16, bool)] {
                match self {
                    $(Gate::$name => &[$($(($minor, gates!(@ $state))),+)?],)*
                }
            }
        }
    };
    (@ on) => { true };
    (@ off) => { false };
}

// After `pkg/features/kube_features.go`, for the versions that seatrial knows. By name.
gates! {
    CSIServiceAccountTokenSecrets: 35 on;
    ClusterTrustBundleProjection;
    ContainerRestartRules: 35 on;
    ContainerStopSignals;
    CoordinatedLeaderElection;
    CrossNamespaceVolumeDataSource;
    DeploymentReplicaSetTerminatingReplicas: 35 on;
    DynamicResourceAllocation: 34 on;
    EnvFiles: 35 on;
    GenericWorkload;
    HPAConfigurableTolerance: 35 on;
    HPAScaleToZero;
    HostnameOverride: 35 on;
    ImageVolume: 35 on;
    InPlacePodLevelResourcesVerticalScaling: 36 on;
    InPlacePodVerticalScaling: 33 on;
    ManifestBasedAdmissionControlConfig;
    MatchLabelKeysInPodTopologySpreadSelectorMerge: 34 on;
    MaxUnavailableStatefulSet: 37 on;
    MutableCSINodeAllocatableCount: 35 on;
    MutablePVNodeAffinity;
    MutablePodResourcesForSuspendedJobs: 36 on;
    MutableSchedulingDirectivesForSuspendedJobs: 36 on;
    PodCertificateRequest;
    PodLevelResources: 34 on;
    PodLifecycleSleepActionAllowZero: 33 on;
    PreferSameTrafficDistribution: 34 on;
    ProcMountType: 33 on;
    RecoverVolumeExpansionFailure: 33 on;
    RelaxedEnvironmentVariableValidation: 33 on;
    RelaxedServiceNameValidation: 36 on;
    RestartAllContainersOnContainerExits: 36 on;
    SELinuxMount: 37 on;
    StrictIPCIDRValidation: 36 on;
    TaintTolerationComparisonOperators;
    UserNamespacesHostNetworkSupport;
    VolumeAttributesClass: 34 on;
    VolumeLimitScaling;
}

impl Gate {
    /// Whether it is on in this version, if nobody says otherwise.
    pub(super) fn is_on_by_default(self, version: KubernetesVersion) -> bool {
        let since = self.defaults().iter().rfind(|(minor, _)| *minor <= version.minor());
        since.is_some_and(|(_, on)| *on)
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Gate {
    type Err = UnknownGate;

    fn from_str(name: &str) -> Result<Self, UnknownGate> {
        let found = Gate::ALL.iter().find(|gate| gate.name() == name);
        found.copied().ok_or_else(|| UnknownGate(name.to_owned()))
    }
}

/// Nothing depends on a feature gate of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing depends on a feature gate `{0}`")]
pub struct UnknownGate(pub String);

macro_rules! since {
    ($($(#[$doc:meta])* $name:ident: $minor:literal;)*) => {
        /// What the API server does from a version on, whatever its gates say.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Since {
            $($(#[$doc])* $name,)*
        }

        impl Since {
            fn minor(self) -> u16 {
                match self {
                    $(Since::$name => $minor,)*
                }
            }
        }
    };
}

// By version.
since! {
    /// The server looks at block devices of pods with users of their own.
    DevicesOfOwnUsers: 34;
    /// Init containers can have restart policies that do not make them sidecars.
    InitRestartPolicies: 34;
    /// It warns of formats in the schemas of definitions that it does not know.
    UnknownFormats: 35;
    /// It warns of the traffic distribution `PreferClose`.
    PreferCloseDeprecated: 35;
    /// Restart rules need a restart policy.
    RulesNeedPolicy: 35;
    /// It warns of `externalIPs`.
    ExternalIpsDeprecated: 36;
    /// A list that is too long has too many items, and is no text that is too long.
    TooManyRules: 36;
    /// It looks at the resize policies of init containers.
    InitResizePolicies: 36;
    /// Names of webhooks and policies that end as those of static manifests do are reserved.
    StaticSuffix: 36;
}

impl Since {
    /// Whether a server of this version does so.
    pub(super) fn holds(self, version: KubernetesVersion) -> bool {
        version.minor() >= self.minor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_follow_their_versions() {
        let on = |gate: Gate, version: &str| gate.is_on_by_default(version.parse().expect("it is supported"));
        assert!(Gate::ALL.is_sorted_by_key(|gate| gate.name()));
        assert!(Gate::ALL.iter().all(|gate| gate.defaults().is_sorted()));
        assert!(!on(Gate::ContainerRestartRules, "1.34") && on(Gate::ContainerRestartRules, "1.35"));
        assert!(!on(Gate::HPAScaleToZero, "1.36") && on(Gate::InPlacePodVerticalScaling, "1.33"));
        assert_eq!("HPAScaleToZero".parse(), Ok(Gate::HPAScaleToZero));
        assert_eq!("HPAScaleToNone".parse::<Gate>(), Err(UnknownGate("HPAScaleToNone".to_owned())));
    }
}
