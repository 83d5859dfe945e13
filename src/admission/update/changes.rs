//! Where two values of a type differ, as `apiequality.Semantic.DeepEqual` (k8s.io/apimachinery/pkg/api/equality) sees it.
//!
//! Go cannot tell a plain field that is missing from one that holds its zero value, while a pointer can be both. The typed
//! model makes no difference between the two sorts of fields, so those that occur in pods and claims are named here.

use serde::Serialize;
use serde_json::Value;

use crate::values::quantity::Quantity;
use crate::yaml::Path;

/// A place where two values differ.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::admission) struct Change {
    /// The innermost place; the list as a whole, if its length changes.
    pub(in crate::admission) path: Path,
    /// What was there; null if nothing was.
    pub(in crate::admission) old: Value,
    /// What is there now; null if nothing is.
    pub(in crate::admission) new: Value,
}

impl Change {
    /// The field that changes, named from `path` on.
    pub(in crate::admission) fn name(&self, path: &Path) -> String {
        match self.path.moved(path, &Path::root()) {
            Some(inner) if !inner.to_string().is_empty() => format!("`{inner}`"),
            _ => format!("`{}`", self.path),
        }
    }

    /// ` from … to …`, as far as the values are short and nobody's secret. Environment and command lines may hold one.
    pub(in crate::admission) fn course(&self) -> String {
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

/// Where `old` and `new` at `path` differ, in the order of the fields' names.
pub(in crate::admission) fn changes<T: Serialize + PartialEq>(old: &T, new: &T, path: &Path) -> Vec<Change> {
    let mut found = Vec::new();
    if old != new
        && let (Ok(old), Ok(new)) = (serde_json::to_value(old), serde_json::to_value(new))
    {
        let name = path.last().and_then(|segment| segment.name()).unwrap_or_default().to_owned();
        compare(&old, &new, Context { name: &name, of: "" }, path, &mut found);
    }
    found
}

/// Whether there is no difference.
pub(in crate::admission) fn is_same<T: Serialize + PartialEq>(old: &T, new: &T) -> bool {
    changes(old, new, &Path::root()).is_empty()
}

/// The name of the field that is looked at, and that of the field around it.
#[derive(Clone, Copy)]
struct Context<'a> {
    name: &'a str,
    of: &'a str,
}

/// Maps whose keys the user chooses and whose values are texts.
const TEXTS: [&str; 6] = ["annotations", "labels", "matchLabels", "nodeSelector", "options", "volumeAttributes"];

/// Maps of quantities.
const AMOUNTS: [&str; 5] = ["capacity", "hard", "limits", "overhead", "requests"];

/// Structs that are no pointers.
const PLAIN_STRUCTS: [&str; 3] = ["metadata", "resources", "status"];

/// Numbers and truth values that are no pointers.
const PLAIN: [&str; 10] = [
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostPort",
    "initialDelaySeconds",
    "partition",
    "readOnly",
    "stdin",
    "stdinOnce",
    "tty",
];

/// Texts that are pointers: empty, they say something else than missing.
const POINTERS: [&str; 9] = [
    "apiGroup",
    "hostnameOverride",
    "localhostProfile",
    "namespace",
    "resourceClaimName",
    "runtimeClassName",
    "service",
    "storageClassName",
    "volumeAttributesClassName",
];

static NOTHING: Value = Value::Null;

fn compare(old: &Value, new: &Value, context: Context<'_>, path: &Path, found: &mut Vec<Change>) {
    if old == new || is_nothing(old, context) && is_nothing(new, context) {
        return;
    }
    match (old, new) {
        (Value::Object(one), Value::Object(other)) => {
            let mut names: Vec<&String> =
                one.keys().chain(other.keys().filter(|name| !one.contains_key(*name))).collect();
            names.sort_unstable();
            for name in names {
                let is_map = [&TEXTS[..], &AMOUNTS].iter().any(|maps| maps.contains(&context.name));
                let path = if is_map { path.key(name) } else { path.field(name.clone()) };
                let inner = Context { name, of: context.name };
                let (old, new) = (one.get(name).unwrap_or(&NOTHING), other.get(name).unwrap_or(&NOTHING));
                compare(old, new, inner, &path, found);
            }
        }
        (Value::Object(_), Value::Null) if is_plain_struct(context) => {
            compare(old, &Value::Object(serde_json::Map::new()), context, path, found);
        }
        (Value::Null, Value::Object(_)) if is_plain_struct(context) => {
            compare(&Value::Object(serde_json::Map::new()), new, context, path, found);
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (old, new)) in one.iter().zip(other).enumerate() {
                compare(old, new, Context { name: "", of: context.name }, &path.index(index), found);
            }
        }
        (Value::String(one), Value::String(other)) if is_amount(context) && is_same_amount(one, other) => {}
        _ => found.push(Change { path: path.clone(), old: old.clone(), new: new.clone() }),
    }
}

fn is_plain_struct(context: Context<'_>) -> bool {
    [&PLAIN_STRUCTS[..], &TEXTS, &AMOUNTS].iter().any(|names| names.contains(&context.name))
}

/// Whether Go has nothing there.
fn is_nothing(value: &Value, context: Context<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() && !POINTERS.contains(&context.name) && !TEXTS.contains(&context.of),
        Value::Bool(value) => !value && PLAIN.contains(&context.name),
        Value::Number(number) => number.as_i64() == Some(0) && PLAIN.contains(&context.name),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => {
            let inner = |name| Context { name, of: context.name };
            is_plain_struct(context) && fields.iter().all(|(name, value)| is_nothing(value, inner(name.as_str())))
        }
    }
}

fn is_amount(context: Context<'_>) -> bool {
    AMOUNTS.contains(&context.of) || matches!(context.name, "divisor" | "sizeLimit")
}

fn is_same_amount(one: &str, other: &str) -> bool {
    matches!((Quantity::decode(one), Quantity::decode(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(old: &Value, new: &Value, expected: &[&str]) {
        let found: Vec<String> =
            changes(old, new, &Path::root()).iter().map(|change| change.path.to_string()).collect();
        assert_eq!(found, expected, "{old} {new}");
    }

    #[test]
    fn what_go_cannot_tell_apart_is_the_same() {
        check(&json!({ "tty": false, "hostPort": 0, "args": [], "workingDir": "" }), &json!({}), &[]);
        check(&json!({ "resources": { "limits": {} } }), &json!({}), &[]);
        check(&json!({ "limits": { "cpu": "1" } }), &json!({ "limits": { "cpu": "1000m" } }), &[]);
    }

    #[test]
    fn a_pointer_to_nothing_is_not_nothing() {
        check(&json!({ "storageClassName": "" }), &json!({}), &["storageClassName"]);
        check(&json!({ "runAsUser": 0 }), &json!({}), &["runAsUser"]);
        check(&json!({ "emptyDir": {} }), &json!({}), &["emptyDir"]);
        check(&json!({ "labels": { "a": "" } }), &json!({ "labels": {} }), &["labels[a]"]);
    }

    #[test]
    fn the_innermost_place_is_named() {
        check(&json!({ "a": [{ "b": 1 }] }), &json!({ "a": [{ "b": 2 }] }), &["a[0].b"]);
        check(&json!({ "a": [1] }), &json!({ "a": [1, 2] }), &["a"]);
        check(&json!({ "metadata": {} }), &json!({ "metadata": { "labels": { "x": "y" } } }), &["metadata.labels[x]"]);
    }
}
