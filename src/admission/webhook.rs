//! Webhook configurations.
