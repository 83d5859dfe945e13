//! The one seam to the YAML parser: its events, with byte offsets in the whole file.
//!
//! The parser is granit-parser, which reads YAML 1.2; Kubernetes reads with go-yaml v2, which follows libyaml and YAML
//! 1.1. The differences are made up for around the parser: [`super::survey`] looks over the text before parsing,
//! [`super::differences`] rewrites the text where the parser would read something else (and it is parsed again, which
//! real manifests hardly ever need), [`super::refused`] says what go-yaml would not have taken.

use std::borrow::Cow;

use granit_parser::{Event as ParserEvent, Parser, ScalarStyle, StructureStyle};

use super::differences::{self, Mended};
use super::refused::{self, Region, RegionKind};
use super::rewrite::{Edit, Rewritten};
use super::survey::survey;
use super::{Comment, Problem, ProblemKind, wording};
use crate::source::Span;

/// An event of the parser.
pub(super) enum Event<'t> {
    Scalar { text: Cow<'t, str>, plain: bool, anchor: usize, tag: Option<Tag> },
    SequenceStart { anchor: usize },
    SequenceEnd,
    MappingStart { anchor: usize },
    MappingEnd,
    Alias(usize),
}

/// A tag that matters to scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Str,
    Int,
    Float,
    Bool,
    Null,
    Binary,
    Timestamp,
    Merge,
    /// A lone `!`.
    NonSpecific,
    /// Any other tag: the scalar is a string.
    Other,
}

/// What came of the reading besides the events.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) comments: Vec<Comment>,
    pub(super) problems: Vec<Problem>,
}

/// Reads the first YAML document of `text`, whose first byte is byte `base` of the file.
///
/// The events go to a sink from `new`; a second sink is made if the text has to be parsed again.
pub(super) fn read<S>(
    text: &str,
    base: usize,
    new: impl Fn() -> S,
    mut feed: impl FnMut(&mut S, Event<'_>, Span),
) -> (S, Reading) {
    let mut input = Rewritten::new(text);
    let survey = match survey(&mut input) {
        Ok(survey) => survey,
        Err(problem) => return (new(), Reading { problems: vec![problem.moved(base)], ..Reading::default() }),
    };
    // Each difference costs a pass at worst, so the passes over a hostile text are limited by their work.
    let mut work = i64::try_from((8 << 20) + 16 * text.len()).unwrap_or(i64::MAX);
    let mut cut = None;
    loop {
        let mut sink = new();
        let mut pass = Pass::new(&input, base, survey.tabs, cut.take());
        pass.run(|event, span| feed(&mut sink, event, span));
        let Pass { edits, cut: next_cut, reading, reached, .. } = pass.finish();
        cut = next_cut;
        work -= i64::try_from(reached + 1000).unwrap_or(i64::MAX);
        if !edits.is_empty() && work > 0 && input.add(edits) {
            continue;
        }
        let problems = reading.problems.into_iter().map(|problem| problem.moved(base)).collect();
        return (sink, Reading { problems, ..reading });
    }
}

/// One run of the parser over the text. Offsets are those of the original text until they leave the seam.
struct Pass<'i> {
    input: &'i Rewritten<'i>,
    base: usize,
    open: Vec<Level>,
    /// Where the last token that belongs to a node ends.
    last_end: usize,
    root: Option<Root>,
    ended: bool,
    /// Where the text begins that go-yaml does not look at.
    limit: usize,
    /// The scalars, flow collections and comments, if there are tabs to judge.
    regions: Option<Vec<Region>>,
    edits: Vec<Edit>,
    /// Where the text was cut for this pass, or is to be cut for the next one.
    cut: Option<Cut>,
    reading: Reading,
    reached: usize,
}

/// An open collection.
pub(super) struct Level {
    pub(super) flow: bool,
    pub(super) start: usize,
    /// The column of a block collection, which is go-yaml's indentation.
    pub(super) column: usize,
    mapping: bool,
    /// How many nodes it has so far.
    children: usize,
}

