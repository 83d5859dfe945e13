//! From tokens to an expression (parser rules of cel-go's `CEL.g4`).

use std::borrow::Cow;

use super::lexer::{Token, tokens};
use super::{Problem, macros};

/// An expression, with the place of the token that makes it what it is.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) at: usize,
    /// How deep operators and calls are nested.
    pub(super) depth: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text(String),
    Bytes,
    Name(String),
    Select {
        operand: Box<Expression>,
        field: String,
        /// Only asked whether it is there, by `has`.
        test: bool,
    },
    OptionalSelect {
        operand: Box<Expression>,
        field: String,
    },
    Call {
        function: Cow<'static, str>,
        target: Option<Box<Expression>>,
        arguments: Vec<Expression>,
    },
    List(Vec<Item>),
    Map(Vec<(Expression, Item)>),
    Structure {
        name: String,
        fields: Vec<(String, Item)>,
    },
    Comprehension(Box<Comprehension>),
    /// A value that has a name in another expression.
    Bind {
        variable: String,
        value: Box<Expression>,
        body: Box<Expression>,
    },
}

/// Something in a list, map or structure; if it is optional, its value must be.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) optional: bool,
    pub(super) value: Expression,
}

/// What macros such as `all` and `map` stand for: a loop over `range` that changes `result` by `step`.
#[derive(Clone, Debug)]
pub(super) struct Comprehension {
    pub(super) range: Expression,
    pub(super) variable: String,
    pub(super) second: Option<String>,
    pub(super) start: Expression,
    pub(super) step: Expression,
    pub(super) outcome: Expression,
}

/// How deep expressions may be nested (`maxRecursionDepth`).
const DEPTH_LIMIT: usize = 250;

/// How many characters an expression may have (`expressionSizeCodePointLimit`).
const SIZE_LIMIT: usize = 100_000;

/// The operators between two operands, and how strongly they bind.
const OPERATORS: [(&str, &str, u8); 14] = [
    ("||", "_||_", 0),
    ("&&", "_&&_", 1),
    ("==", "_==_", 2),
    ("!=", "_!=_", 2),
    ("<", "_<_", 2),
    ("<=", "_<=_", 2),
    (">", "_>_", 2),
    (">=", "_>=_", 2),
    ("in", "@in", 2),
    ("+", "_+_", 3),
    ("-", "_-_", 3),
    ("*", "_*_", 4),
    ("/", "_/_", 4),
    ("%", "_%_", 4),
];

/// Words that cannot be names of variables and functions.
pub(super) const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

pub(super) fn parse(source: &str, minor: u16) -> Result<Expression, Problem> {
    if source.chars().count() > SIZE_LIMIT {
        return Err(Problem::new(0, format!("the expression has more than {SIZE_LIMIT} characters")));
    }
    let mut parser = Parser { tokens: tokens(source)?, next: 0, nesting: 0, minor };
    let expression = parser.expression()?;
    if *parser.peek() != Token::End {
        return Err(parser.unexpected());
    }
    Ok(expression)
}

impl Expression {
    pub(super) fn new(at: usize, kind: Kind) -> Self {
        Self { at, depth: kind.depth(), kind }
    }

    /// A call of a function or operator.
    pub(super) fn call(at: usize, function: impl Into<Cow<'static, str>>, arguments: Vec<Expression>) -> Self {
        Self::new(at, Kind::Call { function: function.into(), target: None, arguments })
    }

    pub(super) fn name(at: usize, name: impl Into<String>) -> Self {
        Self::new(at, Kind::Name(name.into()))
    }
}

