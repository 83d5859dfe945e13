//! What a scalar means: the YAML 1.1 resolution of go-yaml v2, which Kubernetes' own YAML library uses.
//!
//! Mirrors `resolve` in `resolve.go` of go-yaml v2.4 with the JSON conversion of sigs.k8s.io/yaml on top: whole
//! floats become integers, because Go writes them without a fraction and the API server reads that text.

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
    let Some(first) = text.bytes().next() else {
        return Scalar::Null;
    };
    match first {
        b'~' | b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => word(text),
        b'.' => special_float(text).or_else(|| float(text)).unwrap_or(Scalar::Text(text)),
        b'+' | b'-' | b'0'..=b'9' => special_float(text)
            .or_else(|| integer(&text.replace('_', "")))
            .or_else(|| float(text))
            .or_else(|| prefixed(&text.replace('_', "")))
            .unwrap_or(Scalar::Text(text)),
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

/// The forms that go-yaml tries after floats: `-0b101`, `-0o17` and the like.
fn prefixed(plain: &str) -> Option<Scalar<'static>> {
    let (negative, digits) = sign(plain);
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'b', ..] => (2, &digits[2..]),
        [b'0', b'o', ..] => (8, &digits[2..]),
        _ => return None,
    };
    whole(negative, digits, radix, plain.starts_with(['+', '-']))
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

/// go-yaml's `yamlStyleFloat`, `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, after removing underscores.
/// A value beyond the range of a double stays a string.
fn float(text: &str) -> Option<Scalar<'static>> {
    let plain = text.replace('_', "");
    let (_, body) = sign(&plain);
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
    value.is_finite().then(|| number(value))
}

/// A double as the JSON text of it would be read back: whole values are integers.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the ranges are checked")]
pub fn number(value: f64) -> Scalar<'static> {
    const TWO_POW_63: f64 = 9_223_372_036_854_775_808.0;
    if value.fract() != 0.0 {
        Scalar::Float(value)
    } else if (-TWO_POW_63..TWO_POW_63).contains(&value) {
        Scalar::Integer(value as i64)
    } else if (TWO_POW_63..2.0 * TWO_POW_63).contains(&value) {
        Scalar::Unsigned(value as u64)
    } else {
        Scalar::Float(value)
    }
}

/// A float as the name of a key: sigs.k8s.io/yaml writes the shortest text of the value as a 32-bit float.
#[expect(clippy::cast_possible_truncation, reason = "mirrors `strconv.FormatFloat(typedKey, 'g', -1, 32)`")]
pub(super) fn float_key(value: f64) -> String {
    let short = value as f32;
    format!("{short}")
}
