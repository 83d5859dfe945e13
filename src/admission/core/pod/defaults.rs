//! Defaults of pods and pod templates (pkg/apis/core/v1/defaults.go and conversion.go), and the fields that are dropped
//! because their feature gate is off (`dropDisabledFields` of pkg/api/pod/util.go, v1.36; that an older object has them
//! already is left out).

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{DownwardAPIVolumeFile, EmptyDirVolumeSource, PodSpec, PodTemplateSpec, Volume};

use super::resources;
use crate::admission::ApiServer;
use crate::admission::core::{container, storage};
use crate::admission::gates::Gate;
use crate::admission::shared::absent::fill;

/// Fills in what a Pod may leave out (`SetDefaults_Pod`).
pub(super) fn pod(spec: &mut PodSpec, server: &ApiServer) {
    container::defaults::of_pod(spec);
    if server.enabled(Gate::PodLevelResources) {
        resources::set_defaults(spec);
    }
    spec.enable_service_links.get_or_insert(true);
    self::spec(spec, server);
    if let Some(seconds) = spec.termination_grace_period_seconds.as_mut().filter(|seconds| **seconds < 0) {
        // Of Pods, but not of templates, the conversion changes it.
        *seconds = 1;
    }
}

/// Fills in what a pod template may leave out.
pub(in crate::admission) fn template(template: &mut PodTemplateSpec, server: &ApiServer) {
    spec(template.spec.get_or_insert_default(), server);
}

/// Fills in what the spec of a pod may leave out (`SetDefaults_PodSpec`).
fn spec(spec: &mut PodSpec, server: &ApiServer) {
    drop_disabled(spec, server);
    fill(&mut spec.dns_policy, "ClusterFirst");
    fill(&mut spec.restart_policy, "Always");
    fill(&mut spec.scheduler_name, "default-scheduler");
    spec.security_context.get_or_insert_default();
    spec.termination_grace_period_seconds.get_or_insert(30);
    // The old name of the field still counts where the new one is missing.
    if spec.service_account_name.as_deref().is_none_or(str::is_empty) {
        spec.service_account_name = spec.service_account.clone();
    }
    spec.service_account = spec.service_account_name.clone();
    for volume in spec.volumes.iter_mut().flatten() {
        self::volume(volume, server);
    }
    container::defaults::resource_list(spec.overhead.as_mut());
    if let Some(resources) = &mut spec.resources {
        container::defaults::resource_list(resources.requests.as_mut());
        container::defaults::resource_list(resources.limits.as_mut());
    }
    container::defaults::containers(spec, server);
}

/// As `SetDefaults_Volume` and those of the types.
fn volume(volume: &mut Volume, server: &ApiServer) {
    const MODE: i32 = 0o644;
    if is_untyped(volume) {
        volume.empty_dir = Some(EmptyDirVolumeSource::default());
    }
    if let Some(image) = volume.image.as_mut().filter(|_| server.enabled(Gate::ImageVolume)) {
        let latest = container::defaults::is_latest(image.reference.as_deref().unwrap_or_default());
        fill(&mut image.pull_policy, if latest { "Always" } else { "IfNotPresent" });
    }
    if let Some(path) = &mut volume.host_path {
        path.type_.get_or_insert_default();
    }
    if let Some(secret) = &mut volume.secret {
        secret.default_mode.get_or_insert(MODE);
    }
    if let Some(map) = &mut volume.config_map {
        map.default_mode.get_or_insert(MODE);
    }
    if let Some(downward) = &mut volume.downward_api {
        downward.default_mode.get_or_insert(MODE);
        downward_files(downward.items.as_mut());
    }
    if let Some(projected) = &mut volume.projected {
        projected.default_mode.get_or_insert(MODE);
        for source in projected.sources.iter_mut().flatten() {
            downward_files(source.downward_api.as_mut().and_then(|downward| downward.items.as_mut()));
            if let Some(token) = &mut source.service_account_token {
                token.expiration_seconds.get_or_insert(3600);
            }
        }
    }
    if let Some(template) = volume.ephemeral.as_mut().and_then(|ephemeral| ephemeral.volume_claim_template.as_mut()) {
        storage::defaults::claim(&mut template.spec);
        if let Some(resources) = &mut template.spec.resources {
            container::defaults::resource_list(resources.requests.as_mut());
            container::defaults::resource_list(resources.limits.as_mut());
        }
    }
    disk(volume);
}

fn disk(volume: &mut Volume) {
    if let Some(iscsi) = &mut volume.iscsi {
        fill(&mut iscsi.iscsi_interface, "default");
    }
    if let Some(rbd) = &mut volume.rbd {
        fill(&mut rbd.pool, "rbd");
        fill(&mut rbd.user, "admin");
        fill(&mut rbd.keyring, "/etc/ceph/keyring");
    }
    if let Some(disk) = &mut volume.azure_disk {
        disk.caching_mode.get_or_insert_with(|| "ReadWrite".to_owned());
        disk.fs_type.get_or_insert_with(|| "ext4".to_owned());
        disk.read_only.get_or_insert(false);
        disk.kind.get_or_insert_with(|| "Shared".to_owned());
    }
    if let Some(scale_io) = &mut volume.scale_io {
        fill(&mut scale_io.storage_mode, "ThinProvisioned");
        fill(&mut scale_io.fs_type, "xfs");
    }
}

fn is_untyped(volume: &Volume) -> bool {
    let name = volume.name.clone();
    *volume == Volume { name, ..Volume::default() }
}

fn downward_files(files: Option<&mut Vec<DownwardAPIVolumeFile>>) {
    for field in files.into_iter().flatten().filter_map(|file| file.field_ref.as_mut()) {
        fill(&mut field.api_version, "v1");
    }
}

fn drop_disabled(spec: &mut PodSpec, server: &ApiServer) {
    if !server.enabled(Gate::PodLevelResources) {
        spec.resources = None;
    }
    if !server.enabled(Gate::DynamicResourceAllocation) {
        spec.resource_claims = None;
    }
    if !server.enabled(Gate::HostnameOverride) {
        spec.hostname_override = None;
    }
    if !server.enabled(Gate::GenericWorkload) {
        spec.scheduling_group = None;
    }
    let bundles = server.enabled(Gate::ClusterTrustBundleProjection);
    let certificates = server.enabled(Gate::PodCertificateRequest);
    let projected = spec.volumes.iter_mut().flatten().filter_map(|volume| volume.projected.as_mut());
    for source in projected.flat_map(|projected| projected.sources.iter_mut().flatten()) {
        source.cluster_trust_bundle = source.cluster_trust_bundle.take().filter(|_| bundles);
        source.pod_certificate = source.pod_certificate.take().filter(|_| certificates);
    }
    if !server.enabled(Gate::ImageVolume) {
        drop_image_volumes(spec);
    }
}

/// Drops them together with their mounts.
fn drop_image_volumes(spec: &mut PodSpec) {
    let Some(volumes) = &mut spec.volumes else { return };
    let images: BTreeSet<String> =
        volumes.iter().filter(|volume| volume.image.is_some()).map(|volume| volume.name.clone()).collect();
    if images.is_empty() {
        return;
    }
    volumes.retain(|volume| volume.image.is_none());
    let containers = spec.init_containers.iter_mut().flatten().chain(&mut spec.containers);
    let mounts = containers.map(|container| &mut container.volume_mounts);
    let ephemeral = spec.ephemeral_containers.iter_mut().flatten().map(|container| &mut container.volume_mounts);
    for mounts in mounts.chain(ephemeral).flatten() {
        mounts.retain(|mount| !images.contains(&mount.name));
    }
}
