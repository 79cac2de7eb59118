//! A migration that a checkpoint replaces. Its text may be gone, so its checksums are stored.

use std::fmt;

use super::refinery::{VersionType, checksum, reads};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    pub version: i64,
    pub name: String,
    narrow: String,
    wide: String,
}

impl Replaced {
    pub fn new(version: i64, name: &str, text: &str) -> Replaced {
        let of_type = |version_type| checksum(version_type, version, name, text);
        let (narrow, wide) = (of_type(VersionType::Int4), of_type(VersionType::Int8));
        Replaced { version, name: name.into(), narrow, wide }
    }

    /// Parses the output of [`Display`](fmt::Display).
    pub fn read(line: &str) -> Option<Replaced> {
        let mut words = line.split_whitespace();
        let (version, name) = words.next()?.strip_prefix('V')?.split_once("__")?;
        let version = version.parse().ok().filter(|version| reads(*version, name))?;
        let mut checksum = || words.next().filter(|word| word.parse::<u64>().is_ok()).map(str::to_owned);
        let replaced = Replaced { version, name: name.into(), narrow: checksum()?, wide: checksum()? };
        words.next().is_none().then_some(replaced)
    }

    /// Returns refinery's checksum of the migration for a table with versions of this type.
    pub fn checksum(&self, version_type: VersionType) -> &str {
        match version_type {
            VersionType::Int4 => &self.narrow,
            VersionType::Int8 => &self.wide,
        }
    }

    /// Returns `true` if a row of refinery's table, of either type, is that of the migration.
    pub fn is(&self, name: &str, checksum: &str) -> bool {
        self.name == name && [&self.narrow, &self.wide].into_iter().any(|own| own == checksum)
    }
}

/// `V1__name narrow wide`, as in a checkpoint.
impl fmt::Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Replaced { version, name, narrow, wide } = self;
        write!(f, "V{version}__{name} {narrow} {wide}")
    }
}
