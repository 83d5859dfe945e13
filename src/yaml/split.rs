//! Splitting a stream into documents, as text and before any parsing, as kubectl does.
//!
//! Mirrors `splitYAMLDocument` and `YAMLReader` in apimachinery `pkg/util/yaml/decoder.go` (v1.36): a line that
//! begins with `---` ends the document, even inside a block scalar; only blanks or a comment may follow it.

use super::{Problem, ProblemKind};
use crate::source::Span;

/// The documents of a text as spans, in order. A bad separator is an error and ends the stream, because kubectl
/// reads no further. A separator before the first content belongs to the first document.
pub fn split(text: &str) -> Vec<Result<Span, Problem>> {
    let mut pieces = Vec::new();
    let start_of_text = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut start = start_of_text;
    let mut end_of_previous_line = start;
    let mut at = start;
    for line in text[start_of_text..].split_inclusive('\n') {
        let next = at + line.len();
        if let Some(rest) = line.strip_prefix("---") {
            let trimmed = rest.trim();
            if !trimmed.is_empty() && !trimmed.starts_with('#') {
                if end_of_previous_line > start {
                    pieces.push(Ok(Span::new(start..end_of_previous_line)));
                }
                pieces.push(Err(Problem {
                    kind: ProblemKind::Syntax,
                    message: format!(
                        "only blanks or a comment may follow `---` on its line, not `{trimmed}`; kubectl reads nothing after it"
                    ),
                    span: Span::new(at..at + line.trim_end().len()),
                    related: None,
                }));
                return pieces;
            }
            if end_of_previous_line > start {
                pieces.push(Ok(Span::new(start..end_of_previous_line)));
            }
            start = next;
        }
        end_of_previous_line = next;
        at = next;
    }
    if text.len() > start {
        pieces.push(Ok(Span::new(start..text.len())));
    }
    pieces
}
