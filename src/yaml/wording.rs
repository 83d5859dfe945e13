//! What a syntax error of the parser means to the writer of the text: the place of the cause, our words, what to do.

use granit_parser::ErrorKind;

use super::events::Level;
use super::{Problem, ProblemKind};
use crate::source::Span;

/// What to do about a Helm template.
pub(super) const RENDER: &str = "render the template first, for example with `helm template`, and lint the result";

/// The problem for an error at `at` of `text`, inside the collections `open`; the last node before it ends at `last_end`.
pub(super) fn problem(kind: &ErrorKind, at: usize, text: &str, open: &[Level], last_end: usize) -> Problem {
    let bracket = open_bracket(text, last_end, at).or(open.last().filter(|level| level.flow).map(|level| level.start));
    let problem = match kind {
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            let end = end_of(text);
            syntax("this quote is never closed", char_at(text, at))
                .related(Span::new(end..end), "the document ends here")
                .help("close it where the text ends")
        }
        ErrorKind::UnclosedFlowCollection { .. } => never_closed(text, at, end_of(text), "the document ends here"),
        ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => {
            never_closed(text, bracket.unwrap_or(at), end_of(text), "the document ends here")
        }
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::FlowMappingValueAdjacentCollection
        | ErrorKind::InvalidColonPlacement => in_brackets(text, at, bracket),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            syntax(format!("this `{open}` is closed with `{close}`"), char_at(text, at))
        }
        ErrorKind::MisplacedFlowCollectionEnd => syntax("nothing is open that this could close", char_at(text, at))
            .help("delete it, or quote the value if it is meant as text"),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::InvalidBlockEntryWhitespace => {
            let tab = tab_near(text, at);
            syntax("a tab cannot be used for indentation", char_at(text, tab)).help("use blanks instead of the tab")
        }
        ErrorKind::UnknownAnchor => {
            let name = word(text, at);
            syntax(format!("no anchor before this place has the name of `{name}`"), Span::new(at..at + name.len()))
                .help("quote the value if it is meant as text")
        }
        ErrorKind::MissingAnchorOrAliasName => {
            syntax(format!("`{}` begins a name here, and there is none", character(text, at)), char_at(text, at))
                .help("quote the value if it is meant as text")
        }
        ErrorKind::UnexpectedCharacter { character: '\t' } => {
            syntax("a tab cannot be used for indentation", char_at(text, at)).help("use blanks instead of the tab")
        }
        ErrorKind::UnexpectedCharacter { character: '`' } => {
            syntax("a backtick cannot begin a value", char_at(text, at)).help("quote the value")
        }
        ErrorKind::UnexpectedCharacter { character } => {
            syntax(format!("`{character}` cannot begin a value"), char_at(text, at)).help("quote the value")
        }
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate => bad_escape(text, at),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            syntax("this is no `key: value`, and it continues no value", line_at(text, at))
                .help("put a `:` and a blank behind the key, or indent the line if it belongs to the text above it")
        }
        ErrorKind::MappingValueNotAllowed => second_colon(text, at),
        ErrorKind::InvalidBlockScalarHeader => {
            syntax("text cannot begin on the line of its `|` or `>`", char_at(text, at))
                .help("begin it on the next line; quote the value if the sign belongs to it")
        }
        ErrorKind::BlockEntryInFlowCollection => syntax("a `- ` cannot stand inside brackets", char_at(text, at))
            .help("quote the value if it is meant as text"),
        ErrorKind::MappingKeyNotAllowed => syntax("a key cannot stand here", line_at(text, at)),
        ErrorKind::ExpectedBlockMappingKey => match open.iter().rev().find(|level| !level.flow) {
            Some(level) => {
                syntax("this does not fit into the map around it, where a key should stand", first_on_line(text, at))
                    .related(line_at(text, level.start), "the map begins here")
                    .help("give it the indentation of what it belongs to")
            }
            None => syntax("a key should stand here", line_at(text, at)),
        },
        ErrorKind::ExpectedBlockSequenceEntry => match open.iter().rev().find(|level| !level.flow) {
            Some(level) => {
                syntax("this does not fit into the list around it, where a `- ` should stand", first_on_line(text, at))
                    .related(line_at(text, level.start), "the list begins here")
                    .help("give it the indentation of what it belongs to")
            }
            None => syntax("a `- ` should stand here", line_at(text, at)),
        },
        ErrorKind::BlockSequenceEntryNotAllowed => {
            syntax("a list cannot begin here", line_at(text, at)).help("begin a new line, or quote the value")
        }
        ErrorKind::InvalidIndentation | ErrorKind::InvalidBlockScalarIndent | ErrorKind::InvalidFlowScalarIndent => {
            syntax("this line is indented too little", line_at(text, at)).help("indent it like the lines around it")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            let quote = if matches!(kind, ErrorKind::InvalidTrailingSingleQuotedScalar) { '\'' } else { '"' };
            if let Some(start) = text.get(last_end..at).and_then(|between| between.find(quote))
                && text[last_end + start..at].contains('\n')
            {
                // The next quote, on a later line, was meant to open another value.
                return syntax("this quote is not closed on its line", char_at(text, last_end + start))
                    .related(line_at(text, at), "it is closed before this, which belongs to nothing")
                    .help("close it where its text ends");
            }
            syntax("nothing may follow the closing quote of a value", line_at(text, at))
                .help("put the whole value in quotes; inside, write `\\\"` in double quotes and `''` in single quotes")
        }
        ErrorKind::RecursionLimitExceeded => {
            Problem::new(ProblemKind::Limit, "nested deeper than Kubernetes reads", char_at(text, at))
        }
        ErrorKind::ExpectedNodeContent => syntax("a value should stand here", char_at(text, at)),
        ErrorKind::CommentInterceptedScalar => {
            syntax("a comment cannot stand inside a text of several lines", line_at(text, at))
                .help("put the comment above the text")
        }
        ErrorKind::UndeclaredTagHandle => {
            let name = word(text, at);
            syntax(format!("the tag `{name}` is not defined"), Span::new(at..at + name.len()))
                .help("quote the value if it is meant as text")
        }
        other => syntax(other.to_string(), char_at(text, at)),
    };
    if text.contains("{{") { problem.help(RENDER) } else { problem }
}

