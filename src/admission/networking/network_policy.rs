//! Network policies.
//!
//! Mirrors `ValidateNetworkPolicy` and `ValidateNetworkPolicyUpdate` of pkg/apis/networking/validation and the warnings of
//! the strategy (v1.36).

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::defaults;
use crate::admission::errors::{Errors, supported};
use crate::admission::shared::absent::{list, text};
use crate::admission::shared::{ip, port, selector};
use crate::admission::{ApiServer, Kind};
use crate::values::ip::Cidr;
use crate::yaml::Path;

/// What the old policy has already and may therefore keep.
#[derive(Default)]
struct Allowed {
    selectors: selector::Options,
    ranges: Vec<String>,
}

impl Kind for NetworkPolicy {
    fn set_defaults(&mut self, _: &ApiServer) {
        defaults::network_policy(self);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        policy(self, &Allowed::default(), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let Some(old) = &old.spec else { return self.validate(errors) };
        let blocks = peers(old).filter_map(|(peer, ..)| peer.ip_block.as_ref());
        let ranges = blocks.flat_map(|block| [&block.cidr].into_iter().chain(list(block.except.as_ref()))).cloned();
        let is_wrong = errors.silently(|errors| {
            let options = selector::Options::default();
            selector::label_selector(old.pod_selector.as_ref(), &Path::root(), options, errors);
            errors.refused() > 0
        });
        let selectors = selector::Options { allow_invalid_values: is_wrong };
        policy(self, &Allowed { selectors, ranges: ranges.collect() }, errors);
    }
}

/// All peers of a policy, with the names of their lists, the number of the rule and their own.
fn peers(spec: &NetworkPolicySpec) -> impl Iterator<Item = (&NetworkPolicyPeer, [&'static str; 2], usize, usize)> {
    let ingress = list(spec.ingress.as_ref()).iter().map(|rule| &rule.from).enumerate();
    let egress = list(spec.egress.as_ref()).iter().map(|rule| &rule.to).enumerate();
    let ingress = ingress.map(|(index, peers)| (peers, ["ingress", "from"], index));
    let egress = egress.map(|(index, peers)| (peers, ["egress", "to"], index));
    ingress.chain(egress).flat_map(|(peers, names, rule)| {
        list(peers.as_ref()).iter().enumerate().map(move |(index, peer)| (peer, names, rule, index))
    })
}

fn policy(policy: &NetworkPolicy, allowed: &Allowed, errors: &mut Errors<'_>) {
    let Some(spec) = &policy.spec else { return };
    let path = Path::root().field("spec");
    selector::label_selector(spec.pod_selector.as_ref(), &path.field("podSelector"), allowed.selectors, errors);
    let ingress = list(spec.ingress.as_ref()).iter().map(|rule| &rule.ports);
    let egress = list(spec.egress.as_ref()).iter().map(|rule| &rule.ports);
    let rules = ingress.enumerate().map(|(index, ports)| ("ingress", index, ports));
    for (name, index, ports) in rules.chain(egress.enumerate().map(|(index, ports)| ("egress", index, ports))) {
        for (at, port) in list(ports.as_ref()).iter().enumerate() {
            allowed_port(port, &path.field(name).index(index).field("ports").index(at), errors);
        }
    }
    for (peer, [list, field], rule, index) in peers(spec) {
        self::peer(peer, &path.field(list).index(rule).field(field).index(index), allowed, errors);
    }
    let types = list(spec.policy_types.as_ref());
    let path = path.field("policyTypes");
    if types.len() > 2 {
        let finding = errors
            .invalid(&path, "a network policy has two types at most")
            .says("may not specify more than two policyTypes");
        finding.help("write each of `Ingress` and `Egress` once at most");
        return;
    }
    for (index, kind) in types.iter().enumerate() {
        if !matches!(kind.as_str(), "Ingress" | "Egress") {
            errors.unsupported(&path.index(index), "the type of a network policy", kind, ["Ingress", "Egress"]);
        }
    }
}

fn allowed_port(allowed: &NetworkPolicyPort, path: &Path, errors: &mut Errors<'_>) {
    let protocol = text(allowed.protocol.as_ref());
    if let Some(finding) = port::protocol(protocol, &path.field("protocol"), errors) {
        finding.says(supported(["TCP", "UDP", "SCTP"]));
    }
    let end = path.field("endPort");
    if let Some(last) = allowed.end_port {
        let message = match &allowed.port {
            None => Some((
                format!("the range ends at port {last}, but begins nowhere"),
                "may not be specified when `port` is not specified",
            )),
            Some(IntOrString::String(name)) => Some((
                format!("a range cannot begin at the named port `{name}`"),
                "may not be specified when `port` is non-numeric",
            )),
            Some(IntOrString::Int(first)) if last < *first => Some((
                format!("the range ends at port {last}, before its start"),
                "must be greater than or equal to `port`",
            )),
            Some(IntOrString::Int(_)) => None,
        };
        if let Some((message, says)) = message {
            errors.invalid(&end, message).rule("invalid-port-range").says(says);
        }
        if let Some(IntOrString::Int(_)) = allowed.port {
            port::number(last, &end, errors);
        }
    }
    if let Some(given) = &allowed.port {
        port::number_or_name(given, &path.field("port"), errors);
    }
}

fn peer(peer: &NetworkPolicyPeer, path: &Path, allowed: &Allowed, errors: &mut Errors<'_>) {
    let NetworkPolicyPeer { ip_block, namespace_selector, pod_selector } = peer;
    let selectors = [("podSelector", pod_selector), ("namespaceSelector", namespace_selector)];
    for (name, given) in selectors {
        selector::label_selector(given.as_ref(), &path.field(name), allowed.selectors, errors);
    }
    let has_selector = pod_selector.is_some() || namespace_selector.is_some();
    match ip_block {
        Some(block) => {
            ip_block_of(block, &path.field("ipBlock"), allowed, errors);
            if has_selector {
                let finding = errors
                    .forbidden(path, "a peer cannot be both a range of addresses and selected by labels")
                    .says("may not specify both ipBlock and another peer");
                finding.help("write two peers");
            }
        }
        None if !has_selector => {
            let finding = errors.required(path, "the peer says nothing").says("must specify a peer");
            finding.help("add `podSelector`, `namespaceSelector` or `ipBlock`; `podSelector: {}` means all pods");
        }
        None => {}
    }
}

/// A range of addresses, and parts of it that are not meant.
fn ip_block_of(block: &IPBlock, path: &Path, allowed: &Allowed, errors: &mut Errors<'_>) {
    let at = path.field("cidr");
    if block.cidr.is_empty() {
        errors.required(&at, "the block has no range of addresses").help("add `cidr`, for example `10.9.8.0/24`");
        return;
    }
    let Some(range) = ip::legacy_cidr(&block.cidr, &allowed.ranges, &at, &at, errors) else { return };
    ip::warn_of_cidr(&block.cidr, &at, errors);
    for (index, value) in list(block.except.as_ref()).iter().enumerate() {
        let path = path.field("except").index(index);
        let Some(except) = ip::legacy_cidr(value, &allowed.ranges, &path, &path, errors) else { continue };
        ip::warn_of_cidr(value, &path, errors);
        if !is_strictly_within(except, range) {
            let message = format!("the exception `{value}` is no part of `{}`", block.cidr);
            let place = errors.place(&at);
            let finding =
                errors.invalid(&path, message).says("must be a strict subset of `cidr`").related(place, "the range");
            finding.help("except a smaller range inside of it");
        }
    }
}

fn is_strictly_within(part: Cidr, whole: Cidr) -> bool {
    whole.contains(part.first()) && whole.prefix < part.prefix
}
