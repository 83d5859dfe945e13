//! The old side as it runs, where an assumption says more than its manifest.

use crate::admission::apply::read;
use crate::cluster::{Cluster, Object};
use crate::plan::assumptions::Assumptions;
use crate::plan::workload;

/// The old side with the number of pods that is assumed, if one is.
pub(super) fn running(manifest: &Object, assumptions: &Assumptions) -> Option<Cluster> {
    let identity = &manifest.identity;
    workload::of(identity).filter(|kind| kind.is_counted)?;
    let replicas = *assumptions.replicas.get(&identity.name)?;
    let mut running = manifest.root().to_json();
    running["spec"]["replicas"] = replicas.into();
    Some(read(&running))
}
