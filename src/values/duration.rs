//! Durations such as `1h30m` or `1.5s`.
//!
//! Mirrors Go's `time.ParseDuration`, which reads `metav1.Duration` fields and the `@every` of schedules.

/// Reads a duration and returns nanoseconds; Go's durations reach about 292 years either way.
///
/// ```
/// use seatrial::values::duration::parse;
///
/// assert_eq!(parse("1h30m"), Ok(5_400_000_000_000));
/// assert_eq!(parse("-1.5s"), Ok(-1_500_000_000));
/// assert_eq!(parse("0"), Ok(0));
/// assert!(parse("10").is_err());
/// assert!(parse("1d").is_err());
/// ```
pub fn parse(text: &str) -> Result<i64, DurationError> {
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(DurationError::Shape);
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (nanoseconds, remaining) = parse_part(rest)?;
        total = total.checked_add(nanoseconds).filter(|it| *it <= LIMIT).ok_or(DurationError::Range)?;
        rest = remaining;
    }
    if negative {
        Ok(0_i64.wrapping_sub_unsigned(total))
    } else {
        i64::try_from(total).map_err(|_| DurationError::Range)
    }
}

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// The text does not have the shape of numbers with units.
    #[error("a duration is a list of numbers with units, such as `300ms` or `1h30m`")]
    Shape,
    /// A number has no unit; only `0` needs none.
    #[error("a number in a duration needs a unit: `ns`, `us`, `ms`, `s`, `m` or `h`")]
    MissingUnit,
    /// A number has a unit that does not exist.
    #[error("`{0}` is no unit of time; the units are `ns`, `us`, `ms`, `s`, `m` and `h`")]
    UnknownUnit(String),
    /// The duration does not fit into 64 bits of nanoseconds.
    #[error("a duration can be at most about 292 years")]
    Range,
}

/// The magnitude of the most negative duration; the most positive one is one less.
const LIMIT: u64 = 1 << 63;

#[rustfmt::skip]
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// One number with its unit, in nanoseconds, and the text behind it.
fn parse_part(text: &str) -> Result<(u64, &str), DurationError> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    if whole.is_empty() && fraction.is_empty() {
        return Err(DurationError::Shape);
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| DurationError::Range)? };
    let (unit, rest) = rest.split_at(rest.find(|it: char| it == '.' || it.is_ascii_digit()).unwrap_or(rest.len()));
    if unit.is_empty() {
        return Err(DurationError::MissingUnit);
    }
    let (_, nanoseconds) =
        UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(|| DurationError::UnknownUnit(unit.to_owned()))?;
    let part = nanoseconds
        .checked_mul(whole)
        .filter(|it| *it <= LIMIT)
        .and_then(|it| it.checked_add(parse_fraction(fraction, *nanoseconds)))
        .filter(|it| *it <= LIMIT)
        .ok_or(DurationError::Range)?;
    Ok((part, rest))
}

/// A fraction of a unit. Go computes it in floating point and ignores digits that do not fit.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the same roundings as in Go; the product is never negative and less than an hour"
)]
fn parse_fraction(digits: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in digits.bytes() {
        if value > (LIMIT - 1) / 10 {
            break;
        }
        let next = value * 10 + u64::from(digit - b'0');
        if next > LIMIT {
            break;
        }
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.len() - text.trim_start_matches(|it: char| it.is_ascii_digit()).len())
}

#[cfg(test)]
mod tests {
    use super::{DurationError, parse};

    #[test]
    fn numbers_and_units_are_read_as_go_reads_them() {
        for (text, nanoseconds) in [
            ("1ns", 1),
            ("1\u{b5}s", 1_000),
            ("1\u{3bc}s", 1_000),
            ("1us1us", 2_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("+1m", 60_000_000_000),
            ("-0", 0),
            ("0.3333333333333333333h", 1_200_000_000_000),
            ("0.9223372036854775807h", 3_320_413_933_267),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
        ] {
            assert_eq!(parse(text), Ok(nanoseconds), "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in ["", "+", "-", ".", ".s", "1", "1.5", "x", "1d", "1 s", "1s ", "1S", "--1s", "1s-1s", "00"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse("9223372036854775808ns"), Err(DurationError::Range));
        assert_eq!(parse("3000000h"), Err(DurationError::Range));
        assert_eq!(parse("1h1"), Err(DurationError::MissingUnit));
        assert_eq!(parse("1d"), Err(DurationError::UnknownUnit("d".to_owned())));
    }
}
