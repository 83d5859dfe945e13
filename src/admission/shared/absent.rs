//! What is absent, where Go cannot tell it from what is empty: texts and lists that are no pointers.

/// The elements of a list that may be missing.
pub(in crate::admission) fn list<T>(value: Option<&Vec<T>>) -> &[T] {
    value.map_or(&[], Vec::as_slice)
}

/// A text of the API, in which missing and empty are the same.
pub(in crate::admission) fn text(value: Option<&String>) -> &str {
    value.map_or("", String::as_str)
}

/// Fills in a text that is missing or empty, which is the same to Go where the field is no pointer.
pub(in crate::admission) fn fill(value: &mut Option<String>, default: &str) {
    if value.as_deref().is_none_or(str::is_empty) {
        *value = Some(default.to_owned());
    }
}
