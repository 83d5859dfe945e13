//! How git is run: asked for revisions and objects, by ids alone, and never let onto the network.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use miette::{IntoDiagnostic as _, WrapErr as _};

/// How much of what git says is told.
const SAID: usize = 400;

/// A git that fetches nothing. A partial clone would get what it lacks from where its own configuration says, which may be
/// a command.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Versions before 2.45 do not know the first variable; there is no protocol of the name that the second one allows.
    command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_ALLOW_PROTOCOL", "none");
    command
}

fn cannot_run() -> &'static str {
    "`git` cannot be run, which `--base` reads the old side with"
}

/// The line that git answers. `help` is for those to whom it answers nothing.
pub(crate) fn ask(args: &[&str], help: &str) -> miette::Result<String> {
    let output = command(args).stdin(Stdio::null()).output().into_diagnostic().wrap_err(cannot_run())?;
    if output.status.success() {
        let line = String::from_utf8_lossy(&output.stdout).into_owned();
        return Ok(line.strip_suffix('\n').map_or(line.clone(), str::to_owned));
    }
    let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(SAID).collect();
    Err(miette::miette!(help = help.to_owned(), "`git {}` failed: {said}", args.join(" ")))
}

/// The objects of the repository.
pub(crate) struct Objects {
    git: Child,
    answers: BufReader<ChildStdout>,
}

/// What stands in a folder.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) sort: Sort,
    pub(crate) id: String,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    File,
    Folder,
    Link,
    /// Another repository.
    Other,
}

impl Objects {
    /// Starts a git that answers as long as it is asked.
    pub(crate) fn open() -> miette::Result<Self> {
        let mut command = command(&["cat-file", "--batch"]);
        let mut git = command.stdin(Stdio::piped()).spawn().into_diagnostic().wrap_err(cannot_run())?;
        let answers = git.stdout.take().map(BufReader::new).ok_or_else(|| miette::miette!(cannot_run()))?;
        Ok(Self { git, answers })
    }

    /// The contents of an object.
    pub(crate) fn get(&mut self, id: &str) -> miette::Result<Vec<u8>> {
        self.answer(id).into_diagnostic()?.ok_or_else(|| {
            miette::miette!(
                help = "nothing is fetched here; in a partial clone, `git show` gets what is missing",
                "this clone does not have the object {id}"
            )
        })
    }

    /// A line `HASH blob SIZE`, so many bytes and a line break; or a line that says what is the matter.
    fn answer(&mut self, id: &str) -> io::Result<Option<Vec<u8>>> {
        let questions = self.git.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(questions, "{id}")?;
        questions.flush()?;
        let mut head = String::new();
        self.answers.read_line(&mut head)?;
        let Some(size) = head.trim_end().rsplit_once(' ').and_then(|(_, size)| size.parse::<u64>().ok()) else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        self.answers.by_ref().take(size + 1).read_to_end(&mut bytes)?;
        // Less than that means that git stopped in the middle.
        Ok((bytes.pop() == Some(b'\n') && bytes.len() as u64 == size).then_some(bytes))
    }

    /// The id of the tree of a commit.
    pub(crate) fn tree_of(&mut self, commit: &str) -> miette::Result<String> {
        let text = self.get(commit)?;
        let text = String::from_utf8_lossy(&text);
        let tree = text.lines().next().and_then(|line| line.strip_prefix("tree "));
        tree.map(str::to_owned).ok_or_else(|| miette::miette!("`{commit}` is no commit"))
    }

    /// What stands in the folder whose tree this is: `MODE NAME`, a zero and the bytes of the id, one after the other.
    pub(crate) fn tree(&mut self, id: &str) -> miette::Result<Vec<Entry>> {
        let bytes = self.get(id)?;
        let mut rest = bytes.as_slice();
        let mut entries = Vec::new();
        while let Some(end) = rest.iter().position(|byte| *byte == 0) {
            let head = String::from_utf8_lossy(&rest[..end]);
            // Ids of objects are as long in a tree as elsewhere, half as many bytes as digits.
            let Some((hash, after)) = rest[end + 1..].split_at_checked(id.len() / 2) else { break };
            let (mode, name) = head.split_once(' ').unwrap_or_default();
            let sort = match mode {
                "40000" => Sort::Folder,
                "120000" => Sort::Link,
                "160000" => Sort::Other,
                _ => Sort::File,
            };
            let id = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
            let id = id.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
            entries.push(Entry { name: name.to_owned(), sort, id });
            rest = after;
        }
        Ok(entries)
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // It ends when nothing more can be asked.
        drop(self.git.stdin.take());
        let _ = self.git.wait();
    }
}
