//! How findings are written, one file for each format. A reporter looks nothing up but lines and columns.

mod concise;
mod excerpt;
mod github;
pub mod json;
pub mod plan;
mod text;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use crate::lint::Report;
use crate::source::Sources;

/// A way to write findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// For people: excerpts with the places underlined, help, and a closing line.
    #[default]
    Text,
    /// One line for each finding.
    Concise,
    /// Annotations of GitHub workflows.
    Github,
    /// For programs; the contract is `schemas/report.schema.json`.
    Json,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 4] = [Format::Text, Format::Concise, Format::Github, Format::Json];

    /// The name, as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Concise => "concise",
            Format::Github => "github",
            Format::Json => "json",
        }
    }

    /// The format with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// What the text may look like; the other formats are the same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are written.
    pub color: bool,
    /// How many columns there are; longer lines are cut or wrapped.
    pub width: usize,
}

impl Default for Style {
    /// As it is written into files and pipes.
    fn default() -> Self {
        Self { color: false, width: 120 }
    }
}

impl Style {
    /// What a stream can show: colours obey `NO_COLOR` and `CLICOLOR_FORCE`, the width is that of the terminal.
    pub fn of_stdout() -> Self {
        let stdout = io::stdout();
        let color = anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
        let width = terminal_size::terminal_size_of(&stdout).map_or(Self::default().width, |(width, _)| width.0.into());
        Self { color, width }
    }
}

/// Writes a report.
pub fn write(
    format: Format,
    out: &mut dyn io::Write,
    sources: &Sources,
    report: &Report,
    style: Style,
) -> io::Result<()> {
    match format {
        Format::Text => text::write(out, sources, report, style),
        Format::Concise => concise::write(out, sources, &report.findings),
        Format::Github => github::write(out, sources, &report.findings),
        Format::Json => json::write(out, sources, report),
    }
}

/// The text without anything that a terminal would obey or hide: control characters are escaped as in Rust, so that
/// the text stays on its line.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    for char in text.chars() {
        if is_invisible(char) {
            // Writing into a text cannot fail.
            let _ = write!(clean, "{}", char.escape_default());
        } else {
            clean.push(char);
        }
    }
    Cow::Owned(clean)
}

/// Breaks a text between words; words are never broken, because they may be commands or names.
fn wrapped(text: &str, room: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            lines.push('\n');
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += length;
    }
    lines
}

/// The text in a colour or weight, given as the number of an ANSI sequence; as it is without colours or without a number.
fn paint(color: bool, code: &str, text: &str) -> String {
    if color && !code.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Control characters, line separators, and characters that change the direction of text or take no room.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
