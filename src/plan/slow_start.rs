//! The order in which calls reach the API server that controllers make side by side.

/// Brings `calls` in the order of a slow start (`slowStartBatch` in pkg/controller/statefulset, `manageJob` in
/// pkg/controller/job), whose batches of 1, 2, 4 … run side by side; `is_call` says which of them is a call at all.
///
/// Which one of a batch comes first is chance. Of the two in the second batch it is mostly the one that was started last,
/// as Go runs it first; later batches find threads that are awake and mostly keep their order.
pub(super) fn slow_start<T>(calls: impl IntoIterator<Item = T>, is_call: impl Fn(&T) -> bool) -> Vec<T> {
    let mut calls: Vec<T> = calls.into_iter().collect();
    if calls.len() >= 3 && calls[..3].iter().all(is_call) {
        calls.swap(1, 2);
    }
    calls
}
