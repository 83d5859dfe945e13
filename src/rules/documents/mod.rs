//! Documents that are no objects, where objects are expected.

pub(super) mod metadata;
pub(super) mod yaml;

use crate::finding::Findings;
use crate::rules::Context;
use crate::yaml::{Document, Path, Value};

/// Documents and items of a `List` that have neither `apiVersion` nor `kind`. Where no object stands beside them and nobody
/// named the file, they are for another tool. An object with only one of the two is the schema's matter.
pub(in crate::rules) fn without_kind(context: &Context<'_>, document: &Document, out: &mut Findings) {
    let Some(root) = document.root().filter(|root| !root.is_null()) else { return };
    let mut without = Vec::new();
    collect(root, &mut without);
    let file = document.file;
    let is_expected = || {
        let objects = context.cluster.objects();
        context.sources.get(file).is_named || objects.iter().any(|object| object.document.file == file)
    };
    if without.is_empty() || !is_expected() {
        return;
    }
    for value in without {
        let message = match (value.is_mapping(), value.is_sequence()) {
            (true, _) => "the object has no `apiVersion` and no `kind`, so nobody can tell what it is",
            (false, true) => "this is a list, and no object",
            (false, false) => "this is a text, and no object",
        };
        let place = document.place(value.locate(&Path::root()).focus());
        out.report(place, document.index, message).help("add `apiVersion` and `kind`, or keep it in a file of its own");
    }
}

/// Lists that are not of `v1 List` tell by their own kind what their items are, and SOPS leaves nothing else of an empty document
/// that it encrypts than a field of its own.
fn collect<'a>(value: Value<'a>, out: &mut Vec<Value<'a>>) {
    if value.get("kind").is_none() && value.get("apiVersion").is_none() {
        out.extend(Some(value).filter(|value| value.get("sops").is_none()));
    } else if value.get("kind").and_then(Value::as_str) == Some("List") {
        value.get("items").into_iter().flat_map(Value::items).for_each(|item| collect(item, out));
    }
}
