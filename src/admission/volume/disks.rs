//! Volumes that are disks of some provider; those that persistent volumes can be too are judged alike.
//!
//! Mirrors `validateGCEPersistentDiskVolumeSource`, `validateISCSIVolumeSource` and their like in
//! pkg/apis/core/validation (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    AWSElasticBlockStoreVolumeSource, AzureDiskVolumeSource, CinderVolumeSource, FCVolumeSource, FlexVolumeSource,
    FlockerVolumeSource, GCEPersistentDiskVolumeSource, ISCSIVolumeSource, PhotonPersistentDiskVolumeSource,
    PortworxVolumeSource, RBDVolumeSource, ScaleIOVolumeSource, StorageOSVolumeSource, VsphereVirtualDiskVolumeSource,
};

use super::network::needed;
use crate::admission::errors::{Errors, shortened};
use crate::values::names;
use crate::yaml::Path;

/// A disk of Google at `path`, which the API server calls `called`.
pub(in crate::admission) fn gce(
    source: &GCEPersistentDiskVolumeSource,
    path: &Path,
    called: &Path,
    errors: &mut Errors<'_>,
) {
    if source.pd_name.is_empty() {
        let finding = errors.required(&path.field("pdName"), "the volume has no disk").called(called.field("pdName"));
        finding.help("add `pdName`");
    }
    if let Some(partition) = bad_partition(source.partition) {
        let finding = errors.invalid(&path.field("partition"), partition);
        finding.called(called.field("partition"));
    }
}

/// A disk of Amazon.
pub(in crate::admission) fn aws(source: &AWSElasticBlockStoreVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.volume_id, "disk", &path.field("volumeID"), errors);
    if let Some(partition) = bad_partition(source.partition) {
        errors.invalid(&path.field("partition"), partition);
    }
}

fn bad_partition(partition: Option<i32>) -> Option<String> {
    let partition = partition.filter(|partition| !(0..=255).contains(partition))?;
    Some(format!("the number of a partition must be between 0 and 255, not {partition}"))
}

pub(super) fn iscsi(source: &ISCSIVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.target_portal, "portal", &path.field("targetPortal"), errors);
    needed(&source.iqn, "qualified name", &path.field("iqn"), errors);
    if !source.iqn.is_empty() {
        qualified_name(&source.iqn, &path.field("iqn"), &path.field("iqn"), errors);
    }
    lun(source.lun, &path.field("lun"), errors);
    if (source.chap_auth_discovery == Some(true) || source.chap_auth_session == Some(true))
        && source.secret_ref.is_none()
    {
        let message = "authentication needs a Secret with the names and passwords";
        errors.required(&path.field("secretRef"), message);
    }
    if let Some(name) = &source.initiator_name {
        qualified_name(name, &path.field("initiatorName"), &path.field("initiatorname"), errors);
    }
}

/// The name of a target or initiator at `path`, which the API server calls `called`.
pub(in crate::admission) fn qualified_name(name: &str, path: &Path, called: &Path, errors: &mut Errors<'_>) {
    let is_valid = if name.starts_with("iqn") {
        name.match_indices("iqn.").any(|(at, prefix)| is_iqn(&name[at + prefix.len()..]))
    } else if let Some(rest) = name.strip_prefix("eui") {
        is_number(rest, 16)
    } else {
        name.strip_prefix("naa").is_some_and(|rest| is_number(rest, 32))
    };
    if !is_valid {
        let message = format!("`{}` is no name of iSCSI", shortened(name));
        let finding = errors.invalid(path, message).called(called.clone());
        finding.help("write it as `iqn.2001-04.com.example:name`, or with `eui.` or `naa.` and a number");
    }
}

/// What follows `iqn.`: a month, a domain, a colon and a name.
fn is_iqn(text: &str) -> bool {
    let Some((start, name)) = text.split_once(':') else { return false };
    let (Some(month), Some(domain)) = (start.get(..8), start.get(8..)) else { return false };
    let is_month = month.bytes().enumerate().all(|(at, byte)| match at {
        4 => byte == b'-',
        7 => byte == b'.',
        _ => byte.is_ascii_digit(),
    });
    let is_of_domain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    let is_domain = !domain.is_empty() && domain.bytes().all(is_of_domain);
    is_month
        && is_domain
        && !name.is_empty()
        && !name.contains([',', ';', '*', '&', '$', '|', ' ', '\t', '\n', '\r', '\x0c'])
}

/// A separator, whatever it is, and so many letters and digits.
fn is_number(text: &str, length: usize) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|separator| separator != '\n')
        && letters.as_str().len() == length
        && letters.all(|letter| letter.is_ascii_alphanumeric())
}

fn lun(lun: i32, path: &Path, errors: &mut Errors<'_>) {
    if !(0..=255).contains(&lun) {
        errors.invalid(path, format!("the number of a unit must be between 0 and 255, not {lun}"));
    }
}

