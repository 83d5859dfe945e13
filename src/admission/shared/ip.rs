//! Addresses and ranges in fields, with what the API server warns about.
//!
//! Mirrors `IsValidIPForLegacyField`, `IsValidIP`, `IsValidCIDRForLegacyField`, `IsValidCIDR`, `GetWarningsForIP` and
//! `GetWarningsForCIDR` of k8s.io/apimachinery/pkg/util/validation/ip.go and `ValidateEndpointIP` of
//! pkg/apis/core/validation (v1.36). The API server warns only about what it takes; here nothing is warned about that is
//! refused.

use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Gate;
use crate::finding::Finding;
use crate::values::ip::{Cidr, Flaw, Ip, flaw_of_cidr, flaw_of_ip};
use crate::yaml::Path;

const STRICT: Gate = Gate::StrictIPCIDRValidation;

/// An address in a field that is older than the strict rules, unless the old object has it too. The API server calls the
/// field `field`. Returns whether the address is taken.
pub(crate) fn legacy_ip(value: &str, existing: &[String], path: &Path, field: &Path, errors: &mut Errors<'_>) -> bool {
    existing.iter().any(|old| old == value) || ip(value, errors.server.enabled(STRICT), path, field, errors).is_some()
}

/// An address by today's rules, in canonical form.
pub(crate) fn strict_ip(value: &str, path: &Path, errors: &mut Errors<'_>) -> bool {
    let Some(ip) = ip(value, true, path, path, errors) else { return false };
    let canonical = ip.to_string();
    if value != canonical {
        let message = format!("the IP address `{value}` is not in canonical form");
        errors
            .invalid(path, message)
            .says(format!("must be in canonical form ({canonical:?})"))
            .help(format!("write `{canonical}`"));
    }
    value == canonical
}

fn ip(value: &str, strict: bool, path: &Path, field: &Path, errors: &mut Errors<'_>) -> Option<Ip> {
    let Some(ip) = Ip::parse_lenient(value) else {
        let message = if value.is_empty() {
            "the IP address is empty".to_owned()
        } else {
            format!("`{}` is no IP address", shortened(value))
        };
        let finding = errors
            .invalid(path, message)
            .of(value)
            .says("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
            .called(field.clone());
        finding.help("write an address such as `10.9.8.7` or `2001:db8::ffff`");
        return None;
    };
    let flaw = flaw_of_ip(value).filter(|_| strict);
    if let Some(flaw) = flaw {
        refuse(flaw, "IP address", value, &ip.to_string(), path, errors).called(field.clone());
    }
    flaw.is_none().then_some(ip)
}

/// A range in a field that is older than the strict rules, unless the old object has it too. The API server calls the
/// field `field`.
pub(crate) fn legacy_cidr(
    value: &str,
    existing: &[String],
    path: &Path,
    field: &Path,
    errors: &mut Errors<'_>,
) -> Option<Cidr> {
    if existing.iter().any(|old| old == value) {
        return Cidr::parse_lenient(value);
    }
    cidr(value, errors.server.enabled(STRICT), path, field, errors)
}

/// A range by today's rules, in canonical form.
pub(crate) fn strict_cidr(value: &str, path: &Path, errors: &mut Errors<'_>) -> Option<Cidr> {
    let before = errors.refused();
    let cidr = cidr(value, true, path, path, errors)?;
    let canonical = cidr.to_string();
    if errors.refused() == before && value != canonical {
        let message = format!("the range `{value}` is not in canonical form");
        errors
            .invalid(path, message)
            .says(format!("must be in canonical form ({canonical:?})"))
            .help(format!("write `{canonical}`"));
    }
    Some(cidr)
}

/// The range, if it can be read, however wrong it is otherwise.
fn cidr(value: &str, strict: bool, path: &Path, field: &Path, errors: &mut Errors<'_>) -> Option<Cidr> {
    let Some(cidr) = Cidr::parse_lenient(value) else {
        let message = if value.is_empty() {
            "the range of IP addresses is empty".to_owned()
        } else {
            format!("`{}` is no range of IP addresses", shortened(value))
        };
        let single = Ip::parse_lenient(value).map(|ip| (ip, if ip.is_v4() { 32 } else { 128 }));
        errors
            .invalid(path, message)
            .of(value)
            .says("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")
            .called(field.clone())
            .help(match single {
                Some((ip, prefix)) => format!("write `{ip}/{prefix}` for this one address"),
                None => "write a range such as `10.9.8.0/24` or `2001:db8::/64`".to_owned(),
            });
        return None;
    };
    if let Some(flaw) = flaw_of_cidr(value, cidr).filter(|_| strict) {
        refuse(flaw, "range", value, &cidr.to_string(), path, errors).called(field.clone());
    }
    Some(cidr)
}

fn refuse<'e>(
    flaw: Flaw,
    what: &str,
    value: &str,
    canonical: &str,
    path: &Path,
    errors: &'e mut Errors<'_>,
) -> &'e mut Finding {
    let (problem, says) = match (flaw, what) {
        (Flaw::LeadingZeros, "range") => {
            ("has zeros before its digits", "must not have leading 0s in IP or prefix length")
        }
        (Flaw::LeadingZeros, _) => ("has zeros before its digits", "must not have leading 0s"),
        (Flaw::Mapped, "range") => {
            ("is one of IPv4 written as one of IPv6", "must not have an IPv4-mapped IPv6 address")
        }
        (Flaw::Mapped, _) => ("is one of IPv4 written as one of IPv6", "must not be an IPv4-mapped IPv6 address"),
        (Flaw::BitsBeyondPrefix, _) => {
            ("has an address with bits beyond the prefix", "must not have bits set beyond the prefix length")
        }
    };
    let message = format!("the {what} `{}` {problem}", shortened(value));
    errors.invalid(path, message).of(value).says(says).help(format!("write `{canonical}`"))
}

