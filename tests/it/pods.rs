//! Parts of pods that the recordings leave out: what the API server would say of them, read off its source (v1.36).

use serde_json::{Value, json};

use crate::conformance::{found_causes, refusals};

/// The causes for which a Pod with this `spec` besides a container is refused, as `field Reason` without `FieldValue`.
fn causes(spec: Value) -> Vec<String> {
    of(&pod(json!({}), spec), None)
}

fn pod(metadata: Value, spec: Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" },
        "spec": { "containers": [{ "name": "c", "image": "i" }], "serviceAccountName": "default" },
    });
    merge(&mut pod["metadata"], metadata);
    merge(&mut pod["spec"], spec);
    pod
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

fn of(object: &Value, old: Option<&Value>) -> Vec<String> {
    let findings = refusals(object.to_string(), old.map(ToString::to_string));
    let causes = found_causes(&findings).into_iter();
    causes.map(|(field, reason)| format!("{field} {}", reason.trim_start_matches("FieldValue"))).collect()
}

/// The causes for a volume of this type.
fn volume(source: Value) -> Vec<String> {
    let mut volume = json!({ "name": "v" });
    merge(&mut volume, source);
    causes(json!({ "volumes": [volume] }))
}

const NONE: [&str; 0] = [];

#[test]
fn a_volume_has_one_type_and_further_ones_are_named_as_the_server_spells_them() {
    let two = |other: &str| volume(json!({ "emptyDir": {}, other: {} }));
    assert_eq!(two("cephfs"), ["spec.volumes[0].cephFS Forbidden"]);
    assert_eq!(two("downwardAPI"), ["spec.volumes[0].downwarAPI Forbidden"]);
    assert_eq!(two("storageos"), ["spec.volumes[0].storageos Forbidden"]);
    assert_eq!(volume(json!({})), NONE);
}

#[test]
fn volumes_of_old_drivers_are_checked() {
    assert_eq!(
        volume(json!({ "gcePersistentDisk": { "pdName": "", "partition": 256 } })),
        ["spec.volumes[0].persistentDisk.partition Invalid", "spec.volumes[0].persistentDisk.pdName Required"]
    );
    assert_eq!(
        volume(json!({ "iscsi": { "targetPortal": "p", "iqn": "iqn.2001-04.com.example:x", "lun": 256,
            "chapAuthSession": true, "initiatorName": "iqn.2001" } })),
        [
            "spec.volumes[0].iscsi.initiatorname Invalid",
            "spec.volumes[0].iscsi.lun Invalid",
            "spec.volumes[0].iscsi.secretRef Required"
        ]
    );
    assert_eq!(
        volume(json!({ "azureDisk": { "diskName": "d", "diskURI": "x", "kind": "Managed" } })),
        ["spec.volumes[0].azureDisk.diskURI NotSupported"]
    );
    assert_eq!(
        volume(json!({ "flexVolume": { "driver": "d", "options": { "a.k8s.io/b": "c" } } })),
        ["spec.volumes[0].flexVolume.options[a.k8s.io/b] Invalid"]
    );
    assert_eq!(volume(json!({ "flocker": {} })), ["spec.volumes[0].flocker Required"]);
    assert_eq!(volume(json!({ "fc": { "targetWWNs": ["x"] } })), ["spec.volumes[0].fc.lun Required"]);
    assert_eq!(
        volume(json!({ "quobyte": { "registry": "a", "volume": "v" } })),
        ["spec.volumes[0].quobyte.registry Invalid"]
    );
}

#[test]
fn an_image_volume_needs_its_image_in_a_pod_but_not_in_a_template() {
    assert_eq!(volume(json!({ "image": {} })), ["spec.volumes[0].image.reference Required"]);
    let template = json!({
        "apiVersion": "v1", "kind": "PodTemplate", "metadata": { "name": "t" },
        "template": { "spec": pod(json!({}), json!({ "volumes": [{ "name": "v", "image": {} }] }))["spec"] },
    });
    assert_eq!(of(&template, None), NONE);
}

