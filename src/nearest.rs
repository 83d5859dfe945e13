//! "Did you mean": the nearest of the names that could have been meant.

/// The name that was probably meant: the same but for case and punctuation, or nearly the same.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase();
    let folded = plain(written);
    known
        .into_iter()
        .map(|name| {
            let same = plain(name) == folded;
            (if same { 1.0 } else { strsim::normalized_damerau_levenshtein(written, name) }, name)
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
    }
}
