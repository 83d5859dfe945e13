//! The texts under study: files by [`FileId`], byte spans, and the one conversion to lines and columns.

use std::ops::Range;
use std::sync::Arc;

/// One text in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span of `range`; texts are limited to 4 GiB by [`Sources::add`].
    pub fn new(range: Range<usize>) -> Self {
        let byte = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: byte(range.start), end: byte(range.end) }
    }

    /// The same range for slicing.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether `other` lies inside this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A span in a certain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The text.
    pub file: FileId,
    /// The bytes in it.
    pub span: Span,
}

/// A byte offset as people and editors count it; everything but `offset` starts at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, ended by `\n` or `\r\n`.
    pub line: usize,
    /// Column in UTF-16 code units, as editors count.
    pub column: usize,
    /// Column in UTF-8 bytes.
    pub byte_column: usize,
    /// Column in characters (Unicode scalar values), as terminals and compilers count.
    pub char_column: usize,
    /// Byte offset from the start of the text, from 0.
    pub offset: usize,
}

/// Why a text is not what Kubernetes would read, before anything is parsed: its bytes are no UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// Where, in the text as it is shown.
    pub span: Span,
    /// What is wrong, in lower case, without a full stop.
    pub message: String,
    /// What to do, starting with a verb.
    pub help: &'static str,
}

/// One text with its name and the starts of its lines.
#[derive(Clone, Debug)]
pub struct Source {
    /// As the user named it: relative to the working directory, or `<stdin>`.
    pub name: String,
    /// Set if the text cannot be judged; then it is only good for showing.
    pub defect: Option<Defect>,
    /// Whether the user says that it holds objects, by naming it or by sending it to standard input. What is no object is a
    /// mistake then, and otherwise something for another tool.
    pub is_named: bool,
    text: Arc<str>,
    line_starts: Vec<u32>,
    /// Then all columns are bytes, and counting need not read the line, which may be the whole text.
    ascii: bool,
}

impl Source {
    fn new(name: String, text: Arc<str>, defect: Option<Defect>, is_named: bool) -> Self {
        let line_starts = std::iter::once(0)
            .chain(
                text.bytes()
                    .enumerate()
                    .filter(|(_, byte)| *byte == b'\n')
                    .map(|(at, _)| Span::new(at + 1..at + 1).start),
            )
            .collect();
        let ascii = text.is_ascii();
        Self { name, defect, is_named, text, line_starts, ascii }
    }

    /// The whole text, byte order mark included.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The line (from 0) that holds the byte `offset`; offsets past the end belong to the last line.
    pub fn line_index(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start as usize <= offset).saturating_sub(1)
    }

    /// The bytes of a line (from 0), its line end included; `None` past the last line.
    pub fn line_range(&self, line: usize) -> Option<Range<usize>> {
        let start = *self.line_starts.get(line)? as usize;
        let end = self.line_starts.get(line + 1).map_or(self.text.len(), |next| *next as usize);
        Some(start..end)
    }

    /// Where the byte `offset` stands. An offset inside a character counts as that character's start.
    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line_index(offset);
        let start = self.line_starts[line] as usize;
        let before = &self.text[start..offset];
        let (units, chars) = if self.ascii {
            (before.len(), before.len())
        } else {
            (before.encode_utf16().count(), before.chars().count())
        };
        Position { line: line + 1, column: units + 1, byte_column: before.len() + 1, char_column: chars + 1, offset }
    }
}

/// All texts of one run, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Adds a text and returns its id.
    ///
    /// # Panics
    ///
    /// If there are more than four billion texts; loading refuses single texts above 4 GiB.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        self.push(name.into(), text.into(), None)
    }

    /// Adds a text that cannot be judged, as it is shown.
    ///
    /// # Panics
    ///
    /// As [`Sources::add`].
    pub fn add_defective(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>, defect: Defect) -> FileId {
        self.push(name.into(), text.into(), Some(defect))
    }

    /// Says that the user named the text `id` itself ([`Source::is_named`]).
    pub fn set_named(&mut self, id: FileId) {
        self.files[id.0 as usize].is_named = true;
    }

    /// Puts another text in the place of the text `id`; what could not be judged before can be now.
    pub fn replace(&mut self, id: FileId, text: impl Into<Arc<str>>) {
        let at = id.0 as usize;
        let Source { name, is_named, .. } = &self.files[at];
        self.files[at] = Source::new(name.clone(), text.into(), None, *is_named);
    }

    fn push(&mut self, name: String, text: Arc<str>, defect: Option<Defect>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).expect("fewer than 2^32 files"));
        self.files.push(Source::new(name, text, defect, false));
        id
    }

    /// The text with this id, which must come from the same `Sources`.
    pub fn get(&self, id: FileId) -> &Source {
        &self.files[id.0 as usize]
    }

    /// All texts with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        (0..).map(FileId).zip(&self.files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_every_unit() {
        let mut sources = Sources::default();
        let id = sources.add("a.yaml", "a: 1\r\nb: é😀x\n");
        let position = sources.get(id).position("a: 1\r\nb: é😀".len());
        assert_eq!((position.line, position.column, position.byte_column, position.char_column), (2, 7, 10, 6));
        assert_eq!(sources.get(id).position(999).line, 3);
    }
}
