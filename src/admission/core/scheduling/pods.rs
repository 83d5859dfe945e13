//! Where pods may run with regard to other pods: pod affinity and anti-affinity, topology spread.
//!
//! Mirrors `validateAffinity`, `validatePodAffinityTerm`, `validateTopologySpreadConstraints` and
//! `ValidateMatchLabelKeysAndMismatchLabelKeys` in pkg/apis/core/validation, and `mutatePodAffinity` of
//! pkg/registry/core/pod (v1.36).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    Affinity, PodAffinity, PodAffinityTerm, PodAntiAffinity, PodSpec, TopologySpreadConstraint, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use super::node_labels::warn_if_deprecated;
use super::{node_affinity, weight};
use crate::admission::ApiServer;
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Gate;
use crate::admission::shared::selector::{Options, label_selector};
use crate::finding::Finding;
use crate::values::names;
use crate::yaml::Path;

/// The gate by which `matchLabelKeys` of topology spread constraints become part of their selector.
const SPREAD_MERGES: Gate = Gate::MatchLabelKeysInPodTopologySpreadSelectorMerge;

/// Adds the values that a Pod has of the `matchLabelKeys` to the selectors beside them, as the server does when it is made
/// (`mutatePodAffinity`, `mutateTopologySpreadConstraints`). With `once`, what is there already is not added again.
pub(in crate::admission) fn merge_label_keys(
    spec: &mut PodSpec,
    labels: Option<&BTreeMap<String, String>>,
    once: bool,
    server: &ApiServer,
) {
    let Some(labels) = labels else { return };
    if let Some(affinity) = &mut spec.affinity {
        let (pods, others) = (affinity.pod_affinity.as_mut(), affinity.pod_anti_affinity.as_mut());
        let pods = pods.map(|affinity| {
            (
                &mut affinity.required_during_scheduling_ignored_during_execution,
                &mut affinity.preferred_during_scheduling_ignored_during_execution,
            )
        });
        let others = others.map(|affinity| {
            (
                &mut affinity.required_during_scheduling_ignored_during_execution,
                &mut affinity.preferred_during_scheduling_ignored_during_execution,
            )
        });
        for (required, preferred) in pods.into_iter().chain(others) {
            let preferred = preferred.iter_mut().flatten().map(|preferred| &mut preferred.pod_affinity_term);
            for term in required.iter_mut().flatten().chain(preferred) {
                let Some(selector) = &mut term.label_selector else { continue };
                merge(selector, term.match_label_keys.as_deref(), "In", labels, once);
                merge(selector, term.mismatch_label_keys.as_deref(), "NotIn", labels, once);
            }
        }
    }
    if server.enabled(SPREAD_MERGES) {
        for constraint in spec.topology_spread_constraints.iter_mut().flatten() {
            let Some(selector) = &mut constraint.label_selector else { continue };
            merge(selector, constraint.match_label_keys.as_deref(), "In", labels, once);
        }
    }
}

/// As `applyLabelKeysToLabelSelector`.
fn merge(
    selector: &mut LabelSelector,
    keys: Option<&[String]>,
    operator: &str,
    labels: &BTreeMap<String, String>,
    once: bool,
) {
    for key in keys.unwrap_or_default() {
        let Some(value) = labels.get(key) else { continue };
        let added = LabelSelectorRequirement {
            key: key.clone(),
            operator: operator.to_owned(),
            values: Some(vec![value.clone()]),
        };
        let expressions = selector.match_expressions.get_or_insert_default();
        if !once || !expressions.contains(&added) {
            expressions.push(added);
        }
    }
}

/// The affinity at `path`.
pub(in crate::admission) fn affinity(affinity: &Affinity, path: &Path, errors: &mut Errors<'_>) {
    if let Some(nodes) = &affinity.node_affinity {
        node_affinity(nodes, &path.field("nodeAffinity"), errors);
    }
    if let Some(PodAffinity {
        required_during_scheduling_ignored_during_execution: required,
        preferred_during_scheduling_ignored_during_execution: preferred,
    }) = &affinity.pod_affinity
    {
        terms(required.as_deref(), preferred.as_deref(), &path.field("podAffinity"), errors);
    }
    if let Some(PodAntiAffinity {
        required_during_scheduling_ignored_during_execution: required,
        preferred_during_scheduling_ignored_during_execution: preferred,
    }) = &affinity.pod_anti_affinity
    {
        terms(required.as_deref(), preferred.as_deref(), &path.field("podAntiAffinity"), errors);
    }
}

fn terms(
    required: Option<&[PodAffinityTerm]>,
    preferred: Option<&[WeightedPodAffinityTerm]>,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    for (index, required) in required.unwrap_or_default().iter().enumerate() {
        let path = path.field("requiredDuringSchedulingIgnoredDuringExecution").index(index);
        term(required, &path, errors);
    }
    for (index, preferred) in preferred.unwrap_or_default().iter().enumerate() {
        let path = path.field("preferredDuringSchedulingIgnoredDuringExecution").index(index);
        weight(preferred.weight, &path, errors);
        term(&preferred.pod_affinity_term, &path.field("podAffinityTerm"), errors);
    }
}

