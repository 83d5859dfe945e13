//! The claims of a StatefulSet's pods: who owns them, and so when they go.
//!
//! Mirrors `isClaimOwnerUpToDate` and `updateClaimOwnerRefForSetAndPod` in
//! `pkg/controller/statefulset/stateful_set_utils.go` (v1.36). Left out: owners from outside, and claims whose pod is gone
//! while they are not, because here the garbage collector is done when the controller looks again.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::StatefulSetPersistentVolumeClaimRetentionPolicy;

/// What becomes of claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Retention {
    /// Whether they go with the set.
    delete_with_set: bool,
    /// Whether they go with pods that are scaled away.
    delete_with_scale: bool,
}

/// Whose deletion takes the claim along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Nobody,
    Set,
    Pod(u64),
}

/// All claims by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    owners: BTreeMap<String, Owner>,
}

impl Retention {
    pub(super) fn new(policy: Option<&StatefulSetPersistentVolumeClaimRetentionPolicy>) -> Self {
        let delete = |when: Option<&String>| when.is_some_and(|when| when == "Delete");
        Self {
            delete_with_set: delete(policy.and_then(|policy| policy.when_deleted.as_ref())),
            delete_with_scale: delete(policy.and_then(|policy| policy.when_scaled.as_ref())),
        }
    }

    /// Who should own the claims of a pod.
    pub(super) fn owner(self, pod: u64, condemned: bool) -> Owner {
        match (self.delete_with_scale, self.delete_with_set) {
            (true, _) if condemned => Owner::Pod(pod),
            (_, true) => Owner::Set,
            (_, false) => Owner::Nobody,
        }
    }
}

impl Claims {
    /// The names of all claims, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.owners.keys().map(String::as_str)
    }

    /// Creates those of `names` that are missing and gives all to `owner`; returns those that were missing.
    pub(super) fn create(&mut self, names: Vec<String>, owner: Owner) -> Vec<String> {
        names.into_iter().filter(|name| self.owners.insert(name.clone(), owner).is_none()).collect()
    }

    /// Gives those of `names` that exist to `owner`; whether that was news to any.
    pub(super) fn give(&mut self, names: &[String], owner: Owner) -> bool {
        let mut news = false;
        for name in names {
            if let Some(current) = self.owners.get_mut(name) {
                news |= *current != owner;
                *current = owner;
            }
        }
        news
    }

    /// Removes those of `names` that this pod, which is gone, owns.
    pub(super) fn collect(&mut self, names: &[String], pod: u64) {
        for name in names {
            if self.owners.get(name) == Some(&Owner::Pod(pod)) {
                self.owners.remove(name);
            }
        }
    }
}
