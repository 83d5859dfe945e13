//! What is limited in a namespace: quotas and limit ranges.
//!
//! Mirrors `ValidateResourceQuota`, `ValidateResourceQuotaUpdate` and `ValidateLimitRange` of pkg/apis/core/validation, their
//! strategies and `SetDefaults_LimitRangeItem` (v1.36).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    LimitRange, LimitRangeItem, ResourceQuota, ResourceQuotaSpec, ScopedResourceSelectorRequirement,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use super::resources;
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::absent::list;
use crate::admission::shared::repeats::{FIRST, first};
use crate::admission::{ApiServer, How, Kind};
use crate::nearest::nearest;
use crate::values::names;
use crate::values::quantity::Quantity;
use crate::yaml::Path;

type Amounts = BTreeMap<String, Written>;

const SCOPES: &[&str] = &[
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];

/// Scopes that leave nothing together.
const CONTRARY: [[&str; 2]; 2] = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];

impl Kind for ResourceQuota {
    fn set_defaults(&mut self, _: &ApiServer) {}

    fn validate(&self, errors: &mut Errors<'_>) {
        if let Some(spec) = &self.spec {
            quota(spec, &Path::root().field("spec"), errors);
        }
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        self.validate(errors);
        let scopes = |quota: &Self| -> BTreeSet<String> {
            quota.spec.iter().flat_map(|spec| list(spec.scopes.as_ref())).cloned().collect()
        };
        if scopes(self) != scopes(old) {
            let path = Path::root().fields(&["spec", "scopes"]);
            let finding = errors.immutable(&path, "the scopes of a quota cannot change").says("field is immutable");
            finding.help("delete the quota and create it anew, or make another one");
        }
    }
}

fn quota(spec: &ResourceQuotaSpec, path: &Path, errors: &mut Errors<'_>) {
    let hard_path = path.field("hard");
    let empty = BTreeMap::new();
    let hard = spec.hard.as_ref().unwrap_or(&empty);
    for (name, value) in hard {
        let path = hard_path.key(name);
        resources::quota_name(name, &path, errors);
        resources::quantity(name, value, &path, errors);
    }
    let at = path.field("scopes");
    let scopes = list(spec.scopes.as_ref());
    for (index, name) in scopes.iter().enumerate() {
        let path = at.index(index);
        scope(name, &path, &at, errors);
        for resource in hard.keys() {
            fits(name, resource, &path, &at, errors);
        }
    }
    contrary(scopes.iter(), &at, errors);
    if let Some(selector) = &spec.scope_selector {
        let at = path.fields(&["scopeSelector", "matchExpressions"]);
        let requirements = list(selector.match_expressions.as_ref());
        for (index, requirement) in requirements.iter().enumerate() {
            self::requirement(requirement, hard, &at.index(index), &at, errors);
        }
        contrary(requirements.iter().map(|requirement| &requirement.scope_name), &at, errors);
    }
    warn_of_requests(hard, &hard_path, errors);
}

/// One of the scopes there are; the API server names `field`.
fn scope(name: &str, path: &Path, field: &Path, errors: &mut Errors<'_>) {
    if !SCOPES.contains(&name) {
        let message = if name.is_empty() {
            "the scope of a quota has no name".to_owned()
        } else {
            format!("there is no scope `{}` of a quota", shortened(name))
        };
        let finding = errors.invalid(path, message).says("unsupported scope").called(field.clone());
        if field.last().and_then(|segment| segment.name()) == Some("scopes") {
            finding.whole();
        }
        finding.help(match nearest(name, SCOPES.iter().copied()) {
            Some(near) => format!("write `{near}`"),
            None => format!("write one of {}", SCOPES.join(", ")),
        });
    }
}

