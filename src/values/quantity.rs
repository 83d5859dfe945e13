//! Quantities: amounts of CPU, memory and everything else that is counted, such as `500m` or `1.5Gi`.
//!
//! Mirrors `resource.ParseQuantity` and `Quantity.String`, `Value`, `MilliValue`, `Cmp`, `Add` and `Sub` in
//! k8s.io/apimachinery/pkg/api/resource (v1.36). Left out: protobuf, CBOR, floating point, `RoundUp`, `Mul`.
//!
//! The original keeps a number in an `int64` with a decimal scale where it fits and in arbitrary precision
//! where it does not, and the difference can be seen: text in canonical form is kept as written only on the
//! first path, and [`Quantity::value`] overflows differently on the two. Hence [`Amount`] has the same two
//! forms. One thing differs on purpose: numbers such as `1e1000000000` are kept in scaled form for as long
//! as possible, where the original would work for hours.

mod amount;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use amount::{Amount, NANO};
use num_bigint::BigInt;

/// An amount, together with the family of suffixes in which it was written.
///
/// Equality and order compare amounts: `1Gi`, `1024Mi` and `1073741824` are the same quantity.
///
/// ```
/// use seatrial::values::quantity::Quantity;
///
/// let memory: Quantity = "1.5Gi".parse()?;
/// assert_eq!(memory.to_string(), "1536Mi");
/// assert_eq!(memory.value(), 1_610_612_736);
///
/// let cpu: Quantity = "100m".parse()?;
/// assert_eq!((cpu.value(), cpu.milli_value()), (1, 100));
/// # Ok::<(), seatrial::values::quantity::QuantityError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Quantity {
    amount: Amount,
    format: Format,
    /// The text as it was written, kept only where Kubernetes takes it for canonical already. Its test for
    /// that is generous: `5.` and `00001` stay as they are.
    text: Option<String>,
}

/// The family of suffixes in which a quantity is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `12e6`
    DecimalExponent,
    /// `12Mi`, that is 12 × 2²⁰
    BinarySi,
    /// `12M`, that is 12 × 10⁶
    DecimalSi,
}

/// Why a text is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The text does not have the shape of a number and a suffix.
    #[error(
        "a quantity is a decimal number with an optional suffix, such as `500m`, `1.5Gi` or `2e3`"
    )]
    Shape,
    /// There is a suffix where there is no number, and this suffix cannot do without.
    #[error("a quantity needs a number before its suffix")]
    Number,
    /// The suffix is none of those that exist; they are case-sensitive.
    #[error(
        "the suffix of a quantity is one of `n`, `u`, `m`, `k`, `M`, `G`, `T`, `P`, `E`, `Ki`, `Mi`, `Gi`, `Ti`, `Pi`, `Ei` or an exponent such as `e3`"
    )]
    Suffix,
}

impl Quantity {
    /// Nothing of anything, the start of a total.
    pub fn zero() -> Quantity {
        Quantity::new(Amount::ZERO, Format::DecimalSi)
    }

    /// Reads a quantity as the API server reads it out of JSON: white space around it does not count.
    pub fn decode(text: &str) -> Result<Quantity, QuantityError> {
        parse(text.trim())
    }

    /// The amount in units, rounded up, as far as an `int64` can hold it.
    ///
    /// What does not fit comes out as it does in Kubernetes, that is wrong: `10e18` has the value 0, and
    /// `9223372036854775808` the value −9223372036854775808. Compare quantities, not values.
    pub fn value(&self) -> i64 {
        self.amount.scaled(0)
    }

    /// The amount in thousandths, rounded up, with the same overflow as [`Quantity::value`].
    pub fn milli_value(&self) -> i64 {
        self.amount.scaled(-3)
    }

    /// Whether the amount is nothing.
    pub fn is_zero(&self) -> bool {
        self.sign() == Ordering::Equal
    }

    /// How the amount compares to nothing.
    pub fn sign(&self) -> Ordering {
        self.amount.sign()
    }

    /// The family of suffixes in which the quantity is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Adds another quantity. A sum is written like its first summand that is not zero.
    pub fn add(&mut self, other: &Quantity) {
        if self.is_zero() {
            self.format = other.format;
        }
        self.amount = self.amount.plus(&other.amount);
        self.text = None;
    }

    /// Takes another quantity away; the result may be negative.
    pub fn sub(&mut self, other: &Quantity) {
        if self.is_zero() {
            self.format = other.format;
        }
        self.amount = self.amount.plus(&other.amount.negated());
        self.text = None;
    }

    fn new(amount: Amount, format: Format) -> Quantity {
        Quantity {
            amount,
            format,
            text: None,
        }
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Quantity, QuantityError> {
        parse(text)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Quantity) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Quantity) -> Ordering {
        self.amount.compare(&other.amount)
    }
}

/// The canonical text: no fraction, the largest suffix that leaves a whole number.
///
/// Binary suffixes are given up for numbers between −1024 and 1024 and for fractions of a unit: `1.1Mi` is
/// `1153433600m`. Above `E` Kubernetes has no suffix and writes none, so that `1000E` becomes `1`.
impl fmt::Display for Quantity {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        if let Some(text) = &self.text {
            return out.write_str(text);
        }
        if self.is_zero() {
            return out.write_str("0");
        }
        if self.format == Format::BinarySi
            && !self.amount.is_within(1024)
            && let Some((number, exponent)) = self.amount.canonical_binary()
        {
            let suffix = SUFFIXES
                .iter()
                .find(|it| it.base == 2 && it.exponent == 10 * exponent);
            return write!(out, "{number}{}", suffix.map_or("", |it| it.text));
        }
        let (number, exponent) = self.amount.canonical_decimal();
        if self.format == Format::DecimalExponent {
            return if exponent == 0 {
                out.write_str(&number)
            } else {
                write!(out, "{number}e{exponent}")
            };
        }
        let suffix = SUFFIXES
            .iter()
            .find(|it| it.base == 10 && it.exponent == exponent);
        write!(out, "{number}{}", suffix.map_or("", |it| it.text))
    }
}

