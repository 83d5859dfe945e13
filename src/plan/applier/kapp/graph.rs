//! What waits for what, in kapp.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::{annotation, defines};
use crate::cluster::Object;
use crate::yaml::Value;

/// What is done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// It is created or changed.
    Upsert,
    /// It is deleted.
    Delete,
}

/// Changes, and those that each of them waits for.
pub(super) struct Graph<'a> {
    changes: Vec<(&'a Object, Op)>,
    waits_for: Vec<BTreeSet<usize>>,
}

/// That a change comes before or after all of a group.
struct Rule {
    of: usize,
    after: bool,
    target: Op,
    group: String,
    /// Whether it gives way to others.
    optional: bool,
    /// Optional rules with more weight come first.
    weight: usize,
}

impl<'a> Graph<'a> {
    /// `None` if the changes wait for each other.
    pub(super) fn new(changes: Vec<(&'a Object, Op)>) -> Option<Self> {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut rules = Vec::new();
        for (at, (object, op)) in changes.iter().enumerate() {
            for group in self::groups(object) {
                groups.entry(group).or_default().push(at);
            }
            self::rules(at, object, *op, &mut rules);
        }
        let mut graph = Self { waits_for: vec![BTreeSet::new(); changes.len()], changes };
        rules.sort_by_key(|rule| (rule.optional, std::cmp::Reverse(rule.weight)));
        for rule in &rules {
            for other in groups.get(&rule.group).into_iter().flatten().copied() {
                if graph.changes[other].1 != rule.target {
                    continue;
                }
                let (waiting, first) = if rule.after { (rule.of, other) } else { (other, rule.of) };
                if !rule.optional || waiting != first && !graph.is_waiting(first, waiting) {
                    graph.waits_for[waiting].insert(first);
                }
            }
        }
        graph.sorted().is_some().then_some(graph)
    }

    /// Whether `one` waits for `other`, maybe through others.
    fn is_waiting(&self, one: usize, other: usize) -> bool {
        reached(&[one], |at| self.waits_for[at].iter().copied().collect()).contains(&other)
    }

    /// For each change, those that wait for it.
    fn waiters(&self) -> Vec<Vec<usize>> {
        let mut waiters: Vec<Vec<usize>> = vec![Vec::new(); self.changes.len()];
        for (at, first) in self.waits_for.iter().enumerate() {
            for first in first {
                waiters[*first].push(at);
            }
        }
        waiters
    }

    /// The changes section by section, those of a section in the order of the input; `None` if some wait for each other.
    pub(super) fn sorted(&self) -> Option<Vec<&'a Object>> {
        let waiters = self.waiters();
        let mut open: Vec<usize> = self.waits_for.iter().map(BTreeSet::len).collect();
        let mut section: BTreeSet<usize> = (0..open.len()).filter(|at| open[*at] == 0).collect();
        let mut sorted = Vec::new();
        while !section.is_empty() {
            let mut next = BTreeSet::new();
            for at in section {
                sorted.push(self.changes[at].0);
                for waiter in &waiters[at] {
                    open[*waiter] -= 1;
                    if open[*waiter] == 0 {
                        next.insert(*waiter);
                    }
                }
            }
            section = next;
        }
        (sorted.len() == self.changes.len()).then_some(sorted)
    }

    /// What is done before any of `objects`, what waits for one of them, and the rest.
    pub(super) fn around(&self, objects: &[&Object]) -> (Vec<&'a Object>, Vec<&'a Object>, Vec<&'a Object>) {
        let wanted: BTreeSet<*const Object> = objects.iter().map(|object| std::ptr::from_ref(*object)).collect();
        let is_wanted = |at: &usize| wanted.contains(&std::ptr::from_ref(self.changes[*at].0));
        let refused: Vec<usize> = (0..self.changes.len()).filter(is_wanted).collect();
        let waiters = self.waiters();
        let after = reached(&refused, |at| waiters[at].clone());
        // What only a refused change that is itself never tried waits for, may still be open.
        let tried: Vec<usize> = refused.iter().copied().filter(|at| !after.contains(at)).collect();
        let sure: Vec<BTreeSet<usize>> =
            tried.iter().map(|at| reached(&[*at], |at| self.waits_for[at].iter().copied().collect())).collect();
        let before: BTreeSet<usize> =
            (0..self.changes.len()).filter(|at| !sure.is_empty() && sure.iter().all(|set| set.contains(at))).collect();
        let pick = |wanted: &dyn Fn(usize) -> bool| -> Vec<&'a Object> {
            let all = (0..self.changes.len()).filter(|at| !is_wanted(at) && wanted(*at));
            all.map(|at| self.changes[at].0).collect()
        };
        (
            pick(&|at| before.contains(&at)),
            pick(&|at| after.contains(&at)),
            pick(&|at| !before.contains(&at) && !after.contains(&at)),
        )
    }
}

