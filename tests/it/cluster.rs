//! Storage, classes, webhooks and API services beyond what the recordings have: what the API server would say of them, read
//! off its source (v1.36).

use serde_json::{Value, json};

use crate::conformance::{found_causes, refusals};

const NONE: [&str; 0] = [];

/// The causes for which an object is refused, as `field Reason` without `FieldValue`.
fn causes(object: &Value) -> Vec<String> {
    of(object, None)
}

fn changes(old: &Value, object: &Value) -> Vec<String> {
    of(object, Some(old))
}

fn of(object: &Value, old: Option<&Value>) -> Vec<String> {
    let findings = refusals(object.to_string(), old.map(ToString::to_string));
    let causes = found_causes(&findings).into_iter();
    causes.map(|(field, reason)| format!("{field} {}", reason.trim_start_matches("FieldValue"))).collect()
}

fn merged(mut into: Value, from: &Value) -> Value {
    if let (Value::Object(fields), Value::Object(from)) = (&mut into, from) {
        for (name, value) in from {
            let inner = fields.remove(name).unwrap_or_default();
            let value = if inner.is_object() && value.is_object() { merged(inner, value) } else { value.clone() };
            fields.insert(name.clone(), value);
        }
    }
    into
}

fn volume(spec: &Value) -> Value {
    let volume = json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": "v" },
        "spec": { "capacity": { "storage": "1Gi" }, "accessModes": ["ReadWriteOnce"] },
    });
    merged(volume, &json!({ "spec": spec }))
}

/// The causes for a volume with this source.
fn source(source: &Value) -> Vec<String> {
    causes(&volume(source))
}

#[test]
fn sources_of_volumes_need_their_parts() {
    assert_eq!(
        source(&json!({ "gcePersistentDisk": { "partition": 256 } })),
        ["spec.persistentDisk.partition Invalid", "spec.persistentDisk.pdName Required"]
    );
    assert_eq!(
        source(&json!({ "awsElasticBlockStore": { "partition": -1 } })),
        ["spec.awsElasticBlockStore.partition Invalid", "spec.awsElasticBlockStore.volumeID Required"]
    );
    assert_eq!(
        source(&json!({ "hostPath": { "path": "/a/../b", "type": "Dir" } })),
        ["spec.hostPath.path Invalid", "spec.hostPath.type NotSupported"]
    );
    assert_eq!(
        source(&json!({ "glusterfs": { "endpoints": "e", "path": "p", "endpointsNamespace": "" } })),
        ["spec.glusterfs.endpointsNamespace Invalid"]
    );
    assert_eq!(
        source(&json!({ "flocker": { "datasetName": "a/b", "datasetUUID": "c" } })),
        ["spec.flocker Invalid", "spec.flocker.datasetName Invalid"]
    );
    assert_eq!(source(&json!({ "rbd": {} })), ["spec.rbd.image Required", "spec.rbd.monitors Required"]);
    assert_eq!(source(&json!({ "quobyte": { "registry": "host", "volume": "v" } })), ["spec.quobyte.registry Invalid"]);
    assert_eq!(source(&json!({ "cephfs": {} })), ["spec.cephfs.monitors Required"]);
    assert_eq!(
        source(&json!({ "cinder": { "volumeID": "v", "secretRef": {} } })),
        ["spec.cinder.secretRef.name Required", "spec.cinder.secretRef.namespace Required"]
    );
    assert_eq!(source(&json!({ "fc": { "targetWWNs": ["w"] } })), ["spec.fc.lun Required"]);
    assert_eq!(
        source(&json!({ "flexVolume": { "driver": "d", "options": { "a.k8s.io/b": "c" } } })),
        ["spec.flexVolume.options[a.k8s.io/b] Invalid"]
    );
    assert_eq!(
        source(&json!({ "azureFile": { "secretNamespace": "" } })),
        [
            "spec.azureFile.secretName Required",
            "spec.azureFile.secretNamespace Required",
            "spec.azureFile.shareName Required"
        ]
    );
    assert_eq!(
        source(&json!({ "azureDisk": { "diskName": "d", "diskURI": "/subscriptions/x" } })),
        ["spec.azureDisk.diskURI NotSupported"]
    );
    assert_eq!(
        source(&json!({ "azureDisk": { "diskName": "d", "diskURI": "/subscriptions/x", "kind": "Managed" } })),
        NONE
    );
    assert_eq!(source(&json!({ "storageos": { "volumeName": "A" } })), ["spec.storageos.volumeName Invalid"]);
    assert_eq!(
        source(&json!({ "csi": { "driver": "a_b", "nodePublishSecretRef": { "name": "n" } } })),
        [
            "spec.csi.driver Invalid",
            "spec.csi.nodePublishSecretRef.namespace Required",
            "spec.csi.volumeHandle Required"
        ]
    );
}

