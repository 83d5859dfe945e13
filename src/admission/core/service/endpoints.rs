//! Endpoints and `EndpointSlice`s.
//!
//! Mirrors `ValidateEndpoints` of pkg/apis/core/validation, `ValidateEndpointSlice` of pkg/apis/discovery/validation and the
//! warnings of both strategies (v1.36). Addresses that have not changed are not checked again. That Endpoints are
//! deprecated is known to [`crate::schema`].

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset, Endpoints};
use k8s_openapi::api::discovery::v1::{self, Endpoint, EndpointHints, EndpointSlice};

use super::defaults;
use super::ports::{app_protocol, unnamed};
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Gate;
use crate::admission::shared::absent::{list, text};
use crate::admission::shared::repeats::{FIRST, first};
use crate::admission::shared::{ip, port};
use crate::admission::{ApiServer, How, Kind};
use crate::values::ip::Ip;
use crate::values::names;
use crate::yaml::Path;

/// The most that an `EndpointSlice` can hold.
const MOST_ADDRESSES: usize = 100;
const MOST_PORTS: usize = 20_000;
const MOST_ENDPOINTS: usize = 1000;
const MOST_HINTS: usize = 8;

impl Kind for Endpoints {
    fn set_defaults(&mut self, _: &ApiServer) {
        defaults::endpoints(self);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        subsets(list(self.subsets.as_ref()), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        if list(self.subsets.as_ref()) != list(old.subsets.as_ref()) {
            subsets(list(self.subsets.as_ref()), errors);
        }
    }
}

fn subsets(subsets: &[EndpointSubset], errors: &mut Errors<'_>) {
    for (index, subset) in subsets.iter().enumerate() {
        let EndpointSubset { addresses, not_ready_addresses, ports } = subset;
        let path = Path::root().field("subsets").index(index);
        let (ready, not_ready) = (list(addresses.as_ref()), list(not_ready_addresses.as_ref()));
        if ready.is_empty() && not_ready.is_empty() {
            errors
                .required(&path, "the subset has no addresses")
                .says("must specify `addresses` or `notReadyAddresses`")
                .help("add `addresses` or `notReadyAddresses`");
        }
        for (name, addresses) in [("addresses", ready), ("notReadyAddresses", not_ready)] {
            for (index, address) in addresses.iter().enumerate() {
                self::address(address, &path.field(name).index(index), errors);
            }
        }
        let ports = list(ports.as_ref());
        for (index, port) in ports.iter().enumerate() {
            endpoint_port(port, ports.len(), &path.field("ports").index(index), errors);
        }
    }
}

fn address(address: &EndpointAddress, path: &Path, errors: &mut Errors<'_>) {
    let at = path.field("ip");
    if ip::legacy_ip(&address.ip, &[], &at, &at, errors) {
        ip::warn_of_ip(&address.ip, &at, errors);
    }
    ip::endpoint_ip(&address.ip, &at, errors);
    let hostname = text(address.hostname.as_ref());
    if !hostname.is_empty() {
        let what = format!("the host name `{}`", shortened(hostname));
        errors.each_invalid(&path.field("hostname"), what, names::dns1123_label(hostname));
    }
    node_name(address.node_name.as_deref(), &path.field("nodeName"), errors);
}

fn node_name(name: Option<&str>, path: &Path, errors: &mut Errors<'_>) {
    if let Some(name) = name {
        let what = format!("the name of a node `{}`", shortened(name));
        errors.each_invalid(path, what, names::dns1123_subdomain(name));
    }
}

fn endpoint_port(port: &EndpointPort, count: usize, path: &Path, errors: &mut Errors<'_>) {
    let name = text(port.name.as_ref());
    if !name.is_empty() {
        port::name(name, names::dns1123_label, &path.field("name"), errors);
    } else if count > 1 {
        unnamed(port.port, "subset", count, path, errors);
    }
    port::number(port.port, &path.field("port"), errors);
    port::protocol(text(port.protocol.as_ref()), &path.field("protocol"), errors);
    app_protocol(port.app_protocol.as_deref(), path, errors);
}

impl Kind for EndpointSlice {
    fn set_defaults(&mut self, _: &ApiServer) {
        defaults::endpoint_slice(self);
    }

