//! Where the parser reads something else than go-yaml, and how the text is to be rewritten so that it does not.

use granit_parser::ErrorKind;

use super::events::Level;
use super::rewrite::{Edit, StandIn};
use super::{Problem, ProblemKind};
use crate::source::Span;

/// What to do about an error of the parser that go-yaml would not report.
pub(super) enum Mended {
    /// Parse again with these edits.
    Edits(Vec<Edit>),
    /// Parse again without the text from here on, for go-yaml may never look at it. `sure` if that is certain, otherwise
    /// it depends on whether the root node ends there.
    Cut { at: usize, sure: bool },
}

/// The text was parsed up to the error at `at`, inside the collections `open`.
pub(super) fn mend(kind: &ErrorKind, at: usize, text: &str, open: &[Level]) -> Option<Mended> {
    let edits = match kind {
        ErrorKind::PlainScalarStartsWithDashFlowIndicator => dashes(text),
        ErrorKind::InvalidQuotedScalarIndent | ErrorKind::TabInIndentation => quoted_lines(text, at, open),
        ErrorKind::UnknownQuotedScalarEscape => escaped_quotes(text, at),
        // YAML 1.2 wants a blank before a comment, libyaml does not behind a token that has ended.
        ErrorKind::CommentNotSeparated => vec![Edit::insert(at, " ")],
        ErrorKind::UnknownAnchor => {
            let end = at + text[at..].find(|char: char| char.is_whitespace()).unwrap_or(text.len() - at);
            anchor(text, at, end)?.ok().into_iter().collect()
        }
        ErrorKind::InvalidTagTerminator => tag(text, at, at + 1)?.ok().into_iter().collect(),
        // `*a: v` has an alias for a key; the parser takes the colon into its name.
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey if text[at..].starts_with(['*', '&']) => {
            let end = at + text[at..].find(|char: char| char.is_whitespace()).unwrap_or(text.len() - at);
            anchor(text, at, end)?.ok().into_iter().collect()
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar
            if could_be_a_key(text, at) =>
        {
            return None;
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar
        | ErrorKind::MisplacedFlowCollectionEnd
        | ErrorKind::CommentInterceptedScalar => return Some(Mended::Cut { at, sure: false }),
        ErrorKind::InvalidColonPlacement => match plain_in_flow(text, at, at) {
            Some(Ok(edit)) if text[..at].ends_with(|char: char| char.is_alphanumeric()) => vec![edit],
            _ => return None,
        },
        ErrorKind::InvalidBlockScalarIndent if open.is_empty() => return Some(Mended::Cut { at, sure: true }),
        ErrorKind::InvalidDocumentEnd => return Some(Mended::Cut { at, sure: true }),
        _ => return None,
    };
    (!edits.is_empty()).then_some(Mended::Edits(edits))
}

/// `[-]` and `[-, a]` hold the text `-` in YAML 1.1. All places of a text are rewritten at once; the stand-in is turned back
/// wherever it lands.
fn dashes(text: &str) -> Vec<Edit> {
    let bytes = text.as_bytes();
    let dash = |at: &usize| bytes[*at] == b'-' && matches!(bytes[at + 1], b',' | b'[' | b']' | b'{' | b'}');
    (0..bytes.len().saturating_sub(1)).filter(dash).map(|at| Edit::stand_in(at..at + 1, StandIn::Dash, "")).collect()
}

/// Quoted scalars may be continued at any indentation in libyaml. Leading blanks of such a line mean nothing, so that
/// blanks can be added to it, and to the lines below it that do not end the scalar.
fn quoted_lines(text: &str, at: usize, open: &[Level]) -> Vec<Edit> {
    let column = open.iter().rev().find(|level| !level.flow).map_or(0, |level| level.column);
    let blanks = " ".repeat(column + 2);
    let breaks = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    let start = text[..at].trim_end_matches([' ', '\t']).len();
    let mut edits = Vec::new();
    let mut line_start = start;
    for line in text[start..].split_inclusive(breaks) {
        if is_document_marker(line) {
            break;
        }
        if !line.trim().is_empty() || line.contains('\t') {
            edits.push(Edit::insert(line_start, blanks.clone()));
        }
        if line.contains(['"', '\'']) {
            break;
        }
        line_start += line.len();
    }
    // Nothing follows: the quote is not closed, which the parser says once it has got past the indentation.
    if text[start..].trim().is_empty() {
        edits.push(Edit::insert(text.len(), blanks));
    }
    edits
}

/// What follows the closing quote makes go-yaml look for a key on this line, or is no token at all.
fn could_be_a_key(text: &str, at: usize) -> bool {
    let line = text[at..].lines().next().unwrap_or_default();
    let unclosed = |quote: char| line.starts_with(quote) && !line[1..].contains(quote);
    line.contains(": ")
        || line.trim_end().ends_with(':')
        || line.starts_with(['@', '`', '%', '|', '>', '*', '&'])
        || unclosed('"')
        || unclosed('\'')
}

fn is_document_marker(line: &str) -> bool {
    (line.starts_with("---") || line.starts_with("...")) && line[3..].chars().next().is_none_or(char::is_whitespace)
}

/// libyaml takes `\'` in double quotes, although it never was an escape of YAML.
fn escaped_quotes(text: &str, start: usize) -> Vec<Edit> {
    let bytes = text.as_bytes();
    let mut edits = Vec::new();
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        if bytes[at] == b'\\' {
            if bytes.get(at + 1) == Some(&b'\'') {
                edits.push(Edit::replace(at..at + 2, "'"));
            }
            at += 1;
        }
        at += 1;
    }
    edits
}

/// Inside brackets libyaml ends a plain scalar at `?` and at a `:` before a blank, and takes either at the start of a token
/// for an indicator; the parser ends one at a `:` before a bracket or comma, and wants blanks behind the indicators.
pub(super) fn plain_in_flow(text: &str, start: usize, end: usize) -> Option<Result<Edit, Problem>> {
    let written = &text[start..end];
    if written.starts_with([':', '?']) {
        return Some(Ok(Edit::insert(start + 1, " ")));
    }
    if let Some(at) = written.find('?') {
        let message = "a `?` ends an unquoted text inside brackets";
        let problem = Problem::new(ProblemKind::Syntax, message, Span::new(start + at..start + at + 1));
        return Some(Err(problem.help("quote the text")));
    }
    match text.as_bytes().get(end..end + 2) {
        Some([b':', b',' | b'[' | b']' | b'{' | b'}']) => Some(Ok(Edit::stand_in(end..end + 1, StandIn::Colon, ""))),
        _ => None,
    }
}

/// A key without `?` stands on one line with its colon in libyaml, inside brackets too.
pub(super) fn key_in_flow(text: &str, start: usize, end: usize) -> Option<Problem> {
    let after = text[end..].trim_start();
    let colon = text.len() - after.len();
    if !after.starts_with(':') || !text[start..colon].contains(['\n', '\r']) || text[..start].trim_end().ends_with('?')
    {
        return None;
    }
    let message = "a key and its `:` must stand on one line";
    Some(Problem::new(ProblemKind::Syntax, message, Span::new(colon..colon + 1)).help("put them on one line"))
}

/// A tag reaches as far as the characters of a URI in libyaml, commas and square brackets among them, and a blank must
/// follow it. Which tag it is does not matter then, as no tag that means something has such characters.
pub(super) fn tag(text: &str, start: usize, end: usize) -> Option<Result<Edit, Problem>> {
    let rest = &text[end..];
    let verbatim = text[start..].starts_with("!<");
    let is_uri = |char: char| char.is_ascii_alphanumeric() || "-_;/?:@&=+$.%!~*'(),[]".contains(char);
    let more = if verbatim { 0 } else { rest.len() - rest.trim_start_matches(is_uri).len() };
    let foreign = !verbatim && !text[start..end].chars().all(is_uri);
    if foreign || rest[more..].chars().next().is_some_and(|next| !next.is_whitespace()) {
        let message = "a tag ends with a blank";
        let place = Span::new(start..end + more);
        return Some(Err(Problem::new(ProblemKind::Syntax, message, place).help("put a blank behind the tag")));
    }
    (more > 0).then(|| Ok(Edit::replace(end..end + more, "x".repeat(more))))
}

/// Names of anchors have ASCII letters, digits, `-` and `_` only; some indicators may follow one without a blank.
pub(super) fn anchor(text: &str, start: usize, end: usize) -> Option<Result<Edit, Problem>> {
    let name = &text[start + 1..end];
    let length = name.find(|char: char| !char.is_ascii_alphanumeric() && !matches!(char, '-' | '_'))?;
    if length > 0 && name[length..].starts_with(['?', ':', ',', ']', '}', '%', '@', '`']) {
        return Some(Ok(Edit::insert(start + 1 + length, " ")));
    }
    let message = format!("`{}` is no name for an anchor", name.trim());
    let problem = Problem::new(ProblemKind::Syntax, message, Span::new(start..end));
    Some(Err(problem.help("use letters, digits, `-` and `_`, or quote the value if it is meant as text")))
}
