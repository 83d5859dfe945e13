//! Where the data of a volume lies.
//!
//! Mirrors `validate…VolumeSource` of pkg/apis/core/validation (v1.36). Many types are those of pods' volumes too.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    AWSElasticBlockStoreVolumeSource, AzureDiskVolumeSource, AzureFilePersistentVolumeSource,
    CSIPersistentVolumeSource, CinderPersistentVolumeSource, FCVolumeSource, FlockerVolumeSource,
    GCEPersistentDiskVolumeSource, GlusterfsPersistentVolumeSource, HostPathVolumeSource, ISCSIPersistentVolumeSource,
    NFSVolumeSource, QuobyteVolumeSource, SecretReference, StorageOSPersistentVolumeSource,
};

use crate::admission::errors::{Errors, shortened, supported};
use crate::values::names;
use crate::yaml::Path;

/// The fields of a volume that say where its data lies.
pub(in crate::admission) const NAMES: [&str; 22] = [
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "local",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];

/// A text that must be there.
pub(in crate::admission) fn needed(value: &str, path: &Path, name: &'static str, errors: &mut Errors<'_>) {
    if value.is_empty() {
        errors.required(&path.field(name), format!("the source of the volume needs `{name}`"));
    }
}

/// A list that must have something in it.
pub(in crate::admission) fn some(list: &[String], path: &Path, name: &'static str, errors: &mut Errors<'_>) {
    if list.is_empty() {
        errors.required(&path.field(name), format!("the source of the volume needs `{name}`"));
    }
}

/// The path of a directory that must not lead upwards (`validatePathNoBacksteps`).
pub(in crate::admission) fn without_backsteps(text: &str, path: &Path, errors: &mut Errors<'_>) {
    if text.split('/').any(|part| part == "..") {
        let message = format!("the path `{}` must not contain `..`", shortened(text));
        errors.invalid(path, message).says("must not contain '..'");
    }
}

/// A directory or file of the node.
pub(in crate::admission) fn host_path(source: &HostPathVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    const TYPES: [&str; 8] =
        ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    if source.path.is_empty() {
        needed("", path, "path", errors);
        return;
    }
    without_backsteps(&source.path, &path.field("path"), errors);
    if let Some(kind) = source.type_.as_deref().filter(|kind| !TYPES.contains(kind)) {
        let (what, known) = ("the `type` of a host path", TYPES[1..].iter().copied());
        errors.unsupported(&path.field("type"), what, kind, known).says(supported(TYPES));
    }
}

/// A disk of Google's; the API server calls its field otherwise.
pub(in crate::admission) fn google_disk(source: &GCEPersistentDiskVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    let field = path.parent().cloned().unwrap_or_default().field("persistentDisk");
    errors.copied(field.clone(), path.clone(), "");
    needed(&source.pd_name, &field, "pdName", errors);
    partition(source.partition, &field, errors);
}

/// A disk of Amazon's.
pub(in crate::admission) fn amazon_disk(
    source: &AWSElasticBlockStoreVolumeSource,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    needed(&source.volume_id, path, "volumeID", errors);
    partition(source.partition, path, errors);
}

fn partition(partition: Option<i32>, path: &Path, errors: &mut Errors<'_>) {
    if let Some(partition) = partition.filter(|partition| !(0..=255).contains(partition)) {
        let message = format!("a partition has a number between 0 and 255, not {partition}");
        errors.invalid(&path.field("partition"), message).says("must be between 1 and 255, inclusive");
    }
}

/// A cluster of `GlusterFS`.
pub(in crate::admission) fn glusterfs(source: &GlusterfsPersistentVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.endpoints, path, "endpoints", errors);
    needed(&source.path, path, "path", errors);
    if let Some(namespace) = &source.endpoints_namespace {
        let what = format!("the namespace `{}`", shortened(namespace));
        let path = path.field("endpointsNamespace");
        if namespace.is_empty() {
            errors
                .invalid(&path, "the namespace of the endpoints cannot be empty")
                .says("if the endpointnamespace is set, it must be a valid namespace name")
                .help("remove it");
        } else {
            errors.each_invalid(&path, what, names::dns1123_label(namespace));
        }
    }
}