#[test]
fn iscsi_targets_have_names_by_convention_and_secrets_for_authentication() {
    let iscsi = json!({ "targetPortal": "10.0.0.1:3260", "iqn": "iqn.2001-04.com.example:disk", "lun": 0 });
    assert_eq!(source(&json!({ "iscsi": iscsi })), NONE);
    let wrong = json!({ "iqn": "iqn.x", "lun": 256, "chapAuthSession": true, "initiatorName": "x" });
    assert_eq!(
        source(&json!({ "iscsi": merged(iscsi, &wrong) })),
        [
            "spec.iscsi.initiatorname Invalid",
            "spec.iscsi.iqn Invalid",
            "spec.iscsi.lun Invalid",
            "spec.iscsi.secretRef Required"
        ]
    );
}

#[test]
fn a_volume_has_one_source_and_a_local_one_has_a_node() {
    let nfs = json!({ "nfs": { "server": "s", "path": "/" } });
    assert_eq!(source(&merged(nfs.clone(), &json!({ "cephfs": {} }))), ["spec.cephFS Forbidden"]);
    assert_eq!(source(&merged(nfs, &json!({ "flexVolume": { "driver": "d" } }))), NONE);
    assert_eq!(source(&json!({ "local": { "path": "/disk" } })), ["spec.nodeAffinity Required"]);
    let recycled = json!({ "hostPath": { "path": "//." }, "persistentVolumeReclaimPolicy": "Recycle" });
    assert_eq!(source(&recycled), ["spec.persistentVolumeReclaimPolicy Forbidden"]);
    let class = json!({ "hostPath": { "path": "/a" }, "volumeAttributesClassName": "" });
    assert_eq!(source(&class), ["spec.csi Required", "spec.volumeAttributesClassName Required"]);
}

#[test]
fn a_volume_stays_where_it_is_and_may_get_a_secret_for_growing() {
    let csi = json!({ "csi": { "driver": "d.example.com", "volumeHandle": "h" } });
    let secret = json!({ "csi": { "controllerExpandSecretRef": { "name": "s", "namespace": "n" } } });
    let read_only = |value: bool| json!({ "csi": { "readOnly": value } });
    let (old, with_secret) = (volume(&csi), volume(&merged(csi.clone(), &secret)));
    assert_eq!(changes(&old, &with_secret), NONE);
    assert_eq!(changes(&with_secret, &old), ["spec.persistentvolumesource Forbidden"]);
    assert_eq!(changes(&old, &volume(&merged(csi.clone(), &read_only(false)))), NONE);
    assert_eq!(
        changes(&old, &volume(&merged(csi.clone(), &read_only(true)))),
        ["spec.persistentvolumesource Forbidden"]
    );
    let block = volume(&merged(csi, &json!({ "volumeMode": "Block" })));
    assert_eq!(changes(&old, &block), ["volumeMode Invalid"]);
}

fn claim(spec: &Value) -> Value {
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": "c" },
        "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "2Gi" } } },
    });
    merged(claim, &json!({ "spec": spec }))
}

fn size(size: &str) -> Value {
    json!({ "resources": { "requests": { "storage": size } } })
}

