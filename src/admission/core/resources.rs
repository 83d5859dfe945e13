//! Names and amounts of resources.
//!
//! Mirrors `ValidateResourceRequirements`, `validateResourceName`, `ValidateResourceQuantityValue` and their like in
//! pkg/apis/core/validation, and the questions about names in pkg/apis/core/helper (v1.36).

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{ResourceClaim, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use crate::admission::errors::{Errors, shortened};
use crate::nearest::nearest;
use crate::values::names;
use crate::values::quantity::Quantity;
use crate::yaml::Path;

const HUGE_PAGES: &str = "hugepages-";

/// What a container may ask for, apart from huge pages and extended resources.
const OF_CONTAINERS: &[&str] = &["cpu", "ephemeral-storage", "memory"];

/// What is counted and not measured, apart from extended resources.
const WHOLE: &[&str] = &[
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];

/// Amounts that a quota can limit, apart from huge pages and what is counted.
const OF_QUOTAS: &[&str] = &[
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
];

/// Whether the name is one of huge pages of some size.
pub(in crate::admission) fn is_huge_pages(name: &str) -> bool {
    name.starts_with(HUGE_PAGES)
}

/// Whether the name is Kubernetes' own: without a domain, or in one of `kubernetes.io` (`IsNativeResource`).
pub(super) fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Whether the name is one of a device or the like that somebody else defines (`IsExtendedResourceName`).
pub(super) fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Whether the resource only comes in whole numbers (`IsIntegerResourceName`).
pub(super) fn is_whole(name: &str) -> bool {
    WHOLE.contains(&name) || is_extended(name)
}

/// Whether limits may exceed requests (`IsOvercommitAllowed`).
pub(in crate::admission) fn may_overcommit(name: &str) -> bool {
    is_native(name) && !is_huge_pages(name)
}

/// Whether containers can ask for the resource, which has no domain (`IsStandardContainerResourceName`).
pub(super) fn is_of_containers(name: &str) -> bool {
    OF_CONTAINERS.contains(&name) || is_huge_pages(name)
}

/// Whether a quota can limit the resource, which has no domain (`IsStandardQuotaResourceName`).
pub(super) fn is_of_quotas(name: &str) -> bool {
    OF_QUOTAS.contains(&name) || WHOLE.contains(&name) || is_quota_of_huge_pages(name)
}

/// Whether Kubernetes itself knows the resource, which has no domain (`IsStandardResourceName`).
pub(super) fn is_standard(name: &str) -> bool {
    name == "storage" || is_of_quotas(name)
}

fn is_quota_of_huge_pages(name: &str) -> bool {
    is_huge_pages(name) || name.starts_with("requests.hugepages-")
}

/// The name of some resource, the key at `path` (`validateResourceName`). Returns whether it is one.
pub(super) fn name(name: &str, path: &Path, errors: &mut Errors<'_>) -> bool {
    const KNOWN: &[&[&str]] = &[OF_QUOTAS, WHOLE, &["storage"]];
    named(name, path, KNOWN, errors) && (name.contains('/') || is_standard(name) || unknown(name, path, KNOWN, errors))
}

/// The name of a resource of containers (`validateContainerResourceName`). Returns whether it is one.
pub(in crate::admission) fn container_name(name: &str, path: &Path, errors: &mut Errors<'_>) -> bool {
    const KNOWN: &[&[&str]] = &[OF_CONTAINERS];
    if !named(name, path, KNOWN, errors) {
        return false;
    }
    if name.contains('/') {
        if is_native(name) || is_extended(name) {
            return true;
        }
        let message = format!("`{}` is no name of an extended resource", shortened(name));
        let place = errors.key_place(path);
        let finding =
            errors.invalid(path, message).of(name).says("doesn't follow extended resource name standard").at(place);
        finding.help("write a short name with a domain that does not start with `requests.`");
        return false;
    }
    is_of_containers(name) || unknown(name, path, KNOWN, errors)
}

/// The name of a resource of pods as a whole (`validatePodResourceName`). Returns whether it is one.
pub(in crate::admission) fn pod_name(name: &str, path: &Path, errors: &mut Errors<'_>) -> bool {
    if !self::name(name, path, errors) {
        return false;
    }
    let supported = is_of_pods(name);
    if !supported {
        let place = errors.key_place(path);
        errors.unsupported(path, "a resource of a pod as a whole", name, ["cpu", "hugepages-", "memory"]).at(place);
    }
    supported
}

/// Whether a pod as a whole can ask for the resource (`IsSupportedPodLevelResource`).
pub(in crate::admission) fn is_of_pods(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || is_huge_pages(name)
}

/// The name of a resource in a quota (`ValidateResourceQuotaResourceName`). Returns whether it is one.
pub(super) fn quota_name(name: &str, path: &Path, errors: &mut Errors<'_>) -> bool {
    const KNOWN: &[&[&str]] = &[OF_QUOTAS, WHOLE];
    named(name, path, KNOWN, errors) && (name.contains('/') || is_of_quotas(name) || unknown(name, path, KNOWN, errors))
}

/// Whether `name` has the form of a name.
fn named(name: &str, path: &Path, known: &[&[&str]], errors: &mut Errors<'_>) -> bool {
    let problems = names::qualified_name(name);
    let valid = problems.is_empty();
    for problem in problems {
        let place = errors.key_place(path);
        let finding = errors
            .invalid(path, format!("the resource `{}` {problem}", shortened(name)))
            .of(name)
            .problem(problem)
            .at(place);
        if let Some(near) = nearest(name, known.concat()) {
            finding.help(format!("write `{near}`"));
        }
    }
    valid
}

/// Reports a name without a domain that is not `known`; never valid.
fn unknown(name: &str, path: &Path, known: &[&[&str]], errors: &mut Errors<'_>) -> bool {
    let place = errors.key_place(path);
    let finding = errors
        .invalid(path, format!("there is no resource `{}` here", shortened(name)))
        .of(name)
        .says("must be a standard resource type or fully qualified")
        .at(place);
    finding.help(match nearest(name, known.concat()) {
        Some(near) => format!("write `{near}`"),
        None if known == [OF_CONTAINERS] => {
            "write `cpu`, `memory`, `ephemeral-storage`, `hugepages-…`, or a name with a domain".to_owned()
        }
        None => "write the name of a standard resource, or one with a domain".to_owned(),
    });
    false
}

/// The amount that is written; `None` for a text that the decoder refuses.
pub(in crate::admission) fn amount(written: &Written) -> Option<Quantity> {
    Quantity::decode(&written.0).ok()
}

/// The amount of the resource `name` (`ValidateResourceQuantityValue`).
pub(super) fn quantity(name: &str, value: &Written, path: &Path, errors: &mut Errors<'_>) {
    let Some(amount) = amount(value) else { return };
    if amount.sign() == Ordering::Less {
        let message = format!("the amount of `{}` cannot be negative, as `{}` is", shortened(name), value.0);
        errors.invalid(path, message).says("must be greater than or equal to 0");
    }
    if is_whole(name) && amount.milli_value() % 1000 != 0 {
        let message = format!("the amount of `{}` must be a whole number, not `{}`", shortened(name), value.0);
        errors.invalid(path, message).says("must be an integer");
    }
}

/// What is asked of resources.
#[derive(Clone, Copy)]
pub(in crate::admission) struct Rules<'a> {
    /// What the names must obey: [`container_name`] or [`pod_name`].
    pub(in crate::admission) name: fn(&str, &Path, &mut Errors<'_>) -> bool,
    /// The names of the pod's resource claims.
    pub(in crate::admission) claims: &'a BTreeSet<&'a str>,
    /// Whether huge pages may be asked for in amounts that no number of pages makes up, as an older object did.
    pub(in crate::admission) allow_indivisible_huge_pages: bool,
}

/// Requests, limits and claims at `path` (`validateResourceRequirements`).
pub(in crate::admission) fn requirements(
    requirements: &ResourceRequirements,
    rules: Rules<'_>,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let mut asked = Asked::default();
    let limits_path = path.field("limits");
    for (name, value) in requirements.limits.iter().flatten() {
        let path = limits_path.key(name);
        (rules.name)(name, &path, errors);
        quantity(name, value, &path, errors);
        huge_pages(name, value, rules, &path, errors);
        asked.add(name);
    }
    let requests_path = path.field("requests");
    for (name, value) in requirements.requests.iter().flatten() {
        let path = requests_path.key(name);
        (rules.name)(name, &path, errors);
        quantity(name, value, &path, errors);
        match requirements.limits.as_ref().and_then(|limits| limits.get(name)) {
            Some(limit) => within(name, value, limit, &path, &limits_path.key(name), errors),
            None if may_overcommit(name) => {}
            None => {
                let place = errors.place(&path);
                let message =
                    format!("`{}` needs a limit, because more of it than there is cannot be given", shortened(name));
                let finding = errors
                    .required(&limits_path, message)
                    .says("Limit must be set for non overcommitable resources")
                    .at(place);
                finding.help("add a limit that equals the request");
            }
        }
        huge_pages(name, value, rules, &path, errors);
        asked.add(name);
    }
    if asked.huge_pages && !asked.cpu_or_memory {
        let finding =
            errors.forbidden(path, "huge pages alone cannot be asked for").says("HugePages require cpu or memory");
        finding.help("add requests or limits of `cpu` or `memory`");
    }
    claims(requirements.claims.as_deref().unwrap_or_default(), rules.claims, &path.field("claims"), errors);
}

/// What sorts of resources have been asked for.
#[derive(Default)]
struct Asked {
    cpu_or_memory: bool,
    huge_pages: bool,
}

impl Asked {
    fn add(&mut self, name: &str) {
        self.cpu_or_memory |= matches!(name, "cpu" | "memory");
        self.huge_pages |= is_huge_pages(name);
    }
}

/// The request at `path` for `name`, beside its limit. The API server blames all requests together.
fn within(name: &str, value: &Written, limit: &Written, path: &Path, limit_path: &Path, errors: &mut Errors<'_>) {
    let (Some(requested), Some(most)) = (amount(value), amount(limit)) else { return };
    let name = shortened(name);
    let message = match requested.cmp(&most) {
        Ordering::Greater => format!("the request of `{}` for `{name}` exceeds its limit of `{}`", value.0, limit.0),
        Ordering::Less if !may_overcommit(&name) => {
            format!("the request of `{}` for `{name}` must equal its limit of `{}`", value.0, limit.0)
        }
        _ => return,
    };
    let place = errors.place(limit_path);
    let requests = path.parent().cloned().unwrap_or_default();
    let relation = if requested > most { "less than or equal" } else { "equal" };
    let says = format!("must be {relation} to {name} limit of {most}");
    let finding = errors.invalid(path, message).called(requests).of(requested.to_string()).says(says);
    finding.related(place, "the limit");
}

/// Huge pages come by the page (`validateResourceQuantityHugePageValue`).
fn huge_pages(name: &str, value: &Written, rules: Rules<'_>, path: &Path, errors: &mut Errors<'_>) {
    let Some(size) = name.strip_prefix(HUGE_PAGES).filter(|_| !rules.allow_indivisible_huge_pages) else { return };
    let message = match (amount(value), page_size(size)) {
        (Some(asked), Some(page)) if asked.value() % page == 0 => return,
        (None, _) => return,
        (Some(_), Some(_)) => format!("`{}` is no multiple of the page size `{}`", value.0, shortened(size)),
        (Some(_), None) => format!("`{}` is no size of huge pages", shortened(size)),
    };
    errors.invalid(path, message);
}

/// The bytes of a page; `None` if the text is no whole positive number.
fn page_size(size: &str) -> Option<i64> {
    let size: Quantity = size.parse().ok()?;
    let whole = size.sign() == Ordering::Greater && size.milli_value() % 1000 == 0;
    Some(size.value()).filter(|value| whole && *value != 0)
}

/// Whether the requirements hold huge pages that no number of pages makes up
/// (`checkContainerUseIndivisibleHugePagesValues`).
pub(in crate::admission) fn has_indivisible_huge_pages(requirements: &ResourceRequirements) -> bool {
    let lists = [&requirements.limits, &requirements.requests];
    lists.into_iter().flatten().flatten().any(|(name, value)| is_indivisible(name, value))
}

/// Whether this is an amount of huge pages that no number of pages makes up.
pub(in crate::admission) fn is_indivisible(name: &str, value: &Written) -> bool {
    let asked = |size| Some(amount(value)?.value() % page_size(size)?);
    name.strip_prefix(HUGE_PAGES).is_some_and(|size| asked(size) != Some(0))
}

/// The claims that a container uses, of those that the pod has (`validateResourceClaimNames`).
fn claims(claims: &[ResourceClaim], known: &BTreeSet<&str>, path: &Path, errors: &mut Errors<'_>) {
    // By name: where it is used whole, and where each of its requests is.
    let mut whole: BTreeMap<&str, usize> = BTreeMap::new();
    let mut requests: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for (index, ResourceClaim { name, request }) in claims.iter().enumerate() {
        let here = path.index(index);
        if name.is_empty() {
            errors.required(&here, "the resource claim has no name");
            continue;
        }
        let request = request.as_deref().unwrap_or_default();
        let earlier = if let Some(earlier) = whole.get(name.as_str()) {
            Some(*earlier)
        } else {
            let used = requests.entry(name).or_default();
            if request.is_empty() {
                whole.insert(name, index);
                used.values().min().copied()
            } else {
                let what = format!("the request `{}`", shortened(request));
                errors.each_invalid(&here.field("request"), what, names::dns1123_label(request));
                let earlier = used.get(request).copied();
                used.entry(request).or_insert(index);
                earlier
            }
        };
        if let Some(earlier) = earlier {
            let place = errors.place(&path.index(earlier));
            let message = format!("the resource claim `{}` is used twice", shortened(name));
            errors.duplicate(&here, message).related(place, "first here");
        }
        if !known.contains(name.as_str()) {
            let message = format!("the pod has no resource claim `{}`", shortened(name));
            let finding = errors.not_found(&here, message);
            finding.help(match nearest(name, known.iter().copied()) {
                Some(near) => format!("write `{near}`"),
                None => "name one of the pod's `resourceClaims`".to_owned(),
            });
        }
    }
}
