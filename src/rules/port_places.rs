//! Where numbers and names of ports stand which the API server checks.

use k8s_openapi::api::core::v1::LifecycleHandler;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::ports::containers;
use crate::cluster::{ContainerKind, ContainerRef, Object};
use crate::yaml::{Path, Scalar, Value};

/// What is written, after defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// A number.
    Number(i32),
    /// A name.
    Name(String),
}

/// What the place is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// The number of a container's port, which must be there.
    ContainerPort,
    /// Anything else.
    Port,
}

/// One place.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) given: Given,
    pub(super) expected: Expected,
    pub(super) path: Path,
}

/// All places of an object.
pub(super) fn places(object: &Object) -> Vec<Place> {
    let mut found = Vec::new();
    containers(object).for_each(|container| of_container(&container, &mut found));
    of_webhooks(object, &mut found);
    found
}

fn of_container(container: &ContainerRef<'_>, found: &mut Vec<Place>) {
    let (spec, path) = (container.container, &container.path);
    for (index, port) in spec.ports.iter().flatten().enumerate() {
        let path = path.field("ports").index(index);
        found.push(number(port.container_port, path.field("containerPort"), Expected::ContainerPort));
        if let Some(host_port) = port.host_port.filter(|port| *port != 0) {
            found.push(number(host_port, path.field("hostPort"), Expected::Port));
        }
        found.extend(name(port.name.as_deref(), path.field("name"), Expected::Port));
    }
    // Init containers that end cannot have probes and hooks at all, which is all that the API server says about theirs.
    if container.kind != ContainerKind::Init {
        found.extend(asked(container).into_iter().map(|(given, path)| Place { given, expected: Expected::Port, path }));
    }
}

/// The ports that probes and hooks of a container ask.
pub(super) fn asked(container: &ContainerRef<'_>) -> Vec<(Given, Path)> {
    let (spec, path) = (container.container, &container.path);
    let mut found = Vec::new();
    let probes = [
        ("livenessProbe", &spec.liveness_probe),
        ("readinessProbe", &spec.readiness_probe),
        ("startupProbe", &spec.startup_probe),
    ];
    for (name, probe) in probes {
        let (Some(probe), path) = (probe, path.field(name)) else { continue };
        // The API server looks at the first handler; a second one is another finding.
        if probe.exec.is_some() {
            continue;
        }
        if let Some(http) = &probe.http_get {
            found.push((given(&http.port), path.fields(&["httpGet", "port"])));
        } else if let Some(tcp) = &probe.tcp_socket {
            found.push((given(&tcp.port), path.fields(&["tcpSocket", "port"])));
        } else if let Some(grpc) = &probe.grpc {
            found.push((Given::Number(grpc.port), path.fields(&["grpc", "port"])));
        }
    }
    found.extend(hooks(container));
    found
}

/// The ports that the hooks of a container ask.
pub(super) fn hooks(container: &ContainerRef<'_>) -> Vec<(Given, Path)> {
    let Some(lifecycle) = &container.container.lifecycle else { return Vec::new() };
    let path = container.path.field("lifecycle");
    let hook = |hook: &Option<LifecycleHandler>, name: &'static str| {
        let hook = hook.as_ref().filter(|hook| hook.exec.is_none())?;
        let http = hook.http_get.as_ref().map(|http| (given(&http.port), path.fields(&[name, "httpGet", "port"])));
        let tcp = || hook.tcp_socket.as_ref().map(|tcp| (given(&tcp.port), path.fields(&[name, "tcpSocket", "port"])));
        http.or_else(tcp)
    };
    let hooks = [hook(&lifecycle.post_start, "postStart"), hook(&lifecycle.pre_stop, "preStop")];
    hooks.into_iter().flatten().collect()
}

/// The Services of webhooks.
fn of_webhooks(object: &Object, found: &mut Vec<Place>) {
    if object.identity.group() != "admissionregistration.k8s.io" {
        return;
    }
    let webhooks = Path::root().field("webhooks");
    let count = object.root().at(&webhooks).map_or(0, |webhooks| webhooks.items().len());
    for index in 0..count {
        let path = webhooks.index(index).fields(&["clientConfig", "service", "port"]);
        if let Some(Scalar::Integer(port)) = object.root().at(&path).and_then(Value::scalar)
            && let Ok(port) = i32::try_from(port)
        {
            found.push(number(port, path, Expected::Port));
        }
    }
}

fn number(number: i32, path: Path, expected: Expected) -> Place {
    Place { given: Given::Number(number), expected, path }
}

fn name(name: Option<&str>, path: Path, expected: Expected) -> Option<Place> {
    let name = name.filter(|name| !name.is_empty())?;
    Some(Place { given: Given::Name(name.to_owned()), expected, path })
}

fn given(port: &IntOrString) -> Given {
    match port {
        IntOrString::Int(number) => Given::Number(*number),
        IntOrString::String(name) => Given::Name(name.clone()),
    }
}