#[test]
fn a_template_names_its_labels_without_metadata() {
    let template = json!({
        "apiVersion": "v1", "kind": "PodTemplate", "metadata": { "name": "t" },
        "template": {
            "metadata": { "labels": { "a": "b c" }, "annotations": { "controller.kubernetes.io/pod-deletion-cost": "+1" } },
            "spec": pod(json!({}), json!({}))["spec"],
        },
    });
    assert_eq!(
        of(&template, None),
        ["template.annotations[controller.kubernetes.io/pod-deletion-cost] Invalid", "template.labels Invalid"]
    );
}

#[test]
fn a_projected_volume_holds_each_path_once() {
    let projected = |sources: Value| volume(json!({ "projected": { "sources": sources } }));
    assert_eq!(
        projected(json!([
            { "secret": { "name": "s", "items": [{ "key": "k", "path": "a" }] } },
            { "configMap": { "name": "m", "items": [{ "key": "k", "path": "a" }] }, "downwardAPI": {} },
        ])),
        ["spec.volumes[0].projected Invalid", "spec.volumes[0].projected.sources[1] Forbidden"]
    );
    // The gate of trust bundles is off, so that the server drops them.
    assert_eq!(projected(json!([{ "clusterTrustBundle": { "path": "/x" } }])), NONE);
}

#[test]
fn an_ephemeral_volume_must_not_hide_behind_a_claim() {
    let claim = json!({ "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } });
    let ephemeral = json!({ "volumeClaimTemplate": { "metadata": { "name": "x", "uid": "u" }, "spec": claim } });
    assert_eq!(
        causes(json!({ "volumes": [
            { "name": "v", "ephemeral": ephemeral },
            { "name": "w", "persistentVolumeClaim": { "claimName": "p-v" } },
        ] })),
        [
            "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name Forbidden",
            "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.uID Forbidden",
            "spec.volumes[1].persistentVolumeClaim.claimName Invalid"
        ]
    );
}

#[test]
fn label_keys_are_added_to_the_selector_once() {
    let term = |selector: Value, keys: &[&str], others: &[&str]| {
        json!({ "affinity": { "podAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [
            { "topologyKey": "zone", "labelSelector": selector, "matchLabelKeys": keys, "mismatchLabelKeys": others },
        ] } } })
    };
    let at = "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]";
    let labels = json!({ "labels": { "app": "web" } });
    let causes = |spec: Value| of(&pod(labels.clone(), spec), None);
    assert_eq!(causes(term(json!({}), &["app"], &[])), NONE);
    // The pod's own label makes a second requirement of the same key.
    assert_eq!(causes(term(json!({ "matchLabels": { "app": "web" } }), &["app"], &[])), [format!("{at}[0] Invalid")]);
    assert_eq!(causes(term(json!({ "matchLabels": { "tier": "x" } }), &["tier"], &[])), NONE);
    assert_eq!(causes(term(Value::Null, &["app"], &[])), [format!("{at}.matchLabelKeys Forbidden")]);
    assert_eq!(causes(term(json!({}), &["x"], &["x"])), [format!("{at}.matchLabelKeys[0] Invalid")]);
}

