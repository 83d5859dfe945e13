//! What is hidden of a text line by line: what no tree knows, because it has forgotten it or could not be read.

use std::collections::BTreeSet;

use super::{FIELDS, HARMLESS, NAMES, holds_secrets, mentions_secret};
use crate::source::Span;

/// Hides what follows `fields`, wherever these keys begin a line of a document, as far as it is indented more.
pub(super) fn of_fields(text: &str, document: Span, fields: &BTreeSet<&str>, spans: &mut Vec<Span>) {
    below(text, document, true, fields, spans);
}

/// Hides what may be values of Secrets in a part of the text that could not be read. Each piece between lines of `---` is
/// judged by itself: of what may be a Secret, or a list of objects with one in it, only keys and names are shown; in
/// anything else that speaks of Secrets, what follows `data` and `stringData` is hidden. Says whether it ends with what may
/// be a Secret; a piece without a kind that comes `after` one may belong to it.
pub(super) fn of_unreadable(text: &str, part: Span, mut after: bool, spans: &mut Vec<Span>) -> bool {
    for piece in pieces(text, part) {
        let content = &text[piece.range()];
        let kinds: Vec<String> = own_kinds(content).collect();
        let has_objects = kinds.iter().all(|kind| kind.ends_with("list") || kind == "template");
        after = kinds.iter().any(|kind| matches!(kind.as_str(), "secret" | "secretlist"))
            || has_objects && holds_secrets(content)
            || kinds.is_empty() && after;
        if after {
            all_but_names(text, piece, spans);
        } else if mentions_secret(content) {
            below(text, piece, false, &BTreeSet::from(FIELDS), spans);
            if content.trim_start().starts_with('{') {
                in_braces(text, piece, spans);
            }
        }
    }
    after
}

/// The parts between lines `---` and `...`. What else stands on such a line makes it none, and what was meant to be apart is
/// read together.
fn pieces(text: &str, part: Span) -> Vec<Span> {
    let mut starts = vec![part.range().start];
    let mut at = part.range().start;
    for line in text[part.range()].split_inclusive('\n') {
        let rest = line.strip_prefix("---").or(line.strip_prefix("...")).map(str::trim);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#')) && at > part.range().start {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().copied().skip(1).chain([part.range().end]);
    starts.iter().zip(ends).map(|(start, end)| Span::new(*start..end)).collect()
}

/// The kinds that an unreadable object plainly has, in small letters; several if it is more than one that cannot be told
/// apart.
fn own_kinds(piece: &str) -> impl Iterator<Item = String> {
    let lines = lines(piece, Span::new(0..piece.len()));
    let kinds = lines.filter(|line| line.indent == 0 && key(line.content) == Some("kind"));
    let values = kinds.map(|line| &line.content[key_end(line.content).unwrap_or(0)..]).filter(|value| is_plain(value));
    let kinds = values.map(|value| value.trim().trim_matches(['"', '\'', ',']).to_ascii_lowercase());
    kinds.filter(|kind| !kind.is_empty())
}

/// A line that is not blank.
struct Line<'t> {
    /// Where it begins in the text.
    start: usize,
    text: &'t str,
    /// Without indentation and the dashes of items.
    content: &'t str,
    indent: usize,
    is_item: bool,
    is_comment: bool,
}

fn lines(text: &str, part: Span) -> impl Iterator<Item = Line<'_>> {
    let mut next = part.range().start;
    let lines = text[part.range()].split_inclusive('\n').map(move |line| {
        let start = next;
        next += line.len();
        let content = line.trim_start_matches([' ', '-']);
        Line {
            start,
            text: line,
            content,
            indent: line.len() - content.len(),
            is_item: line.trim_start_matches(' ').len() != content.len(),
            is_comment: content.starts_with('#'),
        }
    });
    lines.filter(|line| !line.content.trim().is_empty())
}

impl Line<'_> {
    /// What stands from byte `from` of the line on, without the blanks around it.
    fn from(&self, from: usize) -> Span {
        let from = self.text.len() - self.text[from..].trim_start().len();
        Span::new(self.start + from..self.start + self.text.trim_end().len().max(from))
    }

    /// What is hidden of a line below a field with values: all but the key, which stands where the first one stood.
    fn value(&self, inner: &mut Option<usize>) -> Span {
        if self.is_comment {
            return self.from(self.indent);
        }
        let inner = *inner.get_or_insert(self.indent);
        let key = key_end(self.content).filter(|_| self.indent == inner && !self.is_item);
        self.from(self.indent + key.unwrap_or(0))
    }
}

