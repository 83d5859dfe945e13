//! What a scalar means: the YAML 1.1 resolution of go-yaml v2, which Kubernetes' own YAML library uses.
//!
//! Mirrors `resolve` in `resolve.go` of go-yaml v2.4 with the JSON conversion of sigs.k8s.io/yaml on top: whole
//! floats become integers, because Go writes them without a fraction and the API server reads that text.

use std::borrow::Cow;

/// A scalar after resolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// `~`, `null`, or nothing at all.
    Null,
    /// `true`, `yes`, `On`, `n` …
    Bool(bool),
    /// A whole number within 64 bits.
    Integer(i64),
    /// A whole number above `i64::MAX`.
    Unsigned(u64),
    /// Any other finite number.
    Float(f64),
    /// Infinity or not-a-number, which JSON cannot hold: an error wherever it stands as a value.
    NotFinite(f64),
    /// Everything else.
    Text(&'a str),
}

impl Scalar<'_> {
    /// The JSON type, in words for messages.
    pub fn type_name(self) -> &'static str {
        match self {
            Scalar::Null => "null",
            Scalar::Bool(_) => "boolean",
            Scalar::Integer(_) | Scalar::Unsigned(_) => "integer",
            Scalar::Float(_) | Scalar::NotFinite(_) => "number",
            Scalar::Text(_) => "string",
        }
    }
}

/// Resolves an untagged plain scalar.
pub fn resolve_plain(text: &str) -> Scalar<'_> {
    as_json(resolve(text))
}

/// A value as its JSON text would be read back: whole floats are integers.
pub(super) fn as_json(scalar: Scalar<'_>) -> Scalar<'_> {
    match scalar {
        Scalar::Float(value) => number(value),
        other => other,
    }
}

/// The value that Go has before it becomes JSON: `1.0` is a float and another key than `1`.
pub(super) fn resolve(text: &str) -> Scalar<'_> {
    let Some(first) = text.bytes().next() else {
        return Scalar::Null;
    };
    match first {
        b'~' | b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => word(text),
        b'.' => special_float(text).or_else(|| starts_with_point(text)).unwrap_or(Scalar::Text(text)),
        b'+' | b'-' | b'0'..=b'9' => {
            special_float(text).or_else(|| starts_as_number(text)).unwrap_or(Scalar::Text(text))
        }
        _ => Scalar::Text(text),
    }
}

fn word(text: &str) -> Scalar<'_> {
    match text {
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ => Scalar::Text(text),
    }
}

fn special_float(text: &str) -> Option<Scalar<'_>> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(Scalar::NotFinite(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => Some(Scalar::NotFinite(f64::NEG_INFINITY)),
        ".nan" | ".NaN" | ".NAN" => Some(Scalar::NotFinite(f64::NAN)),
        _ => None,
    }
}

fn starts_as_number(text: &str) -> Option<Scalar<'static>> {
    let plain = without_underscores(text);
    integer(&plain).or_else(|| float(&plain)).or_else(|| prefixed(&plain))
}

/// Here go-yaml leaves the underscores to `strconv.ParseFloat`, which takes single ones between digits (`.1_0`).
fn starts_with_point(text: &str) -> Option<Scalar<'static>> {
    let mut before = b'.';
    for byte in text.bytes().chain([b'.']) {
        let stands_alone =
            if byte == b'_' { !before.is_ascii_digit() } else { before == b'_' && !byte.is_ascii_digit() };
        if stands_alone {
            return None;
        }
        before = byte;
    }
    float(&without_underscores(text))
}

fn without_underscores(text: &str) -> Cow<'_, str> {
    if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) }
}

/// `strconv.ParseInt(plain, 0, 64)`, then `ParseUint`, on the text without underscores: a leading zero means octal.
fn integer(plain: &str) -> Option<Scalar<'static>> {
    let (negative, digits) = sign(plain);
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    whole(negative, digits, radix, plain.starts_with(['+', '-']))
}

