//! Quantities against what Kubernetes answers.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::{Quantity, QuantityError};

fn quantity(text: &str) -> Quantity {
    text.parse().expect("the tests write quantities")
}

#[test]
fn fractions_below_a_billionth_are_rounded_up() {
    for (text, canonical) in
        [("0.0000000001", "1n"), ("-0.0000000001", "-1n"), ("1e-10", "1e-9"), ("2.5n", "3n"), ("1e-2147483000", "1e-9")]
    {
        assert_eq!(quantity(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn text_that_kubernetes_takes_for_canonical_stays_as_it_is() {
    for text in ["5.", "1.", "00001", "+1", "12E6", "1.500", "1.Gi", "+5Gi", "1e3", "1E+3"] {
        assert_eq!(quantity(text).to_string(), text);
    }
}

#[test]
fn suffixes_above_exa_are_lost_as_upstream() {
    assert_eq!(quantity("1000E").to_string(), "1");
    assert_eq!(quantity("1000000000000000000000").to_string(), "1");
}

#[test]
fn binary_quantities_are_capped_and_decimal_ones_are_not() {
    assert_eq!(quantity("8Ei").to_string(), "9223372036854775807");
    assert_eq!(quantity("-8Ei").to_string(), "-9223372036854775807");
    assert_eq!(quantity("99999999999999999999").to_string(), "99999999999999999999");
}

#[test]
fn a_missing_number_is_zero_unless_the_suffix_is_large() {
    for text in ["m", "Gi", ".", "+", "-", "-.", "e3", "Ti"] {
        assert!(quantity(text).is_zero(), "{text}");
    }
    for text in ["Pi", "Ei", "-Ei", ".Ei"] {
        assert_eq!(text.parse::<Quantity>(), Err(QuantityError::Number), "{text}");
    }
}

#[test]
fn overflow_is_as_wrong_as_upstream() {
    assert_eq!(quantity("10e18").value(), 0);
    assert_eq!(quantity("999999999999999999e3").value(), 3_875_820_019_684_211_736);
    assert_eq!(quantity("9223372036854775808").value(), i64::MIN);
    assert_eq!(quantity("8Ei").milli_value(), -1000);
    assert_eq!(quantity("-1.0000000001").milli_value(), -999);
    assert_eq!(quantity("-1.5").value(), -2);
}

#[test]
fn enormous_exponents_cost_nothing() {
    let large = quantity("1e1000000000");
    assert_eq!(large.cmp(&quantity("9e999999999")), Ordering::Greater);
    assert_eq!(quantity("12345678901234567890e1000000000").cmp(&large), Ordering::Greater);
    assert_eq!(quantity("-1e1000000000").cmp(&quantity("1n")), Ordering::Less);
    let mut sum = quantity("1");
    sum.add(&large);
    assert_eq!(sum, large);
    assert_eq!(quantity("1e4294967299"), quantity("1000"));
}

#[test]
fn amounts_are_compared_across_suffixes() {
    for (left, right) in [("1Gi", "1024Mi"), ("1", "1000m"), ("0", "-0"), ("1e3", "1k"), ("0.5Gi", "512Mi")] {
        assert_eq!(quantity(left), quantity(right));
    }
    for (less, more) in [("1G", "1Gi"), ("-1", "1m"), ("-2", "-1"), ("999m", "1"), ("9223372036854775807", "10E")] {
        assert!(quantity(less) < quantity(more), "{less} < {more}");
    }
}

#[test]
fn totals_are_written_like_their_first_summand() {
    let mut total = Quantity::zero();
    for text in ["512Mi", "1.5Gi", "1"] {
        total.add(&quantity(text));
    }
    assert_eq!(total.to_string(), "2147483649");
    total.sub(&quantity("1"));
    assert_eq!(total.to_string(), "2Gi");
    total.sub(&quantity("3Gi"));
    assert_eq!(total.to_string(), "-1Gi");
    total.add(&quantity("9223372036854775807000"));
    assert_eq!(total.value(), quantity("9223372036854775807000").value().wrapping_sub(1 << 30));
}

#[test]
fn white_space_counts_only_outside_of_json() {
    assert_eq!(" 1".parse::<Quantity>(), Err(QuantityError::Shape));
    assert_eq!(Quantity::decode(" 1\n"), Ok(quantity("1")));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        let _ = text.parse::<Quantity>();
    }

    #[test]
    fn the_canonical_text_is_canonical(text in "[+-]?[0-9]{0,24}(\\.[0-9]{0,14})?([numkMGTP]|[KMGTP]i|[eE][+-]?[0-9]{1,2})?") {
        if let Ok(read) = text.parse::<Quantity>() {
            let canonical = read.to_string();
            let again = quantity(&canonical);
            // Above `E`, text of the decimal family has lost its suffix.
            if read.format() != super::Format::DecimalSi || read.value() == 0 || read < quantity("1000E") {
                prop_assert_eq!(&again, &read);
            }
            prop_assert_eq!(again.to_string(), canonical);
        }
    }

    #[test]
    fn order_and_difference_agree(left in "-?[0-9]{1,20}([numkM]|[KM]i)?", right in "-?[0-9]{1,20}([numkM]|[KM]i)?") {
        let (left, right) = (quantity(&left), quantity(&right));
        let mut difference = left.clone();
        difference.sub(&right);
        prop_assert_eq!(difference.sign(), left.cmp(&right));
        difference.add(&right);
        prop_assert_eq!(difference, left);
    }
}
