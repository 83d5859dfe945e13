//! Ports of nodes: within one pod, and between workloads that would have to share a node.
//!
//! Mirrors `SetDefaults_Pod` and the `NodePorts` plugin of the scheduler (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{NodeSelectorRequirement, PodSpec};

use crate::cluster::{HostPort, Lifetime, Object};
use crate::finding::Findings;
use crate::rules::Context;
use crate::values::selector::{Operator, Requirement, Selector};
use crate::yaml::Path;

/// Pods that can never run: a template whose pods the API server refuses, and workloads that need a port which a
/// `DaemonSet` takes on each of their nodes.
pub(in crate::rules) fn clash(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(template) = object.pod_template() else { return };
    let ports = template.host_ports();
    if object.identity.kind != "Pod" {
        clash_in_template(object, &ports, out);
    }
    for (port, other, others) in rivals(context, object, &ports) {
        let Some(other_template) = other.pod_template() else { continue };
        if is_everywhere(other, other_template.spec) && stays_with(other, object, template.spec) {
            let message = format!("DaemonSet {} takes port {} of every node", other.identity.name, port.number);
            let finding = object.report(out, &number_path(port), message);
            finding.related(other.place(&number_path(&others)), format!("the port of {}", other.identity));
            finding.help("use another port, or keep the two apart with node selectors");
        }
    }
}

fn clash_in_template(object: &Object, ports: &[HostPort<'_>], out: &mut Findings) {
    let mut seen: BTreeMap<_, &HostPort<'_>> = BTreeMap::new();
    for port in ports {
        match seen.get(&(port.protocol, port.host_ip, port.number)) {
            // If the manifest says both, the API server refuses it.
            Some(first) if !(port.is_written && first.is_written) => {
                let message = format!(
                    "containers `{}` and `{}` both take port {} of the node, so no pod can be made",
                    first.container, port.container, port.number
                );
                let finding = object.report(out, &port.path.field("containerPort"), message);
                finding.related(object.place(&first.path.field("containerPort")), "the first of them");
                finding.help("let one of them use another port: with `hostNetwork`, they share those of the node");
            }
            Some(_) => {}
            None => {
                seen.insert((port.protocol, port.host_ip, port.number), port);
            }
        }
    }
}

/// Workloads that take the same port and could land on one node, where only one of them can run.
pub(in crate::rules) fn shared(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(template) = object.pod_template() else { return };
    let ports = template.host_ports();
    for (port, other, others) in rivals(context, object, &ports) {
        let Some(other_template) = other.pod_template() else { continue };
        let is_certain = |one: &Object, spec: &PodSpec, all: &Object, all_spec: &PodSpec| {
            is_everywhere(all, all_spec) && stays_with(all, one, spec)
        };
        if is_certain(object, template.spec, other, other_template.spec)
            || is_certain(other, other_template.spec, object, template.spec)
        {
            continue;
        }
        let message = format!("{} takes port {} of its node as well", other.identity, port.number);
        let finding = object.report(out, &number_path(port), message);
        finding.related(other.place(&number_path(&others)), format!("the port of {}", other.identity));
        finding.help("use another port, or keep the two apart with node selectors");
    }
}

/// Other objects that take one of the ports and could share a node with this one.
fn rivals<'a, 'p, 'o>(
    context: &Context<'a>,
    object: &Object,
    ports: &'p [HostPort<'o>],
) -> Vec<(&'p HostPort<'o>, &'a Object, HostPort<'a>)> {
    let mut found: Vec<(&HostPort<'_>, &Object, HostPort<'_>)> = Vec::new();
    if !runs(object) {
        return found;
    }
    let Some(template) = object.pod_template() else { return found };
    let cluster = context.cluster;
    for port in ports {
        for other in cluster.on_host_port(port.number) {
            let is_same = other.identity.kind == object.identity.kind && other.identity.name == object.identity.name;
            if is_same || !runs(other) || !context.layout().nearby(object, other) {
                continue;
            }
            if found.iter().any(|(_, known, _)| std::ptr::eq(*known, other)) {
                continue;
            }
            let Some(other_template) = other.pod_template() else { continue };
            let meets = |its: &HostPort<'_>| {
                let addresses = [port.host_ip, its.host_ip];
                its.number == port.number
                    && its.protocol == port.protocol
                    && (addresses.contains(&"") || addresses[0] == addresses[1])
            };
            let Some(its) = other_template.host_ports().into_iter().find(meets) else { continue };
            if nodes(template.spec).overlaps(&nodes(other_template.spec)) {
                found.push((port, other, its));
            }
        }
    }
    found
}

