//! Ports of Services.
//!
//! Mirrors `validateServicePort` and the checks for duplicates in `validateService`
//! (pkg/apis/core/validation, v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::allocation::is_placeholder;
use super::is_headless;
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::absent::{list, text};
use crate::admission::shared::port;
use crate::admission::shared::repeats::{FIRST, first};
use crate::values::names;
use crate::yaml::Path;

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
            port::name(name, names::dns1123_label, &path.field("name"), errors);
            if let Some(first) = first(&mut names, name, index) {
                let message = format!("two ports of the Service have the name `{name}`");
                let first = errors.place(&all.index(first).field("name"));
                let finding = errors.duplicate(&path.field("name"), message).rule("duplicate-port-name");
                finding.related(first, FIRST);
            }
        }
        single(port, &path, errors);
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
            finding.called(path).whole().related(first, FIRST);
        }
    }
}

/// A port by itself.
fn single(port: &ServicePort, path: &Path, errors: &mut Errors<'_>) {
    port::number(port.port, &path.field("port"), errors);
    port::protocol(text(port.protocol.as_ref()), &path.field("protocol"), errors);
    let target = path.field("targetPort");
    let given = port.target_port.as_ref();
    // A target port that is the port itself is blamed with it, and is to be corrected there.
    if given == Some(&IntOrString::Int(port.port)) && !errors.is_written(&target) {
        if !names::port_number(port.port.into()).is_empty() {
            let message = format!("the target port, which is the port itself, cannot be {} either", port.port);
            errors
                .invalid(&path.field("port"), message)
                .of(port.port)
                .says("must be between 1 and 65535, inclusive")
                .rule("port-out-of-range")
                .called(target);
        }
    } else if let Some(given) = given {
        port::number_or_name(given, &target, errors);
    }
    app_protocol(port.app_protocol.as_deref(), path, errors);
}

/// The port of the nodes that leads to a port of the Service.
fn node_port(number: i32, kind: &str, path: &Path, errors: &mut Errors<'_>) {
    let path = path.field("nodePort");
    if kind == "ClusterIP" {
        let message = format!("node port {number} needs a Service of type `NodePort`");
        let finding = errors
            .forbidden(&path, message)
            .says("may not be used when `type` is 'ClusterIP'")
            .rule("node-port-without-type");
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

/// The protocol that is spoken on a port, as a hint.
pub(super) fn app_protocol(protocol: Option<&str>, path: &Path, errors: &mut Errors<'_>) {
    if let Some(protocol) = protocol {
        let what = format!("the application protocol `{}`", shortened(protocol));
        errors.each_invalid(&path.field("appProtocol"), what, names::qualified_name(protocol));
    }
}
