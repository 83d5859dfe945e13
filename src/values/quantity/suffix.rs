//! The suffixes of quantities.
//!
//! Mirrors `suffixHandler` in k8s.io/apimachinery/pkg/api/resource/suffix.go (v1.36).

use super::Format;

/// The exponent that a suffix stands for, of two for the binary ones and of ten for all others.
pub(super) fn interpret(text: &str) -> Option<(i64, Format)> {
    let known = |suffixes: &[(&str, i64)]| suffixes.iter().find(|it| it.0 == text).map(|it| it.1);
    if let Some(exponent) = known(&DECIMAL) {
        return Some((exponent, Format::DecimalSi));
    }
    if let Some(exponent) = known(&BINARY) {
        return Some((exponent, Format::BinarySi));
    }
    let exponent: i64 = text.strip_prefix(['e', 'E'])?.parse().ok()?;
    // The original cuts the exponent to 32 bits: `1e4294967299` is `1e3`.
    #[expect(clippy::cast_possible_truncation, reason = "the truncation is the point")]
    let exponent = exponent as i32;
    Some((exponent.into(), Format::DecimalExponent))
}

/// The suffix for an exponent. The original writes none where it knows none, and so does this.
pub(super) fn construct(exponent: i64, format: Format) -> String {
    let known = |suffixes: &[(&str, i64)]| suffixes.iter().find(|it| it.1 == exponent).map_or("", |it| it.0).to_owned();
    match format {
        Format::DecimalSi => known(&DECIMAL),
        Format::BinarySi => known(&BINARY),
        Format::DecimalExponent if exponent == 0 => String::new(),
        Format::DecimalExponent => format!("e{exponent}"),
    }
}

const DECIMAL: [(&str, i64); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

const BINARY: [(&str, i64); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
