//! What differs between two forms of an object, field by field, and what each difference does to its pods.
//!
//! Both forms are compared as the API server would store them, so writing a default explicitly is no change. What only
//! the server writes (`status`, `uid`, `resourceVersion` …) is left out of both, so that a dump of a cluster can be the old
//! side.

use serde_json::{Map, Value};

use super::apply::LAST_APPLIED;
use crate::admission::{self, ApiServer};
use crate::cluster::Object;
use crate::values::quantity::Quantity;
use crate::yaml::Path;

/// A field that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where it stands in the new form, or in the old one if it is gone from the new.
    pub path: Path,
    /// How people call the place: elements of lists by their names, `spec.template.spec.containers[web].image`.
    pub name: String,
    /// What it was.
    pub old: Option<Value>,
    /// What it will be.
    pub new: Option<Value>,
    /// What that does.
    pub effect: Effect,
}

/// What a change does.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing happens to any pod.
    None,
    /// It takes effect without replacing pods.
    InPlace,
    /// The number of pods changes.
    Scale,
    /// Pods are replaced.
    Roll,
    /// The API server refuses it.
    Rejected,
}

/// Fields that only the server writes.
const SERVER_METADATA: [&str; 8] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Annotations that controllers and kubectl write.
const SERVER_ANNOTATIONS: [&str; 5] = [
    "autoscaling.alpha.kubernetes.io/conditions",
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
    LAST_APPLIED,
    "pv.kubernetes.io/bind-completed",
];

/// Fields that the server fills in from the old object when the new manifest leaves them out: allocated addresses and
/// ports, the volume of a claim, what the Job controller adds to a selector.
const ALLOCATED: &[(&str, &[&str])] = &[
    ("Job", &["spec.selector"]),
    ("PersistentVolumeClaim", &["spec.volumeName", "spec.storageClassName", "spec.volumeMode"]),
    (
        "Service",
        &["spec.clusterIP", "spec.clusterIPs", "spec.healthCheckNodePort", "spec.ipFamilies", "spec.ipFamilyPolicy"],
    ),
    ("ServiceAccount", &["secrets"]),
];

/// The differences between `old` and `new`, which are of one kind, in the order of the fields.
pub fn changes(old: &Object, new: &Object, server: &ApiServer) -> Vec<Change> {
    let kind = &new.identity.kind;
    let (before, after) = (form(old, server), form(new, server));
    let mut found = Vec::new();
    compare(&before, &after, &Path::root(), "", &mut found);
    let allocated = ALLOCATED.iter().find(|(other, _)| other == kind).map_or(&[][..], |(_, fields)| fields);
    found.retain(|change| change.new.is_some() || !allocated.contains(&change.name.as_str()));
    for change in &mut found {
        change.effect = effect(new, &after, &change.name);
    }
    found
}

/// The object as the server would store it, without what only the server writes.
fn form(object: &Object, server: &ApiServer) -> Value {
    let mut value = admission::stored(object, server).unwrap_or_else(|| object.root().to_json());
    if let Some(root) = value.as_object_mut() {
        root.remove("status");
        root.remove("apiVersion");
    }
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| !SERVER_METADATA.contains(&name.as_str()));
        // Which namespace a manifest without one goes to is not a change of the object.
        metadata.remove("namespace");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.retain(|name, _| !SERVER_ANNOTATIONS.contains(&name.as_str()));
        }
    }
    clean(&mut value);
    value
}

/// Takes out what means the same as nothing: nulls, empty lists and empty maps, as Kubernetes compares (`Semantic.DeepEqual`).
/// An empty map of its own (`emptyDir: {}`) says something and stays.
fn clean(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(clean);
            map.retain(|name, value| !means_nothing(name, value));
        }
        Value::Array(list) => list.iter_mut().for_each(clean),
        _ => {}
    }
}

fn means_nothing(name: &str, value: &Value) -> bool {
    const LISTS_AND_MAPS: [&str; 12] = [
        "annotations",
        "labels",
        "limits",
        "matchLabels",
        "metadata",
        "nodeSelector",
        "requests",
        "resources",
        "securityContext",
        "strategy",
        "data",
        "binaryData",
    ];
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty() && LISTS_AND_MAPS.contains(&name),
        _ => false,
    }
}

fn compare(old: &Value, new: &Value, path: &Path, name: &str, found: &mut Vec<Change>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => maps(old, new, path, name, found),
        (Value::Array(old), Value::Array(new)) => lists(old, new, path, name, found),
        _ if is_amount(path) && same_amount(old, new) => {}
        _ => note(path, name, Some(old), Some(new), found),
    }
}

fn note(path: &Path, name: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Change>) {
    let (old, new) = (old.cloned(), new.cloned());
    found.push(Change { path: path.clone(), name: name.to_owned(), old, new, effect: Effect::InPlace });
}

