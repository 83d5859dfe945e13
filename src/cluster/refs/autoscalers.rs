//! Which autoscalers scale what.

use std::collections::BTreeMap;

use k8s_openapi::api::autoscaling::{v1, v2};

use crate::cluster::{Cluster, Object};

/// The autoscalers of a cluster by what they scale: kind, namespace and name.
#[derive(Debug)]
pub(crate) struct Autoscalers<'a>(BTreeMap<(String, String, String), Vec<&'a Object>>);

impl<'a> Autoscalers<'a> {
    /// Who scales what in the cluster.
    pub(crate) fn new(cluster: &'a Cluster) -> Self {
        let mut autoscalers: BTreeMap<_, Vec<&'a Object>> = BTreeMap::new();
        for autoscaler in cluster.of_kind("HorizontalPodAutoscaler") {
            for target in autoscaler.references() {
                let key = (target.kind.to_owned(), target.namespace.to_owned(), target.name.to_owned());
                autoscalers.entry(key).or_default().push(autoscaler);
            }
        }
        Self(autoscalers)
    }

    /// Those that scale `object`.
    pub(crate) fn of(&self, object: &Object) -> &[&'a Object] {
        let identity = &object.identity;
        let key = (identity.kind.clone(), object.namespace().to_owned(), identity.name.clone());
        self.0.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// The fewest and the most pods that an autoscaler chooses.
pub(crate) fn autoscaled(autoscaler: &Object) -> Option<(i32, i32)> {
    if let Some(model) = autoscaler.model::<v2::HorizontalPodAutoscaler>() {
        return Some((model.spec.min_replicas.unwrap_or(1), model.spec.max_replicas));
    }
    let model = autoscaler.model::<v1::HorizontalPodAutoscaler>()?;
    Some((model.spec.min_replicas.unwrap_or(1), model.spec.max_replicas))
}
