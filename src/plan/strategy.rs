//! How a workload replaces its pods, in words, with the arithmetic shown.

use serde_json::Value;

use crate::values::int_or_string::{Fenceposts, IntOrString, Rounding, resolve_fenceposts};

/// The strategy in a line. The specification has been defaulted.
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
                share(&rolling["maxSurge"], replicas, Rounding::Up)?,
                share(&rolling["maxUnavailable"], replicas, Rounding::Down)?
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
            let text = |name: &str| match &rolling[name] {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            format!("RollingUpdate, surge {}, unavailable {} of the nodes", text("maxSurge")?, text("maxUnavailable")?)
        }
        _ => return None,
    })
}

/// `3 (25% of 10, up)`.
fn share(value: &Value, total: i64, rounding: Rounding) -> Option<String> {
    let value = int_or_string(value)?;
    let total = i32::try_from(total).unwrap_or(i32::MAX);
    let direction = if rounding == Rounding::Up { "up" } else { "down" };
    let count = value.scaled(total, rounding).ok()?;
    Some(match value {
        IntOrString::String(text) => format!("{count} ({text} of {total}, {direction})"),
        IntOrString::Int(_) => count.to_string(),
    })
}

fn int_or_string(value: &Value) -> Option<IntOrString> {
    match value {
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
                (int_or_string(&rolling["maxSurge"]), int_or_string(&rolling["maxUnavailable"]))
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
            let count = |name: &str| int_or_string(&rolling[name])?.scaled(total, Rounding::Up).ok();
            let (Some(surge), Some(unavailable)) = (count("maxSurge"), count("maxUnavailable")) else {
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
