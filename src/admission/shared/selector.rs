//! Label selectors.
//!
//! Mirrors `ValidateLabelSelector` of k8s.io/apimachinery/pkg/apis/meta/v1/validation (v1.36).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use super::meta;
use crate::admission::errors::{Errors, shortened};
use crate::values::names;
use crate::yaml::Path;

/// How much of a selector is checked (`LabelSelectorValidationOptions`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Values that cannot be those of a label are let through, because older servers did so.
    pub(crate) allow_invalid_values: bool,
}

/// A selector at `path`, if there is one. Returns whether it can be used.
pub(crate) fn label_selector(
    selector: Option<&LabelSelector>,
    path: &Path,
    options: Options,
    errors: &mut Errors<'_>,
) -> bool {
    let Some(selector) = selector else { return true };
    let labels = path.field("matchLabels");
    meta::labels(selector.match_labels.as_ref(), &labels, &labels, errors);
    let mut usable = selector
        .match_labels
        .iter()
        .flatten()
        .all(|(key, value)| names::qualified_name(key).is_empty() && names::label_value(value).is_empty());
    for (index, requirement) in selector.match_expressions.iter().flatten().enumerate() {
        let path = path.field("matchExpressions").index(index);
        usable &= self::requirement(requirement, &path, options, errors);
    }
    usable
}

/// Whether a value in `matchExpressions` cannot be that of a label (`LabelSelectorHasInvalidLabelValue`).
pub(crate) fn has_invalid_value(selector: &LabelSelector) -> bool {
    let values = selector.match_expressions.iter().flatten().flat_map(|expression| expression.values.iter().flatten());
    values.into_iter().any(|value| !names::label_value(value).is_empty())
}

/// One of `matchExpressions`; returns whether it can be used.
fn requirement(requirement: &LabelSelectorRequirement, path: &Path, options: Options, errors: &mut Errors<'_>) -> bool {
    let LabelSelectorRequirement { key, operator, values } = requirement;
    let values = values.as_deref().unwrap_or_default();
    let mut usable = true;
    match (operator.as_str(), values) {
        ("In" | "NotIn", []) => {
            let message = format!("`{operator}` needs at least one value");
            errors
                .required(&path.field("values"), message)
                .says("must be specified when `operator` is 'In' or 'NotIn'")
                .rule("invalid-selector");
            usable = false;
        }
        ("Exists" | "DoesNotExist", [_, ..]) => {
            let message = format!("`{operator}` takes no values");
            errors
                .forbidden(&path.field("values"), message)
                .says("may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
                .rule("invalid-selector");
            usable = false;
        }
        ("In" | "NotIn" | "Exists" | "DoesNotExist", _) => {}
        _ => {
            let message = if operator.is_empty() {
                "the requirement has no operator".to_owned()
            } else {
                format!("`{}` is no operator of a selector", shortened(operator))
            };
            let finding = errors
                .invalid(&path.field("operator"), message)
                .of(operator.as_str())
                .says("not a valid selector operator")
                .rule("invalid-selector");
            finding.help("write one of `In`, `NotIn`, `Exists`, `DoesNotExist`");
            usable = false;
        }
    }
    for problem in names::qualified_name(key) {
        let message = if key.is_empty() {
            "the requirement has no key".to_owned()
        } else {
            format!("the label key `{}` {problem}", shortened(key))
        };
        errors.invalid(&path.field("key"), message).of(key.as_str()).problem(problem).rule("invalid-selector");
        usable = false;
    }
    for (index, value) in values.iter().enumerate() {
        let problems = names::label_value(value);
        usable &= problems.is_empty();
        if !options.allow_invalid_values {
            for problem in problems {
                let message = format!("the label value `{}` {problem}", shortened(value));
                errors.invalid(&path.field("values").index(index), message).problem(problem).rule("invalid-selector");
            }
        }
    }
    usable
}
