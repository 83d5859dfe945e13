//! CEL, the Common Expression Language, in which custom resources and admission policies state their rules.
//!
//! Mirrors what the API server (v1.36, cel-go v0.27) says when it compiles an expression: the grammar, the macros, the
//! types and the functions that Kubernetes declares (k8s.io/apiserver/pkg/cel/environment). Left out are the limits of
//! cost and everything that happens only when an expression is evaluated.

mod check;
mod functions;
mod lexer;
mod macros;
mod parser;
mod types;

use std::collections::BTreeSet;

pub(crate) use self::types::Type;

/// What an expression may refer to besides the functions of Kubernetes.
pub(crate) trait Environment {
    /// The type of a variable; its name may be qualified, as in `authorizer.requestResource`.
    fn variable(&self, name: &str) -> Option<Type>;

    /// The type of a field of a structure.
    fn field(&self, structure: &str, field: &str) -> Option<Type>;

    /// Whether expressions may make structures of this name.
    fn can_make(&self, _structure: &str) -> bool {
        false
    }

    /// The minor version of Kubernetes whose functions are known.
    fn minor(&self) -> u16;
}

/// An expression that compiles.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// The type of its value.
    pub(crate) output: Type,
    /// The variables of the environment that it uses.
    pub(crate) variables: BTreeSet<String>,
}

/// Why an expression does not compile.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Where in the expression, in bytes.
    pub(crate) at: usize,
    /// What is wrong, in words that can follow a colon.
    pub(crate) message: String,
}

impl Problem {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    /// The line and column, counted from 1, for people who look at `source`.
    pub(crate) fn position(&self, source: &str) -> (usize, usize) {
        let before = source.get(..self.at).unwrap_or(source);
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }
}

/// Compiles an expression; the first problem comes back if it does not.
pub(crate) fn compile(source: &str, environment: &dyn Environment) -> Result<Compiled, Problem> {
    let expression = parser::parse(source, environment.minor())?;
    check::check(&expression, environment)
}
