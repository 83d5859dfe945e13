//! What becomes of the workloads that read a changed `ConfigMap` or Secret, in sentences.

use std::collections::BTreeSet;

use crate::cluster::{How, Object, Readers, reads};

/// A sentence for each workload that reads `object`; `rolls` tells whether its pods are replaced anyway.
pub(super) fn notes(object: &Object, readers: &Readers<'_>, rolls: impl Fn(&Object) -> bool) -> Vec<String> {
    let kind = &object.identity.kind;
    if !matches!(kind.as_str(), "ConfigMap" | "Secret") {
        return Vec::new();
    }
    let readers = readers.of(object);
    if readers.is_empty() {
        return vec!["no workload of the input reads it".to_owned()];
    }
    let note = |reader: &&Object| {
        let identity = &reader.identity;
        if rolls(reader) {
            return format!("{identity} reads it and rolls anyway: its new pods see the change");
        }
        let reads = reads(reader);
        let of_object = reads.iter().filter(|read| read.kind == kind && read.name == object.identity.name);
        let ways: BTreeSet<How> = of_object.map(|read| read.how).collect();
        let words: Vec<&str> = ways.into_iter().map(How::words).collect();
        format!("{identity} reads it; no pod restarts: {}", words.join(", "))
    };
    readers.iter().map(note).collect()
}

impl How {
    /// What happens to those who read it so.
    fn words(self) -> &'static str {
        match self {
            How::Files => "its files follow within a minute or two",
            How::SubPath => "files mounted by `subPath` stay as they are until the pod is replaced",
            How::Environment => "environment variables stay as they are until the container restarts",
        }
    }
}