/// A dataset of Flocker's.
pub(in crate::admission) fn flocker(source: &FlockerVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    let name = source.dataset_name.as_deref().unwrap_or_default();
    let has_uuid = source.dataset_uuid.as_deref().is_some_and(|uuid| !uuid.is_empty());
    if name.is_empty() && !has_uuid {
        errors
            .required(path, "the source of the volume needs `datasetName` or `datasetUUID`")
            .says("one of datasetName and datasetUUID is required");
    }
    if !name.is_empty() && has_uuid {
        let finding = errors.invalid(path, "`datasetName` and `datasetUUID` cannot be given together");
        finding.of("resource").says("datasetName and datasetUUID can not be specified simultaneously");
    }
    if name.contains('/') {
        errors
            .invalid(&path.field("datasetName"), "the name of a dataset must not contain `/`")
            .says("must not contain '/'");
    }
}

/// A directory of an NFS server.
pub(in crate::admission) fn nfs(source: &NFSVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.server, path, "server", errors);
    needed(&source.path, path, "path", errors);
    if !source.path.starts_with('/') {
        let message = format!("the path `{}` must start with `/`", shortened(&source.path));
        errors
            .invalid(&path.field("path"), message)
            .of(source.path.as_str())
            .says("must be an absolute path")
            .help("write the path that the server exports");
    }
}

/// A volume of Quobyte's.
pub(in crate::admission) fn quobyte(source: &QuobyteVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    const PAIRS: &str = "write hosts with their ports and commas between them, as in `registry:7861`";
    let registry = path.field("registry");
    if source.registry.is_empty() {
        errors
            .required(&registry, "the source of the volume needs `registry`")
            .says("must be a host:port pair or multiple pairs separated by commas")
            .help(PAIRS);
    } else if source.tenant.as_ref().is_some_and(|tenant| tenant.len() >= 65) {
        errors
            .required(&path.field("tenant"), "the tenant must have at most 64 characters")
            .says("must be a UUID and may not exceed a length of 64 characters");
    } else if !source.registry.split(',').all(is_host_with_port) {
        let message = format!("`{}` is no list of hosts with ports", shortened(&source.registry));
        errors
            .invalid(&registry, message)
            .says("must be a host:port pair or multiple pairs separated by commas")
            .help(PAIRS);
    }
    needed(&source.volume, path, "volume", errors);
}

/// As Go's `net.SplitHostPort` would have it.
fn is_host_with_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let brackets = |text: &str| text.contains(['[', ']']);
    match host.strip_prefix('[') {
        Some(inside) => inside.strip_suffix(']').is_some_and(|address| !brackets(address)) && !brackets(port),
        None => !host.contains(':') && !brackets(host) && !brackets(port),
    }
}

/// What the sources that reach iSCSI share with those of pods.
pub(in crate::admission) struct Target<'a> {
    pub(in crate::admission) portal: &'a str,
    pub(in crate::admission) name: &'a str,
    pub(in crate::admission) lun: i32,
    pub(in crate::admission) initiator: Option<&'a str>,
    pub(in crate::admission) needs_secret: bool,
}

/// The target of iSCSI at `path`.
pub(in crate::admission) fn iscsi_target(target: &Target<'_>, path: &Path, errors: &mut Errors<'_>) {
    const FORM: &str = "write it as `iqn.2026-01.com.example:storage`";
    needed(target.portal, path, "targetPortal", errors);
    if target.name.is_empty() {
        needed("", path, "iqn", errors);
    } else if !is_iscsi_name(target.name) {
        let message = format!("`{}` is no name of an iSCSI target", shortened(target.name));
        errors.invalid(&path.field("iqn"), message).says(iscsi_problem(target.name)).help(FORM);
    }
    unit(target.lun, &path.field("lun"), errors);
    if target.needs_secret {
        errors.required(&path.field("secretRef"), "CHAP authentication needs `secretRef`");
    }
    if let Some(initiator) = target.initiator.filter(|name| !is_iscsi_name(name)) {
        let message = format!("`{}` is no name of an iSCSI initiator", shortened(initiator));
        let finding = errors.invalid(&path.field("initiatorName"), message).says(iscsi_problem(initiator)).help(FORM);
        finding.called(path.field("initiatorname"));
    }
}

