//! The one seam to the YAML parser: its events, with byte offsets in the whole text.
//!
//! The parser is granit-parser. Where it disagrees with go-yaml, the difference is made up for here.

use std::borrow::Cow;

use granit_parser::{Event as ParserEvent, Parser, ScalarStyle};

use super::{Comment, Problem, ProblemKind};
use crate::source::Span;

/// An event of the parser.
pub(super) enum Event<'t> {
    Scalar { text: Cow<'t, str>, plain: bool, anchor: usize, tag: Option<Tag> },
    SequenceStart { anchor: usize },
    SequenceEnd,
    MappingStart { anchor: usize },
    MappingEnd,
    Alias(usize),
}

/// A tag that matters to scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Str,
    Int,
    Float,
    Bool,
    Null,
    Binary,
    /// Any other tag: the scalar is a string.
    Other,
}

/// Reads the first YAML document of `text`, whose first byte is byte `base` of the file.
///
/// Events go to `sink`; the comments come back, and the problem that ended the reading, if any.
pub(super) fn read<'t>(
    text: &'t str,
    base: usize,
    mut sink: impl FnMut(Event<'t>, Span),
) -> (Vec<Comment>, Option<Problem>) {
    let options = granit_parser::options! {
        flow_nesting_limit: 10_000,
        block_nesting_limit: 10_000,
        max_buffered_comment_events: usize::MAX,
    };
    let mut comments = Vec::new();
    let mut documents = 0;
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match next {
            Ok(next) => next,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
                let problem = Problem {
                    kind: ProblemKind::Syntax,
                    message: error.info(),
                    span: Span::new(base + at..base + at),
                    related: None,
                };
                return (comments, Some(problem));
            }
        };
        let range = span.byte_range().unwrap_or(0..0);
        let here = Span::new(base + range.start..base + range.end);
        match event {
            ParserEvent::Scalar(value, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                sink(Event::Scalar { text: value, plain, anchor, tag: tag.as_deref().map(tag_of) }, here);
            }
            ParserEvent::SequenceStart(_, anchor, _) => sink(Event::SequenceStart { anchor }, here),
            ParserEvent::SequenceEnd => sink(Event::SequenceEnd, here),
            ParserEvent::MappingStart(_, anchor, _) => sink(Event::MappingStart { anchor }, here),
            ParserEvent::MappingEnd => sink(Event::MappingEnd, here),
            ParserEvent::Alias(anchor) => sink(Event::Alias(anchor), here),
            ParserEvent::Comment(..) => {
                let before = &text[..range.start];
                let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
                comments.push(Comment { span: here, own_line: line.trim().is_empty() });
            }
            ParserEvent::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    break;
                }
            }
            _ => {}
        }
    }
    (comments, None)
}

fn tag_of(tag: &granit_parser::Tag) -> Tag {
    let name = format!("{}{}", tag.handle(), tag.suffix());
    match name.strip_prefix("tag:yaml.org,2002:") {
        Some("str") => Tag::Str,
        Some("int") => Tag::Int,
        Some("float") => Tag::Float,
        Some("bool") => Tag::Bool,
        Some("null") => Tag::Null,
        Some("binary") => Tag::Binary,
        _ => Tag::Other,
    }
}
