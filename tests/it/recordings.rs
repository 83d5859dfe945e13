//! The recordings of a real cluster in `tests/conformance/`, and the scores below which we may not fall.
//!
//! `SEATRIAL_CONFORMANCE=DIR` takes recordings of the same form from another directory, for which there are no floors;
//! `SEATRIAL_SHOW=deployment,dep-roll` (or `all`) shows where we differ in what is called so; both print only with
//! `--nocapture`. Floors may only go up; `SEATRIAL_UPDATE=1` writes those that were reached.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// Where the recordings are.
pub(crate) fn directory() -> PathBuf {
    std::env::var_os("SEATRIAL_CONFORMANCE").map_or_else(|| PathBuf::from("tests/conformance"), PathBuf::from)
}

/// Whether these are not the recordings of the repository.
pub(crate) fn are_others() -> bool {
    std::env::var_os("SEATRIAL_CONFORMANCE").is_some()
}

/// The rows of a file, which is JSON line by line.
pub(crate) fn rows(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(directory().join(file)).expect("the recordings are in the repository");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// Whether somebody wants to see where we differ in what is called so.
pub(crate) fn is_shown(name: &str) -> bool {
    let list = std::env::var("SEATRIAL_SHOW").unwrap_or_default();
    let fits = |wanted: &str| name.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    list.split(',').any(|wanted| wanted == "all" || (!wanted.is_empty() && fits(wanted)))
}

/// Scores by name, and what each consists of.
pub(crate) type Scores = BTreeMap<String, BTreeMap<String, usize>>;

/// No score may be below its floor in `file`.
pub(crate) fn hold_floors(file: &str, scores: &Scores) {
    let path = PathBuf::from("tests/conformance").join(file);
    let text = fs::read_to_string(&path).expect("the floors are in the repository");
    let mut floors: Scores = serde_json::from_str(&text).expect("the floors are JSON");
    let mut below = Vec::new();
    for (name, score) in scores {
        let floor = floors.entry(name.clone()).or_default();
        for (part, reached) in score {
            let least = floor.entry(part.clone()).or_default();
            if reached < least {
                below.push(format!("{name}: {reached} {part} are below {least}"));
            }
            *least = (*least).max(*reached);
        }
    }
    if std::env::var_os("SEATRIAL_UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&floors).expect("floors are plain numbers");
        fs::write(&path, text + "\n").expect("the repository can be written");
    }
    assert!(below.is_empty(), "{}", below.join("\n"));
}