/// A volume over iSCSI; `volume` is the name of the `PersistentVolume`.
pub(in crate::admission) fn iscsi(
    source: &ISCSIPersistentVolumeSource,
    volume: &str,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let has_chap = source.chap_auth_discovery == Some(true) || source.chap_auth_session == Some(true);
    let target = Target {
        portal: &source.target_portal,
        name: &source.iqn,
        lun: source.lun,
        initiator: source.initiator_name.as_deref(),
        needs_secret: has_chap && source.secret_ref.is_none(),
    };
    if target.initiator.is_some() && volume.len() + 1 + target.portal.len() > 64 {
        let message = "the names of the volume and of the portal have more than 63 characters together";
        let finding = errors.invalid(&path.field("targetPortal"), message).called(path.field("targetportal"));
        finding.help("give the volume a shorter name, or remove `initiatorName`");
    }
    iscsi_target(&target, path, errors);
    if let Some(secret) = &source.secret_ref {
        secret_name(secret, &path.field("secretRef"), errors);
    }
}

/// A name by one of the three conventions that iSCSI has.
fn is_iscsi_name(name: &str) -> bool {
    let is_numbered = |length: usize| {
        let mut rest = name[3..].chars();
        rest.next().is_some_and(|separator| separator != '\n')
            && rest.as_str().len() == length
            && rest.all(|it| it.is_ascii_alphanumeric())
    };
    if name.starts_with("iqn") {
        // The original does not tie its pattern to the start of the text.
        name.match_indices("iqn.").any(|(at, prefix)| is_dated_name(&name[at + prefix.len()..]))
    } else {
        name.starts_with("eui") && is_numbered(16) || name.starts_with("naa") && is_numbered(32)
    }
}

/// `2026-01.com.example:storage`
fn is_dated_name(text: &str) -> bool {
    let Some((authority, target)) = text.split_once(':') else { return false };
    let bytes = authority.as_bytes();
    let is_date = bytes.len() > 8
        && bytes[..8].iter().enumerate().all(|(at, byte)| match at {
            4 => *byte == b'-',
            7 => *byte == b'.',
            _ => byte.is_ascii_digit(),
        });
    is_date
        && bytes[8..].iter().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(byte))
        && !target.is_empty()
        && !target.contains([',', ';', '*', '&', '$', '|', ' ', '\t', '\n', '\r', '\u{c}'])
}

/// What the server says of a name that is none.
fn iscsi_problem(name: &str) -> &'static str {
    let is_started = ["iqn", "eui", "naa"].iter().any(|start| name.starts_with(start));
    if is_started { "must be valid format" } else { "must be valid format starting with iqn, eui, or naa" }
}

/// The number of a logical unit.
fn unit(lun: i32, path: &Path, errors: &mut Errors<'_>) {
    if !(0..=255).contains(&lun) {
        errors
            .invalid(path, format!("a logical unit has a number between 0 and 255, not {lun}"))
            .says("must be between 0 and 255, inclusive");
    }
}

