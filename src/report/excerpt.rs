//! The lines of a finding, made fit to be shown: only these lines are copied, and codespan sees nothing else.
//!
//! Lines that are too long are cut around their label, the values of Secrets are masked, and what a terminal would obey
//! or hide is replaced. All this keeps bytes where they are, so that labels need only be moved.

use std::collections::BTreeMap;
use std::ops::Range;

use codespan_reporting::files::{Error, Files};

use super::is_invisible;
use crate::secrets::Secrets;
use crate::source::{FileId, Place, Sources};

const CUT: char = '…';

/// Excerpts of all files that a finding touches.
pub(super) struct Excerpts<'a> {
    sources: &'a Sources,
    secrets: &'a Secrets,
    /// How many bytes of a line are shown at most.
    width: usize,
    files: BTreeMap<FileId, Excerpt>,
}

#[derive(Default)]
struct Excerpt {
    text: String,
    lines: BTreeMap<usize, Line>,
}

struct Line {
    /// In the text of the excerpt, line end included.
    range: Range<usize>,
    /// In the text of the excerpt, without line end and cuts.
    shown: Range<usize>,
    /// The byte of the source that stands at the start of `shown`.
    from: usize,
}

impl<'a> Excerpts<'a> {
    pub(super) fn new(sources: &'a Sources, secrets: &'a Secrets, width: usize) -> Self {
        Self { sources, secrets, width, files: BTreeMap::new() }
    }

    /// Takes the line of `place` in, and says where the place is in the excerpt. Of a place of several lines only the
    /// first is shown: a whole object under a finding would bury it.
    pub(super) fn take(&mut self, place: Place) -> Range<usize> {
        let source = self.sources.get(place.file);
        let span = place.span.range();
        let line = source.line_index(span.start);
        // codespan fills a gap of one line between two labels.
        for number in [line, line + 1, line.wrapping_sub(1)] {
            self.take_line(place.file, number, span.start);
        }
        let excerpt = self.files.entry(place.file).or_default();
        let Some(line) = excerpt.lines.get(&line) else { return 0..0 };
        let moved = |offset: usize| (line.shown.start + offset.saturating_sub(line.from)).min(line.shown.end);
        let start = moved(span.start);
        start..moved(span.end).max(start)
    }

    fn take_line(&mut self, file: FileId, number: usize, focus: usize) {
        let source = self.sources.get(file);
        let excerpt = self.files.entry(file).or_default();
        if excerpt.lines.contains_key(&number) {
            return;
        }
        let Some(range) = source.line_range(number) else { return };
        let text = &source.text()[range.clone()];
        let mut range = range.start..range.start + text.trim_end_matches(['\n', '\r']).len();
        if number == 0 && text.starts_with('\u{feff}') {
            range.start += '\u{feff}'.len_utf8();
        }
        let window = window(source.text(), range.clone(), focus, self.width);
        let piece = &source.text()[window.clone()];
        let masked = self.secrets.mask(file, window.start, piece);
        let piece = masked.as_deref().unwrap_or(piece).trim_end();
        let start = excerpt.text.len();
        excerpt.text.extend((window.start > range.start).then_some(CUT));
        let shown = excerpt.text.len();
        for char in piece.chars() {
            if is_invisible(char) && char != '\t' {
                excerpt.text.push_str(stand_in(char));
            } else {
                excerpt.text.push(char);
            }
        }
        let shown = shown..excerpt.text.len();
        excerpt.text.extend((window.end < range.end).then_some(CUT));
        excerpt.text.push('\n');
        excerpt.lines.insert(number, Line { range: start..excerpt.text.len(), shown, from: window.start });
    }

    fn excerpt(&self, file: FileId) -> Result<&Excerpt, Error> {
        self.files.get(&file).ok_or(Error::FileMissing)
    }

    fn line(&self, file: FileId, number: usize) -> Result<&Line, Error> {
        let lines = &self.excerpt(file)?.lines;
        lines.get(&number).ok_or(Error::LineTooLarge { given: number, max: lines.len() })
    }
}

/// Something visible of the same length.
fn stand_in(char: char) -> &'static str {
    match char.len_utf8() {
        1 => "?",
        2 => "¿",
        _ => "\u{fffd}",
    }
}

/// The part of a line that is shown: all of it, or `width` bytes around `focus`.
fn window(text: &str, line: Range<usize>, focus: usize, width: usize) -> Range<usize> {
    if line.len() <= width {
        return line;
    }
    let focus = focus.clamp(line.start, line.end);
    let mut start = if focus - line.start < width * 2 / 3 { line.start } else { focus - width / 3 };
    let mut end = (start + width).min(line.end);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

impl<'a> Files<'a> for Excerpts<'_> {
    type FileId = FileId;
    type Name = String;
    type Source = &'a str;

    fn name(&'a self, file: FileId) -> Result<String, Error> {
        Ok(super::printable(&self.sources.get(file).name).into_owned())
    }

    fn source(&'a self, file: FileId) -> Result<&'a str, Error> {
        Ok(&self.excerpt(file)?.text)
    }

    fn line_index(&'a self, file: FileId, byte: usize) -> Result<usize, Error> {
        let excerpt = self.excerpt(file)?;
        let line = excerpt.lines.iter().find(|(_, line)| line.range.contains(&byte));
        line.map(|(number, _)| *number).ok_or(Error::IndexTooLarge { given: byte, max: excerpt.text.len() })
    }

    fn column_number(&'a self, file: FileId, number: usize, byte: usize) -> Result<usize, Error> {
        let line = self.line(file, number)?;
        let offset = line.from + byte.clamp(line.shown.start, line.shown.end) - line.shown.start;
        Ok(self.sources.get(file).position(offset).char_column)
    }

    fn line_range(&'a self, file: FileId, number: usize) -> Result<Range<usize>, Error> {
        Ok(self.line(file, number)?.range.clone())
    }
}
