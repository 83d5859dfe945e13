//! What a Service selects.

use std::collections::BTreeMap;

use super::Object;
use crate::yaml::Value;

/// The labels that a Service asks of its pods. `None` for other kinds and for Services that select nothing: without
/// a selector (their endpoints are somebody else's business) or of type `ExternalName` (a mere DNS alias).
pub(super) fn selector(object: &Object) -> Option<BTreeMap<&str, &str>> {
    if object.identity.kind != "Service" || object.identity.api_version != "v1" {
        return None;
    }
    let spec = object.root().get("spec")?;
    if spec.get("type").and_then(Value::as_str) == Some("ExternalName") {
        return None;
    }
    let selector = spec.get("selector")?.fields().map(|field| Some((field.name, field.value.as_str()?)));
    selector.collect::<Option<BTreeMap<_, _>>>().filter(|selector| !selector.is_empty())
}

/// Whether the Service selects pods with these labels.
pub(super) fn selects(service: &Object, labels: &BTreeMap<String, String>) -> bool {
    selector(service).is_some_and(|selector| {
        selector.into_iter().all(|(key, value)| labels.get(key).is_some_and(|label| label == value))
    })
}
