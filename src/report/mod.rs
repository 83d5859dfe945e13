//! How findings are written, one file for each format. A reporter looks nothing up but lines and columns.

pub mod concise;
