//! Which values are the same to the API server: those that its Go types cannot tell apart.
//!
//! A plain field that is missing is one that holds its zero value, while a pointer can be both; of lists and maps, none is an
//! empty one; quantities are amounts. As `apiequality.Semantic.DeepEqual` (k8s.io/apimachinery/pkg/api/equality) has it.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

use super::types::Type;
use crate::values::quantity::Quantity;
use crate::yaml::Path;

/// When two quantities are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amounts {
    /// If they are as much: `1Gi` is `1073741824`.
    ByValue,
    /// If the API server stores them as the same text, which `1Gi` and `1073741824` are not, `1` and `1000m` are. So they
    /// differ where the bytes of what is stored are compared (`EqualRevision` in pkg/controller/history).
    ByText,
}

/// A place where two values differ.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    /// The innermost place; the list as a whole, if its length changes.
    pub(super) path: Path,
    /// What was there; null if nothing was.
    pub(super) old: Value,
    /// What is there now; null if nothing is.
    pub(super) new: Value,
}

impl Difference {
    /// The field that changes, named from `path` on.
    pub(super) fn name(&self, path: &Path) -> String {
        match self.path.moved(path, &Path::root()) {
            Some(inner) if !inner.to_string().is_empty() => format!("`{inner}`"),
            _ => format!("`{}`", self.path),
        }
    }

    /// ` from … to …`, as far as the values are short and nobody's secret. Environment and command lines may hold one.
    pub(super) fn course(&self) -> String {
        let may_be_secret =
            self.path.segments().iter().any(|segment| {
                matches!(segment.name(), Some("annotations" | "args" | "command" | "env" | "httpHeaders"))
            });
        let text = |value: &Value| match value {
            Value::Null => Some("nothing".to_owned()),
            Value::String(text) if text.chars().count() <= 80 => Some(format!("`{text}`")),
            Value::Number(_) | Value::Bool(_) => Some(format!("`{value}`")),
            _ => None,
        };
        match (text(&self.old), text(&self.new)) {
            (Some(old), Some(new)) if !may_be_secret => format!(" from {old} to {new}"),
            _ => match (self.old.as_array(), self.new.as_array()) {
                (Some(old), Some(new)) if old.len() != new.len() => {
                    format!(" from {} to {} elements", old.len(), new.len())
                }
                _ => String::new(),
            },
        }
    }
}

/// Where `old` and `new` at `path`, which are of the type `of`, differ, in the order of the fields' names.
pub(super) fn differences<T: Serialize + PartialEq>(
    old: &T,
    new: &T,
    of: impl Into<Type>,
    path: &Path,
) -> Vec<Difference> {
    if old == new {
        return Vec::new();
    }
    let [old, new] = [old, new].map(|value| serde_json::to_value(value).unwrap_or_default());
    let of = of.into();
    let mut places = Vec::new();
    let [one, other] = [&old, &new].map(|value| normal(value.clone(), of, Amounts::ByValue));
    compare(&one, &other, of, &Path::root(), &mut places);
    let value = |side: &Value, place: &Path| side.pointer(&place.pointer()).cloned().unwrap_or_default();
    let change = |place: Path| Difference {
        old: value(&old, &place),
        new: value(&new, &place),
        path: place.moved(&Path::root(), path).unwrap_or(place),
    };
    places.into_iter().map(change).collect()
}

/// Whether there is no difference.
pub(super) fn is_same<T: Serialize + PartialEq>(old: &T, new: &T, of: &'static str) -> bool {
    differences(old, new, of, &Path::root()).is_empty()
}

/// A pod template in a form that is the same for all that are the same.
pub(crate) fn template(template: Value, amounts: Amounts) -> Value {
    normal(template, "core.PodTemplateSpec".into(), amounts)
}

/// The value without what makes no difference, with quantities as `amounts` tells them apart. Of a type that is not known,
/// only null is nothing.
pub(crate) fn normal(mut value: Value, of: Type, amounts: Amounts) -> Value {
    normalize(&mut value, of, amounts);
    value
}

fn normalize(value: &mut Value, of: Type, amounts: Amounts) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| normalize(item, of.element(), amounts)),
        Value::Object(fields) => fields.retain(|name, value| {
            let inner = of.entry(name);
            normalize(value, inner, amounts);
            of.is_map() || !is_nothing(value, inner)
        }),
        Value::String(text) if of.is_quantity() => *text = amount(std::mem::take(text), amounts),
        _ => {}
    }
}

/// Whether two values are the same at first sight, or two texts of one amount where only that counts.
pub(crate) fn is_same_text(old: &Value, new: &Value, of: Type, amounts: Amounts) -> bool {
    match (old, new) {
        (Value::String(old), Value::String(new)) if of.is_quantity() && amounts == Amounts::ByValue => {
            old == new || matches!((Quantity::decode(old), Quantity::decode(new)), (Ok(old), Ok(new)) if old == new)
        }
        (old, new) => old == new,
    }
}

