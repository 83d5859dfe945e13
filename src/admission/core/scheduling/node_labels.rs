//! Labels of nodes that have been replaced by others.
//!
//! Mirrors the warnings of pkg/api/node (v1.36).

use crate::admission::errors::Errors;
use crate::yaml::Path;

/// The old names with the new ones, where there are any.
const DEPRECATED: [(&str, Option<&str>); 8] = [
    ("app.kubernetes.io/created-by", None),
    ("beta.kubernetes.io/arch", Some("kubernetes.io/arch")),
    ("beta.kubernetes.io/instance-type", Some("node.kubernetes.io/instance-type")),
    ("beta.kubernetes.io/os", Some("kubernetes.io/os")),
    ("failure-domain.beta.kubernetes.io/region", Some("topology.kubernetes.io/region")),
    ("failure-domain.beta.kubernetes.io/zone", Some("topology.kubernetes.io/zone")),
    ("node-role.kubernetes.io/master", Some("node-role.kubernetes.io/control-plane")),
    ("scheduler.alpha.kubernetes.io/preferAvoidPods", None),
];

/// Warns of a label of nodes at `path` that is going away.
pub(in crate::admission) fn warn_if_deprecated(label: &str, path: &Path, errors: &mut Errors<'_>) {
    let Some((_, successor)) = DEPRECATED.iter().find(|(name, _)| *name == label) else { return };
    let place = errors.key_place(path);
    let finding = errors.warn(path, format!("the node label `{label}` is deprecated"));
    // In a map of labels, it is the key that is old.
    if path.last().and_then(|segment| segment.name()) == Some(label) {
        finding.at(place);
    }
    match successor {
        Some(successor) => finding.help(format!("use `{successor}`")),
        None => finding.help("do without it; taints and tolerations keep Pods away from nodes"),
    };
}
