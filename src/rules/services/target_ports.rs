//! What Services, probes and hooks ask, compared with what the containers declare.
//!
//! Mirrors `FindPort` of k8s.io/endpointslice and `ResolveContainerPort` of pkg/probe (v1.36). A declaration is only
//! documentation where a number is asked, so that numbers are judged by what else is declared.

use k8s_openapi::api::core::v1::{ContainerPort, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::port_places::{Given, asked, hooks};
use super::selected;
use crate::cluster::{ContainerKind, Object};
use crate::finding::Findings;
use crate::rules::Context;
use crate::values::names;
use crate::yaml::Path;

/// More places would help nobody.
const SHOWN: usize = 4;

/// A named target port is looked up, with its protocol, in main and sidecar containers.
pub(in crate::rules) fn undeclared(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let pods = selected(context, object);
    for (index, port) in targets(object) {
        let Some(IntOrString::String(name)) = &port.target_port else { continue };
        let is_named = |candidate: &ContainerPort| candidate.name.as_deref() == Some(name);
        // A name that no port can have is another finding.
        if !names::port_name(name).is_empty() || pods.is_empty() || pods.iter().any(|pod| has(pod, port, is_named)) {
            continue;
        }
        let other_protocol =
            pods.iter().find_map(|pod| declared(pod).find(|(port, _)| is_named(port)).map(|found| (*pod, found)));
        let pod = other_protocol.as_ref().map_or(pods[0], |(pod, _)| pod);
        let path = target_path(index);
        if let Some((_, (its, its_path))) = other_protocol {
            let message = format!(
                "port `{name}` of {} is one for {}, and the Service sends {}",
                pod.identity,
                its.protocol.as_deref().unwrap_or("TCP"),
                protocol(port)
            );
            let finding = object.report(out, &path, message);
            finding.related(pod.place(&its_path.field("containerPort")), "the port of the container");
            finding.help("set the same protocol in both places");
            continue;
        }
        let finding = object.report(out, &path, format!("no container of {} declares port `{name}`", pod.identity));
        let names: Vec<String> =
            declared(pod).filter_map(|(port, _)| port.name.as_ref()).map(|name| format!("`{name}`")).collect();
        if names.is_empty() {
            finding.help("name the port in the container, or give its number here");
        } else {
            finding.help(format!("name one of the declared ports ({}), or give a number", names.join(", ")));
        }
        for pod in pods.iter().take(SHOWN) {
            finding.related(ports_place(pod), format!("the containers of {}", pod.identity));
        }
    }
}

/// A number works without a declaration; that all pods declare ports and none declares this one is worth a word.
pub(in crate::rules) fn unlisted(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let pods = selected(context, object);
    if pods.is_empty() || pods.iter().any(|pod| declared(pod).next().is_none()) {
        return;
    }
    for (index, port) in targets(object) {
        let number = number(port);
        if number.is_none_or(|number| pods.iter().any(|pod| has(pod, port, |its| its.container_port == number))) {
            continue;
        }
        let number = number.unwrap_or_default();
        let path = if port.target_port.is_some() { target_path(index) } else { port_path(index) };
        let message = format!("the containers of {} declare other ports than {number}", pods[0].identity);
        let finding = object.report(out, &path, message);
        finding.help("check that something listens there, and declare the port");
        for pod in pods.iter().take(SHOWN) {
            finding.related(ports_place(pod), format!("the containers of {}", pod.identity));
        }
    }
}

/// A number that some of the selected workloads declare, and others, which declare their ports too, do not.
pub(in crate::rules) fn mixed(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let pods = selected(context, object);
    for (index, port) in targets(object) {
        let Some(number) = number(port) else { continue };
        let has = |pod: &Object| has(pod, port, |its| its.container_port == number);
        let Some(right) = pods.iter().find(|pod| has(pod)) else { continue };
        let wrong: Vec<&&Object> = pods.iter().filter(|pod| !has(pod) && declared(pod).next().is_some()).collect();
        let Some(first) = wrong.first() else { continue };
        let message = format!(
            "the Service sends to port {number}, which {} declares and {} does not",
            right.identity, first.identity
        );
        let path = if port.target_port.is_some() { target_path(index) } else { port_path(index) };
        let finding = object.report(out, &path, message);
        finding.help("narrow the selector to one of them, or name the port in both and ask for the name");
        for pod in wrong.into_iter().take(SHOWN) {
            finding.related(ports_place(pod), format!("the ports of {}", pod.identity));
        }
    }
}

/// A hook looks for a named port in its own container, as a probe does.
pub(in crate::rules) fn hook_port_undeclared(object: &Object, out: &mut Findings) {
    for container in object.containers() {
        for (given, path) in hooks(&container) {
            let ports = container.container.ports.as_deref().unwrap_or_default();
            let Given::Name(name) = given else { continue };
            if ports.iter().any(|port| port.name.as_ref() == Some(&name)) {
                continue;
            }
            let message =
                format!("the hook asks port `{name}`, which container `{}` does not declare", container.container.name);
            let finding = object.report(out, &path, message);
            finding.help("name one of the container's own ports, or give the number");
            if !ports.is_empty() {
                finding.related(object.place(&container.path.field("ports")), "the container's ports");
            }
        }
    }
}

/// Probes and hooks that ask a number, by HTTP, TCP or gRPC.
pub(in crate::rules) fn probe_port_unlisted(object: &Object, out: &mut Findings) {
    for container in object.containers() {
        let ports = container.container.ports.as_deref().unwrap_or_default();
        for (given, path) in asked(&container) {
            let Given::Number(number) = given else { continue };
            if ports.is_empty() || ports.iter().any(|port| port.container_port == number) {
                continue;
            }
            let message = format!("container `{}` declares other ports than {number}", container.container.name);
            let finding = object.report(out, &path, message);
            finding.related(object.place(&container.path.field("ports")), "the container's ports");
            finding.help("check that the container listens there, and declare the port");
        }
    }
}

fn targets(object: &Object) -> impl Iterator<Item = (usize, &ServicePort)> {
    object.service().into_iter().flat_map(|spec| spec.ports.iter().flatten()).enumerate()
}

/// The number that the Service sends to, if it is one.
fn number(port: &ServicePort) -> Option<i32> {
    match &port.target_port {
        None | Some(IntOrString::Int(0)) => Some(port.port),
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(name)) => name.is_empty().then_some(port.port),
    }
}

