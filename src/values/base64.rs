//! Base64 as Go reads it: the data of Secrets, CA bundles, `!!binary`.
//!
//! Mirrors `StdEncoding` of Go's `encoding/base64`: the padding must be there, line ends are passed over, and the unused
//! bits of the last character may be anything.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const GO: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The bytes that `text` stands for; `None` if it is not base64.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    if text.contains(['\r', '\n']) {
        return GO.decode(text.replace(['\r', '\n'], "")).ok();
    }
    GO.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn go_is_strict_about_padding_and_nothing_else() {
        assert_eq!(decode("aGk=").as_deref(), Some(&b"hi"[..]));
        assert_eq!(decode("aG\r\nk=\n").as_deref(), Some(&b"hi"[..]));
        assert_eq!(decode("aGl=").as_deref(), Some(&b"hi"[..]), "unused bits");
        assert_eq!(decode("").as_deref(), Some(&b""[..]));
        for wrong in ["aGk", "aGk==", "aG=k", "a===", "====", "aGk= ", "=", "aGk=aGk=", "aG-_"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
