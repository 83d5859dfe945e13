//! The number inside a quantity: digits and a power of ten, small where it fits and big where it does not.
//!
//! Mirrors `int64Amount` and `infDecAmount` in k8s.io/apimachinery/pkg/api/resource/amount.go and
//! `scaledValue` in `scale_int.go` (v1.36).

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};

/// The power of ten of the smallest amount there is.
pub(super) const NANO: i64 = -9;

/// The most zeros that are ever written out; beyond it, numbers stay in scaled form.
const MAX_ZEROS: i64 = 4096;

/// `value × 10^scale`.
#[derive(Debug, Clone)]
pub(super) enum Amount {
    /// A number on the fast path of the original.
    Small { value: i64, scale: i64 },
    /// A number of any size.
    Big { unscaled: BigInt, scale: i64 },
}

impl Amount {
    pub(super) const ZERO: Amount = Amount::Small { value: 0, scale: 0 };

    pub(super) fn sign(&self) -> Ordering {
        match self {
            Amount::Small { value, .. } => value.cmp(&0),
            Amount::Big { unscaled, .. } => unscaled.cmp(&BigInt::ZERO),
        }
    }

    pub(super) fn negated(&self) -> Amount {
        match self {
            Amount::Small { value, scale } => match value.checked_neg() {
                Some(value) => Amount::Small { value, scale: *scale },
                None => Amount::Big { unscaled: -BigInt::from(*value), scale: *scale },
            },
            Amount::Big { unscaled, scale } => Amount::Big { unscaled: -unscaled, scale: *scale },
        }
    }

    /// The number of times that `10^scale` goes into the amount, rounded up, in 64 bits.
    ///
    /// On overflow a small amount gives zero or its lowest bits and a big one its lowest bits. Rounding goes away from zero for
    /// small amounts, −1.5 gives −2; but a big amount is cut and then raised by one, −1.5000000001 gives 0.
    pub(super) fn scaled(&self, scale: i64) -> i64 {
        match self {
            Amount::Small { value, scale: own } if *own < scale => divide_away_from_zero(*value, scale - own),
            Amount::Small { value, scale: own } => match own - scale {
                // The original has a way of its own for these, which loses the highest bits instead.
                zeros @ (1 | 2 | 3 | 6 | 9) if *value != i64::MIN => {
                    value.wrapping_mul(multiply(1, zeros).unwrap_or(0))
                }
                zeros => multiply(*value, zeros).unwrap_or(0),
            },
            Amount::Big { unscaled, scale: own } if *own >= scale => {
                let zeros = u32::try_from(own - scale).unwrap_or(u32::MAX);
                low_bits(unscaled).wrapping_mul(10_i64.wrapping_pow(zeros))
            }
            Amount::Big { unscaled, scale: own } => {
                let zeros = scale - own;
                if *unscaled < BigInt::from(i64::MAX) && zeros <= 18 {
                    let (value, divisor) = (low_bits(unscaled), multiply(1, zeros).unwrap_or(i64::MAX));
                    return value / divisor + i64::from(value % divisor != 0);
                }
                let (quotient, exact) = divide(unscaled, zeros);
                low_bits(&quotient).wrapping_add(i64::from(!exact))
            }
        }
    }

    /// Exact for all numbers, however far apart.
    pub(super) fn compare(&self, other: &Amount) -> Ordering {
        let (sign, other_sign) = (self.sign(), other.sign());
        if sign != other_sign || sign == Ordering::Equal {
            return sign.cmp(&other_sign);
        }
        let ((left, left_scale), (right, right_scale)) = (self.parts(), other.parts());
        // The position of the leading digit decides, unless it is the same; then few zeros are missing.
        let magnitude = (digits(&left) + left_scale).cmp(&(digits(&right) + right_scale));
        let magnitude = magnitude.then_with(|| {
            let scale = left_scale.min(right_scale);
            let left = shift(&left, left_scale - scale);
            let right = shift(&right, right_scale - scale);
            left.magnitude().cmp(right.magnitude())
        });
        if sign == Ordering::Less { magnitude.reverse() } else { magnitude }
    }

    /// Whether the amount lies strictly between −bound and bound.
    pub(super) fn is_within(&self, bound: i64) -> bool {
        let at = |value| Amount::Small { value, scale: 0 };
        self.compare(&at(-bound)) == Ordering::Greater && self.compare(&at(bound)) == Ordering::Less
    }

