//! What a pod is called and how it finds others: host names, host aliases, DNS.
//!
//! Mirrors `validatePodHostName`, `ValidateHostAliases`, `validateDNSPolicy` and `validatePodDNSConfig` in
//! pkg/apis/core/validation (v1.36).

use k8s_openapi::api::core::v1::{PodDNSConfig, PodSpec};

use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::ip;
use crate::values::names;
use crate::yaml::Path;

const DNS_POLICIES: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

/// The names of the pod at `path`.
pub(super) fn names(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    /// The longest host name of Linux.
    const LIMIT: usize = 64;
    if let Some(name) = &spec.hostname_override {
        let at = path.field("hostnameOverride");
        for (field, set) in [("setHostnameAsFQDN", spec.set_hostname_as_fqdn), ("hostNetwork", spec.host_network)] {
            if set == Some(true) {
                let place = errors.place(&path.field(field));
                let message = format!("a pod with `{field}: true` cannot have a `hostnameOverride`");
                errors
                    .forbidden(&at, message)
                    .says(format!("may not be specified when {field} is true"))
                    .related(place, "set here")
                    .help("remove one of the two");
            }
        }
        if name.len() > LIMIT {
            errors
                .too_long(&at, format!("a host name can have at most {LIMIT} characters"))
                .says(format!("may not be more than {LIMIT} bytes"));
        }
        let what = format!("the host name `{}`", shortened(name));
        errors.each_invalid(&at, what, names::dns1123_subdomain(name));
    }
    for (field, name) in [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)] {
        if let Some(name) = name.as_deref().filter(|name| !name.is_empty()) {
            let what = format!("the {field} `{}`", shortened(name));
            errors.each_invalid(&path.field(field), what, names::dns1123_label(name));
        }
    }
}

/// Further lines of the pod's hosts file.
pub(super) fn aliases(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    let path = path.field("hostAliases");
    for (index, alias) in spec.host_aliases.iter().flatten().enumerate() {
        let path = path.index(index);
        address(&alias.ip, &path.field("ip"), errors);
        for (index, name) in alias.hostnames.iter().flatten().enumerate() {
            let what = format!("the host name `{}`", shortened(name));
            errors.each_invalid(&path.field("hostnames").index(index), what, names::dns1123_subdomain(name));
        }
    }
}

/// How the pod resolves names.
pub(super) fn dns(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    let policy = spec.dns_policy.as_deref().unwrap_or_default();
    if !DNS_POLICIES.contains(&policy) {
        errors.unsupported(&path.field("dnsPolicy"), "the DNS policy", policy, DNS_POLICIES);
    }
    let at = path.field("dnsConfig");
    let has_server = |config: &PodDNSConfig| config.nameservers.as_ref().is_some_and(|servers| !servers.is_empty());
    if policy == "None" && !spec.dns_config.as_ref().is_some_and(has_server) {
        let policy = errors.place(&path.field("dnsPolicy"));
        let at = if spec.dns_config.is_some() { at.field("nameservers") } else { at };
        let finding = errors
            .required(&at, "a pod with `dnsPolicy: None` needs a name server of its own")
            .says("must provide at least one DNS nameserver when `dnsPolicy` is None");
        finding.related(policy, "the policy").help("list at least one address in `dnsConfig.nameservers`");
        return;
    }
    if let Some(config) = &spec.dns_config {
        dns_config(config, &at, errors);
    }
}

fn dns_config(config: &PodDNSConfig, path: &Path, errors: &mut Errors<'_>) {
    // What the resolver of the GNU C library can hold.
    const SERVERS: usize = 3;
    const SEARCHES: usize = 32;
    const SEARCHES_LENGTH: usize = 2048;
    let servers = config.nameservers.as_deref().unwrap_or_default();
    let at = path.field("nameservers");
    if servers.len() > SERVERS {
        errors
            .invalid(&at, format!("a pod can have at most {SERVERS} name servers, not {}", servers.len()))
            .says(format!("must not have more than {SERVERS} nameservers"));
    }
    for (index, server) in servers.iter().enumerate() {
        address(server, &at.index(index), errors);
    }
    let searches = config.searches.as_deref().unwrap_or_default();
    let at = path.field("searches");
    if searches.len() > SEARCHES {
        errors
            .invalid(&at, format!("a pod can have at most {SEARCHES} search domains, not {}", searches.len()))
            .says(format!("must not have more than {SEARCHES} search paths"));
    }
    let length = searches.iter().map(|search| search.len() + 1).sum::<usize>().saturating_sub(1);
    if length > SEARCHES_LENGTH {
        let message = format!("the search domains can have at most {SEARCHES_LENGTH} characters, not {length}");
        errors.invalid(&at, message).says(format!(
            "must not have more than {SEARCHES_LENGTH} characters (including spaces) in the search list"
        ));
    }
    for (index, search) in searches.iter().enumerate().filter(|(_, search)| *search != ".") {
        let domain = search.strip_suffix('.').unwrap_or(search);
        let what = format!("the search domain `{}`", shortened(search));
        errors.each_invalid(&at.index(index), what, names::dns1123_subdomain_with_underscore(domain));
    }
    for (index, option) in config.options.iter().flatten().enumerate() {
        if option.name.as_deref().is_none_or(str::is_empty) {
            errors
                .required(&path.field("options").index(index), "the DNS option has no name")
                .says("must not be empty");
        }
    }
}

/// The server warns of odd forms of addresses in the same go.
fn address(address: &str, path: &Path, errors: &mut Errors<'_>) {
    ip::legacy_ip(address, &[], path, path, errors);
    ip::warn_of_ip(address, path, errors);
}
