//! Defaults of workloads (pkg/apis/apps/v1/defaults.go, `SetDefaults_ReplicationController` in pkg/apis/core/v1).

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, ReplicationController};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::admission::ApiServer;
use crate::admission::core::pod::defaults::template;
use crate::admission::core::storage;
use crate::admission::gates::Gate;
use crate::admission::shared::absent::fill;

pub(super) fn deployment(deployment: &mut Deployment, server: &ApiServer) {
    let spec = &mut deployment.spec;
    template(&mut spec.template, server);
    spec.replicas.get_or_insert(1);
    let strategy = spec.strategy.get_or_insert_default();
    fill(&mut strategy.type_, "RollingUpdate");
    if strategy.type_.as_deref() == Some("RollingUpdate") {
        let rolling = strategy.rolling_update.get_or_insert_default();
        let quarter = || IntOrString::String("25%".to_owned());
        rolling.max_unavailable.get_or_insert_with(quarter);
        rolling.max_surge.get_or_insert_with(quarter);
    }
    spec.revision_history_limit.get_or_insert(10);
    spec.progress_deadline_seconds.get_or_insert(600);
}

pub(super) fn replica_set(set: &mut ReplicaSet, server: &ApiServer) {
    template(set.spec.template.get_or_insert_default(), server);
    set.spec.replicas.get_or_insert(1);
}

pub(super) fn daemon_set(set: &mut DaemonSet, server: &ApiServer) {
    let spec = &mut set.spec;
    template(&mut spec.template, server);
    let strategy = spec.update_strategy.get_or_insert_default();
    fill(&mut strategy.type_, "RollingUpdate");
    if strategy.type_.as_deref() == Some("RollingUpdate") {
        let rolling = strategy.rolling_update.get_or_insert_default();
        rolling.max_unavailable.get_or_insert(IntOrString::Int(1));
        rolling.max_surge.get_or_insert(IntOrString::Int(0));
    }
    spec.revision_history_limit.get_or_insert(10);
}

pub(super) fn stateful_set(set: &mut StatefulSet, server: &ApiServer) {
    let spec = &mut set.spec;
    template(&mut spec.template, server);
    for claim in spec.volume_claim_templates.iter_mut().flatten() {
        self::claim(claim);
    }
    fill(&mut spec.pod_management_policy, "OrderedReady");
    let strategy = spec.update_strategy.get_or_insert_default();
    if strategy.type_.as_deref().is_none_or(str::is_empty) {
        fill(&mut strategy.type_, "RollingUpdate");
        strategy.rolling_update.get_or_insert_default();
    }
    // Where the type is written, a missing `rollingUpdate` stays missing.
    if strategy.type_.as_deref() == Some("RollingUpdate")
        && let Some(rolling) = &mut strategy.rolling_update
    {
        rolling.partition.get_or_insert(0);
        if server.enabled(Gate::MaxUnavailableStatefulSet) {
            rolling.max_unavailable.get_or_insert(IntOrString::Int(1));
        }
    }
    let retention = spec.persistent_volume_claim_retention_policy.get_or_insert_default();
    fill(&mut retention.when_deleted, "Retain");
    fill(&mut retention.when_scaled, "Retain");
    spec.replicas.get_or_insert(1);
    spec.revision_history_limit.get_or_insert(10);
}

/// A template for claims, as `SetDefaults_PersistentVolumeClaim` fills it in.
fn claim(claim: &mut PersistentVolumeClaim) {
    fill(&mut claim.status.get_or_insert_default().phase, "Pending");
    storage::defaults::claim(claim.spec.get_or_insert_default());
}

pub(super) fn replication_controller(controller: &mut ReplicationController, server: &ApiServer) {
    let spec = controller.spec.get_or_insert_default();
    spec.replicas.get_or_insert(1);
    let Some(template) = &mut spec.template else { return };
    self::template(template, server);
    let Some(labels) = template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref()) else { return };
    if spec.selector.as_ref().is_none_or(BTreeMap::is_empty) {
        spec.selector = Some(labels.clone());
    }
    if controller.metadata.labels.as_ref().is_none_or(BTreeMap::is_empty) {
        controller.metadata.labels = Some(labels.clone());
    }
}