#[derive(Clone, Copy)]
struct Root {
    /// Whether it ends only where something less indented begins: it is a block collection, or nothing at all.
    open_end: bool,
    start: usize,
}

/// go-yaml reads only one token past the root node, so that a mistake behind it may go unnoticed.
pub(super) struct Cut {
    pub(super) at: usize,
    /// What is to be said if the root node does not end there after all.
    pub(super) otherwise: Option<Problem>,
}

impl<'i> Pass<'i> {
    fn new(input: &'i Rewritten<'i>, base: usize, tabs: bool, cut: Option<Cut>) -> Self {
        Self {
            input,
            base,
            open: Vec::new(),
            last_end: 0,
            root: None,
            ended: false,
            limit: input.original().len(),
            regions: tabs.then(Vec::new),
            edits: Vec::new(),
            cut,
            reading: Reading::default(),
            reached: 0,
        }
    }

    fn run(&mut self, mut sink: impl FnMut(Event<'_>, Span)) {
        let options = granit_parser::options! {
            flow_nesting_limit: 10_000,
            block_nesting_limit: 10_000,
            max_buffered_comment_events: usize::MAX,
            emit_anchor_events: true,
        };
        for next in Parser::new_from_str_with_options(self.input.text(), options) {
            let (event, span) = match next {
                Ok(next) => next,
                // What follows the document is never parsed by go-yaml.
                Err(_) if self.ended => return,
                Err(error) => return self.error(&error),
            };
            let range = span.byte_range().unwrap_or(0..0);
            self.reached = range.end;
            let (start, end) = (self.input.original_offset(range.start), self.input.original_offset(range.end));
            match event {
                ParserEvent::Comment(..) => self.comment(start, end),
                ParserEvent::DocumentStart(..) if self.ended => return,
                ParserEvent::DocumentEnd => self.end(start),
                _ if self.ended => {}
                ParserEvent::Scalar(value, style, anchor, tag) => {
                    let place = self.scalar(start, end, style, &value, &span);
                    let tag = tag.as_deref().map(tag_of);
                    let plain = style == ScalarStyle::Plain;
                    // The parser writes a missing value as `~`.
                    let value = if plain && place.0 == place.1 { Cow::Borrowed("") } else { value };
                    let text = self.without_added_end(self.input.restored(value, plain), style, end);
                    self.node(place.0 == place.1, place.0, place.1);
                    sink(Event::Scalar { text, plain, anchor, tag }, self.span(place.0, place.1));
                }
                ParserEvent::SequenceStart(style, anchor, _) => {
                    self.tag(&span);
                    let flow = style == StructureStyle::Flow;
                    let start = if flow { start } else { self.first_dash(start) };
                    self.start(flow, false, start, end);
                    sink(Event::SequenceStart { anchor }, self.span(start, end));
                }
                ParserEvent::MappingStart(style, anchor, _) => {
                    self.tag(&span);
                    self.start(style == StructureStyle::Flow, true, start, end);
                    sink(Event::MappingStart { anchor }, self.span(start, end));
                }
                ParserEvent::SequenceEnd => {
                    let end = self.close(end);
                    sink(Event::SequenceEnd, self.span(end, end));
                }
                ParserEvent::MappingEnd => {
                    let end = self.close(end);
                    sink(Event::MappingEnd, self.span(end, end));
                }
                ParserEvent::Alias(anchor) => {
                    self.anchor(start, end);
                    self.node(false, start, end);
                    sink(Event::Alias(anchor), self.span(start, end));
                }
                ParserEvent::Anchor(..) => self.anchor(start, end),
                _ => {}
            }
        }
    }

    fn finish(mut self) -> Self {
        if !self.edits.is_empty() {
            return self;
        }
        // The pass was over a cut text.
        if let Some(cut) = self.cut.take() {
            match cut.otherwise {
                Some(problem) if self.root.is_none_or(|root| root.open_end) || !self.reading.problems.is_empty() => {
                    self.reading.problems = vec![problem];
                }
                _ => self.ignored(cut.at),
            }
        }
        if let Some(regions) = self.regions.take()
            && let Some(problem) = refused::tab(self.input.original(), self.limit, regions)
        {
            // go-yaml stops at the first mistake, and a tab is often the cause of what the parser stumbles over later.
            let earlier = |other: &Problem| other.kind == ProblemKind::Syntax && other.span.start <= problem.span.start;
            if !self.reading.problems.iter().any(earlier) {
                self.reading.problems.retain(|other| other.kind != ProblemKind::Syntax);
                self.reading.problems.insert(0, problem);
            }
        }
        self
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.base + start..self.base + end)
    }

