//! Where numbers and names of ports stand which the API server checks.

use k8s_openapi::api::core::v1::{Endpoints, LifecycleHandler};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressBackend, NetworkPolicy, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::ports::service;
use crate::cluster::{ContainerRef, Object};
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
    /// The name of a port of a Service or of endpoints.
    DnsLabel,
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
    of_service(object, &mut found);
    of_endpoints(object, &mut found);
    of_policy(object, &mut found);
    of_ingress(object, &mut found);
    of_webhooks(object, &mut found);
    found
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

/// A target port that is missing, empty or zero is the port itself.
fn of_service(object: &Object, found: &mut Vec<Place>) {
    let Some(spec) = service(object) else { return };
    for (index, port) in spec.ports.iter().flatten().enumerate() {
        let path = Path::root().fields(&["spec", "ports"]).index(index);
        found.push(number(port.port, path.field("port"), Expected::Port));
        let target = port.target_port.as_ref().map(given).filter(|target| match target {
            Given::Number(number) => *number != 0,
            Given::Name(name) => !name.is_empty(),
        });
        let target = target.unwrap_or(Given::Number(port.port));
        found.push(Place { given: target, expected: Expected::Port, path: path.field("targetPort") });
        found.extend(name(port.name.as_deref(), path.field("name"), Expected::DnsLabel));
    }
}

/// The numbers in an `EndpointSlice` are not checked.
fn of_endpoints(object: &Object, found: &mut Vec<Place>) {
    for (index, subset) in object.model::<Endpoints>().iter().flat_map(|it| it.subsets.iter().flatten()).enumerate() {
        for (at, port) in subset.ports.iter().flatten().enumerate() {
            let path = Path::root().field("subsets").index(index).field("ports").index(at);
            found.push(number(port.port, path.field("port"), Expected::Port));
            found.extend(name(port.name.as_deref(), path.field("name"), Expected::DnsLabel));
        }
    }
    for (index, port) in object.model::<EndpointSlice>().iter().flat_map(|it| it.ports.iter().flatten()).enumerate() {
        let path = Path::root().field("ports").index(index).field("name");
        found.extend(name(port.name.as_deref(), path, Expected::DnsLabel));
    }
}

fn of_policy(object: &Object, found: &mut Vec<Place>) {
    for (port, path) in policy_ports(object) {
        let Some(given) = port.port.as_ref().map(given) else { continue };
        if let (Given::Number(_), Some(end)) = (&given, port.end_port) {
            found.push(number(end, path.field("endPort"), Expected::Port));
        }
        found.push(Place { given, expected: Expected::Port, path: path.field("port") });
    }
}

/// The ports that a network policy lets through.
pub(super) fn policy_ports(object: &Object) -> Vec<(&NetworkPolicyPort, Path)> {
    let Some(spec) = object.model::<NetworkPolicy>().and_then(|policy| policy.spec.as_ref()) else { return Vec::new() };
    let ingress = spec.ingress.iter().flatten().map(|rule| &rule.ports).enumerate();
    let egress = spec.egress.iter().flatten().map(|rule| &rule.ports).enumerate();
    let path = |field: &'static str, index: usize| Path::root().fields(&["spec", field]).index(index).field("ports");
    let lists = ingress
        .map(|(index, ports)| (ports, path("ingress", index)))
        .chain(egress.map(|(index, ports)| (ports, path("egress", index))));
    lists
        .flat_map(|(ports, path)| {
            ports.iter().flatten().enumerate().map(move |(index, port)| (port, path.index(index)))
        })
        .collect()
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

/// A backend with both a name and a number is another mistake, and neither is checked then.
fn of_ingress(object: &Object, found: &mut Vec<Place>) {
    let Some(spec) = object.model::<Ingress>().and_then(|ingress| ingress.spec.as_ref()) else { return };
    let mut of = |backend: &IngressBackend, path: Path| {
        if backend.resource.is_some() {
            return;
        }
        let Some(port) = backend.service.as_ref().and_then(|service| service.port.as_ref()) else { return };
        let path = path.fields(&["service", "port"]);
        let name = port.name.as_deref().filter(|name| !name.is_empty());
        match (name, port.number.filter(|number| *number != 0)) {
            (Some(_), None) => found.extend(self::name(name, path.field("name"), Expected::Port)),
            (None, Some(port)) => found.push(number(port, path.field("number"), Expected::Port)),
            _ => {}
        }
    };
    if let Some(backend) = &spec.default_backend {
        of(backend, Path::root().fields(&["spec", "defaultBackend"]));
    }
    for (index, rule) in spec.rules.iter().flatten().enumerate() {
        let path = Path::root().fields(&["spec", "rules"]).index(index).fields(&["http", "paths"]);
        for (at, entry) in rule.http.iter().flat_map(|http| &http.paths).enumerate() {
            of(&entry.backend, path.index(at).field("backend"));
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
