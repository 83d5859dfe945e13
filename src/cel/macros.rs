//! What macros stand for (`parser/macro.go`, `cel/library.go` and `ext/` of cel-go).

use super::Problem;
use super::parser::{Comprehension, Expression, Item, Kind};

/// The variable in which the outcome of a loop is collected.
const RESULT: &str = "@result";
/// Another name that it may have, which a loop cannot take.
const OLD_RESULT: &str = "__result__";
/// The variables that `optMap` and `sortBy` need for themselves.
const OPTIONAL: &str = "@optional";
const SORTED: &str = "@sorted";

/// The minor version from which on expressions may use the functions for lists.
const SORT_SINCE: u16 = 34;

/// A call of a function, or what it stands for if it is a macro.
pub(super) fn expand(at: usize, name: String, mut arguments: Vec<Expression>) -> Result<Expression, Problem> {
    if name != "has" || arguments.len() != 1 {
        return Ok(Expression::call(at, name, arguments));
    }
    let argument = arguments.remove(0);
    match argument.kind {
        Kind::Select { operand, field, .. } => {
            Ok(Expression::new(argument.at, Kind::Select { operand, field, test: true }))
        }
        _ => Err(Problem::new(argument.at, "`has` asks about a field, as in `has(self.name)`")),
    }
}

/// A call of a method, or what it stands for if it is a macro. `minor` is the version whose macros are known.
pub(super) fn expand_member(
    at: usize,
    name: String,
    target: Box<Expression>,
    arguments: Vec<Expression>,
    minor: u16,
) -> Result<Expression, Problem> {
    let count = arguments.len();
    let mut loop_over = Loop { at, target, arguments };
    match (name.as_str(), count) {
        ("all" | "exists", 2 | 3) => {
            let (start, step) = (Kind::Bool, if name == "all" { "_&&_" } else { "_||_" });
            let test = loop_over.last();
            let step = Expression::call(at, step, vec![Expression::name(at, RESULT), test]);
            loop_over.finish(start, step, Expression::name(at, RESULT))
        }
        ("exists_one", 2 | 3) | ("existsOne", 3) => {
            let test = loop_over.last();
            let more = Expression::call(at, "_+_", vec![Expression::name(at, RESULT), Expression::new(at, Kind::Int)]);
            let step = Expression::call(at, "_?_:_", vec![test, more, Expression::name(at, RESULT)]);
            let outcome =
                Expression::call(at, "_==_", vec![Expression::name(at, RESULT), Expression::new(at, Kind::Int)]);
            loop_over.finish(Kind::Int, step, outcome)
        }
        ("filter", 2) => {
            let test = loop_over.last();
            let item = loop_over.arguments[0].clone();
            let step = conditional(at, Some(test), appended(at, item));
            loop_over.finish(Kind::List(Vec::new()), step, Expression::name(at, RESULT))
        }
        ("map", 2 | 3) => {
            let item = loop_over.last();
            let test = if count == 3 { Some(loop_over.last()) } else { None };
            let step = conditional(at, test, appended(at, item));
            loop_over.finish(Kind::List(Vec::new()), step, Expression::name(at, RESULT))
        }
        ("transformList", 3 | 4) => {
            let item = loop_over.last();
            let test = if count == 4 { Some(loop_over.last()) } else { None };
            let step = conditional(at, test, appended(at, item));
            loop_over.finish(Kind::List(Vec::new()), step, Expression::name(at, RESULT))
        }
        ("transformMap" | "transformMapEntry", 3 | 4) => {
            let item = loop_over.last();
            let test = if count == 4 { Some(loop_over.last()) } else { None };
            let mut arguments = vec![Expression::name(at, RESULT)];
            if name == "transformMap" {
                arguments.push(loop_over.arguments[0].clone());
            }
            arguments.push(item);
            let step = conditional(at, test, Expression::call(at, "cel.@mapInsert", arguments));
            loop_over.finish(Kind::Map(Vec::new()), step, Expression::name(at, RESULT))
        }
        ("optMap" | "optFlatMap", 2) => optional(loop_over, name == "optMap"),
        ("sortBy", 2) if minor >= SORT_SINCE => sorted(loop_over),
        _ => {
            let Loop { target, arguments, .. } = loop_over;
            Ok(Expression::new(at, Kind::Call { function: name.into(), target: Some(target), arguments }))
        }
    }
}

