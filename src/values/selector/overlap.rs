//! Whether any set of labels fulfils a list of requirements.
//!
//! Kubernetes has no counterpart: its own controllers fight over pods when selectors overlap. Labels are
//! independent of each other, so that each key can be decided alone, and exactly.

use std::collections::{BTreeMap, BTreeSet};

use super::{Operator, Requirement};

pub(super) fn is_satisfiable<'a>(requirements: impl IntoIterator<Item = &'a Requirement>) -> bool {
    let mut by_key = BTreeMap::<&str, Vec<&Requirement>>::new();
    for requirement in requirements {
        by_key.entry(&requirement.key).or_default().push(requirement);
    }
    by_key.into_values().all(|it| is_key_satisfiable(&it))
}

/// Either the label may be absent, or there is a value for it.
fn is_key_satisfiable(requirements: &[&Requirement]) -> bool {
    let absent = BTreeMap::new();
    requirements.iter().all(|it| it.matches(&absent)) || has_value(requirements)
}

fn has_value(requirements: &[&Requirement]) -> bool {
    let allows = |value: &str| {
        let labels = BTreeMap::from([(requirements[0].key.clone(), value.to_owned())]);
        requirements.iter().all(|it| it.matches(&labels))
    };
    // Where some requirement lists the values, no others need to be tried.
    let listed = |it: &&&Requirement| matches!(it.operator, Operator::Equals | Operator::DoubleEquals | Operator::In);
    if let Some(requirement) = requirements.iter().find(listed) {
        return requirement.values.iter().any(|it| allows(it));
    }
    // Otherwise a value has only to avoid those that are excluded, which are finitely many.
    let excluded: BTreeSet<_> = requirements.iter().flat_map(|it| &it.values).collect();
    let mut candidates = numbers(requirements).take(excluded.len() + 1);
    candidates.any(|it| allows(&it))
}

/// Numbers as label values, from the smallest that is greater than all lower bounds, in all ways to write
/// them: `7`, `07`, `007`. Label values cannot start with a sign, so that there are no negative numbers.
fn numbers(requirements: &[&Requirement]) -> impl Iterator<Item = String> {
    const MAX_LENGTH: usize = 63;
    let lower = requirements.iter().filter(|it| it.operator == Operator::GreaterThan);
    let lower = lower.flat_map(|it| &it.values).filter_map(|it| it.parse::<i64>().ok()).max();
    let first = lower.map_or(Some(0), |it| it.checked_add(1).map(|it| it.max(0)));
    let numbers = first.into_iter().flat_map(|first| first..=i64::MAX);
    numbers.flat_map(|number| (number.to_string().len()..=MAX_LENGTH).map(move |width| format!("{number:0width$}")))
}
