//! Pod templates: which of them are the same, and which images they run.

use std::fmt;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::{Map, Value};

use crate::values::quantity::Quantity;

/// A pod template, in the form in which two are the same if Go cannot tell them apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Template(Value);

/// The templates of which there have been pods or ReplicaSets.
#[derive(Clone, Debug, Default)]
pub(super) struct Revisions {
    seen: Vec<Template>,
}

/// A template, by when it was first seen: `r1`, `r2` …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Revision(pub(super) usize);

impl Template {
    /// Takes a template that has been defaulted.
    pub(super) fn new(template: &PodTemplateSpec) -> Self {
        let value = serde_json::to_value(template).ok().and_then(|value| canonical("", value));
        Self(value.unwrap_or_default())
    }
}

impl Revisions {
    /// The revision of the template, if it has been seen.
    pub(super) fn find(&self, template: &Template) -> Option<Revision> {
        self.seen.iter().position(|seen| seen == template).map(|at| Revision(at + 1))
    }

    /// The revision of the template, which is seen now.
    pub(super) fn see(&mut self, template: &Template) -> Revision {
        self.find(template).unwrap_or_else(|| {
            self.seen.push(template.clone());
            Revision(self.seen.len())
        })
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// The images that pods of this template run.
pub(super) fn images(template: &PodTemplateSpec) -> impl Iterator<Item = &str> {
    let spec = template.spec.iter();
    let containers = spec.flat_map(|spec| spec.init_containers.iter().flatten().chain(&spec.containers));
    containers.filter_map(|container| container.image.as_deref())
}

/// The value without what Go does not tell from an absent field: empty lists, empty maps, and the zero values of fields
/// that are no pointers. `None` if nothing is left of it.
///
/// Mirrors `EqualIgnoreHash` in `pkg/controller/deployment/util/deployment_util.go` (v1.36), which compares quantities by
/// their amount; here they are compared in canonical form, so that only `1Gi` and `1073741824` count as a change.
fn canonical(key: &str, value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => Some(
            items.into_iter().map(|item| canonical("", item).unwrap_or_else(|| Value::Object(Map::new()))).collect(),
        ),
        Value::Object(fields) => {
            let amounts = AMOUNTS.contains(&key);
            let labels = LABELS.contains(&key);
            let fields: Map<String, Value> = fields
                .into_iter()
                .filter_map(|(name, value)| {
                    let value = match value {
                        Value::String(text) if amounts => Value::String(amount(text)),
                        value if labels => value,
                        value => canonical(&name, value)?,
                    };
                    Some((name, value))
                })
                .collect();
            let is_plain = amounts || labels || STRUCTS.contains(&key);
            (!(fields.is_empty() && is_plain)).then_some(Value::Object(fields))
        }
        value if PLAIN.contains(&key) => {
            let zero = value == Value::Bool(false) || value.as_i64() == Some(0) || value.as_str() == Some("");
            (!zero).then_some(value)
        }
        value => Some(value),
    }
}

fn amount(text: String) -> String {
    Quantity::decode(&text).map_or(text, |quantity| quantity.to_string())
}

/// Structs that are no pointers in Go: an empty one is the same as none.
const STRUCTS: [&str; 2] = ["metadata", "resources"];

/// Maps of quantities.
const AMOUNTS: [&str; 3] = ["limits", "overhead", "requests"];

/// Maps of texts, in which an empty text is a value like any other.
const LABELS: [&str; 4] = ["annotations", "labels", "matchLabels", "nodeSelector"];

/// Fields of a pod template that are no pointers in Go and may be left out: their zero value is the same as no value.
const PLAIN: [&str; 24] = [
    "containerName",
    "host",
    "hostIP",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostPort",
    "hostname",
    "initialDelaySeconds",
    "key",
    "medium",
    "name",
    "nodeName",
    "path",
    "prefix",
    "priorityClassName",
    "readOnly",
    "stdin",
    "stdinOnce",
    "subPath",
    "subPathExpr",
    "subdomain",
    "tty",
    "workingDir",
];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Revisions, Template};

    fn revisions(templates: &[Value]) -> Vec<String> {
        let mut revisions = Revisions::default();
        let read = |template: &Value| serde_json::from_value(template.clone()).expect("the tests write templates");
        templates.iter().map(|template| revisions.see(&Template::new(&read(template))).to_string()).collect()
    }

    #[test]
    fn what_go_does_not_tell_apart_is_no_change() {
        let plain = json!({"spec": {"containers": [{"name": "main", "resources": {"limits": {"cpu": "1000m"}}}]}});
        let wordy = json!({
            "metadata": {"annotations": {}},
            "spec": {"containers": [
                {"name": "main", "args": [], "tty": false, "resources": {"limits": {"cpu": "1"}}}
            ], "hostNetwork": false, "nodeSelector": {}},
        });
        assert_eq!(revisions(&[plain.clone(), wordy]), ["r1", "r1"]);
        let labelled = json!({"metadata": {"labels": {"a": ""}}, "spec": plain["spec"]});
        let token = json!({"spec": {"containers": plain["spec"]["containers"], "automountServiceAccountToken": false}});
        assert_eq!(revisions(&[plain.clone(), labelled, token, plain]), ["r1", "r2", "r3", "r1"]);
    }
}
