//! The order in which calls reach the API server that controllers make side by side.

/// Brings `items` into the batches of a slow start (`slowStartBatch` in pkg/controller/statefulset, `manageJob` in
/// pkg/controller/job), 1, 2, 4 … of which are looked at side by side, and leaves out those that need no call.
///
/// Which call of a batch comes first is chance. Of the two in the second batch it is mostly the one that was started last,
/// as Go runs it first; a batch that starts alone, and those that find threads awake, mostly keep their order.
pub(in crate::plan) fn slow_start<T>(items: impl IntoIterator<Item = T>, is_call: impl Fn(&T) -> bool) -> Vec<Vec<T>> {
    let mut items = items.into_iter();
    let mut batches: Vec<Vec<T>> = Vec::new();
    loop {
        let batch: Vec<T> = items.by_ref().take(1 << batches.len().min(20)).collect();
        if batch.is_empty() {
            return batches;
        }
        let mut calls: Vec<T> = batch.into_iter().filter(&is_call).collect();
        if batches.len() == 1 && !batches[0].is_empty() {
            calls.reverse();
        }
        batches.push(calls);
    }
}

#[cfg(test)]
mod tests {
    use super::slow_start;

    #[test]
    fn batches_double() {
        assert_eq!(slow_start(0..9, |_| true), [vec![0], vec![2, 1], vec![3, 4, 5, 6], vec![7, 8]]);
        assert_eq!(slow_start(0..4, |item| *item > 0), [vec![], vec![1, 2], vec![3]]);
        assert!(slow_start(0..0, |_| true).is_empty());
    }
}
