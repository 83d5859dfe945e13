//! The command.

use std::io::{self, Write as _};
use std::process::ExitCode;

use seatrial::lint::{Settings, lint};
use seatrial::report::{self, Format, Style};
use seatrial::source::Sources;

fn main() -> ExitCode {
    let mut sources = Sources::default();
    for path in std::env::args().skip(2) {
        match std::fs::read(&path) {
            Ok(bytes) => {
                sources.add(path, String::from_utf8_lossy(&bytes));
            }
            Err(_) => return ExitCode::from(2),
        }
    }
    let report = lint(&sources, &Settings::default());
    let mut out = io::stdout().lock();
    if report::write(Format::Text, &mut out, &sources, &report, Style::of_stdout()).and_then(|()| out.flush()).is_err()
    {
        return ExitCode::from(2);
    }
    ExitCode::from(u8::from(!report.findings.is_empty()))
}
