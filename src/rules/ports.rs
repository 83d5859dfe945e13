//! Numbers and names of ports as the API server wants them.
//!
//! Mirrors `validateContainerPorts`, `AccumulateUniqueHostPorts`, `validateHostNetwork`, `ValidatePortNumOrName`,
//! `validateServicePort` and `ValidateService` of pkg/apis/core/validation, `ValidateNetworkPolicyPort` and
//! `validateIngressBackend` of pkg/apis/networking/validation, and `validatePorts` of pkg/apis/discovery/validation
//! (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Endpoints, Service, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Context;
use super::port_places::{self, Expected, Given, places};
use crate::cluster::{ContainerKind, ContainerRef, Object};
use crate::finding::{Findings, Reason};
use crate::values::names;
use crate::yaml::{Path, Scalar};

/// Numbers outside of 1 to 65535, wherever the API server looks, apart from pods ([`crate::admission`]).
pub(super) fn out_of_range(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for place in places(object) {
        let Given::Number(number) = place.given else { continue };
        if names::port_number(number.into()).is_empty() || number == 0 && is_misread(object, &place.path) {
            continue;
        }
        let message = format!("port {number} is not between 1 and 65535");
        object.report(out, &place.path, message).reason(Reason::FieldValueInvalid);
    }
}

/// Whether something that is no number stands there, which the schema reports and the typed model reads as zero.
fn is_misread(object: &Object, path: &Path) -> bool {
    let port = || object.root().at(&path.parent()?.field("port"));
    let value = object.root().at(path).filter(|value| !value.is_null()).or_else(port);
    value.is_some_and(|value| !value.is_null() && !matches!(value.scalar(), Some(Scalar::Integer(_))))
}

/// Names of ports and of what refers to them, apart from pods ([`crate::admission`]). The ports of Services and endpoints have the longer names of DNS labels.
pub(super) fn invalid_name(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for place in places(object) {
        let Given::Name(name) = &place.given else { continue };
        let problems = match place.expected {
            Expected::DnsLabel => names::dns1123_label(name),
            _ => names::port_name(name),
        };
        if !problems.is_empty() {
            let name = super::labels::shortened(name);
            let finding = object.report(out, &place.path, format!("the port name `{name}` {}", problems.join(" and ")));
            finding.reason(Reason::FieldValueInvalid);
            if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
                finding.help("write the number without quotes");
            }
        }
    }
}

/// The end of a range of ports in a network policy.
pub(super) fn invalid_range(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for (port, path) in port_places::policy_ports(object) {
        let Some(end) = port.end_port else { continue };
        let message = match &port.port {
            None => format!("the range ends at port {end}, but begins nowhere"),
            Some(IntOrString::String(name)) => format!("a range cannot begin at the named port `{name}`"),
            Some(IntOrString::Int(start)) if end < *start => format!("the range ends at port {end}, before its start"),
            Some(IntOrString::Int(_)) => continue,
        };
        object.report(out, &path.field("endPort"), message).reason(Reason::FieldValueInvalid);
    }
}

/// Two ports of one Service or of one `EndpointSlice` with the same name. Those of containers are the business of
/// [`crate::admission`].
pub(super) fn duplicate_name(_: &Context<'_>, object: &Object, out: &mut Findings) {
    if let Some(spec) = service(object) {
        let names = spec.ports.iter().flatten().map(|port| port.name.as_deref());
        repeated_names(object, &Path::root().fields(&["spec", "ports"]), names, "of the Service", out);
    }
    if let Some(slice) = object.model::<k8s_openapi::api::discovery::v1::EndpointSlice>() {
        let names = slice.ports.iter().flatten().map(|port| Some(port.name.as_deref().unwrap_or_default()));
        let mut seen = BTreeMap::new();
        let path = Path::root().field("ports");
        for (index, name) in names.enumerate() {
            let name = name.unwrap_or_default();
            repeated(object, &mut seen, name, &path.index(index).field("name"), out, || match name {
                "" => "two ports of the EndpointSlice have no name".to_owned(),
                name => format!("two ports of the EndpointSlice have the name `{name}`"),
            });
        }
    }
}

