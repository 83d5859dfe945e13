//! Where results and failures are written: data to standard output, all else to standard error.

use std::io::{self, IsTerminal as _, Write};

use anstream::{AutoStream, ColorChoice};
use miette::MietteHandlerOpts;
use seatrial::report::Style;

use crate::args::Color;

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

/// Decides once how failures look.
pub(crate) fn install_failures(color: Color) {
    let stderr = io::stderr();
    let (color, plain) = (colored(color, &stderr), !stderr.is_terminal());
    // The hook can be set once only, and this is the only place that sets it.
    let _ = miette::set_hook(Box::new(move |_| {
        let options = MietteHandlerOpts::new().color(color).unicode(!plain).terminal_links(false);
        Box::new(if plain { options.width(WIDTH).build() } else { options.build() })
    }));
}

/// Writes a failure of the tool itself.
pub(crate) fn fail(failure: &miette::Report) {
    say(format!("{failure:?}").trim_end());
}
