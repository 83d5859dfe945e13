//! What becomes of the `PersistentVolumeClaims` of a `StatefulSet`.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::StatefulSet;

use crate::cluster::Object;
use crate::plan::document::Claims;
use crate::plan::sim::state::State;
use crate::plan::sim::trace::Row;

/// More claims of one set are not listed, but counted in the sentences that tell of them.
const LISTED: usize = 100;

/// The claims that a rollout creates, deletes, or leaves without a pod.
pub(super) fn changed(old: &Object, new: &Object, rows: &[Row]) -> Option<Claims> {
    let set = new.model::<StatefulSet>()?;
    let (first, last) = (rows.first()?.state.as_ref()?, rows.last()?.state.as_ref()?);
    let (before, after) = (names(first), names(last));
    let used: BTreeSet<String> = of_set(set).collect();
    let were_used: BTreeSet<String> = old.model::<StatefulSet>().into_iter().flat_map(of_set).collect();
    let claims = Claims {
        created: listed(after.difference(&before)),
        deleted: listed(before.difference(&after)),
        orphaned: listed(after.intersection(&were_used).filter(|name| !used.contains(*name))),
    };
    (!claims.is_empty()).then_some(claims)
}

/// The claims that a new set brings.
pub(in crate::plan) fn created(object: &Object) -> Option<Claims> {
    let claims = Claims { created: of_object(object).take(LISTED).collect(), ..Claims::default() };
    (!claims.is_empty()).then_some(claims)
}

/// What becomes of the claims of a set that is deleted (`persistentVolumeClaimRetentionPolicy.whenDeleted`).
pub(in crate::plan) fn left(object: &Object) -> Option<Claims> {
    let spec = object.model::<StatefulSet>().map(|set| &set.spec);
    let policy = spec.and_then(|spec| spec.persistent_volume_claim_retention_policy.as_ref());
    let deletes = policy.and_then(|policy| policy.when_deleted.as_deref()) == Some("Delete");
    let names = of_object(object).take(LISTED).collect();
    let claims = if deletes {
        Claims { deleted: names, ..Claims::default() }
    } else {
        Claims { orphaned: names, ..Claims::default() }
    };
    (!claims.is_empty()).then_some(claims)
}

fn of_object(object: &Object) -> impl Iterator<Item = String> {
    object.model::<StatefulSet>().into_iter().flat_map(of_set)
}

/// The names of the claims of a set's pods, by pod: `data-db-0`.
fn of_set(set: &StatefulSet) -> impl Iterator<Item = String> {
    let spec = &set.spec;
    let start = spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or(0);
    let pods = i64::from(start)..i64::from(start) + i64::from(spec.replicas.unwrap_or(1));
    let name = set.metadata.name.as_deref().unwrap_or_default();
    pods.flat_map(move |ordinal| {
        let templates = spec.volume_claim_templates.iter().flatten();
        let templates = templates.filter_map(|template| template.metadata.name.as_deref());
        templates.map(move |template| format!("{template}-{name}-{ordinal}"))
    })
}

fn names(state: &State) -> BTreeSet<String> {
    state.claims.iter().flatten().cloned().collect()
}

fn listed<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    names.take(LISTED).cloned().collect()
}
