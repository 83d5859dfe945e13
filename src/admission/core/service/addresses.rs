//! The addresses of a Service and their families.
//!
//! Mirrors `ValidateServiceClusterIPsRelatedFields` of pkg/apis/core/validation (v1.36), which is called when addresses are
//! allocated and again in validation.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ServiceSpec;

use super::allocation::{PLACEHOLDER, family_of};
use super::is_headless;
use crate::admission::errors::Errors;
use crate::admission::shared::absent::{list, text};
use crate::admission::shared::ip;
use crate::admission::shared::repeats::{FIRST, first};
use crate::yaml::Path;

/// `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy`.
pub(super) fn cluster_ips(spec: &ServiceSpec, old: Option<&ServiceSpec>, path: &Path, errors: &mut Errors<'_>) {
    if text(spec.type_.as_ref()) == "ExternalName" {
        return;
    }
    let (single, several) = (text(spec.cluster_ip.as_ref()), list(spec.cluster_ips.as_ref()));
    let field = path.field("clusterIPs");
    match several.first() {
        Some(first) if first != single => {
            let message = if single.is_empty() {
                "`clusterIPs` needs `clusterIP` too, with its first address".to_owned()
            } else {
                format!("the first of `clusterIPs` must be the `clusterIP`, `{single}`")
            };
            errors
                .invalid(&field, message)
                .says(if single.is_empty() {
                    "must be empty when `clusterIP` is not specified"
                } else {
                    "first value must match `clusterIP`"
                })
                .help("write the same address in both fields, or only `clusterIP`");
        }
        None if !single.is_empty() => {
            errors.required(&field, "`clusterIP` needs `clusterIPs` too");
        }
        _ => {}
    }
    families(spec, path, errors);
    let existing = old.map_or(&[][..], |old| list(old.cluster_ips.as_ref()));
    let mut are_valid = true;
    for (index, value) in several.iter().enumerate() {
        if index == 0 && value == "None" {
            if several.len() > 1 {
                are_valid = false;
                errors
                    .invalid(&field, "`None` is the only value of `clusterIPs`, or no value of it")
                    .says("'None' must be the first and only value");
            }
        } else if !value.starts_with(PLACEHOLDER) {
            let at = place_of(index, &field, errors);
            are_valid &= ip::legacy_ip(value, existing, &at, &field.index(index), errors);
        }
    }
    if several.len() > 2 {
        errors
            .invalid(&field, "a Service has two addresses at most, one of each IP family")
            .says("may only hold up to 2 values");
    }
    if !are_valid {
        return;
    }
    if let [one, other, ..] = several
        && family_of(one).is_some()
        && family_of(one) == family_of(other)
    {
        let message = "a Service has one address of each IP family at most";
        errors
            .invalid(&field, message)
            .says("may specify no more than one IP for each IP family")
            .help("write one address of IPv4 and one of IPv6");
    }
    if is_headless(spec) {
        return;
    }
    for (index, (value, family)) in several.iter().zip(list(spec.ip_families.as_ref())).enumerate() {
        let contrary = matches!(family.as_str(), "IPv4" | "IPv6") && family_of(value).is_some_and(|it| it != family);
        if contrary {
            let at = place_of(index, &field, errors);
            let message = format!("the address `{value}` is none of {family}, which `ipFamilies` asks for");
            errors
                .invalid(&at, message)
                .of(value.as_str())
                .says(format!("expected an {family} value as indicated by `ipFamilies[{index}]`"))
                .called(field.index(index))
                .help("change one of the two");
        }
    }
}

/// Where an address of `clusterIPs`, at `list`, is written: there, or as the single `clusterIP`.
pub(super) fn place_of(index: usize, list: &Path, errors: &Errors<'_>) -> Path {
    let single = Path::root().fields(&["spec", "clusterIP"]);
    if errors.is_written(&single) && !errors.is_written(list) { single } else { list.index(index) }
}

fn families(spec: &ServiceSpec, path: &Path, errors: &mut Errors<'_>) {
    let path_of_families = path.field("ipFamilies");
    let mut seen = BTreeMap::new();
    for (index, family) in list(spec.ip_families.as_ref()).iter().enumerate() {
        let path = path_of_families.index(index);
        if !matches!(family.as_str(), "IPv4" | "IPv6") {
            errors.unsupported(&path, "the IP family", family, ["IPv4", "IPv6"]);
        }
        if let Some(first) = first(&mut seen, family, index) {
            let first = errors.place(&path_of_families.index(first));
            errors.duplicate(&path, format!("the IP family `{family}` stands there twice")).related(first, FIRST);
        }
    }
    if let Some(policy) = spec.ip_family_policy.as_deref() {
        let supported = ["PreferDualStack", "RequireDualStack", "SingleStack"];
        if !supported.contains(&policy) {
            errors.unsupported(&path.field("ipFamilyPolicy"), "the IP family policy", policy, supported);
        }
    }
}
