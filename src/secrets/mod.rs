//! What must never be shown: the values of Secrets.
//!
//! In every Secret, however its kind is spelt and whatever it stands in, everything below `data` and `stringData` is
//! hidden, keys apart; comments there too, because old values are left behind in them. So is what stands below fields that
//! a Secret does not have: they may be keys of `data` with too little indentation, or a misspelt `data`. Two readings of a
//! text are joined. The tree knows values in braces, behind aliases and merge keys, and in the annotation in which kubectl
//! keeps the last manifest; the lines know what the tree has forgotten, such as the first of two equal keys, and
//! documents that cannot be read at all.

mod lines;
mod values;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Fix, Label, Reason};
use crate::source::{FileId, Place, Sources, Span};
use crate::yaml::{Document, Path, Problem, ProblemKind, Segment, Shape, Value};

pub use self::values::hide;
pub(crate) use self::values::shown;

/// What is written in place of a value.
const MASK: &str = "***";
const FIELDS: [&str; 2] = ["data", "stringData"];
/// The fields of a Secret that hold no values.
const HARMLESS: [&str; 5] = ["apiVersion", "immutable", "kind", "metadata", "type"];
/// The fields of `metadata`; what else stands there may have come from `data`.
const METADATA: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];
/// Those of them that say who the object is.
const NAMES: [&str; 3] = ["generateName", "name", "namespace"];
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
        let mut secret: Option<FileId> = None;
        for document in documents {
            let mut spans = Vec::new();
            let after = secret == Some(document.file);
            let is_secret = in_document(document, sources.get(document.file).text(), after, &mut spans);
            secret = is_secret.then_some(document.file);
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
        if below_data {
            // A key that cannot be one may be a key and its value, with nothing between them.
            finding.path = with_keys(&finding.path);
            finding.cause.iter_mut().for_each(|cause| cause.field = with_keys(&cause.field));
        }
        let values: BTreeSet<&str> = places().flat_map(|place| self.values_near(sources, place)).collect();
        let keys: BTreeSet<&str> = places().filter_map(|place| key_near(sources, place)).collect();
        let field = finding.path.to_string();
        let path = finding.path.clone();
        let clean = |text: &mut String| *text = redacted(text, &path, &field, &keys, &values);
        let Finding { message, primary, related, help, fix, cause, .. } = finding;
        // Of what the server says, only words that do not depend on the value are kept.
        if let Some(cause) = cause.as_mut().filter(|cause| {
            cause.reason.is_none_or(Reason::shows_value) || !matches!(cause.detail, Some(Cow::Borrowed(_)))
        }) {
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

/// Hides what a document shows of Secrets, and says whether it may be one. What has no kind and comes `after` one may have
/// been torn off from it.
fn in_document(document: &Document, text: &str, after: bool, spans: &mut Vec<Span>) -> bool {
    let is_ignored = |problem: &Problem| problem.kind == ProblemKind::Ignored;
    let root = match document.root() {
        None if document.problems.is_empty() => return after,
        Some(root) if !(after && root.get("kind").is_none() || document.problems.iter().any(is_ignored)) => root,
        _ => return lines::of_unreadable(text, document.span, after, spans),
    };
    let piece = &text[document.span.range()];
    // Most documents are done with here: no Secret without the word, unless some letters are escaped.
    if !mentions_secret(piece) && !piece.contains('\\') {
        return false;
    }
    let mut fields = BTreeSet::from(FIELDS);
    if !of_value(root, text, &mut fields, spans) {
        return false;
    }
    lines::of_fields(text, document.span, &fields, spans);
    let is_forgotten = |kind| matches!(kind, ProblemKind::DuplicateKey | ProblemKind::OverriddenMerge);
    let forgotten = document.problems.iter().any(|problem| is_forgotten(problem.kind));
    if forgotten && piece.trim_start().starts_with('{') {
        lines::in_braces(text, document.span, spans);
    }
    true
}

/// Whether a text has the word in it, in any spelling.
fn mentions_secret(text: &str) -> bool {
    let is_word = |bytes: &[u8]| bytes[2].eq_ignore_ascii_case(&b'c') && bytes.eq_ignore_ascii_case(b"secret");
    text.as_bytes().windows(6).any(is_word)
}

/// Whether a text that nobody reads seems to have a Secret in it: a field that nothing else has, or its kind.
fn holds_secrets(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let is_kind = |(at, word): (usize, &str)| {
        let value = text[at + word.len()..].trim_start_matches(|between: char| !between.is_alphanumeric());
        let rest = value.strip_prefix("secret").map(|rest| rest.strip_prefix("list").unwrap_or(rest));
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
    };
    text.contains("stringdata") || text.match_indices("kind").any(is_kind)
}

/// How sure it is that a value of kind Secret is one, and not a reference to one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// An item of a `SecretList`, which needs no kind.
    AmongSecrets,
    /// Where an object stands: a document, or an item of a list.
    AsObject,
    /// In a field of something else.
    Inside,
}

impl Stands {
    /// Where the values of a field stand, if they are a list of objects.
    fn below(kind: &str, field: &str) -> Self {
        match field {
            "items" if kind.eq_ignore_ascii_case("SecretList") => Stands::AmongSecrets,
            "items" if kind.ends_with("List") => Stands::AsObject,
            // OpenShift's.
            "objects" if kind == "Template" => Stands::AsObject,
            _ => Stands::Inside,
        }
    }

    /// Whether a value is a Secret; `has` says which fields it has.
    fn is_secret(self, kind: &str, has: impl Fn(&str) -> bool) -> bool {
        match self {
            Stands::AmongSecrets => true,
            _ if !kind.eq_ignore_ascii_case("Secret") => false,
            Stands::AsObject => true,
            Stands::Inside => has("metadata") || FIELDS.iter().any(|field| has(field)),
        }
    }
}

/// Hides the values of the Secrets in `root`, and collects the fields that hold them; says whether there are any.
fn of_value<'a>(root: Value<'a>, text: &str, fields: &mut BTreeSet<&'a str>, spans: &mut Vec<Span>) -> bool {
    let mut found = false;
    let mut waiting = vec![(root, Stands::AsObject)];
    while let Some((value, stands)) = waiting.pop() {
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
        if !stands.is_secret(kind, |field| value.get(field).is_some()) {
            waiting.extend(value.items().map(|item| (item, Stands::Inside)));
            for field in value.fields() {
                if field.name == LAST_APPLIED && field.value.as_str().is_some_and(holds_secrets) {
                    spans.push(field.value.definition());
                }
                let stands = Stands::below(kind, field.name);
                let list = field.value.is_sequence();
                waiting.extend(field.value.items().filter(|_| list).map(|item| (item, stands)));
                waiting.extend((!list).then_some((field.value, Stands::Inside)));
            }
            continue;
        }
        found = true;
        if let Some(metadata) = value.get("metadata") {
            let annotations = metadata.get("annotations").into_iter().flat_map(Value::fields);
            let is_text = |value: Value<'_>| value.scalar().is_some() && !value.as_str().is_some_and(holds_secrets);
            let strange = annotations.filter(|field| field.name == LAST_APPLIED || !is_text(field.value));
            spans.extend(strange.map(|field| field.value.definition()));
            for field in metadata.fields().filter(|field| !METADATA.contains(&field.name)) {
                fields.insert(field.name);
                spans.push(field.value.definition());
            }
        }
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

/// The key at the start of the line of `place`.
fn key_near(sources: &Sources, place: Place) -> Option<&str> {
    let source = sources.get(place.file);
    let line = &source.text()[source.line_range(source.line_index(place.span.start as usize))?];
    lines::key(line.trim_start_matches([' ', '-']))
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

/// The path with the mask in place of what cannot be a key of a Secret.
fn with_keys(path: &Path) -> Path {
    let segments = path.segments().into_iter().enumerate();
    segments.fold(Path::root(), |path, (depth, segment)| match segment.name() {
        Some(name) if depth > 0 && !lines::is_key(name) => path.key(MASK),
        _ => path.push(segment.clone()),
    })
}

/// Words that a message about a value may quote, because they say what it should be.
const KINDS_OF_VALUES: [&str; 10] =
    ["key: value", "string", "boolean", "integer", "number", "object", "array", "null", "data", "stringData"];

fn redacted(text: &str, path: &Path, field: &str, keys: &BTreeSet<&str>, values: &BTreeSet<&str>) -> String {
    let harmless = |literal: &str| {
        literal == field
            // A sign of the syntax.
            || literal.len() <= 3 && literal.bytes().all(|byte| byte.is_ascii_punctuation())
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
