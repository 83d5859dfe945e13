//! Work on all cores.

use rayon::prelude::*;

/// What `make` makes of each of `items`, in their order. For a few, starting threads would take longer.
pub(crate) fn in_order<T: Sync, U: Send>(items: &[T], make: impl Fn(&T) -> U + Send + Sync) -> Vec<U> {
    if items.len() < 8 { items.iter().map(make).collect() } else { items.par_iter().map(make).collect() }
}
