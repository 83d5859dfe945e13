//! Numbers, and numbers that may be percentages.
//!
//! Mirrors `ValidateNonnegativeField` in pkg/apis/core/validation, and `ValidatePositiveIntOrPercent` and its neighbours in
//! pkg/apis/apps/validation (v1.36).

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::admission::errors::{Errors, shortened};
use crate::finding::Finding;
use crate::values::names;
use crate::yaml::Path;

/// A number of the struct at `path` that must not be below zero. Returns the finding if it is.
pub(in crate::admission) fn not_negative<'e>(
    value: Option<impl Into<i64>>,
    path: &Path,
    field: &'static str,
    errors: &'e mut Errors<'_>,
) -> Option<&'e mut Finding> {
    let value = value.map(Into::into).filter(|value| *value < 0)?;
    let finding = errors
        .invalid(&path.field(field), format!("`{field}` cannot be negative, as {value} is"))
        .of(value)
        .says("must be greater than or equal to 0");
    Some(finding.help("write a number from 0 up, or delete the field for its default"))
}

/// A number from zero up, or a percentage.
pub(in crate::admission) fn int_or_percent(
    value: &IntOrString,
    path: &Path,
    field: &'static str,
    errors: &mut Errors<'_>,
) {
    match value {
        IntOrString::Int(number) => {
            not_negative(Some(*number), path, field, errors);
        }
        IntOrString::String(text) if !names::percent(text).is_empty() => {
            let message = format!("`{field}` is neither a number nor a percentage: `{}`", shortened(text));
            let finding = errors.invalid(&path.field(field), message).problem(names::percent(text).remove(0));
            finding.help(match text.trim().parse::<i32>() {
                Ok(number) if number >= 0 => format!("write {number} without quotes, or `{number}%`"),
                _ => "write a number from 0 up, or a percentage such as `25%`".to_owned(),
            });
        }
        IntOrString::String(_) => {}
    }
}

/// A percentage must not be above 100.
pub(in crate::admission) fn at_most_all(
    value: &IntOrString,
    path: &Path,
    field: &'static str,
    errors: &mut Errors<'_>,
) {
    if let Some(percent) = percent(value).filter(|percent| *percent > 100) {
        let message = format!("`{field}` is at most 100%, not {percent}%");
        errors
            .invalid(&path.field(field), message)
            .says("must not be greater than 100%")
            .help("write `100%` for all of the pods, or less");
    }
}

/// Whether it is nothing, as number or percentage (`getIntOrPercentValue`): a text that is no percentage counts by the
/// number that it is, and as nothing if it is none.
pub(in crate::admission) fn is_zero(value: &IntOrString) -> bool {
    match value {
        IntOrString::Int(number) => *number == 0,
        IntOrString::String(text) => percent(value).or_else(|| text.parse().ok()).unwrap_or(0) == 0,
    }
}

fn percent(value: &IntOrString) -> Option<u64> {
    let IntOrString::String(text) = value else { return None };
    let digits = text.strip_suffix('%').filter(|_| names::percent(text).is_empty())?;
    Some(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_zero_of_any_sort() {
        let text = |text: &str| IntOrString::String(text.to_owned());
        for nothing in [IntOrString::Int(0), text("0%"), text("00%"), text("0"), text("a few"), text("1.5%"), text("")]
        {
            assert!(is_zero(&nothing), "{nothing:?}");
        }
        for something in [IntOrString::Int(-1), text("1%"), text("5"), text("99999999999999999999%")] {
            assert!(!is_zero(&something), "{something:?}");
        }
    }
}
