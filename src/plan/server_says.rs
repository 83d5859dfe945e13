//! What the API server answers when it refuses an object as invalid, in its own words.
//!
//! As `NewInvalid` (k8s.io/apimachinery pkg/api/errors) puts together what `field.Error.ErrorBody` (pkg/util/validation/field)
//! says. Only the words for fields that cannot change are known here, and for selectors that match nothing; the checks are those of `ValidateImmutableField`
//! and its like in pkg/apis/*/validation (v1.36).

use serde_json::Value;

use crate::finding::{Finding, Identity, Keeps, Reason};
use crate::yaml::{Path, Segment};

/// Stands for what is left out: values of internal types, and differences.
const LEFT_OUT: &str = "…";

/// The answer to an object, whose stored form is `stored`; `None` if the words for one of the findings are not known.
pub(super) fn server_says(identity: &Identity, stored: &Value, findings: &[Finding]) -> Option<String> {
    let mut causes: Vec<String> = Vec::new();
    for finding in findings {
        let body = body(&identity.kind, stored, finding)?;
        let cause = format!("{}: {body}", finding.field());
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    let causes = match causes.as_slice() {
        [] => return None,
        [cause] => cause.clone(),
        causes => format!("[{}]", causes.join(", ")),
    };
    let kind = match identity.group() {
        "" => identity.kind.clone(),
        group => format!("{}.{group}", identity.kind),
    };
    Some(format!("{kind} {:?} is invalid: {causes}", identity.name))
}

fn body(kind: &str, stored: &Value, finding: &Finding) -> Option<String> {
    let field = finding.field().to_string();
    if finding.rule == "selector-mismatch" && field == "spec.template.metadata.labels" {
        // Whoever changes the one often changes the other, but not both alike.
        let labels = json(&stored["spec"]["template"]["metadata"]["labels"]);
        return Some(format!("Invalid value: {labels}: `selector` does not match template `labels`"));
    }
    finding.kept()?;
    match finding.reason()? {
        Reason::FieldValueForbidden => Some(format!("Forbidden: {}", forbidden(kind, &field)?)),
        Reason::FieldValueInvalid => {
            let detail = detail(kind, &field, finding)?;
            Some(format!("Invalid value: {}: {detail}", value(kind, &field, stored, finding)))
        }
        _ => None,
    }
}

fn forbidden(kind: &str, field: &str) -> Option<String> {
    Some(match (kind, field) {
        ("StatefulSet", "spec") => "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
             'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are \
             forbidden"
            .to_owned(),
        ("Pod", "spec") => format!(
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
             `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
             `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n{LEFT_OUT}"
        ),
        ("Pod", "spec.containers" | "spec.initContainers") => "pod updates may not add or remove containers".to_owned(),
        ("Pod", "spec.tolerations") => {
            "existing toleration can not be modified except its tolerationSeconds".to_owned()
        }
        ("PersistentVolumeClaim", "spec") => format!(
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n{LEFT_OUT}"
        ),
        ("PersistentVolume", "spec.persistentvolumesource") => {
            format!("{field} is immutable after creation\n{LEFT_OUT}")
        }
        ("PriorityClass", "value") => "may not be changed in an update.".to_owned(),
        ("ConfigMap" | "Secret", "immutable" | "data" | "binaryData") => {
            "field is immutable when `immutable` is set".to_owned()
        }
        ("Service", "spec.healthCheckNodePort") => "field is immutable".to_owned(),
        _ => return None,
    })
}

/// What comes behind an invalid value.
fn detail(kind: &str, field: &str, finding: &Finding) -> Option<&'static str> {
    const IMMUTABLE: &str = "field is immutable";
    Some(match (kind, field) {
        ("Service", _) => "may not change once set",
        ("RoleBinding" | "ClusterRoleBinding", "roleRef") => "cannot change roleRef",
        ("PersistentVolume", "nodeAffinity") => "field is immutable, except for updating from beta label to GA",
        ("Job", "spec.completions") if matches!(finding.kept(), Some(Keeps::Together(_))) => {
            "can only be modified in tandem with spec.parallelism"
        }
        ("Deployment" | "DaemonSet" | "ReplicaSet", "spec.selector")
        | ("PriorityClass", "preemptionPolicy")
        | ("Secret", "type")
        | ("ResourceQuota", "spec.scopes")
        | ("EndpointSlice", "addressType")
        | ("IngressClass", "spec.controller")
        | ("RuntimeClass", "handler")
        | ("CSIDriver" | "CustomResourceDefinition" | "Job" | "StorageClass", _)
        | ("PersistentVolume" | "PersistentVolumeClaim", "volumeMode") => IMMUTABLE,
        _ => return None,
    })
}

/// The value that is refused, as Go writes it as JSON.
fn value(kind: &str, field: &str, stored: &Value, finding: &Finding) -> String {
    let at = |path: &Path| stored.pointer(&path.pointer()).unwrap_or(&Value::Null);
    match (kind, field) {
        // The volume mode of a claim is blamed without its spec.
        ("PersistentVolume" | "PersistentVolumeClaim", "volumeMode") => json(&stored["spec"]["volumeMode"]),
        ("CSIDriver", "spec.attachedRequired") => json(&stored["spec"]["attachRequired"]),
        ("RoleBinding" | "ClusterRoleBinding", _) => {
            let role = &stored["roleRef"];
            format!(
                r#"{{"APIGroup":{},"Kind":{},"Name":{}}}"#,
                json(&role["apiGroup"]),
                json(&role["kind"]),
                json(&role["name"])
            )
        }
        // The families of a Service are sometimes blamed with its addresses.
        ("Service", field) if field.starts_with("spec.ipFamilies") => LEFT_OUT.to_owned(),
        // A single address is copied to the list.
        ("Service", _) if matches!(finding.field().last(), Some(Segment::Index(_))) => {
            let spec = &stored["spec"];
            if spec["clusterIPs"].is_null() {
                format!("[{}]", json(&spec["clusterIP"]))
            } else {
                json(&spec["clusterIPs"])
            }
        }
        (_, "spec.selector") => selector(at(finding.field())),
        ("PersistentVolume", "nodeAffinity") if !stored["spec"]["nodeAffinity"].is_null() => LEFT_OUT.to_owned(),
        ("Job", "spec.template" | "spec.podFailurePolicy" | "spec.successPolicy") if !at(finding.field()).is_null() => {
            LEFT_OUT.to_owned()
        }
        _ => json(at(finding.field())),
    }
}

/// A selector with its fields in Go's order.
fn selector(selector: &Value) -> String {
    if selector.is_null() {
        return json(selector);
    }
    let mut parts = Vec::new();
    if let Some(labels) = selector["matchLabels"].as_object().filter(|labels| !labels.is_empty()) {
        parts.push(format!(r#""matchLabels":{}"#, json(&labels.clone().into())));
    }
    if let Some(expressions) = selector["matchExpressions"].as_array().filter(|list| !list.is_empty()) {
        parts.push(format!(r#""matchExpressions":{}"#, json(&expressions.clone().into())));
    }
    format!("{{{}}}", parts.join(","))
}

/// JSON as Go writes it, which keeps it safe for HTML.
fn json(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
