//! Resources of pods as a whole.
//!
//! Mirrors `validatePodResources`, `validatePodResourceClaims` and `validateOverhead` in pkg/apis/core/validation,
//! `AggregateContainerRequests` of k8s.io/component-helpers, and `defaultPodRequests` in pkg/apis/core/v1/defaults.go
//! (v1.36).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, PodResourceClaim, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::annotations::MIRROR;
use crate::admission::core::form::Form;
use crate::admission::core::resources::{self, Rules, amount, container_name, pod_name};
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Gate;
use crate::values::names;
use crate::values::quantity::Quantity;
use crate::yaml::Path;

type Amounts = BTreeMap<String, Written>;

/// What the pod spec at `path` asks for as a whole, and what running it costs besides.
pub(super) fn check(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    let claims: BTreeSet<&str> = claims_of(spec).iter().map(|claim| claim.name.as_str()).collect();
    let rules = |name| Rules { name, claims: &claims, allow_indivisible_huge_pages: false };
    if let Some(requirements) = &spec.resources
        && errors.server.enabled(Gate::PodLevelResources)
    {
        let path = path.field("resources");
        if spec.os.as_ref().is_some_and(|os| os.name == "windows") {
            let message = "a pod for Windows has no resources as a whole";
            errors
                .forbidden(&path, message)
                .says("may not be set for a windows pod")
                .help("write the resources of its containers");
        } else {
            if requirements.claims.is_some() {
                let at = path.field("claims");
                let place = errors.key_place(&at);
                let message = "only containers use resource claims, not the pod as a whole";
                errors.forbidden(&at, message).at(place).help("move them to the `resources` of a container");
            }
            resources::requirements(requirements, rules(pod_name), &path, errors);
            whole(spec, requirements, &path, errors);
        }
    }
    if let Some(overhead) = &spec.overhead {
        // The server takes it for limits, also where it names the place.
        let limits = ResourceRequirements { limits: Some(overhead.clone()), ..ResourceRequirements::default() };
        let path = path.field("overhead");
        resources::requirements(&limits, rules(container_name), &path, errors);
        for name in ["memory", "ephemeral-storage"] {
            let written = overhead.get(name);
            if written.and_then(amount).is_some_and(|amount| amount.milli_value() % 1000 != 0) {
                errors.warn(&path.key(name), format!("the overhead of `{name}` is a fraction of a byte"));
            }
        }
    }
}

fn claims_of(spec: &PodSpec) -> &[PodResourceClaim] {
    spec.resource_claims.as_deref().unwrap_or_default()
}

/// The whole must hold its parts (`validatePodResourceConsistency`).
fn whole(spec: &PodSpec, requirements: &ResourceRequirements, path: &Path, errors: &mut Errors<'_>) {
    let amounts = |amounts: &Option<Amounts>| amounts.clone().unwrap_or_default();
    let (requests, limits) = (amounts(&requirements.requests), amounts(&requirements.limits));
    let mut too_little = |field: &'static str, name: &str, written: &Written, sum: &Quantity| {
        let message =
            format!("the containers' {field} for `{name}` amount to `{sum}`, more than the pod's `{}`", written.0);
        errors.invalid(&path.field(field).key(name), message);
    };
    for (name, sum) in sum(spec, |requirements| requirements.requests.as_ref()) {
        if let Some(written) = requests.get(name)
            && amount(written).is_some_and(|whole| sum > whole)
        {
            too_little("requests", name, written, &sum);
        }
    }
    let sums = sum(spec, |requirements| requirements.limits.as_ref());
    for (name, sum) in sums.into_iter().filter(|(name, _)| resources::is_huge_pages(name)) {
        if let Some(written) = limits.get(name)
            && amount(written).is_some_and(|whole| sum > whole)
        {
            too_little("limits", name, written, &sum);
        }
    }
    for (index, container) in spec.containers.iter().enumerate() {
        let own = container.resources.as_ref().and_then(|requirements| requirements.limits.as_ref());
        for (name, written) in own.into_iter().flatten() {
            let Some(whole) = limits.get(name) else { continue };
            if amount(written).zip(amount(whole)).is_some_and(|(own, whole)| own > whole) {
                let place = errors.place(&path.field("limits").key(name));
                let at = path.parent().cloned().unwrap_or_default().field("containers").index(index);
                let message = format!(
                    "container `{}` has a limit of `{}` for `{}`, more than the pod's `{}`",
                    shortened(&container.name),
                    written.0,
                    shortened(name),
                    whole.0
                );
                let finding = errors.invalid(&at.fields(&["resources", "limits"]).key(name), message);
                finding.called(path.field("containers").index(index).key(name).field("limits"));
                finding.related(place, "the pod's limit");
            }
        }
    }
}

/// What the containers need together at the worst moment: init containers run one after the other, each beside the
/// sidecars before it, and before all others.
///
/// With a sidecar of 100m, then an init container of 500m, then another sidecar of 100m and two containers of 150m, the
/// pod needs max(100m + 500m, 100m + 100m + 150m + 150m) = 600m.
fn sum(spec: &PodSpec, of: fn(&ResourceRequirements) -> Option<&Amounts>) -> BTreeMap<&str, Quantity> {
    let (mut total, mut sidecars, mut peak) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for container in &spec.containers {
        add(&mut total, of_container(container, of));
    }
    for container in spec.init_containers.iter().flatten() {
        if container.restart_policy.as_deref() == Some("Always") {
            add(&mut total, of_container(container, of));
            add(&mut sidecars, of_container(container, of));
            most(&mut peak, sidecars.clone());
        } else {
            let mut now = sidecars.clone();
            add(&mut now, of_container(container, of));
            most(&mut peak, now);
        }
    }
    most(&mut total, peak);
    total
}

