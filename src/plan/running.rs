//! The old side as it runs, where an assumption says more than its manifest.

use serde_json::json;

use super::assumptions::Assumptions;
use crate::admission::apply::read;
use crate::cluster::{Cluster, Object};

/// The old side as it runs, if it is known to be more than its manifest: with the number of pods that is assumed, or as a
/// claim that is bound to a volume of its size, because the API server lets no other claim grow.
pub(super) fn running(manifest: &Object, assumptions: &Assumptions) -> Option<Cluster> {
    let identity = &manifest.identity;
    let mut running;
    match identity.kind.as_str() {
        "Deployment" | "ReplicaSet" | "StatefulSet" => {
            let replicas = *assumptions.replicas.get(&identity.name)?;
            running = manifest.root().to_json();
            running["spec"]["replicas"] = replicas.into();
        }
        "PersistentVolumeClaim" => {
            running = manifest.root().to_json();
            if !running["status"]["phase"].is_null() {
                return None;
            }
            let size = running["spec"]["resources"]["requests"]["storage"].clone();
            running["status"] = json!({ "phase": "Bound", "capacity": { "storage": size } });
        }
        _ => return None,
    }
    Some(read(&running))
}
