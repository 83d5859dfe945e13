//! Defaults of network policies and Ingress classes (pkg/apis/networking/v1/defaults.go).

use k8s_openapi::api::networking::v1::{IngressClass, NetworkPolicy};

/// What a network policy may leave out.
pub(super) fn network_policy(policy: &mut NetworkPolicy) {
    let spec = policy.spec.get_or_insert_default();
    let ingress = spec.ingress.iter_mut().flatten().map(|rule| &mut rule.ports);
    let egress = spec.egress.iter_mut().flatten().map(|rule| &mut rule.ports);
    for port in ingress.chain(egress).flat_map(|ports| ports.iter_mut().flatten()) {
        port.protocol.get_or_insert_with(|| "TCP".to_owned());
    }
    let types = spec.policy_types.get_or_insert_default();
    if types.is_empty() {
        types.push("Ingress".to_owned());
        if spec.egress.iter().flatten().next().is_some() {
            types.push("Egress".to_owned());
        }
    }
}

/// What an Ingress class may leave out.
pub(super) fn ingress_class(class: &mut IngressClass) {
    if let Some(parameters) = class.spec.as_mut().and_then(|spec| spec.parameters.as_mut()) {
        parameters.scope.get_or_insert_with(|| "Cluster".to_owned());
    }
}