/// Whether pods of the object are to stay: Jobs end, a template runs nothing, and controllers answer for what they made.
fn runs(object: &Object) -> bool {
    let has_pods = object.lifetime() == Some(Lifetime::Stay) && !object.is_controlled();
    has_pods
        && object.root().at(&Path::root().fields(&["spec", "replicas"])).and_then(crate::yaml::Value::written)
            != Some("0")
}

/// A `DaemonSet` that leaves out no node but those with taints.
fn is_everywhere(object: &Object, spec: &PodSpec) -> bool {
    object.identity.kind == "DaemonSet" && nodes(spec).is_empty() && !has_node_affinity(spec)
}

/// Whether a workload has no node to itself next to the `DaemonSet`: tolerations could take it where that does not go.
fn stays_with(daemon_set: &Object, object: &Object, spec: &PodSpec) -> bool {
    let tolerations = |spec: &PodSpec| spec.tolerations.clone().unwrap_or_default();
    let daemon_tolerations = daemon_set.pod_template().map(|template| tolerations(template.spec)).unwrap_or_default();
    let is_daemon_set = object.identity.kind == "DaemonSet";
    is_daemon_set || tolerations(spec).iter().all(|toleration| daemon_tolerations.contains(toleration))
}

fn has_node_affinity(spec: &PodSpec) -> bool {
    spec.affinity.as_ref().is_some_and(|affinity| affinity.node_affinity.is_some())
}

/// What the nodes must be like, as far as one selector can say it: alternatives are left out.
fn nodes(spec: &PodSpec) -> Selector {
    let mut selector = Selector::from_labels(&spec.node_selector.clone().unwrap_or_default());
    let required = spec
        .affinity
        .as_ref()
        .and_then(|affinity| affinity.node_affinity.as_ref())
        .and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref());
    if let Some([term]) = required.map(|required| &required.node_selector_terms[..]) {
        selector.requirements.extend(term.match_expressions.iter().flatten().filter_map(requirement));
    }
    selector
}

fn requirement(written: &NodeSelectorRequirement) -> Option<Requirement> {
    let operator = match written.operator.as_str() {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        _ => return None,
    };
    Some(Requirement { key: written.key.clone(), operator, values: written.values.clone().unwrap_or_default() })
}

/// Where the number of the port is written.
fn number_path(port: &HostPort<'_>) -> Path {
    port.path.field(if port.is_written { "hostPort" } else { "containerPort" })
}

/// A node port belongs to one Service of the cluster; the API server refuses the second.
pub(in crate::rules) fn node_port_clash(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(spec) = object.service() else { return };
    let ports = |spec: &k8s_openapi::api::core::v1::ServiceSpec| {
        let ports = spec.ports.clone().unwrap_or_default();
        ports.into_iter().enumerate().filter_map(|(index, port)| {
            let number = port.node_port.filter(|number| *number != 0)?;
            let path = Path::root().fields(&["spec", "ports"]).index(index).field("nodePort");
            Some((number, port.protocol.unwrap_or_else(|| "TCP".to_owned()), path))
        })
    };
    for (number, protocol, path) in ports(spec) {
        for other in context.cluster.on_node_port(number) {
            let is_same = other.identity.name == object.identity.name && other.namespace() == object.namespace();
            if is_same || !context.layout().nearby(object, other) {
                continue;
            }
            let Some(other_spec) = other.service() else { continue };
            let is_taken = |(its, theirs, _): &(i32, String, Path)| *its == number && *theirs == protocol;
            let Some((_, _, others)) = ports(other_spec).find(is_taken) else { continue };
            let finding =
                object.report(out, &path, format!("node port {number} is that of {} as well", other.identity));
            finding.related(other.place(&others), format!("the node port of {}", other.identity));
            finding.help("leave one of the two out, and the API server finds a free port");
        }
    }
}