    /// The sum. Where one amount has thousands of digits more than the other, the smaller one is lost.
    pub(super) fn plus(&self, other: &Amount) -> Amount {
        if let (Amount::Small { value: left, scale: left_scale }, Amount::Small { value: right, scale: right_scale }) =
            (self, other)
        {
            if *left == 0 || *right == 0 {
                return if *right == 0 { self } else { other }.clone();
            }
            let scale = *left_scale.min(right_scale);
            let left = multiply(*left, left_scale - scale);
            let right = multiply(*right, right_scale - scale);
            if let Some(value) = left.zip(right).and_then(|(left, right)| left.checked_add(right)) {
                return Amount::Small { value, scale };
            }
        }
        let ((left, left_scale), (right, right_scale)) = (self.parts(), other.parts());
        if (left_scale - right_scale).abs() > MAX_ZEROS {
            let larger = self.magnitude().compare(&other.magnitude()) != Ordering::Less;
            return if larger { self } else { other }.clone();
        }
        let scale = left_scale.min(right_scale);
        Amount::Big { unscaled: shift(&left, left_scale - scale) + shift(&right, right_scale - scale), scale }
    }

    fn magnitude(&self) -> Amount {
        match self.sign() {
            Ordering::Less => self.negated(),
            _ => self.clone(),
        }
    }

    /// Rounds away from zero to billionths; zero stays zero.
    pub(super) fn rounded_to_nano(self) -> Amount {
        let (unscaled, scale) = self.parts();
        if unscaled == BigInt::ZERO || scale > MAX_ZEROS {
            return Amount::Big { unscaled, scale };
        }
        if scale >= NANO {
            return Amount::Big { unscaled: shift(&unscaled, scale - NANO), scale: NANO };
        }
        let up = if unscaled.sign() == Sign::Minus { -1 } else { 1 };
        if digits(&unscaled) < NANO - scale {
            return Amount::Big { unscaled: BigInt::from(up), scale: NANO };
        }
        let (quotient, exact) = divide(&unscaled, NANO - scale);
        Amount::Big { unscaled: if exact { quotient } else { quotient + up }, scale: NANO }
    }

    /// The digits without trailing zeros beyond a multiple of three, and that multiple. Not for zero.
    pub(super) fn canonical_decimal(&self) -> (String, i64) {
        let (unscaled, scale) = self.parts();
        let mut number = unscaled.to_string();
        let significant = number.trim_end_matches('0').len();
        let exponent = scale + count(number.len() - significant);
        number.truncate(significant);
        let zeros = exponent.rem_euclid(3);
        number.extend((0..zeros).map(|_| '0'));
        (number, exponent - zeros)
    }

    /// The number without its factors of 1024, and how many there were; nothing if it is not whole.
    pub(super) fn canonical_binary(&self) -> Option<(BigInt, i64)> {
        let (unscaled, scale) = self.parts();
        let mut number = match scale {
            ..0 => Some(divide(&unscaled, -scale)).filter(|(_, exact)| *exact)?.0,
            0..=MAX_ZEROS => shift(&unscaled, scale),
            _ => return None,
        };
        let mut times = 0;
        while number != BigInt::ZERO && number.magnitude().trailing_zeros() >= Some(10) {
            number >>= 10;
            times += 1;
        }
        Some((number, times))
    }

    fn parts(&self) -> (BigInt, i64) {
        match self {
            Amount::Small { value, scale } => (BigInt::from(*value), *scale),
            Amount::Big { unscaled, scale } => (unscaled.clone(), *scale),
        }
    }
}

fn multiply(value: i64, zeros: i64) -> Option<i64> {
    if value == 0 {
        return Some(0);
    }
    value.checked_mul(10_i64.checked_pow(u32::try_from(zeros).ok()?)?)
}

fn divide_away_from_zero(value: i64, zeros: i64) -> i64 {
    let divisor = multiply(1, zeros);
    let (quotient, exact) = divisor.map_or((0, value == 0), |it| (value / it, value % it == 0));
    if exact { quotient } else { quotient + value.signum() }
}

/// Divides by a power of ten, rounding down, and says whether nothing was left.
fn divide(value: &BigInt, zeros: i64) -> (BigInt, bool) {
    let divisor = shift(&BigInt::from(1), zeros);
    let (quotient, remainder) = (value / &divisor, value % &divisor);
    let exact = remainder == BigInt::ZERO;
    let down = !exact && value.sign() == Sign::Minus;
    (if down { quotient - 1 } else { quotient }, exact)
}

/// Appends zeros; never called with more than [`MAX_ZEROS`] or the length of a written number.
fn shift(value: &BigInt, zeros: i64) -> BigInt {
    value * BigInt::from(10).pow(u32::try_from(zeros).expect("callers bound the number of zeros"))
}

fn digits(value: &BigInt) -> i64 {
    count(value.magnitude().to_string().len())
}

fn count(length: usize) -> i64 {
    i64::try_from(length).expect("no text is longer than isize::MAX")
}

/// What Go's `big.Int.Int64` makes of a number that does not fit.
fn low_bits(value: &BigInt) -> i64 {
    let low = value.iter_u64_digits().next().unwrap_or(0).cast_signed();
    if value.sign() == Sign::Minus { low.wrapping_neg() } else { low }
}
