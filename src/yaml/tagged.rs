//! Scalars with a tag, such as `!!int "5"`.
//!
//! Mirrors `resolve` in `resolve.go` and the base64 step of `scalar` in `decode.go` of go-yaml v2.4.

use super::events::Tag;
use super::scalar::{self, Scalar};
use super::tree::TaggedScalar;
use crate::values::base64;

/// The value of a scalar with a tag; `None` if the tag does not fit. Quotes make no difference to a tag.
pub(super) fn value(text: &str, tag: Tag) -> Option<TaggedScalar> {
    match (tag, scalar::resolve(text)) {
        (Tag::Str | Tag::Other | Tag::NonSpecific | Tag::Merge, _) => Some(TaggedScalar::Text(text.into())),
        (Tag::Binary, _) => base64::decode(text).map(|bytes| TaggedScalar::Text(lossy(&bytes).into())),
        (Tag::Timestamp, Scalar::Text(_)) if is_timestamp(text) => Some(TaggedScalar::Text(text.into())),
        (Tag::Null, Scalar::Null) => Some(TaggedScalar::Null),
        (Tag::Bool, Scalar::Bool(value)) => Some(TaggedScalar::Bool(value)),
        (Tag::Int, Scalar::Integer(value)) => Some(TaggedScalar::Integer(value)),
        (Tag::Int, Scalar::Unsigned(value)) => Some(TaggedScalar::Unsigned(value)),
        #[expect(clippy::cast_precision_loss, reason = "a float was asked for")]
        (Tag::Float, Scalar::Integer(value)) => Some(TaggedScalar::Float(value as f64)),
        (Tag::Float, Scalar::Float(value) | Scalar::NotFinite(value)) => Some(TaggedScalar::Float(value)),
        _ => None,
    }
}

/// Go writes one U+FFFD into JSON for each byte that is not UTF-8.
fn lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// The date and time forms of go-yaml (`allowedTimestampFormats`), as far as their fields' ranges go.
fn is_timestamp(text: &str) -> bool {
    let date_end = text.find(['T', 't', ' ']).unwrap_or(text.len());
    let (date, time) = text.split_at(date_end);
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let (Some(year), Some(month), Some(day), None) = (year, month, day, parts.next()) else { return false };
    let Some(year) = number(year, 4..=4) else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match number(month, 1..=2) {
        Some(2) => 28 + u32::from(leap),
        Some(4 | 6 | 9 | 11) => 30,
        Some(1..=12) => 31,
        _ => return false,
    };
    number(day, 1..=2).is_some_and(|day| (1..=days).contains(&day)) && is_time(time)
}

fn is_time(time: &str) -> bool {
    let Some(separator) = time.chars().next() else { return true };
    let time = &time[1..];
    let (clock, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, ""),
    };
    let zone_fits = match zone.as_bytes() {
        [] => separator == ' ',
        [b'Z'] => separator != ' ',
        [_, rest @ ..] => {
            let field = |range, limit| zone.get(range).is_some_and(|text| in_range(text, limit));
            separator != ' ' && rest.len() == 5 && rest[2] == b':' && field(1..3, 24) && field(4..6, 60)
        }
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.split(':');
    let fields = [(parts.next(), 24), (parts.next(), 60), (parts.next(), 60)];
    zone_fits
        && parts.next().is_none()
        && fields.iter().all(|(part, limit)| part.is_some_and(|part| in_range(part, *limit)))
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

fn in_range(text: &str, limit: u32) -> bool {
    number(text, 1..=2).is_some_and(|value| value < limit)
}

fn number(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<u32> {
    (length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_replaced_one_by_one() {
        assert_eq!(lossy(b"a\xff\xc3b"), "a\u{fffd}\u{fffd}b");
    }

    #[test]
    fn timestamps_are_recognised_in_all_forms() {
        for right in [
            "2001-01-01",
            "2001-1-2",
            "2024-02-29",
            "2001-01-01T1:2:3Z",
            "2001-01-01t01:02:03.5+01:00",
            "2001-01-01 01:02:03",
        ] {
            assert!(is_timestamp(right), "{right}");
        }
        for wrong in ["2023-02-29", "2001-13-01", "01-01-2001", "2001-01-01T01:02:03", "2001-01-01 01:02:03Z", "a"] {
            assert!(!is_timestamp(wrong), "{wrong}");
        }
    }
}
