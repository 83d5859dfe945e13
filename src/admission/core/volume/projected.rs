//! Volumes whose files come from several sources.
//!
//! Mirrors `validateProjectedVolumeSource` and `validateProjectionSources` in pkg/apis/core/validation (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ClusterTrustBundleProjection, KeyToPath, PodCertificateProjection, ProjectedVolumeSource,
    ServiceAccountTokenProjection, VolumeProjection,
};

use super::files;
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::selector::{Options, label_selector};
use crate::values::names;
use crate::yaml::Path;

pub(super) fn check(source: &ProjectedVolumeSource, path: &Path, errors: &mut Errors<'_>) {
    files::mode(source.default_mode, &path.field("defaultMode"), errors);
    let mut taken = Taken { volume: path, paths: BTreeMap::new() };
    for (index, source) in source.sources.iter().flatten().enumerate() {
        self::source(source, &path.field("sources").index(index), &mut taken, errors);
    }
}

/// The paths of files so far, and where they are written.
struct Taken<'a> {
    volume: &'a Path,
    paths: BTreeMap<String, Path>,
}

impl Taken<'_> {
    /// Takes the path that is written at `at`; the API server blames the volume if it is taken already.
    fn take(&mut self, file: &str, at: Path, errors: &mut Errors<'_>) {
        if let Some(first) = self.paths.get(file) {
            let place = errors.place(first);
            let message = format!("two files of the volume have the path `{}`", shortened(file));
            errors
                .invalid(&at, message)
                .of(file)
                .says("conflicting duplicate paths")
                .called(self.volume.clone())
                .related(place, "first here");
        } else {
            self.paths.insert(file.to_owned(), at);
        }
    }
}

fn source(source: &VolumeProjection, path: &Path, taken: &mut Taken<'_>, errors: &mut Errors<'_>) {
    let mut types = Vec::new();
    if let Some(secret) = &source.secret {
        types.push("secret");
        named("Secret", &secret.name, &path.field("secret"), errors);
        items(secret.items.as_deref(), &path.fields(&["secret", "items"]), taken, errors);
    }
    if let Some(map) = &source.config_map {
        types.push("configMap");
        named("ConfigMap", &map.name, &path.field("configMap"), errors);
        items(map.items.as_deref(), &path.fields(&["configMap", "items"]), taken, errors);
    }
    if let Some(downward) = &source.downward_api {
        types.push("downwardAPI");
        let called = path.field("downwardAPI");
        for (index, file) in downward.items.iter().flatten().enumerate() {
            let at = called.field("items").index(index);
            files::downward_file(file, &at, &called, errors);
            if !file.path.is_empty() {
                taken.take(&file.path, at.field("path"), errors);
            }
        }
    }
    if let Some(token) = &source.service_account_token {
        types.push("serviceAccountToken");
        self::token(token, &path.field("serviceAccountToken"), taken.volume, errors);
    }
    if let Some(bundle) = &source.cluster_trust_bundle {
        types.push("clusterTrustBundle");
        let path = path.field("clusterTrustBundle");
        trust_bundle(bundle, &path, errors);
        taken.take(&bundle.path, path.field("path"), errors);
    }
    if let Some(certificate) = &source.pod_certificate {
        types.push("podCertificate");
        self::certificate(certificate, &path.field("podCertificate"), taken, errors);
    }
    if let [first, second, ..] = types[..] {
        let place = errors.key_place(&path.field(first));
        let message = format!("a source has only one type, and this one is both `{first}` and `{second}`");
        errors
            .forbidden(path, message)
            .says("may not specify more than 1 volume type per source")
            .related(place, "the first type")
            .help("make two sources of it");
    }
}

fn named(what: &str, name: &str, path: &Path, errors: &mut Errors<'_>) {
    if name.is_empty() {
        errors.required(&path.field("name"), format!("the source does not say which {what} it is")).help("add `name`");
    }
}

fn items(items: Option<&[KeyToPath]>, path: &Path, taken: &mut Taken<'_>, errors: &mut Errors<'_>) {
    files::items(items, path, errors);
    for (index, item) in items.unwrap_or_default().iter().enumerate().filter(|(_, item)| !item.path.is_empty()) {
        taken.take(&item.path, path.index(index).field("path"), errors);
    }
}

/// The API server names a bad path as if it were one of the volume.
fn token(token: &ServiceAccountTokenProjection, path: &Path, volume: &Path, errors: &mut Errors<'_>) {
    const SHORTEST: i64 = 600;
    const LONGEST: i64 = 1 << 32;
    let seconds = token.expiration_seconds.unwrap_or_default();
    if !(SHORTEST..=LONGEST).contains(&seconds) {
        let message = format!("a token lives between {SHORTEST} seconds and {LONGEST}, not {seconds}");
        errors.invalid(&path.field("expirationSeconds"), message).says(if seconds < SHORTEST {
            "may not specify a duration less than 10 minutes"
        } else {
            "may not specify a duration larger than 2^32 seconds"
        });
    }
    let at = path.field("path");
    if token.path.is_empty() {
        let finding = errors.required(&at, "the token does not say which file it becomes");
        finding.called(volume.field("path"));
    }
    files::unreserved(&token.path, &at, &volume.field("path"), errors);
}

