//! The types of expressions (cel-go `checker/checker.go`, and the validators that Kubernetes adds).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::functions::{self, Overload};
use super::parser::{Comprehension, Expression, Item, Kind};
use super::types::{Bindings, Type, more_general};
use super::{Compiled, Environment, Problem};
use crate::values::{duration, regexp, time};

pub(super) fn check(expression: &Expression, environment: &dyn Environment) -> Result<Compiled, Problem> {
    let mut checker = Checker {
        environment,
        bindings: Bindings::default(),
        scopes: Vec::new(),
        variables: BTreeSet::new(),
        alike: Vec::new(),
        problem: None,
        formatting: 0,
    };
    let output = checker.check(expression);
    let output = checker.bindings.resolved(&output, true);
    checker.all_alike();
    match checker.problem {
        Some(problem) => Err(problem),
        None => Ok(Compiled { output, variables: checker.variables }),
    }
}

struct Checker<'e> {
    environment: &'e dyn Environment,
    bindings: Bindings,
    /// The variables of macros, the innermost last.
    scopes: Vec<(String, Type)>,
    variables: BTreeSet<String>,
    /// The values of a list or map literal, which must have one type in the end.
    alike: Vec<Vec<(usize, Type)>>,
    /// The first problem.
    problem: Option<Problem>,
    /// How many calls of `format` are around; their lists may mix types.
    formatting: usize,
}

