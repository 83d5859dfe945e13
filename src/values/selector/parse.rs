//! The text form of label selectors.
//!
//! Mirrors `Lexer` and `Parser` in k8s.io/apimachinery/pkg/labels/selector.go (v1.36), oddities included:
//! `a in ()` is a set with one empty string, `in` and `notin` are keys where a key is expected, and a
//! NUL ends the text wherever a token could start.

use std::collections::BTreeSet;

use super::{Operator, Requirement, SelectorError};
use crate::values::names;

pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    let mut tokens = Tokens { tokens: lex(text), position: 0 };
    let mut requirements = Vec::new();
    loop {
        match tokens.peek() {
            Token::Word(_) | Token::Symbol("!") => {}
            Token::End if requirements.is_empty() => return Ok(requirements),
            _ => return Err(tokens.unexpected("a key or `!`")),
        }
        requirements.push(parse_requirement(&mut tokens)?);
        match tokens.peek() {
            Token::End => return Ok(requirements),
            Token::Symbol(",") => tokens.next(),
            _ => return Err(tokens.unexpected("`,` or the end")),
        }
    }
}

fn parse_requirement(tokens: &mut Tokens) -> Result<Requirement, SelectorError> {
    let absent = tokens.take("!");
    let Token::Word(key) = tokens.peek() else {
        return Err(tokens.unexpected("a key"));
    };
    tokens.next();
    if let Some(problem) = names::qualified_name(key).into_iter().next() {
        return Err(SelectorError::Key { key: key.to_owned(), problem: problem.to_string() });
    }
    let (operator, values) = if absent {
        (Operator::DoesNotExist, BTreeSet::new())
    } else if matches!(tokens.peek(), Token::End | Token::Symbol(",")) {
        (Operator::Exists, BTreeSet::new())
    } else {
        let operator = parse_operator(tokens)?;
        let set = matches!(operator, Operator::In | Operator::NotIn);
        (operator, if set { parse_values(tokens)? } else { parse_value(tokens)? })
    };
    let values = values.into_iter().map(str::to_owned).collect();
    let requirement = Requirement { key: key.to_owned(), operator, values };
    requirement.check().map(|()| requirement)
}

fn parse_operator(tokens: &mut Tokens) -> Result<Operator, SelectorError> {
    let operator = match tokens.peek() {
        Token::Word("in") => Operator::In,
        Token::Word("notin") => Operator::NotIn,
        Token::Symbol("=") => Operator::Equals,
        Token::Symbol("==") => Operator::DoubleEquals,
        Token::Symbol("!=") => Operator::NotEquals,
        Token::Symbol(">") => Operator::GreaterThan,
        Token::Symbol("<") => Operator::LessThan,
        _ => return Err(tokens.unexpected("`in`, `notin`, `=`, `==`, `!=`, `>` or `<`")),
    };
    tokens.next();
    Ok(operator)
}

/// The one value behind an operator such as `=`, which may be empty.
fn parse_value<'a>(tokens: &mut Tokens<'a>) -> Result<BTreeSet<&'a str>, SelectorError> {
    match tokens.peek() {
        Token::End | Token::Symbol(",") => Ok(BTreeSet::from([""])),
        Token::Word(value) => {
            tokens.next();
            Ok(BTreeSet::from([value]))
        }
        Token::Symbol(_) => Err(tokens.unexpected("a value")),
    }
}

/// Values in parentheses. Between commas, and before and after them, a missing value is an empty one.
fn parse_values<'a>(tokens: &mut Tokens<'a>) -> Result<BTreeSet<&'a str>, SelectorError> {
    if !tokens.take("(") {
        return Err(tokens.unexpected("`(`"));
    }
    let mut values = BTreeSet::new();
    loop {
        match tokens.peek() {
            Token::Word(value) => {
                values.insert(value);
                tokens.next();
                if !matches!(tokens.peek(), Token::Symbol("," | ")")) {
                    return Err(tokens.unexpected("`,` or `)`"));
                }
                if tokens.take(")") {
                    return Ok(values);
                }
                tokens.next();
                if matches!(tokens.peek(), Token::Symbol("," | ")")) {
                    values.insert("");
                }
            }
            Token::Symbol(",") => {
                values.insert("");
                tokens.next();
            }
            Token::Symbol(")") => {
                if values.is_empty() {
                    values.insert("");
                }
                tokens.next();
                return Ok(values);
            }
            _ => return Err(tokens.unexpected("a value, `,` or `)`")),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// A key, a value, or the operators `in` and `notin`, depending on where it stands.
    Word(&'a str),
    Symbol(&'static str),
    End,
}

struct Tokens<'a> {
    tokens: Vec<Token<'a>>,
    position: usize,
}

impl<'a> Tokens<'a> {
    fn peek(&self) -> Token<'a> {
        self.tokens.get(self.position).copied().unwrap_or(Token::End)
    }

    fn next(&mut self) {
        self.position += 1;
    }

    fn take(&mut self, symbol: &'static str) -> bool {
        let found = self.peek() == Token::Symbol(symbol);
        if found {
            self.next();
        }
        found
    }

    fn unexpected(&self, expected: &'static str) -> SelectorError {
        let found = match self.peek() {
            Token::Word(text) | Token::Symbol(text) => text.to_owned(),
            Token::End => String::new(),
        };
        SelectorError::Syntax { found, expected }
    }
}

/// Longer symbols come before their beginnings.
const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];

fn lex(text: &str) -> Vec<Token<'_>> {
    let is_space = |it: char| matches!(it, ' ' | '\t' | '\r' | '\n');
    let ends_word = |it: char| is_space(it) || it == '\0' || "=!(),><".contains(it);
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(is_space);
        if rest.is_empty() || rest.starts_with('\0') {
            return tokens;
        }
        if let Some(symbol) = SYMBOLS.into_iter().find(|it| rest.starts_with(it)) {
            tokens.push(Token::Symbol(symbol));
            rest = &rest[symbol.len()..];
        } else {
            let (word, behind) = rest.split_at(rest.find(ends_word).unwrap_or(rest.len()));
            tokens.push(Token::Word(word));
            rest = behind;
        }
        // A NUL right behind a token is read with it and does not end the text.
        rest = rest.strip_prefix('\0').unwrap_or(rest);
    }
}
