//! What must never be shown: the values of Secrets.
//!
//! In every Secret, everything that stands below `data` and `stringData` is hidden, keys apart; comments there too,
//! because old values are left behind in them. So is what stands below fields that a Secret does not have: they may be
//! keys of `data` with too little indentation, or a misspelt `data`. Two readings are joined. The tree knows values in
//! braces, behind aliases and merge keys, and in the annotation in which kubectl keeps the last manifest; the lines
//! know what the tree has forgotten, such as the first of two equal keys, and documents that cannot be read at all.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Fix, Label};
use crate::source::{FileId, Place, Sources, Span};
use crate::yaml::{Document, Path, ProblemKind, Segment, Shape, Value};

/// What is written in place of a value.
pub(crate) const MASK: &str = "***";
const FIELDS: [&str; 2] = ["data", "stringData"];
/// The fields of a Secret that hold no values.
const HARMLESS: [&str; 5] = ["apiVersion", "immutable", "kind", "metadata", "type"];
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The hidden parts of all texts.
#[derive(Debug, Default)]
pub struct Secrets {
    /// Sorted and apart from each other.
    hidden: BTreeMap<FileId, Vec<Span>>,
}

impl Secrets {
    /// Looks for the values of Secrets.
    pub fn find<'a>(sources: &Sources, documents: impl Iterator<Item = &'a Document>) -> Self {
        let mut hidden: BTreeMap<FileId, Vec<Span>> = BTreeMap::new();
        for document in documents {
            let text = sources.get(document.file).text();
            // Most documents are done with here: no kind without the word.
            if !text[document.span.range()].contains("ecret") {
                continue;
            }
            let mut spans = Vec::new();
            let mut fields = BTreeSet::from(FIELDS);
            let readable = document.root().is_some();
            if document.root().is_some_and(|root| !of_value(root, text, &mut fields, &mut spans)) {
                continue;
            }
            by_lines(text, document.span, readable, &fields, &mut spans);
            let is_forgotten = |kind| matches!(kind, ProblemKind::DuplicateKey | ProblemKind::OverriddenMerge);
            let forgotten = document.problems.iter().any(|problem| is_forgotten(problem.kind));
            if text[document.span.range()].trim_start().starts_with('{') && (!readable || forgotten) {
                in_braces(text, document.span, &mut spans);
            }
            hidden.entry(document.file).or_default().extend(spans);
        }
        hidden.retain(|_, spans| !spans.is_empty());
        for spans in hidden.values_mut() {
            *spans = joined(std::mem::take(spans));
        }
        Self { hidden }
    }

    /// Replaces what is hidden in `line`, which stands at `start` of the file; lengths stay, so that places stay true.
    pub fn mask(&self, file: FileId, start: usize, line: &str) -> Option<String> {
        let whole = Span::new(start..start + line.len());
        let mut bytes = line.as_bytes().to_vec();
        let mut changed = false;
        for span in self.touching(file, whole) {
            let from = span.range().start.max(start) - start;
            let to = span.range().end.min(start + line.len()) - start;
            for (at, byte) in bytes[from..to].iter_mut().enumerate().filter(|(_, byte)| !b"\r\n".contains(*byte)) {
                *byte = MASK.as_bytes().get(at).copied().unwrap_or(b' ');
                changed = true;
            }
        }
        // Spans begin and end between characters, and whole spans are replaced.
        changed.then(|| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Whether something on the lines of `place` is hidden.
    pub fn touches(&self, sources: &Sources, place: Place) -> bool {
        if !self.hidden.contains_key(&place.file) {
            return false;
        }
        let source = sources.get(place.file);
        let line = |offset: u32| source.line_range(source.line_index(offset as usize)).unwrap_or_default();
        let lines = Span::new(line(place.span.start).start..line(place.span.end).end);
        self.touching(place.file, lines).next().is_some()
    }

    /// Whether showing the edits of a fix would show a value.
    pub fn would_show(&self, sources: &Sources, fix: &Fix) -> bool {
        fix.edits.iter().any(|edit| self.touches(sources, edit.place))
    }

    /// Takes out of the texts of a finding about a Secret what might be a value: every quoted literal that is not a
    /// name on the way to the place, and every hidden text of the lines that the finding points at.
    pub fn redact(&self, sources: &Sources, finding: &mut Finding) {
        let places = || std::iter::once(&finding.primary).chain(&finding.related).map(|label| label.place);
        let below_data = finding.object.as_ref().is_some_and(|object| object.kind.eq_ignore_ascii_case("Secret"))
            && finding
                .path
                .segments()
                .first()
                .and_then(|first| first.name())
                .is_some_and(|name| !HARMLESS.contains(&name));
        if !below_data && !places().any(|place| self.touches(sources, place)) {
            return;
        }
        let values: BTreeSet<&str> = places().flat_map(|place| self.values_near(sources, place)).collect();
        let keys: BTreeSet<&str> = places().filter_map(|place| key_near(sources, place)).collect();
        let field = finding.path.to_string();
        let path = finding.path.clone();
        let clean = |text: &mut String| *text = redacted(text, &path, &field, &keys, &values);
        let Finding { message, primary, related, help, fix, cause, .. } = finding;
        if let Some(cause) = cause {
            // Nobody knows which part of it is the value.
            cause.detail = None;
        }
        let labels = std::iter::once(primary).chain(related).map(|Label { message, .. }| message);
        std::iter::once(message)
            .chain(labels)
            .chain(help)
            .chain(fix.as_mut().map(|fix| &mut fix.title))
            .for_each(clean);
    }

    fn touching(&self, file: FileId, whole: Span) -> impl Iterator<Item = Span> {
        let spans = self.hidden.get(&file).map_or(&[][..], Vec::as_slice);
        let from = spans.partition_point(|span| span.end <= whole.start);
        spans[from..].iter().copied().take_while(move |span| span.start < whole.end)
    }

    /// The first hidden texts from `place` to the end of its line, without quotes and blanks; a key's value is there.
    fn values_near<'a>(&self, sources: &'a Sources, place: Place) -> Vec<&'a str> {
        let source = sources.get(place.file);
        let line = source.line_range(source.line_index(place.span.end as usize)).unwrap_or_default();
        let start = place.span.range().start;
        let rest = Span::new(start..line.end);
        let quotes = [' ', '\t', '\r', '"', '\'', ',', '{', '}', ':'];
        let mut values = Vec::new();
        for span in self.touching(place.file, rest).take(8) {
            if span.range().start < start {
                // Inside of braces on one line, which are hidden whole.
                let inside = &source.text()[start..span.range().end.min(line.end)];
                values.extend(inside.split(quotes).filter(|value| !value.is_empty()).take(8));
            } else {
                values.extend(source.text()[span.range()].lines().map(|value| value.trim_matches(quotes)));
            }
        }
        values.retain(|value| value.len() > 2);
        values
    }
}

