//! `manifest.json`: the origin and the files of a backup. It is never encrypted, so that a store can be listed without an
//! identity; what could reveal data is in the files.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::BackupId;
use super::path;

pub(crate) const MANIFEST: &str = "manifest.json";

/// Record of the service, written by the maker of a backup for its restore.
pub(crate) const RECORD: &str = "record.json";

/// Version of the layout that this program writes.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// Returns the JSON Schema of `manifest.json`.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(BackupManifest);
    serde_json::to_string_pretty(&schema).expect("a schema is plain JSON") + "\n"
}

/// Manifest of one backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "martydb backup manifest")]
pub struct BackupManifest {
    /// Version of the format: 1.
    pub format_version: u32,
    /// Name of the backup and of its folder.
    pub id: BackupId,
    /// Version of martydb that created it.
    pub martydb: String,
    #[serde(flatten)]
    pub header: BackupHeader,
    /// Encryption of the files.
    pub encryption: Encryption,
    /// All stored files beside this one, in the order of the sums.
    pub files: Vec<StoredFile>,
}

/// Origin of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackupHeader {
    /// Project of the manifest that declares the service.
    pub project: String,
    /// Environment.
    pub env: String,
    /// Service.
    pub service: String,
    /// Name of the server in the manifest.
    pub server: String,
    /// Database.
    pub database: String,
    /// Time of the snapshot, in RFC 3339.
    pub taken_at: String,
    /// Version of the last applied migration.
    pub migration_head: Option<String>,
}

/// Encryption of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// No encryption.
    None,
    /// One age file each, whose name ends in `.age`: <https://age-encryption.org/v1>.
    Age,
}

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoredFile {
    /// Path in the backup's folder.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl Encryption {
    const SUFFIX: &str = ".age";

    /// Returns the name of a file in the store.
    pub(crate) fn stored_name(self, plain: &str) -> String {
        match self {
            Encryption::None => plain.to_owned(),
            Encryption::Age => format!("{plain}{}", Self::SUFFIX),
        }
    }

    /// Returns the name of a decrypted file; `None` for a name that this encryption does not produce.
    pub(crate) fn plain_name(self, stored: &str) -> Option<&str> {
        match self {
            Encryption::None => Some(stored),
            Encryption::Age => stored.strip_suffix(Self::SUFFIX).filter(|name| !name.is_empty()),
        }
    }
}

impl BackupManifest {
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("plain data");
        text.push(b'\n');
        text
    }

    /// Reads the manifest of the backup `id`.
    ///
    /// # Errors
    /// With the reason, if it is another backup's, or if a file that it names could be outside its folder.
    pub fn parse(text: &[u8], id: &BackupId) -> Result<BackupManifest, String> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        let unreadable = |error: serde_json::Error| format!("manifest.json cannot be read: {error}");
        let Version { format_version } = serde_json::from_slice(text).map_err(unreadable)?;
        if format_version != FORMAT_VERSION {
            return Err(format!(
                "its format has version {format_version}, and this martydb reads {FORMAT_VERSION}"
            ));
        }
        let manifest: BackupManifest = serde_json::from_slice(text).map_err(unreadable)?;
        if manifest.id != *id || manifest.header.service != id.service() {
            return Err(format!("its manifest.json is that of {}", manifest.id));
        }
        manifest.check_files()?;
        Ok(manifest)
    }

    fn check_files(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for file in &self.files {
            let shown = file.path.escape_debug();
            let plain = self.encryption.plain_name(&file.path);
            // The top folder contains only files of this format.
            let ours = plain.is_some_and(|plain| plain == RECORD || plain.contains('/'));
            if !ours || !path::is_safe(&file.path) {
                return Err(format!("manifest.json names a file that no backup has: \"{shown}\""));
            }
            if !seen.insert(file.path.to_ascii_lowercase()) {
                return Err(format!("manifest.json names \"{shown}\" twice"));
            }
        }
        Ok(())
    }

    /// Returns the total size of the stored files, in bytes.
    pub fn size(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.size))
    }
}