fn maps(old: &Map<String, Value>, new: &Map<String, Value>, path: &Path, name: &str, found: &mut Vec<Change>) {
    // The maps are sorted; walking both keeps the order of the fields.
    let mut keys: Vec<&String> = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))).collect();
    keys.sort();
    for key in keys {
        let path = path.field(key.clone());
        let name = match name {
            "" => key.clone(),
            // Keys of labels and the like would read as several fields.
            name if key.contains(['.', '/']) => format!("{name}[{key}]"),
            name => format!("{name}.{key}"),
        };
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => compare(old, new, &path, &name, found),
            (old, new) => note(&path, &name, old, new, found),
        }
    }
}

/// Elements are paired by what makes them unique, as `kubectl apply` does; where nothing does, by their position.
fn lists(old: &[Value], new: &[Value], path: &Path, name: &str, found: &mut Vec<Change>) {
    const KEYS: [&str; 7] = ["name", "mountPath", "devicePath", "containerPort", "port", "ip", "topologyKey"];
    let key = KEYS.into_iter().find(|key| is_unique(old, key) && is_unique(new, key));
    let Some(key) = key else {
        if old.len() == new.len() && old.iter().chain(new).all(Value::is_object) {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                compare(old, new, &path.index(index), &format!("{name}[{index}]"), found);
            }
        } else {
            note(path, name, Some(&Value::from(old)), Some(&Value::from(new)), found);
        }
        return;
    };
    let label = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let before: std::collections::BTreeMap<String, (usize, &Value)> =
        old.iter().enumerate().map(|(index, item)| (label(&item[key]), (index, item))).collect();
    let mut met = std::collections::BTreeSet::new();
    let from = found.len();
    for (index, item) in new.iter().enumerate() {
        let id = label(&item[key]);
        let (path, name) = (path.index(index), format!("{name}[{id}]"));
        match before.get(&id) {
            Some((_, old)) => compare(old, item, &path, &name, found),
            None => note(&path, &name, None, Some(item), found),
        }
        met.insert(id);
    }
    for (index, item) in old.iter().enumerate() {
        let id = label(&item[key]);
        if !met.contains(&id) {
            note(&path.index(index), &format!("{name}[{id}]"), Some(item), None, found);
        }
    }
    if found.len() == from {
        // The same elements in another order are another list to the API server.
        note(path, name, Some(&Value::from(old)), Some(&Value::from(new)), found);
    }
}

/// Whether each element is a map with a value of its own under `key`.
fn is_unique(list: &[Value], key: &str) -> bool {
    let mut values: Vec<&Value> = list.iter().map(|item| &item[key]).collect();
    let all = values.iter().all(|value| value.is_string() || value.is_number());
    values.sort_by_key(std::string::ToString::to_string);
    let before = values.len();
    values.dedup();
    all && values.len() == before
}

/// Whether the field is an amount, by its name or by that of the map that it is in.
fn is_amount(path: &Path) -> bool {
    const FIELDS: [&str; 3] = ["averageValue", "divisor", "sizeLimit"];
    const MAPS: [&str; 11] = [
        "capacity",
        "default",
        "defaultRequest",
        "hard",
        "limits",
        "max",
        "maxLimitRequestRatio",
        "min",
        "overhead",
        "podFixed",
        "requests",
    ];
    let name = |path: Option<&Path>, known: &[&str]| {
        path.is_some_and(|path| path.last().and_then(|it| it.name()).is_some_and(|name| known.contains(&name)))
    };
    name(Some(path), &FIELDS) || name(path.parent(), &MAPS)
}

/// Amounts are compared by value: `1000m` is `1`.
fn same_amount(old: &Value, new: &Value) -> bool {
    let amount = |value: &Value| Quantity::decode(value.as_str()?).ok().map(|amount| amount.to_string());
    amount(old).is_some_and(|old| amount(new) == Some(old))
}

/// What a change of the field `name` does to the pods of `object`, whose new form is `after`.
fn effect(object: &Object, after: &Value, name: &str) -> Effect {
    let in_template = name == "spec.template" || name.starts_with("spec.template.");
    if name.starts_with("metadata") {
        return Effect::None;
    }
    match object.identity.kind.as_str() {
        "Deployment" if in_template && after["spec"]["paused"] == true => Effect::InPlace,
        "StatefulSet" | "DaemonSet" if in_template && after["spec"]["updateStrategy"]["type"] == "OnDelete" => {
            Effect::InPlace
        }
        "Deployment" | "StatefulSet" | "DaemonSet" if in_template => Effect::Roll,
        // Only pods that are made later follow the new template.
        "ReplicaSet" | "ReplicationController" if in_template => Effect::None,
        "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController" if name == "spec.replicas" => {
            Effect::Scale
        }
        "Job" if matches!(name, "spec.parallelism" | "spec.completions" | "spec.suspend") => Effect::Scale,
        _ => Effect::InPlace,
    }
}