/// Hides the values of the Secrets below `root`, and collects the fields that hold them; says whether there are any.
fn of_value<'a>(root: Value<'a>, text: &str, fields: &mut BTreeSet<&'a str>, spans: &mut Vec<Span>) -> bool {
    let mut found = false;
    let mut waiting = vec![(root, false)];
    while let Some((value, in_list)) = waiting.pop() {
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
        if kind.ends_with("List") {
            let of_secrets = kind == "SecretList";
            waiting.extend(value.get("items").into_iter().flat_map(Value::items).map(|item| (item, of_secrets)));
        }
        if !in_list && !kind.eq_ignore_ascii_case("Secret") {
            continue;
        }
        found = true;
        let annotations = value.get("metadata").and_then(|metadata| metadata.get("annotations"));
        spans.extend(annotations.and_then(|annotations| annotations.get(LAST_APPLIED)).map(Value::definition));
        for field in value.fields().filter(|field| !HARMLESS.contains(&field.name)) {
            fields.insert(field.name);
            let place = field.value.definition();
            match field.value.shape() {
                Shape::Mapping if !is_one_line(&text[place.range()]) => {
                    spans.extend(field.value.fields().map(|entry| entry.value.definition()));
                }
                _ => spans.push(place),
            }
        }
    }
    found
}

/// Whether the text is in braces on one line; equal keys there are seen neither by the tree nor by the lines.
fn is_one_line(text: &str) -> bool {
    text.starts_with('{') && !text.contains('\n')
}

