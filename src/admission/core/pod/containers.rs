//! What all containers of a pod have in common, whatever their sort.

use k8s_openapi::api::core::v1::{PodSpec, SecurityContext};

use crate::yaml::Path;

/// A container of any sort.
#[derive(Clone, Copy)]
pub(super) struct AnyContainer<'a> {
    list: &'static str,
    index: usize,
    pub(super) name: &'a str,
    pub(super) security_context: Option<&'a SecurityContext>,
}

impl AnyContainer<'_> {
    /// Where it stands; `spec` is where the pod's spec stands.
    pub(super) fn path(&self, spec: &Path) -> Path {
        spec.field(self.list).index(self.index)
    }
}

/// All containers, in the order of `VisitContainersWithPath` (pkg/apis/core/pods, v1.36).
pub(super) fn all(spec: &PodSpec) -> impl Iterator<Item = AnyContainer<'_>> {
    macro_rules! view {
        ($list:literal) => {
            |(index, container)| AnyContainer {
                list: $list,
                index,
                name: &container.name,
                security_context: container.security_context.as_ref(),
            }
        };
    }
    let init = spec.init_containers.iter().flatten().enumerate().map(view!("initContainers"));
    let regular = spec.containers.iter().enumerate().map(view!("containers"));
    let ephemeral = spec.ephemeral_containers.iter().flatten().enumerate().map(view!("ephemeralContainers"));
    init.chain(regular).chain(ephemeral)
}
