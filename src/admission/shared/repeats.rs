//! What stands in a list for the second time.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Said of the place of which another is a repetition.
pub(in crate::admission) const FIRST: &str = "the first of them";

/// Where `key` was seen first, if it was.
pub(in crate::admission) fn first<K: Ord>(seen: &mut BTreeMap<K, usize>, key: K, index: usize) -> Option<usize> {
    match seen.entry(key) {
        Entry::Occupied(entry) => Some(*entry.get()),
        Entry::Vacant(entry) => {
            entry.insert(index);
            None
        }
    }
}
