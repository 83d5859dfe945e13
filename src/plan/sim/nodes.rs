//! The nodes that a `DaemonSet` is planned for.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Taint};

use super::scenario::{NodeModel, TaintModel};
use crate::cluster::{Cluster, Object};

/// The nodes among the objects of a cluster, as a dump of it has them.
pub(in crate::plan) fn of(cluster: &Cluster) -> Vec<NodeModel> {
    cluster.of_kind("Node").filter_map(node).collect()
}

fn node(object: &Object) -> Option<NodeModel> {
    let node = object.model::<Node>()?;
    let spec = node.spec.as_ref();
    let taint = |taint: &Taint| TaintModel {
        key: taint.key.clone(),
        value: taint.value.clone().unwrap_or_default(),
        effect: taint.effect.clone(),
    };
    Some(NodeModel {
        name: object.identity.name.clone(),
        labels: node.metadata.labels.clone().unwrap_or_default(),
        taints: spec.into_iter().flat_map(|spec| spec.taints.iter().flatten()).map(taint).collect(),
        unschedulable: spec.and_then(|spec| spec.unschedulable).unwrap_or(false),
    })
}

/// So many nodes about which nothing else is known.
pub(in crate::plan) fn some(count: usize) -> Vec<NodeModel> {
    let node = |at: usize| NodeModel { name: format!("node-{at}"), labels: BTreeMap::new(), ..NodeModel::default() };
    (1..=count).map(node).collect()
}
