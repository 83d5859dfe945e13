//! What differs between two forms of an object, field by field, and what each difference does to its pods.
//!
//! Both forms are compared as the API server would store them, so writing a default explicitly is no change. What only
//! the server writes (`status`, `uid`, `resourceVersion` …) is left out of both, so that a dump of a cluster can be the old
//! side.

use serde_json::{Map, Value};

use super::canonical::canonical;
use super::document::Effect;
use super::workload;
use crate::admission::apply::LAST_APPLIED;
use crate::admission::{self, ApiServer};
use crate::cluster::Object;
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
    canonical("", value).unwrap_or_default()
}

fn compare(old: &Value, new: &Value, path: &Path, name: &str, found: &mut Vec<Change>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => maps(old, new, path, name, found),
        (Value::Array(old), Value::Array(new)) => lists(old, new, path, name, found),
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

/// What a change of the field `name` does to the pods of `object`, whose new form is `after`.
fn effect(object: &Object, after: &Value, name: &str) -> Effect {
    if name.starts_with("metadata") {
        return Effect::None;
    }
    workload::of(&object.identity).map_or(Effect::InPlace, |kind| (kind.effect)(&after["spec"], name))
}