fn protocol(port: &ServicePort) -> &str {
    port.protocol.as_deref().unwrap_or("TCP")
}

/// Whether the pod declares such a port for the protocol of the Service's port.
fn has(pod: &Object, port: &ServicePort, is_it: impl Fn(&ContainerPort) -> bool) -> bool {
    declared(pod).any(|(its, _)| its.protocol.as_deref().unwrap_or("TCP") == protocol(port) && is_it(its))
}

/// The ports that main and sidecar containers declare.
pub(in crate::rules) fn declared(pod: &Object) -> impl Iterator<Item = (&ContainerPort, Path)> {
    pod.containers().filter(|place| place.kind != ContainerKind::Init).flat_map(|place| {
        let ports = place.container.ports.iter().flatten().enumerate();
        ports.map(move |(index, port)| (port, place.path.field("ports").index(index)))
    })
}

fn target_path(index: usize) -> Path {
    Path::root().fields(&["spec", "ports"]).index(index).field("targetPort")
}

fn port_path(index: usize) -> Path {
    Path::root().fields(&["spec", "ports"]).index(index).field("port")
}

/// The first list of ports, or the containers.
fn ports_place(pod: &Object) -> crate::source::Place {
    let first = declared(pod).next().and_then(|(_, path)| path.parent().cloned());
    let containers = || pod.pod_template_path().unwrap_or_default().fields(&["spec", "containers"]);
    pod.place(&first.unwrap_or_else(containers))
}
