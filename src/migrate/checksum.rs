//! refinery's checksums, of both builds: SipHash-1-3 over name, version and text, the version hashed with the
//! width that refinery was compiled for. That width is also the type of the column `version`, so a table tells
//! which checksum it holds. (`refinery_core::Migration::unapplied`, 0.10.)

use std::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;

/// How wide a version is in refinery's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// `int4`: refinery as it is built by default.
    Int4,
    /// `int8`: refinery with its feature `int8-versions`.
    Int8,
}

impl Width {
    /// The narrowest that holds all these versions: what every build of refinery can read.
    pub fn narrowest(versions: impl IntoIterator<Item = i64>) -> Width {
        match versions.into_iter().all(|version| i32::try_from(version).is_ok()) {
            true => Width::Int4,
            false => Width::Int8,
        }
    }

    /// Whether a version fits.
    pub fn holds(self, version: i64) -> bool {
        self == Width::Int8 || i32::try_from(version).is_ok()
    }
}

/// The checksum as refinery stores it: a decimal number. A version that an `int4` cannot hold has none there, and
/// gets that of the wide form.
pub fn checksum(width: Width, version: i64, name: &str, sql: &str) -> String {
    let mut hasher = SipHasher13::new();
    name.hash(&mut hasher);
    match (width, i32::try_from(version)) {
        (Width::Int4, Ok(narrow)) => narrow.hash(&mut hasher),
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
        // What refinery-core 0.10.1 computes without `int8-versions`.
        for (version, name, sql, expected) in [
            (1, "a", "SELECT 1;", "17487863982594259854"),
            (7, "init", "CREATE TABLE t (a int);\n", "4498116061178143473"),
            (2147483647, "max", "", "1509515988455402067"),
        ] {
            assert_eq!(checksum(Width::Int4, version, name, sql), expected, "{name}");
        }
    }

    #[test]
    fn the_narrowest_width_that_holds_all_is_chosen() {
        assert_eq!(Width::narrowest([1, i64::from(i32::MAX)]), Width::Int4);
        assert_eq!(Width::narrowest([1, 20250101120000]), Width::Int8);
        assert_eq!(Width::narrowest([]), Width::Int4);
    }

    proptest! {
        #[test]
        fn the_wide_form_is_refinerys(version in 0..i64::MAX, name in "[a-z_]{1,9}", sql in ".{0,40}") {
            let theirs = refinery_core::Migration::unapplied(&format!("V{version}__{name}"), &sql).unwrap();
            prop_assert_eq!(checksum(Width::Int8, version, &name, &sql), theirs.checksum().to_string());
        }
    }
}
