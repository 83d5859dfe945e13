//! JSON input: one or more objects back to back, read into the same events as YAML.
//!
//! Mirrors `YAMLOrJSONDecoder.Decode` in apimachinery `pkg/util/yaml/decoder.go` (v1.36): a stream whose first byte that is
//! not blank is `{` is taken for JSON. If that fails before the third object, what has not been read is read as YAML; so
//! a file with a trailing comma is accepted, and so is an object that `---` and YAML follow.

use std::borrow::Cow;
use std::sync::Arc;

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::build;
use super::events::Event;
use super::{Document, Problem, ProblemKind};
use crate::source::{FileId, Span};

/// kubectl takes a stream for JSON when its first byte that is not blank is `{`.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// What was read as JSON, and how it goes on.
pub(super) struct Stream {
    pub(super) documents: Vec<Document>,
    /// Where the text is to be read as YAML, and what JSON has against it.
    pub(super) rest: Option<(usize, Problem)>,
    /// Where nothing is read any more, and why.
    pub(super) problem: Option<(usize, Problem)>,
}

/// Reads the JSON objects from byte `from` on.
pub(super) fn read(file: FileId, text: &Arc<str>, from: usize) -> Stream {
    let mut stream = Stream { documents: Vec::new(), rest: None, problem: None };
    let mut at = from;
    loop {
        let next = at + (text[at..].len() - text[at..].trim_start().len());
        if next == text.len() {
            return stream;
        }
        let parsed = object(text, next).and_then(|span| {
            let tree = parse_to_ast(&text[span.range()], &CollectOptions::default(), &strict());
            match tree.map(|tree| tree.value) {
                Ok(Some(value)) => Ok((span, value)),
                Ok(None) => Err(broken("an object should stand here", span)),
                Err(error) => Err(wording(text, error.kind(), error.range(), span)),
            }
        });
        match parsed {
            Ok((span, value)) => {
                let index = stream.documents.len();
                let base = span.start as usize;
                let document = build::from_events(file, index, text, span, |sink| emit(&value, base, sink));
                stream.documents.push(document);
                at = span.end as usize;
            }
            Err(problem) if stream.documents.len() > 1 => {
                stream.problem = Some((at, problem.help("kubectl reads nothing of the file from here on")));
                return stream;
            }
            Err(problem) => {
                // Blanks up to the first line break are skipped.
                let blanks = &text[at..next];
                let start = blanks.find('\n').map_or(next, |end| at + end + 1);
                stream.rest = Some((start, problem));
                return stream;
            }
        }
    }
}

/// Whether a text that is no JSON was meant to be: its first key is in quotes.
pub(super) fn is_meant(text: &str) -> bool {
    text.trim_start().strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('"'))
}

fn broken(message: impl Into<String>, span: Span) -> Problem {
    Problem::new(ProblemKind::Syntax, message, span)
}

fn wording(text: &str, kind: &ParseErrorKind, range: jsonc_parser::common::Range, object: Span) -> Problem {
    let base = object.start as usize;
    let mut span = Span::new(base + range.start..(base + range.end).min(object.end as usize));
    if range.start == range.end {
        // Something is missing: what stands in its place is marked.
        let rest = &text[span.start as usize..];
        let at = span.start as usize + rest.len() - rest.trim_start().len();
        span = Span::new(at..at + text[at..].chars().next().map_or(0, char::len_utf8));
    }
    match kind {
        ParseErrorKind::ExpectedComma => {
            broken("a `,` is missing before this", span).help("separate the entries by commas")
        }
        ParseErrorKind::TrailingCommasNotAllowed | ParseErrorKind::UnexpectedComma => {
            broken("this `,` has nothing behind it", span).help("delete it")
        }
        ParseErrorKind::CommentsNotAllowed => broken("JSON has no comments", span).help("delete the comment"),
        ParseErrorKind::SingleQuotedStringsNotAllowed => {
            broken("JSON has no single quotes", span).help("use double quotes")
        }
        ParseErrorKind::ExpectedStringObjectProperty | ParseErrorKind::UnexpectedTokenInObject => {
            broken("a key in double quotes should stand here", span)
        }
        ParseErrorKind::ExpectedColonAfterObjectKey => broken("a `:` is missing behind this key", span),
        ParseErrorKind::ExpectedObjectValue => broken("this key has no value", span),
        ParseErrorKind::UnexpectedWord => broken("this is no JSON value", span).help("put text in double quotes"),
        ParseErrorKind::UnterminatedArray => broken("this `[` is never closed", first_byte(span)),
        ParseErrorKind::UnterminatedObject => broken("this `{` is never closed", first_byte(span)),
        ParseErrorKind::NestingDepthExceeded => {
            Problem::new(ProblemKind::Limit, "nested more than 500 levels deep", first_byte(span))
        }
        other => {
            let text = other.to_string();
            let mut chars = text.chars();
            let message = chars.next().map(|first| first.to_lowercase().collect::<String>()).unwrap_or_default();
            broken(message + chars.as_str(), span)
        }
    }
}