fn syntax(message: impl Into<String>, span: Span) -> Problem {
    Problem::new(ProblemKind::Syntax, message, span)
}

fn never_closed(text: &str, bracket: usize, noticed: usize, why: &str) -> Problem {
    syntax(format!("this `{}` is never closed", character(text, bracket)), char_at(text, bracket))
        .related(Span::new(noticed..noticed), why)
        .help(format!("close it with `{}`", if character(text, bracket) == '{' { '}' } else { ']' }))
}

/// Something that cannot follow inside brackets. On a later line, the bracket was most likely to be closed before it.
fn in_brackets(text: &str, at: usize, bracket: Option<usize>) -> Problem {
    let Some(bracket) = bracket else {
        return syntax("a `,` or a closing bracket should stand here", char_at(text, at));
    };
    if text[bracket..at.max(bracket)].contains('\n') {
        return never_closed(text, bracket, at, "this cannot stand inside it");
    }
    syntax("a `,` or the closing bracket should stand here", char_at(text, at))
        .related(char_at(text, bracket), "the bracket was opened here")
        .help("quote the value if the bracket is meant as text")
}

/// The innermost bracket that is open at the end of `text[from..to]`.
fn open_bracket(text: &str, from: usize, to: usize) -> Option<usize> {
    let mut open = Vec::new();
    let mut quote = None;
    for (at, byte) in text.as_bytes().get(from..to)?.iter().enumerate() {
        match byte {
            b'"' | b'\'' if quote.is_none() => quote = Some(byte),
            _ if quote == Some(byte) => quote = None,
            _ if quote.is_some() => {}
            b'[' | b'{' => open.push(from + at),
            b']' | b'}' => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

/// A `: ` in a value: on the line of another key, or on a line that is indented so deep that it continues the value above.
fn second_colon(text: &str, at: usize) -> Problem {
    let line = first_on_line(text, at);
    let before = &text[line.start as usize..at];
    if before.contains(": ") || before.starts_with("- ") {
        return syntax("a second `: ` on this line, where the value has begun", char_at(text, at))
            .help("quote the value if the `: ` belongs to it; otherwise begin a new line");
    }
    syntax("this line continues the value above it and cannot be a `key: value`", line)
        .help("indent it like the key above, or remove that key's value")
}

/// The escape that the scalar at `start` should not have.
fn bad_escape(text: &str, start: usize) -> Problem {
    let rest = &text[start..];
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        if char != '\\' {
            continue;
        }
        let Some((_, escaped)) = chars.next() else { break };
        if !"0abt\tnvfre \"\\N_LPxuU'\n\r".contains(escaped) {
            let place = start + at..start + at + 1 + escaped.len_utf8();
            return syntax(format!("`\\{escaped}` is no escape of YAML 1.1"), Span::new(place))
                .help(format!("write `\\\\{escaped}` for a backslash, or use single quotes"));
        }
    }
    syntax("an escape in these quotes is not one of YAML 1.1", char_at(text, start)).help("use single quotes")
}

/// The end of the last text of the document.
fn end_of(text: &str) -> usize {
    text.trim_end().len()
}

/// The character at an offset; the last one of the document, if the offset is behind that.
fn char_at(text: &str, at: usize) -> Span {
    let at = at.min(text.trim_end().char_indices().next_back().map_or(0, |(last, _)| last));
    Span::new(at..at + text[at..].chars().next().map_or(0, char::len_utf8))
}

fn character(text: &str, at: usize) -> char {
    text[char_at(text, at).range()].chars().next().unwrap_or_default()
}

/// From an offset to the end of its line, a comment not included.
fn line_at(text: &str, at: usize) -> Span {
    let start = char_at(text, at).start as usize;
    let line = text[start..].lines().next().unwrap_or_default();
    let line = line.split(" #").next().unwrap_or_default().trim_end();
    if line.is_empty() { char_at(text, at) } else { Span::new(start..start + line.len()) }
}

/// The text of the line of an offset, from its first character that is no blank.
fn first_on_line(text: &str, at: usize) -> Span {
    let at = char_at(text, at).start as usize;
    let start = text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    line_at(text, start + (text[start..].len() - text[start..].trim_start_matches([' ', '\t']).len()))
}

fn word(text: &str, at: usize) -> &str {
    text[at..].split([' ', '\t', '\n', '\r', ',', ']', '}']).next().unwrap_or_default()
}

/// The tab that is meant by an error at or behind it: the first one of the line.
fn tab_near(text: &str, at: usize) -> usize {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    line.find('\t').map_or(at, |tab| start + tab)
}
