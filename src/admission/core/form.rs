//! What a pod spec belongs to.

/// What a pod spec belongs to; some checks are for Pods alone, because templates have been let through before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::admission) enum Form {
    /// A Pod itself.
    Pod,
    /// A template for Pods.
    Template,
}
