//! Which Kubernetes versions seatrial knows.

use std::{fmt, str::FromStr};

/// Hands the list of the minor versions that seatrial knows, from the oldest to the newest, to a macro. It stands nowhere else.
macro_rules! minors {
    ($to:ident) => {
        $to!(33, 34, 35, 36, 37)
    };
}
pub(crate) use minors;

macro_rules! supported {
    ($($minor:literal),*) => {
        &[$(KubernetesVersion { minor: $minor }),*]
    };
}

/// A minor version of Kubernetes whose schemas are embedded.
///
/// ```
/// use seatrial::version::KubernetesVersion;
///
/// let version: KubernetesVersion = "v1.36.2".parse()?;
/// assert_eq!(version.to_string(), "1.36");
/// assert!(version < KubernetesVersion::NEWEST);
/// # Ok::<(), seatrial::version::UnsupportedVersion>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesVersion {
    minor: u16,
}

/// A text that names no version of Kubernetes, or one whose schemas are not embedded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a Kubernetes version that seatrial knows, which are {oldest} to {newest}",
    oldest = KubernetesVersion::SUPPORTED[0],
    newest = KubernetesVersion::NEWEST
)]
pub struct UnsupportedVersion(pub String);

impl KubernetesVersion {
    /// All versions whose schemas are embedded, from the oldest to the newest.
    pub const SUPPORTED: &[Self] = minors!(supported);

    /// The newest version whose schemas are embedded.
    pub const NEWEST: Self = Self::SUPPORTED[Self::SUPPORTED.len() - 1];

    /// The number behind `1.`.
    pub const fn minor(self) -> u16 {
        self.minor
    }

    /// Its place among the supported versions.
    pub(crate) fn index(self) -> usize {
        usize::from(self.minor - Self::SUPPORTED[0].minor)
    }
}

impl Default for KubernetesVersion {
    fn default() -> Self {
        Self::NEWEST
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "1.{}", self.minor)
    }
}

impl FromStr for KubernetesVersion {
    type Err = UnsupportedVersion;

    /// Takes what people and clusters write: `1.33`, `v1.33`, `1.33.2`, `v1.33.2-gke.100`, `1.33+`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let minor = text.strip_prefix('v').unwrap_or(text).strip_prefix("1.").and_then(|rest| {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, tail) = rest.split_at(end);
            let tail_is_fine = tail.is_empty() || tail.starts_with(['.', '-', '+']);
            tail_is_fine.then(|| digits.parse().ok()).flatten()
        });
        Self::SUPPORTED
            .iter()
            .copied()
            .find(|version| Some(version.minor) == minor)
            .ok_or_else(|| UnsupportedVersion(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_people_and_clusters_write_it() {
        for text in ["1.36", "v1.36", "1.36.2", "v1.36.2-gke.100", "v1.36.2+k3s1", "1.36+"] {
            assert_eq!(text.parse::<KubernetesVersion>().map(KubernetesVersion::minor), Ok(36), "{text}");
        }
    }

    #[test]
    fn an_unknown_version_is_refused_with_the_range_of_known_ones() {
        for text in ["", "36", "1", "1.", "1.32", "1.38", "1.36x", "2.36", "1.99999999", "latest"] {
            assert_eq!(text.parse::<KubernetesVersion>(), Err(UnsupportedVersion(text.to_owned())), "{text}");
        }
        let error = UnsupportedVersion("1.32".to_owned());
        let known = "`1.32` is not a Kubernetes version that seatrial knows, which are 1.33 to ";
        assert_eq!(error.to_string(), format!("{known}{}", KubernetesVersion::NEWEST));
    }
}
