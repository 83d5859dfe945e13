//! Persistent volumes and the claims for them.

mod claim;
pub(in crate::admission) mod defaults;
pub(in crate::admission) mod source;
mod update;
mod volume;

use k8s_openapi::api::core::v1::PersistentVolumeClaimSpec;

pub(in crate::admission) use self::claim::{requests as claim_requests, warnings as claim_warnings};
use crate::admission::errors::{Errors, shortened};
use crate::values::names;
use crate::yaml::Path;

/// The annotation that named a storage class before `storageClassName` did.
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

/// The spec of a template for claims at `path` (`ValidatePersistentVolumeClaimSpec`).
pub(in crate::admission) fn claim_spec(spec: &PersistentVolumeClaimSpec, path: &Path, errors: &mut Errors<'_>) {
    claim::spec(spec, path, &claim::Options::new(errors.server), errors);
}

const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// The access modes at `path` that are given; the API server names the list for each of them.
fn access_modes(modes: &[String], path: &Path, errors: &mut Errors<'_>) {
    for (index, mode) in modes.iter().enumerate() {
        if !ACCESS_MODES.contains(&mode.as_str()) {
            errors.unsupported(&path.index(index), "an access mode", mode, ACCESS_MODES).called(path.clone());
        }
    }
    let single = modes.iter().position(|mode| mode == "ReadWriteOncePod");
    let shared = modes.iter().position(|mode| ACCESS_MODES[..3].contains(&mode.as_str()));
    if let (Some(single), Some(shared)) = (single, shared) {
        let (single, shared) = (errors.place(&path.index(single)), errors.place(&path.index(shared)));
        let finding = errors
            .forbidden(path, "`ReadWriteOncePod` cannot be combined with other access modes")
            .says("may not use ReadWriteOncePod with other access modes")
            .at(single);
        finding.rule("read-write-once-pod-combined").related(shared, "another access mode");
        finding.help("keep `ReadWriteOncePod` alone, or remove it");
    }
}

fn volume_mode(mode: Option<&str>, path: &Path, errors: &mut Errors<'_>) {
    const MODES: [&str; 2] = ["Block", "Filesystem"];
    if let Some(mode) = mode.filter(|mode| !MODES.contains(mode)) {
        errors.unsupported(path, "the `volumeMode`", mode, MODES);
    }
}

/// The name of a class, of what `what` says.
fn class_name(what: &str, name: &str, path: &Path, errors: &mut Errors<'_>) {
    errors.each_invalid(path, format!("the name of the {what} `{}`", shortened(name)), names::dns1123_subdomain(name));
}
