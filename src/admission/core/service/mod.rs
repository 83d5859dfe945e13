//! Services, Endpoints and `EndpointSlice`s.
//!
//! Mirrors `validateService`, `ValidateServiceCreate` and `ValidateServiceUpdate` of pkg/apis/core/validation and
//! `GetWarningsForService` of pkg/api/service (v1.36). What comes before, in pkg/registry/core/service, is in
//! [`allocation`].

mod addresses;
mod allocation;
mod defaults;
mod endpoints;
pub(super) mod ports;
mod update;

use k8s_openapi::api::core::v1::{Service, ServiceSpec, SessionAffinityConfig};

use self::defaults::is_externally_accessible;
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::{Gate, Since};
use crate::admission::shared::absent::{list, text};
use crate::admission::shared::{ip, meta, port};
use crate::admission::{ApiServer, How, Kind};
use crate::values::names::{self, Problems};
use crate::yaml::Path;

/// The longest time that a client may stay with a pod, in seconds: a day (`MaxClientIPServiceAffinitySeconds`).
const AFFINITY_LIMIT: i32 = 86_400;

const HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

impl Kind for Service {
    const NAME: fn(&str) -> Problems = names::dns1123_label;

    fn set_defaults(&mut self, _: &ApiServer) {
        defaults::service(self);
    }

