//! Services that change.
//!
//! Mirrors `ValidateServiceUpdate` of pkg/apis/core/validation and `dropTypeDependentFields` of
//! pkg/registry/core/service/strategy.go (v1.36).

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::ServiceSpec;

use super::defaults::is_externally_accessible;
use super::{is_headless, needs_health_check};
use crate::admission::errors::Errors;
use crate::admission::shared::absent::{list, text};
use crate::finding::Keeps;
use crate::yaml::Path;

/// What may not change.
pub(super) fn service(spec: &ServiceSpec, old: &ServiceSpec, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    addresses(spec, old, &path, errors);
    families(spec, old, &path, errors);
    let is_balanced = |spec: &ServiceSpec| text(spec.type_.as_ref()) == "LoadBalancer";
    if is_balanced(spec) && is_balanced(old) && spec.load_balancer_class != old.load_balancer_class {
        let finding = errors
            .immutable(&path.field("loadBalancerClass"), "the load balancer class cannot change")
            .says("may not change once set");
        finding.help("delete the Service and create it anew, or keep the class");
    }
    let port = |spec: &ServiceSpec| spec.health_check_node_port.unwrap_or_default();
    if needs_health_check(spec) && needs_health_check(old) && port(spec) != port(old) {
        let finding = errors
            .forbidden(&path.field("healthCheckNodePort"), "the health check port cannot change")
            .says("field is immutable");
        finding.keeps(Keeps::Always).help("remove it, and the Service keeps the one that it has");
    }
}

fn is_external_name(spec: &ServiceSpec) -> bool {
    text(spec.type_.as_ref()) == "ExternalName"
}

const KEEP: &str = "remove it, and the Service keeps its address, or delete the Service first";

/// Addresses stay, but the second one may come and go (`validateUpgradeDowngradeClusterIPs`).
fn addresses(spec: &ServiceSpec, old: &ServiceSpec, path: &Path, errors: &mut Errors<'_>) {
    if is_external_name(spec) || is_external_name(old) || is_headless(spec) && is_headless(old) {
        return;
    }
    let (now, before) = (list(spec.cluster_ips.as_ref()), list(old.cluster_ips.as_ref()));
    let field = path.field("clusterIPs");
    let single = path.field("clusterIP");
    let at = |index: usize, errors: &Errors<'_>| {
        if errors.is_written(&single) && !errors.is_written(&field) { single.clone() } else { field.index(index) }
    };
    // Of lists of different lengths, only the first addresses are compared.
    let compared = if now.len() == before.len() { now.len() } else { 1 };
    for (index, (now, before)) in now.iter().zip(before).take(compared).enumerate() {
        if now != before {
            let message = match (now.as_str(), before.as_str()) {
                ("None", _) => "a Service with an address cannot become headless".to_owned(),
                (_, "None") => "a headless Service cannot get an address".to_owned(),
                (now, _) => format!("the address of the Service cannot change to `{now}`"),
            };
            errors.immutable(&at(index, errors), message).called(field.index(index)).help(KEEP);
        }
    }
    if now.len() < before.len() {
        if now.is_empty() {
            errors.immutable(&field.index(0), "the address of the Service cannot be removed").help(KEEP);
        }
        if now.len() == 1 {
            second_is_released(spec, "address", path, errors);
        }
    }
}

/// Families stay, but the second one may come and go (`validateUpgradeDowngradeIPFamilies`).
fn families(spec: &ServiceSpec, old: &ServiceSpec, path: &Path, errors: &mut Errors<'_>) {
    if is_external_name(spec) || is_external_name(old) || is_headless(spec) || is_headless(old) {
        return;
    }
    let (now, before) = (list(spec.ip_families.as_ref()), list(old.ip_families.as_ref()));
    let first = path.field("ipFamilies").index(0);
    let compared = if now.len() == before.len() { now.len() } else { 1 };
    if now.iter().zip(before).take(compared).any(|(now, before)| now != before) {
        let message = "the first IP family of a Service cannot change";
        errors
            .immutable(&first, message)
            .says("may not change once set")
            .help("write the families in the order that they have");
    }
    if now.len() < before.len() {
        if list(spec.cluster_ips.as_ref()).is_empty() {
            errors.immutable(&first, "the first IP family of a Service cannot be removed");
        }
        if now.len() == 1 {
            second_is_released(spec, "IP family", path, errors);
        }
    }
}

fn second_is_released(spec: &ServiceSpec, what: &str, path: &Path, errors: &mut Errors<'_>) {
    if text(spec.ip_family_policy.as_ref()) != "SingleStack" {
        let message = format!("the second {what} goes only with `ipFamilyPolicy: SingleStack`");
        errors.invalid(&path.field("ipFamilyPolicy"), message).help("write `ipFamilyPolicy: SingleStack`");
    }
}

/// Drops what the type no longer needs and what only remained from the old object.
pub(super) fn drop_type_dependent_fields(spec: &mut ServiceSpec, old: &ServiceSpec) {
    if !is_external_name(old) && is_external_name(spec) {
        if spec.cluster_ip == old.cluster_ip && list(spec.cluster_ips.as_ref()) == list(old.cluster_ips.as_ref()) {
            (spec.cluster_ip, spec.cluster_ips) = (None, None);
        }
        if list(spec.ip_families.as_ref()) == list(old.ip_families.as_ref()) {
            spec.ip_families = None;
        }
        if text(spec.ip_family_policy.as_ref()) == text(old.ip_family_policy.as_ref()) {
            spec.ip_family_policy = None;
        }
    }
    let on_nodes = |spec: &ServiceSpec| matches!(text(spec.type_.as_ref()), "NodePort" | "LoadBalancer");
    if on_nodes(old) && !on_nodes(spec) {
        let given = |spec: &ServiceSpec| -> BTreeSet<i32> {
            list(spec.ports.as_ref()).iter().filter_map(|port| port.node_port).filter(|port| *port != 0).collect()
        };
        if given(old).is_superset(&given(spec)) {
            spec.ports.iter_mut().flatten().for_each(|port| port.node_port = None);
        }
    }
    if needs_health_check(old)
        && !needs_health_check(spec)
        && spec.health_check_node_port.unwrap_or_default() == old.health_check_node_port.unwrap_or_default()
    {
        spec.health_check_node_port = None;
    }
    let is_balanced = |spec: &ServiceSpec| text(spec.type_.as_ref()) == "LoadBalancer";
    if is_balanced(old) && !is_balanced(spec) {
        if spec.allocate_load_balancer_node_ports == old.allocate_load_balancer_node_ports {
            spec.allocate_load_balancer_node_ports = None;
        }
        if spec.load_balancer_class == old.load_balancer_class {
            spec.load_balancer_class = None;
        }
    }
    if is_externally_accessible(old)
        && !is_externally_accessible(spec)
        && text(spec.external_traffic_policy.as_ref()) == text(old.external_traffic_policy.as_ref())
    {
        spec.external_traffic_policy = None;
    }
}