/// A macro that goes through a list or map. What is left of the arguments are the names of the variables.
struct Loop {
    at: usize,
    target: Box<Expression>,
    arguments: Vec<Expression>,
}

impl Loop {
    fn last(&mut self) -> Expression {
        self.arguments.pop().unwrap_or_else(|| Expression::new(self.at, Kind::Null))
    }

    fn finish(self, start: Kind, step: Expression, outcome: Expression) -> Result<Expression, Problem> {
        let mut names = Vec::new();
        for argument in &self.arguments {
            let name = variable(argument)?;
            if names.contains(&name) {
                return Err(Problem::new(argument.at, format!("two variables are called `{name}`")));
            }
            names.push(name);
        }
        let mut names = names.into_iter();
        let comprehension = Comprehension {
            range: *self.target,
            variable: names.next().unwrap_or_default(),
            second: names.next(),
            start: Expression::new(self.at, start),
            step,
            outcome,
        };
        Ok(Expression::new(self.at, Kind::Comprehension(Box::new(comprehension))))
    }
}

/// The name of a variable of a loop.
fn variable(argument: &Expression) -> Result<String, Problem> {
    match &argument.kind {
        Kind::Name(name) if name == RESULT || name == OLD_RESULT => {
            Err(Problem::new(argument.at, format!("a variable cannot be called `{name}`")))
        }
        Kind::Name(name) => Ok(name.clone()),
        _ => Err(Problem::new(argument.at, "the variable of a macro must be a simple name")),
    }
}

/// The outcome so far with one more item.
fn appended(at: usize, item: Expression) -> Expression {
    let list = Expression::new(at, Kind::List(vec![Item { optional: false, value: item }]));
    Expression::call(at, "_+_", vec![Expression::name(at, RESULT), list])
}

/// The step, or the outcome so far where the test fails.
fn conditional(at: usize, test: Option<Expression>, step: Expression) -> Expression {
    match test {
        Some(test) => Expression::call(at, "_?_:_", vec![test, step, Expression::name(at, RESULT)]),
        None => step,
    }
}

/// `target.optMap(v, e)`: `e` with the value of `target` as `v`, if it has one.
fn optional(mut from: Loop, wrapped: bool) -> Result<Expression, Problem> {
    let at = from.at;
    let body = from.last();
    let name = variable(&from.last())?;
    let method = |function: &'static str| {
        let target = Some(Box::new(Expression::name(at, OPTIONAL)));
        Expression::new(at, Kind::Call { function: function.into(), target, arguments: Vec::new() })
    };
    let inner = bind(at, name, method("value"), body);
    let some = if wrapped { Expression::call(at, "optional.of", vec![inner]) } else { inner };
    let none = Expression::call(at, "optional.none", Vec::new());
    let body = Expression::call(at, "_?_:_", vec![method("hasValue"), some, none]);
    Ok(bind(at, OPTIONAL.to_owned(), *from.target, body))
}

/// `target.sortBy(v, key)`: the items in the order of their keys.
fn sorted(mut from: Loop) -> Result<Expression, Problem> {
    let at = from.at;
    if !matches!(
        from.target.kind,
        Kind::List(_)
            | Kind::Select { .. }
            | Kind::OptionalSelect { .. }
            | Kind::Name(_)
            | Kind::Comprehension(_)
            | Kind::Bind { .. }
            | Kind::Call { .. }
    ) {
        return Err(Problem::new(from.target.at, "`sortBy` sorts lists"));
    }
    let key = from.last();
    let step = appended(at, key);
    let list = std::mem::replace(&mut from.target, Box::new(Expression::name(at, SORTED)));
    let keys = from.finish(Kind::List(Vec::new()), step, Expression::name(at, RESULT))?;
    let target = Some(Box::new(Expression::name(at, SORTED)));
    let function = "@sortByAssociatedKeys".into();
    let body = Expression::new(at, Kind::Call { function, target, arguments: vec![keys] });
    Ok(bind(at, SORTED.to_owned(), *list, body))
}

fn bind(at: usize, variable: String, value: Expression, body: Expression) -> Expression {
    Expression::new(at, Kind::Bind { variable, value: Box::new(value), body: Box::new(body) })
}