fn repeated_names<'a>(
    object: &Object,
    ports: &Path,
    names: impl Iterator<Item = Option<&'a str>>,
    whose: &str,
    out: &mut Findings,
) {
    let mut seen = BTreeMap::new();
    for (index, name) in names.enumerate() {
        let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
        let message = || format!("two ports {whose} have the name `{name}`");
        repeated(object, &mut seen, name, &ports.index(index).field("name"), out, message);
    }
}

/// Reports `key` at `path` if it was seen before.
fn repeated<K: Ord>(
    object: &Object,
    seen: &mut BTreeMap<K, Path>,
    key: K,
    path: &Path,
    out: &mut Findings,
    message: impl FnOnce() -> String,
) {
    match seen.get(&key) {
        None => {
            seen.insert(key, path.clone());
        }
        Some(first) => {
            let finding = object.report(out, path, message());
            finding.reason(Reason::FieldValueDuplicate).related(object.place(first), "the first of them");
        }
    }
}

/// A Service cannot have two ports with one number and protocol, nor two node ports.
pub(super) fn duplicate_service_port(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(spec) = service(object) else { return };
    let path = Path::root().fields(&["spec", "ports"]);
    let (mut ports, mut node_ports) = (BTreeMap::new(), BTreeMap::new());
    let allocated = node_ports_of(spec);
    for (index, port) in spec.ports.iter().flatten().enumerate() {
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let path = path.index(index);
        let number = port.port;
        let message = || format!("two ports of the Service have the number {number} and protocol {protocol}");
        if let Some(first) = ports.get(&(protocol, number)) {
            let finding = object.report(out, &path.field("port"), message());
            finding.called(path.clone()).reason(Reason::FieldValueDuplicate);
            finding.related(object.place(first), "the first of them");
        } else {
            ports.insert((protocol, number), path.field("port"));
        }
        let Some(node_port) = allocated.get(index).copied().flatten() else { continue };
        let message = || match node_port {
            NodePort::Given(number) => format!("two ports of the Service have the node port {number}"),
            NodePort::Shared(number) => format!("two ports of the Service share the node port made for port {number}"),
        };
        repeated(object, &mut node_ports, (protocol, node_port), &path.field("nodePort"), out, message);
    }
}

/// The node port of a Service's port.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum NodePort {
    Given(i32),
    /// One that the API server finds for all ports of this number (for TCP and UDP alike).
    Shared(i32),
}

/// The node ports, as `initNodePorts` of pkg/registry/core/service/storage (v1.36) assigns them.
fn node_ports_of(spec: &ServiceSpec) -> Vec<Option<NodePort>> {
    let allocates = match spec.type_.as_deref() {
        Some("NodePort") => true,
        Some("LoadBalancer") => spec.allocate_load_balancer_node_ports != Some(false),
        _ => false,
    };
    let ports = || spec.ports.iter().flatten();
    let of_same_number = |number: i32| {
        ports().filter(|port| port.port == number).find_map(|port| port.node_port.filter(|given| *given != 0))
    };
    ports()
        .map(|port| match port.node_port.filter(|given| *given != 0) {
            Some(node_port) => Some(NodePort::Given(node_port)),
            None if !allocates => None,
            None => Some(of_same_number(port.port).map_or(NodePort::Shared(port.port), NodePort::Given)),
        })
        .collect()
}

/// The ports of a Service with several need names, and those of a subset of endpoints.
pub(super) fn unnamed(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let mut check = |ports: &Path, whose: &str, given: &mut dyn Iterator<Item = (i32, Option<&str>)>| {
        let given: Vec<_> = given.collect();
        for (index, (number, name)) in given.iter().enumerate() {
            if given.len() > 1 && name.unwrap_or_default().is_empty() {
                let message = format!("port {number} has no name, but the {whose} has {} ports", given.len());
                let finding = object.report(out, &ports.index(index).field("name"), message);
                finding.reason(Reason::FieldValueRequired).help("name each port, for example `http`");
            }
        }
    };
    if let Some(spec) = service(object) {
        let mut ports = spec.ports.iter().flatten().map(|port| (port.port, port.name.as_deref()));
        check(&Path::root().fields(&["spec", "ports"]), "Service", &mut ports);
    }
    for (index, subset) in object.model::<Endpoints>().iter().flat_map(|it| it.subsets.iter().flatten()).enumerate() {
        let mut ports = subset.ports.iter().flatten().map(|port| (port.port, port.name.as_deref()));
        check(&Path::root().field("subsets").index(index).field("ports"), "subset", &mut ports);
    }
}