impl Checker<'_> {
    fn wrong(&mut self, at: usize, message: impl FnOnce() -> String) -> Type {
        self.problem.get_or_insert_with(|| Problem::new(at, message()));
        Type::Error
    }

    fn check(&mut self, expression: &Expression) -> Type {
        let at = expression.at;
        match &expression.kind {
            Kind::Null => Type::Null,
            Kind::Bool => Type::Bool,
            Kind::Int => Type::Int,
            Kind::Uint => Type::Uint,
            Kind::Double => Type::Double,
            Kind::Text(_) => Type::Text,
            Kind::Bytes => Type::Bytes,
            Kind::Name(name) => match self.named(name) {
                Some(found) => found,
                None => self.wrong(at, || format!("there is no variable `{name}`")),
            },
            Kind::Select { operand, field, test } => self.select(expression, operand, field, *test),
            Kind::OptionalSelect { operand, field } => self.field(at, operand, field, true),
            Kind::Call { function, target, arguments } => self.call(at, function, target.as_deref(), arguments),
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(entries),
            Kind::Structure { name, fields } => self.structure(at, name, fields),
            Kind::Comprehension(comprehension) => self.comprehension(comprehension),
            Kind::Bind { variable, value, body } => {
                let value = self.check(value);
                self.scopes.push((variable.clone(), value));
                let body = self.check(body);
                self.scopes.pop();
                body
            }
        }
    }

    /// The type of a variable, or of the name of a type (`resolveSimpleIdent`).
    fn named(&mut self, name: &str) -> Option<Type> {
        if let Some((_, local)) = self.scopes.iter().rfind(|(local, _)| local == name) {
            return Some(local.clone());
        }
        self.global(name)
    }

    fn global(&mut self, name: &str) -> Option<Type> {
        let name = name.strip_prefix('.').unwrap_or(name);
        if let Some(found) = self.environment.variable(name) {
            self.variables.insert(name.to_owned());
            return Some(found);
        }
        type_called(name).map(|found| Type::OfTypes(Arc::new(found)))
    }

    /// A field, or a variable or type whose name has dots.
    fn select(&mut self, expression: &Expression, operand: &Expression, field: &str, test: bool) -> Type {
        if !test
            && let Some(name) = qualified(expression)
            && !self.is_local(&name)
            && let Some(found) = self.global(&name)
        {
            return found;
        }
        let found = self.field(expression.at, operand, field, false);
        if test { Type::Bool } else { self.bindings.resolved(&found, false) }
    }

    /// Whether the first part of a name with dots is a variable of a macro.
    fn is_local(&self, name: &str) -> bool {
        let first = name.split('.').next().unwrap_or_default();
        self.scopes.iter().any(|(local, _)| local == first)
    }

    /// `checkSelectField`.
    fn field(&mut self, at: usize, operand: &Expression, field: &str, optional: bool) -> Type {
        let operand = self.check(operand);
        let operand = self.bindings.resolved(&operand, false);
        let (target, wrapped) = match operand.of_optional() {
            Some(inner) => (inner.clone(), true),
            None => (operand, optional),
        };
        let found = match &target {
            Type::Map(entry) => entry.1.clone(),
            Type::Structure(name) => match self.environment.field(name, field) {
                Some(found) => found,
                None => self.wrong(at, || format!("there is no field `{field}`")),
            },
            Type::Variable(_) => {
                self.bindings.assignable(&Type::Dyn, &target);
                Type::Dyn
            }
            Type::Dyn | Type::Error => Type::Dyn,
            other => {
                let other = other.clone();
                self.wrong(at, || format!("a value of type `{other}` has no field `{field}`"));
                Type::Dyn
            }
        };
        if wrapped { Type::optional(found) } else { found }
    }

    fn call(&mut self, at: usize, function: &str, target: Option<&Expression>, arguments: &[Expression]) -> Type {
        let format = target.is_some() && function == "format";
        self.formatting += usize::from(format);
        let mut types: Vec<Type> = arguments.iter().map(|argument| self.check(argument)).collect();
        self.formatting -= usize::from(format);
        self.literals(function, arguments);
        if matches!(function, "_&&_" | "_||_") {
            for (argument, found) in arguments.iter().zip(&types) {
                if !self.bindings.assignable(found, &Type::Bool) {
                    self.mismatch(argument.at, &Type::Bool, found);
                    return Type::Error;
                }
            }
            return Type::Bool;
        }
        let name = function.strip_prefix('.').unwrap_or(function);
        let Some(target) = target else {
            return self.resolve(at, name, false, &types);
        };
        if let Some(prefix) = qualified(target) {
            let prefix = prefix.strip_prefix('.').unwrap_or(&prefix);
            let full = format!("{prefix}.{function}");
            if self.is_declared(&full) {
                return self.resolve(at, &full, false, &types);
            }
        }
        types.insert(0, self.check(target));
        self.resolve(at, name, true, &types)
    }

    fn is_known(&self, overload: &Overload) -> bool {
        overload.since <= self.environment.minor() && (!overload.mutating || self.environment.can_make("JSONPatch"))
    }

    fn is_declared(&self, name: &str) -> bool {
        functions::overloads(name).iter().any(|overload| self.is_known(overload))
    }

    /// `resolveOverload`.
    fn resolve(&mut self, at: usize, name: &str, method: bool, given: &[Type]) -> Type {
        if !self.is_declared(name) {
            return self.wrong(at, || format!("there is no function `{}`", readable(name)));
        }
        let mut result: Option<Type> = None;
        for overload in functions::overloads(name) {
            if overload.method != method || !self.is_known(overload) {
                continue;
            }
            let variables: Vec<usize> = (0..overload.variables).map(|_| self.bindings.fresh()).collect();
            let wanted: Vec<Type> = overload.arguments.iter().map(|one| renamed(one, &variables)).collect();
            if !self.bindings.all_assignable(given, &wanted) {
                continue;
            }
            let found = self.bindings.resolved(&renamed(&overload.result, &variables), false);
            result = Some(match result {
                None => found,
                Some(before) if before == Type::Dyn || before == found => before,
                Some(_) => Type::Dyn,
            });
        }
        if let Some(result) = result {
            return result;
        }
        let given: Vec<String> = given.iter().map(|one| self.bindings.resolved(one, true).to_string()).collect();
        self.wrong(at, || {
            let given: Vec<String> = given.iter().map(|one| format!("`{one}`")).collect();
            format!("`{}` cannot be used with {}", readable(name), given.join(" and "))
        })
    }

    fn mismatch(&mut self, at: usize, wanted: &Type, found: &Type) {
        let (wanted, found) = (self.bindings.resolved(wanted, true), self.bindings.resolved(found, true));
        self.wrong(at, || format!("a value of type `{wanted}` is needed, and this is `{found}`"));
    }

    /// The type of two values of a list or map; whether they may be mixed is asked in the end.
    fn joined(&mut self, before: Option<Type>, next: Type) -> Type {
        match before {
            None => next,
            Some(before) if self.bindings.assignable(&before, &next) => more_general(&before, &next),
            Some(_) => Type::Dyn,
        }
    }

    fn item(&mut self, item: &Item) -> Type {
        let found = self.check(&item.value);
        if !item.optional {
            return found;
        }
        if let Some(inner) = found.of_optional() {
            return inner.clone();
        }
        if found != Type::Dyn {
            let wanted = Type::optional(found.clone());
            self.mismatch(item.value.at, &wanted, &found);
        }
        found
    }

    fn list(&mut self, items: &[Item]) -> Type {
        let (mut all, mut alike) = (None, Vec::new());
        for item in items {
            let found = self.item(item);
            alike.push((item.value.at, found.clone()));
            all = Some(self.joined(all, found));
        }
        self.must_be_alike(alike);
        Type::list(all.unwrap_or_else(|| Type::Variable(self.bindings.fresh())))
    }

    fn map(&mut self, entries: &[(Expression, Item)]) -> Type {
        let (mut keys, mut values) = (None, None);
        let (mut alike_keys, mut alike_values) = (Vec::new(), Vec::new());
        for (key, item) in entries {
            let found = self.check(key);
            alike_keys.push((key.at, found.clone()));
            keys = Some(self.joined(keys, found));
            let found = self.item(item);
            alike_values.push((item.value.at, found.clone()));
            values = Some(self.joined(values, found));
        }
        self.must_be_alike(alike_keys);
        self.must_be_alike(alike_values);
        let mut known = |side: Option<Type>| side.unwrap_or_else(|| Type::Variable(self.bindings.fresh()));
        Type::map(known(keys), known(values))
    }

    fn must_be_alike(&mut self, values: Vec<(usize, Type)>) {
        if self.formatting == 0 && values.len() > 1 {
            self.alike.push(values);
        }
    }

    /// `ValidateHomogeneousAggregateLiterals`, which does not take `dyn` for another type.
    fn all_alike(&mut self) {
        for values in std::mem::take(&mut self.alike) {
            let mut types = values.iter().map(|(at, found)| (*at, self.bindings.resolved(found, true)));
            let Some((_, first)) = types.next() else { continue };
            let other = types.find(|(_, other)| *other != first);
            if let Some((at, other)) = other {
                self.mismatch(at, &first, &other);
            }
        }
    }

    fn structure(&mut self, at: usize, name: &str, fields: &[(String, Item)]) -> Type {
        let plain = name.strip_prefix('.').unwrap_or(name);
        let known = self.environment.can_make(plain);
        for (field, item) in fields {
            let found = self.item(item);
            let wanted = if known { self.environment.field(plain, field) } else { Some(Type::Dyn) };
            match wanted {
                Some(wanted) if self.bindings.assignable(&wanted, &found) => {}
                Some(wanted) => self.mismatch(item.value.at, &wanted, &found),
                None => {
                    self.wrong(item.value.at, || format!("there is no field `{field}`"));
                }
            }
        }
        if known {
            return Type::structure(plain);
        }
        // The messages of protocol buffers, which nobody needs here, are not known to this checker.
        if plain.starts_with("google.") || plain.starts_with("kubernetes.") {
            return Type::Dyn;
        }
        self.wrong(at, || format!("there is no type `{name}`"))
    }

    /// `checkComprehension`.
    fn comprehension(&mut self, inner: &Comprehension) -> Type {
        let range = self.check(&inner.range);
        let start = self.check(&inner.start);
        let range = self.bindings.resolved(&range, false);
        let (first, second) = match &range {
            Type::List(item) if inner.second.is_some() => (Type::Int, (**item).clone()),
            Type::List(item) => ((**item).clone(), Type::Dyn),
            Type::Map(entry) => (entry.0.clone(), entry.1.clone()),
            Type::Variable(_) => {
                self.bindings.assignable(&Type::Dyn, &range);
                (Type::Dyn, Type::Dyn)
            }
            Type::Dyn | Type::Error => (Type::Dyn, Type::Dyn),
            other => {
                let other = other.clone();
                self.wrong(inner.range.at, || format!("a value of type `{other}` is no list or map to go through"));
                (Type::Error, Type::Error)
            }
        };
        let scopes = self.scopes.len();
        self.scopes.push(("@result".to_owned(), start.clone()));
        self.scopes.push((inner.variable.clone(), first));
        if let Some(name) = &inner.second {
            self.scopes.push((name.clone(), second));
        }
        let step = self.check(&inner.step);
        if !self.bindings.assignable(&start, &step) {
            self.mismatch(inner.step.at, &start, &step);
        }
        self.scopes.truncate(scopes + 1);
        let outcome = self.check(&inner.outcome);
        self.scopes.truncate(scopes);
        self.bindings.resolved(&outcome, false)
    }

    /// Texts that must make sense when the expression is compiled (`ValidateDurationLiterals` and so on).
    fn literals(&mut self, function: &str, arguments: &[Expression]) {
        let Some(Expression { at, kind: Kind::Text(text), .. }) = arguments.first() else { return };
        let message = match function {
            "duration" if duration::parse(text).is_err() => "is no duration, as `90s` would be".to_owned(),
            "timestamp" if !time::is_time(text) => "is no time, as `2025-01-31T12:00:00Z` would be".to_owned(),
            "matches" => match regexp::problem(text) {
                Some(problem) => format!("is no regular expression: {problem}"),
                None => return,
            },
            _ => return,
        };
        self.wrong(*at, || format!("`{text}` {message}"));
    }
}

