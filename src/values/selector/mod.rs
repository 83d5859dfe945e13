//! Label selectors: which sets of labels they match, and whether two of them can match the same set.
//!
//! Mirrors `Requirement` and `Selector` in k8s.io/apimachinery/pkg/labels/selector.go and
//! `LabelSelectorAsSelector` in pkg/apis/meta/v1/helpers.go (v1.36). A selector that is absent matches
//! nothing there, an empty one everything; here, absence is an `Option` of the caller.

mod overlap;
mod parse;

use std::collections::BTreeMap;
use std::fmt;

use super::names;

/// Requirements that all have to hold. Without any, everything matches.
///
/// ```
/// use std::collections::BTreeMap;
/// use seatrial::values::selector::Selector;
///
/// let selector = Selector::parse("tier in (web, api), !canary")?;
/// let labels = BTreeMap::from([("tier".to_owned(), "web".to_owned())]);
/// assert!(selector.matches(&labels));
/// assert_eq!(selector.to_string(), "!canary,tier in (api,web)");
/// # Ok::<(), seatrial::values::selector::SelectorError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Sorted by key, otherwise in the order in which they were written.
    pub requirements: Vec<Requirement>,
}

/// What one label has to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The key of the label.
    pub key: String,
    /// How its value relates to `values`.
    pub operator: Operator,
    /// The operands.
    pub values: Vec<String>,
}

/// The relations between a label and the operands of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `key=value`
    Equals,
    /// `key==value`, which means the same and is written back as it was
    DoubleEquals,
    /// `key!=value`, which also holds where there is no such label
    NotEquals,
    /// `key in (a,b)`
    In,
    /// `key notin (a,b)`, which also holds where there is no such label
    NotIn,
    /// `key`
    Exists,
    /// `!key`
    DoesNotExist,
    /// `key>5`, for whole numbers
    GreaterThan,
    /// `key<5`, for whole numbers
    LessThan,
}

/// One entry of `matchExpressions`, as it stands in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchExpression {
    /// The key of the label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`; anything else is an error.
    pub operator: String,
    /// The operands.
    pub values: Vec<String>,
}

/// Why something is no selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// An operator that label selectors do not have.
    #[error("`{0}` is no operator of a label selector; these are `In`, `NotIn`, `Exists` and `DoesNotExist`")]
    Operator(String),
    /// A key that no label can have.
    #[error("the label key `{key}` {problem}")]
    Key {
        /// The key as written.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A value that no label can have.
    #[error("the label value `{value}` {problem}")]
    Value {
        /// The value as written.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// More or fewer operands than the operator takes.
    #[error("the requirement on `{key}` needs {needs}")]
    Operands {
        /// The key of the requirement.
        key: String,
        /// What it needs.
        needs: &'static str,
    },
    /// The text form breaks off or goes on where it should not.
    #[error("found `{found}` where {expected} should be")]
    Syntax {
        /// The offending piece, empty at the end of the text.
        found: String,
        /// What would have been right.
        expected: &'static str,
    },
}

impl Selector {
    /// Reads the text form, as on command lines: `a=b,c in (d,e),!f,x>3`.
    pub fn parse(text: &str) -> Result<Selector, SelectorError> {
        parse::parse(text).map(Selector::new)
    }

    /// Takes labels literally, as Services do; nothing is checked.
    pub fn from_labels(labels: &BTreeMap<String, String>) -> Selector {
        Selector::new(labels.iter().map(|(key, value)| equals(key, value)).collect())
    }

    /// Reads the two fields of a `LabelSelector`, up to the first error.
    pub fn from_label_selector(
        match_labels: &BTreeMap<String, String>,
        match_expressions: &[MatchExpression],
    ) -> Result<Selector, SelectorError> {
        let mut requirements: Vec<_> = match_labels.iter().map(|(key, value)| equals(key, value)).collect();
        for expression in match_expressions {
            let operator = match expression.operator.as_str() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => return Err(SelectorError::Operator(other.to_owned())),
            };
            let values = expression.values.clone();
            requirements.push(Requirement { key: expression.key.clone(), operator, values });
        }
        requirements.iter().try_for_each(Requirement::check)?;
        Ok(Selector::new(requirements))
    }

    /// Whether the selector matches a set of labels.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements.iter().all(|it| it.matches(labels))
    }

    /// Whether the selector matches every set of labels.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether there is a set of labels that both selectors match.
    ///
    /// ```
    /// use seatrial::values::selector::Selector;
    ///
    /// let overlap = |left, right| Ok(Selector::parse(left)?.overlaps(&Selector::parse(right)?));
    /// assert!(overlap("app=web", "tier=front")?);
    /// assert!(!overlap("app=web", "app in (db,cache)")?);
    /// # Ok::<(), seatrial::values::selector::SelectorError>(())
    /// ```
    pub fn overlaps(&self, other: &Selector) -> bool {
        overlap::is_satisfiable(self.requirements.iter().chain(&other.requirements))
    }

    /// Whether any set of labels matches at all; `a=b,a=c` matches none.
    pub fn is_satisfiable(&self) -> bool {
        overlap::is_satisfiable(&self.requirements)
    }

    fn new(mut requirements: Vec<Requirement>) -> Selector {
        requirements.sort_by(|left, right| left.key.cmp(&right.key));
        Selector { requirements }
    }
}

