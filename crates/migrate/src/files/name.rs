//! File names: refinery's, and for every near miss the name that was probably meant.
//!
//! refinery skips names that it cannot parse (`V1_init.sql`, `v1__x.sql`) with a log line, and reads
//! `V1__add-user` as "add". A migration that silently does not run is the worst outcome, so here an invalid
//! name is an error.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::refinery;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// `V1__x.sql`
    Up,
    /// `V1__x.down.sql`
    Down,
}

impl Direction {
    /// Returns the action in the history.
    pub fn action(self) -> &'static str {
        match self {
            Direction::Up => "upgrade",
            Direction::Down => "downgrade",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    pub version: i64,
    pub name: String,
    pub direction: Direction,
}

/// Parses `V<version>__<name>.sql` or `V<version>__<name>.down.sql`. `Err` contains the problem, as the rest of
/// a sentence that starts with the name, and the fix.
pub fn parse(file: &str) -> Result<FileName, (String, String)> {
    let fail = |what: &str| Err((what.into(), rename(file)));
    let Some(stem) = file.strip_suffix(".sql") else {
        return fail("is not a migration: its name does not end in .sql");
    };
    let (stem, direction) = match stem.strip_suffix(".down") {
        Some(stem) => (stem, Direction::Down),
        None => (stem, Direction::Up),
    };
    let Some(rest) = stem.strip_prefix('V') else {
        return match stem.strip_prefix('U') {
            Some(_) => {
                fail("is one of refinery's unversioned migrations, which apply late and in no fixed order")
            }
            None => fail("does not begin with a capital V and a version"),
        };
    };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let Ok(version) = rest[..digits].parse::<i64>() else {
        return match digits {
            0 => fail("has no version after its V"),
            _ => fail("has a version that does not fit into 64 bits"),
        };
    };
    let Some(name) = rest[digits..].strip_prefix("__") else {
        return fail("does not have two underscores between version and name");
    };
    match name {
        _ if refinery::reads(version, name) => Ok(FileName { version, name: name.into(), direction }),
        "" => fail("has no name after its two underscores"),
        _ => fail("has a name with characters other than letters, digits and underscores"),
    }
}

/// Parses the name of a repeatable migration, `R__<name>.sql`; `None` for other files. `Err` is as in [`parse`].
pub fn repeatable(file: &str) -> Option<Result<String, (String, String)>> {
    let rest = file.strip_prefix(['R', 'r'])?;
    let stem = rest.strip_suffix(".sql").filter(|_| rest.starts_with('_'))?;
    if stem.ends_with(".down") {
        let fix = "remove it: a repeatable migration is replaced, never undone";
        return Some(Err(("is a down file of a repeatable migration".into(), fix.into())));
    }
    let name = stem.strip_prefix("__").filter(|_| file.starts_with('R'));
    Some(match name {
        Some(name) if refinery::reads(1, name) => Ok(name.to_owned()),
        _ => {
            let what =
                "is not named as a repeatable migration: R, two underscores, letters, digits and underscores";
            Err((what.into(), format!("rename it to R__{}.sql", sanitize(stem))))
        }
    })
}

/// Returns the version at the beginning of a name, even if the rest is invalid.
pub(crate) fn leading_version(name: &str) -> Option<i64> {
    let digits: String =
        name.trim_start_matches(['V', 'v', 'U', 'C']).chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Returns `true` if a file's name is that of a migration for martydb.
pub fn is_plain_name(file: &str) -> bool {
    parse(file).is_ok() || matches!(repeatable(file), Some(Ok(_)))
}

/// Suggests the nearest valid name.
fn rename(file: &str) -> String {
    let lower = file.to_ascii_lowercase();
    let (stem, suffix) = match lower.strip_suffix(".down.sql") {
        Some(stem) => (stem, ".down.sql"),
        None => (lower.strip_suffix(".sql").unwrap_or(&lower), ".sql"),
    };
    let stem = stem.trim_start_matches(['v', 'u']);
    let digits: String = stem.chars().take_while(char::is_ascii_digit).collect();
    let name = sanitize(&stem[digits.len()..]);
    match digits.parse::<i64>() {
        Ok(version) if !name.is_empty() && lower.ends_with(".sql") => {
            format!("rename it to V{version}__{name}{suffix}")
        }
        _ => "name it V<version>__<name>.sql, or move it out of the folder".into(),
    }
}

/// Converts text to the name of a migration, empty if nothing is left: letters of any script, without accents,
/// and digits.
pub(crate) fn sanitize(text: &str) -> String {
    let mut name = String::new();
    for c in text.to_lowercase().nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            '0'..='9' => name.push(c),
            c if c.is_alphabetic() => name.push(c),
            _ if name.ends_with('_') || name.is_empty() => {}
            _ => name.push('_'),
        }
    }
    name.trim_end_matches('_').into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_fit() {
        for (file, version, name, direction) in [
            ("V1__init.sql", 1, "init", Direction::Up),
            ("V1__init.down.sql", 1, "init", Direction::Down),
            ("V007__Ünïcode_2.sql", 7, "Ünïcode_2", Direction::Up),
            ("V9223372036854775807__max.sql", i64::MAX, "max", Direction::Up),
            ("V20250101120000___x.sql", 20250101120000, "_x", Direction::Up),
        ] {
            assert_eq!(parse(file), Ok(FileName { version, name: name.into(), direction }), "{file}");
        }
    }

