//! `manifest.json`: what a backup is of, and which files it has. Plain also where the files are encrypted, so that a
//! store can be listed without an identity; what could tell of the data lies in the files.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::BackupId;
use super::path;

pub const MANIFEST: &str = "manifest.json";

/// What the maker of a backup records of the service, for the one who restores it.
pub const RECORD: &str = "record.json";

/// The version of the layout that this program writes.
pub const FORMAT_VERSION: u32 = 1;

/// The JSON Schema of `manifest.json`.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(BackupManifest);
    serde_json::to_string_pretty(&schema).expect("a schema is plain JSON") + "\n"
}

/// The manifest of one backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "martydb backup manifest")]
pub struct BackupManifest {
    /// The format's version: 1.
    pub format_version: u32,
    /// The backup's name, and its folder's.
    pub id: BackupId,
    /// The version of martydb that made it.
    pub martydb: String,
    #[serde(flatten)]
    pub header: BackupHeader,
    /// How the files are encrypted.
    pub encryption: Encryption,
    /// Every file beside this one, as it is stored, in the order of the sums.
    pub files: Vec<StoredFile>,
}

/// What a backup is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackupHeader {
    /// The project of the manifest that declares the service.
    pub project: String,
    /// The environment.
    pub env: String,
    /// The service.
    pub service: String,
    /// The server's name in the manifest.
    pub server: String,
    /// The database.
    pub database: String,
    /// The moment that it shows, in RFC 3339.
    pub taken_at: String,
    /// The version of the last migration that was applied.
    pub migration_head: Option<String>,
}

/// How files are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// They are not.
    None,
    /// Each one as a file of age, whose name ends in `.age`: <https://age-encryption.org/v1>.
    Age,
}

/// One file as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoredFile {
    /// Its path in the backup's folder.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    /// Their SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl Encryption {
    const SUFFIX: &str = ".age";

    /// What a file is called in the store.
    pub fn stored_name(self, plain: &str) -> String {
        match self {
            Encryption::None => plain.to_owned(),
            Encryption::Age => format!("{plain}{}", Self::SUFFIX),
        }
    }

    /// What it is called once it is decrypted; `None` for a name that this encryption does not make.
    pub fn plain_name(self, stored: &str) -> Option<&str> {
        match self {
            Encryption::None => Some(stored),
            Encryption::Age => stored.strip_suffix(Self::SUFFIX).filter(|name| !name.is_empty()),
        }
    }
}

impl BackupManifest {
    pub fn to_json(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("plain data");
        text.push(b'\n');
        text
    }

    /// Reads the manifest of the backup `id`.
    ///
    /// # Errors
    /// With the reason, if it is another's, or if a file that it names could lie outside its folder.
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
            // At the top are only files of this format.
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

    /// Bytes of all files as they are stored.
    pub fn size(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.size))
    }
}
