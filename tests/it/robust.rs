//! Whatever the input, there is an answer: every example of every rule is cut, shuffled and damaged, always in the same
//! way, and read again.
//!
//! There are many examples, so each test takes an even share of what could be done to them; `SEATRIAL_THOROUGH=1` takes
//! all of it.

use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;

use rayon::prelude::*;
use seatrial::lint::{Settings, lint};
use seatrial::report::{self, Format, Style};
use seatrial::source::Sources;

/// The examples of the rules: name and text.
fn examples() -> Vec<(String, String)> {
    let files = walkdir::WalkDir::new("rules").sort_by_file_name().into_iter().filter_map(Result::ok);
    let texts = files
        .map(walkdir::DirEntry::into_path)
        .filter(|path: &PathBuf| path.extension().is_some_and(|extension| extension != "md"))
        .filter(|path| path.is_file())
        .map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("examples are text")));
    texts.collect()
}

/// Numbers that look like chance and are the same each time: the linear congruential generator of Knuth's MMIX.
struct Numbers(u64);

impl Numbers {
    /// Numbers of their own for each mutation of each example.
    fn new(name: &str, number: usize) -> Self {
        Self(name.bytes().fold(number as u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into())))
    }

    /// The next number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The high bits are the ones that vary.
        usize::try_from(self.0 >> 33).expect("31 bits fit") % limit.max(1)
    }
}

/// Lints a text and writes what is found in every format; every place must lie inside of its text.
fn survive(name: &str, text: &str) {
    let outcome = catch_unwind(|| {
        let mut sources = Sources::default();
        sources.add("text.yaml", text);
        let report = lint(&sources, &Settings { select: vec!["advice".to_owned()], ..Settings::default() });
        for finding in &report.findings {
            for label in std::iter::once(&finding.primary).chain(&finding.related) {
                let range = label.place.span.range();
                assert!(text.get(range.clone()).is_some(), "{}: {range:?} is no part of the text", finding.rule);
            }
        }
        for format in Format::ALL {
            let mut out = Vec::new();
            report::write(format, &mut out, &sources, &report, Style::default()).expect("memory takes everything");
        }
    });
    assert!(outcome.is_ok(), "{name}:\n{text}\n=== as a literal: {text:?}");
}

/// How many texts a test reads unless it is thorough.
const SHARE: usize = 4000;

/// Reads `count` mutations of each example, or an even share of them; `mutation` is given name, text and number.
fn all(count: impl Fn(&str) -> usize, mutation: impl Fn(&str, &str, usize) -> Option<String> + Sync) {
    let examples = examples();
    let work: Vec<(usize, usize)> = examples
        .iter()
        .enumerate()
        .flat_map(|(at, (_, text))| (0..count(text)).map(move |number| (at, number)))
        .collect();
    assert!(!work.is_empty(), "there are examples");
    let thorough = std::env::var_os("SEATRIAL_THOROUGH").is_some();
    let step = if thorough { 1 } else { work.len().div_ceil(SHARE) };
    work.par_iter().step_by(step).for_each(|(at, number)| {
        let (name, text) = &examples[*at];
        if let Some(text) = mutation(name, text, *number) {
            survive(name, &text);
        }
    });
}

#[test]
fn examples_cut_at_every_byte_are_read() {
    all(str::len, |_, text, at| text.get(..at).map(str::to_owned));
}

#[test]
fn examples_without_their_start_are_read() {
    all(str::len, |_, text, at| text.get(at..).map(str::to_owned));
}

#[test]
fn examples_with_shuffled_lines_are_read() {
    all(
        |_| 40,
        |name, text, number| {
            let mut numbers = Numbers::new(name, number);
            let mut lines: Vec<&str> = text.lines().collect();
            for at in (1..lines.len()).rev() {
                lines.swap(at, numbers.below(at + 1));
            }
            Some(lines.join("\n"))
        },
    );
}

#[test]
fn examples_with_damaged_bytes_are_read() {
    const INSTEAD: &[u8] = b"\0\t\n\r !\"#%&'*,-.:;<>?@[]`{|}~0aZ\x7f";
    all(
        |_| 200,
        |name, text, number| {
            let mut numbers = Numbers::new(name, number);
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=numbers.below(4) {
                let at = numbers.below(bytes.len());
                match numbers.below(3) {
                    0 => bytes[at] = INSTEAD[numbers.below(INSTEAD.len())],
                    1 => bytes.insert(at, INSTEAD[numbers.below(INSTEAD.len())]),
                    _ => bytes[at] ^= 1 << numbers.below(8),
                }
            }
            Some(String::from_utf8_lossy(&bytes).into_owned())
        },
    );
}

#[test]
fn examples_with_damaged_indentation_are_read() {
    all(
        |_| 40,
        |name, text, number| {
            let mut numbers = Numbers::new(name, number);
            let lines = text.lines().map(|line| match numbers.below(6) {
                0 => format!(" {line}"),
                1 => line.strip_prefix("  ").unwrap_or(line).to_owned(),
                _ => line.to_owned(),
            });
            Some(lines.collect::<Vec<String>>().join("\r\n"))
        },
    );
}
