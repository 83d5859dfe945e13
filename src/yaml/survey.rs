//! One look over the bytes of a document before it is parsed, for what the parser and go-yaml see differently.

use std::ops::Range;

use super::rewrite::{Edit, Rewritten, StandIn};
use super::{Problem, ProblemKind};

/// What the text holds that matters to the parsing.
pub(super) struct Survey {
    /// Whether there is a tab, which go-yaml forbids in more places.
    pub(super) tabs: bool,
}

/// Looks over the text, prepares it, and says why go-yaml would not even begin to parse it. Spans are offsets in `input`.
pub(super) fn survey(input: &mut Rewritten<'_>) -> Result<Survey, Box<Problem>> {
    let text = input.original();
    let (mut tabs, mut breaks) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match SORTS[byte as usize] {
            Sort::Ordinary => {}
            Sort::Tab => tabs = true,
            Sort::Leading => breaks |= inspect(text, at)?,
            Sort::Control => return Err(Box::new(control(text, at))),
        }
    }
    if breaks {
        input.add(exotic(text));
    }
    prelude(text)?;
    Ok(Survey { tabs })
}

#[derive(Clone, Copy)]
enum Sort {
    Ordinary,
    Tab,
    Control,
    /// The first byte of characters among which are some that need a look.
    Leading,
}

const SORTS: [Sort; 256] = {
    let mut sorts = [Sort::Ordinary; 256];
    let mut byte = 0;
    while byte < 0x20 {
        sorts[byte] = Sort::Control;
        byte += 1;
    }
    sorts[b'\t' as usize] = Sort::Tab;
    sorts[b'\n' as usize] = Sort::Ordinary;
    sorts[b'\r' as usize] = Sort::Ordinary;
    sorts[0x7f] = Sort::Control;
    sorts[0xc2] = Sort::Leading;
    sorts[0xe2] = Sort::Leading;
    sorts[0xef] = Sort::Leading;
    sorts
};

/// Whether the character at `at` is a YAML 1.1 line break or a byte order mark, or an error if it is a control character.
fn inspect(text: &str, at: usize) -> Result<bool, Box<Problem>> {
    match text[at..].chars().next() {
        Some('\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}') => Ok(true),
        Some('\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}') => Err(Box::new(control(text, at))),
        _ => Ok(false),
    }
}

fn control(text: &str, at: usize) -> Problem {
    let char = text[at..].chars().next().unwrap_or_default();
    let message = format!("the control character U+{:04X} must not stand in YAML", u32::from(char));
    Problem::new(ProblemKind::Syntax, message, span(at..at + char.len_utf8()))
        .help("delete it, or write it as an escape in double quotes")
}

/// NEL, LS and PS end a line in YAML 1.1 and are ordinary characters in YAML 1.2; a byte order mark inside a text is
/// ordinary in go-yaml and an error in YAML 1.2.
fn exotic(text: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (at, char) in text.char_indices() {
        let range = at..at + char.len_utf8();
        let which = match char {
            '\u{85}' => {
                edits.push(Edit::replace(range, "\n"));
                continue;
            }
            '\u{feff}' if at == 0 => continue,
            '\u{feff}' => {
                edits.push(Edit::stand_in(range, StandIn::ByteOrderMark, ""));
                continue;
            }
            '\u{2028}' => StandIn::LineSeparator,
            '\u{2029}' => StandIn::ParagraphSeparator,
            _ => continue,
        };
        // Between tokens a separator is a line break and nothing else.
        let before = text[..at].trim_end_matches([' ', '\t']).chars().next_back();
        let in_text = before.is_some_and(|before| {
            !matches!(before, ':' | '-' | '?' | ',' | '[' | '{' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
        });
        edits.push(if in_text { Edit::stand_in(range, which, "\n") } else { Edit::replace(range, "\n") });
    }
    edits
}

/// What may stand before a document: go-yaml takes the version 1.1 only, and no directives but `%YAML` and `%TAG`; the
/// parser ignores directives it does not know, and an end marker that ends nothing.
fn prelude(text: &str) -> Result<(), Box<Problem>> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let place = span(at..at + content.len());
        let mut words = content.split_whitespace();
        match words.next() {
            None => {}
            Some(word) if word.starts_with('#') => {}
            Some("%TAG") if content.starts_with('%') => {}
            Some("%YAML") if content.starts_with('%') => {
                if words.next() != Some("1.1") {
                    let message = "Kubernetes reads YAML 1.1 and refuses to read any other version";
                    return Err(Box::new(Problem::new(ProblemKind::Syntax, message, place).help("delete the line")));
                }
            }
            Some(word) if content.starts_with('%') => {
                let message = format!("`{word}` is no directive of YAML");
                return Err(Box::new(
                    Problem::new(ProblemKind::Syntax, message, place).help("quote a value that begins with `%`"),
                ));
            }
            Some("...") if content.starts_with('.') => {
                let message = "`...` ends a document, and there is none before it";
                return Err(Box::new(Problem::new(ProblemKind::Syntax, message, place).help("delete the line")));
            }
            _ => break,
        }
        at += line.len();
    }
    Ok(())
}

fn span(range: Range<usize>) -> crate::source::Span {
    crate::source::Span::new(range)
}