/// The name that a chain of fields may be (`computeQualifiers`).
fn qualified(expression: &Expression) -> Option<String> {
    match &expression.kind {
        Kind::Name(name) => Some(name.clone()),
        Kind::Select { operand, field, test: false } => Some(format!("{}.{field}", qualified(operand)?)),
        _ => None,
    }
}

/// The names of types are values of their own.
fn type_called(name: &str) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "bytes" => Type::Bytes,
        "double" => Type::Double,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "string" => Type::Text,
        "null_type" => Type::Null,
        "list" => Type::list(Type::Dyn),
        "map" => Type::map(Type::Dyn, Type::Dyn),
        "type" => Type::OfTypes(Arc::new(Type::Dyn)),
        "google.protobuf.Duration" => Type::Duration,
        "google.protobuf.Timestamp" => Type::Timestamp,
        _ if name.starts_with("google.") || name.starts_with("kubernetes.") => Type::Dyn,
        "net.IP" | "net.CIDR" | "optional_type" => Type::opaque(name),
        _ => return None,
    })
}

/// The operators by their signs.
fn readable(name: &str) -> String {
    match name {
        "_?_:_" => "? :".to_owned(),
        "_[_]" => "[]".to_owned(),
        "_[?_]" => "[?]".to_owned(),
        "@in" => "in".to_owned(),
        "@sortByAssociatedKeys" => "sortBy".to_owned(),
        "cel.@mapInsert" => "transformMap".to_owned(),
        _ => name.trim_matches('_').to_owned(),
    }
}

/// The type with the variables of the table replaced by those of the checker.
fn renamed(given: &Type, variables: &[usize]) -> Type {
    match given {
        Type::Variable(number) => Type::Variable(variables[*number]),
        Type::List(item) => Type::list(renamed(item, variables)),
        Type::Map(entry) => Type::map(renamed(&entry.0, variables), renamed(&entry.1, variables)),
        Type::OfTypes(inner) => Type::OfTypes(Arc::new(renamed(inner, variables))),
        Type::Opaque(name, Some(inner)) => Type::Opaque(Arc::clone(name), Some(Arc::new(renamed(inner, variables)))),
        _ => given.clone(),
    }
}
