//! Points in time as the API reads them, such as `2026-03-28T12:34:56Z`.
//!
//! Mirrors Go's `time.Parse` with the layouts of `metav1.Time` (RFC 3339) and `metav1.MicroTime` (RFC 3339
//! with six digits behind the second). Go is more generous than the standard: the hour may have one digit,
//! a comma may stand before the fraction, and there is no lower-case `t` or `z`.

/// Whether a text is a time in a field of type `metav1.Time`.
///
/// ```
/// use seatrial::values::time::is_time;
///
/// assert!(is_time("2026-03-28T12:34:56Z"));
/// assert!(is_time("2026-03-28T12:34:56.789+01:00"));
/// assert!(!is_time("2026-03-28 12:34:56Z"));
/// assert!(!is_time("2026-02-29T00:00:00Z"));
/// ```
pub fn is_time(text: &str) -> bool {
    after_seconds(text).is_some_and(|rest| {
        let fraction = rest.strip_prefix(['.', ',']).map(|it| it.trim_start_matches(is_digit));
        match fraction {
            Some(zone) if zone.len() + 1 < rest.len() => is_zone(zone),
            _ => is_zone(rest),
        }
    })
}

/// Whether a text is a time in a field of type `metav1.MicroTime`, which needs six digits of a fraction.
///
/// ```
/// use seatrial::values::time::is_micro_time;
///
/// assert!(is_micro_time("2026-03-28T12:34:56.000000Z"));
/// assert!(!is_micro_time("2026-03-28T12:34:56Z"));
/// ```
pub fn is_micro_time(text: &str) -> bool {
    after_seconds(text).is_some_and(|rest| {
        let digits = rest.strip_prefix(['.', ',']).unwrap_or_default();
        digits.len() > 6 && digits.is_char_boundary(6) && digits[..6].chars().all(is_digit) && is_zone(&digits[6..])
    })
}

/// Reads date, `T` and time of day; what follows is a fraction and a zone.
fn after_seconds(text: &str) -> Option<&str> {
    let (year, rest) = number(text, 4)?;
    let (month, rest) = number(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 2)?;
    let rest = rest.strip_prefix('T')?;
    let (hour, rest) = number(rest, 2).or_else(|| number(rest, 1))?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = number(rest.strip_prefix(':')?, 2)?;
    let date = jiff::civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    (date.is_ok() && hour < 24 && minute < 60 && second < 60).then_some(rest)
}

/// `Z` or an offset of hours and minutes.
fn is_zone(text: &str) -> bool {
    let offset = || {
        let (hours, rest) = number(text.strip_prefix(['+', '-'])?, 2)?;
        let (minutes, rest) = number(rest.strip_prefix(':')?, 2)?;
        Some(hours <= 24 && minutes <= 60 && rest.is_empty())
    };
    text == "Z" || offset().unwrap_or(false)
}

/// Exactly so many digits, and what follows them.
fn number(text: &str, digits: usize) -> Option<(u16, &str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    number.chars().all(is_digit).then_some(())?;
    Some((number.parse().ok()?, rest))
}

fn is_digit(it: char) -> bool {
    it.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::{is_micro_time, is_time};

    #[test]
    fn times_are_read_as_go_reads_them() {
        for text in [
            "2026-03-28T12:34:56Z",
            "2026-03-28T3:34:56Z",
            "2026-03-28T12:34:56,5Z",
            "2026-03-28T12:34:56.1234567890123-07:00",
            "0000-02-29T00:00:00+24:60",
        ] {
            assert!(is_time(text), "{text}");
        }
        for text in [
            "",
            "2026-03-28",
            "2026-03-28T12:34:56",
            "2026-03-28t12:34:56z",
            "2026-03-28 12:34:56Z",
            "2026-3-28T12:34:56Z",
            "2026-02-30T12:34:56Z",
            "2026-03-28T24:00:00Z",
            "2026-03-28T12:60:00Z",
            "2026-03-28T12:34:60Z",
            "2026-03-28T12:34:56.Z",
            "2026-03-28T12:34:56+0100",
            "2026-03-28T12:34:56+25:00",
            "2026-03-28T12:34:56Z ",
            "+026-03-28T12:34:56Z",
        ] {
            assert!(!is_time(text), "{text}");
        }
    }

    #[test]
    fn micro_times_have_exactly_six_digits() {
        assert!(is_micro_time("2026-03-28T12:34:56.123456+01:00"));
        for fraction in ["", ".", ".12345", ".1234567"] {
            assert!(!is_micro_time(&format!("2026-03-28T12:34:56{fraction}Z")), "{fraction}");
        }
    }
}