/// An address to which traffic is sent.
pub(crate) fn endpoint_ip(value: &str, path: &Path, errors: &mut Errors<'_>) {
    let Some(ip) = Ip::parse_lenient(value) else { return };
    let (problem, says) = if ip.is_unspecified() {
        ("stands for no particular host", format!("may not be unspecified ({value})"))
    } else if ip.is_loopback() {
        let says = "may not be in the loopback range (127.0.0.0/8, ::1/128)";
        ("is one of the loopback range, by which a machine reaches only itself", says.to_owned())
    } else if ip.is_link_local_unicast() {
        let says = "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
        ("is one of the link-local range, which is valid on one network segment only", says.to_owned())
    } else if ip.is_link_local_multicast() {
        let says = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)";
        ("is one of the link-local multicast range", says.to_owned())
    } else {
        return;
    };
    errors
        .invalid(path, format!("the IP address `{value}` {problem}"))
        .says(says)
        .help("write an address that others can reach");
}

/// What the API server warns about in an address that it takes.
pub(crate) fn warn_of_ip(value: &str, path: &Path, errors: &mut Errors<'_>) {
    let Some(ip) = Ip::parse_lenient(value) else { return };
    let strict = errors.server.enabled(STRICT);
    match flaw_of_ip(value) {
        Some(_) if !strict => {
            let message = format!("the IP address `{value}` is not in the standard form, and newer servers refuse it");
            errors.warn(path, message).help(format!("write `{ip}`"));
        }
        None if !ip.is_v4() && ip.to_string() != value => {
            let message = format!("the IPv6 address `{value}` is not in canonical form");
            errors.warn(path, message).help(format!("write `{ip}`"));
        }
        _ => {}
    }
}

/// What the API server warns about in a range that it takes.
pub(crate) fn warn_of_cidr(value: &str, path: &Path, errors: &mut Errors<'_>) {
    let Some(cidr) = Cidr::parse_lenient(value) else { return };
    let strict = errors.server.enabled(STRICT);
    match flaw_of_cidr(value, cidr) {
        Some(Flaw::BitsBeyondPrefix) if !strict => {
            let message = format!("the range `{value}` is ambiguous, and newer servers refuse it");
            let single = if cidr.is_v4() { 32 } else { 128 };
            errors.warn(path, message).help(format!("write `{cidr}` or `{}/{single}`", cidr.ip));
        }
        Some(_) if !strict => {
            let message = format!("the range `{value}` is not in the standard form, and newer servers refuse it");
            errors.warn(path, message).help(format!("write `{cidr}`"));
        }
        None if !cidr.is_v4() && cidr.to_string() != value => {
            let message = format!("the IPv6 range `{value}` is not in canonical form");
            errors.warn(path, message).help(format!("write `{cidr}`"));
        }
        _ => {}
    }
}