fn first_byte(span: Span) -> Span {
    Span { start: span.start, end: span.end.min(span.start + 1) }
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

/// The span of the value at `start`, found by its outer brackets.
fn object(text: &str, start: usize) -> Result<Span, Problem> {
    let mut open = Vec::new();
    let mut string = None;
    let mut escaped = false;
    let here = |at: usize| Span::new(at..at + text[at..].chars().next().map_or(0, char::len_utf8));
    for (at, byte) in text.bytes().enumerate().skip(start) {
        match byte {
            0..0x20 if string.is_some() => {
                // Go's decoder refuses control characters in strings; most often a quote is missing on this line.
                return Err(broken("this quote is not closed on its line", here(string.unwrap_or(at))));
            }
            _ if escaped => escaped = false,
            b'\\' if string.is_some() => escaped = true,
            b'"' if !open.is_empty() => string = if string.is_none() { Some(at) } else { None },
            _ if string.is_some() => {}
            b'{' | b'[' => open.push(at),
            b'}' | b']' => {
                if open.pop().is_none() {
                    return Err(broken("nothing is open that this could close", here(at)));
                }
                if open.is_empty() {
                    return Ok(Span::new(start..at + 1));
                }
            }
            _ if !open.is_empty() => {}
            _ => return Err(broken("only another object may follow an object", here(at))),
        }
    }
    let unclosed = string.or(open.pop()).unwrap_or(start);
    let end = text.trim_end().len();
    let problem = format!("this `{}` is never closed", &text[here(unclosed).range()]);
    Err(broken(problem, here(unclosed)).related(Span::new(end..end), "the file ends here"))
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

#[cfg(test)]
mod tests {
    use crate::source::Sources;
    use crate::yaml::{self, Document};

    fn read(text: &str) -> Vec<Document> {
        let mut sources = Sources::default();
        let file = sources.add("in.json", text);
        yaml::read(file, sources.get(file))
    }

    /// The values of the documents, and the texts that their problems mark.
    fn check(text: &str) -> (Vec<String>, Vec<String>) {
        let documents = read(text);
        let values = documents.iter().filter_map(yaml::Document::root).map(|root| root.to_json().to_string());
        let problems = documents.iter().flat_map(|document| &document.problems);
        let marked = problems.map(|problem| text[problem.span.range()].to_owned());
        (values.collect(), marked.collect())
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn objects_stand_back_to_back() {
        let (values, problems) = check("\u{feff}{\"a\": 1}{\"b\": \"\\ud83d\\ude00\\/\"}\r\n {\"c\": [1.0, 1e3]}\n");
        assert_eq!(values, texts(&["{\"a\":1}", "{\"b\":\"😀/\"}", "{\"c\":[1,1000]}"]));
        assert_eq!(problems, texts(&[]));
    }

    #[test]
    fn what_is_no_json_is_read_as_yaml_before_the_third_object() {
        assert_eq!(check("{\"a\": 1,}\n"), (texts(&["{\"a\":1}"]), texts(&[])));
        assert_eq!(check("{a: 1}\n---\nb: 2\n"), (texts(&["{\"a\":1}", "{\"b\":2}"]), texts(&[])));
        assert_eq!(check("{\"a\": 1}\n---\nb: 2\n"), (texts(&["{\"a\":1}", "{\"b\":2}"]), texts(&[])));
        let (values, problems) = check("{\"a\": 1} {\"b\": 2}\n---\nc: 3\n");
        assert_eq!((values, problems), (texts(&["{\"a\":1}", "{\"b\":2}"]), texts(&["-"])));
    }

    #[test]
    fn broken_json_is_marked_where_it_is_broken() {
        assert_eq!(check("{\"a\": 1 \"b\": 2}\n"), (texts(&[]), texts(&["\""])));
        assert_eq!(check("{\"a\": [1, 2, \"b\": 2\n"), (texts(&[]), texts(&["["])));
        assert_eq!(check("{\"a\": \"x,\n\"b\": 2}\n"), (texts(&[]), texts(&["\""])));
    }

    #[test]
    fn keys_and_values_of_json_have_exact_places() {
        let text = "{\"é\": {\"b\": \"x\"}}";
        let documents = read(text);
        let field = documents[0].root().and_then(|root| root.field("é")).expect("is there");
        assert_eq!((&text[field.key.range()], &text[field.value.span().range()]), ("\"é\"", "{\"b\": \"x\"}"));
    }

    #[test]
    fn a_repeated_key_is_found_in_json() {
        assert_eq!(check("{\"a\": 1, \"a\": 2}"), (texts(&["{\"a\":2}"]), texts(&["\"a\""])));
    }
}
