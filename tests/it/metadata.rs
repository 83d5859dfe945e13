//! What the API server says of the metadata of every kind.

use serde_json::{Value, json};

use crate::conformance::{found_causes, refusals};

/// The causes for which an object of this kind with this metadata is refused, those of its other fields left out.
fn causes(api_version: &str, kind: &str, metadata: &Value) -> Vec<String> {
    let object = json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata });
    let causes = found_causes(&refusals(object.to_string(), None)).into_iter();
    let causes = causes.filter(|(field, _)| field.starts_with("metadata"));
    causes.map(|(field, reason)| format!("{field} {}", reason.trim_start_matches("FieldValue"))).collect()
}

#[test]
fn a_finalizer_needs_a_domain_unless_it_is_the_servers_own() {
    let of = |api_version: &str, kind: &str, finalizer: &str| {
        causes(api_version, kind, &json!({ "name": "a", "finalizers": ["example.com/ours", finalizer] }))
    };
    for (api_version, kind) in [("v1", "ConfigMap"), ("apps/v1", "Deployment"), ("storage.k8s.io/v1", "StorageClass")] {
        assert_eq!(of(api_version, kind, "protect"), ["metadata.finalizers[1] Invalid"], "{kind}");
        assert!(of(api_version, kind, "foregroundDeletion").is_empty(), "{kind}");
    }
    // These are checked by the validation of apimachinery, which takes any qualified name.
    for (api_version, kind) in [
        ("policy/v1", "PodDisruptionBudget"),
        ("node.k8s.io/v1", "RuntimeClass"),
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ] {
        assert!(of(api_version, kind, "protect").is_empty(), "{kind}");
    }
}