struct Suffix {
    text: &'static str,
    base: u32,
    exponent: i64,
}

#[rustfmt::skip]
const SUFFIXES: [Suffix; 16] = [
    Suffix { text: "n", base: 10, exponent: -9 },
    Suffix { text: "u", base: 10, exponent: -6 },
    Suffix { text: "m", base: 10, exponent: -3 },
    Suffix { text: "", base: 10, exponent: 0 },
    Suffix { text: "k", base: 10, exponent: 3 },
    Suffix { text: "M", base: 10, exponent: 6 },
    Suffix { text: "G", base: 10, exponent: 9 },
    Suffix { text: "T", base: 10, exponent: 12 },
    Suffix { text: "P", base: 10, exponent: 15 },
    Suffix { text: "E", base: 10, exponent: 18 },
    Suffix { text: "Ki", base: 2, exponent: 10 },
    Suffix { text: "Mi", base: 2, exponent: 20 },
    Suffix { text: "Gi", base: 2, exponent: 30 },
    Suffix { text: "Ti", base: 2, exponent: 40 },
    Suffix { text: "Pi", base: 2, exponent: 50 },
    Suffix { text: "Ei", base: 2, exponent: 60 },
];

/// The decimal digits that an `int64` always has room for.
const SMALL_DIGITS: i64 = 18;

fn parse(text: &str) -> Result<Quantity, QuantityError> {
    if text.is_empty() {
        return Err(QuantityError::Shape);
    }
    let parts = scan(text)?;
    let (exponent, format) = interpret(parts.suffix).ok_or(QuantityError::Suffix)?;
    if let Some(value) = small_value(&parts, exponent, format) {
        let scale = if format == Format::BinarySi {
            0
        } else {
            exponent - length(parts.fraction)
        };
        let canonical = match format {
            Format::BinarySi => value % 8 != 0,
            Format::DecimalSi | Format::DecimalExponent => {
                let digits = [parts.whole, parts.fraction].concat();
                scale % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0')
            }
        };
        let factor = if format == Format::BinarySi {
            1_i64 << exponent
        } else {
            1
        };
        if let Some(value) = value.checked_mul(factor) {
            let value = if parts.negative { -value } else { value };
            let text = canonical.then(|| text.to_owned());
            return Ok(Quantity {
                amount: Amount::Small { value, scale },
                format,
                text,
            });
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
        Format::BinarySi => {
            parts.fraction.is_empty() && length(parts.whole) <= 14 - exponent * 3 / 10
        }
        Format::DecimalSi | Format::DecimalExponent => {
            length(parts.whole) + length(parts.fraction) <= SMALL_DIGITS
                && exponent - length(parts.fraction) >= NANO
        }
    };
    fits.then(|| [parts.whole, parts.fraction].concat().parse().ok())
        .flatten()
}

/// Everything else is rounded away from zero to billionths, so that whoever asks for something gets something.
/// Only quantities with a binary suffix are capped, at ±(2⁶³ − 1).
fn parse_big(parts: &Parts, exponent: i64, format: Format) -> Quantity {
    let digits = [parts.whole, parts.fraction].concat();
    let digits: BigInt = digits
        .parse()
        .expect("scan() lets nothing but digits through");
    let (unscaled, scale) = match format {
        Format::BinarySi => (digits << exponent, -length(parts.fraction)),
        Format::DecimalSi | Format::DecimalExponent => (digits, exponent - length(parts.fraction)),
    };
    let mut amount = Amount::Big { unscaled, scale }.rounded_to_nano();
    let mut format = format;
    if format == Format::BinarySi {
        let largest = Amount::Big {
            unscaled: BigInt::from(i64::MAX),
            scale: 0,
        };
        if amount.compare(&largest) == Ordering::Greater {
            amount = largest;
        }
        if amount.sign() == Ordering::Greater && amount.is_within(1) {
            format = Format::DecimalSi;
        }
    }
    Quantity::new(
        if parts.negative {
            amount.negated()
        } else {
            amount
        },
        format,
    )
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

    let exponent =
        suffix.trim_start_matches(['e', 'E', 'i', 'n', 'u', 'm', 'k', 'K', 'M', 'G', 'T', 'P']);
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    if !exponent.bytes().all(|it| it.is_ascii_digit()) {
        return Err(QuantityError::Shape);
    }

    let has_digits = !whole.is_empty() || !fraction.is_empty();
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    Ok(Parts {
        negative,
        whole,
        fraction,
        suffix,
        has_digits,
    })
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(
        text.len()
            - text
                .trim_start_matches(|it: char| it.is_ascii_digit())
                .len(),
    )
}

/// The exponent that a suffix stands for, of ten or, for binary suffixes, of two.
fn interpret(suffix: &str) -> Option<(i64, Format)> {
    if let Some(known) = SUFFIXES.iter().find(|it| it.text == suffix) {
        let format = if known.base == 2 {
            Format::BinarySi
        } else {
            Format::DecimalSi
        };
        return Some((known.exponent, format));
    }
    let exponent: i64 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    // The original cuts the exponent to 32 bits: `1e4294967299` is `1e3`.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the truncation is the point"
    )]
    let exponent = exponent as i32;
    Some((exponent.into(), Format::DecimalExponent))
}

fn length(digits: &str) -> i64 {
    i64::try_from(digits.len()).expect("no text is longer than isize::MAX")
}

#[cfg(test)]
mod tests;
