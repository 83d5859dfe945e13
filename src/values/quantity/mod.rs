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
mod parse;
mod suffix;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use amount::Amount;

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
    #[error("a quantity is a decimal number with an optional suffix, such as `500m`, `1.5Gi` or `2e3`")]
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
        parse::parse(text.trim())
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

    /// The amount without the way it is written: equal quantities have equal texts.
    pub fn amount(&self) -> String {
        let (number, exponent) = self.amount.canonical_decimal();
        if self.is_zero() { "0".to_owned() } else { format!("{number}e{exponent}") }
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
        Quantity { amount, format, text: None }
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Quantity, QuantityError> {
        parse::parse(text)
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
            && let Some((number, times)) = self.amount.canonical_binary()
        {
            return write!(out, "{number}{}", suffix::construct(10 * times, Format::BinarySi));
        }
        let (number, exponent) = self.amount.canonical_decimal();
        let format = match self.format {
            Format::BinarySi => Format::DecimalSi,
            format => format,
        };
        write!(out, "{number}{}", suffix::construct(exponent, format))
    }
}

#[cfg(test)]
mod tests;
