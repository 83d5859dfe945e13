//! Namespaces and what is limited in them: quotas, limit ranges; service accounts and leases.
