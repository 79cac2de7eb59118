//! Facts about a run, and the bounds of their texts.

use sha2::{Digest, Sha256};

use martydb_model::hex;
use martydb_model::text::printable;

/// Longest text of a row, in characters.
const LONGEST_TEXT: usize = 500;

/// A run, the same on each of its servers.
#[derive(Debug, Clone)]
pub struct RunFacts {
    pub(crate) project: String,
    pub(crate) env: String,
    /// Command, such as `apply` or `split cutover`.
    pub(crate) action: &'static str,
    /// Version of martydb.
    pub(crate) tool: String,
    /// SHA-256 of the manifest's base file, in hexadecimal.
    pub(crate) manifest_sha256: String,
}

impl RunFacts {
    /// `manifest` is the text of its base file.
    pub fn new(project: &str, env: &str, action: &'static str, tool: &str, manifest: &str) -> RunFacts {
        let manifest_sha256 = hex::encode(Sha256::digest(manifest.as_bytes()));
        RunFacts { project: project.into(), env: env.into(), action, tool: tool.into(), manifest_sha256 }
    }
}

/// Returns one line without control characters, of a limited length.
pub(crate) fn bounded(text: &str) -> String {
    let line = printable(text);
    match line.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
