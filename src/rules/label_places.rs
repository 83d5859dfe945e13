//! Where labels, label keys and label selectors stand which the API server checks.
//!
//! One table for all kinds. What is not in it is not checked by the API server either: the metric selectors of an
//! autoscaler, the selector of a `ReplicationController`, the metadata of claim templates and job templates, and
//! whatever looks like a selector in a custom resource.

use crate::cluster::Object;
use crate::yaml::{Path, Value};

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A map of labels.
    Labels,
    /// A map of annotations.
    Annotations,
    /// A label key alone.
    Key,
    /// The key of a toleration, which may be empty.
    TolerationKey,
    /// A `LabelSelector`.
    Selector,
    /// A `NodeSelectorRequirement`; in preferences, any value is taken.
    NodeRequirement {
        /// Whether the values must be those of labels.
        strict: bool,
    },
}

/// One place.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub(super) sort: Sort,
    pub(super) value: Value<'a>,
    /// Where it stands.
    pub(super) path: Path,
    /// What the API server calls it: it leaves out `metadata` in pod templates.
    pub(super) field: Path,
}

use Sort::{Annotations, Key, Labels, NodeRequirement, Selector, TolerationKey};

/// The places of some kinds of a group, as paths from the root; `*` stands for every element of a list.
type Table = [(&'static str, &'static [&'static str], &'static [(&'static str, Sort)])];

const KINDS: &Table = &[
    ("apps", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"], &[("spec.selector", Selector)]),
    ("apps", &["StatefulSet"], &[("spec.volumeClaimTemplates.*.spec.selector", Selector)]),
    ("batch", &["Job"], &[("spec.selector", Selector)]),
    ("", &["Service"], &[("spec.selector", Labels)]),
    ("", &["PersistentVolumeClaim"], &[("spec.selector", Selector)]),
    (
        "",
        &["PersistentVolume"],
        &[("spec.nodeAffinity.required.nodeSelectorTerms.*.matchExpressions.*", NodeRequirement { strict: true })],
    ),
    ("policy", &["PodDisruptionBudget"], &[("spec.selector", Selector)]),
    (
        "networking.k8s.io",
        &["NetworkPolicy"],
        &[
            ("spec.podSelector", Selector),
            ("spec.ingress.*.from.*.podSelector", Selector),
            ("spec.ingress.*.from.*.namespaceSelector", Selector),
            ("spec.egress.*.to.*.podSelector", Selector),
            ("spec.egress.*.to.*.namespaceSelector", Selector),
        ],
    ),
    ("rbac.authorization.k8s.io", &["ClusterRole"], &[("aggregationRule.clusterRoleSelectors.*", Selector)]),
    (
        "admissionregistration.k8s.io",
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        &[("webhooks.*.namespaceSelector", Selector), ("webhooks.*.objectSelector", Selector)],
    ),
    (
        "admissionregistration.k8s.io",
        &["MutatingAdmissionPolicy", "ValidatingAdmissionPolicy"],
        &[("spec.matchConstraints.namespaceSelector", Selector), ("spec.matchConstraints.objectSelector", Selector)],
    ),
    (
        "admissionregistration.k8s.io",
        &["MutatingAdmissionPolicyBinding", "ValidatingAdmissionPolicyBinding"],
        &[
            ("spec.matchResources.namespaceSelector", Selector),
            ("spec.matchResources.objectSelector", Selector),
            ("spec.paramRef.selector", Selector),
        ],
    ),
    ("storage.k8s.io", &["StorageClass"], &[("allowedTopologies.*.matchLabelExpressions.*.key", Key)]),
    ("storage.k8s.io", &["CSIStorageCapacity"], &[("nodeTopology", Selector)]),
    (
        "node.k8s.io",
        &["RuntimeClass"],
        &[("scheduling.nodeSelector", Labels), ("scheduling.tolerations.*.key", TolerationKey)],
    ),
];

/// The places of a pod spec.
const POD: &[(&str, Sort)] = &[
    ("nodeSelector", Labels),
    ("tolerations.*.key", TolerationKey),
    ("topologySpreadConstraints.*.labelSelector", Selector),
    ("topologySpreadConstraints.*.matchLabelKeys.*", Key),
    (
        "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.*.matchExpressions.*",
        NodeRequirement { strict: true },
    ),
    (
        "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution.*.preference.matchExpressions.*",
        NodeRequirement { strict: false },
    ),
    ("volumes.*.ephemeral.volumeClaimTemplate.metadata.labels", Labels),
    ("volumes.*.ephemeral.volumeClaimTemplate.metadata.annotations", Annotations),
    ("volumes.*.ephemeral.volumeClaimTemplate.spec.selector", Selector),
];

/// The places of a term of pod affinity, and where such terms stand in a pod spec.
const TERM: &[(&str, Sort)] = &[
    ("labelSelector", Selector),
    ("namespaceSelector", Selector),
    ("topologyKey", Key),
    ("matchLabelKeys.*", Key),
    ("mismatchLabelKeys.*", Key),
];
const TERMS: &[&str] = &[
    "affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution.*",
    "affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution.*.podAffinityTerm",
    "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.*",
    "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.*.podAffinityTerm",
];

/// All places of an object.
pub(super) fn places(object: &Object) -> Vec<Place<'_>> {
    let mut found = Vec::new();
    let root = (object.root(), Path::root());
    let own = Path::root().field("metadata");
    metadata(&root, &own, &mut found);
    let has_labels = found.iter().any(|place| place.sort == Labels && place.value.fields().len() > 0);
    let (group, kind) = (object.identity.group(), object.identity.kind.as_str());
    for (_, _, table) in KINDS.iter().filter(|(its_group, kinds, _)| *its_group == group && kinds.contains(&kind)) {
        table.iter().for_each(|(path, sort)| walk(root.clone(), path, *sort, &mut found));
    }
    let Some(path) = object.pod_template_path() else { return found };
    let Some(template) = object.root().at(&path) else { return found };
    if path.last().is_some() {
        metadata(&(template, path.clone()), &path, &mut found);
        if !has_labels && matches!(kind, "Job" | "ReplicationController") {
            inherited(&own, &mut found);
        }
    }
    let Some(spec) = template.get("spec") else { return found };
    let spec = (spec, path.field("spec"));
    for (path, sort) in POD {
        walk(spec.clone(), path, *sort, &mut found);
    }
    for term in TERMS {
        each(spec.clone(), term, &mut |term| {
            for (path, sort) in TERM {
                walk(term.clone(), path, *sort, &mut found);
            }
        });
    }
    found
}

/// Labels and annotations of an object or a template; `field` is what the API server calls the metadata.
fn metadata<'a>((value, path): &(Value<'a>, Path), field: &Path, found: &mut Vec<Place<'a>>) {
    for (name, sort) in [("labels", Labels), ("annotations", Annotations)] {
        if let Some(value) = value.get("metadata").and_then(|metadata| metadata.get(name)) {
            found.push(Place { sort, value, path: path.fields(&["metadata", name]), field: field.field(name) });
        }
    }
}

/// A Job or `ReplicationController` without labels takes over those of its template (`SetDefaults_Job`), so that the API
/// server complains about them twice.
fn inherited(own: &Path, found: &mut Vec<Place<'_>>) {
    let labels = found.iter().rfind(|place| place.sort == Labels).cloned();
    found.extend(labels.map(|labels| Place { field: own.field("labels"), ..labels }));
}

fn walk<'a>(from: (Value<'a>, Path), path: &'static str, sort: Sort, found: &mut Vec<Place<'a>>) {
    each(from, path, &mut |(value, path)| {
        // An empty requirement is one without key and operator; anything else that is null is not there.
        if !value.is_null() || matches!(sort, NodeRequirement { .. }) {
            found.push(Place { sort, value, field: path.clone(), path });
        }
    });
}

/// Calls `visit` with everything that stands at `path` below `from`.
fn each<'a>((value, at): (Value<'a>, Path), path: &'static str, visit: &mut dyn FnMut((Value<'a>, Path))) {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    match first {
        "" => visit((value, at)),
        "*" => value.items().enumerate().for_each(|(index, item)| each((item, at.index(index)), rest, visit)),
        name => {
            if let Some(next) = value.get(name) {
                each((next, at.field(name)), rest, visit);
            }
        }
    }
}
