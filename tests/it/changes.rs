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

/// What changes if one form of the first container, or of the pod around it, follows another.
fn within(kind: &str, old: &Value, new: &Value) -> Vec<(String, Effect)> {
    let [old, new] = [old, new].map(|spec| {
        let mut manifest = workload(kind);
        let pod = &mut manifest["spec"]["template"]["spec"];
        for (name, value) in spec.as_object().expect("it is a map") {
            match name.as_str() {
                "tolerations" | "volumes" => pod[name] = value.clone(),
                name => pod["containers"][0][name] = value.clone(),
            }
        }
        manifest
    });
    found(&old, &new)
}

#[test]
fn go_tells_only_pointers_from_what_is_missing() {
    for (old, new) in [
        (json!({"env": [{"name": "A", "value": ""}]}), json!({"env": [{"name": "A"}]})),
        (
            json!({"tolerations": [{"operator": "Exists", "value": "", "effect": ""}]}),
            json!({"tolerations": [{"operator": "Exists"}]}),
        ),
        (
            json!({"securityContext": {"seLinuxOptions": {"level": ""}}}),
            json!({"securityContext": {"seLinuxOptions": {}}}),
        ),
        (json!({"workingDir": "", "command": []}), json!({})),
    ] {
        for kind in ["Deployment", "StatefulSet", "DaemonSet"] {
            assert_eq!(within(kind, &old, &new), [], "{kind} {old}");
        }
    }
    let volume = |csi: Value| json!({"volumes": [{"name": "v", "csi": csi}]});
    let pointer = [volume(json!({"driver": "d", "readOnly": false})), volume(json!({"driver": "d"}))];
    for kind in ["Deployment", "StatefulSet", "DaemonSet"] {
        let name = "spec.template.spec.volumes[v].csi.readOnly".to_owned();
        assert_eq!(within(kind, &pointer[0], &pointer[1]), [(name, Effect::Roll)], "{kind}");
    }
}

#[test]
fn sets_compare_texts_where_deployments_compare_amounts() {
    let memory = |text: &str| json!({"resources": {"limits": {"memory": text}}});
    let change = |kind: &str| within(kind, &memory("1Gi"), &memory("1073741824"));
    assert_eq!(change("Deployment"), []);
    for kind in ["StatefulSet", "DaemonSet"] {
        let name = "spec.template.spec.containers[web].resources.limits.memory".to_owned();
        assert_eq!(change(kind), [(name, Effect::Roll)], "{kind}");
    }
}

#[test]
fn another_version_of_the_api_is_the_same_object() {
    let autoscaler = |version: &str, spec: Value| {
        let mut manifest = json!({
            "apiVersion": format!("autoscaling/{version}"), "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
            "spec": {"maxReplicas": 5, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
        });
        let fields = spec.as_object().expect("it is a map").clone();
        manifest["spec"].as_object_mut().expect("it is a map").extend(fields);
        manifest
    };
    let cpu = |percent: i32| {
        let target = json!({"type": "Utilization", "averageUtilization": percent});
        json!({"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]})
    };
    let old = autoscaler("v1", json!({"targetCPUUtilizationPercentage": 60}));
    assert_eq!(found(&old, &autoscaler("v2", cpu(60))), []);
    assert_eq!(found(&autoscaler("v2", cpu(60)), &old), []);
    assert_eq!(found(&autoscaler("v1", json!({})), &autoscaler("v2", json!({}))), []);
    assert_ne!(found(&old, &autoscaler("v2", cpu(70))), []);
    // The defaults are those of the version that is there now.
    let mut older = workload("Deployment");
    older["apiVersion"] = json!("extensions/v1beta1");
    assert_eq!(found(&older, &workload("Deployment")), []);
}
