//! Compatibility with refinery, whose own command must find its migrations applied and change nothing: the
//! names of files, the checksums, and the type of the column `version` in its history table.
//!
//! refinery's `Runner` is not used: it compares only with its own table, runs no down files and only in
//! transactions, has no lock and no history of attempts, and its errors drop the server's position. A driver
//! that adds all this would have to pretend that nothing is applied and take its calls as a signal for the next
//! file.
//!
//! The checksum is SipHash-1-3 over name, version and text, the version hashed with the integer type that
//! refinery was compiled for. That type is also the type of the column `version`, so the table determines the
//! checksums. (`refinery_core::Migration::unapplied`, 0.10.)

use std::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;

/// Type of the column `version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionType {
    /// `int4`: refinery as it is built by default.
    Int4,
    /// `int8`: refinery with its feature `int8-versions`.
    Int8,
}

impl VersionType {
    /// Returns the type for the OID of the column's type: `pg_type` has 20 for int8.
    pub(crate) fn of_column(oid: Option<u32>) -> VersionType {
        if oid == Some(20) { VersionType::Int8 } else { VersionType::Int4 }
    }

    /// Returns the narrowest type for all these versions, which every build of refinery can read.
    pub fn narrowest(versions: impl IntoIterator<Item = i64>) -> VersionType {
        let narrow = versions.into_iter().all(|version| i32::try_from(version).is_ok());
        if narrow { VersionType::Int4 } else { VersionType::Int8 }
    }

    pub fn holds(self, version: i64) -> bool {
        self == VersionType::Int8 || i32::try_from(version).is_ok()
    }
}

/// Returns `true` if refinery parses exactly this version and name from `V<version>__<name>`.
pub fn reads(version: i64, name: &str) -> bool {
    matches!(refinery_core::parse_migration_name(&format!("V{version}__{name}")), Ok((_, _, read)) if read == name)
}

/// Returns the checksum as refinery stores it: a decimal number. A version that does not fit into an `int4`
/// gets the checksum of the wide type.
pub fn checksum(version_type: VersionType, version: i64, name: &str, sql: &str) -> String {
    let mut hasher = SipHasher13::new();
    name.hash(&mut hasher);
    match (version_type, i32::try_from(version)) {
        (VersionType::Int4, Ok(narrow)) => narrow.hash(&mut hasher),
        _ => version.hash(&mut hasher),
    }
    sql.hash(&mut hasher);
    hasher.finish().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_narrow_form_is_that_of_a_default_build() {
        // Output of refinery-core 0.10.1 without `int8-versions`.
        for (version, name, sql, expected) in [
            (1, "a", "SELECT 1;", "17487863982594259854"),
            (7, "init", "CREATE TABLE t (a int);\n", "4498116061178143473"),
            (2147483647, "max", "", "1509515988455402067"),
        ] {
            assert_eq!(checksum(VersionType::Int4, version, name, sql), expected, "{name}");
        }
    }

    #[test]
    fn the_narrowest_type_that_holds_all_is_chosen() {
        assert_eq!(VersionType::narrowest([1, i64::from(i32::MAX)]), VersionType::Int4);
        assert_eq!(VersionType::narrowest([1, 20250101120000]), VersionType::Int8);
        assert_eq!(VersionType::narrowest([]), VersionType::Int4);
    }

    proptest! {
        #[test]
        fn the_wide_form_is_refinerys(version in 0..i64::MAX, name in "[a-z_]{1,9}", sql in ".{0,40}") {
            let theirs = refinery_core::Migration::unapplied(&format!("V{version}__{name}"), &sql).unwrap();
            prop_assert_eq!(checksum(VersionType::Int8, version, &name, &sql), theirs.checksum().to_string());
        }
    }
}
