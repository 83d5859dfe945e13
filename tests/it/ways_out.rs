//! Ways out of a rejection, and the server's own words for it.

use std::collections::BTreeSet;
use std::fs;

use seatrial::plan::document::{Action, WayOut};
use serde_json::Value;

use crate::appliers::{of, planned};
use crate::conformance::{bases, directory, is_about_the_request};

/// The ways out of the one object that is rejected when `before` becomes `after` in `text`.
fn ways(text: &str, before: &str, after: &str, tool: &str) -> Vec<WayOut> {
    assert!(text.contains(before), "{before} in {text}");
    let plan = planned(text, &text.replace(before, after), tool);
    let rejected: Vec<_> = plan.objects.iter().filter(|object| object.action == Action::Rejected).collect();
    assert_eq!(rejected.len(), 1, "{:?}", plan.objects);
    let ways: Vec<WayOut> = rejected[0].rejections.iter().flat_map(|it| it.ways_out.clone()).collect();
    assert!(ways.iter().all(|way| !way.title.is_empty() && !way.cost.is_empty()), "each way has its price: {ways:?}");
    ways
}

fn commands(ways: &[WayOut]) -> Vec<&str> {
    ways.iter().flat_map(|way| way.commands.iter().map(String::as_str)).collect()
}

const SET: &str = "apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: data}
spec:
  replicas: 2
  serviceName: db
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: db, track: a}}
  template:
    metadata: {labels: {app: db, track: a}}
    spec: {containers: [{name: db, image: db:1}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec:
      accessModes: [ReadWriteOnce]
      storageClassName: fast
      resources: {requests: {storage: 10Gi}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: example.com/disk
allowVolumeExpansion: true
";

#[test]
fn claims_grow_by_hand_and_the_pods_stay() {
    let found = ways(SET, "10Gi", "20Gi", "kubectl");
    let patch = |claim: &str| {
        format!(
            r#"kubectl -n data patch pvc {claim} -p '{{"spec":{{"resources":{{"requests":{{"storage":"20Gi"}}}}}}}}'"#
        )
    };
    let expected = [
        patch("data-db-0"),
        patch("data-db-1"),
        "kubectl -n data delete statefulset db --cascade=orphan".to_owned(),
        "kubectl apply -f new.yaml".to_owned(),
    ];
    assert_eq!(found[0].commands, expected);
    assert!(!found[0].disruptive && found[0].cost.contains("the storage class lets them grow"), "{}", found[0].cost);
    let closed = SET.replace("allowVolumeExpansion: true", "allowVolumeExpansion: false");
    assert!(ways(&closed, "10Gi", "20Gi", "kubectl")[0].cost.contains("must first get `allowVolumeExpansion: true`"));
    let many = ways(&SET.replace("replicas: 2", "replicas: 12"), "10Gi", "20Gi", "kubectl");
    assert!(
        many[0].commands[0].starts_with("for i in $(seq 0 11); do kubectl -n data patch pvc data-db-$i"),
        "{many:?}"
    );
}

#[test]
fn claims_never_shrink_and_other_templates_wait_for_new_pods() {
    let shrunk = ways(SET, "10Gi", "5Gi", "kubectl");
    assert!(shrunk[0].title.contains("no claim can shrink"), "{shrunk:?}");
    assert!(!commands(&shrunk).iter().any(|command| command.contains("patch pvc")), "{shrunk:?}");
    let other = ways(SET, "storageClassName: fast", "storageClassName: slow", "kubectl");
    assert!(other[0].cost.contains("claims that exist stay as they are"), "{other:?}");
    assert_eq!(other[0].commands[0], "kubectl -n data delete statefulset db --cascade=orphan");
}

#[test]
fn a_set_keeps_its_pods_when_its_service_or_policy_changes() {
    let service = ways(SET, "serviceName: db", "serviceName: base", "kubectl");
    assert_eq!(service[0].commands[2], "kubectl -n data rollout restart statefulset db");
    let policy = ways(SET, "podManagementPolicy: Parallel", "podManagementPolicy: OrderedReady", "kubectl");
    assert_eq!(policy[0].commands.len(), 2);
    assert!(!policy[0].disruptive && policy[1].disruptive, "{policy:?}");
}

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web, track: a}} # of pods
  template:
    metadata: {labels: {app: web, track: a}}
    spec: {containers: [{name: web, image: web:1}]}
---
";

#[test]
fn pods_are_adopted_only_by_a_selector_that_matches_them() {
    let orphan = "kubectl -n shop delete deployment web --cascade=orphan";
    // The new selector says less: the pods that run are its own.
    let fewer = ways(WEB, "app: web, track: a}} # of pods", "app: web}}", "kubectl");
    assert_eq!(fewer[0].commands[0], orphan);
    assert!(fewer[0].title.contains("matches the pods that run"), "{fewer:?}");
    // Another value: they would be, if it said less.
    let other = ways(WEB, "track: a", "track: b", "kubectl");
    assert!(other[0].title.starts_with("select by `app=web` alone"), "{other:?}");
    let last = other.last().expect("the disruptive way comes last");
    assert!(last.disruptive && last.cost.contains("would run on with no owner"), "{last:?}");
    // Not if others have such pods as well, or if nothing is left to select by.
    let crowded = WEB.to_owned() + &WEB.replace("name: web,", "name: canary,").replace("track: a", "track: c");
    assert!(!commands(&ways(&crowded, "track: a", "track: b", "kubectl")).contains(&orphan));
    assert!(!commands(&ways(&WEB.replace(", track: a", ""), "app: web", "app: shop", "kubectl")).contains(&orphan));
}

#[test]
fn jobs_are_made_anew_in_the_way_of_each_tool() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}\nspec:\n  template:\n    spec:\n      \
               restartPolicy: Never\n      containers: [{name: a, image: 'a:1'}]\n";
    let titles = |tool: &str| -> String {
        let ways = ways(job, "a:1", "a:2", tool);
        let titles: Vec<String> = ways.into_iter().map(|way| way.title).collect();
        titles.join("\n")
    };
    let wanted = [
        ("kubectl", "kubectl apply --force"),
        ("helm", "helm.sh/hook: pre-upgrade"),
        ("argocd", "argocd.argoproj.io/hook: Sync"),
        ("flux", "kustomize.toolkit.fluxcd.io/force: enabled"),
        ("kapp", "kapp.k14s.io/update-strategy: fallback-on-replace"),
    ];
    for (tool, word) in wanted {
        assert!(titles(tool).contains(word) && titles(tool).contains("ttlSecondsAfterFinished"), "{}", titles(tool));
    }
    // No namespace is named, so none is written.
    assert!(commands(&ways(job, "a:1", "a:2", "kubectl")).contains(&"kubectl delete job migrate"));
    let indexed = job.replace("spec:\n  template", "spec:\n  completionMode: Indexed\n  completions: 3\n  template");
    let grown = ways(&indexed, "completions: 3", "completions: 5", "kubectl");
    assert!(grown[0].title.starts_with("set `parallelism` to 5"), "{grown:?}");
}

