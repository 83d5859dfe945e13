//! Silence where the user asks for it, and a word where it is asked for in vain.
//!
//! A comment names the rules, and may give the reason:
//!
//! ```yaml
//! # seatrial: allow[missing-readiness-probe] a batch worker, nobody calls it
//! apiVersion: apps/v1          # above: before the first entry, so for the whole document
//! kind: Deployment
//! spec:
//!   template:
//!     spec:
//!       # seatrial: allow[probe-port-undeclared]
//!       containers:            # above: on a line of its own, so for the entry that follows, with all below it
//!         - name: web          # seatrial: allow[rule]  the whole list element, which begins on this line
//!           image: web:1       # seatrial: allow[rule, other-rule]  this entry
//!           securityContext:   # seatrial: allow[rule]  this entry with all below it
//!             privileged: true
//! ```
//!
//! So a comment covers what *begins* on its line (or on the next line with content), each with its whole value; where
//! nothing begins, as behind a closing bracket, the innermost entry around it. Behind `---` it is for the document.
//! An annotation `seatrial/allow: "rule, other-rule"` covers the object, or the template, whose metadata it is in.
//!
//! A finding is silenced if its primary place begins in what is covered. Groups cannot be allowed, only rules: whoever
//! silences should know what. Documents that cannot be read have no entries, so nothing in them can be silenced.

use std::cmp::Reverse;

use crate::finding::{Edit, Finding, Fix};
use crate::source::{FileId, Place, Sources, Span};
use crate::yaml::{self, Comment, Document, Value};

const MARK: &str = "seatrial:";
const ANNOTATION: &str = "seatrial/allow";

/// What a suppression may find out about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A rule that was looked for.
    On,
    /// A rule that was not looked for, so that its suppressions cannot be judged.
    Off,
    /// No rule.
    Unknown,
}

/// The findings that are left, and what is wrong with the suppressions.
#[derive(Debug)]
pub struct Outcome {
    /// In the order of their places.
    pub kept: Vec<Finding>,
    /// Suppressions that do nothing or name no rule.
    pub problems: Vec<Problem>,
}

/// A suppression that does not do what its author thinks.
#[derive(Debug)]
pub struct Problem {
    /// The name, or the whole comment.
    pub place: Place,
    /// The number of the document.
    pub document: usize,
    /// The name of the rule, if it could be read.
    pub rule: Option<String>,
    /// What is wrong.
    pub kind: ProblemKind,
    /// Takes the suppression away.
    pub fix: Option<Fix>,
}

/// The sorts of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Nothing is found there that it would silence.
    Unused,
    /// There is no such rule.
    UnknownRule,
    /// It begins like a suppression and does not go on like one.
    Malformed,
}

/// Silences what the comments and annotations of the documents ask for. `findings` are sorted by place.
pub fn apply<'a>(
    sources: &Sources,
    documents: impl Iterator<Item = &'a Document>,
    findings: Vec<Finding>,
    status: impl Fn(&str) -> Status,
) -> Outcome {
    let mut allowed: Vec<Allow> = Vec::new();
    let mut problems = Vec::new();
    for document in documents {
        let text = sources.get(document.file).text();
        if text[document.span.range()].contains("seatrial") || line_before(text, document.span).contains(MARK) {
            read(document, text, &mut allowed, &mut problems);
        }
    }
    let (kept, used) = silence(&allowed, findings);
    for (allow, used) in allowed.into_iter().zip(used) {
        let kind = match status(&allow.rule) {
            Status::Unknown => ProblemKind::UnknownRule,
            Status::On if !used => ProblemKind::Unused,
            Status::On | Status::Off => continue,
        };
        let Allow { place, document, rule, fix, .. } = allow;
        problems.push(Problem { place, document, rule: Some(rule), kind, fix });
    }
    Outcome { kept, problems }
}

/// One rule that one comment or annotation names.
struct Allow {
    rule: String,
    place: Place,
    document: usize,
    covers: Vec<Span>,
    fix: Option<Fix>,
}

