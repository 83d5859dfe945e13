//! Where results and failures are written: data to standard output, all else to standard error.

use std::io::{self, IsTerminal as _, Write};
use std::sync::OnceLock;

use anstream::{AutoStream, ColorChoice};
use miette::MietteHandlerOpts;
use seatrial::report::{Style, printable};

use crate::args::Color;

/// Whether failures have colours.
static COLORED: OnceLock<bool> = OnceLock::new();

/// How many letters of a line of a failure are shown; a configuration may be one line.
const LONGEST: usize = 1000;

/// How many columns failures and piped reports take.
const WIDTH: usize = 120;

/// What standard output can show.
pub(crate) fn style(color: Color) -> Style {
    Style { color: colored(color, &io::stdout()), ..Style::of_stdout() }
}

fn colored(color: Color, stream: &impl anstream::stream::RawStream) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => AutoStream::choice(stream) != ColorChoice::Never,
    }
}

/// Writes results. A reader that has seen enough and closed the pipe is no failure.
pub(crate) fn data(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> miette::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            // What is still buffered would be tried again, and fail again, when the writer is dropped.
            drop(out.into_parts());
            Err(miette::miette!(help = "look at the disk or pipe behind it", "the results cannot be written: {error}"))
        }
        _ => Ok(()),
    }
}

/// Writes a line to people. If nobody can read it, nothing can be done.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes what is good to know beside the results, on one line whatever names are in it.
pub(crate) fn note(line: &str) {
    say(&format!("note: {}", printable(line)));
}

/// Decides once how failures look.
pub(crate) fn install_failures(color: Color) {
    let stderr = io::stderr();
    let (color, plain) = (colored(color, &stderr), !stderr.is_terminal());
    COLORED.get_or_init(|| color);
    // The hook can be set once only, and this is the only place that sets it.
    let _ = miette::set_hook(Box::new(move |_| {
        let options = MietteHandlerOpts::new().color(color).unicode(!plain).terminal_links(false);
        Box::new(if plain { options.width(WIDTH).build() } else { options.build() })
    }));
}

/// Writes a failure of the tool itself.
pub(crate) fn fail(failure: &miette::Report) {
    let text = format!("{failure:?}");
    let lines = text.trim_end().lines().map(obedient);
    say(&lines.collect::<Vec<_>>().join("\n"));
}

/// A line of a failure that fits on a screen, and in which a terminal finds nothing to obey but colours: names of files and
/// what stands in a configuration are shown there as they are.
fn obedient(line: &str) -> String {
    let colored = COLORED.get().copied().unwrap_or(false);
    let mut clean = String::new();
    let shown: String = line.chars().take(LONGEST).collect();
    for (at, piece) in shown.split('\u{1b}').enumerate() {
        let is_code = |char: char| char.is_ascii_digit() || char == ';';
        let code = piece.strip_prefix('[').map(|code| code.trim_start_matches(is_code));
        let text = code.and_then(|rest| rest.strip_prefix('m')).filter(|_| colored && at > 0);
        match text {
            Some(text) => clean.extend(["\u{1b}", &piece[..piece.len() - text.len()], &printable(text)]),
            None if at > 0 => clean.extend(["\\u{1b}", &printable(piece)]),
            None => clean.push_str(&printable(piece)),
        }
    }
    if shown.len() < line.len() {
        // The colour that is on would go on behind what is cut off.
        clean.push_str(if colored { "…\u{1b}[0m" } else { "…" });
    }
    clean
}
