//! Probes that the API server takes and that do harm, or are missing where they are needed.

use std::cmp::Reverse;

use k8s_openapi::api::core::v1::{Probe, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::probes::{probes, sort};
use crate::cluster::{ContainerKind, ContainerRef, Lifetime, Object, PodTemplate};
use crate::finding::Findings;
use crate::rules::Context;
use crate::yaml::Path;

/// The numbers of a probe in seconds, with the defaults of `SetDefaults_Probe` (pkg/apis/core/v1, v1.36).
#[derive(Clone, Copy)]
struct Timing {
    delay: i64,
    period: i64,
    timeout: i64,
    failures: i64,
}

impl Timing {
    fn of(probe: &Probe) -> Self {
        let or = |value: Option<i32>, default| i64::from(value.filter(|value| *value != 0).unwrap_or(default));
        Self {
            delay: or(probe.initial_delay_seconds, 0),
            period: or(probe.period_seconds, 10),
            timeout: or(probe.timeout_seconds, 1),
            failures: or(probe.failure_threshold, 3),
        }
    }

    /// The latest second after the container's start at which a probe that never succeeds has given up: with a delay
    /// of 5, a period of 10 and 3 failures it asks at up to 15, 25 and 35.
    fn gives_up(self) -> i64 {
        self.delay + self.patience()
    }

    /// How long something must last to be noticed.
    fn patience(self) -> i64 {
        self.failures * self.period
    }

    /// The first failure is enough, and it may come with the container's first second, because the ticks of a probe
    /// do not begin with the container.
    fn is_hasty(self) -> bool {
        self.delay == 0 && self.failures == 1
    }
}

/// The kubelet asks again only after the last answer or timeout (`doProbe`, pkg/kubelet/prober, v1.36), so that a
/// period shorter than the timeout is not kept exactly when it matters.
pub(in crate::rules) fn timeout_above_period(object: &Object, out: &mut Findings) {
    for container in running(object) {
        for (name, probe, path) in probes(&container) {
            let timing = Timing::of(probe);
            if timing.timeout <= timing.period {
                continue;
            }
            let message = format!(
                "the {} probe waits up to {} s for an answer but asks every {} s",
                sort(name),
                timing.timeout,
                timing.period
            );
            let finding = object.report(out, &path.field("timeoutSeconds"), message);
            finding.help("keep `timeoutSeconds` at or below `periodSeconds`");
            if probe.period_seconds.is_some() {
                finding.related(object.place(&path.field("periodSeconds")), "asks this often");
            }
        }
    }
}

/// The same endpoint for both is a usual and good pattern as long as liveness is the more patient one, so that a pod
/// is out of its Services before it is killed.
pub(in crate::rules) fn liveness_equals_readiness(object: &Object, out: &mut Findings) {
    for container in running(object) {
        let spec = container.container;
        let (Some(liveness), Some(readiness)) = (&spec.liveness_probe, &spec.readiness_probe) else { continue };
        if asked(liveness).is_none() || asked(liveness) != asked(readiness) {
            continue;
        }
        if Timing::of(liveness).patience() > Timing::of(readiness).patience() {
            continue;
        }
        let message = format!(
            "the liveness probe of container `{}` asks the same as its readiness probe and is no more patient",
            spec.name
        );
        object
            .report(out, &container.path.field("livenessProbe"), message)
            .label("restarts the container for what should only take it out of its Services")
            .related(object.place(&container.path.field("readinessProbe")), "asks the same")
            .help("raise the liveness probe's `failureThreshold`, or ask something that only a restart can repair");
    }
}

/// What a probe asks, with the defaults that the API server fills in; `None` if it cannot be told.
fn asked(probe: &Probe) -> Option<Probe> {
    if probe.grpc.as_ref().is_some_and(|grpc| grpc.port == 0) {
        return None;
    }
    let mut http = probe.http_get.clone();
    if let Some(http) = &mut http {
        http.path.get_or_insert_with(|| "/".to_owned());
        http.scheme.get_or_insert_with(|| "HTTP".to_owned());
    }
    let asked = Probe {
        exec: probe.exec.clone(),
        grpc: probe.grpc.clone(),
        http_get: http,
        tcp_socket: probe.tcp_socket.clone(),
        ..Probe::default()
    };
    (asked != Probe::default()).then_some(asked)
}

/// Another probe's initial delay says how long the container is expected to need; the probe that guards its start
/// must not end it before that.
pub(in crate::rules) fn startup_window(object: &Object, out: &mut Findings) {
    // The startup probe may stand in the part that a patch leaves out.
    if object.pod_template().is_none_or(|template| !template.is_whole()) {
        return;
    }
    for container in running(object) {
        let spec = container.container;
        let (guard, probe) = match (&spec.startup_probe, &spec.liveness_probe) {
            (Some(startup), _) => ("startupProbe", startup),
            (None, Some(liveness)) => ("livenessProbe", liveness),
            (None, None) => continue,
        };
        let path = container.path.field(guard);
        let timing = Timing::of(probe);
        let expected = probes(&container)
            .filter(|(name, _, _)| *name != guard)
            .map(|(name, other, path)| (Timing::of(other).delay, Reverse(name), path))
            .max_by_key(|(delay, name, _)| (*delay, *name));
        if let Some((delay, Reverse(name), other)) = expected.filter(|(delay, _, _)| *delay > timing.gives_up()) {
            let message = format!(
                "the {} probe may end container `{}` after {} s, before its {} probe first asks after {delay} s",
                sort(guard),
                spec.name,
                timing.gives_up(),
                sort(name),
            );
            let finding = object.report(out, &path, message);
            finding.related(object.place(&other.field("initialDelaySeconds")), "expects the start to take this long");
            finding.help(if guard == "startupProbe" {
                "raise the startup probe's `failureThreshold`, and leave the delay out"
            } else {
                "add a `startupProbe` with a `failureThreshold` that covers the slowest start"
            });
        } else if timing.is_hasty() {
            let message = format!(
                "a single failure of the {} probe ends container `{}`, even in its first second",
                sort(guard),
                spec.name
            );
            object.report(out, &path, message).help(
                "raise `failureThreshold`, so that the slowest start fits into `failureThreshold` × `periodSeconds`",
            );
        }
    }
}

/// Containers that go on running, for which probes are allowed.
fn running(object: &Object) -> impl Iterator<Item = ContainerRef<'_>> {
    let template = object.pod_template();
    template
        .into_iter()
        .flat_map(|template| template.containers())
        .filter(|container| container.kind != ContainerKind::Init)
}

