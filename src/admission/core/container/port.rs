//! Ports of containers.
//!
//! Mirrors `validateContainerPorts`, `AccumulateUniqueHostPorts`
//! and `validatePodHostNetworkDeps` in pkg/apis/core/validation (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ContainerPort};

use super::{Pod, at};
use crate::admission::core::form::Form;
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::port;
use crate::values::names;
use crate::yaml::Path;

/// The ports of a container, at `path`.
pub(super) fn ports(container: &Container, path: &Path, errors: &mut Errors<'_>) {
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, given) in container.ports.iter().flatten().enumerate() {
        let here = path.index(index);
        if let Some(name) = given.name.as_deref().filter(|name| !name.is_empty())
            && port::name(name, names::port_name, &here.field("name"), errors)
        {
            if let Some(first) = named.get(name) {
                let place = errors.place(&path.index(*first).field("name"));
                let message = format!("two ports of container `{}` have the name `{name}`", shortened(&container.name));
                let finding = errors.duplicate(&here.field("name"), message).rule("duplicate-port-name");
                finding.related(place, "the first of them");
            } else {
                named.insert(name, index);
            }
        }
        if given.container_port == 0 {
            errors.required(&here.field("containerPort"), "the port has no number").rule("port-out-of-range");
        } else {
            port::number(given.container_port, &here.field("containerPort"), errors);
        }
        if let Some(number) = given.host_port.filter(|number| *number != 0) {
            port::number(number, &here.field("hostPort"), errors);
        }
        port::protocol(given.protocol.as_deref().unwrap_or_default(), &here.field("protocol"), errors);
    }
}

/// The ports of the node that the containers of the list at `path` take. An init container is the only one of its list
/// that counts, with its number in `init`, because they run one after the other; the API server calls each the first.
pub(super) fn host_ports(containers: &[Container], path: &Path, init: Option<usize>, errors: &mut Errors<'_>) {
    let mut taken: BTreeMap<(&str, &str, i32), Path> = BTreeMap::new();
    for (index, container) in containers.iter().enumerate() {
        for (at, port) in container.ports.iter().flatten().enumerate() {
            let Some(number) = port.host_port.filter(|number| *number != 0) else { continue };
            let field = |index: usize| path.index(index).field("ports").index(at).field("hostPort");
            let here = field(init.unwrap_or(index));
            let protocol = port.protocol.as_deref().unwrap_or_default();
            let key = (protocol, port.host_ip.as_deref().unwrap_or_default(), number);
            let Some(first) = taken.get(&key) else {
                taken.insert(key, here);
                continue;
            };
            let place = errors.place(first);
            let message = format!("the pod takes port {number} ({protocol}) of its node twice");
            let finding = errors.duplicate(&here, message).rule("duplicate-host-port").called(field(index));
            finding.related(place, "the first of them");
        }
    }
}

/// On the node's network there is no translation of ports. In a template a port may be left to defaulting.
pub(super) fn on_host_network(pod: Pod<'_>, path: &Path, errors: &mut Errors<'_>) {
    if pod.spec.host_network != Some(true) {
        return;
    }
    let is_wrong = |port: &ContainerPort| {
        let host_port = port.host_port.unwrap_or_default();
        host_port != port.container_port && (pod.form == Form::Pod || host_port != 0)
    };
    for (container, path) in at(&pod.spec.containers, path) {
        for (index, port) in container.ports.iter().flatten().enumerate().filter(|(_, port)| is_wrong(port)) {
            let message = format!(
                "the pod has the node's network, so host port {} cannot lead to port {}",
                port.host_port.unwrap_or_default(),
                port.container_port
            );
            let path = path.field("ports").index(index).field("hostPort");
            let finding = errors
                .invalid(&path, message)
                .rule("host-port-mismatch")
                .says("must match `containerPort` when `hostNetwork` is true");
            finding.help("delete `hostPort`, or let the container listen there itself");
        }
    }
}
