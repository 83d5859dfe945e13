//! `kapp deploy`.
//!
//! Read from carvel-dev/kapp (develop of March 2024): the groups and rules of `pkg/kapp/config/default.go`, `NewChangeGraph`,
//! `buildEdges` and `Linearized` of `pkg/kapp/diffgraph`, `ClusterChangeSet.Apply` and `ApplyingChanges.Apply` of
//! `pkg/kapp/clusterapply` (what no longer waits for anything is applied at once, five at a time, and waited for; the
//! first error ends it, because `--exit-early-on-apply-error` is on), `AddOrUpdateChange`, `DeleteChange`, and
//! `ChangeSetWithVersionedRs` of `pkg/kapp/diff`.
//!
//! The rules about storage classes never apply: they look for the API version `storage/v1`, which no class has. The
//! default rebase rules keep what the cluster writes (`clusterIP`, `volumeName`, `caBundle` …), as the API server does for
//! `kubectl apply`.

mod graph;

use self::graph::{Graph, Op};
use super::versioned::is_versioned;
use super::{Anew, Item, Treatment, annotation, names};
use crate::cluster::Object;

pub(super) fn sort(objects: &mut Vec<&Object>) {
    let changes = objects.iter().map(|object| (*object, Op::Upsert)).collect();
    if let Some(sorted) = Graph::new(changes).and_then(|graph| graph.sorted()) {
        *objects = sorted;
    }
}

const STRATEGY: &str = "kapp.k14s.io/update-strategy";

pub(super) fn treatment(object: &Object, before: Option<&Object>) -> Treatment {
    for key in ["kapp.k14s.io/noop", "kapp.k14s.io/exists"] {
        if annotation(object, key).is_some() {
            return Treatment::Skip(format!("kapp leaves it alone for `{key}`"));
        }
    }
    if is_versioned(object) && before.is_some_and(is_versioned) {
        return Treatment::Renamed;
    }
    let anew =
        |value: &str| Anew { why: format!("kapp, for `{STRATEGY}: {value}`"), restores: false, each_time: false };
    match annotation(object, STRATEGY) {
        Some(value @ "fallback-on-replace") => Treatment::OnRefusal(anew(value)),
        Some(value @ "always-replace") => Treatment::Always(anew(value)),
        Some("skip") if before.is_some() => Treatment::Skip(format!("kapp does not update it for `{STRATEGY}: skip`")),
        _ => Treatment::Apply,
    }
}

pub(super) fn gone(object: &Object) -> String {
    const STRATEGY: &str = "kapp.k14s.io/delete-strategy";
    let identity = &object.identity;
    let is_basic = identity.kind == "Namespace"
        && matches!(identity.name.as_str(), "default" | "kube-node-lease" | "kube-public" | "kube-system");
    if annotation(object, STRATEGY) == Some("orphan") {
        format!("kapp leaves it for `{STRATEGY}: orphan`")
    } else if is_basic {
        "kapp leaves it: nobody can delete this namespace".to_owned()
    } else {
        "kapp deletes it".to_owned()
    }
}

pub(super) fn after_rejection(items: &[Item<'_>], gone: &[&Object]) -> Vec<String> {
    let changing = items.iter().filter(|item| item.acts() || item.is_refused());
    let mut changes: Vec<(&Object, Op)> = changing.map(|item| (item.object, Op::Upsert)).collect();
    changes.extend(gone.iter().map(|object| (*object, Op::Delete)));
    let refused: Vec<&Object> = items.iter().filter(|item| item.is_refused()).map(|item| item.object).collect();
    let stops = "kapp stops at the first refusal";
    let Some(graph) = Graph::new(changes) else {
        return vec!["kapp applies nothing: its rules about what waits for what go round in a circle".to_owned()];
    };
    let (before, after, open) = graph.around(&refused);
    let mut sentences = Vec::new();
    if before.is_empty() && after.is_empty() && open.is_empty() {
        return vec![format!("{stops}; nothing else changes")];
    }
    sentences.push(stops.to_owned());
    let mut say = |what: &str, objects: Vec<&Object>| {
        if !objects.is_empty() {
            sentences.push(format!("{what}: {}", names(objects)));
        }
    };
    say("done before, because what is refused waits for it", before);
    say("not done, because it waits for what is refused", after);
    say("done or not, because it is tried at the same time", open);
    sentences
}
