//! How a workload replaces its pods, in words, with the arithmetic shown.

use serde_json::Value;

use crate::values::int_or_string::{Fenceposts, IntOrString, Rounding, resolve_fenceposts};

/// The strategy in a line.
pub(super) fn describe(kind: &str, spec: &Value) -> Option<String> {
    let replicas = spec["replicas"].as_i64().unwrap_or(1);
    Some(match kind {
        "Deployment" if spec["strategy"]["type"] == "Recreate" => {
            "Recreate: all old pods stop before the first new one starts".to_owned()
        }
        "Deployment" => {
            let rolling = &spec["strategy"]["rollingUpdate"];
            format!(
                "RollingUpdate, surge {}, unavailable {}",
                share(&rolling["maxSurge"], "25%", replicas, Rounding::Up),
                share(&rolling["maxUnavailable"], "25%", replicas, Rounding::Down)
            )
        }
        "StatefulSet" => {
            let strategy = &spec["updateStrategy"];
            let policy = spec["podManagementPolicy"].as_str().unwrap_or("OrderedReady");
            if strategy["type"] == "OnDelete" {
                return Some("OnDelete: a pod is replaced when somebody deletes it".to_owned());
            }
            let partition = strategy["rollingUpdate"]["partition"].as_i64().unwrap_or(0);
            let partition = if partition > 0 { format!(", partition {partition}") } else { String::new() };
            format!("RollingUpdate{partition}, {policy}: highest ordinal first, one at a time")
        }
        "DaemonSet" => {
            let strategy = &spec["updateStrategy"];
            if strategy["type"] == "OnDelete" {
                return Some("OnDelete: a pod is replaced when somebody deletes it".to_owned());
            }
            let rolling = &strategy["rollingUpdate"];
            let text = |value: &Value, default: &str| match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => default.to_owned(),
            };
            let surge = text(&rolling["maxSurge"], "0");
            format!("RollingUpdate, surge {surge}, unavailable {} of the nodes", text(&rolling["maxUnavailable"], "1"))
        }
        _ => return None,
    })
}

/// `3 (25% of 10, up)`.
fn share(value: &Value, default: &str, total: i64, rounding: Rounding) -> String {
    let Some(value) = int_or_string(value, default) else { return default.to_owned() };
    let total = i32::try_from(total).unwrap_or(i32::MAX);
    let direction = if rounding == Rounding::Up { "up" } else { "down" };
    match (&value, value.scaled(total, rounding)) {
        (IntOrString::String(text), Ok(count)) => format!("{count} ({text} of {total}, {direction})"),
        (_, Ok(count)) => count.to_string(),
        (_, Err(_)) => default.to_owned(),
    }
}

fn int_or_string(value: &Value, default: &str) -> Option<IntOrString> {
    match value {
        Value::Null => Some(IntOrString::parse(default)),
        Value::String(text) => Some(IntOrString::String(text.clone())),
        Value::Number(number) => Some(IntOrString::Int(i32::try_from(number.as_i64()?).ok()?)),
        _ => None,
    }
}

/// Where the bounds of the rollout come from.
pub(super) fn arithmetic(kind: &str, spec: &Value, desired: i64) -> Vec<String> {
    let total = i32::try_from(desired).unwrap_or(i32::MAX);
    match kind {
        "Deployment" if spec["strategy"]["type"] == "Recreate" => {
            vec!["no pod is available between the last old and the first new one".to_owned()]
        }
        "Deployment" => {
            let rolling = &spec["strategy"]["rollingUpdate"];
            let (Some(surge), Some(unavailable)) =
                (int_or_string(&rolling["maxSurge"], "25%"), int_or_string(&rolling["maxUnavailable"], "25%"))
            else {
                return Vec::new();
            };
            let Ok(Fenceposts { max_surge: surge, max_unavailable: unavailable }) =
                resolve_fenceposts(Some(&surge), Some(&unavailable), total)
            else {
                return Vec::new();
            };
            within(total, surge, unavailable, "pods")
        }
        "DaemonSet" if spec["updateStrategy"]["type"] != "OnDelete" => {
            let rolling = &spec["updateStrategy"]["rollingUpdate"];
            let count =
                |name: &str, default: &str| int_or_string(&rolling[name], default)?.scaled(total, Rounding::Up).ok();
            let (Some(surge), Some(unavailable)) = (count("maxSurge", "0"), count("maxUnavailable", "1")) else {
                return Vec::new();
            };
            within(total, surge, unavailable, "nodes")
        }
        _ => Vec::new(),
    }
}

fn within(total: i32, surge: i32, unavailable: i32, what: &str) -> Vec<String> {
    let what = if total == 1 { what.trim_end_matches('s') } else { what };
    vec![
        format!("available ≥ {} = {total} {what} − {unavailable}", total - unavailable.min(total)),
        format!("pods ≤ {} = {total} {what} + {surge}, besides those that are stopping", total.saturating_add(surge)),
    ]
}
