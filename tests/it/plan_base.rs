//! `seatrial plan --base`: the old side out of git, which is asked for nothing else.

use std::fs;
use std::path::Path;
use std::process::Command as Plain;

use assert_cmd::Command;
use tempfile::TempDir;

use crate::plan_cli::{OLD, run};

/// How a plan begins that has nothing to say.
const NOTHING: Option<&str> = Some("Plan: nothing changes.");

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "protocol.file.allow=always"];
    let output = Plain::new("git").current_dir(folder).args(identity).args(args).output().expect("git runs");
    assert!(output.status.success(), "{output:?}");
}

/// An empty repository.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    git(folder.path(), &["init", "-q", "-b", "main"]);
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("inside")).expect("folders can be made");
    fs::write(path, text).expect("files can be written");
}

fn commit(folder: &Path) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "one more"]);
}

#[test]
fn the_old_side_may_be_a_commit() {
    let folder = repository();
    let git = |args: &[&str]| git(folder.path(), args);
    fs::write(folder.path().join("web.yaml"), OLD).expect("files can be written");
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "begin"]);
    fs::write(folder.path().join("web.yaml"), OLD.replace("replicas: 10", "replicas: 12"))
        .expect("files can be written");
    let (status, out) = run(folder.path(), &["plan", "--base", "main", "web.yaml"]);
    assert_eq!(status, Some(0));
    assert!(out.contains("spec.replicas") && out.contains("10 → 12"), "{out}");
    assert_eq!(run(folder.path(), &["plan", "--base", "nowhere", "web.yaml"]).0, Some(2));
    // What is left out of the working tree is left out of the commit too, and so is what was no manifest.
    fs::write(folder.path().join("values.yaml"), "image: {tag: 1}\n").expect("files can be written");
    fs::write(folder.path().join("chart.yaml"), OLD.replace("replicas: 10", "replicas: {{ .Values.count }}"))
        .expect("files can be written");
    git(&["add", "values.yaml", "chart.yaml"]);
    git(&["commit", "-q", "-m", "a chart"]);
    git(&["rm", "-q", "--cached", "values.yaml"]);
    fs::remove_file(folder.path().join("values.yaml")).expect("files can be removed");
    let (status, out) = run(folder.path(), &["plan", "--base", "main", "."]);
    assert_eq!(status, Some(0));
    assert!(out.starts_with("Plan: 1 workload scales"), "{out}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_as_the_working_tree_follows_them() {
    use std::os::unix::fs::symlink;
    let repository = repository();
    let here = repository.path();
    write(here, "base/web.yaml", OLD);
    write(here, "v1/settings.yaml", &OLD.replace("name: web,", "name: other,"));
    fs::create_dir(here.join("app")).expect("folders can be made");
    symlink("../base/web.yaml", here.join("app/web.yaml")).expect("links can be made");
    symlink("web.yaml", here.join("app/again.yaml")).expect("links can be made");
    symlink("loop.yaml", here.join("app/loop.yaml")).expect("links can be made");
    symlink("nowhere.yaml", here.join("app/dangling.yaml")).expect("links can be made");
    symlink("v1", here.join("current")).expect("links can be made");
    commit(here);
    write(here, "base/web.yaml", &format!("{OLD}# the end\n"));
    for path in ["app", "app/web.yaml", ".", "current", "./current/", "base/../app"] {
        let (status, out) = run(here, &["plan", "--base", "HEAD", path]);
        assert_eq!((status, out.lines().next()), (Some(0), NOTHING), "{path}: {out}");
    }
    let (_, out) = run(&here.join("app"), &["plan", "--base", "HEAD", "../base", "web.yaml"]);
    assert_eq!(out.lines().next(), NOTHING);
    let absolute = here.join("app").display().to_string();
    assert_eq!(run(here, &["plan", "--base", "HEAD", &absolute]).1.lines().next(), NOTHING);
    // What the link leads to from now on is compared with what it led to.
    write(here, "v2/settings.yaml", &OLD.replace("name: web,", "name: other,").replace("replicas: 10", "replicas: 12"));
    fs::remove_file(here.join("current")).expect("links can be removed");
    symlink("v2", here.join("current")).expect("links can be made");
    let (_, out) = run(here, &["plan", "--base", "HEAD", "current"]);
    assert!(out.contains("10 → 12"), "{out}");
    // A link that is gone showed the objects of a file that is still there.
    fs::remove_file(here.join("app/again.yaml")).expect("links can be removed");
    assert_eq!(run(here, &["plan", "--base", "HEAD", "app"]).1.lines().next(), NOTHING);
    fs::remove_file(here.join("app/web.yaml")).expect("links can be removed");
    symlink(here.join("v1/settings.yaml"), here.join("app/web.yaml")).expect("links can be made");
    commit(here);
    let (status, _) = run(here, &["plan", "--base", "HEAD", "app"]);
    assert_eq!(status, Some(2), "git does not know what is outside");
}

#[test]
fn a_revision_is_no_option_and_a_path_no_pattern() {
    let repository = repository();
    let here = repository.path();
    write(here, ":(glob)z/web.yaml", OLD);
    write(here, "new\nline/web\n2.yaml", &OLD.replace("name: web,", "name: other,"));
    commit(here);
    for revision in ["--octopus", "--fork-point", "--help", "--all", "-h", "", "HEAD..HEAD", "HEAD^{tree}"] {
        let (status, out) = run(here, &["plan", &format!("--base={revision}"), "."]);
        assert_eq!((status, out.as_str()), (Some(2), ""), "{revision}");
    }
    for path in [":(glob)z", "new\nline", "new\nline/web\n2.yaml", "."] {
        let (status, out) = run(here, &["plan", "--base", "HEAD", path]);
        assert_eq!((status, out.lines().next()), (Some(0), NOTHING), "{path}");
    }
}

/// What would be run to fetch leaves a file behind.
#[test]
fn nothing_is_fetched() {
    let origin = repository();
    write(origin.path(), "web.yaml", OLD);
    commit(origin.path());
    git(origin.path(), &["config", "uploadpack.allowFilter", "true"]);
    for filter in ["blob:none", "tree:0"] {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let url = format!("file://{}", origin.path().display());
        let filter = format!("--filter={filter}");
        git(folder.path(), &["clone", "-q", &filter, "--no-checkout", &url, "clone"]);
        let clone = folder.path().join("clone");
        write(&clone, "web.yaml", OLD);
        git(&clone, &["config", "remote.origin.url", "ext::sh -c \"touch fetched\""]);
        git(&clone, &["config", "protocol.ext.allow", "always"]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
        let output = command.current_dir(&clone).args(["plan", "--base", "HEAD", "web.yaml"]).output();
        let output = output.expect("the command runs");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{filter}: {err}");
        assert!(err.contains("nothing is fetched here"), "{filter}: {err}");
        assert!(!clone.join("fetched").exists(), "{filter}");
    }
}