/// A volume over Fibre Channel.
pub(in crate::admission) fn fibre_channel(source: &FCVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    let names = source.target_wwns.as_deref().unwrap_or_default();
    let ids = source.wwids.as_deref().unwrap_or_default();
    let at = path.field("targetWWNs");
    if names.is_empty() && ids.is_empty() {
        errors
            .required(&at, "the source of the volume needs `targetWWNs` or `wwids`")
            .says("must specify either targetWWNs or wwids, but not both");
    }
    if !names.is_empty() && !ids.is_empty() {
        let place = errors.key_place(&path.field("wwids"));
        let finding = errors
            .invalid(&at, "`targetWWNs` and `wwids` cannot be given together")
            .says("targetWWNs and wwids can not be specified simultaneously");
        finding.related(place, "the other one");
    }
    if !names.is_empty() {
        match source.lun {
            None => {
                errors
                    .required(&path.field("lun"), "`targetWWNs` need the number of a logical unit in `lun`")
                    .says("lun is required if targetWWNs is specified");
            }
            Some(lun) => unit(lun, &path.field("lun"), errors),
        }
    }
}

/// The driver and options of a flex volume.
pub(in crate::admission) fn flex(
    driver: &str,
    options: Option<&BTreeMap<String, String>>,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    needed(driver, path, "driver", errors);
    for key in options.into_iter().flatten().map(|(key, _)| key) {
        let domain = key.split_once('/').map_or(key.as_str(), |(domain, _)| domain);
        let domain = format!(".{}", domain.to_lowercase());
        if domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io") {
            let path = path.field("options").key(key);
            let place = errors.key_place(&path);
            let message = format!("the domain of the option `{}` is reserved", shortened(key));
            errors
                .invalid(&path, message)
                .of(key.as_str())
                .says("kubernetes.io and k8s.io namespaces are reserved")
                .at(place)
                .help("use a domain of your own");
        }
    }
}

/// A share of Azure's.
pub(in crate::admission) fn azure_file(source: &AzureFilePersistentVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.secret_name, path, "secretName", errors);
    needed(&source.share_name, path, "shareName", errors);
    if source.secret_namespace.as_deref() == Some("") {
        needed("", path, "secretNamespace", errors);
    }
}

/// A disk of Azure's.
pub(in crate::admission) fn azure_disk(source: &AzureDiskVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    const CACHING: [&str; 3] = ["None", "ReadOnly", "ReadWrite"];
    const KINDS: [&str; 3] = ["Dedicated", "Managed", "Shared"];
    needed(&source.disk_name, path, "diskName", errors);
    needed(&source.disk_uri, path, "diskURI", errors);
    if let Some(mode) = source.caching_mode.as_deref().filter(|mode| !CACHING.contains(mode)) {
        errors.unsupported(&path.field("cachingMode"), "the `cachingMode` of a disk", mode, CACHING);
    }
    let Some(kind) = source.kind.as_deref() else { return };
    if !KINDS.contains(&kind) {
        errors.unsupported(&path.field("kind"), "the `kind` of a disk", kind, KINDS);
    }
    let (start, example) = if kind == "Managed" {
        ("/subscriptions/", "/subscriptions/…/resourcegroups/…/providers/microsoft.compute/disks/…")
    } else {
        ("https://", "https://….blob.core.windows.net/…/….vhd")
    };
    if !source.disk_uri.starts_with(start) {
        let what = format!("the `diskURI` of a disk whose kind is `{}`", shortened(kind));
        errors.unsupported(&path.field("diskURI"), what, &source.disk_uri, [example]);
    }
}

/// A volume of `OpenStack`.
pub(in crate::admission) fn cinder(source: &CinderPersistentVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.volume_id, path, "volumeID", errors);
    if let Some(secret) = &source.secret_ref {
        let path = path.field("secretRef");
        secret_name(secret, &path, errors);
        if secret.namespace.as_deref().is_none_or(str::is_empty) {
            errors.required(&path.field("namespace"), "the Secret needs its namespace here");
        }
    }
}

