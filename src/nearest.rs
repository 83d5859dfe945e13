//! "Did you mean": the nearest of the names that could have been meant.

/// The nearest of `names` to `name`, if one is near enough to be a slip: one edit in three characters.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    names
        .into_iter()
        .map(|other| (strsim::osa_distance(&lower, &other.to_lowercase()), other))
        .filter(|(distance, other)| distance * 3 <= lower.chars().count().max(other.chars().count()))
        .min()
        .map(|(_, other)| other)
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