/// What is covered are nodes of trees, so of two either one lies in the other or they are apart; a stack of those that
/// are open is enough, and each finding looks only at those around it.
fn silence(allowed: &[Allow], findings: Vec<Finding>) -> (Vec<Finding>, Vec<bool>) {
    let mut spans: Vec<(FileId, Span, usize)> = allowed
        .iter()
        .enumerate()
        .flat_map(|(at, allow)| allow.covers.iter().map(move |span| (allow.place.file, *span, at)))
        .collect();
    spans.sort_by_key(|(file, span, at)| (*file, span.start, Reverse(span.end), *at));
    let mut used = vec![false; allowed.len()];
    let mut open: Vec<(FileId, Span, usize)> = Vec::new();
    let mut waiting = spans.into_iter().peekable();
    let mut kept = findings;
    kept.retain(|finding| {
        let Place { file, span } = finding.primary.place;
        let close = |open: &mut Vec<(FileId, Span, usize)>, file: FileId, start: u32| {
            let over = |other: &(FileId, Span, usize)| {
                other.0 != file || other.1.end < start || (other.1.end == start && other.1.start < start)
            };
            open.truncate(open.len() - open.iter().rev().take_while(|other| over(other)).count());
        };
        while let Some(next) = waiting.next_if(|next| (next.0, next.1.start) <= (file, span.start)) {
            close(&mut open, next.0, next.1.start);
            open.push(next);
        }
        close(&mut open, file, span.start);
        let mut silent = false;
        for (.., at) in &open {
            if *finding.rule == allowed[*at].rule {
                used[*at] = true;
                silent = true;
            }
        }
        !silent
    });
    (kept, used)
}

/// The suppressions of a document.
fn read(document: &Document, text: &str, allowed: &mut Vec<Allow>, problems: &mut Vec<Problem>) {
    let marked: Vec<(Comment, &str)> = document
        .comments
        .iter()
        .filter_map(|comment| {
            let body = text[comment.span.range()].trim_start_matches('#').trim_start();
            Some((*comment, body.strip_prefix(MARK)?))
        })
        .collect();
    let entries = if marked.is_empty() { Vec::new() } else { beginnings(document) };
    for (comment, body) in marked {
        let covers = covered(document, text, comment, &entries);
        add(document, text, comment, body, &covers, allowed, problems);
    }
    separator(document, text, allowed, problems);
    if text[document.span.range()].contains(ANNOTATION) {
        annotations(document, allowed);
    }
}

/// A comment behind the `---` that begins the document.
fn separator(document: &Document, text: &str, allowed: &mut Vec<Allow>, problems: &mut Vec<Problem>) {
    let line = line_before(text, document.span);
    let Some(at) = line.find('#').filter(|_| line.starts_with("---")) else { return };
    let Some(body) = line[at..].trim_start_matches('#').trim_start().strip_prefix(MARK) else { return };
    let start = document.span.range().start - line.len() + at;
    let comment = Comment { span: Span::new(start..start + line[at..].trim_end().len()), own_line: false };
    add(document, text, comment, body, &[document.span], allowed, problems);
}

fn line_before(text: &str, span: Span) -> &str {
    let before = &text[..span.range().start];
    &before[before.trim_end_matches('\n').rfind('\n').map_or(0, |at| at + 1)..]
}

/// Reads `allow[rule, rule] reason`.
fn add(
    document: &Document,
    text: &str,
    comment: Comment,
    body: &str,
    covers: &[Span],
    allowed: &mut Vec<Allow>,
    problems: &mut Vec<Problem>,
) {
    let names = body.trim_start().strip_prefix("allow").and_then(|rest| rest.trim_start().strip_prefix('['));
    let names = names.and_then(|rest| rest.split_once(']')).map(|(names, _)| names);
    let Some(names) = names.filter(|names| names.split(',').all(|name| !name.trim().is_empty())) else {
        let place = document.place(comment.span);
        let kind = ProblemKind::Malformed;
        problems.push(Problem { place, document: document.index, rule: None, kind, fix: None });
        return;
    };
    let fix = (!names.contains(',')).then(|| removal(document, text, comment));
    let bracket = text[comment.span.range()].find('[').unwrap_or_default();
    let mut at = comment.span.range().start + bracket + 1;
    for name in names.split(',') {
        let from = at + name.len() - name.trim_start().len();
        let place = document.place(Span::new(from..from + name.trim().len()));
        at += name.len() + 1;
        let rule = name.trim().to_owned();
        allowed.push(Allow { rule, place, document: document.index, covers: covers.to_vec(), fix: fix.clone() });
    }
}

