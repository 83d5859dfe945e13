//! Values in the form in which two are the same if Go cannot tell them apart.

use serde_json::{Map, Value};

use crate::values::quantity::Quantity;

/// The value without what Go does not tell from an absent field: empty lists, empty maps, and the zero values of fields
/// that are no pointers. `None` if nothing is left of it.
///
/// Mirrors `EqualIgnoreHash` in `pkg/controller/deployment/util/deployment_util.go` (v1.36), which compares quantities by
/// their amount; here they are compared in canonical form, so that only `1Gi` and `1073741824` count as a change.
pub(super) fn canonical(key: &str, value: Value) -> Option<Value> {
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
const AMOUNTS: [&str; 6] = ["capacity", "hard", "limits", "overhead", "podFixed", "requests"];

/// Maps of texts, in which an empty text is a value like any other.
const LABELS: [&str; 8] =
    ["annotations", "binaryData", "data", "labels", "matchLabels", "nodeSelector", "parameters", "stringData"];

/// Fields that are no pointers in Go and may be left out: their zero value is the same as no value.
const PLAIN: [&str; 31] = [
    "containerName",
    "externalName",
    "healthCheckNodePort",
    "host",
    "hostIP",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostPort",
    "hostname",
    "initialDelaySeconds",
    "key",
    "loadBalancerIP",
    "medium",
    "minReadySeconds",
    "name",
    "nodeName",
    "nodePort",
    "path",
    "paused",
    "prefix",
    "priorityClassName",
    "publishNotReadyAddresses",
    "readOnly",
    "stdin",
    "stdinOnce",
    "subPath",
    "subPathExpr",
    "subdomain",
    "tty",
    "workingDir",
];