impl Requirement {
    /// Whether a set of labels is as required.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let label = labels.get(&self.key);
        match self.operator {
            Operator::Equals | Operator::DoubleEquals | Operator::In => {
                label.is_some_and(|it| self.values.contains(it))
            }
            Operator::NotEquals | Operator::NotIn => label.is_none_or(|it| !self.values.contains(it)),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::GreaterThan => self.numbers(label).is_some_and(|(label, bound)| label > bound),
            Operator::LessThan => self.numbers(label).is_some_and(|(label, bound)| label < bound),
        }
    }

    /// The label and the only operand as numbers.
    fn numbers(&self, label: Option<&String>) -> Option<(i64, i64)> {
        let [bound] = &self.values[..] else {
            return None;
        };
        Some((label?.parse().ok()?, bound.parse().ok()?))
    }

    /// Mirrors `NewRequirement`.
    fn check(&self) -> Result<(), SelectorError> {
        if let Some(problem) = names::qualified_name(&self.key).into_iter().next() {
            return Err(SelectorError::Key { key: self.key.clone(), problem: problem.to_string() });
        }
        let operands = self.values.len();
        let needs = match self.operator {
            Operator::In | Operator::NotIn if operands == 0 => Some("at least one value"),
            Operator::Exists | Operator::DoesNotExist if operands > 0 => Some("no values"),
            Operator::Equals | Operator::DoubleEquals | Operator::NotEquals if operands != 1 => Some("one value"),
            Operator::GreaterThan | Operator::LessThan
                if operands != 1 || self.values.iter().any(|it| it.parse::<i64>().is_err()) =>
            {
                Some("one whole number")
            }
            _ => None,
        };
        if let Some(needs) = needs {
            return Err(SelectorError::Operands { key: self.key.clone(), needs });
        }
        for value in &self.values {
            if let Some(problem) = names::label_value(value).into_iter().next() {
                return Err(SelectorError::Value { value: value.clone(), problem: problem.to_string() });
            }
        }
        Ok(())
    }
}

/// The text form, which [`Selector::parse`] reads back.
impl fmt::Display for Selector {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        for (index, requirement) in self.requirements.iter().enumerate() {
            write!(out, "{}{requirement}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let mut values = self.values.clone();
        values.sort();
        let (key, values) = (&self.key, values.join(","));
        match self.operator {
            Operator::Equals => write!(out, "{key}={values}"),
            Operator::DoubleEquals => write!(out, "{key}=={values}"),
            Operator::NotEquals => write!(out, "{key}!={values}"),
            Operator::In => write!(out, "{key} in ({values})"),
            Operator::NotIn => write!(out, "{key} notin ({values})"),
            Operator::Exists => write!(out, "{key}"),
            Operator::DoesNotExist => write!(out, "!{key}"),
            Operator::GreaterThan => write!(out, "{key}>{values}"),
            Operator::LessThan => write!(out, "{key}<{values}"),
        }
    }
}

fn equals(key: &str, value: &str) -> Requirement {
    Requirement { key: key.to_owned(), operator: Operator::Equals, values: vec![value.to_owned()] }
}

#[cfg(test)]
mod tests;
