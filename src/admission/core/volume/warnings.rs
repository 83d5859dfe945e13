//! What the API server warns of in volumes.
//!
//! Mirrors the volumes' part of `warningsForPodSpecAndMeta` and `warningsForOverlappingVirtualPaths` in
//! pkg/api/pod/warnings.go (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{KeyToPath, Volume};

use crate::admission::core::storage::claim_warnings;
use crate::admission::errors::{Errors, shortened};
use crate::yaml::Path;

pub(super) fn warn(volumes: &[Volume], path: &Path, errors: &mut Errors<'_>) {
    for (index, volume) in volumes.iter().enumerate() {
        let path = path.index(index);
        without_driver(volume, &path, errors);
        let claim = volume.ephemeral.as_ref().and_then(|ephemeral| ephemeral.volume_claim_template.as_ref());
        if let Some(claim) = claim {
            claim_warnings(&claim.spec, &path.fields(&["ephemeral", "volumeClaimTemplate", "spec"]), errors);
        }
        overlapping_files(volume, &path, errors);
    }
}

/// Types that Kubernetes used to have a driver for.
fn without_driver(volume: &Volume, path: &Path, errors: &mut Errors<'_>) {
    let gone = [
        ("photonPersistentDisk", volume.photon_persistent_disk.is_some(), "1.16"),
        ("scaleIO", volume.scale_io.is_some(), "1.22"),
        ("flocker", volume.flocker.is_some(), "1.25"),
        ("storageos", volume.storageos.is_some(), "1.25"),
        ("quobyte", volume.quobyte.is_some(), "1.25"),
        ("glusterfs", volume.glusterfs.is_some(), "1.26"),
        ("cephfs", volume.cephfs.is_some(), "1.31"),
        ("rbd", volume.rbd.is_some(), "1.31"),
    ];
    for (field, _, version) in gone.into_iter().filter(|(_, used, _)| *used) {
        let at = path.field(field);
        let place = errors.key_place(&at);
        let message = format!("volumes of the type `{field}` do not work any more since Kubernetes {version}");
        errors.warn(&at, message).at(place).help("use a driver of the container storage interface (CSI)");
    }
    if volume.git_repo.is_some() {
        let at = path.field("gitRepo");
        let place = errors.key_place(&at);
        let message = "volumes of the type `gitRepo` are deprecated, and off since Kubernetes 1.33";
        let finding = errors.warn(&at, message).at(place);
        finding.help("clone the repository in an init container, into an `emptyDir`");
    }
}

/// Files of one volume that stand in each other's way.
fn overlapping_files(volume: &Volume, path: &Path, errors: &mut Errors<'_>) {
    let mut files = Files::default();
    if let Some(items) = volume.config_map.as_ref().and_then(|source| source.items.as_ref()) {
        files.add_items(items, &path.fields(&["configMap", "items"]), errors);
    }
    files = Files::default();
    if let Some(items) = volume.secret.as_ref().and_then(|source| source.items.as_ref()) {
        files.add_items(items, &path.fields(&["secret", "items"]), errors);
    }
    files = Files::default();
    for (index, item) in volume.downward_api.iter().flat_map(|source| source.items.iter().flatten()).enumerate() {
        files.add(&item.path, path.fields(&["downwardAPI", "items"]).index(index).field("path"), errors);
    }
    files = Files::default();
    for (index, source) in volume.projected.iter().flat_map(|source| source.sources.iter().flatten()).enumerate() {
        let path = path.fields(&["projected", "sources"]).index(index);
        if let Some(source) = &source.config_map {
            files.add_items(source.items.as_deref().unwrap_or_default(), &path.fields(&["configMap", "items"]), errors);
        } else if let Some(source) = &source.secret {
            files.add_items(source.items.as_deref().unwrap_or_default(), &path.fields(&["secret", "items"]), errors);
        } else if let Some(source) = &source.downward_api {
            for (index, item) in source.items.iter().flatten().enumerate() {
                files.add(&item.path, path.fields(&["downwardAPI", "items"]).index(index).field("path"), errors);
            }
        } else if let Some(token) = &source.service_account_token {
            files.add(&token.path, path.fields(&["serviceAccountToken", "path"]), errors);
        } else if let Some(bundle) = &source.cluster_trust_bundle {
            files.add(&bundle.path, path.fields(&["clusterTrustBundle", "path"]), errors);
        } else if let Some(certificate) = &source.pod_certificate {
            let paths = [
                ("certificateChainPath", &certificate.certificate_chain_path),
                ("keyPath", &certificate.key_path),
                ("credentialBundlePath", &certificate.credential_bundle_path),
            ];
            for (field, file) in paths {
                files.add(file.as_deref().unwrap_or_default(), path.fields(&["podCertificate", field]), errors);
            }
        } else {
            let message = format!("a source of volume `{}` has no type", shortened(&volume.name));
            errors.warn(&path, message).help("add for example `configMap`, or remove it");
        }
    }
}

/// Files by path.
#[derive(Default)]
struct Files(BTreeMap<String, Path>);

impl Files {
    fn add_items(&mut self, items: &[KeyToPath], path: &Path, errors: &mut Errors<'_>) {
        for (index, item) in items.iter().enumerate() {
            self.add(&item.path, path.index(index).field("path"), errors);
        }
    }

    /// Adds the file that is written at `at`; warns if it is one that is there already, or in the place of its directory.
    fn add(&mut self, file: &str, at: Path, errors: &mut Errors<'_>) {
        let file = file.trim_end_matches('/');
        if file.is_empty() {
            return;
        }
        let itself = self.0.get_key_value(file);
        let around = || file.match_indices('/').find_map(|(at, _)| self.0.get_key_value(&file[..at]));
        let inside = || {
            let directory = format!("{file}/");
            self.0.range(directory.clone()..).next().filter(|(other, _)| other.starts_with(&directory))
        };
        if let Some((other, first)) = itself.or_else(around).or_else(inside) {
            let message = if other == file {
                format!("two files of the volume have the path `{}`", shortened(file))
            } else {
                format!(
                    "the files `{}` and `{}` of the volume are in each other's way",
                    shortened(file),
                    shortened(other)
                )
            };
            let place = errors.place(first);
            errors.warn(&at, message).related(place, "the other file");
        }
        self.0.entry(file.to_owned()).or_insert(at);
    }
}
