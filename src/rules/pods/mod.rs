//! What pods declare and are asked.

pub(super) mod host_ports;
pub(super) mod ports;
pub(super) mod probe_effects;
pub(super) mod probes;