/// Whether a field of this type that holds the value is as if it were missing. A pointer to nothing is something.
fn is_nothing(value: &Value, of: Type) -> bool {
    match (value, of.text) {
        (Value::Null, _) => true,
        (_, "" | "json") => false,
        (_, of) if of.starts_with('*') => false,
        (Value::String(text), "quantity") => Quantity::decode(text).is_ok_and(|amount| amount.is_zero()),
        (Value::String(text), of) => text.is_empty() && of != "intstr",
        (Value::Bool(value), _) => !value,
        (Value::Number(number), _) => number.as_f64() == Some(0.0),
        (Value::Array(items), _) => items.is_empty(),
        (Value::Object(fields), _) => fields.is_empty(),
    }
}

fn amount(text: String, amounts: Amounts) -> String {
    match (Quantity::decode(&text), amounts) {
        (Err(_), _) => text,
        (Ok(quantity), Amounts::ByText) => quantity.to_string(),
        (Ok(quantity), Amounts::ByValue) => quantity.amount(),
    }
}

/// Notes where two normal forms differ.
fn compare(old: &Value, new: &Value, of: Type, path: &Path, found: &mut Vec<Path>) {
    static NOTHING: Value = Value::Null;
    let empty = Value::Object(Map::new());
    let [old, new] = [old, new].map(|value| if value.is_null() && of.is_plain_fields() { &empty } else { value });
    match (old, new) {
        (old, new) if old == new => {}
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                let path = if of.is_map() { path.key(name) } else { path.field(name.clone()) };
                let [one, other] = [one, other].map(|fields| fields.get(name).unwrap_or(&NOTHING));
                compare(one, other, of.entry(name), &path, found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(one, other, of.element(), &path.index(index), found);
            }
        }
        _ => found.push(path.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(of: &'static str, old: &Value, new: &Value, expected: &[&str]) {
        let found: Vec<String> =
            differences(old, new, of, &Path::root()).iter().map(|change| change.path.to_string()).collect();
        assert_eq!(found, expected, "{of} {old} {new}");
    }

    #[test]
    fn what_go_cannot_tell_apart_is_the_same() {
        check("core.Container", &json!({ "tty": false, "args": [], "workingDir": "" }), &json!({}), &[]);
        check("core.Container", &json!({ "resources": { "limits": {} } }), &json!({}), &[]);
        check("core.ContainerPort", &json!({ "hostPort": 0 }), &json!({}), &[]);
        check("core.EnvVar", &json!({ "name": "A", "value": "" }), &json!({ "name": "A" }), &[]);
        check("core.Toleration", &json!({ "effect": "", "value": "" }), &json!({}), &[]);
        check("core.SELinuxOptions", &json!({ "level": "" }), &json!({}), &[]);
        check("core.PodSpec", &json!({ "hostNetwork": false }), &json!({}), &[]);
        let cpu = |amount: &str| json!({ "limits": { "cpu": amount } });
        check("core.ResourceRequirements", &cpu("1"), &cpu("1000m"), &[]);
        check("core.ResourceRequirements", &cpu("1"), &cpu("1001m"), &["limits[cpu]"]);
    }

    #[test]
    fn a_pointer_to_nothing_is_not_nothing() {
        check("core.PersistentVolumeClaimSpec", &json!({ "storageClassName": "" }), &json!({}), &["storageClassName"]);
        check("core.SecurityContext", &json!({ "runAsUser": 0 }), &json!({}), &["runAsUser"]);
        check("core.Volume", &json!({ "emptyDir": {} }), &json!({}), &["emptyDir"]);
        check("core.Volume", &json!({ "csi": { "readOnly": false } }), &json!({ "csi": {} }), &["csi.readOnly"]);
        let labels = json!({ "metadata": { "labels": { "a": "" } } });
        check("core.PodTemplateSpec", &labels, &json!({}), &["metadata.labels[a]"]);
    }

    #[test]
    fn the_innermost_place_is_named() {
        let ports = |list: Value| json!({ "ports": list });
        check("core.Container", &ports(json!([{ "name": "a" }])), &ports(json!([{ "name": "b" }])), &["ports[0].name"]);
        check("core.Container", &ports(json!([{}])), &ports(json!([{}, {}])), &["ports"]);
    }

    #[test]
    fn bytes_tell_more_than_amounts() {
        let memory = |text: &str| json!({ "spec": { "overhead": { "memory": text } } });
        let same = |one: &str, other: &str, amounts| template(memory(one), amounts) == template(memory(other), amounts);
        assert!(same("1Gi", "1073741824", Amounts::ByValue));
        assert!(!same("1Gi", "1073741824", Amounts::ByText));
        assert!(same("1000m", "1", Amounts::ByText));
        assert!(!same("1Gi", "2Gi", Amounts::ByValue));
    }
}