/// Whether objects of a scope have a resource (`IsResourceQuotaScopeValidForResource`).
fn fits(scope: &str, resource: &str, path: &Path, field: &Path, errors: &mut Errors<'_>) {
    let is_counted = resource == "pods";
    let is_computed =
        matches!(resource, "cpu" | "memory" | "limits.cpu" | "limits.memory" | "requests.cpu" | "requests.memory");
    let fits = match scope {
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => {
            is_counted || is_computed
        }
        "BestEffort" => is_counted,
        "VolumeAttributesClass" => matches!(resource, "persistentvolumeclaims" | "requests.storage"),
        _ => true,
    };
    if resources::is_of_quotas(resource) && !fits {
        let place = errors.key_place(&Path::root().fields(&["spec", "hard"]).key(resource));
        let message = format!("a quota of `{resource}` cannot have the scope `{scope}`");
        let finding = errors
            .invalid(path, message)
            .says("unsupported scope applied to resource")
            .called(field.clone())
            .related(place, "the resource");
        finding.help("limit the two in quotas of their own");
    }
}

fn contrary<'a>(scopes: impl Iterator<Item = &'a String>, path: &Path, errors: &mut Errors<'_>) {
    let scopes: BTreeSet<&str> = scopes.map(String::as_str).collect();
    for [one, other] in CONTRARY.into_iter().filter(|pair| pair.iter().all(|scope| scopes.contains(scope))) {
        let message = format!("the scopes `{one}` and `{other}` exclude each other");
        errors.invalid(path, message).says("conflicting scopes").help("remove one of them");
    }
}

