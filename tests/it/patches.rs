//! Patches for Kustomize stand among manifests. They leave out what they do not change, and nothing follows from that.

use seatrial::finding::Group;
use seatrial::lint::{Settings, lint};
use seatrial::source::Sources;

fn check(text: &str) {
    let mut sources = Sources::default();
    sources.add("patch.yaml", text);
    let settings = Settings { select: vec!["advice".to_owned()], ..Settings::default() };
    let findings = lint(&sources, &settings).findings;
    let blamed: Vec<_> = findings
        .iter()
        .filter(|finding| finding.group != Group::Refused)
        .map(|finding| (&finding.rule, &finding.message))
        .collect();
    assert!(blamed.is_empty(), "{blamed:?}");
}

#[test]
fn a_patch_of_a_statefulset_is_not_blamed_for_what_it_leaves_out() {
    check(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: db\nspec:\n  volumeClaimTemplates:\n  - metadata:\n      \
         name: data\n    spec:\n      accessModes: [ReadWriteOnce]\n      resources:\n        requests:\n          storage: 9Gi\n",
    );
}

#[test]
fn a_patch_of_probes_is_not_blamed_for_what_it_leaves_out() {
    check(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector:\n    app: web\n  ports:\n  - port: 80\n\
         ---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    metadata:\n      labels:\n        \
         app: web\n    spec:\n      containers:\n      - name: web\n        livenessProbe:\n          failureThreshold: 1\n",
    );
}

#[test]
fn a_patch_of_a_cronjob_is_not_blamed_for_what_it_leaves_out() {
    check(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: report\nspec:\n  schedule: \"* * * * *\"\n  jobTemplate:\n    \
         spec:\n      suspend: true\n      parallelism: 0\n      backoffLimit: 6\n      activeDeadlineSeconds: 600\n      \
         template:\n        spec:\n          restartPolicy: Never\n",
    );
}