impl Kind {
    fn depth(&self) -> usize {
        let deepest = |expressions: &[Expression]| expressions.iter().map(|one| one.depth).max().unwrap_or(0);
        match self {
            Kind::Select { operand, .. } | Kind::OptionalSelect { operand, .. } => operand.depth + 1,
            // `&&` and `||` are not nested, however many there are.
            Kind::Call { function, arguments, .. } if matches!(&**function, "_&&_" | "_||_" | "!_" | "-_") => {
                deepest(arguments)
            }
            Kind::Call { target, arguments, .. } => {
                deepest(arguments).max(target.as_ref().map_or(0, |target| target.depth)) + 1
            }
            Kind::List(items) => items.iter().map(|item| item.value.depth).max().unwrap_or(0),
            Kind::Map(entries) => entries.iter().map(|(key, item)| key.depth.max(item.value.depth)).max().unwrap_or(0),
            Kind::Structure { fields, .. } => fields.iter().map(|(_, item)| item.value.depth).max().unwrap_or(0),
            Kind::Comprehension(inner) => inner.range.depth.max(inner.step.depth),
            Kind::Bind { value, body, .. } => value.depth.max(body.depth),
            _ => 0,
        }
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    nesting: usize,
    minor: u16,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].1
    }

    fn at(&self) -> usize {
        self.tokens[self.next].0
    }

    fn after(&self, distance: usize) -> &Token {
        &self.tokens[(self.next + distance).min(self.tokens.len() - 1)].1
    }

    /// Goes past the sign, if it comes next.
    fn accept(&mut self, sign: &str) -> bool {
        let found = *self.peek() == Token::Sign(self.known(sign));
        self.next += usize::from(found);
        found
    }

    fn known(&self, sign: &str) -> &'static str {
        match self.peek() {
            Token::Sign(next) if *next == sign => next,
            _ => "",
        }
    }

    fn expect(&mut self, sign: &str) -> Result<(), Problem> {
        if self.accept(sign) {
            return Ok(());
        }
        let mut problem = self.unexpected();
        problem.message = format!("{}, where `{sign}` is needed", problem.message);
        Err(problem)
    }

    fn unexpected(&self) -> Problem {
        let what = match self.peek() {
            Token::Name(name) => format!("unexpected `{name}`"),
            Token::Sign(sign) => format!("unexpected `{sign}`"),
            Token::Int(_) | Token::Uint(_) | Token::Double => "unexpected number".to_owned(),
            Token::Text(_) | Token::Bytes => "unexpected text".to_owned(),
            Token::End => "the expression is not finished".to_owned(),
        };
        Problem::new(self.at(), what)
    }

    fn limited(expression: Expression) -> Result<Expression, Problem> {
        if expression.depth > DEPTH_LIMIT {
            return Err(Problem::new(expression.at, "the expression is nested too deeply"));
        }
        Ok(expression)
    }

    /// `expr`.
    fn expression(&mut self) -> Result<Expression, Problem> {
        self.nesting += 1;
        if self.nesting > DEPTH_LIMIT {
            return Err(Problem::new(self.at(), "the expression is nested too deeply"));
        }
        let condition = self.binary(0)?;
        let at = self.at();
        let expression = if self.accept("?") {
            let yes = self.binary(0)?;
            self.expect(":")?;
            let no = self.expression()?;
            Self::limited(Expression::call(at, "_?_:_", vec![condition, yes, no]))?
        } else {
            condition
        };
        self.nesting -= 1;
        Ok(expression)
    }

    /// Operands between operators that bind at least as strongly as `least`, from left to right.
    fn binary(&mut self, least: u8) -> Result<Expression, Problem> {
        let mut left = self.unary()?;
        loop {
            let at = self.at();
            let Some((_, function, strength)) = OPERATORS.iter().find(|(sign, ..)| *self.peek() == Token::Sign(sign))
            else {
                return Ok(left);
            };
            if *strength < least {
                return Ok(left);
            }
            self.next += 1;
            let right = self.binary(strength + 1)?;
            left = match left.kind {
                // However many there are, they are not nested.
                Kind::Call { function: before, target: None, mut arguments }
                    if before == *function && matches!(*function, "_&&_" | "_||_") =>
                {
                    arguments.push(right);
                    Expression::call(left.at, before, arguments)
                }
                kind => {
                    let left = Expression { kind, ..left };
                    Self::limited(Expression::call(at, *function, vec![left, right]))?
                }
            };
        }
    }

    fn unary(&mut self) -> Result<Expression, Problem> {
        let at = self.at();
        for (sign, function) in [("!", "!_"), ("-", "-_")] {
            let mut count = 0_usize;
            while self.known(sign) == sign {
                // The sign of a number is part of it.
                if sign == "-" && matches!(self.after(1), Token::Int(_) | Token::Double) {
                    break;
                }
                self.next += 1;
                count += 1;
            }
            if count > 0 {
                let operand = self.member()?;
                return Ok(if count.is_multiple_of(2) {
                    operand
                } else {
                    Expression::call(at, function, vec![operand])
                });
            }
        }
        self.member()
    }

    fn member(&mut self) -> Result<Expression, Problem> {
        let mut operand = self.primary()?;
        loop {
            let at = self.at();
            if self.accept(".") {
                let optional = self.accept("?");
                let Token::Name(name) = self.peek().clone() else { return Err(self.unexpected()) };
                self.next += 1;
                let target = Box::new(operand);
                operand = if optional {
                    Expression::new(at, Kind::OptionalSelect { operand: target, field: name })
                } else if self.known("(") == "(" {
                    let at = self.at();
                    let arguments = self.arguments()?;
                    macros::expand_member(at, name, target, arguments, self.minor)?
                } else {
                    Expression::new(at, Kind::Select { operand: target, field: name, test: false })
                };
            } else if self.accept("[") {
                let function = if self.accept("?") { "_[?_]" } else { "_[_]" };
                let index = self.expression()?;
                self.expect("]")?;
                operand = Expression::call(at, function, vec![operand, index]);
            } else {
                return Ok(operand);
            }
            operand = Self::limited(operand)?;
        }
    }

    /// The arguments of a call, in parentheses.
    fn arguments(&mut self) -> Result<Vec<Expression>, Problem> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        if self.accept(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            if !self.accept(",") {
                self.expect(")")?;
                return Ok(arguments);
            }
        }
    }

    fn primary(&mut self) -> Result<Expression, Problem> {
        let at = self.at();
        let dot = matches!((self.peek(), self.after(1)), (Token::Sign("."), Token::Name(_)));
        self.next += usize::from(dot);
        if let Token::Name(name) = self.peek().clone() {
            return self.named(at, &name, dot);
        }
        if self.accept("(") {
            let inner = self.expression()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.accept("[") {
            return self.list(at);
        }
        if self.accept("{") {
            return self.map(at);
        }
        self.literal()
    }

    fn named(&mut self, at: usize, name: &str, dot: bool) -> Result<Expression, Problem> {
        let prefix = if dot { "." } else { "" };
        if let Some((structure, length)) = self.structure_name() {
            self.next += length;
            return self.structure(at, format!("{prefix}{structure}"));
        }
        if RESERVED.contains(&name) {
            return Err(Problem::new(at, format!("`{name}` is a reserved word, which cannot stand here")));
        }
        self.next += 1;
        let name = format!("{prefix}{name}");
        if self.known("(") == "(" {
            let arguments = self.arguments()?;
            return Self::limited(macros::expand(at, name, arguments)?);
        }
        Ok(Expression::name(at, name))
    }

    /// The name before a brace, and how many tokens it has.
    fn structure_name(&self) -> Option<(String, usize)> {
        let mut name = String::new();
        let mut length = 0;
        while let Token::Name(part) = self.after(length) {
            name.push_str(part);
            match self.after(length + 1) {
                Token::Sign("{") => return Some((name, length + 1)),
                Token::Sign(".") => name.push('.'),
                _ => return None,
            }
            length += 2;
        }
        None
    }

    fn structure(&mut self, at: usize, name: String) -> Result<Expression, Problem> {
        self.expect("{")?;
        let mut fields = Vec::new();
        while self.known("}") != "}" {
            let optional = self.accept("?");
            let Token::Name(field) = self.peek().clone() else { break };
            self.next += 1;
            self.expect(":")?;
            let value = self.expression()?;
            fields.push((field, Item { optional, value }));
            if !self.accept(",") {
                break;
            }
        }
        self.expect("}")?;
        Ok(Expression::new(at, Kind::Structure { name, fields }))
    }

    fn list(&mut self, at: usize) -> Result<Expression, Problem> {
        let mut items = Vec::new();
        while self.known("]") != "]" {
            let optional = self.accept("?");
            let value = self.expression()?;
            items.push(Item { optional, value });
            if !self.accept(",") {
                break;
            }
        }
        self.expect("]")?;
        Ok(Expression::new(at, Kind::List(items)))
    }

    fn map(&mut self, at: usize) -> Result<Expression, Problem> {
        let mut entries = Vec::new();
        while self.known("}") != "}" {
            let optional = self.accept("?");
            let key = self.expression()?;
            self.expect(":")?;
            let value = self.expression()?;
            entries.push((key, Item { optional, value }));
            if !self.accept(",") {
                break;
            }
        }
        self.expect("}")?;
        Ok(Expression::new(at, Kind::Map(entries)))
    }

    fn literal(&mut self) -> Result<Expression, Problem> {
        let at = self.at();
        let negative = self.known("-") == "-" && matches!(self.after(1), Token::Int(_) | Token::Double);
        self.next += usize::from(negative);
        let kind = match self.peek() {
            Token::Int(value) if *value > i64::MAX.unsigned_abs() + u64::from(negative) => {
                return Err(Problem::new(at, "the number is too large"));
            }
            Token::Int(_) => Kind::Int,
            Token::Uint(_) => Kind::Uint,
            Token::Double => Kind::Double,
            Token::Text(text) => Kind::Text(text.clone()),
            Token::Bytes => Kind::Bytes,
            Token::Sign("true" | "false") => Kind::Bool,
            Token::Sign("null") => Kind::Null,
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(Expression::new(at, kind))
    }
}