    fn in_flow(&self) -> bool {
        self.open.last().is_some_and(|level| level.flow)
    }

    fn error(&mut self, error: &granit_parser::ScanError) {
        let at = error.marker().byte_offset().unwrap_or(self.input.text().len());
        self.reached = at;
        let at = self.input.original_offset(at);
        let problem = wording::problem(error.kind(), at, self.input.original(), &self.open, self.last_end);
        match differences::mend(error.kind(), at, self.input.original(), &self.open) {
            Some(Mended::Edits(edits)) => self.edits.extend(edits),
            Some(Mended::Cut { at, sure }) => {
                self.cut = Some(Cut { at, otherwise: (!sure).then_some(problem.clone()) });
                self.edits.push(Edit::replace(at..self.input.original().len(), ""));
            }
            None => {}
        }
        self.reading.problems.push(problem);
    }

    fn comment(&mut self, start: usize, end: usize) {
        let before = &self.input.original()[..start];
        let line = &before[before.rfind(['\n', '\r']).map_or(0, |at| at + 1)..];
        let own_line = line.trim().is_empty();
        self.reading.comments.push(Comment { span: self.span(start, end), own_line });
        self.region(start, end, RegionKind::Free);
    }

    /// The place of a scalar, after its differences have been looked at.
    fn scalar(
        &mut self,
        start: usize,
        end: usize,
        style: ScalarStyle,
        value: &Cow<'_, str>,
        span: &granit_parser::Span,
    ) -> (usize, usize) {
        let text = self.input.original();
        self.tag(span);
        let properties = span.tag_span().and_then(|tag| tag.byte_range()).map_or(0, |range| range.end);
        let properties = self.input.original_offset(properties);
        match style {
            ScalarStyle::Plain if start == end => {
                let place = self.place_of_nothing(start).max(properties);
                (place, place)
            }
            ScalarStyle::Plain => {
                if self.in_flow() {
                    match differences::plain_in_flow(text, start, end) {
                        Some(Ok(edit)) => self.edits.push(edit),
                        Some(Err(problem)) => self.reading.problems.push(problem),
                        None => {}
                    }
                }
                let column = self.open.iter().rev().find(|level| !level.flow).map(|level| level.column);
                self.region(start, end, RegionKind::Plain { column });
                (start, end)
            }
            ScalarStyle::SingleQuoted => {
                self.region(start, end, RegionKind::Free);
                (start, end)
            }
            ScalarStyle::DoubleQuoted => {
                self.region(start, end, RegionKind::Free);
                if let Cow::Owned(_) = value
                    && let Some(problem) = refused::escape(text, start, end)
                {
                    self.reading.problems.push(problem);
                }
                (start, end)
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let indicator = block_indicator(text, self.last_end.max(properties), start);
                // In libyaml the content of a block scalar is indented by one blank at least, even at the root.
                let content = indicator < start && start < end;
                if self.open.is_empty() && content && column(text, start) == 0 && self.cut.is_none() {
                    self.cut = Some(Cut { at: start, otherwise: None });
                    self.edits.push(Edit::replace(start..text.len(), ""));
                }
                self.region(indicator, end, RegionKind::Block { content: start, indent: span.indent });
                (indicator, block_end(text, indicator, end))
            }
        }
    }