    #[test]
    fn a_message_keeps_its_letters_in_the_name() {
        for (message, name) in [
            ("Add user consent", "add_user_consent"),
            ("\u{fc}n\u{ef}code 漢字", "unicode_漢字"),
            ("u\u{308}ber -- 2nd", "uber_2nd"),
            ("--", ""),
        ] {
            assert_eq!(sanitize(message), name);
            assert!(name.is_empty() || parse(&format!("V1__{name}.sql")).is_ok(), "{name}");
        }
    }

    #[test]
    fn repeatable_names_differ_from_versioned_ones() {
        assert_eq!(repeatable("R__All_views.sql"), Some(Ok("All_views".into())));
        for file in ["V1__x.sql", "readme.md", "R1__x.sql", "report.sql"] {
            assert_eq!(repeatable(file), None, "{file}");
        }
        for (file, fix) in [
            ("R_x.sql", "R__x.sql"),
            ("r__x.sql", "R__x.sql"),
            ("R__a-b.sql", "R__a_b.sql"),
            ("R__x.down.sql", "never undone"),
        ] {
            let (_, found) = repeatable(file).unwrap().expect_err(file);
            assert!(found.contains(fix), "{file}: {found}");
        }
    }

    #[test]
    fn misfits_are_named_and_a_fitting_name_is_offered() {
        for (file, what, fix) in [
            ("V1_init.sql", "two underscores", "V1__init.sql"),
            ("v2__init.sql", "capital V", "V2__init.sql"),
            ("V1__add-user.down.sql", "characters", "V1__add_user.down.sql"),
            ("V1.1__x.sql", "two underscores", "V1__1_x.sql"),
            ("U2__x.sql", "unversioned", "V2__x.sql"),
            ("V9223372036854775808__x.sql", "64 bits", "name it"),
            ("V__x.sql", "no version", "name it"),
            ("V1__.sql", "no name", "name it"),
            ("README.md", ".sql", "move it out"),
            ("V1__x.SQL", ".sql", "V1__x.sql"),
            ("V1__x.sql~", ".sql", "move it out"),
            ("V١__x.sql", "no version", "name it"),
            ("|1__x.sql", "capital V", "name it"),
            ("0001_init.sql", "capital V", "V1__init.sql"),
            (".sql", "capital V", "name it"),
        ] {
            let misfit = parse(file).expect_err(file);
            assert!(misfit.0.contains(what) && misfit.1.contains(fix), "{file}: {misfit:?}");
        }
    }

    proptest! {
        #[test]
        fn no_name_panics_and_a_fitting_one_is_read_as_refinery_reads_it(file in r"(V|v|U|\|)?[0-9.١]{0,4}_{0,3}.{0,6}(\.down)?(\.sql)?") {
            if let Ok(read) = parse(&file) {
                let stem = file.trim_end_matches(".sql").trim_end_matches(".down");
                let (_, version, name) = refinery_core::parse_migration_name(stem).unwrap();
                prop_assert_eq!((version, name), (read.version, read.name));
            }
        }
    }
}
