//! What the kinds of all API groups have in common.

pub(super) mod absent;
pub(super) mod ip;
pub(super) mod meta;
pub(super) mod numbers;
pub(super) mod paths;
pub(super) mod port;
pub(super) mod repeats;
pub(super) mod selector;
