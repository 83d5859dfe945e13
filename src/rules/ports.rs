//! Numbers and names of ports as the API server wants them.
//!
//! Mirrors `validateContainerPorts`, `AccumulateUniqueHostPorts`, `validateHostNetwork` and `ValidatePortNumOrName` of
//! pkg/apis/core/validation (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use super::Context;
use super::port_places::{Expected, Given, places};
use crate::cluster::{ContainerKind, ContainerRef, Object};
use crate::finding::{Findings, Reason};
use crate::values::names;
use crate::yaml::{Path, Scalar};

/// Numbers outside of 1 to 65535, wherever the API server looks.
pub(super) fn out_of_range(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for place in places(object) {
        let Given::Number(number) = place.given else { continue };
        if names::port_number(number.into()).is_empty() || number == 0 && is_misread(object, &place.path) {
            continue;
        }
        let (reason, message) = match place.expected {
            Expected::ContainerPort if number == 0 => (Reason::FieldValueRequired, "the port has no number".to_owned()),
            _ => (Reason::FieldValueInvalid, format!("port {number} is not between 1 and 65535")),
        };
        object.report(out, &place.path, message).reason(reason);
    }
}

/// Whether something that is no number stands there, which the schema reports and the typed model reads as zero.
fn is_misread(object: &Object, path: &Path) -> bool {
    let port = || object.root().at(&path.parent()?.field("port"));
    let value = object.root().at(path).filter(|value| !value.is_null()).or_else(port);
    value.is_some_and(|value| !value.is_null() && !matches!(value.scalar(), Some(Scalar::Integer(_))))
}

/// Names of ports and of what refers to them.
pub(super) fn invalid_name(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for place in places(object) {
        let Given::Name(name) = &place.given else { continue };
        let problems = names::port_name(name);
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

/// Two ports of one container with the same name; those of Services are found by [`crate::admission`].
pub(super) fn duplicate_name(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for place in containers(object) {
        let ports = place.container.ports.iter().flatten();
        // An invalid name is another finding, and the API server does not compare it.
        let names = ports.map(|port| port.name.as_deref().filter(|name| names::port_name(name).is_empty()));
        let whose = format!("of container `{}`", place.container.name);
        repeated_names(object, &place.path.field("ports"), names, &whose, out);
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