/// A disk of Fibre Channel.
pub(in crate::admission) fn fc(source: &FCVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    let has = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let (targets, ids) = (has(&source.target_wwns), has(&source.wwids));
    let at = path.field("targetWWNs");
    if !targets && !ids {
        errors.required(&at, "the volume has no target").help("add `targetWWNs` and `lun`, or `wwids`");
    }
    if targets && ids {
        errors.invalid(&at, "a volume has `targetWWNs` or `wwids`, not both").help("remove one of them");
    }
    if targets {
        match source.lun {
            Some(number) => lun(number, &path.field("lun"), errors),
            None => {
                errors.required(&path.field("lun"), "targets need the number of a unit").help("add `lun`");
            }
        }
    }
}

/// A volume of Flocker.
pub(in crate::admission) fn flocker(source: &FlockerVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    let name = source.dataset_name.as_deref().unwrap_or_default();
    let id = source.dataset_uuid.as_deref().unwrap_or_default();
    if name.is_empty() && id.is_empty() {
        errors.required(path, "the volume has no dataset").help("add `datasetUUID`");
    }
    if !name.is_empty() && !id.is_empty() {
        errors.invalid(path, "a volume has `datasetName` or `datasetUUID`, not both").help("remove one of them");
    }
    if name.contains('/') {
        errors.invalid(&path.field("datasetName"), "the name of a dataset must not contain `/`");
    }
}

pub(super) fn rbd(source: &RBDVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    if source.monitors.is_empty() {
        errors.required(&path.field("monitors"), "the volume has no monitors").help("list their addresses");
    }
    needed(&source.image, "image", &path.field("image"), errors);
}

pub(super) fn cinder(source: &CinderVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.volume_id, "disk", &path.field("volumeID"), errors);
    if let Some(secret) = &source.secret_ref {
        needed(&secret.name, "name for its Secret", &path.fields(&["secretRef", "name"]), errors);
    }
}

pub(super) fn flex(source: &FlexVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    flex_parts(&source.driver, source.options.as_ref(), path, errors);
}

/// The driver of a flexible volume and its options, whose keys cannot be Kubernetes' own.
pub(in crate::admission) fn flex_parts(
    driver: &str,
    options: Option<&BTreeMap<String, String>>,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    needed(driver, "driver", &path.field("driver"), errors);
    for key in options.into_iter().flatten().map(|(key, _)| key) {
        let domain = format!(".{}", key.split('/').next().unwrap_or_default().to_lowercase());
        if domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io") {
            let at = path.field("options").key(key);
            let place = errors.key_place(&at);
            let message = format!("the option `{}` has a domain that is Kubernetes' own", shortened(key));
            errors.invalid(&at, message).at(place);
        }
    }
}

/// A disk of Azure.
pub(in crate::admission) fn azure(source: &AzureDiskVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    const CACHING: [&str; 3] = ["None", "ReadOnly", "ReadWrite"];
    const KINDS: [&str; 3] = ["Dedicated", "Managed", "Shared"];
    needed(&source.disk_name, "disk", &path.field("diskName"), errors);
    needed(&source.disk_uri, "address of its disk", &path.field("diskURI"), errors);
    if let Some(mode) = source.caching_mode.as_deref().filter(|mode| !CACHING.contains(mode)) {
        errors.unsupported(&path.field("cachingMode"), "the caching mode", mode, CACHING);
    }
    let Some(kind) = source.kind.as_deref() else { return };
    if !KINDS.contains(&kind) {
        errors.unsupported(&path.field("kind"), "the kind of a disk", kind, KINDS);
    }
    let (start, form) = match kind {
        "Managed" => (
            "/subscriptions/",
            "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
        ),
        _ => ("https://", "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"),
    };
    if !source.disk_uri.starts_with(start) {
        errors.unsupported(&path.field("diskURI"), "the address of the disk", &source.disk_uri, [form]);
    }
}

/// A disk of vSphere.
pub(in crate::admission) fn vsphere(source: &VsphereVirtualDiskVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.volume_path, "disk", &path.field("volumePath"), errors);
}

/// A disk of Photon.
pub(in crate::admission) fn photon(source: &PhotonPersistentDiskVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.pd_id, "disk", &path.field("pdID"), errors);
}

/// A volume of Portworx.
pub(in crate::admission) fn portworx(source: &PortworxVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.volume_id, "disk", &path.field("volumeID"), errors);
}

pub(super) fn storage_os(source: &StorageOSVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    let name = source.volume_name.as_deref().unwrap_or_default();
    needed(name, "name at StorageOS", &path.field("volumeName"), errors);
    let namespace = source.volume_namespace.as_deref().unwrap_or_default();
    for (field, name) in [("volumeName", name), ("volumeNamespace", namespace)] {
        if !name.is_empty() {
            let what = format!("the name `{}` at StorageOS", shortened(name));
            errors.each_invalid(&path.field(field), what, names::dns1123_label(name));
        }
    }
    if let Some(secret) = &source.secret_ref {
        needed(&secret.name, "name for its Secret", &path.fields(&["secretRef", "name"]), errors);
    }
}

pub(super) fn scale_io(source: &ScaleIOVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.gateway, "gateway", &path.field("gateway"), errors);
    needed(&source.system, "system", &path.field("system"), errors);
    let name = source.volume_name.as_deref().unwrap_or_default();
    needed(name, "name at ScaleIO", &path.field("volumeName"), errors);
}