/// A volume of `StorageOS`.
pub(in crate::admission) fn storage_os(source: &StorageOSPersistentVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    let name = source.volume_name.as_deref().unwrap_or_default();
    needed(name, path, "volumeName", errors);
    for (field, name) in
        [("volumeName", name), ("volumeNamespace", source.volume_namespace.as_deref().unwrap_or_default())]
    {
        if !name.is_empty() {
            let what = format!("the `{field}` `{}`", shortened(name));
            errors.each_invalid(&path.field(field), what, names::dns1123_label(name));
        }
    }
    if let Some(secret) = &source.secret_ref {
        let path = path.field("secretRef");
        for (field, value) in [("name", &secret.name), ("namespace", &secret.namespace)] {
            if value.as_deref().is_none_or(str::is_empty) {
                errors.required(&path.field(field), format!("the Secret needs its `{field}` here"));
            }
        }
    }
}

/// A volume that a CSI driver provides.
pub(in crate::admission) fn csi(source: &CSIPersistentVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    driver_name(&source.driver, &path.field("driver"), errors);
    needed(&source.volume_handle, path, "volumeHandle", errors);
    // The Secret for staging is not looked at.
    let secrets = [
        ("controllerPublishSecretRef", &source.controller_publish_secret_ref),
        ("controllerExpandSecretRef", &source.controller_expand_secret_ref),
        ("nodePublishSecretRef", &source.node_publish_secret_ref),
        ("nodeExpandSecretRef", &source.node_expand_secret_ref),
    ];
    for (field, secret) in secrets {
        if let Some(secret) = secret {
            self::secret(secret, &path.field(field), errors);
        }
    }
}

/// The name of a CSI driver (`ValidateCSIDriverName`).
pub(in crate::admission) fn driver_name(name: &str, path: &Path, errors: &mut Errors<'_>) {
    if name.is_empty() {
        errors.required(path, "the CSI driver has no name");
        return;
    }
    if name.len() > 63 {
        errors
            .too_long(path, format!("the name of a CSI driver has at most 63 characters, not {}", name.len()))
            .says("may not be more than 63 bytes");
    }
    let what = format!("the name of the CSI driver `{}`", shortened(name));
    errors.each_invalid(path, what, names::dns1123_subdomain(&name.to_lowercase()));
}

/// A Secret in some namespace (`validatePVSecretReference`).
fn secret(secret: &SecretReference, path: &Path, errors: &mut Errors<'_>) {
    secret_name(secret, path, errors);
    if let Some(name) = secret.name.as_deref().filter(|name| !name.is_empty()) {
        let what = format!("the name of the Secret `{}`", shortened(name));
        errors.each_invalid(&path.field("name"), what, names::dns1123_subdomain(name));
    }
    let namespace = path.field("namespace");
    match secret.namespace.as_deref().filter(|name| !name.is_empty()) {
        None => {
            errors.required(&namespace, "the Secret needs its namespace here");
        }
        Some(name) => {
            let what = format!("the namespace `{}`", shortened(name));
            errors.each_invalid(&namespace, what, names::dns1123_label(name));
        }
    }
}

fn secret_name(secret: &SecretReference, path: &Path, errors: &mut Errors<'_>) {
    if secret.name.as_deref().is_none_or(str::is_empty) {
        errors.required(&path.field("name"), "the Secret has no name");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_iscsi_are_those_of_its_three_conventions() {
        let good =
            ["iqn.2001-04.com.example:storage.disk1", "eui.0123456789ABCDEF", "naa.62004567BA64678D0123456789ABCDEF"];
        let bad = [
            "",
            "iqn",
            "iqn.2001-04.com.example",
            "iqn.201-04.com:x",
            "iqn.2001-04.com:a b",
            "eui.012",
            "iqx.1",
            "naaé",
        ];
        assert!(good.into_iter().all(is_iscsi_name));
        assert!(!bad.into_iter().any(is_iscsi_name));
    }

    #[test]
    fn hosts_have_ports() {
        assert!(["a:1", ":1", "[::1]:1", "a:"].into_iter().all(is_host_with_port));
        assert!(!["a", "::1:1", "[::1]", "[a:1", "a]:1"].into_iter().any(is_host_with_port));
    }
}
