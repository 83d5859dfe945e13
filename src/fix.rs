//! Applies the fixes of findings to the texts, and never more than they say.
//!
//! A fix is taken as a whole or not at all. Fixes that overlap an earlier one are left for the next run. The new text
//! is read again: it must have the same documents, no new problems, and the same values wherever no edit was made.
//! Fixes that break this are left out, found by halving.

use std::collections::BTreeMap;

use crate::finding::{Finding, Fix};
use crate::source::{FileId, Sources, Span};
use crate::yaml::{self, Document, Shape, Value};

/// A text with fixes applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The text that was fixed.
    pub file: FileId,
    /// The new text.
    pub text: String,
    /// How many fixes it has.
    pub applied: usize,
    /// How many fixes were left out.
    pub left: usize,
}

/// The texts that the fixes of `findings` change, in the order of the files.
pub fn fixed(sources: &Sources, findings: &[Finding]) -> Vec<Fixed> {
    let mut by_file: BTreeMap<FileId, Vec<&Fix>> = BTreeMap::new();
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        let Some(first) = fix.edits.first() else { continue };
        if fix.edits.iter().all(|edit| edit.place.file == first.place.file) {
            by_file.entry(first.place.file).or_default().push(fix);
        }
    }
    by_file.into_iter().filter_map(|(file, fixes)| in_file(sources, file, fixes)).collect()
}

fn in_file(sources: &Sources, file: FileId, mut fixes: Vec<&Fix>) -> Option<Fixed> {
    fixes.sort_by_key(|fix| fix.edits.iter().map(|edit| edit.place.span).min());
    fixes.dedup();
    let all = fixes.len();
    let text = sources.get(file).text();
    let documents = yaml::read(file, sources.get(file));
    let mut spans: BTreeMap<u32, u32> = BTreeMap::new();
    fixes.retain(|fix| {
        let edits = || fix.edits.iter().map(|edit| edit.place.span);
        let free = edits().all(|edit| is_free(&spans, edit));
        if free {
            spans.extend(edits().map(|edit| (edit.start, edit.end)));
        }
        free
    });
    let mut kept = Vec::new();
    let mut waiting = vec![fixes];
    while let Some(group) = waiting.pop() {
        let candidate: Vec<&Fix> = kept.iter().copied().chain(group.iter().copied()).collect();
        if is_safe(text, &documents, &candidate) {
            kept = candidate;
        } else if group.len() > 1 {
            let (first, second) = group.split_at(group.len() / 2);
            waiting.push(second.to_vec());
            waiting.push(first.to_vec());
        }
    }
    if kept.is_empty() {
        return None;
    }
    let (text, _) = apply(text, &mut edits(&kept));
    Some(Fixed { file, text, applied: kept.len(), left: all - kept.len() })
}

/// Whether an edit overlaps none of `taken` (start to end) and begins where none of them begins.
fn is_free(taken: &BTreeMap<u32, u32>, edit: Span) -> bool {
    let before = taken.range(..=edit.start).next_back();
    let inside = taken.range(edit.start..edit.end.max(edit.start)).next();
    before.is_none_or(|(start, end)| *end <= edit.start && *start != edit.start) && inside.is_none()
}

fn edits(fixes: &[&Fix]) -> Vec<(Span, String)> {
    let edits = fixes.iter().flat_map(|fix| &fix.edits);
    edits.map(|edit| (edit.place.span, edit.replacement.clone())).collect()
}

/// Whether the text with these fixes still says the same wherever they change nothing.
fn is_safe(text: &str, before: &[Document], fixes: &[&Fix]) -> bool {
    let mut edits = edits(fixes);
    let count = edits.len();
    let (new, applied) = apply(text, &mut edits);
    // Equal edits of two fixes are one edit.
    if applied < edits.len() || count == 0 {
        return false;
    }
    let mut sources = Sources::default();
    let id = sources.add("", new);
    let after = yaml::read(id, sources.get(id));
    let spans: Vec<Span> = edits.iter().map(|(span, _)| *span).collect();
    let same = |(old, new): (&Document, &Document)| {
        new.problems.len() <= old.problems.len()
            && match (old.root(), new.root()) {
                (Some(old), Some(new)) => same_elsewhere(old, new, &spans),
                (old, new) => old.is_none() && new.is_none(),
            }
    };
    before.len() == after.len() && before.iter().zip(&after).all(same)
}

/// Whether `new` differs from `old` only where an edit touches `old`. `edits` are sorted.
fn same_elsewhere(old: Value<'_>, new: Value<'_>, edits: &[Span]) -> bool {
    let whole = old.span();
    let first = edits.partition_point(|edit| edit.end < whole.start);
    let near = &edits[first..];
    let near = &near[..near.partition_point(|edit| edit.start <= whole.end)];
    if !near.iter().any(|edit| touches(*edit, whole)) {
        return old.to_json() == new.to_json();
    }
    match (old.shape(), new.shape()) {
        (Shape::Mapping, Shape::Mapping) => old.fields().all(|field| {
            match new.get(field.name) {
                Some(value) => same_elsewhere(field.value, value, near),
                // Renamed or taken away.
                None => near.iter().any(|edit| touches(*edit, field.key)),
            }
        }),
        (Shape::Sequence, Shape::Sequence) if old.items().len() == new.items().len() => {
            old.items().zip(new.items()).all(|(old, new)| same_elsewhere(old, new, near))
        }
        (Shape::Sequence, Shape::Sequence) | (Shape::Scalar(_), _) => true,
        _ => near.iter().any(|edit| edit.contains(whole)),
    }
}

/// Whether an edit changes something of `span`; what is put in at one of its ends does.
fn touches(edit: Span, span: Span) -> bool {
    if edit.start == edit.end {
        span.start <= edit.start && edit.end <= span.end
    } else {
        edit.start < span.end && span.start < edit.end
    }
}

/// Applies edits to a text. Edits that overlap an earlier one are left out; the number of applied ones comes back.
pub fn apply(text: &str, edits: &mut Vec<(Span, String)>) -> (String, usize) {
    edits.sort();
    edits.dedup();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut applied) = (0, 0);
    for (span, replacement) in edits.iter() {
        let range = span.range();
        if range.start < at || range.end > text.len() {
            continue;
        }
        out.push_str(&text[at..range.start]);
        out.push_str(replacement);
        at = range.end;
        applied += 1;
    }
    out.push_str(&text[at..]);
    (out, applied)
}
