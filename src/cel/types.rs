//! The types of CEL, and when a value of one can stand where another is asked for (cel-go `checker/types.go`).

use std::fmt;
use std::sync::Arc;

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// Not known before the expression is evaluated; goes with every other type.
    Dyn,
    /// Of an expression with a mistake, which should not lead to others.
    Error,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Duration,
    Timestamp,
    List(Arc<Type>),
    Map(Arc<(Type, Type)>),
    /// The type of types.
    OfTypes(Arc<Type>),
    /// Has fields, which the environment knows.
    Structure(Arc<str>),
    /// Has only methods: `net.IP`, `optional_type`.
    Opaque(Arc<str>, Option<Arc<Type>>),
    /// Found out while the expression is checked.
    Variable(usize),
}

impl Type {
    pub(crate) fn list(item: Type) -> Self {
        Type::List(Arc::new(item))
    }

    pub(crate) fn map(key: Type, value: Type) -> Self {
        Type::Map(Arc::new((key, value)))
    }

    pub(crate) fn structure(name: impl Into<Arc<str>>) -> Self {
        Type::Structure(name.into())
    }

    pub(crate) fn opaque(name: impl Into<Arc<str>>) -> Self {
        Type::Opaque(name.into(), None)
    }

    /// A value that may be missing.
    pub(crate) fn optional(value: Type) -> Self {
        Type::Opaque(OPTIONAL.into(), Some(Arc::new(value)))
    }

    /// The type of the value that an optional value may have.
    pub(super) fn of_optional(&self) -> Option<&Type> {
        match self {
            Type::Opaque(name, Some(value)) if &**name == OPTIONAL => Some(value),
            _ => None,
        }
    }

    pub(super) fn is_dynamic(&self) -> bool {
        matches!(self, Type::Dyn | Type::Error)
    }
}

const OPTIONAL: &str = "optional_type";

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Dyn | Type::Variable(_) => "dyn",
            Type::Error => "error",
            Type::Null => "null",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Uint => "uint",
            Type::Double => "double",
            Type::Text => "string",
            Type::Bytes => "bytes",
            Type::Duration => "duration",
            Type::Timestamp => "timestamp",
            Type::List(item) => return write!(f, "list({item})"),
            Type::Map(entry) => return write!(f, "map({}, {})", entry.0, entry.1),
            Type::OfTypes(inner) => return write!(f, "type({inner})"),
            Type::Structure(_) => "object",
            Type::Opaque(name, None) => name,
            Type::Opaque(name, Some(inner)) => return write!(f, "{name}({inner})"),
        })
    }
}

/// What the type variables are found to be.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    bound: Vec<Option<Type>>,
    /// What was bound, and what it was before, so that an attempt can be undone.
    changes: Vec<(usize, Option<Type>)>,
}

impl Bindings {
    /// A new variable.
    pub(super) fn fresh(&mut self) -> usize {
        self.bound.push(None);
        self.bound.len() - 1
    }

    fn bind(&mut self, variable: usize, to: Type) {
        let old = self.bound[variable].replace(to);
        self.changes.push((variable, old));
    }

    /// Whether values of the types `from` can stand where `to` is asked for; what that says of variables is kept.
    pub(super) fn all_assignable(&mut self, from: &[Type], to: &[Type]) -> bool {
        let before = self.changes.len();
        let fits = from.len() == to.len() && from.iter().zip(to).all(|(from, to)| self.fits(from, to));
        if !fits {
            while self.changes.len() > before {
                if let Some((variable, old)) = self.changes.pop() {
                    self.bound[variable] = old;
                }
            }
        }
        fits
    }

    /// As [`Self::all_assignable`], for one.
    pub(super) fn assignable(&mut self, from: &Type, to: &Type) -> bool {
        self.all_assignable(std::slice::from_ref(from), std::slice::from_ref(to))
    }