/// Takes the comment away: with its line, or with the blanks before it.
fn removal(document: &Document, text: &str, comment: Comment) -> Fix {
    let range = comment.span.range();
    let start = text[..range.start].trim_end_matches([' ', '\t']).len();
    let line_end = text[range.end..].find('\n').map_or(text.len(), |end| range.end + end + 1);
    let end = if comment.own_line { line_end } else { range.end };
    let edit = Edit { place: document.place(Span::new(start..end)), replacement: String::new() };
    Fix { title: "remove the comment".to_owned(), edits: vec![edit] }
}

/// All entries and list elements with their whole values, by where they begin. What comes in through an alias or a
/// merge key begins elsewhere.
fn beginnings(document: &Document) -> Vec<Span> {
    let mut found = Vec::new();
    let mut waiting: Vec<Value<'_>> = document.root().into_iter().collect();
    while let Some(value) = waiting.pop() {
        for field in value.fields().filter(|field| field.merged.is_none()) {
            found.push(Span { start: field.key.start, end: field.value.span().end.max(field.key.end) });
            waiting.extend(Some(field.value).filter(|value| !value.is_alias()));
        }
        for item in value.items() {
            found.push(item.span());
            waiting.extend(Some(item).filter(|item| !item.is_alias()));
        }
    }
    // Of equal keys the tree keeps the last; the others begin where the reader complains.
    let repeated = document.problems.iter().filter(|problem| problem.kind == yaml::ProblemKind::DuplicateKey);
    found.extend(repeated.map(|problem| problem.span));
    found.sort_by_key(|span| (span.start, Reverse(span.end)));
    found
}

/// What a comment covers; see the head of this file.
fn covered(document: &Document, text: &str, comment: Comment, entries: &[Span]) -> Vec<Span> {
    let Some(root) = document.root().map(Value::definition) else { return Vec::new() };
    if comment.own_line && comment.span.start < root.start {
        return vec![document.span];
    }
    let at = comment.span.range();
    let line = text[..at.start].rfind('\n').map_or(0, |end| end + 1);
    // Behind a lonely dash the element begins on the next line, as behind a comment on a line of its own.
    let from = if comment.own_line || text[line..at.start].trim_matches([' ', '-']).is_empty() {
        next_content(text, at.end, document.span.range().end)
    } else {
        line
    };
    let to = text[from..].find('\n').map_or(text.len(), |end| from + end);
    let first = entries.partition_point(|span| span.range().start < from);
    let here: Vec<Span> = entries[first..].iter().copied().take_while(|span| span.range().start < to).collect();
    if !here.is_empty() || comment.own_line {
        return here;
    }
    let around = entries[..first].iter().rev().find(|span| span.range().end >= line);
    around.copied().into_iter().collect()
}

/// The start of the next line that is neither blank nor a comment.
fn next_content(text: &str, from: usize, end: usize) -> usize {
    let mut at = from + text[from..].find('\n').map_or(text.len() - from, |end| end + 1);
    for line in text[at.min(end)..end].split_inclusive('\n') {
        if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
            return at;
        }
        at += line.len();
    }
    end
}

/// Every map with `metadata.annotations` that hold the key, be it an object, an item of a list or a template.
fn annotations(document: &Document, allowed: &mut Vec<Allow>) {
    let mut waiting: Vec<Value<'_>> = document.root().into_iter().collect();
    while let Some(value) = waiting.pop() {
        let metadata = value.get("metadata").and_then(|metadata| metadata.get("annotations"));
        if let Some(field) = metadata.and_then(|annotations| annotations.field(ANNOTATION)) {
            let place = document.place(field.value.definition());
            let names = field.value.as_str().unwrap_or_default().split(',').map(str::trim);
            allowed.extend(names.map(|rule| Allow {
                rule: rule.to_owned(),
                place,
                document: document.index,
                covers: vec![value.definition()],
                fix: None,
            }));
        }
        let inside = value.fields().map(|field| field.value).chain(value.items());
        waiting.extend(inside.filter(|value| !value.is_alias()));
    }
}
