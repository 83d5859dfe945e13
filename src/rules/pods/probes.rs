//! Probes that cannot do what they are for.

use k8s_openapi::api::core::v1::Probe;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::cluster::{ContainerRef, Object};
use crate::finding::Findings;
use crate::yaml::Path;

/// A port is looked up among the ports of the same container; a Service's ports do not count. A number needs no
/// declaration to work, so an undeclared number is only said where the container declares ports at all.
pub(in crate::rules) fn port_undeclared(object: &Object, out: &mut Findings) {
    let Some(template) = object.pod_template() else { return };
    for container in template.containers() {
        for (_, probe, path) in probes(&container) {
            let Some((port, path)) = port(probe, &path) else { continue };
            let ports = container.container.ports.as_deref().unwrap_or_default();
            match port {
                IntOrString::String(name) if ports.iter().all(|port| port.name.as_deref() != Some(name)) => {
                    let message = format!(
                        "the probe asks port `{name}`, which container `{}` does not declare",
                        container.container.name
                    );
                    let finding = object.report(out, &path, message);
                    finding.help("name one of the container's own ports, or give the number");
                    if !ports.is_empty() {
                        finding.related(object.place(&container.path.field("ports")), "the container's ports");
                    }
                }
                _ => {}
            }
        }
    }
}

/// The sort of probe in a field of this name.
pub(in crate::rules) fn sort(field: &str) -> &str {
    field.strip_suffix("Probe").unwrap_or(field)
}

/// The probes of a container with their fields' names and their paths.
pub(in crate::rules) fn probes<'a>(
    container: &ContainerRef<'a>,
) -> impl Iterator<Item = (&'static str, &'a Probe, Path)> + use<'a> {
    let (spec, path) = (container.container, container.path.clone());
    [
        ("livenessProbe", &spec.liveness_probe),
        ("readinessProbe", &spec.readiness_probe),
        ("startupProbe", &spec.startup_probe),
    ]
    .into_iter()
    .filter_map(move |(name, probe)| Some((name, probe.as_ref()?, path.field(name))))
}

/// The port that a probe asks by HTTP or TCP, with its path.
fn port<'a>(probe: &'a Probe, path: &Path) -> Option<(&'a IntOrString, Path)> {
    if let Some(http) = &probe.http_get {
        return Some((&http.port, path.fields(&["httpGet", "port"])));
    }
    let tcp = probe.tcp_socket.as_ref()?;
    Some((&tcp.port, path.fields(&["tcpSocket", "port"])))
}
