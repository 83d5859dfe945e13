//! The old side from git: files as they were where a revision and the working tree went apart. Only objects are read; the
//! checkout and the index are not touched.

use std::path::{Path, PathBuf};
use std::process::Command;

use miette::{IntoDiagnostic as _, WrapErr as _};
use seatrial::source::Sources;

/// The texts below `paths` in the merge base of `revision` and the working tree's commit.
pub(crate) fn sources(revision: &str, paths: &[PathBuf]) -> miette::Result<Sources> {
    let base = git(&["merge-base", revision, "HEAD"])?;
    let base = base.trim();
    let mut list = vec!["ls-tree", "-r", "-z", "--name-only", base, "--"];
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    list.extend(names.iter().map(String::as_str));
    let mut sources = Sources::default();
    for file in git(&list)?.split('\0').filter(|file| is_manifest(file)) {
        // A path that begins with `./` is relative to the working directory, as those of `ls-tree` are.
        let text = git(&["show", &format!("{base}:./{file}")])?;
        sources.add(format!("{revision}:{file}"), text);
    }
    Ok(sources)
}

fn is_manifest(file: &str) -> bool {
    let extension = Path::new(file).extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json"))
}

fn git(args: &[&str]) -> miette::Result<String> {
    let output = Command::new("git")
        .args(args)
        .output()
        .into_diagnostic()
        .wrap_err("`git` cannot be run, which `--base` reads the old side with")?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(miette::miette!(
            help = "name a revision that this repository knows, as in `--base origin/main`",
            "`git {}` failed: {}",
            args.join(" "),
            error.trim()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