fn of_container(container: &Container, of: fn(&ResourceRequirements) -> Option<&Amounts>) -> Option<&Amounts> {
    container.resources.as_ref().and_then(of)
}

fn add<'a>(total: &mut BTreeMap<&'a str, Quantity>, amounts: Option<&'a Amounts>) {
    for (name, written) in amounts.into_iter().flatten() {
        let Some(amount) = amount(written) else { continue };
        match total.get_mut(name.as_str()) {
            Some(sum) => sum.add(&amount),
            None => drop(total.insert(name, amount)),
        }
    }
}

fn most<'a>(total: &mut BTreeMap<&'a str, Quantity>, other: BTreeMap<&'a str, Quantity>) {
    for (name, amount) in other {
        if total.get(name).is_none_or(|sum| amount > *sum) {
            total.insert(name, amount);
        }
    }
}

/// Completes the resources of a Pod as a whole from those of its containers (`defaultHugePagePodLimits`,
/// `defaultPodRequests`).
pub(in crate::admission) fn set_defaults(spec: &mut PodSpec) {
    let Some(requirements) = &spec.resources else { return };
    let is_empty = |amounts: &Option<Amounts>| amounts.as_ref().is_none_or(BTreeMap::is_empty);
    if is_empty(&requirements.limits) && is_empty(&requirements.requests) {
        return;
    }
    let mut limits = requirements.limits.clone().unwrap_or_default();
    let mut requests = requirements.requests.clone().unwrap_or_default();
    for (name, sum) in sum(spec, |requirements| requirements.limits.as_ref()) {
        if resources::is_huge_pages(name) && !requests.contains_key(name) && !limits.contains_key(name) {
            limits.insert(name.to_owned(), Written(sum.to_string()));
        }
    }
    if !limits.is_empty() {
        for (name, sum) in sum(spec, |requirements| requirements.requests.as_ref()) {
            if resources::is_of_pods(name) && resources::may_overcommit(name) && !requests.contains_key(name) {
                requests.insert(name.to_owned(), Written(sum.to_string()));
            }
        }
        for (name, limit) in limits.iter().filter(|(name, _)| resources::is_of_pods(name)) {
            if !requests.contains_key(name) {
                requests.insert(name.clone(), limit.clone());
            }
        }
    }
    let filled = |amounts: Amounts| (!amounts.is_empty()).then_some(amounts);
    if let Some(requirements) = &mut spec.resources {
        requirements.limits = filled(limits).or(requirements.limits.take());
        requirements.requests = filled(requests).or(requirements.requests.take());
    }
}

/// The claims for devices of the pod spec at `path`.
pub(super) fn claims(spec: &PodSpec, form: Form, metadata: &ObjectMeta, path: &Path, errors: &mut Errors<'_>) {
    let path = path.field("resourceClaims");
    let annotations = metadata.annotations.as_ref();
    let is_mirror = form == Form::Pod && annotations.is_some_and(|annotations| annotations.contains_key(MIRROR));
    let mut names = BTreeMap::new();
    for (index, claim) in claims_of(spec).iter().enumerate() {
        let at = path.index(index);
        if is_mirror {
            let finding = errors.forbidden(&at, "static pods cannot have resource claims");
            finding.called(Path::root().field(""));
            continue;
        }
        let name = claim.name.as_str();
        if name.is_empty() {
            errors.required(&at.field("name"), "the resource claim has no name");
        } else if let Some(first) = names.get(name) {
            let place = errors.place(&path.index(*first).field("name"));
            let message = format!("the pod has two resource claims `{}`", shortened(name));
            errors.duplicate(&at.field("name"), message).related(place, "first here");
        } else {
            let what = format!("the name `{}` of a resource claim", shortened(name));
            errors.each_invalid(&at.field("name"), what, names::dns1123_label(name));
            names.insert(name, index);
        }
        let sources = [
            ("resourceClaimName", &claim.resource_claim_name),
            ("resourceClaimTemplateName", &claim.resource_claim_template_name),
        ];
        match sources {
            [(_, Some(_)), (_, Some(_))] => {
                let message = "a resource claim has `resourceClaimName` or `resourceClaimTemplateName`, not both";
                errors
                    .invalid(&at, message)
                    .says("at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified")
                    .help("remove one of them");
            }
            [(_, None), (_, None)] => {
                let message = "the resource claim does not say which claim it is";
                errors
                    .invalid(&at, message)
                    .says("must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")
                    .help("add `resourceClaimName` or `resourceClaimTemplateName`");
            }
            _ => {}
        }
        for (field, name) in sources {
            if let Some(name) = name {
                let what = format!("the name `{}`", shortened(name));
                errors.each_invalid(&at.field(field), what, names::dns1123_subdomain(name));
            }
        }
    }
}
