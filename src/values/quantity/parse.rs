//! From text to a quantity.
//!
//! Mirrors `ParseQuantity` and `parseQuantityString` in k8s.io/apimachinery/pkg/api/resource/quantity.go (v1.36).

use std::cmp::Ordering;

use num_bigint::BigInt;

use super::amount::{Amount, NANO};
use super::suffix;
use super::{Format, Quantity, QuantityError};

/// The decimal digits that an `int64` always has room for.
const SMALL_DIGITS: i64 = 18;

pub(super) fn parse(text: &str) -> Result<Quantity, QuantityError> {
    if text.is_empty() {
        return Err(QuantityError::Shape);
    }
    let parts = scan(text)?;
    let (exponent, format) = suffix::interpret(parts.suffix).ok_or(QuantityError::Suffix)?;
    if let Some(value) = small_value(&parts, exponent, format) {
        let scale = if format == Format::BinarySi { 0 } else { exponent - length(parts.fraction) };
        let canonical = match format {
            Format::BinarySi => value % 8 != 0,
            Format::DecimalSi | Format::DecimalExponent => {
                let digits = [parts.whole, parts.fraction].concat();
                scale % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0')
            }
        };
        let factor = if format == Format::BinarySi { 1_i64 << exponent } else { 1 };
        if let Some(value) = value.checked_mul(factor) {
            let value = if parts.negative { -value } else { value };
            let text = canonical.then(|| text.to_owned());
            return Ok(Quantity { amount: Amount::Small { value, scale }, format, text });
        }
    }
    if !parts.has_digits {
        return Err(QuantityError::Number);
    }
    Ok(parse_big(&parts, exponent, format))
}

/// The digits as one number, if the original takes its path of `int64`.
fn small_value(parts: &Parts, exponent: i64, format: Format) -> Option<i64> {
    let fits = match format {
        // 2^20 has about six decimal digits; binary suffixes take the path only without a fraction.
        Format::BinarySi => parts.fraction.is_empty() && length(parts.whole) <= 14 - exponent * 3 / 10,
        Format::DecimalSi | Format::DecimalExponent => {
            length(parts.whole) + length(parts.fraction) <= SMALL_DIGITS && exponent - length(parts.fraction) >= NANO
        }
    };
    fits.then(|| [parts.whole, parts.fraction].concat().parse().ok()).flatten()
}

/// Everything else is rounded away from zero to billionths, so that whoever asks for something gets something.
/// Only quantities with a binary suffix are capped, at ±(2⁶³ − 1).
fn parse_big(parts: &Parts, exponent: i64, format: Format) -> Quantity {
    let digits = [parts.whole, parts.fraction].concat();
    let digits: BigInt = digits.parse().expect("scan() lets nothing but digits through");
    let (unscaled, scale) = match format {
        Format::BinarySi => (digits << exponent, -length(parts.fraction)),
        Format::DecimalSi | Format::DecimalExponent => (digits, exponent - length(parts.fraction)),
    };
    let mut amount = Amount::Big { unscaled, scale }.rounded_to_nano();
    let mut format = format;
    if format == Format::BinarySi {
        let largest = Amount::Big { unscaled: BigInt::from(i64::MAX), scale: 0 };
        if amount.compare(&largest) == Ordering::Greater {
            amount = largest;
        }
        if amount.sign() == Ordering::Greater && amount.is_within(1) {
            format = Format::DecimalSi;
        }
    }
    Quantity::new(if parts.negative { amount.negated() } else { amount }, format)
}

/// A quantity taken apart. The digits come without leading zeros; `whole` has at least one digit.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
    /// Whether a digit was written before the suffix; `m` and `Gi` are zero without.
    has_digits: bool,
}

/// Sign, digits, fraction and suffix, each of which may be missing.
fn scan(text: &str) -> Result<Parts<'_>, QuantityError> {
    let negative = text.starts_with('-');
    let number = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, rest) = split_digits(number);
    let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), split_digits);

    let exponent = suffix.trim_start_matches(['e', 'E', 'i', 'n', 'u', 'm', 'k', 'K', 'M', 'G', 'T', 'P']);
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    if !exponent.bytes().all(|it| it.is_ascii_digit()) {
        return Err(QuantityError::Shape);
    }

    let has_digits = !whole.is_empty() || !fraction.is_empty();
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    Ok(Parts { negative, whole, fraction, suffix, has_digits })
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.len() - text.trim_start_matches(|it: char| it.is_ascii_digit()).len())
}

fn length(digits: &str) -> i64 {
    i64::try_from(digits.len()).expect("no text is longer than isize::MAX")
}
