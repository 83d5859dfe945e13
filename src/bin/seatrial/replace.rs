//! New contents for a file, whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// How many names are tried for the file that is written; a run that was killed may have left some.
const NAMES: u32 = 100;

/// Puts `text` in the place of what the file holds. It is written beside the file and renamed, so that a full disk or a
/// signal leaves the old contents. A symbolic link stays one, and so do the mode and, where the system lets it, the owner.
pub(crate) fn contents(path: &Path, text: &str) -> io::Result<()> {
    // What is renamed over a link would take its place.
    let path = path.canonicalize()?;
    let metadata = fs::metadata(&path)?;
    // Whoever may write to the folder may rename, whatever the file says; so it is asked.
    if metadata.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    OpenOptions::new().write(true).open(&path)?;
    let (mut file, beside) = beside(path.parent().unwrap_or(Path::new(".")))?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| keep(&beside, &metadata))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        // The first failure is the one to tell; what cannot be removed does no harm.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A new file in `folder`, hidden and of no name that is taken for a manifest.
fn beside(folder: &Path) -> io::Result<(File, PathBuf)> {
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..NAMES {
        let path = folder.join(format!(".seatrial-{}-{number}.tmp", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Gives a file the owner and the mode of another.
fn keep(path: &Path, like: &fs::Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, chown};
        // Only root may give files away. Elsewhere the file belongs to whoever fixed it, as with other editors.
        let _ = chown(path, Some(like.uid()), Some(like.gid()));
    }
    // The mode comes last, because a change of the owner takes bits of it away.
    fs::set_permissions(path, like.permissions())
}
