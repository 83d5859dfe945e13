//! The old side from git: files as they were where a revision and the working tree went apart. Only objects are read; the
//! checkout and the index are not touched.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miette::{IntoDiagnostic as _, WrapErr as _};
use seatrial::load;
use seatrial::source::Sources;

/// The texts below `paths` in the merge base of `revision` and the working tree's commit. What is still there and was left
/// out of `new`, such as the patches of a kustomization, is left out here too.
pub(crate) fn sources(revision: &str, paths: &[PathBuf], new: &Sources) -> miette::Result<Sources> {
    let base = git(&["merge-base", revision, "HEAD"])?;
    let base = base.trim();
    let mut list = vec!["ls-tree", "-r", "-z", "--name-only", base, "--"];
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    list.extend(names.iter().map(String::as_str));
    let list = git(&list)?;
    // The way in which git is asked for contents knows no names with line breaks.
    let files = list.split('\0').filter(|file| is_manifest(file) && !file.contains('\n'));
    let taken: BTreeSet<&str> = new.iter().map(|(_, source)| source.name.as_str()).collect();
    let files: Vec<&str> = files.filter(|file| taken.contains(file) || !Path::new(file).exists()).collect();
    // A path that begins with `./` is relative to the working directory, as those of `ls-tree` are.
    let asked: Vec<String> = files.iter().map(|file| format!("{base}:./{file}\n")).collect();
    let answer = ask(&["cat-file", "--batch"], asked.concat())?;
    let mut sources = Sources::default();
    let mut rest = answer.as_slice();
    for file in files {
        let (text, after) =
            content(rest).ok_or_else(|| miette::miette!("git does not tell what `{file}` was at `{revision}`"))?;
        let text = String::from_utf8_lossy(text);
        // What is gone from the working tree cannot be asked for by its name.
        if taken.contains(file) || load::looks_like_manifest(&text) {
            sources.add(format!("{revision}:{file}"), text);
        }
        rest = after;
    }
    Ok(sources)
}

/// Takes one answer of `git cat-file --batch` apart, a line `HASH blob SIZE`, so many bytes and a line break; gives the
/// bytes and what comes after.
fn content(answer: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = answer.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let size: usize = head.rsplit_once(' ')?.1.parse().ok()?;
    let body = answer.get(end + 1..)?;
    Some((body.get(..size)?, body.get(size + 1..)?))
}

fn is_manifest(file: &str) -> bool {
    let extension = Path::new(file).extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json"))
}

fn git(args: &[&str]) -> miette::Result<String> {
    Ok(String::from_utf8_lossy(&ask(args, String::new())?).into_owned())
}

/// What git answers if it is told `input`.
fn ask(args: &[&str], input: String) -> miette::Result<Vec<u8>> {
    let mut command = Command::new("git");
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let fail = "`git` cannot be run, which `--base` reads the old side with";
    let mut child = command.spawn().into_diagnostic().wrap_err(fail)?;
    let stdin = child.stdin.take();
    // git answers while it still reads, so both must happen at once.
    let writing = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().into_diagnostic().wrap_err(fail)?;
    // If it stopped reading, its status says why.
    drop(writing.join());
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(miette::miette!(
            help = "name a revision that this repository knows, as in `--base origin/main`",
            "`git {}` failed: {}",
            args.join(" "),
            error.trim()
        ));
    }
    Ok(output.stdout)
}
