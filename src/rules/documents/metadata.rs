//! Metadata that the API server gives out.

use crate::cluster::Object;
use crate::finding::Findings;
use crate::rules::Context;
use crate::yaml::{Path, Value};

/// A `resourceVersion` or `uid` that is not known to be that of the object which is replaced: one finding about a dump of a
/// cluster is enough.
///
/// A request that creates an object must have no `resourceVersion` (`Create` in apiserver/pkg/storage/etcd3/store.go), which
/// a dry run does not notice, and one that replaces an object must have its own (`Update` in
/// apiserver/pkg/registry/generic/registry/store.go). The `uid` of a new object is always another one (`BeforeCreate`).
pub(in crate::rules) fn live(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let old = context.old(object);
    let is_of_old = |name: &str, value: &str| old.and_then(|old| set(old, name)) == Some(value);
    let (name, message) = if let Some(version) = set(object, VERSION).filter(|version| counts(version)) {
        // It may be that of the old object, of which only the manifest is known.
        if old.is_some_and(|old| set(old, VERSION).is_none()) || is_of_old(VERSION, version) {
            return;
        }
        (VERSION, "with a `resourceVersion`, nothing is created, and nothing replaced that has changed since")
    } else if let Some(uid) = set(object, UID) {
        if is_of_old(UID, uid) {
            return;
        }
        (UID, "with a `uid`, only the very object that has it is replaced, which no other cluster has")
    } else {
        return;
    };
    object
        .report(out, &Path::root().fields(&["metadata", name]), message)
        .help("remove what only the cluster knows: `resourceVersion`, `uid`, `creationTimestamp`, `generation`, `managedFields`");
}

const VERSION: &str = "resourceVersion";
const UID: &str = "uid";

/// What the manifest sets a field of its metadata to.
fn set<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.root().get("metadata")?.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Whether the server understands it as a version, which 0 is not.
fn counts(version: &str) -> bool {
    version.parse::<u64>().is_ok_and(|version| version != 0)
}