/// Everything that one gets to from `start`, without `start` itself unless one comes back to it.
fn reached(start: &[usize], next: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut waiting: VecDeque<usize> = start.iter().copied().collect();
    while let Some(at) = waiting.pop_front() {
        waiting.extend(next(at).into_iter().filter(|at| reached.insert(*at)));
    }
    reached
}

const DEFAULTS: &str = "change-groups.kapp.k14s.io/";

/// The groups that an object belongs to: those of its annotations, and the default ones.
fn groups(object: &Object) -> Vec<String> {
    let identity = &object.identity;
    let mut groups: Vec<String> =
        annotations(object, "kapp.k14s.io/change-group").filter_map(|group| filled_in(group, object)).collect();
    let mut add = |name: &str| groups.extend(filled_in(&format!("{DEFAULTS}{name}"), object));
    if is_definition(object) {
        add("crds");
        add("crds-{crd-group}-{crd-kind}");
    }
    if identity.kind == "Namespace" && identity.group().is_empty() {
        add("namespaces");
        add("namespaces-{name}");
    }
    let sort = Sort::of(object);
    match sort {
        Sort::Storage => add("storage"),
        Sort::Role => add("rbac-roles"),
        Sort::Binding => add("rbac-role-bindings"),
        Sort::PodRelated => add("pod-related"),
        Sort::Other => {}
    }
    if matches!(sort, Sort::Role | Sort::Binding) {
        add("rbac");
    }
    if is_account(object) {
        add("serviceaccount");
    }
    match (identity.api_version.as_str(), identity.kind.as_str()) {
        ("kappctrl.k14s.io/v1alpha1", "App") => add("kapp-controller-app"),
        ("packaging.carvel.dev/v1alpha1", "PackageInstall") => add("kapp-controller-packageinstall"),
        _ => {}
    }
    groups
}

/// The sorts of objects that the default rules tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Storage,
    Role,
    Binding,
    PodRelated,
    Other,
}

impl Sort {
    fn of(object: &Object) -> Self {
        let identity = &object.identity;
        let (group, version) = identity.api_version.rsplit_once('/').unwrap_or(("", &identity.api_version));
        match (group, version, identity.kind.as_str()) {
            ("", "v1", "PersistentVolume" | "PersistentVolumeClaim") => Sort::Storage,
            ("rbac.authorization.k8s.io", "v1" | "v1alpha1" | "v1beta1", "ClusterRole" | "Role") => Sort::Role,
            ("rbac.authorization.k8s.io", "v1" | "v1alpha1" | "v1beta1", "ClusterRoleBinding" | "RoleBinding") => {
                Sort::Binding
            }
            ("networking.k8s.io", "v1", "NetworkPolicy")
            | ("extensions", "v1beta1", "NetworkPolicy" | "PodSecurityPolicy")
            | ("policy", "v1beta1", "PodSecurityPolicy" | "PodDisruptionBudget")
            | ("scheduling.k8s.io", "v1" | "v1alpha1" | "v1beta1", "PriorityClass")
            | ("node.k8s.io", "v1alpha1" | "v1beta1", "RuntimeClass")
            | ("", "v1", "ResourceQuota" | "LimitRange" | "ServiceAccount" | "Secret" | "ConfigMap") => {
                Sort::PodRelated
            }
            _ => Sort::Other,
        }
    }
}

fn is_definition(object: &Object) -> bool {
    object.identity.kind == "CustomResourceDefinition" && object.identity.group() == "apiextensions.k8s.io"
}

fn is_account(object: &Object) -> bool {
    object.identity.kind == "ServiceAccount" && object.identity.api_version == "v1"
}

