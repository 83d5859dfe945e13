//! What the registry fills in and finds out before a Service is validated: addresses, their families, node ports.
//!
//! Mirrors `beginCreate` and `beginUpdate` with what they call in pkg/registry/core/service/storage (v1.36), as a dry run
//! does it. Which addresses and ports are free is not known here, so placeholders stand for what the API server would
//! choose. What is refused here is refused alone.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use super::update::drop_type_dependent_fields;
use super::{addresses, needs_health_check};
use crate::admission::errors::Errors;
use crate::admission::shared::absent::{list, text};
use crate::values::ip::Ip;
use crate::yaml::Path;

/// How an address that the API server chooses begins; its family follows, if that is known.
pub(super) const PLACEHOLDER: &str = "\0";

/// Ports below are ports that the API server chooses.
const PLACEHOLDERS_END: i32 = i32::MIN + 100_000;

/// Whether a node port is one that the API server chooses.
pub(super) fn is_placeholder(port: i32) -> bool {
    port < PLACEHOLDERS_END
}

/// The family of an address that is written or chosen.
pub(super) fn family_of(address: &str) -> Option<&'static str> {
    match address.strip_prefix(PLACEHOLDER) {
        Some("IPv4") => Some("IPv4"),
        Some("IPv6") => Some("IPv6"),
        Some(_) => None,
        None => Ip::parse_lenient(address).map(|ip| if ip.is_v4() { "IPv4" } else { "IPv6" }),
    }
}

/// `beginCreate`. Returns whether validation follows.
pub(super) fn create(service: &mut Service, errors: &mut Errors<'_>) -> bool {
    let spec = service.spec.get_or_insert_default();
    let single = text(spec.cluster_ip.as_ref()).to_owned();
    if !single.is_empty() && list(spec.cluster_ips.as_ref()).is_empty() {
        spec.cluster_ips = Some(vec![single]);
    }
    families(spec, None, errors) && choose_addresses(spec, errors) && {
        let mut taken = BTreeSet::new();
        new_node_ports(spec, &mut taken, errors) && health_check_port(spec, &taken, errors)
    }
}

/// `beginUpdate` and `PrepareForUpdate`, where `old` has been allocated already. Returns whether validation follows.
pub(super) fn update(service: &mut Service, old: &mut Service, errors: &mut Errors<'_>) -> bool {
    let (spec, old) = (service.spec.get_or_insert_default(), old.spec.get_or_insert_default());
    keep_allocated(spec, old);
    normalize(spec, old);
    if !families(spec, Some(old), errors) || !update_addresses(spec, old, errors) {
        return false;
    }
    let mut taken = BTreeSet::new();
    if !update_node_ports(spec, old, &mut taken, errors) {
        return false;
    }
    if !needs_health_check(old) && !health_check_port(spec, &taken, errors) {
        return false;
    }
    drop_type_dependent_fields(spec, old);
    true
}

fn kind(spec: &ServiceSpec) -> &str {
    text(spec.type_.as_ref())
}

fn policy(spec: &ServiceSpec) -> &str {
    text(spec.ip_family_policy.as_ref())
}

fn is_external_name(spec: &ServiceSpec) -> bool {
    kind(spec) == "ExternalName"
}

fn same_addresses(one: &ServiceSpec, other: &ServiceSpec) -> bool {
    list(one.cluster_ips.as_ref()) == list(other.cluster_ips.as_ref())
}

fn same_families(one: &ServiceSpec, other: &ServiceSpec) -> bool {
    list(one.ip_families.as_ref()) == list(other.ip_families.as_ref())
}

/// Whether it has any address it may, and nothing about that changes (`isMatchingPreferDualStackClusterIPFields`).
fn stays_as_it_prefers(spec: &ServiceSpec, old: Option<&ServiceSpec>) -> bool {
    let is_preferred = |policy: Option<&String>| policy.is_none_or(|policy| policy == "PreferDualStack");
    old.is_some_and(|old| {
        spec.ip_family_policy.is_some()
            && kind(spec) == kind(old)
            && matches!(kind(spec), "ClusterIP" | "NodePort" | "LoadBalancer")
            && is_preferred(spec.ip_family_policy.as_ref())
            && is_preferred(old.ip_family_policy.as_ref())
            && same_addresses(spec, old)
            && same_families(spec, old)
    })
}

