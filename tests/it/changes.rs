//! What counts as a change, and what it does.

use seatrial::admission::ApiServer;
use seatrial::cluster::Cluster;
use seatrial::plan::{Effect, changes};
use seatrial::source::Sources;
use serde_json::{Value, json};

/// The changed fields with their effects.
fn found(old: &Value, new: &Value) -> Vec<(String, Effect)> {
    let cluster = |manifest: &Value| {
        let mut sources = Sources::default();
        sources.add("manifest.yaml", manifest.to_string());
        Cluster::read(&sources)
    };
    let (old, new) = (cluster(old), cluster(new));
    let changes = changes(&old.objects()[0], &new.objects()[0], &ApiServer::default());
    changes.into_iter().map(|change| (change.name, change.effect)).collect()
}

fn workload(kind: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web", "version": "1.1"}},
                "spec": {"containers": [{
                    "name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                    "resources": {"requests": {"cpu": "1000m", "memory": "1Gi"}},
                }]},
            },
        },
    })
}

/// What changes if `value` stands at `pointer` in the new form.
fn with(kind: &str, pointer: &str, value: &Value) -> Vec<(String, Effect)> {
    let old = workload(kind);
    let mut new = old.clone();
    let (parent, key) = pointer.rsplit_once('/').expect("it points into the manifest");
    let parent = new.pointer_mut(parent).expect("the parent is there");
    match parent {
        Value::Array(list) => list[key.parse::<usize>().expect("it is an index")] = value.clone(),
        parent => parent[key] = value.clone(),
    }
    found(&old, &new)
}

#[test]
fn what_means_the_same_is_no_change() {
    for (pointer, value) in [
        ("/spec/replicas", json!(1)),
        (
            "/spec/strategy",
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}),
        ),
        ("/spec/template/spec/containers/0/resources/requests/cpu", json!(1)),
        ("/spec/template/spec/containers/0/resources/requests/memory", json!("1024Mi")),
        ("/spec/template/spec/containers/0/imagePullPolicy", json!("IfNotPresent")),
        ("/spec/template/spec/nodeSelector", json!({})),
        ("/metadata/creationTimestamp", Value::Null),
        ("/status", json!({"replicas": 3})),
    ] {
        assert_eq!(with("Deployment", pointer, &value), [], "{pointer}");
    }
}

#[test]
fn every_change_of_the_template_rolls() {
    let containers = "/spec/template/spec/containers/0";
    for (pointer, value, name) in [
        (format!("{containers}/image"), json!("web:2"), "spec.template.spec.containers[web].image"),
        // Labels look like amounts, and are none.
        ("/spec/template/metadata/labels/version".to_owned(), json!("1.10"), "spec.template.metadata.labels.version"),
        (format!("{containers}/env/0/value"), json!("1.0"), "spec.template.spec.containers[web].env[A].value"),
        (
            format!("{containers}/resources/requests/cpu"),
            json!("1001m"),
            "spec.template.spec.containers[web].resources.requests.cpu",
        ),
        (
            format!("{containers}/env"),
            json!([{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]),
            "spec.template.spec.containers[web].env",
        ),
    ] {
        for kind in ["Deployment", "StatefulSet", "DaemonSet"] {
            assert_eq!(with(kind, &pointer, &value), [(name.to_owned(), Effect::Roll)], "{kind} {pointer}");
        }
        assert_eq!(with("ReplicaSet", &pointer, &value), [(name.to_owned(), Effect::None)], "{pointer}");
    }
}

#[test]
fn what_is_not_in_the_template_replaces_no_pod() {
    for (pointer, value, effect) in [
        ("/spec/replicas", json!(3), Effect::Scale),
        ("/spec/minReadySeconds", json!(5), Effect::InPlace),
        ("/spec/revisionHistoryLimit", json!(5), Effect::InPlace),
        ("/metadata/labels", json!({"team": "shop"}), Effect::None),
        ("/metadata/annotations", json!({"note": "x"}), Effect::None),
    ] {
        let effects: Vec<Effect> = with("Deployment", pointer, &value).into_iter().map(|(_, effect)| effect).collect();
        assert_eq!(effects, [effect], "{pointer}");
    }
}

#[test]
fn a_template_waits_where_nobody_replaces_pods() {
    let image = "/spec/template/spec/containers/0/image";
    let effects = |mut old: Value| {
        let mut new = old.clone();
        old["spec"]["minReadySeconds"] = json!(0);
        *new.pointer_mut(image).expect("it is there") = json!("web:2");
        found(&old, &new)
    };
    let mut paused = workload("Deployment");
    paused["spec"]["paused"] = json!(true);
    let mut by_hand = workload("StatefulSet");
    by_hand["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
    for manifest in [paused, by_hand] {
        assert_eq!(effects(manifest), [("spec.template.spec.containers[web].image".to_owned(), Effect::InPlace)]);
    }
}
