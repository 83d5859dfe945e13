//! JSON input: one or more objects back to back, read into the same events as YAML.

use std::borrow::Cow;
use std::sync::Arc;

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::Document;
use super::build;
use super::events::Event;
use crate::source::{FileId, Span};

/// kubectl takes a stream for JSON when its first byte that is not blank is `{`.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
}

/// Reads a stream of JSON objects; `None` if it is not JSON after all, and is to be read as YAML.
pub(super) fn read(file: FileId, text: &Arc<str>) -> Option<Vec<Document>> {
    let pieces = objects(text)?;
    let parsed: Option<Vec<_>> = pieces
        .iter()
        .map(|span| {
            let tree = parse_to_ast(&text[span.range()], &CollectOptions::default(), &strict()).ok()?;
            Some((*span, tree.value?))
        })
        .collect();
    let documents = parsed?.into_iter().enumerate().map(|(index, (span, value))| {
        build::from_events(file, index, text, span, |sink| emit(&value, span.start as usize, sink))
    });
    Some(documents.collect())
}

fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// The spans of the objects, found by their outer braces; `None` if anything else stands between them.
fn objects(text: &str) -> Option<Vec<Span>> {
    let mut spans = Vec::new();
    let (mut start, mut depth) = (0, 0usize);
    let (mut in_string, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate().skip(text.len() - text.trim_start_matches('\u{feff}').len()) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' if depth > 0 => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                if depth == 0 {
                    start = at;
                }
                depth += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    spans.push(Span::new(start..at + 1));
                }
            }
            _ if depth > 0 || byte.is_ascii_whitespace() => {}
            _ => return None,
        }
    }
    (depth == 0).then_some(spans)
}

/// The depth of recursion is bounded by the parser's own limit of 512 levels.
fn emit<'t>(value: &Value<'t>, base: usize, sink: &mut dyn FnMut(Event<'t>, Span)) {
    let range = value.range();
    let span = Span::new(base + range.start..base + range.end);
    let scalar = |text, plain| Event::Scalar { text, plain, anchor: 0, tag: None };
    match value {
        Value::StringLit(string) => sink(scalar(string.value.clone(), false), span),
        Value::NumberLit(number) => sink(scalar(Cow::Borrowed(number.value), true), span),
        Value::BooleanLit(boolean) => {
            let text = if boolean.value { "true" } else { "false" };
            sink(scalar(Cow::Borrowed(text), true), span);
        }
        Value::NullKeyword(_) => sink(scalar(Cow::Borrowed("null"), true), span),
        Value::Array(array) => {
            sink(Event::SequenceStart { anchor: 0 }, span);
            for element in &array.elements {
                emit(element, base, sink);
            }
            sink(Event::SequenceEnd, span);
        }
        Value::Object(object) => {
            sink(Event::MappingStart { anchor: 0 }, span);
            for property in &object.properties {
                let range = property.name.range();
                let name = match &property.name {
                    ObjectPropName::String(name) => name.value.clone(),
                    ObjectPropName::Word(word) => Cow::Borrowed(word.value),
                };
                sink(scalar(name, false), Span::new(base + range.start..base + range.end));
                emit(&property.value, base, sink);
            }
            sink(Event::MappingEnd, span);
        }
    }
}