/// The API groups of Kubernetes itself (`builtinAPIGroups`); objects of others are custom ones.
const BUILT_IN: [&str; 24] = [
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "metrics.k8s.io",
    "migration.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// Kinds of Kubernetes that belong to no namespace. kapp gives all others one, if the manifest does not.
const WITHOUT_NAMESPACE: [&str; 22] = [
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "FlowSchema",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

/// The rules for what is done with an object: those of its annotations, and the default ones.
fn rules(at: usize, object: &Object, op: Op, rules: &mut Vec<Rule>) {
    let identity = &object.identity;
    for text in annotations(object, "kapp.k14s.io/change-rule").filter_map(|text| filled_in(text, object)) {
        rules.extend(parsed(&text, at, op));
    }
    let mut add = |weight: usize, optional: bool, text: &str| {
        // A blank in front of the group, and the prefix of the default groups.
        let Some((rule, group)) = text.rsplit_once(' ') else { return };
        let text = filled_in(&format!("{rule} {DEFAULTS}{group}"), object);
        let rule = text.and_then(|text| parsed(&text, at, op));
        rules.extend(rule.map(|rule| Rule { weight: 100 + weight, optional, ..rule }));
    };
    let has_defaults = annotation(object, "kapp.k14s.io/disable-default-change-group-and-rules").is_none();
    let is_custom = !BUILT_IN.contains(&identity.group());
    let sort = Sort::of(object);
    if has_defaults {
        if is_custom {
            add(0, false, "upsert after upserting crds-{api-group}-{kind}");
            add(1, true, "delete before deleting crds");
        } else if !is_definition(object) {
            add(2, true, "delete after deleting crds");
        }
        add(3, false, "upsert after upserting namespaces-{namespace}");
        if is_account(object) {
            add(4, true, "delete before deleting namespaces-{namespace}");
        }
        if sort == Sort::Binding {
            add(5, true, "upsert after upserting rbac-roles");
        }
        if is_account(object) || matches!(sort, Sort::Role | Sort::Binding) {
            for group in ["kapp-controller-packageinstall", "kapp-controller-app"] {
                add(6, true, &format!("upsert before upserting {group}"));
                add(6, true, &format!("delete after deleting {group}"));
            }
        }
    }
    let has_namespace =
        identity.namespace.is_some() || !is_custom && !WITHOUT_NAMESPACE.contains(&identity.kind.as_str());
    if has_namespace && sort == Sort::Other {
        for group in ["pod-related", "rbac", "storage"] {
            add(8, true, &format!("upsert after upserting {group}"));
        }
    }
}

/// `upsert after deleting group`; `None` if it is about something else than `op`, or cannot be read.
fn parsed(text: &str, at: usize, op: Op) -> Option<Rule> {
    let parts: Vec<&str> = text.split(' ').collect();
    let [action, order, target, group] = parts.as_slice() else { return None };
    let is_of = match *action {
        "upsert" => op == Op::Upsert,
        "delete" => op == Op::Delete,
        _ => false,
    };
    let after = match *order {
        "after" => true,
        "before" => false,
        _ => return None,
    };
    let target = match *target {
        "upserting" => Op::Upsert,
        "deleting" => Op::Delete,
        _ => return None,
    };
    is_of.then(|| Rule { of: at, after, target, group: (*group).to_owned(), optional: false, weight: 0 })
}

/// The values of an annotation, and of those that continue its name behind a dot.
fn annotations<'a>(object: &'a Object, key: &'static str) -> impl Iterator<Item = &'a str> {
    let all = object.root().get("metadata").and_then(|metadata| metadata.get("annotations"));
    all.into_iter().flat_map(Value::fields).filter_map(move |field| {
        let rest = field.name.strip_prefix(key)?;
        (rest.is_empty() || rest.starts_with('.')).then(|| field.value.as_str())?
    })
}

/// The text with what stands in braces filled in; `None` if the object has no such thing.
fn filled_in(text: &str, object: &Object) -> Option<String> {
    let defined = defines(object);
    let (group, kind) = defined.as_deref().and_then(|it| it.split_once('/')).unwrap_or_default();
    let identity = &object.identity;
    let values = [
        ("{api-group}", identity.group()),
        ("{kind}", identity.kind.as_str()),
        ("{name}", identity.name.as_str()),
        ("{namespace}", object.namespace()),
        ("{crd-kind}", kind),
        ("{crd-group}", group),
    ];
    let mut text = text.to_owned();
    for (name, value) in values.into_iter().filter(|(name, _)| text.contains(name)).collect::<Vec<_>>() {
        if value.is_empty() {
            return None;
        }
        text = text.replace(name, value);
    }
    Some(text)
}
