//! Sets of completion indexes, as the status of an Indexed Job writes them.
//!
//! Mirrors `orderedIntervals` in `pkg/controller/job/indexed_job_utils.go` (v1.36).

use std::collections::BTreeSet;

/// `0,1,3-5`: runs of three and more have a dash.
pub(super) fn format(indexes: &BTreeSet<i32>) -> String {
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for index in indexes {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *index => *last = *index,
            _ => runs.push((*index, *index)),
        }
    }
    let runs = runs.into_iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}-{last}"),
    });
    runs.collect::<Vec<_>>().join(",")
}

/// The intervals of a text, cut off at the number of completions.
pub(super) fn parse(text: &str, completions: i32) -> Vec<(i32, i32)> {
    let interval = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some((first.parse::<i32>().ok()?, last.parse::<i32>().ok()?.min(completions - 1)))
    };
    let intervals = text.split(',').filter_map(interval);
    intervals.filter(|(first, last)| *first < completions && first <= last).collect()
}

#[cfg(test)]
mod tests {
    use super::{format, parse};

    #[test]
    fn runs_of_three_have_a_dash() {
        for (indexes, text) in
            [(&[][..], ""), (&[0, 1], "0,1"), (&[0, 1, 2], "0-2"), (&[1, 3, 4, 5, 7, 8], "1,3-5,7,8")]
        {
            assert_eq!(format(&indexes.iter().copied().collect()), text);
        }
    }

    #[test]
    fn what_lies_beyond_the_completions_does_not_count() {
        assert_eq!(parse("0,2-9,11", 5), [(0, 0), (2, 4)]);
        assert_eq!(parse("", 5), []);
    }
}