#[test]
fn two_spread_constraints_of_one_kind_are_one_too_many() {
    let constraint = json!({ "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {}, "nodeTaintsPolicy": "Maybe" });
    assert_eq!(
        causes(json!({ "topologySpreadConstraints": [constraint, constraint] })),
        [
            "spec.topologySpreadConstraints[0].nodeTaintsPolicy NotSupported",
            "spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable} Duplicate",
            "spec.topologySpreadConstraints[1].nodeTaintsPolicy NotSupported"
        ]
    );
}

#[test]
fn nodes_can_be_selected_by_their_name_as_a_field_only() {
    let terms = |fields: Value| {
        causes(json!({ "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{ "matchFields": fields }] } } } }))
    };
    let at =
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0]";
    assert_eq!(terms(json!([{ "key": "metadata.name", "operator": "In", "values": ["a"] }])), NONE);
    assert_eq!(
        terms(json!([{ "key": "spec.unschedulable", "operator": "Exists" }])),
        [format!("{at}.key Invalid"), format!("{at}.operator Invalid")]
    );
    assert_eq!(
        terms(json!([{ "key": "metadata.name", "operator": "In", "values": ["a", "B"] }])),
        [format!("{at}.values Required"), format!("{at}.values[1] Invalid")]
    );
}

#[test]
fn windows_knows_little_of_linux() {
    assert_eq!(
        causes(
            json!({ "os": { "name": "windows" }, "hostPID": true, "hostUsers": true, "shareProcessNamespace": false,
            "resources": { "limits": { "cpu": "1" } }, "securityContext": { "runAsUser": 1, "sysctls": [] } })
        ),
        [
            "spec.hostPID Forbidden",
            "spec.hostUsers Forbidden",
            "spec.resources Forbidden",
            "spec.securityContext.runAsUser Forbidden",
            "spec.shareProcessNamespace Forbidden"
        ]
    );
}

#[test]
fn users_of_its_own_keep_a_pod_from_the_hosts_namespaces() {
    assert_eq!(
        causes(json!({ "hostUsers": false, "hostPID": true, "hostIPC": true, "hostNetwork": true })),
        ["spec.HostIPC Forbidden", "spec.HostPID Forbidden", "spec.hostNetwork Forbidden"]
    );
}

#[test]
fn sysctls_of_the_host_are_out_of_reach() {
    let sysctls = |names: &[&str]| {
        let list: Vec<Value> = names.iter().map(|name| json!({ "name": name, "value": "1" })).collect();
        causes(json!({ "hostNetwork": true, "securityContext": { "sysctls": list } }))
    };
    assert_eq!(
        sysctls(&["net.core.somaxconn", "kernel.sem", "net/ipv4/a", "kernel.sem", "A"]),
        [
            "spec.securityContext.sysctls[0].name Invalid",
            "spec.securityContext.sysctls[2].name Invalid",
            "spec.securityContext.sysctls[3].name Duplicate",
            "spec.securityContext.sysctls[4].name Invalid"
        ]
    );
}

#[test]
fn annotations_and_fields_name_the_same_profile() {
    let key = "container.apparmor.security.beta.kubernetes.io/c";
    let context = json!({ "securityContext": { "appArmorProfile": { "type": "RuntimeDefault" } } });
    let annotated = |value: &str| pod(json!({ "annotations": { key: value } }), context.clone());
    // The annotation becomes the container's own profile.
    assert_eq!(of(&annotated("unconfined"), None), NONE);
    assert_eq!(
        of(&annotated("nonsense"), None),
        [
            format!("metadata.annotations[{key}] Invalid"),
            "spec.containers[0].securityContext.appArmorProfile.type Forbidden".to_owned()
        ]
    );
    let seccomp = json!({ "annotations": { "seccomp.security.alpha.kubernetes.io/pod": "localhost/../a" } });
    assert_eq!(
        of(&pod(seccomp, json!({ "securityContext": { "seccompProfile": { "type": "Unconfined" } } })), None),
        [
            "metadata.annotations.seccomp.security.alpha.kubernetes.io/pod Invalid",
            "spec.securityContext.seccompProfile.type Forbidden"
        ]
    );
}

#[test]
fn dns_without_a_policy_of_the_cluster_needs_a_server() {
    assert_eq!(causes(json!({ "dnsPolicy": "None" })), ["spec.dnsConfig Required"]);
    assert_eq!(causes(json!({ "dnsPolicy": "None", "dnsConfig": {} })), ["spec.dnsConfig.nameservers Required"]);
    assert_eq!(
        causes(json!({ "dnsConfig": {
            "nameservers": ["1.1.1.1", "::ffff:1.1.1.1", "01.1.1.1", "9.9.9.9"], "searches": [".", "a_b.c.", "-"] } })),
        [
            "spec.dnsConfig.nameservers Invalid",
            "spec.dnsConfig.nameservers[1] Invalid",
            "spec.dnsConfig.nameservers[2] Invalid",
            "spec.dnsConfig.searches[2] Invalid"
        ]
    );
}

#[test]
fn a_host_name_is_overridden_only_where_there_is_one() {
    assert_eq!(
        causes(json!({ "hostnameOverride": "A", "hostNetwork": true, "setHostnameAsFQDN": true })),
        ["spec.hostnameOverride Forbidden", "spec.hostnameOverride Invalid"]
    );
}

#[test]
fn a_pod_as_a_whole_holds_its_containers() {
    let container =
        |name: &str, cpu: &str| json!({ "name": name, "image": "i", "resources": { "requests": { "cpu": cpu } } });
    let resources = |cpu: &str| {
        causes(json!({
            "resources": { "requests": { "cpu": cpu }, "limits": { "memory": "1Gi", "storage": "1" }, "claims": [] },
            "initContainers": [container("i", "500m")],
            "containers": [container("a", "200m"), container("b", "200m")],
        }))
    };
    assert_eq!(resources("500m"), ["spec.resources.claims Forbidden", "spec.resources.limits[storage] NotSupported"]);
    assert!(resources("499m").contains(&"spec.resources.requests[cpu] Invalid".to_owned()));
}

#[test]
fn resource_claims_have_one_source() {
    assert_eq!(
        causes(json!({ "resourceClaims": [
            { "name": "a" }, { "name": "a", "resourceClaimName": "x" }, { "name": "b", "resourceClaimName": "X" },
        ] })),
        [
            "spec.resourceClaims[0] Invalid",
            "spec.resourceClaims[1].name Duplicate",
            "spec.resourceClaims[2].resourceClaimName Invalid"
        ]
    );
}

#[test]
fn a_gated_pod_can_be_told_more_about_its_node_and_no_less() {
    let gates = json!([{ "name": "example.com/a" }, { "name": "example.com/b" }]);
    let node = |term: Value| json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [term] } } });
    let requirement = |key: &str| json!({ "key": key, "operator": "Exists" });
    let waiting = |gates: &Value, selector: Value, term: Value| {
        pod(json!({}), json!({ "schedulingGates": gates, "nodeSelector": selector, "affinity": node(term) }))
    };
    let old = waiting(&gates, json!({ "disk": "ssd" }), json!({ "matchExpressions": [requirement("a")] }));
    let causes = |gates: Value, selector: Value, term: Value| of(&waiting(&gates, selector, term), Some(&old));
    let more = json!({ "matchExpressions": [requirement("a"), requirement("b")] });
    assert_eq!(causes(json!([{ "name": "example.com/b" }]), json!({ "disk": "ssd", "arch": "x" }), more), NONE);
    let terms = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
    assert_eq!(
        causes(json!([{ "name": "example.com/c" }]), json!({}), json!({ "matchExpressions": [requirement("b")] })),
        [
            format!("{terms}[0] Invalid"),
            "spec.nodeSelector Invalid".to_owned(),
            "spec.schedulingGates[0].name Forbidden".to_owned()
        ]
    );
    let mut bound = waiting(&gates, json!({}), json!({}));
    bound["spec"]["nodeName"] = json!("n");
    assert_eq!(of(&bound, None), ["spec.nodeName Forbidden"]);
}

