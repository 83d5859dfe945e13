//! What an update may not change, where that takes more than a line.

mod changes;

pub(super) use self::changes::{Change, changes, is_same};
