//! The ledger of the functions of Kubernetes that are mirrored here: `tests/conformance/upstream.tsv`, a line for each function of
//! the files that we follow, with the file, the name, a hash of its body in the version that was read (v1.36.2), and where it
//! is mirrored.
//!
//! The last column is a file and a function of ours, or `via NAME` where a function that calls it is mirrored, or why there is
//! none: `-kind` (only the metadata of that kind is judged), `-status` and `-subresource` (nobody applies them), `-gate` (fields
//! that a gate takes away, and conversions), `-plumbing` (queues and caches of controllers), `-unnamed` (nobody has said yet).
//!
//! With `SEATRIAL_KUBERNETES` naming the source of another version, the test lists what is different there: the work that the
//! version brings. With `SEATRIAL_UPDATE=1` besides, the hashes become those of that version.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const LEDGER: &str = "tests/conformance/upstream.tsv";

const REASONS: [&str; 6] = ["-kind", "-status", "-subresource", "-gate", "-plumbing", "-unnamed"];

struct Line {
    file: String,
    function: String,
    hash: String,
    ours: String,
}

fn ledger() -> Vec<Line> {
    let text = fs::read_to_string(LEDGER).expect("the ledger is in the repository");
    let line = |line: &str| {
        let mut columns = line.split('\t').map(str::to_owned);
        let mut next = || columns.next().unwrap_or_else(|| panic!("four columns: {line}"));
        Line { file: next(), function: next(), hash: next(), ours: next() }
    };
    text.lines().map(line).collect()
}

/// The functions of a Go file with the hashes of their bodies; methods of one name count as one.
fn functions(text: &str) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        if open.is_none()
            && let Some(rest) = line.strip_prefix("func ")
        {
            let rest = rest.strip_prefix('(').and_then(|rest| rest.split_once(") ")).map_or(rest, |(_, rest)| rest);
            let end = rest.find(|char: char| !(char.is_alphanumeric() || char == '_')).unwrap_or(rest.len());
            open = Some((rest[..end].to_owned(), String::new()));
        }
        let Some((_, body)) = &mut open else { continue };
        let code = line.split_once("//").map_or(line, |(code, _)| code);
        body.extend(code.chars().filter(|char| !char.is_whitespace()));
        let is_one_line = line.starts_with("func ") && line.ends_with('}') && line.contains('{');
        if (line == "}" || is_one_line)
            && let Some((name, body)) = open.take()
        {
            found.entry(name).or_default().push_str(&body);
        }
    }
    found.into_iter().map(|(name, body)| (name, hash(&body))).collect()
}

/// FNV-1a, which is enough to see that a text is another one.
fn hash(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}

#[test]
fn functions_are_told_apart_by_their_code_alone() {
    let one = "func (a *B) Validate(x int) bool {\n\treturn x > 1 // a comment\n}\n\nfunc short() {}\n";
    let other = "func (a *B) Validate(x int) bool {\n\n    return x  > 1\n}\nfunc short() { x() }\n";
    let (one, other) = (functions(one), functions(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), ["Validate", "short"]);
    assert_eq!(one["Validate"], other["Validate"]);
    assert_ne!(one["short"], other["short"]);
}

#[test]
fn what_the_ledger_names_is_there() {
    let lines = ledger();
    let key = |line: &Line| (line.file.clone(), line.function.clone());
    assert!(lines.iter().map(key).is_sorted_by(|one, other| one < other), "sorted by file and name, each once");
    let known: BTreeSet<(String, String)> = lines.iter().map(key).collect();
    let mut wrong = Vec::new();
    for Line { file, function, ours, .. } in &lines {
        let is_there = if let Some(caller) = ours.strip_prefix("via ") {
            known.contains(&(file.clone(), caller.to_owned()))
        } else if ours.starts_with('-') {
            REASONS.contains(&ours.as_str())
        } else {
            let (path, name) = ours.split_once(' ').unwrap_or((ours, ""));
            let text = fs::read_to_string(Path::new("src").join(path)).unwrap_or_default();
            !text.is_empty() && (name.is_empty() || text.contains(&format!("fn {name}")))
        };
        if !is_there {
            wrong.push(format!("{file} {function}: {ours}"));
        }
    }
    assert!(wrong.is_empty(), "{} lines name what is not there:\n{}", wrong.len(), wrong.join("\n"));
}

/// The work list of another version of Kubernetes.
#[test]
fn what_another_version_changes_is_listed() {
    let Some(source) = env::var_os("SEATRIAL_KUBERNETES") else { return };
    let mut lines = ledger();
    let files: BTreeSet<String> = lines.iter().map(|line| line.file.clone()).collect();
    let (mut work, mut there) = (String::new(), BTreeMap::new());
    for file in files {
        match fs::read_to_string(Path::new(&source).join(&file)) {
            Ok(text) => there.extend(functions(&text).into_iter().map(|(name, hash)| ((file.clone(), name), hash))),
            Err(error) => writeln!(work, "{file}: {error}").expect("memory can be written"),
        }
    }
    for line in &mut lines {
        let what = match there.remove(&(line.file.clone(), line.function.clone())) {
            Some(hash) if hash == line.hash => continue,
            Some(hash) => {
                line.hash = hash;
                "changed"
            }
            None => "gone",
        };
        writeln!(work, "{what}: {} {} ({})", line.file, line.function, line.ours).expect("memory can be written");
    }
    for (file, function) in there.keys() {
        writeln!(work, "new: {file} {function}").expect("memory can be written");
    }
    if env::var_os("SEATRIAL_UPDATE").is_some() {
        let new = there.into_iter().map(|((file, function), hash)| Line {
            file,
            function,
            hash,
            ours: "-unnamed".to_owned(),
        });
        lines.extend(new);
        lines.sort_by(|one, other| (&one.file, &one.function).cmp(&(&other.file, &other.function)));
        let text: Vec<String> = lines
            .iter()
            .map(|Line { file, function, hash, ours }| format!("{file}\t{function}\t{hash}\t{ours}\n"))
            .collect();
        fs::write(LEDGER, text.concat()).expect("the ledger can be written");
    }
    assert!(work.is_empty(), "{} functions differ:\n{work}", work.lines().count());
}