#[test]
fn other_kinds_have_their_own_ways() {
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}\n";
    let found = ways(service, "10.96.0.7", "10.96.0.8", "kubectl");
    assert!(found[0].title.contains("leave the address out") && found[1].cost.contains("another address"), "{found:?}");

    let data = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nimmutable: true\ndata: {mode: fast}\n";
    assert!(ways(data, "fast", "slow", "kubectl")[0].title.contains("configMapGenerator"));
    assert!(ways(data, "fast", "slow", "kapp")[0].title.contains("kapp.k14s.io/versioned"));

    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: example.com/one\n";
    let found = ways(secret, "example.com/one", "example.com/two", "kubectl");
    assert!(!commands(&found).iter().any(|command| command.contains("rollout restart")), "{found:?}");

    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: 'a:b'}\n\
                   roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\n";
    let found = ways(binding, "view", "edit", "kubectl");
    assert_eq!(found[0].commands, ["kubectl auth reconcile -f new.yaml"]);
    assert!(commands(&found).contains(&"kubectl delete clusterrolebinding a:b"), "{found:?}");

    let class = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fast}\nprovisioner: example.com/disk\n\
                 parameters: {type: ssd}\n";
    assert!(ways(class, "ssd", "hdd", "kubectl")[0].cost.contains("volumes of the old class stay as they are"));

    let priority = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 1000\n";
    assert!(ways(priority, "1000", "2000", "kubectl")[1].cost.contains("keep the priority"), "the last way");

    let twice = ways(WEB, "matchLabels: {app: web, track: a}", "matchLabels: {app: web, track: b}", "kubectl");
    assert!(twice.iter().any(|way| way.title.starts_with("leave the selector as it was")), "{twice:?}");

    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteOnce], \
                 storageClassName: fast, resources: {requests: {storage: 8Gi}}}\nstatus: {phase: Bound, capacity: {storage: 8Gi}}\n";
    assert!(ways(claim, "8Gi}}}", "4Gi}}}", "kubectl")[0].title.contains("no claim can shrink"));
    // What runs is bound, unless it says otherwise.
    let written = claim.split("status").next().expect("the manifest");
    assert!(ways(written, "8Gi}}}", "4Gi}}}", "kubectl")[0].title.contains("no claim can shrink"));
    let grown = planned(written, &written.replace("8Gi", "9Gi"), "kubectl");
    assert_eq!(of(&grown, "/data").action, Action::Update, "{:?}", of(&grown, "/data").rejections);
    let waiting = claim.replace("Bound", "Pending");
    assert!(ways(&waiting, "8Gi}}}", "9Gi}}}", "kubectl")[0].title.starts_with("wait until the claim is bound"));
    assert!(ways(claim, "fast", "slow", "kubectl")[2].cost.contains("the data is lost"));
}

