//! Cutting a text into documents before any parsing, as kubectl does.
//!
//! Mirrors `splitYAMLDocument` and `YAMLReader` in apimachinery `pkg/util/yaml/decoder.go` (v1.36): a line that
//! begins with `---` ends the document, even inside a block scalar; only blanks or a comment may follow it.

use super::{Problem, ProblemKind};
use crate::source::Span;

/// The documents of a text as spans, in order. A bad separator is an error that ends the stream; the document before it
/// is lost as well, because its end was not found. A `---` line with nothing before it belongs to the document that it
/// begins.
pub fn split(text: &str) -> Vec<Result<Span, Problem>> {
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let next = at + line.len();
        if let Some(rest) = line.strip_prefix("---") {
            let rest = rest.trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                pieces.push(Err(bad_separator(rest, at..at + line.trim_end().len())));
                return pieces;
            }
            if at > start {
                pieces.push(Ok(Span::new(start..at)));
                start = next;
            }
        }
        at = next;
    }
    if text.len() > start {
        pieces.push(Ok(Span::new(start..text.len())));
    }
    pieces
}

fn bad_separator(rest: &str, line: std::ops::Range<usize>) -> Problem {
    let shown: String = rest.chars().take(40).collect();
    let message = format!("only blanks or a comment may follow `---` on its line, not `{shown}`");
    Problem::new(ProblemKind::Syntax, message, Span::new(line))
        .help("put it on the next line; kubectl reads neither the document above nor the rest of the file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<Result<&str, ()>> {
        split(text).into_iter().map(|piece| piece.map(|span| &text[span.range()]).map_err(|_| ())).collect()
    }

    #[test]
    fn a_bad_separator_takes_the_document_before_it_along() {
        assert_eq!(pieces("a: 1\n--- # x\nb: 2\n--- c\nd: 3\n"), [Ok("a: 1\n"), Err(())]);
    }

    #[test]
    fn a_separator_with_nothing_before_it_stays() {
        assert_eq!(pieces("---\na: 1\r\n---\r\n"), [Ok("---\na: 1\r\n")]);
        assert_eq!(pieces("\u{feff}---\na"), [Ok("\u{feff}---\na")]);
    }
}
