//! Ingresses, their classes, and network policies.
