//! The order in which calls reach the API server that controllers make side by side.

/// Brings `calls` into the batches of a slow start (`slowStartBatch` in pkg/controller/statefulset, `manageJob` in
/// pkg/controller/job): 1, 2, 4 … of them run side by side.
///
/// Which one of a batch comes first is chance. Of the two in the second batch it is mostly the one that was started last,
/// as Go runs it first; later batches find threads that are awake and mostly keep their order.
pub(super) fn slow_start<T>(calls: impl IntoIterator<Item = T>) -> Vec<Vec<T>> {
    let mut calls = calls.into_iter();
    let mut batches: Vec<Vec<T>> = Vec::new();
    loop {
        let mut batch: Vec<T> = calls.by_ref().take(1 << batches.len().min(20)).collect();
        if batch.is_empty() {
            return batches;
        }
        if batches.len() == 1 {
            batch.reverse();
        }
        batches.push(batch);
    }
}

#[cfg(test)]
mod tests {
    use super::slow_start;

    #[test]
    fn batches_double() {
        assert_eq!(slow_start(0..9), [vec![0], vec![2, 1], vec![3, 4, 5, 6], vec![7, 8]]);
        assert!(slow_start(0..0).is_empty());
    }
}