#[test]
fn a_claim_grows_while_it_is_bound_and_never_shrinks_below_what_there_is() {
    let status = json!({ "status": { "phase": "Bound", "capacity": { "storage": "2Gi" } } });
    let bound = |spec: &Value| merged(claim(spec), &status);
    assert_eq!(changes(&bound(&json!({})), &claim(&size("3Gi"))), NONE);
    assert_eq!(changes(&claim(&json!({})), &claim(&size("3Gi"))), ["spec Forbidden"]);
    assert_eq!(changes(&claim(&json!({})), &claim(&size("2048Mi"))), NONE);
    // What could not be provided may be taken back.
    assert_eq!(changes(&bound(&size("5Gi")), &claim(&size("3Gi"))), NONE);
    assert_eq!(changes(&bound(&size("5Gi")), &claim(&size("1Gi"))), ["spec.resources.requests.storage Forbidden"]);
}

#[test]
fn a_claim_gets_its_storage_class_once() {
    let class = |name: &str| claim(&json!({ "storageClassName": name }));
    assert_eq!(changes(&claim(&json!({})), &class("fast")), NONE);
    assert_eq!(changes(&class("fast"), &class("slow")), ["spec Forbidden"]);
    let annotation = "volume.beta.kubernetes.io/storage-class";
    let annotated = merged(claim(&json!({})), &json!({ "metadata": { "annotations": { annotation: "fast" } } }));
    assert_eq!(changes(&annotated, &class("fast")), NONE);
    assert_eq!(
        changes(&annotated, &class("slow")),
        ["metadata.annotations.volume.beta.kubernetes.io/storage-class Invalid", "spec Forbidden"]
    );
}

#[test]
fn the_data_of_a_claim_comes_from_one_source() {
    let source = |kind: &str| json!({ "kind": kind, "name": "x" });
    // A `dataSource` of another kind is silently dropped; a `dataSourceRef` is not.
    assert_eq!(causes(&claim(&json!({ "dataSource": source("Thing") }))), NONE);
    assert_eq!(
        causes(&claim(&json!({ "dataSourceRef": source("Thing") }))),
        ["spec.dataSource Invalid", "spec.dataSourceRef Invalid"]
    );
    let pvc = source("PersistentVolumeClaim");
    let other = merged(pvc.clone(), &json!({ "name": "y" }));
    assert_eq!(causes(&claim(&json!({ "dataSource": pvc, "dataSourceRef": other }))), ["spec Invalid"]);
}

#[test]
fn classes_of_attributes_and_drivers_are_checked() {
    let class = |fields: &Value| {
        let class =
            json!({ "apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttributesClass", "metadata": { "name": "c" } });
        merged(class, fields)
    };
    assert_eq!(causes(&class(&json!({}))), ["driverName Required", "parameters Required"]);
    let old = class(&json!({ "driverName": "d.example.com", "parameters": { "a": "b" } }));
    assert_eq!(changes(&old, &merged(old.clone(), &json!({ "parameters": { "a": "c" } }))), ["parameters Forbidden"]);
    let driver = |spec: &Value| {
        let driver = json!({ "apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": { "name": "d", "resourceVersion": "1" } });
        merged(driver, &json!({ "spec": spec }))
    };
    let wrong = json!({
        "fsGroupPolicy": "x", "volumeLifecycleModes": ["x"], "serviceAccountTokenInSecrets": true,
        "nodeAllocatableUpdatePeriodSeconds": 9,
    });
    assert_eq!(
        causes(&driver(&wrong)),
        [
            "spec.fsGroupPolicy NotSupported",
            "spec.nodeAllocatableUpdatePeriodSeconds Invalid",
            "spec.serviceAccountTokenInSecrets Invalid",
            "spec.volumeLifecycleModes NotSupported"
        ]
    );
    let tokens = json!({ "tokenRequests": [{ "audience": "a", "expirationSeconds": 599 }, { "audience": "a" }] });
    assert_eq!(
        causes(&driver(&tokens)),
        ["spec.tokenRequests[0].expirationSeconds Invalid", "spec.tokenRequests[1].audience Duplicate"]
    );
    let detached = driver(&json!({ "attachRequired": false }));
    assert_eq!(changes(&driver(&json!({})), &detached), ["spec.attachedRequired Invalid"]);
}

#[test]
fn names_of_system_priority_classes_are_reserved() {
    let class = |name: &str, value: i64| json!({ "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": { "name": name }, "value": value });
    assert_eq!(causes(&class("system-mine", 1)), ["metadata.name Forbidden"]);
    assert_eq!(causes(&class("system-node-critical", 2_000_001_000)), NONE);
    assert_eq!(causes(&class("system-node-critical", 2_000_000_000)), ["metadata.name Forbidden"]);
    assert_eq!(causes(&class("mine", 1_000_000_001)), ["value Forbidden"]);
}

