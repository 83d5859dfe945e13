//! Whatever the input, there is an answer: every example of every rule is cut, shuffled and damaged, always in the same
//! way, and read again.

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

/// Every mutation of every example, in parallel. Linting is fast in itself, but each run compiles the schemas it needs.
fn all(mutations: impl Fn(&str, &str) -> Vec<String> + Sync) {
    examples().par_iter().for_each(|(name, text)| mutations(name, text).iter().for_each(|text| survive(name, text)));
}

#[test]
fn examples_cut_at_every_byte_are_read() {
    all(|_, text| (0..text.len()).filter(|at| text.is_char_boundary(*at)).map(|at| text[..at].to_owned()).collect());
}

#[test]
fn examples_without_their_start_are_read() {
    all(|_, text| {
        (0..text.len()).step_by(7).filter(|at| text.is_char_boundary(*at)).map(|at| text[at..].to_owned()).collect()
    });
}

#[test]
fn examples_with_shuffled_lines_are_read() {
    all(|name, text| {
        let mut numbers = Numbers(name.len() as u64);
        let mut lines: Vec<&str> = text.lines().collect();
        let shuffle = |_| {
            for at in (1..lines.len()).rev() {
                lines.swap(at, numbers.below(at + 1));
            }
            lines.join("\n")
        };
        (0..40).map(shuffle).collect()
    });
}

#[test]
fn examples_with_damaged_bytes_are_read() {
    const INSTEAD: &[u8] = b"\0\t\n\r !\"#%&'*,-.:;<>?@[]`{|}~0aZ\x7f";
    all(|name, text| {
        let mut numbers = Numbers(name.len() as u64 + 1);
        let damage = |_| {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=numbers.below(4) {
                let at = numbers.below(bytes.len());
                match numbers.below(3) {
                    0 => bytes[at] = INSTEAD[numbers.below(INSTEAD.len())],
                    1 => bytes.insert(at, INSTEAD[numbers.below(INSTEAD.len())]),
                    _ => bytes[at] ^= 1 << numbers.below(8),
                }
            }
            String::from_utf8_lossy(&bytes).into_owned()
        };
        (0..200).map(damage).collect()
    });
}

#[test]
fn examples_with_damaged_indentation_are_read() {
    all(|name, text| {
        let mut numbers = Numbers(name.len() as u64 + 2);
        let damage = |_| {
            let lines = text.lines().map(|line| match numbers.below(6) {
                0 => format!(" {line}"),
                1 => line.strip_prefix("  ").unwrap_or(line).to_owned(),
                _ => line.to_owned(),
            });
            lines.collect::<Vec<String>>().join("\r\n")
        };
        (0..40).map(damage).collect()
    });
}
