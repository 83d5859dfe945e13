//! Metadata that the API server sets itself.

use super::Context;
use crate::cluster::Object;
use crate::finding::Findings;
use crate::yaml::{Path, Value};

/// A `resourceVersion` that is another one than that of the object which is there. A request that creates an object must
/// have none (`Create` in apiserver/pkg/storage/etcd3/store.go), which a dry run does not notice.
pub(super) fn resource_version(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let path = Path::root().fields(&["metadata", RESOURCE_VERSION]);
    let Some(version) = set(object, RESOURCE_VERSION).filter(|version| counts(version)) else { return };
    let old = context.old(object);
    let message = match old.map(|old| set(old, RESOURCE_VERSION)) {
        // It may be that of the old object, of which only the manifest is known.
        Some(None) => return,
        Some(Some(same)) if same == version => return,
        Some(Some(_)) => "the object has changed since it had this `resourceVersion`, so it is not replaced",
        None => "nothing is created with a `resourceVersion`, and nothing replaced that has changed since",
    };
    object.report(out, &path, message).help("remove it; the server counts the versions of an object itself");
}

/// A `uid`, which a new object does not get, and by which no other object is meant.
pub(super) fn uid(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(uid) = set(object, UID) else { return };
    // One word about a dump of a cluster is enough.
    if set(object, RESOURCE_VERSION).is_some_and(counts) {
        return;
    }
    if context.old(object).and_then(|old| set(old, UID)).is_some_and(|old| old == uid) {
        return;
    }
    let message = "only the very object that has this `uid` can be replaced, and none anywhere else";
    object
        .report(out, &Path::root().fields(&["metadata", UID]), message)
        .help("remove it; the server gives out its own");
}

const RESOURCE_VERSION: &str = "resourceVersion";
const UID: &str = "uid";

/// What the manifest sets a field of its metadata to.
fn set<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.root().get("metadata")?.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Whether the server understands it as a version, which 0 is not.
fn counts(version: &str) -> bool {
    version.parse::<u64>().is_ok_and(|version| version != 0)
}