fn term(term: &PodAffinityTerm, path: &Path, errors: &mut Errors<'_>) {
    let keys = Keys {
        matching: term.match_label_keys.as_deref().unwrap_or_default(),
        mismatching: term.mismatch_label_keys.as_deref().unwrap_or_default(),
    };
    let selector = term.label_selector.as_ref();
    label_selector(selector, &path.field("labelSelector"), Options::default(), errors);
    let namespaces = path.field("namespaceSelector");
    label_selector(term.namespace_selector.as_ref(), &namespaces, Options::default(), errors);
    for (index, namespace) in term.namespaces.iter().flatten().enumerate() {
        for problem in names::dns1123_label(namespace) {
            let message = format!("the namespace `{}` {problem}", shortened(namespace));
            let finding = errors.invalid(&path.field("namespaces").index(index), message).problem(problem);
            finding.called(path.field("namespace"));
        }
    }
    keys.check(selector, path, errors);
    let at = path.field("topologyKey");
    if term.topology_key.is_empty() {
        let message = "the term does not say by which label of nodes places are told apart";
        errors
            .required(&at, message)
            .says("can not be empty")
            .help("write for example `topologyKey: kubernetes.io/hostname`");
    }
    for problem in names::qualified_name(&term.topology_key) {
        let message = format!("the label key `{}` {problem}", shortened(&term.topology_key));
        errors.invalid(&at, message).problem(problem).rule("invalid-label");
    }
    without_selector(selector, path, errors);
}

fn without_selector(selector: Option<&LabelSelector>, path: &Path, errors: &mut Errors<'_>) {
    if selector.is_none() {
        let message = "without a `labelSelector` no pod is meant";
        errors.warn(&path.field("labelSelector"), message).help("write `labelSelector: {}` to mean all pods");
    }
}

/// The topology spread constraints at `path`.
pub(in crate::admission) fn spread(constraints: &[TopologySpreadConstraint], path: &Path, errors: &mut Errors<'_>) {
    // The server blames the first of two constraints of one kind, so that they are gone through from the end.
    let mut kinds = BTreeMap::new();
    let mut repeated = BTreeMap::new();
    for (index, constraint) in constraints.iter().enumerate().rev() {
        let kind = (constraint.topology_key.as_str(), constraint.when_unsatisfiable.as_str());
        if let Some(other) = kinds.insert(kind, index) {
            repeated.insert(index, other);
        }
    }
    for (index, constraint) in constraints.iter().enumerate() {
        let at = path.index(index);
        self::constraint(constraint, &at, errors);
        if let Some(other) = repeated.get(&index) {
            let place = errors.place(&path.index(*other));
            let message = format!(
                "two constraints for `{}` have the same `whenUnsatisfiable`",
                shortened(&constraint.topology_key)
            );
            let finding = errors.duplicate(&at, message).called(at.field("{topologyKey, whenUnsatisfiable}"));
            finding.related(place, "the other").help("join them, or remove one");
        }
    }
}

fn constraint(constraint: &TopologySpreadConstraint, path: &Path, errors: &mut Errors<'_>) {
    const ACTIONS: [&str; 2] = ["DoNotSchedule", "ScheduleAnyway"];
    if constraint.max_skew <= 0 {
        let message = format!("the skew that is allowed must be greater than 0, not {}", constraint.max_skew);
        errors
            .invalid(&path.field("maxSkew"), message)
            .says("must be greater than zero")
            .help("write `1` for a spread as even as possible");
    }
    if constraint.topology_key.is_empty() {
        let message = "the constraint does not say by which label of nodes places are told apart";
        errors
            .required(&path.field("topologyKey"), message)
            .says("can not be empty")
            .help("write for example `topology.kubernetes.io/zone`");
    }
    let action = constraint.when_unsatisfiable.as_str();
    if !ACTIONS.contains(&action) {
        errors.unsupported(&path.field("whenUnsatisfiable"), "`whenUnsatisfiable`", action, ACTIONS);
    }
    if let Some(domains) = constraint.min_domains {
        let at = path.field("minDomains");
        if domains <= 0 {
            errors
                .invalid(&at, format!("the number of places must be greater than 0, not {domains}"))
                .says("must be greater than zero");
        }
        if action != "DoNotSchedule" {
            let place = errors.place(&path.field("whenUnsatisfiable"));
            let finding = errors
                .invalid(&at, "only a constraint with `DoNotSchedule` can have `minDomains`")
                .says(format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"));
            finding.related(place, "this is another").help("remove it, or write `whenUnsatisfiable: DoNotSchedule`");
        }
    }
    let policies = [
        ("nodeAffinityPolicy", &constraint.node_affinity_policy),
        ("nodeTaintsPolicy", &constraint.node_taints_policy),
    ];
    for (field, policy) in policies {
        if let Some(policy) = policy.as_deref().filter(|policy| !["Honor", "Ignore"].contains(policy)) {
            errors.unsupported(&path.field(field), format_args!("`{field}`"), policy, ["Honor", "Ignore"]);
        }
    }
    let keys = Keys { matching: constraint.match_label_keys.as_deref().unwrap_or_default(), mismatching: &[] };
    let selector = constraint.label_selector.as_ref();
    if errors.server.enabled(SPREAD_MERGES) {
        keys.check(selector, path, errors);
    } else {
        keys.check_apart(selector, path, errors);
    }
    label_selector(selector, &path.field("labelSelector"), Options::default(), errors);
    warn_if_deprecated(&constraint.topology_key, &path.field("topologyKey"), errors);
    without_selector(selector, path, errors);
}

/// Keys of labels whose values are the pod's own.
struct Keys<'a> {
    matching: &'a [String],
    mismatching: &'a [String],
}

