//! Ports of Services and of what refers to ports.
//!
//! Mirrors `validateServicePort`, `ValidatePortNumOrName` and the checks for duplicates in `validateService`
//! (pkg/apis/core/validation, v1.36).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use k8s_openapi::api::core::v1::{ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::allocation::is_placeholder;
use super::{is_headless, list, text};
use crate::admission::errors::{Errors, shortened};
use crate::values::names::{self, Problems};
use crate::yaml::Path;

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

/// Said of the place of which another is a repetition.
pub(super) const FIRST: &str = "the first of them";

/// All ports of a Service.
pub(super) fn ports(spec: &ServiceSpec, all: &Path, errors: &mut Errors<'_>) {
    let kind = text(spec.type_.as_ref());
    let ports = list(spec.ports.as_ref());
    if ports.is_empty() && !is_headless(spec) && kind != "ExternalName" {
        let finding = errors.required(all, "the Service has no ports").rule("service-without-ports");
        finding.help("list the ports by which the pods are reached, or make it headless with `clusterIP: None`");
    }
    let (mut names, mut numbers, mut node_ports) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (index, port) in ports.iter().enumerate() {
        let path = all.index(index);
        let name = text(port.name.as_ref());
        if name.is_empty() && ports.len() > 1 {
            unnamed(port.port, "Service", ports.len(), &path, errors);
        } else if !name.is_empty() {
            port_name(name, names::dns1123_label(name), &path.field("name"), errors);
            if let Some(first) = first(&mut names, name, index) {
                let message = format!("two ports of the Service have the name `{name}`");
                let first = errors.place(&all.index(first).field("name"));
                let finding = errors.duplicate(&path.field("name"), message).rule("duplicate-port-name");
                finding.related(first, FIRST);
            }
        }
        self::port(port, &path, errors);
        let protocol = text(port.protocol.as_ref());
        if let Some(number) = port.node_port.filter(|number| *number != 0) {
            node_port(number, kind, &path, errors);
            if let Some(first) = first(&mut node_ports, (protocol, number), index) {
                let message = if is_placeholder(number) {
                    format!("two ports of the Service share the node port made for port {}", port.port)
                } else {
                    format!("two ports of the Service have the node port {number}")
                };
                let first = errors.place(&all.index(first).field("nodePort"));
                let finding = errors.duplicate(&path.field("nodePort"), message).rule("duplicate-service-port");
                finding.related(first, FIRST);
            }
        }
        if let Some(first) = first(&mut numbers, (protocol, port.port), index) {
            let message = format!("two ports of the Service have the number {} and protocol {protocol}", port.port);
            let first = errors.place(&all.index(first).field("port"));
            let finding = errors.duplicate(&path.field("port"), message).rule("duplicate-service-port");
            finding.called(path).related(first, FIRST);
        }
    }
}

/// A port by itself.
fn port(port: &ServicePort, path: &Path, errors: &mut Errors<'_>) {
    port_number(port.port, &path.field("port"), errors);
    protocol(text(port.protocol.as_ref()), &path.field("protocol"), PROTOCOLS, errors);
    let target = path.field("targetPort");
    let given = port.target_port.as_ref();
    // A target port that is the port itself is blamed with it, and is to be corrected there.
    if given == Some(&IntOrString::Int(port.port)) && !errors.is_written(&target) {
        if !names::port_number(port.port.into()).is_empty() {
            let message = format!("the target port, which is the port itself, cannot be {} either", port.port);
            errors.invalid(&path.field("port"), message).rule("port-out-of-range").called(target);
        }
    } else if let Some(given) = given {
        number_or_name(given, &target, errors);
    }
    app_protocol(port.app_protocol.as_deref(), path, errors);
}

/// Where `key` was seen first, if it was.
pub(super) fn first<K: Ord>(seen: &mut BTreeMap<K, usize>, key: K, index: usize) -> Option<usize> {
    match seen.entry(key) {
        Entry::Occupied(entry) => Some(*entry.get()),
        Entry::Vacant(entry) => {
            entry.insert(index);
            None
        }
    }
}

/// The port of the nodes that leads to a port of the Service.
fn node_port(number: i32, kind: &str, path: &Path, errors: &mut Errors<'_>) {
    let path = path.field("nodePort");
    if kind == "ClusterIP" {
        let message = format!("node port {number} needs a Service of type `NodePort`");
        let finding = errors.forbidden(&path, message).rule("node-port-without-type");
        finding.help("set `type: NodePort` (or `LoadBalancer`), or delete the node port");
    } else if matches!(kind, "NodePort" | "LoadBalancer") {
        within_range(number, "node port", &path, errors);
    }
}

/// A port of the nodes; the API server takes any in a dry run, and only those of its range in earnest.
pub(super) fn within_range(number: i32, what: &str, path: &Path, errors: &mut Errors<'_>) {
    let (first, last) = errors.server.node_ports.clone().into_inner();
    if !is_placeholder(number) && !(first..=last).contains(&number) {
        let message = format!("the {what} {number} is not between {first} and {last}");
        let finding = errors.broken("node-port-out-of-range", path, message);
        finding.help(format!("choose one from {first} to {last}, or none, so that the API server finds one"));
    }
}

/// A port without a name, where there are several.
pub(super) fn unnamed(number: i32, whose: &str, count: usize, path: &Path, errors: &mut Errors<'_>) {
    let message = format!("port {number} has no name, but the {whose} has {count} ports");
    let finding = errors.required(&path.field("name"), message).rule("unnamed-port");
    finding.help("name each port, for example `http`");
}

/// A number of a port, or the name of one of a container.
pub(in crate::admission) fn number_or_name(port: &IntOrString, path: &Path, errors: &mut Errors<'_>) {
    match port {
        IntOrString::Int(number) => port_number(*number, path, errors),
        IntOrString::String(name) => port_name(name, names::port_name(name), path, errors),
    }
}

/// A number of a port.
pub(in crate::admission) fn port_number(number: i32, path: &Path, errors: &mut Errors<'_>) {
    if !names::port_number(number.into()).is_empty() {
        let message = format!("port {number} is not between 1 and 65535");
        errors.invalid(path, message).rule("port-out-of-range");
    }
}

/// The name of a port, with what is wrong with it.
pub(in crate::admission) fn port_name(name: &str, problems: Problems, path: &Path, errors: &mut Errors<'_>) {
    if problems.is_empty() {
        return;
    }
    let message = format!("the port name `{}` {}", shortened(name), problems.join(" and "));
    let finding = errors.invalid(path, message).rule("invalid-port-name");
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        finding.help("write the number without quotes");
    }
}

/// The protocol of a port, after defaulting.
pub(in crate::admission) fn protocol(
    protocol: &str,
    path: &Path,
    supported: [&'static str; 3],
    errors: &mut Errors<'_>,
) {
    if !supported.contains(&protocol) {
        errors.unsupported(path, "the protocol of a port", protocol, supported);
    }
}

/// The protocol that is spoken on a port, as a hint.
pub(super) fn app_protocol(protocol: Option<&str>, path: &Path, errors: &mut Errors<'_>) {
    if let Some(protocol) = protocol {
        let what = format!("the application protocol `{}`", shortened(protocol));
        errors.each_invalid(&path.field("appProtocol"), what, names::qualified_name(protocol));
    }
}
