//! The old side as it runs, where an assumption or an autoscaler says more than its manifest.

use crate::admission::apply::read;
use crate::cluster::{Autoscalers, Cluster, Object, autoscaled};
use crate::plan::assumptions::Assumptions;
use crate::plan::workload;
use crate::yaml::Path;

/// The old side with the number of pods that is assumed, if one is.
pub(super) fn assumed(manifest: &Object, assumptions: &Assumptions) -> Option<Cluster> {
    with(manifest, *assumptions.replicas.get(&manifest.identity.name)?)
}

/// The old side with the fewest pods that its autoscaler keeps, if the manifest leaves their number to one.
pub(super) fn autoscaled_to(manifest: &Object, autoscalers: &Autoscalers<'_>) -> Option<Cluster> {
    let replicas = manifest.root().at(&Path::root().fields(&["spec", "replicas"]));
    if replicas.is_some_and(|replicas| !replicas.is_null()) {
        return None;
    }
    let fewest = autoscalers.of(manifest).iter().filter_map(|autoscaler| Some(autoscaled(autoscaler)?.0)).max();
    with(manifest, fewest.filter(|fewest| *fewest > 1)?)
}

fn with(manifest: &Object, replicas: i32) -> Option<Cluster> {
    workload::of(&manifest.identity).filter(|kind| kind.is_counted)?;
    let mut running = manifest.root().to_json();
    running["spec"]["replicas"] = replicas.into();
    Some(read(&running))
}
