//! What an apply makes of a manifest over what is stored: what was applied before and is not wanted any more is removed, and
//! what the server or somebody else filled in stays.
//!
//! Mirrors the update of sigs.k8s.io/structured-merge-diff for one manager that forces conflicts, and the three-way patch of
//! `kubectl apply` (staging/src/k8s.io/kubectl/pkg/cmd/apply/patcher.go). Left out: items of lists, in which what the server fills in follows
//! from the item alone, as far as validation and rollouts can tell.

use serde_json::{Map, Value, json};

use super::applied::{Applied, applied};
use super::{ApiServer, How, Request, stored};
use crate::cluster::{Cluster, Object};
use crate::source::Sources;
use crate::yaml::Path;

/// The object that the request makes of what runs, if that is more than the manifest: what was never applied stays, such as
/// the number of pods that an autoscaler chose, or what `kubectl rollout restart` notes in the template. `None` if the
/// manifest is all there is.
pub(crate) fn result(request: &Request<'_>, server: &ApiServer) -> Option<Cluster> {
    let (manifest, running) = (request.old?, request.running()?);
    let before = match applied(manifest, request.how) {
        _ if request.how == How::Replace => return None,
        Applied::Known(before) => before,
        // Nobody knows what was applied before, so nothing is taken away.
        Applied::Unknown => Value::Null,
        Applied::IsManifest if request.how == How::ServerApply || !std::ptr::eq(manifest, running) => {
            manifest.root().to_json()
        }
        // A client compares manifests: what neither names is filled in anew.
        Applied::IsManifest => return None,
    };
    let mut merged = merged(&request.object.root().to_json(), &before, &stored(running, server)?);
    if request.how == How::ClientApply {
        retain_keys(&mut merged, request.object);
    }
    Some(read(&merged))
}

/// A claim of which only the manifest is known, as it most likely runs: bound to a volume of its size. The API server lets
/// no other claim grow.
pub(super) fn bound(manifest: &Object) -> Option<Cluster> {
    let claim = Some(manifest).filter(|object| object.identity.kind == "PersistentVolumeClaim")?;
    let mut running = claim.root().to_json();
    if !running["status"]["phase"].is_null() {
        return None;
    }
    let size = running["spec"]["resources"]["requests"]["storage"].clone();
    running["status"] = json!({ "phase": "Bound", "capacity": { "storage": size } });
    Some(read(&running))
}

/// A manifest as every manifest is read.
pub(crate) fn read(manifest: &Value) -> Cluster {
    let mut sources = Sources::default();
    sources.add("manifest", manifest.to_string());
    Cluster::read(&sources)
}

/// The manifest as the server validates it, given the manifest that was applied before and the object that is stored.
fn merged(manifest: &Value, before: &Value, stored: &Value) -> Value {
    let mut object = manifest.clone();
    for part in ["metadata", "spec"] {
        if let (Some(wanted), Some(stored)) = (manifest.get(part), stored.get(part)) {
            object[part] = fields(wanted, &before[part], stored);
        }
    }
    object
}

/// A client drops what stands beside the keys that it sends where the API says so (`patchStrategy:"retainKeys"`): the
/// `rollingUpdate` of before goes with the strategy that it belonged to.
fn retain_keys(merged: &mut Value, manifest: &Object) {
    if manifest.identity.kind != "Deployment" {
        return;
    }
    let Some(wanted) = manifest.root().at(&Path::root().fields(&["spec", "strategy"])) else { return };
    if let Some(strategy) = merged.pointer_mut("/spec/strategy").and_then(Value::as_object_mut) {
        strategy.retain(|name, _| wanted.get(name).is_some());
    }
}

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
