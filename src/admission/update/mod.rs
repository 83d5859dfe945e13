//! What an update may not change, where that takes more than a line.

pub(super) mod storage;
