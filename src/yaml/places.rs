//! Where things stand that the parser places elsewhere or nowhere: indicators, missing values, ends.

/// The column of an offset, in bytes; only compared with others of block collections, before which there are only
/// blanks and indicators.
pub(super) fn column(text: &str, at: usize) -> usize {
    at - text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1)
}

/// The `|` or `>` of a block scalar, between the token before it and its content.
pub(super) fn block_indicator(text: &str, from: usize, content: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < content.min(bytes.len()) {
        match bytes[at] {
            b'|' | b'>' => return at,
            b'#' => at += text[at..].find(['\n', '\r']).unwrap_or(text.len() - at),
            _ => at += 1,
        }
    }
    content
}

/// The end of the last line of a block scalar that has content; of its header, if none has.
pub(super) fn block_end(text: &str, indicator: usize, end: usize) -> usize {
    indicator + text[indicator..end.max(indicator)].trim_end().len()
}

/// The first text behind a document that is neither blank nor a comment nor an end marker.
pub(super) fn leftover(text: &str, mut at: usize) -> Option<usize> {
    loop {
        let rest = text.get(at..)?;
        let blank = rest.len() - rest.trim_start().len();
        at += blank;
        let rest = &rest[blank..];
        if rest.is_empty() {
            return None;
        } else if rest.starts_with('#') {
            at += rest.find(['\n', '\r']).unwrap_or(rest.len());
        } else if rest.starts_with("...") && rest[3..].chars().next().is_none_or(char::is_whitespace) {
            at += 3;
        } else {
            return Some(at);
        }
    }
}

/// The place behind an indicator that follows `from`, or `from` itself if something else follows it.
pub(super) fn behind(text: &str, from: usize, indicator: u8) -> usize {
    let mut at = from;
    while let Some(byte) = text.as_bytes().get(at) {
        match *byte {
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            b'#' => at += text[at..].find(['\n', '\r']).unwrap_or(text.len() - at),
            byte if byte == indicator => return at + 1,
            _ => break,
        }
    }
    from
}

/// The first `-` of a block sequence behind its key and properties, which end before `start`.
pub(super) fn first_dash(text: &str, from: usize, start: usize) -> usize {
    let mut at = from;
    while at < start {
        match text.as_bytes()[at] {
            b'-' => return at,
            b'#' => at += text[at..].find(['\n', '\r']).unwrap_or(text.len() - at),
            b'&' | b'!' => at += text[at..].find(char::is_whitespace).unwrap_or(text.len() - at),
            b' ' | b'\t' | b'\n' | b'\r' | b':' | b'?' => at += 1,
            _ => break,
        }
    }
    start
}