#[test]
fn an_update_is_compared_as_the_server_stores_pods() {
    let old =
        pod(json!({}), json!({ "tolerations": [{ "key": "a", "operator": "Exists" }], "activeDeadlineSeconds": 60 }));
    let update = |spec: Value| of(&pod(json!({}), spec), Some(&old));
    let kept = json!([{ "key": "a", "operator": "Exists" }]);
    // What the server has added to the old pod need not be written.
    assert_eq!(update(json!({ "tolerations": kept, "activeDeadlineSeconds": 30, "priority": 0 })), NONE);
    assert_eq!(
        update(json!({ "tolerations": [], "activeDeadlineSeconds": null })),
        ["spec.activeDeadlineSeconds Invalid", "spec.tolerations Forbidden"]
    );
    assert_eq!(
        update(json!({ "tolerations": kept, "activeDeadlineSeconds": 61 })),
        ["spec.activeDeadlineSeconds Invalid"]
    );
    assert_eq!(
        update(json!({ "tolerations": kept, "activeDeadlineSeconds": 60, "hostNetwork": true, "hostname": "h" })),
        ["spec Forbidden"]
    );
}

#[test]
fn the_number_of_a_priority_is_its_class_s() {
    let refused = |spec: Value| !refusals(pod(json!({}), spec).to_string(), None).is_empty();
    assert!(refused(json!({ "priority": 7 })));
    assert!(!refused(json!({ "priority": 7, "priorityClassName": "mine" })));
    assert!(refused(json!({ "priority": 7, "priorityClassName": "system-node-critical" })));
    assert!(!refused(json!({ "priority": 2_000_001_000, "priorityClassName": "system-node-critical" })));
    assert!(refused(json!({ "overhead": { "cpu": "1m" } })));
    assert!(!refused(json!({ "overhead": { "cpu": "1m" }, "runtimeClassName": "kata" })));
}
