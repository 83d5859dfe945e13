//! Ways out for what makes pods.

use super::{Refused, WayOut, way};
use crate::finding::Finding;
use crate::plan::applier::Applier;

/// A selector that changes. Its pods are found again only if the new selector takes them as well.
pub(super) fn selector(refused: Refused<'_>) -> Vec<WayOut> {
    let kind = refused.new.identity.kind.as_str();
    let pods = refused.old.pod_labels();
    let keep = way(
        "leave the selector as it was, and change labels in the template alone",
        vec![refused.again()],
        ("the change of the labels rolls the pods", false),
    );
    if refused.new.pod_selector().is_some_and(|selector| selector.matches(&pods)) {
        let adopted = refused.orphaned(
            "delete it, keep its pods, and apply again: the new selector matches the pods that run, so they are adopted",
            ("no pod stops for it; a change of the template rolls them afterwards", false),
        );
        return vec![adopted, keep, refused.anew()];
    }
    let mut anew = refused.anew();
    anew.cost.push_str(
        "; with `--cascade=orphan` the new selector would not match the old pods, which would run on with no owner",
    );
    if kind == "StatefulSet" {
        anew.cost.push_str(" and block the names that the new pods need");
        return vec![keep, anew];
    }
    let beside = refused.under_another_name(
        "both run side by side until the old one is deleted, and Services that select both send to both",
    );
    vec![keep, beside, anew]
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

pub(super) fn job(refused: Refused<'_>, field: &str, finding: &Finding) -> Vec<WayOut> {
    let mut ways = Vec::new();
    // An Indexed Job grows and shrinks if both numbers are the same, which the finding says.
    if field == "completions" && finding.message.contains("together with `parallelism`") {
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
        "create it under another name, or have a Deployment make it, which replaces pods by itself".to_owned();
    vec![beside, refused.anew()]
}
