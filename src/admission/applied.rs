//! What was applied of an object before: an apply takes away again what it brought, and nothing else.

use serde_json::{Map, Value};

use super::How;
use crate::cluster::Object;
use crate::yaml::{self, Path};

/// Where `kubectl apply` notes what it applied.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What is known of the apply before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Applied {
    /// It set these fields.
    Known(Value),
    /// The object comes from a cluster and does not tell.
    Unknown,
    /// The object is a manifest, which was applied as it is.
    IsManifest,
}

/// What an apply of this kind finds that it applied before.
///
/// A client notes in an annotation what it sent. A server keeps for each manager the fields that it owns; which manager the next
/// apply is of, is not known, so nothing is known if there are several. What a client applied before it let the server do it
/// counts as well (`csaupgrade`, k8s.io/client-go/util/csaupgrade).
pub(crate) fn applied(old: &Object, how: How) -> Applied {
    let noted = || {
        let note = Path::root().fields(&["metadata", "annotations"]).key(LAST_APPLIED);
        let note = old.root().at(&note).and_then(yaml::Value::as_str)?;
        serde_json::from_str(note).ok()
    };
    let known = match how {
        How::ServerApply => owned(old).or_else(noted),
        How::ClientApply | How::Replace => noted(),
    };
    match known {
        Some(known) => Applied::Known(known),
        None if is_live(old) => Applied::Unknown,
        None => Applied::IsManifest,
    }
}

/// Whether the object comes from a cluster, which gave it a UID and a version.
pub(crate) fn is_live(object: &Object) -> bool {
    let set = |name: &str| object.root().get("metadata")?.get(name).filter(|value| !value.is_null());
    set("uid").is_some() || set("resourceVersion").is_some()
}

/// The fields that the one manager owns who applies them through the server, with their values.
fn owned(object: &Object) -> Option<Value> {
    let live = object.root().to_json();
    let entries = live["metadata"]["managedFields"].as_array()?;
    let is = |entry: &&Value, operation: &str| entry["operation"] == operation && entry["subresource"].is_null();
    let mut applying = entries.iter().filter(|entry| is(entry, "Apply"));
    let (Some(one), None) = (applying.next(), applying.next()) else { return None };
    let by_client = |entry: &&Value| is(entry, "Update") && entry["manager"] == "kubectl-client-side-apply";
    let mut found = Value::Null;
    for entry in entries.iter().filter(by_client).chain([one]) {
        collect(&entry["fieldsV1"], &live, &mut found);
    }
    Some(found)
}

/// Adds what a set of fields names to `found`. Lists are taken as a whole, since an apply replaces them so here (see
/// [`super::apply`]).
fn collect(fields: &Value, live: &Value, found: &mut Value) {
    let (Some(fields), Some(live)) = (fields.as_object(), live.as_object()) else { return found.clone_from(live) };
    let inner: Vec<(&str, &Value)> =
        fields.iter().filter_map(|(name, inner)| Some((name.strip_prefix("f:")?, inner))).collect();
    if !found.is_object() {
        *found = Value::Object(Map::new());
    }
    for (name, inner) in inner {
        if let Some(live) = live.get(name) {
            let slot = &mut found[name];
            // A field that is owned as a whole has no fields in it.
            if inner.as_object().is_none_or(Map::is_empty) { slot.clone_from(live) } else { collect(inner, live, slot) }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::admission::apply::read;

    fn check(metadata: &Value, how: How, expected: &Applied) {
        let mut object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
            "spec": {"replicas": 5, "paused": false, "template": {"spec": {"containers": [{"name": "web"}]}}},
        });
        object["metadata"]["name"] = "web".into();
        assert_eq!(applied(&read(&object).objects()[0], how), *expected);
    }

    fn manager(name: &str, operation: &str, fields: &Value) -> Value {
        json!({"manager": name, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": fields}})
    }

    #[test]
    fn a_manifest_is_what_was_applied() {
        for how in [How::ClientApply, How::ServerApply, How::Replace] {
            check(&json!({}), how, &Applied::IsManifest);
            check(&json!({"uid": "1"}), how, &Applied::Unknown);
            let note = json!({"spec": {"replicas": 3}});
            let metadata = json!({"uid": "1", "annotations": {LAST_APPLIED: note.to_string()}});
            check(&metadata, how, &Applied::Known(note));
        }
    }

    #[test]
    fn a_server_knows_who_set_which_field() {
        let template = json!({"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:name": {}}}}});
        let own = manager("flux", "Apply", &json!({"f:replicas": {}, "f:template": template}));
        let other = manager("kube-controller-manager", "Update", &json!({"f:paused": {}}));
        let metadata = json!({"uid": "1", "managedFields": [own.clone(), other]});
        let containers = json!([{"name": "web"}]);
        let known = json!({"spec": {"replicas": 5, "template": {"spec": {"containers": containers}}}});
        check(&metadata, How::ServerApply, &Applied::Known(known));
        check(&metadata, How::ClientApply, &Applied::Unknown);
        let before = manager("kubectl-client-side-apply", "Update", &json!({"f:paused": {}}));
        let metadata =
            json!({"uid": "1", "managedFields": [manager("kubectl", "Apply", &json!({"f:replicas": {}})), before]});
        check(&metadata, How::ServerApply, &Applied::Known(json!({"spec": {"replicas": 5, "paused": false}})));
        let metadata = json!({"uid": "1", "managedFields": [own, manager("other", "Apply", &json!({}))]});
        check(&metadata, How::ServerApply, &Applied::Unknown);
    }
}