impl Keys<'_> {
    /// As `ValidateMatchLabelKeysAndMismatchLabelKeys`, which expects a key in the selector once, from the merger.
    fn check(&self, selector: Option<&LabelSelector>, path: &Path, errors: &mut Errors<'_>) {
        for (field, keys) in [("matchLabelKeys", self.matching), ("mismatchLabelKeys", self.mismatching)] {
            if !keys.is_empty() && selector.is_none() {
                needs_selector(&path.field(field), errors);
            } else {
                for (index, key) in keys.iter().enumerate() {
                    label_key(key, &path.field(field).index(index), errors);
                }
            }
        }
        if self.matching.is_empty() {
            return;
        }
        // Of keys that are listed twice, the server remembers the last.
        let matching: BTreeMap<&str, usize> =
            self.matching.iter().enumerate().map(|(index, key)| (key.as_str(), index)).collect();
        let mut seen: BTreeSet<&str> = selector
            .and_then(|selector| selector.match_labels.as_ref())
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .collect();
        let expressions = selector.and_then(|selector| selector.match_expressions.as_ref());
        for expression in expressions.into_iter().flatten() {
            let key = expression.key.as_str();
            if let Some(index) = matching.get(key).filter(|_| seen.contains(key)) {
                let place = errors.place(&path.field("labelSelector"));
                let at = path.field("matchLabelKeys").index(*index);
                in_both(key, &at, errors).called(path.index(*index)).related(place, "the selector");
            }
            seen.insert(key);
        }
        let mismatching: BTreeSet<&String> = self.mismatching.iter().collect();
        for (index, key) in self.matching.iter().enumerate().filter(|(_, key)| mismatching.contains(key)) {
            let message =
                format!("the label `{}` cannot be both in `matchLabelKeys` and in `mismatchLabelKeys`", shortened(key));
            errors
                .invalid(&path.field("matchLabelKeys").index(index), message)
                .says("exists in both matchLabelKeys and mismatchLabelKeys")
                .help("remove it from one of the two");
        }
    }

    /// As `ValidateMatchLabelKeysInTopologySpread`, which is from before the merger.
    fn check_apart(&self, selector: Option<&LabelSelector>, path: &Path, errors: &mut Errors<'_>) {
        let path = path.field("matchLabelKeys");
        if self.matching.is_empty() {
            return;
        }
        if selector.is_none() {
            needs_selector(&path, errors);
        }
        let labels = selector.and_then(|selector| selector.match_labels.as_ref()).into_iter().flatten();
        let expressions = selector.and_then(|selector| selector.match_expressions.as_ref()).into_iter().flatten();
        let selected: BTreeSet<&str> =
            labels.map(|(key, _)| key.as_str()).chain(expressions.map(|expression| expression.key.as_str())).collect();
        for (index, key) in self.matching.iter().enumerate() {
            let at = path.index(index);
            label_key(key, &at, errors);
            if selected.contains(key.as_str()) {
                in_both(key, &at, errors);
            }
        }
    }
}

fn in_both<'e>(key: &str, path: &Path, errors: &'e mut Errors<'_>) -> &'e mut Finding {
    let message = format!("the label `{}` is in `matchLabelKeys` and in the `labelSelector` too", shortened(key));
    errors
        .invalid(path, message)
        .says("exists in both matchLabelKeys and labelSelector")
        .help("remove it from one of the two")
}

fn needs_selector(path: &Path, errors: &mut Errors<'_>) {
    let field = path.last().and_then(|segment| segment.name()).unwrap_or_default();
    let message = format!("`{field}` adds to a `labelSelector`, and there is none");
    errors
        .forbidden(path, message)
        .says("must not be specified when labelSelector is not set")
        .help("add a `labelSelector`, which may be `{}`");
}

fn label_key(key: &str, path: &Path, errors: &mut Errors<'_>) {
    for problem in names::qualified_name(key) {
        errors
            .invalid(path, format!("the label key `{}` {problem}", shortened(key)))
            .problem(problem)
            .rule("invalid-label");
    }
}
