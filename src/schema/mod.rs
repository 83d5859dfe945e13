//! What a Kubernetes minor version says an object may look like.
//!
//! [`Bundle`] gives the kinds of one version and their JSON Schemas, [`Lifecycle`] what became of the kinds of old.

mod bundle;
mod lifecycle;
mod version;

pub use bundle::{Bundle, KindInfo, Scope};
pub use lifecycle::{Lifecycle, Replacement};
pub use version::{KubernetesVersion, UnsupportedVersion};
