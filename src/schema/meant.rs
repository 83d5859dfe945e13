//! The built-in kind that is meant by an `apiVersion` which does not have it.

use super::bundle::{Bundle, KindInfo, Scope};

/// How many letters of a group may be wrong for it to be a slip.
const SLIP: usize = 2;

/// The kind of this name in a group of Kubernetes that the written one must stand for: it is one of Kubernetes' own without
/// that kind, or it is a slip away from the right one, or it has no dot, which no group of custom resources lacks
/// (`ValidateCustomResourceDefinitionSpec`). Of several, the newest stable one, in the written group if possible.
pub(super) fn meant(bundle: &'static Bundle, api_version: &str, kind: &str) -> Option<&'static KindInfo> {
    let group = group(api_version);
    let is_ours = !group.contains('.') || bundle.kinds().iter().any(|known| known.group() == group);
    let is_near =
        |known: &KindInfo| is_ours || known.group().contains('.') && strsim::osa_distance(known.group(), group) <= SLIP;
    let named = bundle.kinds().iter().filter(|known| known.kind == kind && known.scope != Scope::Subresource);
    let order = |known: &&KindInfo| (known.group() == group, known.is_on_by_default(), known.version());
    named.filter(|known| is_near(known)).max_by_key(order)
}

/// The API group, empty for the core group.
pub(super) fn group(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}
