//! How many endpoints the Services in front of a workload have during its rollout.

use k8s_openapi::api::core::v1::Service;

use crate::cluster::{Cluster, Labels, Object};
use crate::plan::document::{Revision, Step};

/// Counts at each step the pods behind each Service of `cluster` that picks pods of `old` or `new`: those that are ready,
/// or all of them if the Service publishes those that are not (`publishNotReadyAddresses`).
pub(super) fn fill(steps: &mut [Step], old: &Object, new: &Object, cluster: &Cluster) {
    let (old, labels) = (old.pod_labels(), new.pod_labels());
    let mut services: Vec<&Object> = cluster.picking(new.namespace(), &labels);
    if old != labels {
        let others = cluster.picking(new.namespace(), &old);
        services.extend(others.into_iter().filter(|other| !labels_picked(other, &labels)));
    }
    services.retain(|object| object.identity.kind == "Service");
    for service in services {
        let (picks_old, picks_new) = (labels_picked(service, &old), labels_picked(service, &labels));
        let spec = service.model::<Service>().and_then(|service| service.spec.as_ref());
        let publishes_all = spec.and_then(|spec| spec.publish_not_ready_addresses).unwrap_or(false);
        let is_picked = |revision: &&Revision| if revision.rev == "old" { picks_old } else { picks_new };
        for step in &mut *steps {
            let picked = step.revisions.iter().filter(is_picked);
            let count = picked.map(|revision| if publishes_all { revision.pods } else { revision.ready }).sum();
            step.endpoints.insert(service.identity.name.clone(), count);
        }
    }
}

fn labels_picked(service: &Object, labels: &Labels) -> bool {
    service.pod_selector().is_some_and(|selector| selector.matches(labels))
}
