//! The ranges from which Services get their addresses, and the addresses themselves.
//!
//! Mirrors `ValidateServiceCIDR`, `ValidateServiceCIDRUpdate`, `ValidateIPAddress` and `ValidateIPAddressUpdate` of
//! pkg/apis/networking/validation (v1.36).

use k8s_openapi::api::networking::v1::{IPAddress, ServiceCIDR};

use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::absent::{list, text};
use crate::admission::shared::ip;
use crate::admission::{ApiServer, Kind};
use crate::values::ip::{Cidr, Flaw, Ip, flaw_of_ip};
use crate::values::names::{self, Problem, Problems};
use crate::yaml::Path;

const HELP: &str = "make another ServiceCIDR";

impl Kind for ServiceCIDR {
    fn set_defaults(&mut self, _: &ApiServer) {
        self.spec.get_or_insert_default();
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        ranges(ranges_of(self), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let (now, before) = (ranges_of(self), ranges_of(old));
        let path = Path::root().fields(&["spec", "cidrs"]);
        match (before, now) {
            // A cluster of one IP family may get the other one.
            ([before], [first, _]) => {
                if first != before {
                    let message = format!("the range cannot change from `{before}`");
                    errors.immutable(&path.index(0), message).says("field is immutable").help(HELP);
                }
                ranges(now, errors);
            }
            _ if now.len() == before.len() => {
                for (index, (_, before)) in now.iter().zip(before).enumerate().filter(|(_, (now, old))| now != old) {
                    let message = format!("the range cannot change from `{before}`");
                    errors.immutable(&path.index(index), message).says("field is immutable").help(HELP);
                }
            }
            _ => {
                errors.immutable(&path, "the ranges cannot change").says("field is immutable").help(HELP);
            }
        }
    }
}

fn ranges_of(object: &ServiceCIDR) -> &[String] {
    object.spec.as_ref().map_or(&[], |spec| list(spec.cidrs.as_ref()))
}

fn ranges(ranges: &[String], errors: &mut Errors<'_>) {
    let path = Path::root().fields(&["spec", "cidrs"]);
    match ranges {
        [] => {
            errors
                .required(&path, "there is no range of addresses")
                .says("at least one CIDR required")
                .help("add one, for example `10.96.0.0/16`");
        }
        [_, _, _, ..] => {
            errors
                .invalid(&path, "there are two ranges at most, one of each IP family")
                .says("may only hold up to 2 values");
        }
        ranges => {
            let read: Vec<Option<Cidr>> = ranges
                .iter()
                .enumerate()
                .map(|(index, range)| ip::strict_cidr(range, &path.index(index), errors))
                .collect();
            if let [Some(one), Some(other)] = read[..]
                && one.is_v4() == other.is_v4()
            {
                errors
                    .invalid(&path, "both ranges are of the same IP family")
                    .help("write one of IPv4 and one of IPv6");
            }
        }
    }
}

impl Kind for IPAddress {
    const NAME: fn(&str) -> Problems = canonical_ip;

    fn set_defaults(&mut self, _: &ApiServer) {}

    fn validate(&self, errors: &mut Errors<'_>) {
        let path = Path::root().fields(&["spec", "parentRef"]);
        if !errors.is_written(&path) {
            errors.required(&path, "the address does not say whose it is").help("add `spec.parentRef`");
            return;
        }
        let parent = &self.spec.parent_ref;
        let group = text(parent.group.as_ref());
        if !group.is_empty() {
            let what = format!("the API group `{}`", shortened(group));
            errors.each_invalid(&path.field("group"), what, names::dns1123_subdomain(group));
        }
        for (name, value) in [("resource", &parent.resource), ("name", &parent.name)] {
            if value.is_empty() {
                errors.required(&path.field(name), format!("the {name} of the owner is missing"));
            } else {
                let what = format!("the {name} `{}`", shortened(value));
                errors.each_invalid(&path.field(name), what, names::path_segment_name(value));
            }
        }
        let namespace = text(parent.namespace.as_ref());
        if !namespace.is_empty() {
            let what = format!("the namespace `{}`", shortened(namespace));
            errors.each_invalid(&path.field("namespace"), what, names::path_segment_name(namespace));
        }
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        self.validate(errors);
        if self.spec.parent_ref != old.spec.parent_ref {
            let path = Path::root().fields(&["spec", "parentRef"]);
            errors
                .immutable(&path, "the owner of an address cannot change")
                .says("field is immutable")
                .help("delete it and create another one");
        }
    }
}

/// An address in canonical form, as the name of an object.
fn canonical_ip(name: &str) -> Problems {
    let Some(ip) = Ip::parse_lenient(name) else {
        return vec![Problem::new(
            "must be an IP address, such as `10.9.8.7` or `2001:db8::ffff`",
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        )];
    };
    match flaw_of_ip(name) {
        Some(Flaw::Mapped) => vec![Problem::new(
            "must not be an address of IPv4 written as one of IPv6",
            "must not be an IPv4-mapped IPv6 address",
        )],
        Some(_) => vec![Problem::new("must not have zeros before its digits", "must not have leading 0s")],
        None if ip.to_string() != name => vec![Problem::new(
            format!("must be in canonical form, `{ip}`"),
            format!("must be in canonical form ({:?})", ip.to_string()),
        )],
        None => vec![],
    }
}
