//! Snapshots in `snapshots/<area>/<name>.snap`; `INSTA_UPDATE=always cargo test` takes new ones.

use std::path::Path;

/// Compares `text` with the snapshot of this name.
pub(crate) fn check(area: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(area));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