/// One of `matchExpressions`, of which the API server names the list only.
fn requirement(
    requirement: &ScopedResourceSelectorRequirement,
    hard: &Amounts,
    path: &Path,
    all: &Path,
    errors: &mut Errors<'_>,
) {
    let ScopedResourceSelectorRequirement { scope_name, operator, values } = requirement;
    let values = list(values.as_ref());
    scope(scope_name, &path.field("scopeName"), &all.field("scopeName"), errors);
    for resource in hard.keys() {
        fits(scope_name, resource, &path.field("scopeName"), all, errors);
    }
    let at = path.field("operator");
    let only_exists = matches!(
        scope_name.as_str(),
        "BestEffort" | "NotBestEffort" | "Terminating" | "NotTerminating" | "CrossNamespacePodAffinity"
    );
    if only_exists && operator != "Exists" {
        let message = format!("the scope `{scope_name}` can only be asked for with `Exists`");
        errors.invalid(&at, message).says("must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity").called(all.field("operator")).help("write `operator: Exists`");
    }
    match (operator.as_str(), values) {
        ("In" | "NotIn", []) => {
            let message = format!("`{operator}` needs at least one value");
            let finding = errors
                .required(&path.field("values"), message)
                .says("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
                .called(all.field("values"));
            finding.help("add `values`");
        }
        ("Exists" | "DoesNotExist", [_, ..]) => {
            let message = format!("`{operator}` takes no values");
            let finding = errors
                .invalid(&path.field("values"), message)
                .says("must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")
                .called(all.field("values"));
            finding.help("remove the values");
        }
        ("In" | "NotIn" | "Exists" | "DoesNotExist", _) => {}
        _ => {
            let message = if operator.is_empty() {
                "the scope has no operator".to_owned()
            } else {
                format!("`{}` is no operator of a scope", shortened(operator))
            };
            let finding = errors
                .invalid(&at, message)
                .of(operator.as_str())
                .says("not a valid selector operator")
                .called(all.field("operator"));
            finding.help("write one of `In`, `NotIn`, `Exists`, `DoesNotExist`");
        }
    }
}

/// Pods cannot request more than their limits.
fn warn_of_requests(hard: &Amounts, path: &Path, errors: &mut Errors<'_>) {
    for resource in ["cpu", "memory", "storage", "ephemeral-storage"] {
        let requests = format!("requests.{resource}");
        let bare = matches!(resource, "cpu" | "memory").then(|| resource.to_owned());
        let limits = format!("limits.{resource}");
        let Some(name) = [Some(requests), bare].into_iter().flatten().find(|name| hard.contains_key(name)) else {
            continue;
        };
        let amount = |name: &str| hard.get(name).and_then(resources::amount);
        if let (Some(request), Some(limit)) = (amount(&name), amount(&limits))
            && request > limit
        {
            let place = errors.place(&path.key(limits.as_str()));
            let message = format!("the quota of `{name}` exceeds that of `{limits}`");
            let finding = errors.warn(&path.key(name), message).related(place, "which no request can exceed");
            finding.help("lower the one or raise the other");
        }
    }
}

/// Stands for the random name of a limit range that has none.
const UNNAMED: &str = "00000000-0000-0000-0000-000000000000";

impl Kind for LimitRange {
    fn set_defaults(&mut self, _: &ApiServer) {
        for limit in self.spec.iter_mut().flat_map(|spec| &mut spec.limits).filter(|limit| limit.type_ == "Container") {
            let default = limit.default.get_or_insert_default();
            for (name, value) in limit.max.iter().flatten() {
                default.entry(name.clone()).or_insert_with(|| value.clone());
            }
            let request = limit.default_request.get_or_insert_default();
            for (name, value) in default.iter().chain(limit.min.iter().flatten()) {
                request.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
    }

    /// One without a name gets one.
    fn prepare(&mut self, old: Option<&mut Self>, _: How, _: &mut Errors<'_>) -> bool {
        if old.is_none() && self.metadata.name.as_deref().is_none_or(str::is_empty) {
            self.metadata.name = Some(UNNAMED.to_owned());
        }
        true
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        let all = Path::root().fields(&["spec", "limits"]);
        let mut seen = BTreeMap::new();
        for (index, limit) in self.spec.iter().flat_map(|spec| &spec.limits).enumerate() {
            let path = all.index(index);
            if let Some(first) = first(&mut seen, limit.type_.as_str(), index) {
                let first = errors.place(&all.index(first).field("type"));
                let message = format!("there are two limits of the type `{}`", shortened(&limit.type_));
                let finding = errors.duplicate(&path.field("type"), message).related(first, FIRST);
                finding.help("merge the two");
            }
            self::limit(limit, &path, errors);
        }
    }

    fn validate_update(&self, _: &Self, errors: &mut Errors<'_>) {
        self.validate(errors);
    }
}

fn limit(limit: &LimitRangeItem, path: &Path, errors: &mut Errors<'_>) {
    limit_type(&limit.type_, &path.field("type"), errors);
    let is_pod = limit.type_ == "Pod";
    let lists = [
        ("max", &limit.max),
        ("min", &limit.min),
        ("default", &limit.default),
        ("defaultRequest", &limit.default_request),
        ("maxLimitRequestRatio", &limit.max_limit_request_ratio),
    ];
    for (field, amounts) in lists {
        let path = path.field(field);
        let mut amounts = amounts.iter().flatten().peekable();
        if is_pod && field.starts_with("default") {
            if amounts.peek().is_some() {
                errors
                    .forbidden(&path, "limits of the type `Pod` have no defaults")
                    .says("may not be specified when `type` is 'Pod'")
                    .help("remove it");
            }
            continue;
        }
        for name in amounts.map(|(name, _)| name) {
            let check = if is_pod || limit.type_ == "Container" { resources::container_name } else { resources::name };
            check(name, &path.key(name), errors);
        }
    }
    let has_storage =
        |amounts: &Option<Amounts>| amounts.as_ref().is_some_and(|amounts| amounts.contains_key("storage"));
    if limit.type_ == "PersistentVolumeClaim" && !has_storage(&limit.min) && !has_storage(&limit.max) {
        let finding = errors
            .required(&path.field("limits"), "limits of claims need a minimum or maximum of `storage`")
            .says("either minimum or maximum storage value is required, but neither was provided");
        finding.help("add `min` or `max` with `storage`");
    }
    let names: BTreeSet<&String> = lists
        .into_iter()
        .filter(|(field, _)| !(is_pod && field.starts_with("default")))
        .flat_map(|(_, amounts)| amounts.iter().flatten().map(|(name, _)| name))
        .collect();
    for name in names {
        amounts(limit, name, is_pod, path, errors);
    }
}

/// What is limited: one of three kinds, or something with a domain.
fn limit_type(name: &str, path: &Path, errors: &mut Errors<'_>) {
    const KNOWN: [&str; 3] = ["Container", "PersistentVolumeClaim", "Pod"];
    let problems = names::qualified_name(name);
    let help = match nearest(name, KNOWN) {
        Some(near) => format!("write `{near}`"),
        None => "write one of `Container`, `Pod`, `PersistentVolumeClaim`".to_owned(),
    };
    let message = match &problems[..] {
        [] if name.contains('/') || KNOWN.contains(&name) => return,
        [] => format!("there is no type `{}` of limits", shortened(name)),
        _ if name.is_empty() => "the limits have no type".to_owned(),
        problems => {
            let problems = names::together(problems, "").expect("there is at least one");
            format!("the type `{}` of limits {problems}", shortened(name))
        }
    };
    let finding = errors.invalid(path, message);
    finding.help(help).says(match &problems[..] {
        [first, ..] => first.says.clone(),
        [] => "must be a standard limit type or fully qualified".into(),
    });
}

/// What the server calls an amount.
fn says_of(what: &str) -> &str {
    match what {
        "minimum" => "min",
        "maximum" => "max",
        "default limit" => "default",
        other => other,
    }
}

/// The amounts of one resource must be in order: minimum, default request, default limit, maximum.
fn amounts(limit: &LimitRangeItem, name: &str, is_pod: bool, path: &Path, errors: &mut Errors<'_>) {
    let of =
        |amounts: &Option<Amounts>| amounts.as_ref().and_then(|amounts| amounts.get(name)).and_then(resources::amount);
    let (min, max, ratio) = (of(&limit.min), of(&limit.max), of(&limit.max_limit_request_ratio));
    let defaults = |amounts| if is_pod { None } else { of(amounts) };
    let (default, request) = (defaults(&limit.default), defaults(&limit.default_request));
    let mut in_order = |less: (&str, &Option<Quantity>), more: (&str, &Option<Quantity>), field: &'static str| {
        if let (Some(one), Some(other)) = (less.1, more.1)
            && one > other
        {
            let message =
                format!("the {} of `{}`, `{one}`, exceeds the {}, `{other}`", less.0, shortened(name), more.0);
            let greater = match (less.0, more.0) {
                ("default request", limit @ "default limit") => limit,
                (_, other) => says_of(other),
            };
            let says = format!("{} value {one} is greater than {greater} value {other}", says_of(less.0));
            let shows_other = matches!((less.0, field), ("minimum", "defaultRequest") | ("default limit", _));
            let shown = if shows_other { other } else { one };
            let finding = errors.invalid(&path.field(field).key(name), message);
            finding.help("put the amounts in order").of(shown.to_string()).says(says);
        }
    };
    in_order(("minimum", &min), ("maximum", &max), "min");
    in_order(("minimum", &min), ("default request", &request), "defaultRequest");
    in_order(("default request", &request), ("maximum", &max), "defaultRequest");
    in_order(("default request", &request), ("default limit", &default), "defaultRequest");
    in_order(("minimum", &min), ("default limit", &default), "default");
    in_order(("default limit", &default), ("maximum", &max), "default");
    if let Some(ratio) = &ratio {
        let at = path.field("maxLimitRequestRatio").key(name);
        if Quantity::decode("1").is_ok_and(|one| *ratio < one) {
            let message = format!("the ratio of limit to request, `{ratio}`, is less than 1");
            errors.invalid(&at, message).says(format!("ratio {ratio} is less than 1")).help("write a number from 1");
        }
        if let (Some(min), Some(max)) = (&min, &max)
            && exceeds(ratio, min, max)
        {
            let message = format!("the ratio of limit to request, `{ratio}`, exceeds that of maximum to minimum");
            errors.invalid(&at, message).help("lower the ratio");
        }
    }
    if let (false, Some(request), Some(default)) = (resources::may_overcommit(name), &request, &default)
        && request != default
    {
        let message = format!("the default request and the default limit of `{}` must be equal", shortened(name));
        errors.invalid(&path.field("defaultRequest").key(name), message).help("write the same amount in both");
    }
}

/// Whether a ratio is greater than that of `max` to `min`, in thousandths where those can be counted.
#[expect(clippy::cast_precision_loss, reason = "the API server compares in this way")]
fn exceeds(ratio: &Quantity, min: &Quantity, max: &Quantity) -> bool {
    const MOST_MILLI: i64 = i64::MAX / 1000;
    let are_small = [ratio, min, max].into_iter().all(|amount| amount.value() < MOST_MILLI);
    let [ratio, min, max] = if are_small {
        [ratio.milli_value() as f64 / 1000.0, min.milli_value() as f64, max.milli_value() as f64]
    } else {
        [ratio.value() as f64, min.value() as f64, max.value() as f64]
    };
    ratio > max / min
}
