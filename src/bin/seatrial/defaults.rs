//! `lint --show-defaults`: the objects as the API server would store them.

use std::io::{self, Write};

use seatrial::report::Format;
use serde_json::{Value, json};

/// Writes the objects as YAML documents, or as one JSON List.
pub(crate) fn write(out: &mut dyn Write, objects: &[Value], format: Format) -> io::Result<()> {
    if format == Format::Json {
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
        return writeln!(out, "{list:#}");
    }
    for (at, object) in objects.iter().enumerate() {
        if at > 0 {
            writeln!(out, "---")?;
        }
        let text = serde_yaml::to_string(object).map_err(io::Error::other)?;
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}
