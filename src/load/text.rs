//! From bytes to text, and what kind of text it is, before anything is parsed.

use crate::source::{Defect, Sources, Span};
use crate::yaml::{self, ProblemKind};

/// What some bytes are.
pub(super) enum Decoded {
    /// UTF-8.
    Text(String),
    /// Text that Kubernetes cannot read; the text is for showing only.
    Defective(String, Defect),
    /// No text.
    Binary,
}

const UTF8: &str = "save the file as UTF-8";

/// How many bytes are looked at for a NUL, as git does to tell bytes from text.
const LOOK: usize = 8000;

/// Tells UTF-8, UTF-16 and bytes apart.
pub(super) fn decode(bytes: Vec<u8>) -> Decoded {
    if let Some(text) = utf16(&bytes) {
        let message = "the text is UTF-16, and Kubernetes expects UTF-8".to_owned();
        let defect = Defect { span: Span::new(0..0), message, help: UTF8 };
        return Decoded::Defective(text, defect);
    }
    if bytes[..bytes.len().min(LOOK)].contains(&0) {
        return Decoded::Binary;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Decoded::Text(text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let defect = Defect {
                span: Span::new(at..at + char::REPLACEMENT_CHARACTER.len_utf8()),
                message: format!("the byte 0x{:02x} is not UTF-8", bytes[at]),
                help: UTF8,
            };
            Decoded::Defective(String::from_utf8_lossy(&bytes).into_owned(), defect)
        }
    }
}

/// The text, if it is UTF-16: by its byte order mark, or because every second byte of the start is zero, as in any
/// text that begins with ASCII.
fn utf16(bytes: &[u8]) -> Option<String> {
    let start = &bytes[..bytes.len().min(32) & !1];
    let zeros =
        |odd: usize| start.len() >= 4 && start.iter().enumerate().all(|(at, byte)| (*byte == 0) == (at % 2 == odd));
    let little = match bytes {
        [0xff, 0xfe, 0, 0, ..] => return None,
        [0xff, 0xfe, ..] => true,
        [0xfe, 0xff, ..] => false,
        _ if zeros(1) => true,
        _ if zeros(0) => false,
        _ => return None,
    };
    let units = bytes.chunks_exact(2).map(|pair| {
        if little { u16::from_le_bytes([pair[0], pair[1]]) } else { u16::from_be_bytes([pair[0], pair[1]]) }
    });
    Some(char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// Whether template actions keep the text from being YAML. A quoted `"{{ … }}"` does not, and is judged as it stands.
pub(super) fn is_template(text: &str) -> bool {
    (text.contains("{{") || text.contains("{%")) && text.lines().any(has_bare_action) && {
        let mut sources = Sources::default();
        let id = sources.add("", text);
        let broken = |problem: &yaml::Problem| matches!(problem.kind, ProblemKind::Syntax | ProblemKind::NotJson);
        yaml::read(id, sources.get(id)).iter().any(|document| document.problems.iter().any(broken))
    }
}

/// Whether an action stands where a line, an item or a value begins: `{{- if … }}`, `- {{ . }}`, `name: {{ . }}`.
fn has_bare_action(line: &str) -> bool {
    ["{{", "{%"].iter().any(|open| {
        line.split_once(open).is_some_and(|(before, _)| {
            let before = before.trim_end();
            before.is_empty() || before.ends_with([':', '-']) || before.ends_with("}}") || !before.contains(['"', '\''])
        })
    })
}

/// Whether `apiVersion` or `kind` stands somewhere as a key. Nothing is parsed, because a broken manifest must count.
pub(super) fn looks_like_manifest(text: &str) -> bool {
    ["apiVersion", "kind"].iter().any(|key| {
        text.match_indices(key).any(|(at, _)| {
            let before = text[..at].trim_end_matches(['"', '\'', ' ', '\t']);
            let after = text[at + key.len()..].trim_start_matches(['"', '\'', ' ', '\t']);
            after.starts_with(':')
                && (before.is_empty() || before.ends_with(['\n', '\u{feff}', '{', ',', '-', '[', '?']))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_what_its_actions_make_unreadable() {
        for text in ["name: {{ .Release.Name }}\n", "{{- if .x }}\na: 1\n{{- end }}\n", "a:\n{% for x in y %}\n- b\n"] {
            assert!(is_template(text), "{text}");
        }
        for text in ["name: \"{{ .x }}\"\n", "a: [\nb: \"{{x}}\"\n", "a: |\n  {{ if .x }}\n", "a: 1\n"] {
            assert!(!is_template(text), "{text}");
        }
    }

    #[test]
    fn a_manifest_shows_a_key_even_when_it_is_broken() {
        for text in ["kind: Pod", "\u{feff}apiVersion: v1\n", "{\"kind\": \"Pod\"", "a: [\n\"kind\" : x", "- kind: x"] {
            assert!(looks_like_manifest(text), "{text}");
        }
        for text in ["a: 1", "# some kind: of\n", "mankind: 1", "kindness: 1", ""] {
            assert!(!looks_like_manifest(text), "{text}");
        }
    }

    #[test]
    fn encodings_are_told_apart() {
        assert!(matches!(decode(b"a: 1\n".to_vec()), Decoded::Text(_)));
        assert!(matches!(decode(b"PK\x03\x04\0\0".to_vec()), Decoded::Binary));
        let Decoded::Defective(text, defect) = decode(b"a: caf\xe9\n".to_vec()) else { panic!("not UTF-8") };
        assert_eq!((text.as_str(), defect.span), ("a: caf\u{fffd}\n", Span::new(6..9)));
        for bytes in [&b"\xff\xfea\0:\0"[..], b"\xfe\xff\0a\0:", b"a\0:\0 \0", b"\0a\0:\0 "] {
            assert!(matches!(decode(bytes.to_vec()), Decoded::Defective(text, _) if text.contains("a:")));
        }
    }
}
