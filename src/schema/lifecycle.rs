//! Which built-in kinds were deprecated or removed, when, and what took their place.
//!
//! The table is `schemas/kubernetes/lifecycle.txt`. It begins with what 1.16 removed, so that manifests of any age are
//! understood, and it says nothing of kinds that are served and not deprecated.

use std::sync::LazyLock;

use crate::version::KubernetesVersion;

static TABLE: &str = include_str!("../../schemas/kubernetes/lifecycle.txt");

/// The table, which is asked about every object and read once. It is sorted by apiVersion and kind.
static ROWS: LazyLock<Vec<Lifecycle>> =
    LazyLock::new(|| TABLE.lines().filter(|line| !line.starts_with('#')).map(Lifecycle::from_line).collect());

/// The end of a built-in kind.
///
/// All versions are minor versions, `36` for 1.36.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// The group and version, as in a manifest.
    pub api_version: &'static str,
    /// The kind, as in a manifest.
    pub kind: &'static str,
    /// The first version that served it, if known.
    pub introduced: Option<u16>,
    /// The first version that warned about it.
    pub deprecated: Option<u16>,
    /// The first version that does not serve it. Beyond the newest known version this is an announcement.
    pub removed: Option<u16>,
    /// The kind that took its place. The newest one; an older cluster may not serve it yet.
    pub replacement: Option<Replacement>,
    /// What to do where no kind took its place.
    pub hint: Option<&'static str>,
}

/// A kind that takes the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The group and version, as in a manifest.
    pub api_version: &'static str,
    /// The kind, as in a manifest.
    pub kind: &'static str,
}

impl Lifecycle {
    /// Looks a kind up among those that are deprecated or removed.
    pub fn of(api_version: &str, kind: &str) -> Option<&'static Self> {
        let rows = Self::all();
        let at = rows.binary_search_by(|row| (row.api_version, row.kind).cmp(&(api_version, kind)));
        Some(&rows[at.ok()?])
    }

    /// Every row of the table, sorted by apiVersion and kind.
    pub fn all() -> &'static [Self] {
        &ROWS
    }

    /// Whether a version warns about the kind while it still serves it.
    pub fn is_deprecated_in(&self, version: KubernetesVersion) -> bool {
        self.deprecated.is_some_and(|minor| minor <= version.minor()) && !self.is_removed_in(version)
    }

    /// Whether a version does not serve the kind any more.
    pub fn is_removed_in(&self, version: KubernetesVersion) -> bool {
        self.removed.is_some_and(|minor| minor <= version.minor())
    }

    fn from_line(line: &'static str) -> Self {
        let (api_version, rest) = column(line);
        let (kind, rest) = column(rest);
        let (introduced, rest) = column(rest);
        let (deprecated, rest) = column(rest);
        let (removed, rest) = column(rest);
        let (new_api_version, rest) = column(rest);
        let (new_kind, hint) = column(rest);
        let minor = |text: &str| text.strip_prefix("1.").and_then(|minor| minor.parse().ok());
        Self {
            api_version,
            kind,
            introduced: minor(introduced),
            deprecated: minor(deprecated),
            removed: minor(removed),
            replacement: (new_kind != "-").then_some(Replacement { api_version: new_api_version, kind: new_kind }),
            hint: (!hint.is_empty()).then_some(hint),
        }
    }
}

/// The first word of a line, and what follows it.
fn column(line: &'static str) -> (&'static str, &'static str) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    (word, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Bundle;

    #[test]
    fn a_removed_kind_knows_its_successor() {
        let row = Lifecycle::of("extensions/v1beta1", "Deployment").expect("is in the table");
        assert_eq!((row.deprecated, row.removed), (Some(8), Some(16)));
        assert_eq!(row.replacement, Some(Replacement { api_version: "apps/v1", kind: "Deployment" }));
        assert!(row.is_removed_in(KubernetesVersion::SUPPORTED[0]));
        assert!(!row.is_deprecated_in(KubernetesVersion::SUPPORTED[0]));
    }

    #[test]
    fn a_kind_without_a_successor_has_a_hint() {
        let row = Lifecycle::of("policy/v1beta1", "PodSecurityPolicy").expect("is in the table");
        assert_eq!(row.replacement, None);
        assert!(row.hint.is_some_and(|hint| hint.contains("pod-security.kubernetes.io/enforce")));
    }

    #[test]
    fn endpoints_are_deprecated_and_served() {
        let row = Lifecycle::of("v1", "Endpoints").expect("is in the table");
        assert!(KubernetesVersion::SUPPORTED.iter().copied().all(|version| row.is_deprecated_in(version)));
    }

    #[test]
    fn a_kind_in_good_standing_is_not_in_the_table() {
        assert_eq!(Lifecycle::of("apps/v1", "Deployment"), None);
    }

    #[test]
    fn the_table_is_sorted_and_whole() {
        let rows = Lifecycle::all();
        let names: Vec<_> = rows.iter().map(|row| (row.api_version, row.kind)).collect();
        assert!(names.is_sorted_by(|left, right| left < right), "rows are out of order");
        for row in rows {
            assert_eq!(Lifecycle::of(row.api_version, row.kind), Some(row));
            assert!(row.deprecated.is_some() || row.removed.is_some(), "{row:?} says nothing");
            assert!(row.introduced <= row.removed || row.removed.is_none(), "{row:?} goes back in time");
            assert!(row.deprecated <= row.removed || row.removed.is_none(), "{row:?} goes back in time");
            assert!(row.replacement.is_none() || row.hint.is_none(), "{row:?} says two things");
        }
    }

    /// A bundle is what a version serves; the table must not contradict it.
    #[test]
    fn the_table_agrees_with_what_is_served() {
        for &version in KubernetesVersion::SUPPORTED {
            let bundle = Bundle::open(version);
            for row in Lifecycle::all() {
                let served = bundle.kind(row.api_version, row.kind).is_some();
                let introduced = row.introduced.is_none_or(|minor| minor <= version.minor());
                assert!(!(served && row.is_removed_in(version)), "{version} serves {row:?}");
                assert!(served || row.is_removed_in(version) || !introduced, "{version} does not serve {row:?}");
            }
        }
    }

    #[test]
    fn successors_are_served() {
        let newest = Bundle::open(KubernetesVersion::NEWEST);
        for row in Lifecycle::all() {
            if let Some(Replacement { api_version, kind }) = row.replacement {
                assert!(newest.kind(api_version, kind).is_some(), "{row:?}");
            }
        }
    }
}
