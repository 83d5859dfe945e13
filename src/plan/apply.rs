//! What server-side apply makes of a manifest: what the manifest before had and this one has not is removed, and what the
//! server filled in by itself stays.
//!
//! Mirrors the update of sigs.k8s.io/structured-merge-diff for one manager that forces conflicts. Left out: items of
//! lists, in which what the server fills in follows from the item alone, as far as validation and rollouts can tell.

use serde_json::{Map, Value, json};

use super::assumptions::Assumptions;
use crate::admission::{self, ApiServer};
use crate::cluster::{Cluster, Object};
use crate::source::Sources;
use crate::yaml::Path;

/// The manifest as the server validates it, given the manifest that was applied before and the object that is stored.
pub(super) fn merged(manifest: &Value, before: &Value, stored: &Value) -> Value {
    let mut object = manifest.clone();
    for part in ["metadata", "spec"] {
        if let (Some(wanted), Some(stored)) = (manifest.get(part), stored.get(part)) {
            object[part] = fields(wanted, &before[part], stored);
        }
    }
    object
}

/// The object that `kubectl apply` makes of `new` over `running`, if that is more than a manifest: what was never applied
/// stays, such as the number of pods that an autoscaler chose, or what `kubectl rollout restart` notes in the template.
/// `manifest` is the old side as it is written: a dump of a cluster, or a manifest of which `running` differs by what is
/// assumed. `None` if both are the same manifest.
pub(super) fn over_running(new: &Object, manifest: &Object, running: &Object, server: &ApiServer) -> Option<Cluster> {
    let metadata = |name: &'static str| {
        manifest.root().at(&Path::root().fields(&["metadata", name])).filter(|value| !value.is_null())
    };
    let annotation = Path::root().fields(&["metadata", "annotations"]).key(LAST_APPLIED);
    let last = manifest.root().at(&annotation).and_then(crate::yaml::Value::as_str);
    let before = match last.and_then(|last| serde_json::from_str(last).ok()) {
        Some(before) => before,
        // Nobody knows what was applied before, so nothing is taken away.
        None if metadata("uid").is_some() || metadata("resourceVersion").is_some() => Value::Null,
        None if !std::ptr::eq(manifest, running) => manifest.root().to_json(),
        None => return None,
    };
    Some(read(&merged(&new.root().to_json(), &before, &admission::stored(running, server)?)))
}

/// The old side as it runs, if it is known to be more than its manifest: with the number of pods that is assumed, or as a
/// claim that is bound to a volume of its size, because the API server lets no other claim grow.
pub(super) fn running(manifest: &Object, assumptions: &Assumptions) -> Option<Cluster> {
    let identity = &manifest.identity;
    let mut running;
    match identity.kind.as_str() {
        "Deployment" | "ReplicaSet" | "StatefulSet" => {
            let replicas = *assumptions.replicas.get(&identity.name)?;
            running = manifest.root().to_json();
            running["spec"]["replicas"] = replicas.into();
        }
        "PersistentVolumeClaim" => {
            running = manifest.root().to_json();
            if !running["status"]["phase"].is_null() {
                return None;
            }
            let size = running["spec"]["resources"]["requests"]["storage"].clone();
            running["status"] = json!({ "phase": "Bound", "capacity": { "storage": size } });
        }
        _ => return None,
    }
    Some(read(&running))
}

/// A manifest as every manifest is read.
pub(super) fn read(manifest: &Value) -> Cluster {
    let mut sources = Sources::default();
    sources.add("manifest", manifest.to_string());
    Cluster::read(&sources)
}

/// Where `kubectl apply` notes what it applied.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn fields(manifest: &Value, before: &Value, stored: &Value) -> Value {
    let (Value::Object(wanted), Value::Object(stored)) = (manifest, stored) else { return manifest.clone() };
    let mut result = Map::new();
    for (name, value) in wanted {
        let value = stored.get(name).map_or_else(|| value.clone(), |stored| fields(value, &before[name], stored));
        result.insert(name.clone(), value);
    }
    for (name, value) in stored.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
        match (before.get(name), value) {
            (None | Some(Value::Null), _) => drop(result.insert(name.clone(), value.clone())),
            // The field was wanted and is not any more, but something in it was never wanted.
            (Some(Value::Object(_)), Value::Object(_)) => {
                let left = fields(&Value::Object(Map::new()), &before[name], value);
                if left.as_object().is_some_and(|left| !left.is_empty()) {
                    result.insert(name.clone(), left);
                }
            }
            (Some(_), _) => {}
        }
    }
    Value::Object(result)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::merged;

    fn check(manifest: Value, before: Value, stored: Value, expected: Value) {
        let object = |spec: Value| json!({"kind": "Deployment", "spec": spec});
        assert_eq!(merged(&object(manifest), &object(before), &object(stored)), object(expected));
    }

    #[test]
    fn what_the_server_filled_in_stays_until_somebody_else_says_something() {
        let stored =
            json!({"replicas": 3, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}});
        let rolling = json!({"maxSurge": "25%"});
        check(
            json!({"strategy": {"type": "Recreate"}}),
            json!({}),
            stored.clone(),
            json!({"replicas": 3, "strategy": {"type": "Recreate", "rollingUpdate": rolling}}),
        );
        let before = json!({"replicas": 3, "strategy": {"rollingUpdate": {"maxSurge": "25%"}}});
        check(
            json!({"strategy": {"type": "Recreate"}}),
            before.clone(),
            stored.clone(),
            json!({"strategy": {"type": "Recreate"}}),
        );
        check(json!({}), before, stored, json!({"strategy": {"type": "RollingUpdate"}}));
    }

    #[test]
    fn lists_are_taken_as_they_are_wanted() {
        let containers =
            |images: &[&str]| json!({"containers": images.iter().map(|it| json!({"image": it})).collect::<Value>()});
        check(containers(&["a"]), containers(&["a", "b"]), containers(&["a", "b"]), containers(&["a"]));
    }
}