/// Hides the lines below `fields`. In a document that cannot be read, where a smaller indentation proves nothing, all that
/// follows is hidden.
fn below(text: &str, document: Span, readable: bool, fields: &BTreeSet<&str>, spans: &mut Vec<Span>) {
    // The indentation of the open `data:` and that of the keys below it.
    let mut open: Option<(usize, Option<usize>)> = None;
    for line in lines(text, document) {
        if readable && !line.is_comment && open.is_some_and(|(outer, _)| line.indent <= outer) {
            open = None;
        }
        match &mut open {
            Some((_, inner)) => spans.push(line.value(inner)),
            None if key(line.content).is_some_and(|key| fields.contains(key)) => {
                spans.push(line.from(line.indent + key_end(line.content).unwrap_or(0)));
                open = Some((line.indent, None));
            }
            None => {}
        }
    }
}

/// Hides all of a piece but its keys, and the words that harmless fields and names have as values.
fn all_but_names(text: &str, piece: Span, spans: &mut Vec<Span>) {
    let mut open: Option<Option<usize>> = None;
    let mut metadata: Option<usize> = None;
    for line in lines(text, piece) {
        if let Some(inner) = &mut open {
            spans.push(line.value(inner));
            continue;
        }
        if !line.is_comment && metadata.is_some_and(|outer| line.indent <= outer) {
            metadata = None;
        }
        let key = key(line.content).filter(|_| !line.is_comment);
        let end = key_end(line.content).filter(|_| key.is_some()).unwrap_or_else(|| word_end(line.content));
        let is_unknown = line.indent == 0 && key.is_some_and(|key| !HARMLESS.contains(&key));
        let shows = |key: &str| HARMLESS.contains(&key) || metadata.is_some() && NAMES.contains(&key);
        if let Some(end) = field_end(line.content) {
            open = Some(None);
            spans.push(line.from(line.indent + end));
        } else if is_unknown {
            open = Some(None);
            spans.push(line.from(end));
        } else if !(key.is_some_and(shows) && is_plain(&line.content[end..]) || is_punctuation(line.content)) {
            spans.push(line.from(line.indent + end));
        }
        if key == Some("metadata") {
            metadata = Some(line.indent);
        }
    }
}

/// Hides all that follows the first `data` or `stringData` inside a line.
pub(super) fn in_braces(text: &str, document: Span, spans: &mut Vec<Span>) {
    let piece = &text[document.range()];
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let inside = |at: usize, field: &str| {
        let line = &piece[piece[..at].rfind('\n').map_or(0, |end| end + 1)..at];
        let bytes = piece.as_bytes();
        !line.trim_matches([' ', '-', '"', '\'']).is_empty()
            && !is_word(bytes[..at].last())
            && !is_word(bytes.get(at + field.len()))
    };
    let first = FIELDS.iter().flat_map(|field| {
        piece.match_indices(field).filter(|(at, _)| inside(*at, field)).map(|(at, _)| at + field.len())
    });
    if let Some(first) = first.min() {
        let from = document.range().start + first;
        let colon = piece[first..].len() - piece[first..].trim_start_matches(['"', '\'', ':', ' ']).len();
        spans.push(Span::new(from + colon..document.range().end));
    }
}

/// The key at the start of a line.
pub(super) fn key(content: &str) -> Option<&str> {
    Some(content[..key_end(content)? - 1].trim_matches(['"', '\'', ' ']))
}

/// The end of `key:` at the start of a line, colon included.
fn key_end(content: &str) -> Option<usize> {
    let colon = content.find(':')?;
    let ends = content[colon + 1..].chars().next().is_none_or(char::is_whitespace);
    (ends && is_key(content[..colon].trim_matches(['"', '\'', ' ']))).then_some(colon + 1)
}

/// Whether a Secret may have such a key: letters, digits, `-`, `_` and `.`.
pub(super) fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The end of `data` or `stringData` at the start of a line, whatever stands behind it in place of a colon and a blank.
fn field_end(content: &str) -> Option<usize> {
    let bare = content.trim_start_matches(['"', '\'']);
    let rest = FIELDS.iter().find_map(|field| bare.strip_prefix(field))?;
    let is_word = rest.starts_with(|next: char| next.is_alphanumeric());
    (!is_word).then(|| content.len() - rest.trim_start_matches(['"', '\'', ':']).len())
}

/// The end of the name of a harmless field at the start of a line, whose colon is missing.
fn word_end(content: &str) -> usize {
    let word = content.split(char::is_whitespace).next().unwrap_or_default();
    if HARMLESS.contains(&word) { word.len() } else { 0 }
}

/// Whether what follows a key is a word at most, in which no value can hide behind another one.
fn is_plain(rest: &str) -> bool {
    rest.trim().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./\"',{[".contains(&byte))
}

fn is_punctuation(content: &str) -> bool {
    content.trim().bytes().all(|byte| byte.is_ascii_punctuation())
}
