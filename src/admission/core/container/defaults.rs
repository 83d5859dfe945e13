//! Defaults of containers (pkg/apis/core/v1/defaults.go), and the fields that are dropped because their feature gate is
//! off (`dropDisabledFields` of pkg/api/pod/util.go, v1.36; that an older object has them already is left out).

use std::collections::BTreeMap;
use std::mem;

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Lifecycle, PodSpec, Probe};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use super::{as_container, as_ephemeral};
use crate::admission::ApiServer;
use crate::admission::gates::{Gate, Since};
use crate::values::image::ImageReference;
use crate::values::quantity::Quantity;

/// Amounts of resources by name.
type Amounts = BTreeMap<String, Written>;

/// Fills in what only the containers of Pods themselves may leave out (`SetDefaults_Pod`), before [`containers`].
pub(in crate::admission) fn of_pod(spec: &mut PodSpec) {
    let on_host = spec.host_network == Some(true);
    for container in spec.init_containers.iter_mut().flatten().chain(&mut spec.containers) {
        if let Some(resources) = &mut container.resources
            && let Some(limits) = &resources.limits
        {
            let requests = resources.requests.get_or_insert_default();
            for (name, limit) in limits {
                if !requests.contains_key(name) {
                    requests.insert(name.clone(), limit.clone());
                }
            }
        }
        for port in container.ports.iter_mut().flatten().filter(|_| on_host) {
            if port.host_port.is_none_or(|number| number == 0) {
                port.host_port = Some(port.container_port);
            }
        }
    }
}

/// Fills in what the containers of a pod may leave out. What only Pods have filled in is in [`of_pod`].
pub(in crate::admission) fn containers(spec: &mut PodSpec, server: &ApiServer) {
    // Without the gate, the field was only that of sidecars. Servers that do not know the gate refuse other values.
    let without_rules = !server.enabled(Gate::ContainerRestartRules) && server.does(Since::InitRestartPolicies);
    for container in spec.init_containers.iter_mut().flatten() {
        self::container(container, server);
        if without_rules {
            container.restart_policy = container.restart_policy.take().filter(|policy| policy == "Always");
            container.restart_policy_rules = None;
        }
    }
    for container in &mut spec.containers {
        self::container(container, server);
        if without_rules {
            (container.restart_policy, container.restart_policy_rules) = (None, None);
        }
    }
    for ephemeral in spec.ephemeral_containers.iter_mut().flatten() {
        let (mut container, target) = as_container(mem::take(ephemeral));
        self::container(&mut container, server);
        if without_rules {
            (container.restart_policy, container.restart_policy_rules) = (None, None);
        }
        *ephemeral = as_ephemeral(container, target);
    }
}

/// `SetDefaults_Container` and what belongs to it.
fn container(container: &mut Container, server: &ApiServer) {
    if is_empty(container.image_pull_policy.as_deref()) {
        let policy = if is_latest(container.image.as_deref().unwrap_or_default()) { "Always" } else { "IfNotPresent" };
        container.image_pull_policy = Some(policy.to_owned());
    }
    if is_empty(container.termination_message_path.as_deref()) {
        container.termination_message_path = Some("/dev/termination-log".to_owned());
    }
    if is_empty(container.termination_message_policy.as_deref()) {
        container.termination_message_policy = Some("File".to_owned());
    }
    for port in container.ports.iter_mut().flatten() {
        if is_empty(port.protocol.as_deref()) {
            port.protocol = Some("TCP".to_owned());
        }
    }
    for source in container.env.iter_mut().flatten().filter_map(|variable| variable.value_from.as_mut()) {
        if let Some(field) = source.field_ref.as_mut().filter(|field| is_empty(field.api_version.as_deref())) {
            field.api_version = Some("v1".to_owned());
        }
        if !server.enabled(Gate::EnvFiles) {
            source.file_key_ref = None;
        } else if let Some(file) = &mut source.file_key_ref {
            file.optional.get_or_insert(false);
        }
    }
    if let Some(resources) = &mut container.resources {
        resource_list(resources.limits.as_mut());
        resource_list(resources.requests.as_mut());
        if !server.enabled(Gate::DynamicResourceAllocation) {
            resources.claims = None;
        }
    }
    let probes = [&mut container.liveness_probe, &mut container.readiness_probe, &mut container.startup_probe];
    probes.into_iter().flatten().for_each(probe);
    lifecycle(&mut container.lifecycle, server);
    if !server.enabled(Gate::InPlacePodVerticalScaling) {
        container.resize_policy = None;
    }
    if !server.enabled(Gate::ProcMountType)
        && let Some(context) = container.security_context.as_mut().filter(|context| context.proc_mount.is_some())
    {
        context.proc_mount = Some("Default".to_owned());
    }
}

fn is_empty(text: Option<&str>) -> bool {
    text.is_none_or(str::is_empty)
}

/// Whether the image has the tag `latest`, or neither a tag nor a digest (`parsers.ParseImageName`). What is no image has no
/// tag either.
pub(in crate::admission) fn is_latest(image: &str) -> bool {
    ImageReference::parse(image).is_ok_and(|image| match image.tag {
        Some(tag) => tag == "latest",
        None => image.digest.is_none(),
    })
}

/// Rounds amounts up to thousandths (`SetDefaults_ResourceList`).
pub(in crate::admission) fn resource_list(amounts: Option<&mut Amounts>) {
    for amount in amounts.into_iter().flat_map(Amounts::values_mut) {
        // Only these can be finer than thousandths.
        if !amount.0.contains(['.', 'n', 'u', '-']) {
            continue;
        }
        let Ok(written) = Quantity::decode(&amount.0) else { continue };
        // Beyond this, thousandths do not fit into 64 bits, and Kubernetes keeps what it has for large numbers.
        let limit = i64::MAX / 1_000_000;
        if written.value().abs() >= limit {
            continue;
        }
        let Ok(rounded) = format!("{}m", written.milli_value()).parse::<Quantity>() else { continue };
        if rounded != written {
            amount.0 = rounded.to_string();
        }
    }
}

fn probe(probe: &mut Probe) {
    for (field, value) in [
        (&mut probe.timeout_seconds, 1),
        (&mut probe.period_seconds, 10),
        (&mut probe.success_threshold, 1),
        (&mut probe.failure_threshold, 3),
    ] {
        if field.is_none_or(|number| number == 0) {
            *field = Some(value);
        }
    }
    if let Some(http) = &mut probe.http_get {
        http_get(http);
    }
    if let Some(grpc) = &mut probe.grpc {
        grpc.service.get_or_insert_default();
    }
}

fn http_get(http: &mut HTTPGetAction) {
    if is_empty(http.path.as_deref()) {
        http.path = Some("/".to_owned());
    }
    if is_empty(http.scheme.as_deref()) {
        http.scheme = Some("HTTP".to_owned());
    }
}

fn lifecycle(lifecycle: &mut Option<Lifecycle>, server: &ApiServer) {
    let Some(given) = lifecycle else { return };
    let hooks = [&mut given.post_start, &mut given.pre_stop];
    for hook in hooks.into_iter().flatten() {
        if let Some(http) = &mut hook.http_get {
            http_get(http);
        }
    }
    if given.stop_signal.is_some() && !server.enabled(Gate::ContainerStopSignals) {
        given.stop_signal = None;
        if *given == Lifecycle::default() {
            *lifecycle = None;
        }
    }
}