    /// `internalIsAssignable`.
    fn fits(&mut self, from: &Type, to: &Type) -> bool {
        if let Type::Variable(variable) = to {
            let (valid, bound) = self.substitutes(from, *variable);
            if valid || bound {
                return valid;
            }
        }
        if let Type::Variable(variable) = from {
            return self.substitutes(to, *variable).0;
        }
        if from.is_dynamic() || to.is_dynamic() {
            return true;
        }
        match (from, to) {
            (Type::Null, other) | (other, Type::Null) => {
                matches!(other, Type::Null | Type::Opaque(..) | Type::Structure(_) | Type::Duration | Type::Timestamp)
            }
            (Type::OfTypes(_), Type::OfTypes(_)) => true,
            (Type::List(one), Type::List(other)) => self.fits(one, other),
            (Type::Map(one), Type::Map(other)) => self.fits(&one.0, &other.0) && self.fits(&one.1, &other.1),
            (Type::Opaque(name, None), Type::Opaque(other, None)) => name == other,
            (Type::Opaque(name, Some(one)), Type::Opaque(other, Some(another))) => {
                name == other && self.fits(one, another)
            }
            _ => from == to,
        }
    }

    /// Whether the variable can be `value`, and whether something was known of it (`isValidTypeSubstitution`).
    fn substitutes(&mut self, value: &Type, variable: usize) -> (bool, bool) {
        if *value == Type::Variable(variable) {
            return (true, true);
        }
        if let Some(known) = self.bound[variable].clone() {
            if *value == known {
                return (true, true);
            }
            if self.fits(value, &known) {
                let general = more_general(value, &known);
                if !self.refers(&general, variable) {
                    self.bind(variable, general);
                }
                return (true, true);
            }
            return (false, true);
        }
        if self.refers(value, variable) {
            return (false, false);
        }
        self.bind(variable, value.clone());
        (true, false)
    }

    /// Whether the variable occurs in the type.
    fn refers(&self, within: &Type, variable: usize) -> bool {
        match within {
            Type::Variable(other) => {
                *other == variable || self.bound[*other].as_ref().is_some_and(|bound| self.refers(bound, variable))
            }
            Type::List(item) | Type::OfTypes(item) | Type::Opaque(_, Some(item)) => self.refers(item, variable),
            Type::Map(entry) => self.refers(&entry.0, variable) || self.refers(&entry.1, variable),
            _ => false,
        }
    }

    /// The type with all that is known of its variables; with `finally`, the others can be anything.
    pub(super) fn resolved(&self, given: &Type, finally: bool) -> Type {
        match given {
            Type::Variable(variable) => match &self.bound[*variable] {
                Some(bound) => self.resolved(bound, finally),
                None if finally => Type::Dyn,
                None => given.clone(),
            },
            Type::List(item) => Type::list(self.resolved(item, finally)),
            Type::Map(entry) => Type::map(self.resolved(&entry.0, finally), self.resolved(&entry.1, finally)),
            Type::OfTypes(inner) => Type::OfTypes(Arc::new(self.resolved(inner, finally))),
            Type::Opaque(name, Some(inner)) => {
                Type::Opaque(Arc::clone(name), Some(Arc::new(self.resolved(inner, finally))))
            }
            _ => given.clone(),
        }
    }
}

/// Of two types that go together, the one that says less.
pub(super) fn more_general(one: &Type, other: &Type) -> Type {
    if says_no_more(one, other) { one.clone() } else { other.clone() }
}

/// `isEqualOrLessSpecific`.
fn says_no_more(one: &Type, other: &Type) -> bool {
    match (one, other) {
        (Type::Dyn | Type::Variable(_), _) | (Type::OfTypes(_), Type::OfTypes(_)) => true,
        (_, Type::Dyn | Type::Variable(_)) => false,
        (Type::List(one), Type::List(other)) => says_no_more(one, other),
        (Type::Map(one), Type::Map(other)) => says_no_more(&one.0, &other.0) && says_no_more(&one.1, &other.1),
        (Type::Opaque(name, Some(one)), Type::Opaque(other, Some(another))) => {
            name == other && says_no_more(one, another)
        }
        _ => one == other,
    }
}
