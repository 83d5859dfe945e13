//! "Did you mean": the nearest of the names that could have been meant.

/// The name that was probably meant: the same but for case and punctuation, or nearly the same.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase();
    let folded = plain(written);
    let length = written.chars().count();
    // At least as many letters differ as one name has more than the other, and counting them takes its time.
    let may_be_like = |name: &str| {
        let other = name.chars().count();
        10 * length.min(other) >= 7 * length.max(other)
    };
    known
        .into_iter()
        .filter_map(|name| match name {
            _ if plain(name) == folded => Some((1.0, name)),
            _ if may_be_like(name) => Some((strsim::normalized_damerau_levenshtein(written, name), name)),
            _ => None,
        })
        .filter(|(likeness, _)| *likeness >= 0.7)
        .max_by(|(one, a), (other, b)| one.total_cmp(other).then_with(|| b.cmp(a)))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_name_and_another_word_finds_nothing() {
        let names = ["ignore", "select", "severity"];
        assert_eq!(nearest("selct", names), Some("select"));
        assert_eq!(nearest("Select", names), Some("select"));
        assert_eq!(nearest("replicas", names), None);
        assert_eq!(nearest("--ig-no-re--", names), Some("ignore"));
        assert_eq!(nearest("abcdefgxyz", ["abcdefg", "abcdef"]), Some("abcdefg"), "seven letters of ten");
        assert_eq!(nearest(&"severity".repeat(1_000_000), names), None, "and that at once");
    }
}
