//! The old side as it runs, where an assumption says more than its manifest.

use crate::admission::apply::read;
use crate::cluster::{Cluster, Object};
use crate::plan::assumptions::Assumptions;

/// The old side with the number of pods that is assumed, if one is.
pub(super) fn running(manifest: &Object, assumptions: &Assumptions) -> Option<Cluster> {
    let identity = &manifest.identity;
    if !matches!(identity.kind.as_str(), "Deployment" | "ReplicaSet" | "StatefulSet") {
        return None;
    }
    let replicas = *assumptions.replicas.get(&identity.name)?;
    let mut running = manifest.root().to_json();
    running["spec"]["replicas"] = replicas.into();
    Some(read(&running))
}
