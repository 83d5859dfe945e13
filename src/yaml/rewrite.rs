//! A text that is changed in places before it is parsed, with the way back to the original offsets.
//!
//! The parser reads YAML 1.2, go-yaml reads YAML 1.1. Where that makes a difference, the parser is given a text that it
//! reads as go-yaml reads the original: a blank more, or a private character in place of one that it would take for an
//! indicator. The private characters are turned back in every scalar.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// A replacement in the original text.
pub(super) struct Edit {
    range: Range<usize>,
    stand_in: Option<StandIn>,
    text: String,
}

impl Edit {
    pub(super) fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::replace(at..at, text)
    }

    pub(super) fn replace(range: Range<usize>, text: impl Into<String>) -> Self {
        Self { range, stand_in: None, text: text.into() }
    }

    /// Puts the stand-in of a character in its place, and then `text`.
    pub(super) fn stand_in(range: Range<usize>, which: StandIn, text: impl Into<String>) -> Self {
        Self { range, stand_in: Some(which), text: text.into() }
    }
}

/// A character that stands for another one while the text is parsed.
#[derive(Clone, Copy)]
pub(super) enum StandIn {
    Dash,
    Colon,
    ByteOrderMark,
    LineSeparator,
    ParagraphSeparator,
}

const MEANT: [char; 5] = ['-', ':', '\u{feff}', '\u{2028}', '\u{2029}'];

/// The text as the parser gets it.
pub(super) struct Rewritten<'t> {
    original: &'t str,
    edits: BTreeMap<usize, (usize, String)>,
    text: Cow<'t, str>,
    moves: Vec<Move>,
    /// The private characters in use, in the order of [`StandIn`]; chosen when the first one is needed.
    stand_ins: Option<[char; MEANT.len()]>,
}

/// Bytes of the rewritten text that stand for bytes of the original one.
struct Move {
    new: Range<usize>,
    old: Range<usize>,
}

impl<'t> Rewritten<'t> {
    pub(super) fn new(original: &'t str) -> Self {
        Self { original, edits: BTreeMap::new(), text: Cow::Borrowed(original), moves: Vec::new(), stand_ins: None }
    }

    pub(super) fn original(&self) -> &'t str {
        self.original
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Adds edits; `false` if none of them is new, so that parsing again would change nothing.
    pub(super) fn add(&mut self, edits: Vec<Edit>) -> bool {
        let before = self.edits.len();
        for edit in edits {
            let mut replacement = String::new();
            if let Some(which) = edit.stand_in {
                let stand_ins = self.stand_ins.get_or_insert_with(|| unused(self.original));
                replacement.push(stand_ins[which as usize]);
            }
            replacement.push_str(&edit.text);
            self.edits.entry(edit.range.start).or_insert((edit.range.end, replacement));
        }
        if self.edits.len() == before {
            return false;
        }
        let mut text = String::with_capacity(self.original.len() + 16 * self.edits.len());
        self.moves.clear();
        let mut at = 0;
        for (start, (end, replacement)) in &self.edits {
            if *start < at {
                continue;
            }
            text.push_str(&self.original[at..*start]);
            let from = text.len();
            text.push_str(replacement);
            self.moves.push(Move { new: from..text.len(), old: *start..*end });
            at = *end;
        }
        text.push_str(&self.original[at..]);
        self.text = Cow::Owned(text);
        true
    }

    /// The place in the original text of an offset in the rewritten one.
    pub(super) fn original_offset(&self, at: usize) -> usize {
        let after = self.moves.partition_point(|moved| moved.new.start <= at);
        match after.checked_sub(1).map(|last| &self.moves[last]) {
            None => at,
            Some(moved) if at < moved.new.end => moved.old.start + (at - moved.new.start).min(moved.old.len()),
            Some(moved) => moved.old.end + (at - moved.new.end),
        }
    }

    /// The text of a scalar with the characters that are meant. A plain scalar does not end with a separator.
    pub(super) fn restored<'a>(&self, text: Cow<'a, str>, plain: bool) -> Cow<'a, str> {
        let Some(stand_ins) = self.stand_ins.filter(|stand_ins| text.contains(stand_ins)) else { return text };
        let separators = [StandIn::LineSeparator, StandIn::ParagraphSeparator].map(|which| stand_ins[which as usize]);
        let text = if plain { text.trim_end_matches(separators) } else { &text };
        let mut restored = String::with_capacity(text.len());
        let mut after_separator = false;
        for char in text.chars() {
            let Some(which) = stand_ins.iter().position(|stand_in| *stand_in == char) else {
                // The break that was written for a separator, or the blank that it was folded to.
                if !(after_separator && matches!(char, ' ' | '\n')) {
                    restored.push(char);
                }
                after_separator = false;
                continue;
            };
            after_separator = which >= StandIn::LineSeparator as usize;
            if after_separator {
                restored.truncate(restored.trim_end_matches([' ', '\t']).len());
            }
            restored.push(MEANT[which]);
        }
        Cow::Owned(restored)
    }
}

/// Private characters that the text does not use.
fn unused(text: &str) -> [char; MEANT.len()] {
    let used: std::collections::BTreeSet<char> = text.chars().filter(|char| PRIVATE.contains(char)).collect();
    let mut free = PRIVATE.filter(|char| !used.contains(char));
    MEANT.map(|_| free.next().unwrap_or('\u{f8ff}'))
}

const PRIVATE: std::ops::RangeInclusive<char> = '\u{e000}'..='\u{f8ff}';
