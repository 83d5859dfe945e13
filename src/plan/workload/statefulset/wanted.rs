//! What a StatefulSet asks for, as far as a rollout can tell.

use std::ops::Range;

use k8s_openapi::api::apps::v1::StatefulSet as Model;

use super::claims::Retention;
use crate::admission::ApiServer;
use crate::plan::sim::template::Revision;
use crate::plan::sim::time::Time;
use crate::values::int_or_string::{IntOrString, Rounding};

/// The spec, read.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) name: String,
    /// The ordinals that pods should have.
    pub(super) ordinals: Range<i64>,
    /// Whether pods come and go together (`podManagementPolicy: Parallel`).
    pub(super) parallel: bool,
    pub(super) strategy: Strategy,
    pub(super) min_ready: Time,
    pub(super) claim_templates: Vec<String>,
    pub(super) retention: Retention,
    pub(super) revision: Revision,
}

/// How pods come to the update revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    /// Somebody deletes them.
    OnDelete,
    /// The controller deletes them. Where `type: RollingUpdate` stands alone there is no block; only where the whole
    /// strategy is left out does the API server fill it in (`SetDefaults_StatefulSet`).
    RollingUpdate(Option<Block>),
}

/// The block `rollingUpdate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// How many pods, counted from the first, keep the current revision.
    pub(super) partition: i64,
    /// How many pods may be unavailable; counts only with the gate `MaxUnavailableStatefulSet`.
    pub(super) max_unavailable: usize,
}

impl Wanted {
    pub(super) fn new(set: &Model, revision: Revision, _: &ApiServer) -> Self {
        let spec = &set.spec;
        let start = i64::from(spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or(0));
        let replicas = spec.replicas.unwrap_or(1).max(0);
        let strategy = spec.update_strategy.as_ref();
        let of_type = strategy.and_then(|strategy| strategy.type_.as_deref()).filter(|of_type| !of_type.is_empty());
        let block = strategy.and_then(|strategy| strategy.rolling_update.as_ref()).map(|block| Block {
            partition: i64::from(block.partition.unwrap_or(0)),
            max_unavailable: max_unavailable(block.max_unavailable.as_ref().map(IntOrString::from).as_ref(), replicas),
        });
        let strategy = match of_type {
            Some("OnDelete") => Strategy::OnDelete,
            Some(_) => Strategy::RollingUpdate(block),
            None => Strategy::RollingUpdate(Some(block.unwrap_or(Block { partition: 0, max_unavailable: 1 }))),
        };
        let templates = spec.volume_claim_templates.iter().flatten();
        Self {
            name: set.metadata.name.clone().unwrap_or_default(),
            ordinals: start..start + i64::from(replicas),
            parallel: spec.pod_management_policy.as_deref() == Some("Parallel"),
            strategy,
            min_ready: Time::seconds(spec.min_ready_seconds.unwrap_or(0)),
            claim_templates: templates.filter_map(|claim| claim.metadata.name.clone()).collect(),
            retention: Retention::new(spec.persistent_volume_claim_retention_policy.as_ref()),
            revision,
        }
    }

    /// The ordinals that the update leaves alone; the partition counts from the first ordinal.
    pub(super) fn protected(&self) -> Range<i64> {
        let partition = match self.strategy {
            Strategy::RollingUpdate(Some(block)) => block.partition,
            _ => 0,
        };
        self.ordinals.start..self.ordinals.start.saturating_add(partition)
    }
}

/// How many pods may be unavailable at once, at least one (`getStatefulSetMaxUnavailable`): 25 % of 10 pods are 2, and of
/// 3 pods 1.
fn max_unavailable(value: Option<&IntOrString>, replicas: i32) -> usize {
    let scaled = value.map_or(1, |value| value.scaled(replicas, Rounding::Down).unwrap_or(1));
    usize::try_from(scaled.max(1)).unwrap_or(1)
}
