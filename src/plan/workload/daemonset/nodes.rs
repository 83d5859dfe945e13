//! On which nodes the pods of a DaemonSet run.
//!
//! Mirrors `NodeShouldRunDaemonPod` in `pkg/controller/daemon/daemon_controller.go` and
//! `AddOrUpdateDaemonPodTolerations` in `pkg/controller/daemon/util/daemonset_util.go` (v1.36). Left out: the tolerations
//! that compare numbers, which are behind a feature gate that is off.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Toleration};

use crate::plan::sim::scenario::{NodeModel, TaintModel};
use crate::values::selector::{Operator, Requirement, Selector};

/// What a DaemonSet does with a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Eligibility {
    /// Whether a pod should be there.
    pub(super) run: bool,
    /// Whether a pod that is there may stay.
    pub(super) stay: bool,
}

/// What a DaemonSet whose pods are like `spec` does with `node`. A cordon does not matter: its pods tolerate it.
pub(super) fn eligibility(spec: &PodSpec, node: &NodeModel) -> Eligibility {
    let named = spec.node_name.as_deref().is_none_or(|name| name.is_empty() || name == node.name);
    if !named || !is_selected(spec, node) {
        return Eligibility { run: false, stay: false };
    }
    let mut repelling =
        node.taints.iter().filter(|taint| !is_tolerated(spec, taint)).map(|taint| taint.effect.as_str());
    let stay = !repelling.clone().any(|effect| effect == "NoExecute");
    Eligibility { run: stay && !repelling.any(|effect| effect == "NoSchedule"), stay }
}

/// Mirrors `GetRequiredNodeAffinity` in k8s.io/component-helpers/scheduling/corev1/nodeaffinity.
fn is_selected(spec: &PodSpec, node: &NodeModel) -> bool {
    if spec.node_selector.as_ref().is_some_and(|labels| !Selector::from_labels(labels).matches(&node.labels)) {
        return false;
    }
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required = affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref());
    required.is_none_or(|selector| selector.node_selector_terms.iter().any(|term| is_match(term, node)))
}

/// A term without any requirement matches nothing.
fn is_match(term: &NodeSelectorTerm, node: &NodeModel) -> bool {
    let labels = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    let name = BTreeMap::from([("metadata.name".to_owned(), node.name.clone())]);
    !(labels.is_empty() && fields.is_empty()) && all(labels, &node.labels) && all(fields, &name)
}

fn all(requirements: &[NodeSelectorRequirement], labels: &BTreeMap<String, String>) -> bool {
    let requirements = requirements.iter().map(|requirement| {
        let operator = match requirement.operator.as_str() {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            "Gt" => Operator::GreaterThan,
            "Lt" => Operator::LessThan,
            _ => return None,
        };
        let values = requirement.values.clone().unwrap_or_default();
        Some(Requirement { key: requirement.key.clone(), operator, values })
    });
    let requirements: Option<Vec<Requirement>> = requirements.collect();
    requirements.is_some_and(|requirements| Selector { requirements }.matches(labels))
}

fn is_tolerated(spec: &PodSpec, taint: &TaintModel) -> bool {
    let network = spec.host_network == Some(true);
    let automatic = AUTOMATIC.iter().filter(|(_, _, on_host_network)| network || !on_host_network);
    automatic.into_iter().any(|(key, effect, _)| taint.key == *key && taint.effect == *effect)
        || spec.tolerations.iter().flatten().any(|toleration| tolerates(toleration, taint))
}

/// What every pod of a DaemonSet tolerates, or only those on the network of the host.
const AUTOMATIC: [(&str, &str, bool); 7] = [
    ("node.kubernetes.io/not-ready", "NoExecute", false),
    ("node.kubernetes.io/unreachable", "NoExecute", false),
    ("node.kubernetes.io/disk-pressure", "NoSchedule", false),
    ("node.kubernetes.io/memory-pressure", "NoSchedule", false),
    ("node.kubernetes.io/pid-pressure", "NoSchedule", false),
    ("node.kubernetes.io/unschedulable", "NoSchedule", false),
    ("node.kubernetes.io/network-unavailable", "NoSchedule", true),
];

/// Mirrors `ToleratesTaint` in k8s.io/component-helpers/scheduling/corev1/helpers.go.
fn tolerates(toleration: &Toleration, taint: &TaintModel) -> bool {
    let any_or = |text: Option<&str>, other: &str| text.is_none_or(|text| text.is_empty() || text == other);
    if !any_or(toleration.effect.as_deref(), &taint.effect) || !any_or(toleration.key.as_deref(), &taint.key) {
        return false;
    }
    match toleration.operator.as_deref().unwrap_or_default() {
        "" | "Equal" => toleration.value.as_deref().unwrap_or_default() == taint.value,
        "Exists" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Eligibility, eligibility};

    fn check(spec: &Value, node: &Value) -> (bool, bool) {
        let mut spec = spec.clone();
        spec["containers"] = json!([]);
        let spec = serde_json::from_value(spec).expect("the tests write pod specs");
        let node = serde_json::from_value(node.clone()).expect("the tests write nodes");
        let Eligibility { run, stay } = eligibility(&spec, &node);
        (run, stay)
    }

    #[test]
    fn taints_keep_new_pods_off_and_some_drive_old_ones_away() {
        let node =
            |key: &str, effect: &str| json!({"name": "a", "taints": [{"key": key, "value": "v", "effect": effect}]});
        assert_eq!(check(&json!({}), &node("k", "NoSchedule")), (false, true));
        assert_eq!(check(&json!({}), &node("k", "NoExecute")), (false, false));
        assert_eq!(check(&json!({}), &node("k", "PreferNoSchedule")), (true, true));
        let tolerating = |toleration: Value| check(&json!({"tolerations": [toleration]}), &node("k", "NoExecute"));
        assert_eq!(tolerating(json!({"operator": "Exists"})), (true, true));
        assert_eq!(tolerating(json!({"key": "k", "value": "v"})), (true, true));
        assert_eq!(tolerating(json!({"key": "k", "value": "w"})), (false, false));
        assert_eq!(tolerating(json!({"key": "k", "operator": "Exists", "effect": "NoSchedule"})), (false, false));
        let pressure = node("node.kubernetes.io/memory-pressure", "NoSchedule");
        assert_eq!(check(&json!({}), &pressure), (true, true));
        let network = node("node.kubernetes.io/network-unavailable", "NoSchedule");
        assert_eq!(check(&json!({}), &network), (false, true));
        assert_eq!(check(&json!({"hostNetwork": true}), &network), (true, true));
    }

    #[test]
    fn selector_affinity_and_name_all_have_to_fit() {
        let node = json!({"name": "a", "labels": {"disk": "ssd", "cores": "8"}, "unschedulable": true});
        let affine = |term: Value| {
            let required = json!({"nodeSelectorTerms": [term]});
            let affinity = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}});
            check(&json!({"affinity": affinity}), &node).0
        };
        assert!(check(&json!({"nodeSelector": {"disk": "ssd"}}), &node).0);
        assert!(!check(&json!({"nodeSelector": {"disk": "hdd"}}), &node).0);
        assert!(check(&json!({"nodeName": "a"}), &node).0);
        assert!(!check(&json!({"nodeName": "b"}), &node).0);
        assert!(affine(json!({"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["4"]}]})));
        assert!(!affine(json!({"matchExpressions": [{"key": "disk", "operator": "NotIn", "values": ["ssd"]}]})));
        assert!(affine(json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]})));
        assert!(!affine(json!({})));
    }
}
