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

/// Whether CEL keeps the word for itself, so that nothing can be called so: its own words, and those that it may use one day.
pub(crate) fn is_reserved(word: &str) -> bool {
    lexer::WORDS.contains(&word) || parser::RESERVED.contains(&word)
}

/// Compiles an expression; the first problem comes back if it does not.
pub(crate) fn compile(source: &str, environment: &dyn Environment) -> Result<Compiled, Problem> {
    let expression = parser::parse(source, environment.minor())?;
    check::check(&expression, environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows `self`, a structure with a few fields, and `object`, of which nothing is known.
    struct Known;

    impl Environment for Known {
        fn variable(&self, name: &str) -> Option<Type> {
            match name {
                "self" => Some(Type::structure("self")),
                "object" => Some(Type::Dyn),
                "authorizer" => Some(Type::opaque("kubernetes.authorization.Authorizer")),
                _ => None,
            }
        }

        fn field(&self, structure: &str, field: &str) -> Option<Type> {
            match (structure, field) {
                ("self", "size") => Some(Type::Int),
                ("self", "name") => Some(Type::Text),
                ("self", "tags") => Some(Type::list(Type::Text)),
                ("self", "labels") => Some(Type::map(Type::Text, Type::Text)),
                _ => None,
            }
        }

        fn minor(&self) -> u16 {
            35
        }
    }

    fn output(source: &str) -> String {
        match compile(source, &Known) {
            Ok(compiled) => compiled.output.to_string(),
            Err(problem) => format!("{}: {}", problem.at, problem.message),
        }
    }

    #[test]
    fn expressions_give_the_types_that_the_api_server_finds() {
        for (source, expected) in [
            ("self.size > 0 && self.name.startsWith('a')", "bool"),
            ("self.size + 1", "int"),
            ("object.spec.replicas", "dyn"),
            ("object.spec.replicas <= 5", "bool"),
            ("self.tags.map(tag, size(tag))", "list(int)"),
            ("self.tags.all(i, tag, i < 3 && tag != '')", "bool"),
            ("self.labels.transformMap(key, value, size(value))", "map(string, int)"),
            ("object.?spec.?name.orValue('x')", "dyn"),
            ("self.labels[?'a'].optMap(value, value + '!').orValue('none')", "string"),
            ("[1, 2].sortBy(x, -x)", "list(int)"),
            ("authorizer.group('apps').resource('deployments').check('create').allowed()", "bool"),
            ("'%s has %d'.format([self.name, self.size])", "string"),
            ("duration('1h') < duration('90m') ? \"short\" : r'\\long'", "string"),
            ("!has(self.name) || ip.isCanonical(self.name) // really", "bool"),
            ("type(object) == string", "bool"),
        ] {
            assert_eq!(output(source), expected, "{source}");
        }
    }

    #[test]
    fn what_the_api_server_refuses_is_refused_with_its_place() {
        for (source, place) in [
            ("self.sise > 0", 4),
            ("slef.size > 0", 0),
            ("self.size > 'a'", 10),
            ("self.size > 0 &&", 16),
            ("Bad_Value!", 9),
            ("-x", 1),
            ("self.name.frobnicate()", 20),
            ("[1, 'a']", 4),
            ("self.size.all(x, x)", 4),
            ("self.tags.all(1, true)", 14),
            ("duration('1 hour') > duration('1h')", 9),
            ("self.name.matches('(?!a)')", 18),
            ("self.name == 'it''s'", 17),
            ("namespace == 'a'", 0),
            ("has(self)", 4),
        ] {
            let problem = compile(source, &Known).expect_err(source);
            assert_eq!(problem.at, place, "{source}: {}", problem.message);
        }
    }

    #[test]
    fn deep_nesting_is_a_problem_and_no_crash() {
        for source in ["(".repeat(10_000), "!".repeat(99_000), format!("1{}", "+1".repeat(40_000)), "[".repeat(5_000)] {
            assert!(compile(&source, &Known).is_err());
        }
        assert_eq!(output(&format!("true{}", " && true".repeat(5_000))), "bool");
    }
}