/// What go-yaml tries after floats: `ParseInt` on the digits behind `0b`, which may have a sign of their own (`0b-101`
/// is −5), and behind `-0b`, where they may not. The same for `0o`.
fn prefixed(plain: &str) -> Option<Scalar<'static>> {
    let (outer, rest) = match plain.as_bytes() {
        [b'-', ..] => (true, &plain[1..]),
        _ => (false, plain),
    };
    let (radix, digits) = match rest.as_bytes() {
        [b'0', b'b', ..] => (2, &rest[2..]),
        [b'0', b'o', ..] => (8, &rest[2..]),
        _ => return None,
    };
    let (inner, magnitude) = sign(digits);
    if outer && magnitude.len() != digits.len() {
        return None;
    }
    whole(outer || inner, magnitude, radix, true)
}

fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

/// Go's `ParseUint` takes no sign, so numbers beyond `i64` are whole only when unsigned in the text.
fn whole(negative: bool, digits: &str, radix: u32, signed: bool) -> Option<Scalar<'static>> {
    if digits.is_empty() || !digits.bytes().all(|digit| (digit as char).is_digit(radix)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Scalar::Integer);
    }
    match i64::try_from(magnitude) {
        Ok(number) => Some(Scalar::Integer(number)),
        Err(_) if signed => None,
        Err(_) => Some(Scalar::Unsigned(magnitude)),
    }
}

/// go-yaml's `yamlStyleFloat`, `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, on the text without underscores.
/// A value beyond the range of a double stays a string.
fn float(plain: &str) -> Option<Scalar<'static>> {
    let (_, body) = sign(plain);
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        None => digits(mantissa),
        Some(("", fraction)) => digits(fraction),
        Some((before, fraction)) => digits(before) && (fraction.is_empty() || digits(fraction)),
    };
    if !mantissa_fits || !exponent.is_none_or(|exponent| digits(sign(exponent).1)) {
        return None;
    }
    let value: f64 = plain.parse().ok()?;
    value.is_finite().then_some(Scalar::Float(value))
}

/// A double as the JSON text of it would be read back: whole values are integers. Go writes the shortest digits and fills
/// up with zeros, so that 2⁶³ is read back as 9223372036854776000.
#[expect(clippy::cast_possible_truncation, reason = "whole numbers below 2^53 fit")]
pub fn number(value: f64) -> Scalar<'static> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() != 0.0 || !value.is_finite() {
        return Scalar::Float(value);
    }
    if value.abs() <= EXACT {
        return Scalar::Integer(value as i64);
    }
    let written = format!("{value}");
    let unsigned = || written.parse().map(Scalar::Unsigned);
    written.parse().map(Scalar::Integer).or_else(|_| unsigned()).unwrap_or(Scalar::Float(value))
}

/// A float as the name of a key: sigs.k8s.io/yaml writes the shortest text of the value as a 32-bit float, with an
/// exponent below -4 or from 6 on (`strconv.FormatFloat(typedKey, 'g', -1, 32)`): `1000000.0` is the key `1e+06`.
#[expect(clippy::cast_possible_truncation, reason = "a 32-bit float is what is written")]
pub(super) fn float_key(value: f64) -> String {
    let short = value as f32;
    if short.is_nan() {
        return ".nan".to_owned();
    }
    if short.is_infinite() {
        return if short > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{short:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return format!("{short}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_keys_are_written_as_go_writes_them() {
        for (value, key) in [
            (100_000.0, "100000"),
            (1_000_000.0, "1e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (16_777_217.0, "1.6777216e+07"),
            (1e39, ".inf"),
            (-0.0, "-0"),
            (1.5, "1.5"),
        ] {
            assert_eq!(float_key(value), key);
        }
    }

    #[test]
    fn signs_behind_a_prefix_count_only_without_a_sign_before_it() {
        assert_eq!(resolve("0b-101"), Scalar::Integer(-5));
        assert_eq!(resolve("-0b101"), Scalar::Integer(-5));
        assert_eq!(resolve("-0b-101"), Scalar::Text("-0b-101"));
    }

    #[test]
    fn a_text_that_starts_with_a_point_may_hold_single_underscores() {
        assert_eq!(resolve(".1_0"), Scalar::Float(0.1));
        assert_eq!(resolve(".1__0"), Scalar::Text(".1__0"));
        assert_eq!(resolve("1__0"), Scalar::Integer(10));
    }
}