    /// The parser ends the last line of a block scalar where the text does not.
    fn without_added_end<'a>(&self, text: Cow<'a, str>, style: ScalarStyle, end: usize) -> Cow<'a, str> {
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let original = self.input.original();
        let last_line = original.rsplit(['\n', '\r']).next().unwrap_or_default();
        if !block || end < original.len() || last_line.trim().is_empty() || !text.ends_with('\n') {
            return text;
        }
        Cow::Owned(text[..text.len() - 1].to_owned())
    }

    /// Where a missing value belongs: behind the `:` or `-` that it should follow.
    fn place_of_nothing(&self, before: usize) -> usize {
        let Some(level) = self.open.last() else { return before };
        let indicator = match (level.mapping, level.children % 2) {
            (true, 0) => b'?',
            (true, _) => b':',
            (false, _) => b'-',
        };
        let text = self.input.original();
        let mut at = self.last_end;
        while let Some(byte) = text.as_bytes().get(at) {
            match *byte {
                b' ' | b'\t' | b'\n' | b'\r' => at += 1,
                b'#' => at += text[at..].find(['\n', '\r']).unwrap_or(text.len() - at),
                byte if byte == indicator => return at + 1,
                _ => break,
            }
        }
        self.last_end
    }

    /// The `-` of a block sequence. The parser places a sequence that is not indented below its key at its first item.
    fn first_dash(&self, start: usize) -> usize {
        if self.open.last().is_none_or(|level| !level.mapping) {
            return start;
        }
        let text = self.input.original();
        let mut at = self.last_end;
        while at < start {
            match text.as_bytes()[at] {
                b'-' => return at,
                b'#' => at += text[at..].find(['\n', '\r']).unwrap_or(text.len() - at),
                b'&' | b'!' => at += text[at..].find(char::is_whitespace).unwrap_or(text.len() - at),
                b' ' | b'\t' | b'\n' | b'\r' | b':' | b'?' => at += 1,
                _ => break,
            }
        }
        start
    }

    fn tag(&mut self, span: &granit_parser::Span) {
        let Some(range) = span.tag_span().and_then(|tag| tag.byte_range()) else { return };
        let (start, end) = (self.input.original_offset(range.start), self.input.original_offset(range.end));
        match differences::tag(self.input.original(), start, end) {
            Some(Ok(edit)) => self.edits.push(edit),
            Some(Err(problem)) => self.reading.problems.push(problem),
            None => {}
        }
    }

    fn anchor(&mut self, start: usize, end: usize) {
        self.last_end = self.last_end.max(end);
        match differences::anchor(self.input.original(), start, end) {
            Some(Ok(edit)) => self.edits.push(edit),
            Some(Err(problem)) => self.reading.problems.push(problem),
            None => {}
        }
    }

    fn node(&mut self, open_end: bool, start: usize, end: usize) {
        self.last_end = self.last_end.max(end);
        match self.open.last_mut() {
            Some(level) => {
                level.children += 1;
                if level.flow && level.mapping && level.children % 2 == 1 {
                    self.reading.problems.extend(differences::key_in_flow(self.input.original(), start, end));
                }
            }
            None => self.root = Some(Root { open_end, start }),
        }
    }

    fn start(&mut self, flow: bool, mapping: bool, start: usize, end: usize) {
        self.node(!flow, start, if flow { end } else { start });
        let column = if flow { 0 } else { column(self.input.original(), start) };
        self.open.push(Level { flow, start, column, mapping, children: 0 });
    }

    /// A block collection ends where its last node does; the parser notices its end only at the next token.
    fn close(&mut self, end: usize) -> usize {
        let Some(level) = self.open.pop() else { return end };
        let implicit = !matches!(self.input.original().as_bytes().get(end.wrapping_sub(1)), Some(b']' | b'}'));
        if level.flow && !implicit {
            self.last_end = self.last_end.max(end);
            if !self.in_flow()
                && let Some(regions) = &mut self.regions
            {
                regions.truncate(regions.partition_point(|region| region.start < level.start));
                regions.push(Region { start: level.start, end, kind: RegionKind::Free });
            }
        }
        self.last_end
    }

    fn end(&mut self, at: usize) {
        self.ended = true;
        if self.cut.is_none()
            && let Some(at) = leftover(self.input.original(), self.last_end.max(at))
        {
            self.ignored(at);
        }
    }

    fn ignored(&mut self, at: usize) {
        self.limit = at;
        let text = self.input.original();
        let line = text[at..].lines().next().unwrap_or_default().trim_end();
        let message = "kubectl drops this text without a word: the document ends before it";
        let mut problem = Problem::new(ProblemKind::Ignored, message, Span::new(at..at + line.len()));
        problem = match self.root {
            Some(root) if root.open_end && column(text, at) < column(text, root.start) => {
                let first = text[root.start..].lines().next().unwrap_or_default().trim_end();
                problem
                    .related(Span::new(root.start..root.start + first.len()), "the document is indented from here on")
                    .help("indent both alike, or begin a new document with a line `---`")
            }
            _ => problem.help("begin a new document with a line `---`"),
        };
        self.reading.problems.push(problem);
    }

    fn region(&mut self, start: usize, end: usize, kind: RegionKind) {
        if let Some(regions) = &mut self.regions {
            regions.push(Region { start, end, kind });
        }
    }
}

