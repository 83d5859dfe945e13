//! What the API server says of containers, where no recording shows it: other versions, older objects, rare fields.

use seatrial::lint::{Background, Settings, lint_with};
use seatrial::source::Sources;

/// Field and reason of each cause for a pod spec in a `PodTemplate`, whose paths begin with `template.spec`.
fn causes(version: &str, spec: &str, old: Option<&str>) -> Vec<String> {
    let manifest = |spec: &str| {
        let head = "{apiVersion: v1, kind: PodTemplate, metadata: {name: web, resourceVersion: '1'}, template: {spec: ";
        format!("{head}{spec}}}}}")
    };
    let mut sources = Sources::default();
    sources.add("new.yaml", manifest(spec));
    let mut background = Background::default();
    if let Some(old) = old {
        background.old.add("old.yaml", manifest(old));
    }
    let kubernetes_versions = vec![version.parse().expect("is supported")];
    let report = lint_with(&sources, &background, &Settings { kubernetes_versions, ..Settings::default() });
    let causes = report.findings.iter().filter_map(|finding| {
        let field = finding.field().to_string().replacen("template.spec.", "", 1);
        Some(format!("{field} {:?}", finding.reason()?).replace("FieldValue", ""))
    });
    let mut causes: Vec<String> = causes.collect();
    causes.sort();
    causes.dedup();
    causes
}

/// The same for one container with these further fields.
fn container(version: &str, fields: &str) -> Vec<String> {
    causes(version, &format!("{{containers: [{{name: a, image: a, {fields}}}]}}"), None)
}

#[test]
fn restart_policies_of_containers_are_refused_then_dropped_then_taken() {
    assert_eq!(container("1.33", "restartPolicy: Never"), ["containers[0].restartPolicy Forbidden"]);
    assert_eq!(container("1.34", "restartPolicy: Sometimes"), [""; 0]);
    assert_eq!(container("1.35", "restartPolicy: Sometimes"), ["containers[0].restartPolicy NotSupported"]);
    let init = "{containers: [{name: a, image: a}], initContainers: [{name: b, image: b, restartPolicy: Never}]}";
    assert_eq!(causes("1.33", init, None), ["initContainers[0].restartPolicy NotSupported"]);
    assert_eq!(causes("1.34", init, None), [""; 0]);
}

#[test]
fn rules_for_restarts_are_counted_and_need_a_policy() {
    let rules = |count| vec!["{action: Restart, exitCodes: {operator: In, values: [1]}}"; count].join(", ");
    let many = format!("restartPolicy: Never, restartPolicyRules: [{}]", rules(21));
    assert_eq!(container("1.35", &many), ["containers[0].restartPolicyRules TooLong"]);
    assert_eq!(container("1.36", &many), ["containers[0].restartPolicyRules TooMany"]);
    let alone = format!("restartPolicyRules: [{}]", rules(1));
    assert_eq!(container("1.36", &alone), ["containers[0].restartPolicy Required"]);
    let all = "restartPolicy: Never, restartPolicyRules: [{action: RestartAllContainers}]";
    let at = |field: &str| format!("containers[0].restartPolicyRules[0].{field}");
    assert_eq!(container("1.36", all), [at("exitCodes Required")]);
    assert_eq!(container("1.35", all), [at("action NotSupported"), at("exitCodes Required")]);
}

#[test]
fn init_containers_that_end_do_not_restart_on_resize_since_1_36() {
    let resize = "resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]";
    let spec = |rest: &str| {
        format!("{{containers: [{{name: a, image: a}}], initContainers: [{{name: b, image: b, {resize}{rest}}}]}}")
    };
    let refused = ["initContainers[0].resizePolicy[0].restartPolicy Invalid"];
    assert_eq!(causes("1.35", &spec(""), None), [""; 0]);
    assert_eq!(causes("1.36", &spec(""), None), refused);
    assert_eq!(causes("1.36", &spec(", restartPolicy: Always"), None), [""; 0]);
    assert_eq!(causes("1.36", &spec(", workingDir: /"), Some(&spec(""))), [""; 0], "an older object had it");
}