fn webhook(fields: &Value) -> Value {
    let hook = json!({
        "name": "check.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "clientConfig": { "url": "https://hook.example.com/check" },
    });
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": { "name": "hooks", "resourceVersion": "1" }, "webhooks": [merged(hook, fields)],
    })
}

#[test]
fn webhooks_are_reached_securely_and_without_queries() {
    let url = |url: &str| causes(&webhook(&json!({ "clientConfig": { "url": url } })));
    assert_eq!(url("https://hook.example.com/check"), NONE);
    assert_eq!(url("http://user@hook.example.com/?a#b"), ["webhooks[0].clientConfig.url Invalid"]);
    assert_eq!(url("hook.example.com:443"), ["webhooks[0].clientConfig.url Invalid"]);
    assert_eq!(url("https://a b/"), ["webhooks[0].clientConfig.url Required"]);
    let service = json!({ "clientConfig": { "service": { "name": "s", "namespace": "n" } } });
    assert_eq!(causes(&webhook(&service)), ["webhooks[0].clientConfig Required"]);
    assert_eq!(
        causes(&webhook(&json!({ "reinvocationPolicy": "Always" }))),
        ["webhooks[0].reinvocationPolicy NotSupported"]
    );
}

#[test]
fn rules_of_webhooks_name_nothing_twice() {
    let resources = |resources: &Value| {
        let rule =
            json!({ "apiGroups": ["", "*"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": resources });
        causes(&webhook(&json!({ "rules": [rule] })))
    };
    let groups = "webhooks[0].rules[0].apiGroups Invalid";
    let list = "webhooks[0].rules[0].resources Invalid";
    assert_eq!(resources(&json!(["pods", "pods/*"])), [groups]);
    assert_eq!(resources(&json!(["pods/*", "pods/log"])), [groups, "webhooks[0].rules[0].resources[1] Invalid"]);
    assert_eq!(resources(&json!(["*/scale", "jobs/scale"])), [groups, "webhooks[0].rules[0].resources[1] Invalid"]);
    assert_eq!(resources(&json!(["*/*", "pods"])), [groups, list]);
    assert_eq!(resources(&json!(["*", "pods"])), [groups, list]);
    // The server looks at the last resource without a subresource only.
    assert_eq!(resources(&json!(["pods", "*"])), [groups]);
}

#[test]
fn a_webhook_keeps_what_the_old_one_has_wrong() {
    let old = webhook(&json!({ "sideEffects": "Unknown", "admissionReviewVersions": ["v2"] }));
    assert_eq!(causes(&old), ["webhooks[0].admissionReviewVersions Invalid", "webhooks[0].sideEffects NotSupported"]);
    assert_eq!(changes(&old, &old), NONE);
    let conditions = json!({ "matchConditions": [{ "name": "a", "expression": "" }] });
    let with_conditions = merged(webhook(&json!({})), &webhook(&conditions));
    assert_eq!(changes(&with_conditions, &with_conditions), NONE);
    assert_eq!(changes(&webhook(&json!({})), &with_conditions), ["webhooks[0].matchConditions[0].expression Required"]);
}

#[test]
fn an_api_service_is_named_after_what_it_answers_for() {
    let service = |name: &str, spec: &Value| {
        let service =
            json!({ "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": { "name": name } });
        let spec = merged(
            json!({ "group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100 }),
            spec,
        );
        causes(&merged(service, &json!({ "spec": spec })))
    };
    let there = json!({ "service": { "name": "metrics", "namespace": "kube-system" }, "insecureSkipTLSVerify": true });
    assert_eq!(service("v1beta1.metrics.k8s.io", &there), NONE);
    assert_eq!(service("metrics", &there), ["metadata.name Invalid"]);
    assert_eq!(
        service("v1beta1.metrics.k8s.io", &json!({ "insecureSkipTLSVerify": true, "versionPriority": 1001 })),
        ["spec.insecureSkipTLSVerify Invalid", "spec.versionPriority Invalid"]
    );
}
