//! `verified.json` beside a backup: the time of the last proven restore. The backup is complete without it, so it is not
//! among the sums, and has its own.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::id::BackupId;
use crate::store::cipher::digest::{Digest, digest};

pub(crate) const NAME: &str = "verified.json";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VerifiedNote {
    verified_at: String,
    /// Digest of the manifest of the verified backup.
    manifest_sha256: String,
    /// Digest of this note's other values, which detects damage.
    sha256: String,
}

impl VerifiedNote {
    fn new(id: &BackupId, manifest: &Digest, at: &str) -> VerifiedNote {
        let manifest_sha256 = manifest.sha256.clone();
        let sha256 = digest(format!("{id} {at} {manifest_sha256}").as_bytes()).sha256;
        VerifiedNote { verified_at: at.to_owned(), manifest_sha256, sha256 }
    }
}

/// Returns the text of the note.
pub(crate) fn text(id: &BackupId, manifest: &Digest, at: OffsetDateTime) -> String {
    let at = at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default();
    serde_json::to_string_pretty(&VerifiedNote::new(id, manifest, &at)).expect("plain data") + "\n"
}

/// Returns the time of verification.
///
/// # Errors
/// If the note is another backup's, or was changed.
pub(crate) fn parse(text: &[u8], id: &BackupId, manifest: &Digest) -> Result<String, &'static str> {
    const WRONG: &str = "its verified.json is damaged or another backup's, and is ignored";
    let note: VerifiedNote = serde_json::from_slice(text).map_err(|_| WRONG)?;
    let expected = VerifiedNote::new(id, manifest, &note.verified_at);
    let whole = note.manifest_sha256 == expected.manifest_sha256 && note.sha256 == expected.sha256;
    if whole { Ok(note.verified_at) } else { Err(WRONG) }
}