#[test]
fn huge_pages_come_by_the_page_unless_they_did_not_before() {
    let spec = |amount: &str| {
        let limits = format!("{{memory: 1Gi, hugepages-2Mi: {amount}}}");
        format!("{{containers: [{{name: a, image: a, resources: {{limits: {limits}, requests: {limits}}}}}]}}")
    };
    let refused = ["limits", "requests"].map(|list| format!("containers[0].resources.{list}[hugepages-2Mi] Invalid"));
    assert_eq!(causes("1.36", &spec("4Mi"), None), [""; 0]);
    assert_eq!(causes("1.36", &spec("3Mi"), None), refused);
    assert_eq!(causes("1.36", &spec("3Mi"), Some(&spec("4Mi"))), refused);
    assert_eq!(causes("1.36", &spec("5Mi"), Some(&spec("3Mi"))), [""; 0]);
}

#[test]
fn amounts_are_compared_after_rounding_to_thousandths() {
    let resources = |request: &str| format!("resources: {{limits: {{cpu: 1.2m}}, requests: {{cpu: {request}}}}}");
    assert_eq!(container("1.36", &resources("1.9m")), [""; 0]);
    assert_eq!(container("1.36", &resources("2.1m")), ["containers[0].resources.requests Invalid"]);
}

#[test]
fn resource_claims_are_used_once_and_belong_to_the_pod() {
    let claims = |claims: &str| {
        let pod = "resourceClaims: [{name: gpu, resourceClaimName: gpu}]";
        let spec = format!("{{containers: [{{name: a, image: a, resources: {{claims: [{claims}]}}}}], {pod}}}");
        causes("1.36", &spec, None)
    };
    let at = |index: usize, cause: &str| format!("containers[0].resources.claims[{index}]{cause}");
    assert_eq!(claims("{name: gpu, request: a}, {name: gpu, request: b}"), [""; 0]);
    assert_eq!(claims("{name: gpu}, {name: gpu, request: b}"), [at(1, " Duplicate")]);
    assert_eq!(claims("{name: gpu, request: b}, {name: gpu}"), [at(1, " Duplicate")]);
    assert_eq!(claims("{name: gpu, request: b}, {name: gpu, request: b}"), [at(1, " Duplicate")]);
    assert_eq!(claims("{name: gpus}, {}"), [at(0, " NotFound"), at(1, " Required")]);
    assert_eq!(claims("{name: gpu, request: A}"), [at(0, ".request Invalid")]);
}

#[test]
fn devices_and_own_users_exclude_each_other_since_1_34() {
    let spec = "{hostUsers: false, containers: [{name: a, image: a, volumeDevices: [{name: v, devicePath: /dev/x}]}], \
                volumes: [{name: v, persistentVolumeClaim: {claimName: v}}]}";
    assert_eq!(causes("1.33", spec, None), [""; 0]);
    assert_eq!(causes("1.34", spec, None), ["containers[0].volumeDevices Forbidden"]);
    assert_eq!(causes("1.34", spec, Some(spec)), [""; 0], "an older object had them");
}

#[test]
fn systems_have_security_contexts_of_their_own() {
    let spec = |system: &str| {
        let context = "{runAsUser: 1, windowsOptions: {runAsUserName: 'a|b'}}";
        format!("{{os: {{name: {system}}}, containers: [{{name: a, image: a, securityContext: {context}}}]}}")
    };
    let at = |field: &str| format!("containers[0].securityContext.{field}");
    let name = at("windowsOptions.runAsUserName Invalid");
    assert_eq!(causes("1.36", &spec("linux"), None), [at("windowsOptions Forbidden"), name.clone()]);
    assert_eq!(causes("1.36", &spec("windows"), None), [at("runAsUser Forbidden"), name]);
}

#[test]
fn variables_from_files_need_an_empty_dir() {
    let spec = |volume: &str| {
        let file = "{volumeName: v, path: a.env, key: A}";
        let env = format!("env: [{{name: A, valueFrom: {{fileKeyRef: {file}}}}}]");
        format!("{{containers: [{{name: a, image: a, {env}}}], volumes: [{{name: v, {volume}}}]}}")
    };
    assert_eq!(causes("1.35", &spec("emptyDir: {}"), None), [""; 0]);
    let at = "containers[0].env[0].valueFrom";
    assert_eq!(causes("1.35", &spec("hostPath: {path: /a}"), None), [format!("{at}.fileKeyRef.volumeName Invalid")]);
    assert_eq!(causes("1.34", &spec("emptyDir: {}"), None), [format!("{at} Invalid")], "it is dropped");
}
