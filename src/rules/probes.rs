//! Probes that cannot do what they are for.

use k8s_openapi::api::core::v1::Probe;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Context;
use crate::cluster::{ContainerKind, ContainerRef, Object};
use crate::finding::{Findings, Reason};
use crate::yaml::Path;

/// The handlers in the order in which `validateHandler` (pkg/apis/core/validation, v1.36) looks at them.
const HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];

/// As `validateHandler` (pkg/apis/core/validation, v1.36).
pub(super) fn without_handler(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for (_, _, path) in checked(object) {
        if handlers(object, &path).next().is_none() {
            object
                .report(out, &path, "the probe does not say what it asks")
                .reason(Reason::FieldValueRequired)
                .help("give one of `exec`, `httpGet`, `tcpSocket` and `grpc`");
        }
    }
}

/// As `validateHandler` (pkg/apis/core/validation, v1.36): every handler after the first is refused.
pub(super) fn several_handlers(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for (_, _, path) in checked(object) {
        let mut handlers = handlers(object, &path);
        let Some(first) = handlers.next() else { continue };
        for handler in handlers {
            let message = format!("the probe asks by `{handler}` as well as by `{first}`");
            object
                .report(out, &path.field(handler), message)
                .reason(Reason::FieldValueForbidden)
                .related(object.key_place(&path.field(first)), "asked already")
                .help("keep one of them");
        }
    }
}

/// As `validateExecAction` (pkg/apis/core/validation, v1.36). A program without a name cannot be run.
pub(super) fn without_command(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for (_, _, path) in checked(object) {
        // `exec` comes first, so it is never left unchecked for another handler.
        let path = path.field("exec");
        let Some(exec) = object.root().at(&path).filter(|exec| exec.is_mapping()) else { continue };
        if exec.get("command").is_none_or(|command| command.is_null() || command.items().len() == 0) {
            object
                .report(out, &path.field("command"), "the probe runs no command")
                .reason(Reason::FieldValueRequired)
                .help("give the program and its arguments, each as an item of `command`");
        }
    }
}

/// As `validateLivenessProbe` and `validateStartupProbe` (pkg/apis/core/validation, v1.36). Zero is defaulted to 1.
pub(super) fn success_threshold_not_one(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for (name, probe, path) in checked(object) {
        let Some(threshold) = probe.success_threshold.filter(|threshold| !matches!(threshold, 0 | 1)) else { continue };
        if name == "readinessProbe" {
            continue;
        }
        let path = path.field("successThreshold");
        let finding = object.report(
            out,
            &path,
            format!("a {} probe counts as passed after one success, not after {threshold}", sort(name)),
        );
        finding.reason(Reason::FieldValueInvalid).help("set `successThreshold` to 1 or leave it out").fix(
            "Set it to 1",
            object.place(&path),
            "1",
        );
    }
}

/// As `validateProbe` (pkg/apis/core/validation, v1.36). Zeros are defaulted, except that of the grace period.
pub(super) fn number_too_small(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for (name, probe, path) in checked(object) {
        let readiness = name == "readinessProbe";
        // The other rules report the fields that are wrong whatever their number is.
        let success = probe.success_threshold.filter(|_| readiness);
        let grace = probe.termination_grace_period_seconds.filter(|_| !readiness);
        for (field, value, least) in [
            ("initialDelaySeconds", probe.initial_delay_seconds.map(i64::from), 0),
            ("timeoutSeconds", probe.timeout_seconds.map(i64::from), 0),
            ("periodSeconds", probe.period_seconds.map(i64::from), 0),
            ("successThreshold", success.map(i64::from), 0),
            ("failureThreshold", probe.failure_threshold.map(i64::from), 0),
            ("terminationGracePeriodSeconds", grace, 1),
        ] {
            let Some(value) = value.filter(|value| *value < least) else { continue };
            object
                .report(out, &path.field(field), format!("`{field}` must be at least {least}, not {value}"))
                .reason(Reason::FieldValueInvalid)
                .help(format!("use a number from {least}, or leave `{field}` out"));
        }
    }
}

/// As `validateReadinessProbe` (pkg/apis/core/validation, v1.36). Nothing ends when a readiness probe fails.
pub(super) fn readiness_grace_period(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for (name, probe, path) in checked(object) {
        if name == "readinessProbe" && probe.termination_grace_period_seconds.is_some() {
            object
                .report(
                    out,
                    &path.field("terminationGracePeriodSeconds"),
                    "a readiness probe ends no container, so it has no grace period",
                )
                .reason(Reason::FieldValueInvalid)
                .help("remove it, or move it to the liveness or startup probe");
        }
    }
}

/// As `validateInitContainers` (pkg/apis/core/validation, v1.36).
pub(super) fn on_init_container(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(template) = object.pod_template() else { return };
    for container in template.containers().filter(|container| container.kind == ContainerKind::Init) {
        for (name, _, path) in probes(&container) {
            let message = format!(
                "init container `{}` runs to its end and has no {} probe",
                container.container.name,
                sort(name)
            );
            object
                .report(out, &path, message)
                .reason(Reason::FieldValueForbidden)
                .help("remove the probe, or make the container a sidecar with `restartPolicy: Always`");
        }
    }
}

/// A port is looked up among the ports of the same container; a Service's ports do not count. A number needs no
/// declaration to work, so an undeclared number is only said where the container declares ports at all.
pub(super) fn port_undeclared(_: &Context<'_>, object: &Object, out: &mut Findings) {
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

/// The probes of an object that the API server checks in themselves, with their fields' names and their paths. On init
/// containers that end it refuses them altogether.
fn checked(object: &Object) -> impl Iterator<Item = (&'static str, &Probe, Path)> {
    let template = object.pod_template();
    template
        .into_iter()
        .flat_map(|template| template.containers())
        .filter(|container| container.kind != ContainerKind::Init)
        .flat_map(|container| probes(&container))
}

/// The handlers that are given, the ones that cannot be decoded among them.
fn handlers(object: &Object, probe: &Path) -> impl Iterator<Item = &'static str> {
    let value = object.root().at(probe);
    let given = move |name: &str| value.and_then(|value| value.get(name)).is_some_and(|handler| !handler.is_null());
    HANDLERS.into_iter().filter(move |name| given(name))
}

/// The sort of probe in a field of this name.
pub(super) fn sort(field: &str) -> &str {
    field.strip_suffix("Probe").unwrap_or(field)
}

/// The probes of a container with their fields' names and their paths.
pub(super) fn probes<'a>(
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
