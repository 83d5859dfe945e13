//! Numbers and names of ports, wherever they stand.
//!
//! Mirrors `ValidatePortNumOrName` of pkg/apis/core/validation and what is made of `IsValidPortNum` and `IsValidPortName`
//! elsewhere (v1.36).

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::admission::errors::{Errors, shortened};
use crate::finding::Finding;
use crate::values::names::{self, Problems};
use crate::yaml::Path;

/// The number of a port at `path`.
pub(in crate::admission) fn number(number: i32, path: &Path, errors: &mut Errors<'_>) {
    if !names::port_number(number.into()).is_empty() {
        let message = format!("port {number} is not between 1 and 65535");
        errors.invalid(path, message).rule("port-out-of-range").says("must be between 1 and 65535, inclusive");
    }
}

/// A port by its number, or by the name that a container gives it.
pub(in crate::admission) fn number_or_name(port: &IntOrString, path: &Path, errors: &mut Errors<'_>) {
    match port {
        IntOrString::Int(number) => self::number(*number, path, errors),
        IntOrString::String(name) => {
            self::name(name, names::port_name, path, errors);
        }
    }
}

/// The name of a port: [`names::port_name`] for those of containers and what refers to them, [`names::dns1123_label`] for
/// those of Services. Returns whether it is one.
pub(in crate::admission) fn name(
    name: &str,
    check: fn(&str) -> Problems,
    path: &Path,
    errors: &mut Errors<'_>,
) -> bool {
    let problems = check(name);
    let (Some(first), Some(all)) = (problems.first(), names::together(&problems, "")) else { return true };
    let message = format!("the port name `{}` {all}", shortened(name));
    let finding = errors.invalid(path, message).rule("invalid-port-name").says(first.says.clone());
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        finding.help("write the number without quotes");
    }
    false
}

/// The protocol of a port, after defaulting.
pub(in crate::admission) fn protocol<'e>(
    protocol: &str,
    path: &Path,
    errors: &'e mut Errors<'_>,
) -> Option<&'e mut Finding> {
    let is_known = matches!(protocol, "TCP" | "UDP" | "SCTP");
    (!is_known).then(|| errors.unsupported(path, "the protocol of a port", protocol, ["SCTP", "TCP", "UDP"]))
}