/// The families of the addresses, by what is given and what the cluster has (`initIPFamilyFields`).
fn families(spec: &mut ServiceSpec, old: Option<&ServiceSpec>, errors: &mut Errors<'_>) -> bool {
    if is_external_name(spec) || stays_as_it_prefers(spec, old) {
        return true;
    }
    let is_bare = text(spec.cluster_ip.as_ref()) == "None" && spec.selector.as_ref().is_none_or(BTreeMap::is_empty);
    if spec.ip_family_policy.is_none() {
        let other = if is_bare { "RequireDualStack" } else { "SingleStack" };
        let kept = old.and_then(|old| old.ip_family_policy.clone());
        spec.ip_family_policy = Some(kept.unwrap_or_else(|| other.to_owned()));
    }
    let before = errors.refused();
    let path = Path::root().field("spec");
    addresses::cluster_ips(spec, old, &path, errors);
    if errors.refused() > before {
        return false;
    }
    let at_policy = path.field("ipFamilyPolicy");
    let is_single = policy(spec) == "SingleStack";
    if let Some(old) = old {
        if is_single {
            keep_first(spec, old);
        } else {
            released(spec, old, &at_policy, errors);
        }
    }
    if is_single {
        for (count, what) in [
            (list(spec.cluster_ips.as_ref()).len(), "addresses"),
            (list(spec.ip_families.as_ref()).len(), "IP families"),
        ] {
            if count == 2 {
                let message = format!("a Service with two {what} cannot be `SingleStack`");
                errors
                    .invalid(&at_policy, message)
                    .help("write `ipFamilyPolicy: RequireDualStack` or `PreferDualStack`");
            }
        }
    }
    infer(spec, errors);
    if errors.refused() > before {
        return false;
    }
    let known: Vec<&str> = configured(errors);
    if is_bare {
        // Nobody allocates an address, so that any family is allowed.
        let families = spec.ip_families.get_or_insert_default();
        families.extend(known.first().filter(|_| families.is_empty()).map(|family| (*family).to_owned()));
        if !is_single {
            add_other(families);
        }
        return true;
    }
    if policy(spec) == "RequireDualStack" && known.len() == 1 {
        let message = "the cluster has addresses of one IP family only";
        errors.invalid(&at_policy, message).help("write `ipFamilyPolicy: PreferDualStack`, or `SingleStack`");
    }
    for (index, family) in list(spec.ip_families.as_ref()).iter().enumerate() {
        if !known.is_empty() && !known.contains(&family.as_str()) {
            let message = format!("the cluster has no addresses of {family}");
            errors.invalid(&path.field("ipFamilies").index(index), message).help("remove the family");
        }
    }
    if errors.refused() > before {
        return false;
    }
    let is_dual = known.len() == 2 || policy(spec) == "RequireDualStack";
    let families = spec.ip_families.get_or_insert_default();
    families.extend(known.first().filter(|_| families.is_empty()).map(|family| (*family).to_owned()));
    if !is_single && is_dual {
        add_other(families);
    }
    true
}