/// Only headless and external Services can do without ports.
pub(super) fn service_without_ports(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(service) = object.model::<Service>() else { return };
    let is_exempt = service.spec.as_ref().is_some_and(|spec| {
        spec.ports.iter().flatten().next().is_some()
            || is_headless(spec)
            || spec.type_.as_deref() == Some("ExternalName")
    });
    if !is_exempt {
        let path = Path::root().fields(&["spec", "ports"]);
        object.report(out, &path, "the Service has no ports").reason(Reason::FieldValueRequired);
    }
}

/// A node port needs a type that opens ports on nodes.
pub(super) fn node_port_without_type(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(spec) = service(object) else { return };
    if !matches!(spec.type_.as_deref().unwrap_or("ClusterIP"), "ClusterIP" | "") {
        return;
    }
    for (index, port) in spec.ports.iter().flatten().enumerate() {
        if let Some(number) = port.node_port.filter(|number| *number != 0) {
            let path = Path::root().fields(&["spec", "ports"]).index(index).field("nodePort");
            let finding = object.report(out, &path, format!("node port {number} needs a Service of type `NodePort`"));
            finding
                .reason(Reason::FieldValueForbidden)
                .help("set `type: NodePort` (or `LoadBalancer`), or delete the node port");
        }
    }
}

/// What a container without `restartPolicy: Always` declares is over before the others start, so that only main and
/// sidecar containers can be in each other's way.
pub(super) fn shared_port(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let mut seen: BTreeMap<(&str, i32), (Path, &str)> = BTreeMap::new();
    for place in containers(object).filter(|place| place.kind != ContainerKind::Init) {
        for (index, port) in place.container.ports.iter().flatten().enumerate() {
            let path = place.path.field("ports").index(index);
            let protocol = port.protocol.as_deref().unwrap_or("TCP");
            let (number, container) = (port.container_port, place.container.name.as_str());
            if number == 0 {
                continue;
            }
            let Some((first, owner)) = seen.get(&(protocol, number)) else {
                seen.insert((protocol, number), (path, container));
                continue;
            };
            let is_other_host_port = |first: &Path| {
                let other = object.root().at(&first.field("hostPort"));
                other.is_some() && port.host_port.is_some()
            };
            if is_other_host_port(first) {
                continue;
            }
            let message = if *owner == container {
                format!("container `{container}` declares port {number} ({protocol}) twice")
            } else {
                format!("containers `{owner}` and `{container}` both declare port {number} ({protocol}) of one pod")
            };
            let finding = object.report(out, &path.field("containerPort"), message);
            finding.related(object.place(&first.field("containerPort")), "the first of them");
        }
    }
}

/// The same name in two containers: whoever looks for it by name finds the first.
pub(super) fn shared_name(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let mut seen: BTreeMap<&str, (Path, &str)> = BTreeMap::new();
    let main_first = [ContainerKind::Main, ContainerKind::Sidecar];
    for place in main_first.into_iter().flat_map(|kind| containers(object).filter(move |place| place.kind == kind)) {
        for (index, port) in place.container.ports.iter().flatten().enumerate() {
            let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) else { continue };
            let path = place.path.field("ports").index(index).field("name");
            let container = place.container.name.as_str();
            match seen.get(name) {
                Some((first, owner)) if *owner != container => {
                    let message = format!("containers `{owner}` and `{container}` both call a port `{name}`");
                    let finding = object.report(out, &path, message);
                    finding.related(object.place(first), "Services that ask by name find this one");
                    finding.help("give the ports different names");
                }
                Some(_) => {}
                None => {
                    seen.insert(name, (path, container));
                }
            }
        }
    }
}

/// The spec of a Service.
pub(super) fn service(object: &Object) -> Option<&ServiceSpec> {
    object.model::<Service>()?.spec.as_ref()
}

/// Whether the Service has no address of its own.
pub(super) fn is_headless(spec: &ServiceSpec) -> bool {
    let first = spec.cluster_ips.as_deref().and_then(|ips| ips.first()).or(spec.cluster_ip.as_ref());
    first.is_some_and(|ip| ip == "None")
}

/// The containers of an object's pods.
pub(super) fn containers(object: &Object) -> impl Iterator<Item = ContainerRef<'_>> {
    object.pod_template().into_iter().flat_map(|template| template.containers())
}