    /// Names of nodes in hints are dropped by servers that do not know them, and `deprecatedTopology` by all.
    fn prepare(&mut self, _: Option<&mut Self>, _: How, errors: &mut Errors<'_>) -> bool {
        let knows_nodes = errors.server.enabled(Gate::PreferSameTrafficDistribution);
        for endpoint in self.endpoints.iter_mut().flatten() {
            endpoint.deprecated_topology = None;
            if let Some(hints) = endpoint.hints.as_mut().filter(|_| !knows_nodes) {
                hints.for_nodes = None;
            }
        }
        true
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        slice(self, None, errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        slice(self, Some(old), errors);
        if self.address_type != old.address_type {
            let message = format!("the address type cannot change from `{}`", old.address_type);
            let finding = errors.immutable(&Path::root().field("addressType"), message).says("field is immutable");
            finding.help("give the new slice another name, or delete the old one first");
        }
    }
}

fn slice(slice: &EndpointSlice, old: Option<&EndpointSlice>, errors: &mut Errors<'_>) {
    let path = Path::root().field("addressType");
    match slice.address_type.as_str() {
        "IPv4" | "IPv6" => {}
        "FQDN" => {
            errors.warn(&path, "endpoints with names are deprecated").help("use `IPv4` or `IPv6`");
        }
        "" => {
            errors.required(&path, "the slice has no address type").help("write `addressType: IPv4` or `IPv6`");
        }
        other => {
            errors.unsupported(&path, "the address type", other, ["FQDN", "IPv4", "IPv6"]);
        }
    }
    slice_ports(list(slice.ports.as_ref()), errors);
    let endpoints = list(slice.endpoints.as_ref());
    if old.is_some_and(|old| list(old.endpoints.as_ref()) == endpoints) {
        return;
    }
    let path = Path::root().field("endpoints");
    if endpoints.len() > MOST_ENDPOINTS {
        errors
            .too_many(&path, format!("the slice has {} endpoints, more than {MOST_ENDPOINTS}", endpoints.len()))
            .of(endpoints.len())
            .says(format!("must have at most {MOST_ENDPOINTS} items"));
        return;
    }
    for (index, endpoint) in endpoints.iter().enumerate() {
        self::endpoint(endpoint, &slice.address_type, &path.index(index), errors);
    }
}

fn slice_ports(ports: &[v1::EndpointPort], errors: &mut Errors<'_>) {
    let all = Path::root().field("ports");
    if ports.len() > MOST_PORTS {
        errors
            .too_many(&all, format!("the slice has {} ports, more than {MOST_PORTS}", ports.len()))
            .of(ports.len())
            .says(format!("must have at most {MOST_PORTS} items"));
        return;
    }
    let mut seen = BTreeMap::new();
    for (index, port) in ports.iter().enumerate() {
        let path = all.index(index);
        let name = text(port.name.as_ref());
        if !name.is_empty() {
            port::name(name, names::dns1123_label, &path.field("name"), errors);
        }
        if let Some(first) = first(&mut seen, name, index) {
            let message = match name {
                "" => "two ports of the EndpointSlice have no name".to_owned(),
                name => format!("two ports of the EndpointSlice have the name `{name}`"),
            };
            let first = errors.place(&all.index(first).field("name"));
            let finding = errors.duplicate(&path.field("name"), message).rule("duplicate-port-name");
            finding.related(first, FIRST);
        }
        port::protocol(text(port.protocol.as_ref()), &path.field("protocol"), errors);
        app_protocol(port.app_protocol.as_deref(), &path, errors);
    }
}

fn endpoint(endpoint: &Endpoint, kind: &str, path: &Path, errors: &mut Errors<'_>) {
    let at = path.field("addresses");
    match endpoint.addresses.len() {
        0 => {
            errors.required(&at, "the endpoint has no address").help("write one, or remove the endpoint");
        }
        count if count > MOST_ADDRESSES => {
            errors.too_many(&at, format!("the endpoint has {count} addresses, more than {MOST_ADDRESSES}"));
        }
        _ => {}
    }
    for (index, address) in endpoint.addresses.iter().enumerate() {
        slice_address(address, kind, &at, index, errors);
    }
    node_name(endpoint.node_name.as_deref(), &path.field("nodeName"), errors);
    if let Some(hostname) = endpoint.hostname.as_deref() {
        let what = format!("the host name `{}`", shortened(hostname));
        errors.each_invalid(&path.field("hostname"), what, names::dns1123_label(hostname));
    }
    if let Some(hints) = &endpoint.hints {
        self::hints(hints, &path.field("hints"), errors);
    }
}

/// An address of the slice's type; those of unknown types are not looked at.
fn slice_address(address: &str, kind: &str, all: &Path, index: usize, errors: &mut Errors<'_>) {
    let path = all.index(index);
    let taken = match kind {
        "IPv4" => ip::legacy_ip(address, &[], &path, &path, errors),
        "IPv6" => ip::strict_ip(address, &path, errors),
        "FQDN" => {
            let what = format!("the name `{}`", shortened(address));
            errors.each_invalid(&path, what, names::fully_qualified_domain_name(address));
            return;
        }
        _ => return,
    };
    if taken {
        if Ip::parse_lenient(address).is_some_and(|ip| ip.is_v4() != (kind == "IPv4")) {
            let message = format!("the address `{address}` is not one of {kind}");
            let finding = errors.invalid(&path, message).called(all.clone());
            finding.help("write the addresses of each IP family into a slice of their own");
        }
        ip::endpoint_ip(address, &path, errors);
        ip::warn_of_ip(address, &path, errors);
    }
}

/// Which zones and nodes should use an endpoint.
fn hints(hints: &EndpointHints, path: &Path, errors: &mut Errors<'_>) {
    let zones = list(hints.for_zones.as_ref());
    let at = path.field("forZones");
    if zones.len() > MOST_HINTS {
        errors.too_many(&at, format!("the endpoint has hints for {} zones, more than {MOST_HINTS}", zones.len()));
        return;
    }
    each_hint(zones.iter().map(|zone| zone.name.as_str()), "zone", &at, names::label_value, errors);
    let nodes = list(hints.for_nodes.as_ref());
    let at = path.field("forNodes");
    if nodes.len() > MOST_HINTS {
        errors.too_many(&at, format!("the endpoint has hints for {} nodes, more than {MOST_HINTS}", nodes.len()));
        return;
    }
    each_hint(nodes.iter().map(|node| node.name.as_str()), "node", &at, names::dns1123_subdomain, errors);
}

fn each_hint<'a>(
    hints: impl Iterator<Item = &'a str>,
    what: &str,
    all: &Path,
    check: fn(&str) -> names::Problems,
    errors: &mut Errors<'_>,
) {
    let mut seen = BTreeMap::new();
    for (index, name) in hints.enumerate() {
        let path = all.index(index).field("name");
        if let Some(first) = first(&mut seen, name, index) {
            let first = errors.place(&all.index(first).field("name"));
            errors.duplicate(&path, format!("the {what} `{}` is named twice", shortened(name))).related(first, FIRST);
        }
        errors.each_invalid(&path, format!("the name of a {what} `{}`", shortened(name)), check(name));
    }
}