/// Hides the lines below `fields`, wherever these keys begin a line of the document. In a document that cannot be read,
/// where a smaller indentation proves nothing, it hides all that follows.
fn by_lines(text: &str, document: Span, readable: bool, fields: &BTreeSet<&str>, spans: &mut Vec<Span>) {
    // The indentation of the open `data:` and that of the keys below it.
    let mut open: Option<(usize, Option<usize>)> = None;
    let mut start = document.range().start;
    let lines = || text[document.range()].split_inclusive('\n');
    let is_secret = !readable && lines().any(|line| line.contains("kind") && line.contains("Secret"));
    for line in lines() {
        let content = line.trim_start_matches([' ', '-']);
        let indent = line.len() - content.len();
        let is_item = line.trim_start_matches(' ').len() != content.len();
        let is_comment = content.starts_with('#');
        let mut hide = |from: usize| {
            let from = line.len() - line[from..].trim_start().len();
            spans.push(Span::new(start + from..start + line.trim_end().len().max(from)));
        };
        if content.trim().is_empty() {
            start += line.len();
            continue;
        }
        if let Some((outer, _)) = open
            && indent <= outer
            && !is_comment
            && readable
        {
            open = None;
        }
        match &mut open {
            None if key(content)
                .is_some_and(|key| fields.contains(key) || (is_secret && indent == 0 && !HARMLESS.contains(&key))) =>
            {
                hide(indent + key_end(content).unwrap_or(0));
                open = Some((indent, None));
            }
            None => {}
            Some(_) if is_comment => hide(indent),
            Some((_, inner)) => {
                let inner = *inner.get_or_insert(indent);
                hide(indent + key_end(content).filter(|_| indent == inner && !is_item).unwrap_or(0));
            }
        }
        start += line.len();
    }
}

/// Hides all that follows the first `data` or `stringData` inside a line.
fn in_braces(text: &str, document: Span, spans: &mut Vec<Span>) {
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
fn key(content: &str) -> Option<&str> {
    Some(content[..key_end(content)? - 1].trim_matches(['"', '\'', ' ']))
}

/// The end of `key:` at the start of a line, colon included; keys of Secrets are letters, digits, `-`, `_` and `.`.
fn key_end(content: &str) -> Option<usize> {
    let colon = content.find(':')?;
    let key = content[..colon].trim_matches(['"', '\'', ' ']);
    let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let ends = content[colon + 1..].chars().next().is_none_or(char::is_whitespace);
    (plain && ends && !key.is_empty()).then_some(colon + 1)
}

/// The key at the start of the line of `place`.
fn key_near(sources: &Sources, place: Place) -> Option<&str> {
    let source = sources.get(place.file);
    let line = &source.text()[source.line_range(source.line_index(place.span.start as usize))?];
    key(line.trim_start_matches([' ', '-']))
}

fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort();
    let mut apart: Vec<Span> = Vec::new();
    for span in spans.into_iter().filter(|span| span.start < span.end) {
        match apart.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => apart.push(span),
        }
    }
    apart
}

/// Puts the mask in place of every value of a Secret, and of what `kubectl apply` remembers of it.
pub fn hide(object: &mut serde_json::Value) {
    if object["kind"] != "Secret" || object["apiVersion"] != "v1" {
        return;
    }
    for field in FIELDS {
        for (_, value) in object.get_mut(field).and_then(serde_json::Value::as_object_mut).into_iter().flatten() {
            *value = MASK.into();
        }
    }
    if let Some(remembered) = object.pointer_mut("/metadata/annotations").and_then(|all| all.get_mut(LAST_APPLIED)) {
        *remembered = MASK.into();
    }
}

/// Words that a message about a value may quote, because they say what it should be.
const KINDS_OF_VALUES: [&str; 9] =
    ["string", "boolean", "integer", "number", "object", "array", "null", "data", "stringData"];

fn redacted(text: &str, path: &Path, field: &str, keys: &BTreeSet<&str>, values: &BTreeSet<&str>) -> String {
    let harmless = |literal: &str| {
        literal == field
            || keys.contains(literal)
            || KINDS_OF_VALUES.contains(&literal)
            || path.segments().into_iter().filter_map(Segment::name).any(|name| name == literal)
    };
    let pieces = text
        .split('`')
        .enumerate()
        .map(|(at, piece)| if at % 2 == 0 || piece.is_empty() || harmless(piece) { piece } else { MASK });
    let text = pieces.collect::<Vec<_>>().join("`");
    let length = text.len();
    let values = values.iter().filter(|value| value.len() <= length && !harmless(value));
    values.fold(text, |text, value| text.replace(value, MASK))
}
