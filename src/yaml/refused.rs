//! What go-yaml refuses and the parser takes.

use super::{Problem, ProblemKind};
use crate::source::Span;

/// A part of the text in which tabs are judged by other rules than between tokens.
pub(super) struct Region {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: RegionKind,
}

#[derive(Clone, Copy)]
pub(super) enum RegionKind {
    /// Quotes, brackets, comments: tabs may stand anywhere.
    Free,
    /// A plain scalar in the block collection that begins in this column, if it is in one.
    Plain { column: Option<usize> },
    /// A block scalar with the start of its content and its indentation, unless it has none.
    Block { content: usize, indent: Option<usize> },
}

/// The first tab before `limit` that go-yaml does not take for a blank.
///
/// Mirrors `yaml_parser_scan_to_next_token`: in block context a tab is no blank where a key could begin, which is at the
/// start of a line and behind `-` and `?`; lines of plain and block scalars may hold tabs behind their indentation.
pub(super) fn tab(text: &str, limit: usize, mut regions: Vec<Region>) -> Option<Problem> {
    let text = &text[..limit];
    regions.sort_by_key(|region| region.start);
    let mut checked_to = 0;
    for (at, _) in text.match_indices('\t') {
        if at < checked_to {
            continue;
        }
        let before = text[..at].trim_end_matches(' ');
        let line_start = before.is_empty() || before.ends_with(['\n', '\r']);
        let column = at - before.len();
        let next = regions.partition_point(|region| region.start <= at);
        let region = next.checked_sub(1).map(|last| &regions[last]);
        let touches = region.is_some_and(|region| text[region.end.min(at)..at].trim().is_empty());
        let wrong = match region.map(|region| (region, region.kind)) {
            Some((region, RegionKind::Free)) if at < region.end => {
                checked_to = region.end;
                false
            }
            Some((region, RegionKind::Plain { .. })) if at < region.end && !line_start => false,
            Some((_, RegionKind::Plain { column: enclosing })) if touches && line_start => {
                enclosing.is_some_and(|enclosing| column <= enclosing)
            }
            Some((region, RegionKind::Block { content, indent })) if touches || at < region.end => {
                let header = text[region.start..].lines().next().unwrap_or_default();
                let detected = !header.contains(|char: char| char.is_ascii_digit());
                line_start && (at < content || detected && at == content || indent.is_none_or(|indent| column < indent))
            }
            _ => line_start || behind_indicator(before, region),
        };
        if wrong {
            let message = "a tab cannot be used for indentation";
            let problem = Problem::new(ProblemKind::Syntax, message, Span::new(at..at + 1));
            return Some(problem.help("use blanks instead of the tab"));
        }
    }
    None
}

/// Behind `-` and `?`, and behind a `:` that begins its line, a key could begin.
fn behind_indicator(before: &str, region: Option<&Region>) -> bool {
    let in_scalar = region.is_some_and(|region| region.end >= before.len()) || before.ends_with("---");
    let first_on_line = || before[..before.len() - 1].trim_end_matches(' ').ends_with(['\n', '\r']);
    !in_scalar && (before.ends_with(['-', '?']) || before.ends_with(':') && first_on_line())
}

/// An escape in double quotes that is none in libyaml: `\/`, and the halves of surrogate pairs, which JSON has.
pub(super) fn escape(text: &str, start: usize, end: usize) -> Option<Problem> {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while at + 1 < end {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        let problem = |length: usize, help: &str| {
            let place = at..(at + length).min(end);
            let message = format!("`{}` is no escape of YAML 1.1", &text[place.clone()]);
            Some(Problem::new(ProblemKind::Syntax, message, Span::new(place)).help(help))
        };
        match bytes[at + 1] {
            b'/' => return problem(2, "write `/` without the backslash"),
            b'u' if matches!(
                bytes.get(at + 2..at + 4),
                Some([b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F'])
            ) =>
            {
                return problem(6, "write the character itself, or its code as `\\U` with eight digits");
            }
            _ => at += 2,
        }
    }
    None
}
