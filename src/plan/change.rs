//! What differs between two forms of an object, field by field, and what each difference does to its pods.
//!
//! Both forms are compared as the API server would store them, so writing a default explicitly is no change. What only
//! the server writes (`status`, `uid`, `resourceVersion` …) is left out of both, so that a dump of a cluster can be the old
//! side.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::document::Effect;
use super::workload;
use crate::admission::applied::LAST_APPLIED;
use crate::admission::apply::read;
use crate::admission::equal::{self, Amounts};
use crate::admission::{self, ApiServer, Type};
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
    let (before, after) = forms(old, new, server);
    let mut found = Vec::new();
    Compare { amounts: amounts(new), found: &mut found }.values(
        &before,
        &after,
        Type::of(&new.identity),
        &Path::root(),
        "",
    );
    let allocated = ALLOCATED.iter().find(|(other, _)| other == kind).map_or(&[][..], |(_, fields)| fields);
    found.retain(|change| change.new.is_some() || !allocated.contains(&change.name.as_str()));
    for change in &mut found {
        change.effect = effect(new, &after, &change.name);
    }
    found
}

/// Both in one version of the API, since the server stores the same object whatever version it comes in.
fn forms(old: &Object, new: &Object, server: &ApiServer) -> (Value, Value) {
    if old.identity.api_version == new.identity.api_version {
        return (form(old, server), form(new, server));
    }
    if let (Some(before), Some(after)) = (admission::newest(old, server), admission::newest(new, server)) {
        return (without_server_fields(before, new), without_server_fields(after, new));
    }
    // Versions of one kind differ in little but their names, and what they fill in is judged as the new one does.
    let mut before = old.root().to_json();
    before["apiVersion"] = new.identity.api_version.as_str().into();
    let before = read(&before);
    (before.objects().first().map_or(Value::Null, |old| form(old, server)), form(new, server))
}

/// The object as the server would store it, without what only the server writes.
fn form(object: &Object, server: &ApiServer) -> Value {
    let value = admission::stored(object, server).unwrap_or_else(|| object.root().to_json());
    without_server_fields(value, object)
}

fn without_server_fields(mut value: Value, object: &Object) -> Value {
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
    // What is shown of a quantity is its text.
    equal::normal(value, Type::of(&object.identity), Amounts::ByText)
}

/// How the controller of the kind compares what it made with what is wanted.
fn amounts(object: &Object) -> Amounts {
    workload::of(&object.identity).map_or(Amounts::ByValue, |kind| kind.amounts)
}

struct Compare<'a> {
    amounts: Amounts,
    found: &'a mut Vec<Change>,
}

impl Compare<'_> {
    fn values(&mut self, old: &Value, new: &Value, of: Type, path: &Path, name: &str) {
        match (old, new) {
            (old, new) if equal::is_same_text(old, new, of, self.amounts) => {}
            (Value::Object(old), Value::Object(new)) => self.maps(old, new, of, path, name),
            (Value::Array(old), Value::Array(new)) => self.lists(old, new, of, path, name),
            _ => self.note(path, name, Some(old), Some(new)),
        }
    }

    fn note(&mut self, path: &Path, name: &str, old: Option<&Value>, new: Option<&Value>) {
        let (old, new) = (old.cloned(), new.cloned());
        self.found.push(Change { path: path.clone(), name: name.to_owned(), old, new, effect: Effect::InPlace });
    }

    fn maps(&mut self, old: &Map<String, Value>, new: &Map<String, Value>, of: Type, path: &Path, name: &str) {
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
                (Some(old), Some(new)) => self.values(old, new, of.entry(key), &path, &name),
                (old, new) => self.note(&path, &name, old, new),
            }
        }
    }

    /// Elements are paired by what makes them unique, as `kubectl apply` does; where nothing does, by their position.
    fn lists(&mut self, old: &[Value], new: &[Value], of: Type, path: &Path, name: &str) {
        const KEYS: [&str; 7] = ["name", "mountPath", "devicePath", "containerPort", "port", "ip", "topologyKey"];
        let key = KEYS.into_iter().find(|key| is_unique(old, key) && is_unique(new, key));
        let Some(key) = key else {
            if old.len() == new.len() && old.iter().chain(new).all(Value::is_object) {
                for (index, (old, new)) in old.iter().zip(new).enumerate() {
                    self.values(old, new, of.element(), &path.index(index), &format!("{name}[{index}]"));
                }
            } else if old != new {
                self.note(path, name, Some(&Value::from(old)), Some(&Value::from(new)));
            }
            return;
        };
        let id = |value: &Value| value[key].as_str().map_or_else(|| value[key].to_string(), str::to_owned);
        let [before, after]: [Vec<String>; 2] = [old, new].map(|list| list.iter().map(id).collect());
        let places: BTreeMap<&String, usize> = before.iter().enumerate().map(|(index, id)| (id, index)).collect();
        for (index, (id, item)) in after.iter().zip(new).enumerate() {
            let (path, name) = (path.index(index), format!("{name}[{id}]"));
            match places.get(id) {
                Some(at) => self.values(&old[*at], item, of.element(), &path, &name),
                None => self.note(&path, &name, None, Some(item)),
            }
        }
        let kept: BTreeSet<&String> = after.iter().collect();
        for (index, (id, item)) in before.iter().zip(old).enumerate().filter(|(_, (id, _))| !kept.contains(id)) {
            self.note(&path.index(index), &format!("{name}[{id}]"), Some(item), None);
        }
        if before != after && before.len() == after.len() && before.iter().all(|id| kept.contains(id)) {
            // The same elements in another order are another list to the API server.
            self.note(path, name, Some(&Value::from(old)), Some(&Value::from(new)));
        }
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