/// The column of an offset, in bytes; only compared with others of block collections, before which there are only
/// blanks and indicators.
pub(super) fn column(text: &str, at: usize) -> usize {
    at - text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1)
}

/// The `|` or `>` of a block scalar, between the token before it and its content.
fn block_indicator(text: &str, from: usize, content: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < content.min(bytes.len()) {
        match bytes[at] {
            b'|' | b'>' => return at,
            b'#' => at += text[at..].find(['\n', '\r']).unwrap_or(text.len() - at),
            _ => at += 1,
        }
    }
    content
}

/// The end of the last line of a block scalar that has content; of its header, if none has.
fn block_end(text: &str, indicator: usize, end: usize) -> usize {
    indicator + text[indicator..end.max(indicator)].trim_end().len()
}

/// The first text behind a document that is neither blank nor a comment nor an end marker.
fn leftover(text: &str, mut at: usize) -> Option<usize> {
    loop {
        let rest = text.get(at..)?;
        let blank = rest.len() - rest.trim_start().len();
        at += blank;
        let rest = &rest[blank..];
        if rest.is_empty() {
            return None;
        } else if rest.starts_with('#') {
            at += rest.find(['\n', '\r']).unwrap_or(rest.len());
        } else if rest.starts_with("...") && rest[3..].chars().next().is_none_or(char::is_whitespace) {
            at += 3;
        } else {
            return Some(at);
        }
    }
}

fn tag_of(tag: &granit_parser::Tag) -> Tag {
    let (handle, suffix) = (tag.handle(), tag.suffix());
    if handle.is_empty() && suffix == "!" {
        return Tag::NonSpecific;
    }
    let name = format!("{handle}{suffix}");
    match name.strip_prefix("tag:yaml.org,2002:") {
        Some("str") => Tag::Str,
        Some("int") => Tag::Int,
        Some("float") => Tag::Float,
        Some("bool") => Tag::Bool,
        Some("null") => Tag::Null,
        Some("binary") => Tag::Binary,
        Some("timestamp") => Tag::Timestamp,
        Some("merge") => Tag::Merge,
        _ => Tag::Other,
    }
}