    fn prepare(&mut self, old: Option<&mut Self>, _: How, errors: &mut Errors<'_>) -> bool {
        match old {
            None => allocation::create(self, errors),
            Some(old) => allocation::update(self, old, errors),
        }
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        name(self, errors);
        service(self, None, errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        if let (Some(spec), Some(old)) = (&self.spec, &old.spec) {
            update::service(spec, old, errors);
        }
        service(self, Some(old), errors);
    }
}

/// Before 1.36, a Service's name had to start with a letter.
fn name(service: &Service, errors: &mut Errors<'_>) {
    let name = service.metadata.name.as_deref().unwrap_or_default();
    if errors.server.enabled(Gate::RelaxedServiceNameValidation)
        || name.is_empty()
        || !names::dns1123_label(name).is_empty()
    {
        return;
    }
    let path = Path::root().fields(&["metadata", "name"]);
    errors.each_invalid(&path, format!("the name `{name}`"), names::dns1035_label(name));
}

/// Whether the Service has no address of its own.
pub(super) fn is_headless(spec: &ServiceSpec) -> bool {
    matches!(list(spec.cluster_ips.as_ref()), [only] if only == "None")
}

/// Whether a load balancer asks the nodes which of them have pods (`NeedsHealthCheck` of pkg/api/service).
pub(super) fn needs_health_check(spec: &ServiceSpec) -> bool {
    text(spec.type_.as_ref()) == "LoadBalancer" && text(spec.external_traffic_policy.as_ref()) == "Local"
}

fn service(service: &Service, old: Option<&Service>, errors: &mut Errors<'_>) {
    let Some(spec) = &service.spec else { return };
    let old_spec = old.and_then(|old| old.spec.as_ref());
    let path = Path::root().field("spec");
    let kind = text(spec.type_.as_ref());
    topology(service, errors);
    match kind {
        "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName" => {}
        other => {
            let supported = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
            errors.unsupported(&path.field("type"), "the type of a Service", other, supported);
        }
    }
    if kind == "ExternalName" {
        external_name(spec, &path, errors);
    }
    if is_headless(spec) && matches!(kind, "LoadBalancer" | "NodePort") {
        let message = format!("a Service of type `{kind}` cannot be headless");
        let field = path.field("clusterIPs").index(0);
        let finding = errors
            .invalid(&path.field("clusterIP"), message)
            .of("None")
            .says(format!("may not be set to 'None' for {kind} services"))
            .called(field);
        finding.help("remove `clusterIP: None`, or use the type `ClusterIP`");
    }
    ports::ports(spec, &path.field("ports"), errors);
    let selector = path.field("selector");
    meta::labels(spec.selector.as_ref(), &selector, &selector, errors);
    affinity(spec, &path, errors);
    addresses::cluster_ips(spec, old_spec, &path, errors);
    external_ips(spec, old_spec, &path.field("externalIPs"), errors);
    source_ranges(service, old, errors);
    load_balancer(spec, &path, errors);
    traffic(spec, &path, errors);
    warnings(spec, &path, errors);
}

/// Two annotations say the same.
fn topology(service: &Service, errors: &mut Errors<'_>) {
    let path = Path::root().fields(&["metadata", "annotations"]);
    let annotation = |key: &str| service.metadata.annotations.as_ref().and_then(|annotations| annotations.get(key));
    let Some(hints) = annotation(HINTS) else { return };
    errors
        .warn(&path.key(HINTS), format!("the annotation `{HINTS}` is deprecated"))
        .help(format!("use `{TOPOLOGY_MODE}`"));
    if annotation(TOPOLOGY_MODE).is_some_and(|mode| mode != hints) {
        let place = errors.place(&path.key(HINTS));
        let message = format!("the annotations `{TOPOLOGY_MODE}` and `{HINTS}` must have the same value");
        let finding = errors
            .invalid(&path.key(TOPOLOGY_MODE), message)
            .says(format!("must match annotations[{HINTS}] when both are specified"))
            .related(place, "the older of them");
        finding.help("remove the older one");
    }
}

/// A Service that is only another name has no addresses and no families of them.
fn external_name(spec: &ServiceSpec, path: &Path, errors: &mut Errors<'_>) {
    let alone = |what: &str| format!("a Service of type `ExternalName` has no {what}");
    if !list(spec.cluster_ips.as_ref()).is_empty() {
        let written = [path.field("clusterIPs"), path.field("clusterIP")];
        let at = written.iter().find(|path| errors.is_written(path)).unwrap_or(&written[0]).clone();
        errors
            .forbidden(&at, alone("addresses"))
            .says("may not be set for ExternalName services")
            .called(path.field("clusterIPs"))
            .help("remove the address");
    }
    if !list(spec.ip_families.as_ref()).is_empty() {
        errors
            .forbidden(&path.field("ipFamilies"), alone("IP families"))
            .says("may not be set for ExternalName services")
            .help("remove them");
    }
    if spec.ip_family_policy.is_some() {
        errors
            .forbidden(&path.field("ipFamilyPolicy"), alone("IP families"))
            .says("may not be set for ExternalName services")
            .help("remove the policy");
    }
    let written = text(spec.external_name.as_ref());
    let name = written.strip_suffix('.').unwrap_or(written);
    let path = path.field("externalName");
    if name.is_empty() {
        let message = "a Service of type `ExternalName` needs the name that it stands for";
        errors.required(&path, message).help("add `externalName`");
    } else {
        errors.each_invalid(
            &path,
            format!("the external name `{}`", shortened(written)),
            names::dns1123_subdomain(name),
        );
    }
}

/// Whether a client stays with the same pod.
fn affinity(spec: &ServiceSpec, path: &Path, errors: &mut Errors<'_>) {
    let config = path.field("sessionAffinityConfig");
    match text(spec.session_affinity.as_ref()) {
        "ClientIP" => {
            let SessionAffinityConfig { client_ip } = spec.session_affinity_config.clone().unwrap_or_default();
            let seconds = client_ip.and_then(|client| client.timeout_seconds);
            if let Some(seconds) = seconds.filter(|seconds| !(1..=AFFINITY_LIMIT).contains(seconds)) {
                let message =
                    format!("the time of session affinity must be from 1 to {AFFINITY_LIMIT} seconds, not {seconds}");
                errors
                    .invalid(&config.fields(&["clientIP", "timeoutSeconds"]), message)
                    .says(format!("must be greater than 0 and less than {AFFINITY_LIMIT}"));
            }
        }
        "None" => {}
        other => {
            errors.unsupported(&path.field("sessionAffinity"), "the session affinity", other, ["ClientIP", "None"]);
        }
    }
}

fn external_ips(spec: &ServiceSpec, old: Option<&ServiceSpec>, path: &Path, errors: &mut Errors<'_>) {
    let existing = old.map_or(&[][..], |old| list(old.external_ips.as_ref()));
    for (index, value) in list(spec.external_ips.as_ref()).iter().enumerate() {
        let path = path.index(index);
        if ip::legacy_ip(value, existing, &path, &path, errors) {
            ip::endpoint_ip(value, &path, errors);
            ip::warn_of_ip(value, &path, errors);
        }
    }
}

/// Who may use the load balancer: a field, or else an annotation. The API server writes the field with a capital.
fn source_ranges(service: &Service, old: Option<&Service>, errors: &mut Errors<'_>) {
    let Some(spec) = &service.spec else { return };
    let is_balanced = text(spec.type_.as_ref()) == "LoadBalancer";
    let message = "source ranges need a Service of type `LoadBalancer`";
    let ranges = list(spec.load_balancer_source_ranges.as_ref());
    let path = Path::root().fields(&["spec", "loadBalancerSourceRanges"]);
    let field = Path::root().fields(&["spec", "LoadBalancerSourceRanges"]);
    if !ranges.is_empty() {
        if !is_balanced {
            errors
                .forbidden(&path, message)
                .says("may only be used when `type` is 'LoadBalancer'")
                .called(field.clone())
                .help("remove them, or change the type");
        }
        let old = old.and_then(|old| old.spec.as_ref()).and_then(|old| old.load_balancer_source_ranges.as_ref());
        let existing: Vec<String> = list(old).iter().map(|range| range.trim().to_owned()).collect();
        for (index, range) in ranges.iter().enumerate() {
            let path = path.index(index);
            ip::legacy_cidr(range.trim(), &existing, &path, &field.index(index), errors);
            ip::warn_of_cidr(range, &path, errors);
        }
        return;
    }
    let annotation = |service: &Service| service.metadata.annotations.as_ref()?.get(SOURCE_RANGES).cloned();
    let Some(value) = annotation(service) else { return };
    let path = Path::root().fields(&["metadata", "annotations"]).key(SOURCE_RANGES);
    if !is_balanced {
        errors
            .forbidden(&path, message)
            .says("may only be used when `type` is 'LoadBalancer'")
            .help("remove the annotation, or change the type");
    }
    if old.is_none_or(|old| annotation(old).as_ref() != Some(&value)) && !value.trim().is_empty() {
        for range in value.split(',') {
            ip::legacy_cidr(range.trim(), &[], &path, &path, errors);
        }
    }
}

/// What only load balancers have.
fn load_balancer(spec: &ServiceSpec, path: &Path, errors: &mut Errors<'_>) {
    let is_balanced = text(spec.type_.as_ref()) == "LoadBalancer";
    if spec.allocate_load_balancer_node_ports.is_some() && !is_balanced {
        let message = "`allocateLoadBalancerNodePorts` needs a Service of type `LoadBalancer`";
        errors
            .forbidden(&path.field("allocateLoadBalancerNodePorts"), message)
            .says("may only be used when `type` is 'LoadBalancer'")
            .help("remove it, or change the type");
    }
    let path = path.field("loadBalancerClass");
    let Some(class) = &spec.load_balancer_class else { return };
    if is_balanced {
        errors.each_invalid(
            &path,
            format!("the load balancer class `{}`", shortened(class)),
            names::qualified_name(class),
        );
    } else {
        let message = "a load balancer class needs a Service of type `LoadBalancer`";
        errors
            .forbidden(&path, message)
            .says("may only be used when `type` is 'LoadBalancer'")
            .help("remove it, or change the type");
    }
}

/// The policies by which traffic finds its pods.
fn traffic(spec: &ServiceSpec, path: &Path, errors: &mut Errors<'_>) {
    let external = text(spec.external_traffic_policy.as_ref());
    let at = path.field("externalTrafficPolicy");
    match external {
        "" | "Cluster" | "Local" if is_externally_accessible(spec) => {}
        "" => {}
        _ if !is_externally_accessible(spec) => {
            let message = "the external traffic policy needs a Service that can be reached from outside";
            let help = "remove it, or use the type `NodePort` or `LoadBalancer`";
            errors.invalid(&at, message).says("may only be set for externally-accessible services").help(help);
        }
        other => {
            errors.unsupported(&at, "the external traffic policy", other, ["Cluster", "Local"]);
        }
    }
    let (number, at) = (spec.health_check_node_port.unwrap_or_default(), path.field("healthCheckNodePort"));
    if !needs_health_check(spec) {
        if number != 0 {
            let message = "a health check port needs `type: LoadBalancer` and `externalTrafficPolicy: Local`";
            errors
                .invalid(&at, message)
                .says("may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")
                .help("remove it");
        }
    } else if !allocation::is_placeholder(number) {
        port::number(number, &at, errors);
        ports::within_range(number, "health check port", &at, errors);
    }
    if let Some(internal) = spec.internal_traffic_policy.as_deref().filter(|it| !matches!(*it, "Cluster" | "Local")) {
        let at = path.field("internalTrafficPolicy");
        errors.unsupported(&at, "the internal traffic policy", internal, ["Cluster", "Local"]);
    }
    if let Some(distribution) = spec.traffic_distribution.as_deref() {
        let known = ["PreferClose", "PreferSameZone", "PreferSameNode"];
        let known = if errors.server.enabled(Gate::PreferSameTrafficDistribution) { &known[..] } else { &known[..1] };
        let at = path.field("trafficDistribution");
        if !known.contains(&distribution) {
            errors.unsupported(&at, "the traffic distribution", distribution, known.iter().copied());
        } else if distribution == "PreferClose" && errors.server.does(Since::PreferCloseDeprecated) {
            let message = "the traffic distribution `PreferClose` is deprecated";
            errors.warn(&at, message).help("write `PreferSameZone`, which means the same");
        }
    }
}

/// What the API server takes and ignores.
fn warnings(spec: &ServiceSpec, path: &Path, errors: &mut Errors<'_>) {
    let kind = text(spec.type_.as_ref());
    let headless = kind == "ClusterIP" && text(spec.cluster_ip.as_ref()) == "None";
    if !headless {
        for (index, value) in list(spec.cluster_ips.as_ref()).iter().enumerate() {
            ip::warn_of_ip(value, &path.field("clusterIPs").index(index), errors);
        }
    }
    let balancer = text(spec.load_balancer_ip.as_ref());
    if !balancer.is_empty() {
        let at = path.field("loadBalancerIP");
        if headless {
            errors.warn(&at, "`loadBalancerIP` is ignored in a headless Service").help("remove it");
        }
        ip::warn_of_ip(balancer, &at, errors);
    }
    if headless && spec.session_affinity.as_deref() == Some("ClientIP") {
        let at = path.field("sessionAffinity");
        errors.warn(&at, "session affinity is ignored in a headless Service").help("remove it");
    }
    if !list(spec.external_ips.as_ref()).is_empty() {
        let at = path.field("externalIPs");
        if headless {
            errors.warn(&at, "`externalIPs` is ignored in a headless Service").help("remove it");
        } else if kind == "ExternalName" {
            errors.warn(&at, "`externalIPs` is ignored in a Service of type `ExternalName`").help("remove it");
        } else if errors.server.does(Since::ExternalIpsDeprecated) {
            let message = "`externalIPs` is deprecated, and some clusters no longer implement it";
            errors.warn(&at, message).help("use a Service of type `LoadBalancer`, or a Gateway");
        }
    }
    if kind != "ExternalName" && !text(spec.external_name.as_ref()).is_empty() {
        let message = "`externalName` is ignored unless the type is `ExternalName`";
        errors.warn(&path.field("externalName"), message).help("remove it, or write `type: ExternalName`");
    }
}
