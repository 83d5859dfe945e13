//! What admission promises as a whole; what it says of each kind is measured by the recordings.

use seatrial::finding::{Finding, Group};
use seatrial::lint::{Background, Settings, lint, lint_with};
use seatrial::source::Sources;

fn refusals(text: &str, versions: &[&str]) -> Vec<Finding> {
    let mut sources = Sources::default();
    sources.add("object.yaml", text);
    let kubernetes_versions = versions.iter().map(|version| version.parse().expect("is supported")).collect();
    let report = lint(&sources, &Settings { kubernetes_versions, ..Settings::default() });
    report.findings.into_iter().filter(|finding| finding.group == Group::Refused).collect()
}

fn fields(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| finding.field().to_string()).collect()
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example/web:1
          ports: PORTS
";

#[test]
fn a_field_that_cannot_be_decoded_leaves_the_rest_checked() {
    let text = DEPLOYMENT.replace("REPLICAS", "many").replace("PORTS", "[{containerPort: 70000}]");
    let found = refusals(&text, &["1.36"]);
    assert_eq!(fields(&found), ["spec.replicas", "spec.template.spec.containers[0].ports[0].containerPort"]);
    assert_eq!((&*found[0].rule, found[0].reason()), ("wrong-type", None), "the decoder refuses it");
    assert_eq!(found[1].rule, "port-out-of-range");
}

#[test]
fn what_the_decoder_refuses_is_not_missed_as_well() {
    let text = DEPLOYMENT.replace("REPLICAS", "1").replace("PORTS", "[{containerPort: '80'}]");
    let found = refusals(&text, &["1.36"]);
    assert_eq!(fields(&found), ["spec.template.spec.containers[0].ports[0].containerPort"], "{found:?}");
    assert_eq!(found[0].rule, "wrong-type");
}

#[test]
fn a_misspelt_field_is_not_missing() {
    let text = DEPLOYMENT.replace("REPLICAS", "1").replace("PORTS", "[]").replace("image:", "imge:");
    assert_eq!(fields(&refusals(&text, &["1.36"])), ["spec.template.spec.containers[0].imge"]);
}

#[test]
fn a_refusal_by_all_versions_is_said_once() {
    let text = DEPLOYMENT.replace("REPLICAS", "-1").replace("PORTS", "[]");
    let found = refusals(&text, &["1.33", "1.36"]);
    assert_eq!(fields(&found), ["spec.replicas"]);
    assert!(found[0].versions.is_empty() && found[0].headline() == found[0].message, "{found:?}");
}

#[test]
fn a_refusal_by_some_versions_names_them_beside_its_message() {
    let text = DEPLOYMENT.replace("REPLICAS", "1").replace("PORTS", "[]");
    let text = text.replace("containers:", "hostnameOverride: web\n      containers:");
    let found = refusals(&text, &["1.33", "1.36"]);
    let versions: Vec<String> = found[0].versions.iter().map(ToString::to_string).collect();
    assert_eq!(
        (fields(&found), versions),
        (vec!["spec.template.spec.hostnameOverride".to_owned()], vec!["1.33".to_owned()])
    );
    assert_eq!(found[0].headline(), format!("{} (Kubernetes 1.33)", found[0].message));
}

#[test]
fn an_update_is_judged_against_the_object_of_the_same_name() {
    let side = |text: &str| {
        let mut sources = Sources::default();
        sources.add("side.yaml", text);
        sources
    };
    let old = DEPLOYMENT.replace("REPLICAS", "1").replace("PORTS", "[]");
    let new = old.replace("app: web", "app: shop");
    let judge = |new: &str| {
        let background = Background { old: side(&old), ..Background::default() };
        let report = lint_with(&side(new), &background, &Settings::default());
        report.findings.into_iter().filter(|finding| finding.group == Group::Refused).collect::<Vec<_>>()
    };
    let found = judge(&new);
    assert!(found.iter().all(|finding| finding.rule == "immutable-field"), "{found:?}");
    assert_eq!(fields(&found), ["spec.selector"]);
    assert!(judge(&new.replace("name: web}", "name: other}")).is_empty(), "another name is a new object");
}

#[test]
fn an_unknown_field_is_unknown_without_a_value_too() {
    let text = DEPLOYMENT.replace("REPLICAS", "1\n  strategi:\n  paused:").replace("PORTS", "[{name: , numbr: null}]");
    let found = refusals(&text, &["1.36"]);
    assert_eq!(
        found.iter().map(|finding| format!("{} {}", finding.rule, finding.path)).collect::<Vec<_>>(),
        [
            "unknown-field spec.strategi",
            "port-out-of-range spec.template.spec.containers[0].ports[0].containerPort",
            "unknown-field spec.template.spec.containers[0].ports[0].numbr",
        ]
    );
    assert_eq!(found[0].help.as_deref(), Some("write `strategy`"));
}

#[test]
fn one_mistake_is_one_finding_whatever_the_server_blames_for_it() {
    let check = |text: &str, rule: &str, blamed: &[&str]| {
        let found = refusals(text, &["1.36"]);
        let rules: Vec<&str> = found.iter().map(|finding| &*finding.rule).collect();
        let fields: Vec<String> = found.iter().flat_map(Finding::causes).map(|cause| cause.field.to_string()).collect();
        assert_eq!((rules, fields), (vec![rule], blamed.iter().map(ToString::to_string).collect()), "{text}");
    };
    let sound = DEPLOYMENT.replace("REPLICAS", "1").replace("PORTS", "[]");
    let without = sound.replace("  selector: {matchLabels: {app: web}}\n", "");
    check(&without, "selector-missing", &["spec.selector", "spec.template.metadata.labels"]);
    let unusable = sound.replace("matchLabels: {app: web}", "matchLabels: {app: the web}");
    check(&unusable, "invalid-label", &["spec.selector.matchLabels", "spec.selector"]);
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: Shop_}}";
    check(namespace, "invalid-value", &["metadata.name", "metadata.labels"]);
}

#[test]
fn the_metadata_of_every_kind_is_judged() {
    let definition = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Boat, plural: boats}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
---
";
    let check = |api_version: &str, kind: &str, name: &str, expected: &[&str]| {
        let object =
            format!("{{apiVersion: {api_version}, kind: {kind}, metadata: {{name: '{name}', labels: {{a: b c}}}}}}");
        let mut found = fields(&refusals(&format!("{definition}{object}"), &["1.36"]));
        found.retain(|field| field.starts_with("metadata"));
        assert_eq!(found, expected, "{api_version} {kind} {name}");
    };
    let both = ["metadata.name", "metadata.labels"];
    check("resource.k8s.io/v1", "ResourceClaimTemplate", "${APP}-gpu", &both);
    check("resource.k8s.io/v1", "ResourceClaimTemplate", "app-gpu", &both[1..]);
    check("v1", "Node", "Node_1", &both);
    check("example.com/v1", "Boat", "Boat", &both);
    check("certificates.k8s.io/v1", "CertificateSigningRequest", "Boat", &both[1..]);
    check("certificates.k8s.io/v1", "CertificateSigningRequest", "boat/a", &both);
    // Nobody knows what it is.
    check("example.com/v1", "Ship", "Ship", &[]);
}
