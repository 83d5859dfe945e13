//! `lint --fix` and `--diff` as people and scripts use them: a file has its old text or its new one, whatever happens.

use std::fs;

use assert_cmd::Command;

use crate::cli::{BAD, GOOD, Ran, folder, lint, seatrial};
use crate::snapshot;

#[test]
fn fixes_are_shown_before_they_are_made() {
    let text = GOOD.replace("mode: fast", "mode: fast  # seatrial: allow[duplicate-key] was here once");
    let folder = folder(&[("settings.yaml", &text)]);
    let here = folder.path();
    let now = || fs::read_to_string(here.join("settings.yaml")).expect("it is there");
    snapshot::check("cli", "diff", &lint(here, &["--diff"]).is(0).shown());
    assert_eq!(now(), text);
    let ran = lint(here, &["--fix"]);
    assert_eq!((ran.is(0).out.as_str(), ran.err.as_str()), ("", "note: 1 finding fixed\n"));
    assert_eq!(now(), GOOD);
    assert_eq!(lint(here, &["--diff"]).is(0).shown(), lint(here, &["--fix"]).is(0).shown());
    let ran = Ran::of(seatrial().args(["lint", "-", "--fix"]).write_stdin(text));
    assert!(ran.is(2).err.contains("standard input cannot be fixed"), "{}", ran.err);
}

/// A text with something to fix, as many bytes long as a line of `length` bytes makes it.
fn fixable(length: usize) -> String {
    let long = "x".repeat(length);
    GOOD.replace("mode: fast", &format!("mode: {long}  # seatrial: allow[duplicate-key] was here once"))
}

/// A read-only file, for those of whom the system asks nothing as well.
#[test]
fn what_cannot_be_written_stays_and_the_rest_is_fixed() {
    let text = fixable(4);
    let folder = folder(&[("1.yaml", &text), ("2.yaml", &text), ("3.yaml", &text), ("bad.yaml", BAD)]);
    let here = folder.path();
    let mut mode = fs::metadata(here.join("2.yaml")).expect("it is there").permissions();
    mode.set_readonly(true);
    fs::set_permissions(here.join("2.yaml"), mode).expect("it is ours");
    let ran = lint(here, &["--fix"]);
    assert_eq!(ran.is(2).files(), ["2.yaml", "bad.yaml"], "the report is on what the files are: {}", ran.out);
    assert!(ran.err.contains("note: 2 findings fixed"), "{}", ran.err);
    assert!(ran.err.contains("`2.yaml` cannot be changed") && ran.err.contains("read-only"), "{}", ran.err);
    let now = |name: &str| fs::read_to_string(here.join(name)).expect("it is there");
    assert_eq!(now("2.yaml"), text);
    assert!(!now("1.yaml").contains("allow[") && !now("3.yaml").contains("allow["));
}

/// A limit on the size of files stands for a disk that is full.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_old_text() {
    let (long, short) = (fixable(100_000), fixable(4));
    let folder = folder(&[("long.yaml", &long), ("short.yaml", &short)]);
    let command = format!("trap '' XFSZ; ulimit -f 50; exec {} lint --fix", env!("CARGO_BIN_EXE_seatrial"));
    let ran = Ran::of(Command::new("sh").current_dir(folder.path()).args(["-c", &command]));
    assert!(ran.is(2).err.contains("`long.yaml` cannot be changed"), "{}", ran.err);
    let now = |name: &str| fs::read_to_string(folder.path().join(name)).expect("it is there");
    assert_eq!(now("long.yaml"), long);
    assert!(!now("short.yaml").contains("allow["));
    let left: Vec<_> =
        fs::read_dir(folder.path()).expect("it is there").flatten().map(|file| file.file_name()).collect();
    assert_eq!(left.len(), 2, "nothing is left beside them: {left:?}");
}

#[cfg(unix)]
#[test]
fn a_fixed_file_keeps_its_mode_and_a_link_stays_one() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = folder(&[("real/settings.yaml", &fixable(4)), ("links/none", "")]);
    let (real, link) = (folder.path().join("real/settings.yaml"), folder.path().join("links/settings.yaml"));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("it is ours");
    symlink("../real/settings.yaml", &link).expect("links can be made");
    lint(folder.path(), &["--fix", "links"]).is(0);
    assert!(link.is_symlink());
    assert!(!fs::read_to_string(&real).expect("it is there").contains("allow["));
    assert_eq!(fs::metadata(&real).expect("it is there").permissions().mode() & 0o777, 0o640);
}
