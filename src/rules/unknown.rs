//! Names that no rule has.

use super::rules;
use crate::finding::Group;
use crate::nearest::nearest;

/// No rule or group has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("there is no rule or group `{name}`")]
pub struct UnknownRule {
    /// The name as it was given.
    pub name: String,
    /// What to do.
    #[help]
    pub help: String,
}

impl UnknownRule {
    /// With what is among `known` and may be meant.
    pub fn new(name: &str, known: impl IntoIterator<Item = &'static str>) -> Self {
        Self { name: name.to_owned(), help: advice(name, known) }
    }
}

/// Makes sure that a rule or group of this name exists.
pub fn known(name: &str) -> Result<(), UnknownRule> {
    let names = || rules().iter().map(|rule| rule.id).chain(Group::ALL.map(Group::name));
    if names().any(|known| known == name) { Ok(()) } else { Err(UnknownRule::new(name, names())) }
}

/// What to write instead of a name that is not among `known`.
pub(crate) fn advice(name: &str, known: impl IntoIterator<Item = &'static str>) -> String {
    let near = nearest(name, known);
    near.map_or_else(|| "see `seatrial rules` for all of them".to_owned(), |near| format!("write `{near}`"))
}
