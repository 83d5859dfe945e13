//! Volumes that are file systems elsewhere; those that persistent volumes can be too are judged alike.
//!
//! Mirrors `validateNFSVolumeSource` and its like in pkg/apis/core/validation (v1.36).

use k8s_openapi::api::core::v1::{
    AzureFileVolumeSource, CephFSVolumeSource, GitRepoVolumeSource, GlusterfsVolumeSource, NFSVolumeSource,
    QuobyteVolumeSource,
};

use crate::admission::container::path_inside;
use crate::admission::errors::{Errors, shortened};
use crate::yaml::Path;

/// A value that must be there.
pub(in crate::admission) fn needed(value: &str, what: &str, path: &Path, errors: &mut Errors<'_>) {
    if value.is_empty() {
        let field = path.last().and_then(|segment| segment.name()).unwrap_or_default();
        errors.required(path, format!("the volume has no {what}")).help(format!("add `{field}`"));
    }
}

pub(super) fn git_repo(source: &GitRepoVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.repository, "repository", &path.field("repository"), errors);
    let at = path.field("directory");
    path_inside(source.directory.as_deref().unwrap_or_default(), &at, &at, errors);
}

/// An export of an NFS server.
pub(in crate::admission) fn nfs(source: &NFSVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.server, "server", &path.field("server"), errors);
    needed(&source.path, "path on its server", &path.field("path"), errors);
    if !source.path.starts_with('/') {
        let message = format!("the path `{}` on the server must be absolute", shortened(&source.path));
        errors.invalid(&path.field("path"), message).help("let it begin with `/`");
    }
}

pub(super) fn glusterfs(source: &GlusterfsVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.endpoints, "Endpoints", &path.field("endpoints"), errors);
    needed(&source.path, "path on its server", &path.field("path"), errors);
}

pub(super) fn cephfs(source: &CephFSVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    if source.monitors.is_empty() {
        errors.required(&path.field("monitors"), "the volume has no monitors").help("list their addresses");
    }
}

pub(super) fn azure_file(source: &AzureFileVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    needed(&source.secret_name, "Secret", &path.field("secretName"), errors);
    needed(&source.share_name, "share", &path.field("shareName"), errors);
}

/// A volume of Quobyte.
pub(in crate::admission) fn quobyte(source: &QuobyteVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    const TENANT_LIMIT: usize = 64;
    let at = path.field("registry");
    if source.registry.is_empty() {
        needed(&source.registry, "registry", &at, errors);
    } else if source.tenant.as_ref().is_some_and(|tenant| tenant.len() > TENANT_LIMIT) {
        let message = format!("the tenant must be an id of at most {TENANT_LIMIT} characters");
        errors.required(&path.field("tenant"), message);
    } else {
        for pair in source.registry.split(',').filter(|pair| !is_host_and_port(pair)) {
            let message = format!("`{}` must be a host, a colon and a port", shortened(pair));
            errors.invalid(&at, message).help("write `host:port`, and commas between several");
        }
    }
    needed(&source.volume, "name at Quobyte", &path.field("volume"), errors);
}

/// As Go's `net.SplitHostPort`, which does not look into the parts.
fn is_host_and_port(text: &str) -> bool {
    let host = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((host, port)) = rest.split_once(']') else { return false };
            let is_port = port.strip_prefix(':').is_some_and(|port| !port.contains([':', '[', ']']));
            return is_port && !host.contains('[');
        }
        None => text.rsplit_once(':').map(|(host, _)| host),
    };
    host.is_some_and(|host| !host.contains(':')) && !text.contains(['[', ']'])
}