/// A container without a readiness probe counts as ready as soon as it runs. A startup probe is enough to hold the
/// requests back until the start is over; a readiness gate, and a Service that asks for pods that are not ready, mean
/// that somebody has thought about it. Pods of Jobs are not there to be asked.
pub(in crate::rules) fn served_without_readiness(context: &Context<'_>, object: &Object, out: &mut Findings) {
    if object.lifetime() != Some(Lifetime::Stay) {
        return;
    }
    let Some(template) = object.pod_template().filter(PodTemplate::is_whole) else { return };
    if template.spec.readiness_gates.as_ref().is_some_and(|gates| !gates.is_empty()) {
        return;
    }
    let Some(labels) = template.labels() else { return };
    let mut services: Vec<&Object> = context.cluster.services_selecting(object.namespace(), labels);
    services.retain(|service| holds_requests_back(service));
    // Of several Services the one that stands nearest is the one that the reader knows.
    services.sort_by_key(|service| service.document.file != object.document.file);
    let Some(service) = services.first() else { return };
    let serving = serving(&template, &services);
    if serving.iter().any(|container| {
        let spec = container.container;
        spec.readiness_probe.is_some() || spec.startup_probe.is_some()
    }) {
        return;
    }
    let Some(container) = serving.first() else { return };
    let message = format!(
        "container `{}` has no readiness probe, so Service `{}` sends it requests before it can answer",
        container.container.name, service.identity.name
    );
    object
        .report(out, &container.path, message)
        .related(service.place(&Path::root().fields(&["spec", "selector"])), "selects the pods")
        .help("add a `readinessProbe` that succeeds once the container can answer");
}

/// Whether it matters to this Service that a pod is ready.
fn holds_requests_back(service: &Object) -> bool {
    let Some(spec) = service.model::<Service>().and_then(|service| service.spec.as_ref()) else { return false };
    let ports = spec.ports.as_deref().unwrap_or_default();
    // Whoever collects metrics wants them from pods that are not ready, too.
    let only_metrics = !ports.is_empty() && ports.iter().all(is_for_metrics);
    spec.publish_not_ready_addresses != Some(true) && !only_metrics
}

fn is_for_metrics(port: &ServicePort) -> bool {
    let target = match &port.target_port {
        Some(IntOrString::String(name)) => Some(name),
        _ => None,
    };
    port.name.iter().chain(target).any(|name| name.contains("metrics"))
}

/// The containers that declare a port to which one of the Services sends; the only main one if none does. Empty if it
/// cannot be told.
fn serving<'a>(template: &PodTemplate<'a>, services: &[&Object]) -> Vec<ContainerRef<'a>> {
    let ports: Vec<&ServicePort> = services
        .iter()
        .filter_map(|service| service.model::<Service>()?.spec.as_ref()?.ports.as_ref())
        .flatten()
        .filter(|port| !is_for_metrics(port))
        .collect();
    let running = || template.containers().filter(|container| container.kind != ContainerKind::Init);
    let declaring: Vec<ContainerRef<'a>> =
        running().filter(|container| ports.iter().any(|port| declares(container, port))).collect();
    if !declaring.is_empty() {
        return declaring;
    }
    let mut main: Vec<ContainerRef<'a>> = running().filter(|container| container.kind == ContainerKind::Main).collect();
    if main.len() > 1 {
        main.clear();
    }
    main
}

fn declares(container: &ContainerRef<'_>, port: &ServicePort) -> bool {
    let declared = container.container.ports.as_deref().unwrap_or_default();
    declared.iter().any(|declared| match &port.target_port {
        Some(IntOrString::String(name)) => declared.name.as_ref() == Some(name),
        Some(IntOrString::Int(number)) if *number != 0 => declared.container_port == *number,
        _ => declared.container_port == port.port,
    })
}