#[test]
fn names_that_a_shell_would_take_apart_are_quoted() {
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: 'a $(b)'}\n\
                   roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\n";
    let found = ways(binding, "view", "edit", "kubectl");
    assert!(commands(&found).contains(&"kubectl delete clusterrolebinding 'a $(b)'"), "{found:?}");
}

/// Whether `said` is `recorded`, if `…` in it stands for anything.
fn is_said(said: &str, recorded: &str) -> bool {
    let mut rest = recorded;
    for (at, part) in said.split('…').enumerate() {
        let Some(found) = rest.find(part).filter(|found| at > 0 || *found == 0) else { return false };
        rest = &rest[found + part.len()..];
    }
    rest.is_empty() || said.ends_with('…')
}

fn first(fields: &BTreeSet<String>) -> &str {
    fields.first().map_or("", String::as_str)
}

#[test]
fn the_servers_words_are_those_that_were_recorded() {
    let bases = bases();
    let text = fs::read_to_string(directory().join("validation.jsonl")).expect("the recordings are in the repository");
    let (mut compared, mut wrong) = (0, Vec::new());
    for row in text.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON")) {
        if row["update"] != true || row["expect"]["status"] != 422 || is_about_the_request(&row["expect"]) {
            continue;
        }
        let base = &bases[row["base"].as_str().expect("rows name a base")];
        let mut object = base.clone();
        let patch: json_patch::Patch = serde_json::from_value(row["patch"].clone()).expect("is a patch");
        json_patch::patch(&mut object, &patch).expect("the patch fits its base");
        let plan = planned(&base.to_string(), &object.to_string(), "kubectl");
        // With another name it is another object.
        let Some(said) = of(&plan, "").server_says.as_deref() else { continue };
        let causes = row["expect"]["causes"].as_array().expect("a verdict has causes");
        let part = |cause: &Value, name: &str| cause[name].as_str().unwrap_or_default().to_owned();
        let words: Vec<String> =
            causes.iter().map(|cause| format!("{}: {}", part(cause, "field"), part(cause, "message"))).collect();
        let (_, said) = said.split_once(" is invalid: ").expect("the form of the answer");
        let fields = |all: &mut dyn Iterator<Item = String>| -> BTreeSet<String> { all.collect() };
        let blamed = fields(&mut of(&plan, "").rejections.iter().map(|rejection| rejection.field.clone()));
        let recorded = if fields(&mut causes.iter().map(|cause| part(cause, "field"))) != blamed {
            // A PUT of a Job lacks what the server filled in, which a patch does not touch; each word must be one of those.
            let Some(word) =
                words.iter().find(|word| blamed.len() == 1 && word.starts_with(&format!("{}: ", first(&blamed))))
            else {
                continue;
            };
            word.clone()
        } else if let [one] = &words[..] {
            one.clone()
        } else {
            format!("[{}]", words.join(", "))
        };
        compared += 1;
        if !is_said(said, &recorded) {
            wrong.push(format!("{}: said {said}\n  recorded {recorded:.300}", row["id"]));
        }
    }
    assert!(compared > 800, "{compared} answers were compared");
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
}
