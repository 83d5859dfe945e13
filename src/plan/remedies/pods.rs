//! Ways out for what makes pods.

use super::{Refused, WayOut, way};
use crate::cluster::{Labels, Object};
use crate::finding::{Finding, Keeps};
use crate::plan::applier::Applier;
use crate::plan::workload::{self, WorkloadKind};
use crate::values::selector::Selector;
use crate::yaml::{Path, Value};

/// A selector that changes. Its pods are found again only if the new selector takes them as well.
pub(super) fn selector(refused: Refused<'_>) -> Vec<WayOut> {
    // A ReplicaSet leaves the pods that it has as they are.
    let rolls = workload::of(&refused.new.identity).is_some_and(WorkloadKind::rolls);
    let adopted = if rolls {
        ("no pod stops for it; a change of the template rolls them afterwards", false)
    } else {
        ("no pod stops", false)
    };
    let takes = |selector: Option<Selector>, pods: &Labels| selector.is_some_and(|selector| selector.matches(pods));
    let mut ways = Vec::new();
    let adopts = takes(refused.new.pod_selector(), &refused.old.pod_labels());
    if adopts {
        ways.push(refused.orphaned(
            "delete it, keep its pods, and apply again: the new selector matches the pods that run, so they are adopted",
            adopted,
        ));
    } else if let Some(labels) = kept_labels(refused) {
        ways.push(refused.orphaned(
            &format!(
                "select by `{labels}` alone, which the pods that run have as well; then delete it, keep its pods, and apply \
                 again: they are adopted"
            ),
            adopted,
        ));
    }
    ways.push(if takes(refused.old.pod_selector(), &refused.new.pod_labels()) {
        let title = "leave the selector as it was: it matches the new template as well";
        way(
            title,
            vec![refused.again()],
            (if rolls { "a change of the template rolls the pods" } else { "nothing" }, false),
        )
    } else {
        let title = "leave the labels as they were, in the selector and in the template";
        way(title, vec![refused.again()], ("the change of the labels is not made", false))
    });
    let mut anew = refused.anew();
    if refused.new.identity.kind != "StatefulSet" {
        ways.push(refused.under_another_name(
            "both run side by side until the old one is deleted, and Services that select both send to both",
        ));
    }
    if !adopts {
        let blocked = match refused.new.identity.kind.as_str() {
            "StatefulSet" => ", and block the names that the new pods need",
            _ => "",
        };
        anew.cost.push_str(
            "; with `--cascade=orphan` the new selector would not match the old pods, which would run on with no owner",
        );
        anew.cost.push_str(blocked);
    }
    ways.push(anew);
    ways
}

/// The labels that the selector has before and after, if they pick the pods of nothing else.
fn kept_labels(refused: Refused<'_>) -> Option<String> {
    let labels = |object: &Object| -> Labels {
        let selector = object.root().at(&Path::root().fields(&["spec", "selector", "matchLabels"]));
        let fields = selector.into_iter().flat_map(Value::fields);
        fields.filter_map(|field| Some((field.name.to_owned(), field.value.as_str()?.to_owned()))).collect()
    };
    let (old, mut kept) = (labels(refused.old), labels(refused.new));
    kept.retain(|key, value| old.get(key) == Some(value));
    let has_more = refused.new.root().at(&Path::root().fields(&["spec", "selector", "matchExpressions"])).is_some();
    if kept.is_empty() || has_more {
        return None;
    }
    let picked = refused.cluster.pods_picked(refused.new.namespace(), &Selector::from_labels(&kept));
    let is_alone = picked.iter().all(|other| other.identity == refused.new.identity);
    let words: Vec<String> = kept.iter().map(|(key, value)| format!("{key}={value}")).collect();
    is_alone.then(|| words.join(","))
}

/// The other fields of a `StatefulSet` that cannot change.
pub(super) fn stateful_set(refused: Refused<'_>, field: &str) -> Vec<WayOut> {
    let title = "delete it, keep its pods, and apply again: the pods are adopted";
    if field == "serviceName" {
        // A pod's subdomain is set when it is made, and the service is no part of what a revision is made of.
        let mut adopted = refused.orphaned(
            title,
            (
                "pods keep their old host names under the old Service until they are restarted, one by one or together",
                true,
            ),
        );
        let name = super::quoted(&refused.new.identity.name);
        adopted.commands.push(refused.kubectl(&format!("rollout restart statefulset {name}")));
        return vec![adopted, refused.anew()];
    }
    vec![
        refused.orphaned(title, ("no pod stops for it; a change of the template rolls them afterwards", false)),
        refused.anew(),
    ]
}

pub(super) fn job(refused: Refused<'_>, keeps: Keeps, finding: &Finding) -> Vec<WayOut> {
    let mut ways = Vec::new();
    // An Indexed Job grows and shrinks if both numbers are the same, which the finding's help says.
    if let Keeps::Together(_) = keeps {
        let help = finding.help.clone().unwrap_or_default();
        ways.push(way(help, vec![refused.again()], ("pods are added, or deleted from the highest index on", false)));
    }
    ways.push(way(
        "give the new Job another name with each change, such as a version, and `ttlSecondsAfterFinished`, so that old ones go",
        vec![refused.again()],
        ("an old Job that still runs goes on beside the new one", false),
    ));
    let hook = match refused.applier {
        Applier::Helm => Some((
            "make it a hook: with the annotation `helm.sh/hook: pre-upgrade` (or `post-upgrade`) helm deletes it and creates it anew",
            "helm waits for it in each upgrade, and it is no part of the release any more",
        )),
        Applier::Argocd => Some((
            "make it a hook: with the annotation `argocd.argoproj.io/hook: Sync` (or `PreSync`, `PostSync`) Argo CD deletes it and \
             creates it anew",
            "it runs in each sync, changed or not, and the sync waits for it",
        )),
        Applier::Kubectl | Applier::Flux | Applier::Kapp => None,
    };
    ways.extend(hook.map(|(title, cost)| way(title, Vec::new(), (cost, false))));
    ways.push(refused.anew());
    ways
}

pub(super) fn pod(refused: Refused<'_>) -> Vec<WayOut> {
    let mut beside = refused.under_another_name("both run side by side until the old one is deleted");
    beside.title =
        String::from("create it under another name, or have a Deployment make it, which replaces pods by itself");
    vec![beside, refused.anew()]
}
