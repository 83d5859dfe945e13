//! The difference of two texts as the API server shows it in its messages.
//!
//! `diff.Diff` (k8s.io/apimachinery/pkg/util/diff) makes a unified difference by go-difflib, which looks for the longest
//! matching block, as Python's `difflib` does, and takes lines that occur too often for junk.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// How many lines are shown around a change.
const CONTEXT: usize = 3;

/// From this length on, lines that occur often are no anchors.
const POPULAR_FROM: usize = 200;

/// A part of the first text, and what stands in its place in the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    is_equal: bool,
    old: (usize, usize),
    new: (usize, usize),
}

/// The hunks between two texts; empty if they are the same.
pub(super) fn unified(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split('\n').collect(), new.split('\n').collect());
    let mut out = String::new();
    for hunk in hunks(pieces(&old, &new)) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        let range = |from: usize, to: usize| match to - from {
            1 => format!("{}", from + 1),
            0 => format!("{from},0"),
            length => format!("{},{length}", from + 1),
        };
        let (left, right) = (range(first.old.0, last.old.1), range(first.new.0, last.new.1));
        // Writing into a text cannot fail.
        let _ = writeln!(out, "@@ -{left} +{right} @@");
        for piece in hunk {
            let removed = old[piece.old.0..piece.old.1].iter();
            if piece.is_equal {
                removed.for_each(|line| out.extend([" ", *line, "\n"]));
                continue;
            }
            removed.for_each(|line| out.extend(["-", *line, "\n"]));
            new[piece.new.0..piece.new.1].iter().for_each(|line| out.extend(["+", *line, "\n"]));
        }
    }
    out
}

/// As `GetGroupedOpCodes`.
fn hunks(mut pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    if let Some(first) = pieces.first_mut().filter(|piece| piece.is_equal) {
        first.old.0 = first.old.0.max(first.old.1.saturating_sub(CONTEXT));
        first.new.0 = first.new.0.max(first.new.1.saturating_sub(CONTEXT));
    }
    if let Some(last) = pieces.last_mut().filter(|piece| piece.is_equal) {
        last.old.1 = last.old.1.min(last.old.0 + CONTEXT);
        last.new.1 = last.new.1.min(last.new.0 + CONTEXT);
    }
    let (mut hunks, mut hunk) = (Vec::new(), Vec::new());
    for mut piece in pieces {
        if piece.is_equal && piece.old.1 - piece.old.0 > 2 * CONTEXT {
            let Piece { old, new, .. } = piece;
            let end = Piece { old: (old.0, old.0 + CONTEXT), new: (new.0, new.0 + CONTEXT), ..piece };
            hunk.push(end);
            hunks.push(std::mem::take(&mut hunk));
            piece.old.0 = old.1 - CONTEXT;
            piece.new.0 = new.1 - CONTEXT;
        }
        hunk.push(piece);
    }
    hunks.push(hunk);
    hunks.retain(|hunk| hunk.iter().any(|piece| !piece.is_equal));
    hunks
}

/// As `GetOpCodes`: what is equal, and what lies between.
fn pieces(old: &[&str], new: &[&str]) -> Vec<Piece> {
    let mut out = Vec::new();
    let (mut i, mut j) = (0, 0);
    for (at, to, size) in blocks(old, new) {
        if i < at || j < to {
            out.push(Piece { is_equal: false, old: (i, at), new: (j, to) });
        }
        (i, j) = (at + size, to + size);
        if size > 0 {
            out.push(Piece { is_equal: true, old: (at, i), new: (to, j) });
        }
    }
    out
}

/// As `GetMatchingBlocks`: place in the old text, place in the new one, length; the last is empty, at the end of both.
fn blocks(old: &[&str], new: &[&str]) -> Vec<(usize, usize, usize)> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, line) in new.iter().enumerate() {
        places.entry(line).or_default().push(at);
    }
    if new.len() >= POPULAR_FROM {
        places.retain(|_, places| places.len() <= new.len() / 100 + 1);
    }
    let mut found = BTreeSet::new();
    let mut waiting = vec![(0, old.len(), 0, new.len())];
    while let Some((from, to, new_from, new_to)) = waiting.pop() {
        let (at, at_new, size) = longest(old, new, &places, (from, to), (new_from, new_to));
        if size == 0 {
            continue;
        }
        found.insert((at, at_new, size));
        if from < at && new_from < at_new {
            waiting.push((from, at, new_from, at_new));
        }
        if at + size < to && at_new + size < new_to {
            waiting.push((at + size, to, at_new + size, new_to));
        }
    }
    let mut out: Vec<(usize, usize, usize)> = Vec::new();
    for (at, at_new, size) in found {
        match out.last_mut() {
            Some(last) if last.0 + last.2 == at && last.1 + last.2 == at_new => last.2 += size,
            _ => out.push((at, at_new, size)),
        }
    }
    out.push((old.len(), new.len(), 0));
    out
}

/// As `findLongestMatch`: the longest block without junk, and as much around it as is equal.
fn longest(
    old: &[&str],
    new: &[&str],
    places: &BTreeMap<&str, Vec<usize>>,
    (from, to): (usize, usize),
    (new_from, new_to): (usize, usize),
) -> (usize, usize, usize) {
    let (mut at, mut at_new, mut size) = (from, new_from, 0);
    let mut lengths: BTreeMap<usize, usize> = BTreeMap::new();
    for (i, line) in old.iter().enumerate().take(to).skip(from) {
        let mut next = BTreeMap::new();
        for j in places.get(line).into_iter().flatten().copied().filter(|j| (new_from..new_to).contains(j)) {
            let length = 1 + j.checked_sub(1).and_then(|before| lengths.get(&before)).copied().unwrap_or(0);
            next.insert(j, length);
            if length > size {
                (at, at_new, size) = (i + 1 - length, j + 1 - length, length);
            }
        }
        lengths = next;
    }
    while at > from && at_new > new_from && old[at - 1] == new[at_new - 1] {
        (at, at_new, size) = (at - 1, at_new - 1, size + 1);
    }
    while at + size < to && at_new + size < new_to && old[at + size] == new[at_new + size] {
        size += 1;
    }
    (at, at_new, size)
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn changes_have_three_lines_around_them() {
        let lines: Vec<String> = (1..=20).map(|line| line.to_string()).collect();
        let old = lines.join("\n");
        let new = old.replace("10\n", "ten\n");
        assert_eq!(unified(&old, &new), "@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n");
        assert_eq!(unified(&old, &old), "");
        assert_eq!(unified("a", "b"), "@@ -1 +1 @@\n-a\n+b\n");
        let both = new.replace("20", "twenty");
        assert!(unified(&old, &both).contains("@@ -17,4 +17,4 @@\n 17\n 18\n 19\n-20\n+twenty\n"));
    }
}