fn trust_bundle(bundle: &ClusterTrustBundleProjection, path: &Path, errors: &mut Errors<'_>) {
    match (&bundle.name, &bundle.signer_name) {
        (Some(_), Some(_)) => {
            errors
                .invalid(path, "a trust bundle is meant by its `name` or its `signerName`, not by both")
                .says("only one of name and signerName may be used");
        }
        (Some(name), None) => {
            let at = path.field("name");
            if name.is_empty() {
                errors.required(&at, "the trust bundle has an empty name").says("must be a valid object name");
            }
            // What precedes the last colon is the signer, with colons for slashes.
            let own = name.rsplit_once(':').map_or(name.as_str(), |(_, own)| own);
            let what = format!("the name `{}` of a trust bundle", shortened(name));
            errors.each_invalid(&at, what, names::dns1123_subdomain(own));
            if bundle.label_selector.is_some() {
                let message = "a trust bundle that is named needs no selector";
                errors
                    .invalid(&path.field("labelSelector"), message)
                    .says("labelSelector must be unset if name is specified")
                    .help("remove it");
            }
        }
        (None, Some(signer)) => {
            let at = path.field("signerName");
            signer_name(signer, &at, errors);
            let selector = bundle.label_selector.as_ref();
            label_selector(selector, &path.field("labelSelector"), Options::default(), errors);
        }
        (None, None) => {
            let message = "the source does not say which trust bundle it is";
            errors
                .required(path, message)
                .says("either name or signerName must be specified")
                .help("add `name` or `signerName`");
        }
    }
    if bundle.path.is_empty() {
        errors.required(&path.field("path"), "the trust bundle does not say which file it becomes");
    }
    let at = path.field("path");
    files::unreserved(&bundle.path, &at, &at, errors);
}

fn certificate(certificate: &PodCertificateProjection, path: &Path, taken: &mut Taken<'_>, errors: &mut Errors<'_>) {
    const KEY_TYPES: [&str; 6] = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
    const SHORTEST: i32 = 3600;
    const LONGEST: i32 = 91 * 24 * 60 * 60;
    const LONGEST_OF_KUBERNETES: i32 = 24 * 60 * 60;
    let signer = certificate.signer_name.as_str();
    signer_name(signer, &path.field("signerName"), errors);
    for key in certificate.user_annotations.iter().flatten().map(|(key, _)| key) {
        for problem in names::domain_prefixed_key(&key.to_lowercase()) {
            let at = path.field("userAnnotations").key(key);
            let place = errors.key_place(&at);
            let message = format!("the key `{}` {problem}", shortened(key));
            errors
                .invalid(&at, message)
                .of(key.as_str())
                .problem(problem)
                .at(place)
                .called(path.field("userAnnotations"));
        }
    }
    if !KEY_TYPES.contains(&certificate.key_type.as_str()) {
        errors.unsupported(&path.field("keyType"), "the type of a key", &certificate.key_type, KEY_TYPES);
    }
    if let Some(seconds) = certificate.max_expiration_seconds {
        let host = signer.split('/').next().unwrap_or_default();
        let is_own = host == "kubernetes.io" || host.ends_with(".kubernetes.io");
        let longest = if is_own { LONGEST_OF_KUBERNETES } else { LONGEST };
        if !(SHORTEST..=longest).contains(&seconds) {
            let message = format!("a certificate lives between {SHORTEST} seconds and {longest}, not {seconds}");
            errors.invalid(&path.field("maxExpirationSeconds"), message).says(if seconds < SHORTEST {
                "if provided, maxExpirationSeconds must be >= 3600".to_owned()
            } else {
                format!("if provided, maxExpirationSeconds must be <= {longest}")
            });
        }
    }
    let files = [
        ("credentialBundlePath", &certificate.credential_bundle_path),
        ("keyPath", &certificate.key_path),
        ("certificateChainPath", &certificate.certificate_chain_path),
    ];
    let mut written = 0;
    for (field, file) in files {
        let Some(file) = file.as_deref().filter(|file| !file.is_empty()) else { continue };
        written += 1;
        let at = path.field(field);
        files::unreserved(file, &at, &at, errors);
        taken.take(file, at, errors);
    }
    if written == 0 {
        let message = "the certificate does not say which files it becomes";
        errors
            .required(path, message)
            .says("specify at least one of credentialBundlePath, keyPath, and certificateChainPath")
            .help("add `credentialBundlePath`, or `keyPath` and `certificateChainPath`");
    }
}

/// The name of who signs certificates (`ValidateSignerName`).
fn signer_name(name: &str, path: &Path, errors: &mut Errors<'_>) {
    const DOMAIN_LIMIT: usize = 253;
    const LIMIT: usize = 571;
    if name.is_empty() {
        errors.required(path, "the signer has no name");
        return;
    }
    let parts: Vec<&str> = name.split('/').collect();
    let [domain, rest] = parts[..] else {
        let message = format!("the signer `{}` must be a domain, a `/` and a name", shortened(name));
        errors.invalid(path, message).help("write it as `example.com/signer`");
        return;
    };
    if domain.len() > DOMAIN_LIMIT {
        errors.too_long(path, format!("the domain of a signer can have at most {DOMAIN_LIMIT} characters"));
    }
    let problem = domain.split('.').find_map(|part| names::dns1123_label(part).into_iter().next());
    let problem =
        problem.or_else(|| rest.split('.').find_map(|part| names::dns1123_subdomain(part).into_iter().next()));
    if let Some(problem) = problem {
        errors.invalid(path, format!("a part of the signer `{}` {problem}", shortened(name)));
    }
    if !domain.contains('.') {
        errors.invalid(path, format!("the domain of the signer `{}` must have a dot", shortened(name)));
    }
    if name.len() > LIMIT {
        errors.too_long(path, format!("the name of a signer can have at most {LIMIT} characters"));
    }
}