/// The families of which the cluster has addresses; none if that is not known.
fn configured(errors: &Errors<'_>) -> Vec<&'static str> {
    errors.server.service_ranges.iter().map(|range| if range.is_v4() { "IPv4" } else { "IPv6" }).collect()
}

fn add_other(families: &mut Vec<String>) {
    if let [family] = &families[..] {
        let other = if family == "IPv4" { "IPv6" } else { "IPv4" };
        families.push(other.to_owned());
    }
}

/// `SingleStack` says clearly enough that the second address and family go.
fn keep_first(spec: &mut ServiceSpec, old: &ServiceSpec) {
    let (addresses, families) = (same_addresses(spec, old), same_families(spec, old));
    spec.cluster_ips.iter_mut().filter(|_| addresses).for_each(|list| list.truncate(1));
    spec.ip_families.iter_mut().filter(|_| families).for_each(|list| list.truncate(1));
}

/// Only `SingleStack` gives the second address back.
fn released(spec: &ServiceSpec, old: &ServiceSpec, path: &Path, errors: &mut Errors<'_>) {
    let pairs = [
        (list(spec.cluster_ips.as_ref()).len(), list(old.cluster_ips.as_ref()).len(), "address"),
        (list(spec.ip_families.as_ref()).len(), list(old.ip_families.as_ref()).len(), "IP family"),
    ];
    for (now, before, what) in pairs {
        if now > 0 && now < before {
            let message = format!("the second {what} goes only with `ipFamilyPolicy: SingleStack`");
            errors.invalid(path, message).help("write `ipFamilyPolicy: SingleStack`, or keep both");
        }
    }
}

/// Families that are not given follow from addresses that are.
fn infer(spec: &mut ServiceSpec, errors: &mut Errors<'_>) {
    let known = configured(errors);
    let families = spec.ip_families.get_or_insert_default();
    for (index, address) in list(spec.cluster_ips.as_ref()).iter().enumerate().take_while(|(_, ip)| *ip != "None") {
        let Some(family) = family_of(address).filter(|_| index >= families.len()) else { continue };
        if known.is_empty() || known.contains(&family) {
            families.push(family.to_owned());
        } else {
            let path = Path::root().fields(&["spec", "clusterIPs"]);
            let message = format!("the cluster has no addresses of {family}");
            let at = addresses::place_of(index, &path, errors);
            errors
                .invalid(&at, message)
                .called(path.index(index))
                .help("remove the address, and the API server finds one");
        }
    }
}

/// The addresses of a new Service (`allocClusterIPs`).
fn choose_addresses(spec: &mut ServiceSpec, errors: &mut Errors<'_>) -> bool {
    if is_external_name(spec) || list(spec.cluster_ips.as_ref()).first().is_some_and(|first| first == "None") {
        return true;
    }
    let families = list(spec.ip_families.as_ref());
    let count = families.len().max(if policy(spec) == "RequireDualStack" { 2 } else { 1 });
    let addresses = spec.cluster_ips.get_or_insert_default();
    for index in 0..count {
        match addresses.get(index) {
            None => addresses.push(placeholder(families.get(index))),
            Some(address) => {
                if !in_range(address, index, errors) {
                    return false;
                }
            }
        }
    }
    spec.cluster_ip = addresses.first().cloned();
    true
}

fn placeholder(family: Option<&String>) -> String {
    format!("{PLACEHOLDER}{}", text(family))
}

/// Whether an address is one that the cluster gives to Services; not the first of a range, nor the last one of IPv4.
fn in_range(address: &str, index: usize, errors: &mut Errors<'_>) -> bool {
    let Some(ip) = Ip::parse_lenient(address) else { return true };
    let Some(range) = errors.server.service_ranges.iter().find(|range| range.is_v4() == ip.is_v4()).copied() else {
        return true;
    };
    let free = range.contains(ip) && ip != range.first() && !(ip.is_v4() && ip == range.last());
    if !free {
        let path = Path::root().fields(&["spec", "clusterIPs"]);
        let at = addresses::place_of(index, &path, errors);
        let message = format!("the address `{address}` is not one that the cluster gives to Services");
        let finding = errors.invalid(&at, message).called(path);
        finding.help(format!("remove it, and the API server finds one in {range}, or write one of these"));
    }
    free
}

/// The addresses of a Service that changes (`updateClusterIPs`).
fn update_addresses(spec: &mut ServiceSpec, old: &ServiceSpec, errors: &mut Errors<'_>) -> bool {
    if stays_as_it_prefers(spec, Some(old)) {
        return true;
    }
    if is_external_name(old) && !is_external_name(spec) {
        return choose_addresses(spec, errors);
    }
    let was_headless = list(old.cluster_ips.as_ref()).first().is_some_and(|first| first == "None");
    let families = list(spec.ip_families.as_ref());
    let is_upgraded = list(old.ip_families.as_ref()).len() == 1 && families.len() == 2;
    if was_headless || is_external_name(spec) || !is_upgraded {
        return true;
    }
    let addresses = spec.cluster_ips.get_or_insert_default();
    if let Some(second) = addresses.get(1) {
        return in_range(second, 1, errors);
    }
    addresses.push(placeholder(families.get(1)));
    true
}

/// Whoever leaves out what was allocated keeps it (`patchAllocatedValues`).
fn keep_allocated(spec: &mut ServiceSpec, old: &ServiceSpec) {
    if !is_external_name(spec) && !is_external_name(old) {
        if text(spec.cluster_ip.as_ref()).is_empty() {
            spec.cluster_ip.clone_from(&old.cluster_ip);
        }
        if list(spec.cluster_ips.as_ref()).is_empty() {
            spec.cluster_ips.clone_from(&old.cluster_ips);
        }
    }
    let needs_node_ports = |spec: &ServiceSpec| match kind(spec) {
        "NodePort" => true,
        "LoadBalancer" => spec.allocate_load_balancer_node_ports != Some(false),
        _ => false,
    };
    if needs_node_ports(spec) && needs_node_ports(old) {
        let (now, before) = (node_ports(spec), node_ports(old));
        let by_name: BTreeMap<&str, i32> = list(old.ports.as_ref())
            .iter()
            .map(|port| (text(port.name.as_ref()), port.node_port.unwrap_or_default()))
            .collect();
        for port in spec.ports.iter_mut().flatten().filter(|port| port.node_port.unwrap_or_default() == 0) {
            let kept = by_name.get(text(port.name.as_ref())).copied().unwrap_or_default();
            if !(now.contains(&kept) && before.contains(&kept)) {
                port.node_port = Some(kept);
            }
        }
    }
    if needs_health_check(spec) && needs_health_check(old) && spec.health_check_node_port.unwrap_or_default() == 0 {
        spec.health_check_node_port = old.health_check_node_port;
    }
}

/// `clusterIP` and `clusterIPs` follow each other where only one of them changes (`normalizeClusterIPs`).
fn normalize(spec: &mut ServiceSpec, old: &ServiceSpec) {
    let (single, before) = (text(spec.cluster_ip.as_ref()).to_owned(), text(old.cluster_ip.as_ref()));
    if list(spec.cluster_ips.as_ref()).is_empty() && single == before {
        spec.cluster_ips.clone_from(&old.cluster_ips);
    }
    if single != before && same_addresses(spec, old) {
        spec.cluster_ips = if single.is_empty() && !before.is_empty() { None } else { Some(vec![single]) };
    }
}

/// The node ports that are given.
fn node_ports(spec: &ServiceSpec) -> BTreeSet<i32> {
    list(spec.ports.as_ref()).iter().filter_map(|port| port.node_port).filter(|port| *port != 0).collect()
}

fn allocates_node_ports(spec: &ServiceSpec) -> bool {
    match kind(spec) {
        "NodePort" => true,
        "LoadBalancer" => spec.allocate_load_balancer_node_ports.unwrap_or_default(),
        _ => false,
    }
}

/// The port that the API server chooses for the port at `index`.
fn chosen(index: usize) -> i32 {
    i32::try_from(index).map_or(i32::MIN, |index| i32::MIN + index.min(99_999))
}

/// The node ports of a new Service (`initNodePorts`): ports of one number, such as those of TCP and UDP, share one.
fn new_node_ports(spec: &mut ServiceSpec, taken: &mut BTreeSet<i32>, errors: &mut Errors<'_>) -> bool {
    if !matches!(kind(spec), "NodePort" | "LoadBalancer") {
        return true;
    }
    let allocates = allocates_node_ports(spec);
    let ports = spec.ports.get_or_insert_default();
    let mut of_number: BTreeMap<i32, i32> = BTreeMap::new();
    for index in 0..ports.len() {
        let (number, given) = (ports[index].port, ports[index].node_port.unwrap_or_default());
        if given == 0 && !allocates {
            continue;
        }
        let shared = of_number.get(&number).copied();
        let wanted = match shared {
            None => {
                let asked = ports.iter().filter(|port| port.port == number).filter_map(|port| port.node_port);
                asked.into_iter().find(|asked| *asked != 0).unwrap_or_else(|| chosen(index))
            }
            Some(shared) if given == 0 => shared,
            Some(_) => given,
        };
        if shared != Some(wanted) && !taken.insert(wanted) {
            let path = Path::root().fields(&["spec", "ports"]);
            let first = ports.iter().position(|port| port.node_port == Some(wanted)).unwrap_or_default();
            let first = errors.place(&path.index(first).field("nodePort"));
            let message = format!("two ports of the Service have the node port {wanted}");
            let finding = errors.invalid(&path.index(index).field("nodePort"), message).rule("duplicate-service-port");
            finding.related(first, crate::admission::shared::repeats::FIRST);
            return false;
        }
        of_number.entry(number).or_insert(wanted);
        ports[index].node_port = Some(wanted);
    }
    true
}

/// The node ports of a Service that changes (`updateNodePorts`).
fn update_node_ports(
    spec: &mut ServiceSpec,
    old: &ServiceSpec,
    taken: &mut BTreeSet<i32>,
    errors: &mut Errors<'_>,
) -> bool {
    if !matches!(kind(spec), "NodePort" | "LoadBalancer") {
        return true;
    }
    let (allocates, before) = (allocates_node_ports(spec), node_ports(old));
    let mut seen = BTreeSet::new();
    // What the old Service was given has placeholders too; new ones follow those.
    let offset = list(old.ports.as_ref()).len();
    for (index, port) in spec.ports.iter_mut().flatten().enumerate() {
        let given = port.node_port.unwrap_or_default();
        if given == 0 && !allocates {
            continue;
        }
        let number = if given == 0 { chosen(offset + index) } else { given };
        port.node_port = Some(number);
        if given != 0 && !before.contains(&given) {
            taken.insert(given);
        }
        if !seen.insert((text(port.protocol.as_ref()).to_owned(), number)) {
            let path = Path::root().fields(&["spec", "ports"]).index(index).field("nodePort");
            let finding = errors.denied(&path, "two ports of the Service have the same node port");
            finding.rule("duplicate-service-port");
            return false;
        }
    }
    true
}

/// The port at which a load balancer asks the nodes for their health; it is taken from the node ports.
fn health_check_port(spec: &mut ServiceSpec, taken: &BTreeSet<i32>, errors: &mut Errors<'_>) -> bool {
    if !needs_health_check(spec) {
        return true;
    }
    let given = spec.health_check_node_port.unwrap_or_default();
    if given == 0 {
        spec.health_check_node_port = Some(PLACEHOLDERS_END - 1);
    } else if taken.contains(&given) {
        let path = Path::root().fields(&["spec", "healthCheckNodePort"]);
        let message = format!("the health check port {given} is a node port of the Service too");
        errors.denied(&path, message).rule("duplicate-service-port").help("choose another one, or none");
        return false;
    }
    true
}
