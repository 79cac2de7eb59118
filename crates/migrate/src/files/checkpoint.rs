//! A checkpoint, `C<version>__checkpoint.sql`: a file that a new database runs instead of the migrations up to
//! that version. `squash` writes it.
//!
//! refinery, and every other tool that reads `V<version>__<name>.sql`, ignores it: for them the folder is
//! unchanged as long as the replaced files are present. The header lists the replaced migrations with both
//! checksums, because their texts may be gone: the rows of a database that ran them are compared with it, and a
//! new database gets the same rows. A digest detects edits, which nothing else would.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::directive::Mode;
use super::problem::FileProblem;
use super::replaced::Replaced;
use super::source::{self, Migration, MigrationFile};
use martydb_model::hex;

#[derive(Debug, Clone)]
pub struct Checkpoint {
    pub file: MigrationFile,
    /// Replaced migrations by version, the lowest first; never empty.
    pub replaces: Vec<Replaced>,
}

impl Checkpoint {
    /// Returns the last version that it replaces.
    pub fn version(&self) -> i64 {
        self.replaces.last().map_or(0, |last| last.version)
    }

    pub fn replaced(&self, version: i64) -> Option<&Replaced> {
        self.replaces.iter().find(|replaced| replaced.version == version)
    }

    /// Returns problems of files up to its version that differ from those it replaces.
    pub fn disagreements(&self, files: &[&Migration]) -> Vec<FileProblem> {
        let name = file_name(self.version());
        let older = files.iter().filter(|file| file.version <= self.version());
        let problem = |file: &&Migration| match self.replaced(file.version) {
            Some(replaced) if *replaced == file.as_replaced() => None,
            Some(_) => {
                let fix = "restore it from version control, or remove it";
                Some(FileProblem::refused(
                    &file.up.path,
                    format!("is not the file that {name} replaces"),
                    fix,
                ))
            }
            None => {
                let what = format!("is older than {name}, which does not contain it");
                let fix = format!("give it a version above {}", self.version());
                Some(FileProblem::refused(&file.up.path, what, fix))
            }
        };
        older.filter_map(problem).collect()
    }

    /// Returns the migration that a new database runs instead of the replaced ones, with the version and the
    /// name of the last.
    pub fn migration(&self) -> Migration {
        Migration {
            version: self.version(),
            name: self.replaces.last().map(|last| last.name.clone()).unwrap_or_default(),
            up: self.file.clone(),
            down: None,
            waived: vec![],
            replaces: self.replaces.clone(),
        }
    }
}

/// Returns the name of the file.
pub fn file_name(version: i64) -> String {
    format!("C{version}__checkpoint.sql")
}

/// Returns the version of a checkpoint's file name; `None` for other names.
pub fn version_of(file: &str) -> Option<i64> {
    let version = file.strip_prefix('C')?.strip_suffix("__checkpoint.sql")?.parse().ok()?;
    (file_name(version) == file).then_some(version)
}

const MARK: &str = "-- checkpoint ";
const REPLACES: &str = "-- replaces ";

/// Returns the text of a checkpoint. `origin` names the source of the body.
pub fn write(replaces: &[Replaced], origin: &str, body: &str) -> String {
    let list: String = replaces.iter().map(|one| format!("{REPLACES}{one}\n")).collect();
    let guarded = format!("{list}\n{}\n", body.trim());
    format!(
        "-- {origin}\n-- Written by `martydb squash`; an edit is refused.\n{MARK}{}\n{guarded}",
        digest(&guarded)
    )
}

/// Returns the digest. Line ends do not count, because version control may change them.
fn digest(guarded: &str) -> String {
    hex::encode(Sha256::digest(guarded.replace("\r\n", "\n")))
}

/// Reads one, or returns all its problems.
pub fn read(path: &Path, version: i64, bytes: Vec<u8>) -> Result<Checkpoint, Vec<FileProblem>> {
    let file = source::read(path, bytes)?;
    let refused = |what: &str| {
        let fix = "restore it from version control, or remove it and write it again with `martydb squash` from the files \
                   that it replaces";
        Err(vec![FileProblem::refused(path, what, fix)])
    };
    let Some((guarded, noted)) = guarded(&file.text) else {
        return refused("is not a checkpoint: its header is not that of `martydb squash`");
    };
    if digest(guarded) != noted {
        return refused("was edited after `martydb squash` wrote it");
    }
    let lines = guarded.lines().map_while(|line| line.strip_prefix(REPLACES));
    let Some(replaces) = lines.map(Replaced::read).collect::<Option<Vec<_>>>() else {
        return refused("contains an invalid `-- replaces` line");
    };
    let ascending = replaces.is_sorted_by(|one, next| one.version < next.version);
    if !ascending || replaces.last().is_none_or(|last| last.version != version) {
        return refused("does not replace the versions up to that of its name");
    }
    if file.directives.mode == Mode::NoTransaction {
        return refused("is declared to run outside a transaction");
    }
    Ok(Checkpoint { file, replaces })
}

/// Returns the text that the digest covers, and the digest.
fn guarded(text: &str) -> Option<(&str, &str)> {
    let at = text.lines().take(4).find(|line| line.starts_with(MARK))?;
    let start = at.as_ptr() as usize - text.as_ptr() as usize;
    let rest = text[start..].split_once('\n')?.1;
    Some((rest, at.strip_prefix(MARK)?.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::refinery::{VersionType, checksum};

    fn text() -> String {
        let replaces = [(1, "SELECT 1;"), (20_250_101_120_000, "SELECT 2;")]
            .map(|(version, sql)| Replaced::new(version, "a_b", sql));
        write(&replaces, "from here", "CREATE TABLE t (a int);\n")
    }

    fn wrong(version: i64, text: &str) -> String {
        let problems = read(Path::new("C1__checkpoint.sql"), version, text.into()).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_written_file_is_read_with_both_line_endings() {
        for text in [text(), text().replace('\n', "\r\n")] {
            let read = read(Path::new("x"), 20_250_101_120_000, text.into()).unwrap();
            assert_eq!((read.replaces.len(), read.version()), (2, 20_250_101_120_000));
            assert_eq!(read.replaced(1), Some(&Replaced::new(1, "a_b", "SELECT 1;")));
            let first = read.replaced(1).unwrap();
            assert!(first.is("a_b", &checksum(VersionType::Int4, 1, "a_b", "SELECT 1;")));
            assert!(first.is("a_b", &checksum(VersionType::Int8, 1, "a_b", "SELECT 1;")));
            assert!(!first.is("b", first.checksum(VersionType::Int8)) && !first.is("a_b", "1"));
            assert_eq!(read.file.statements.len(), 1);
        }
    }

    #[test]
    fn an_edit_anywhere_is_refused() {
        let (text, version) = (text(), 20_250_101_120_000);
        assert!(wrong(1, &text).contains("does not replace the versions"));
        for (from, to) in
            [("a int", "a bigint"), ("V1__a_b", "V1__a_c"), ("-- replaces V1", "-- replaces V2")]
        {
            assert!(
                text.contains(from) && wrong(version, &text.replace(from, to)).contains("was edited"),
                "{from}"
            );
        }
        assert!(wrong(version, &text.replace("-- checkpoint", "-- check")).contains("is not a checkpoint"));
        assert!(wrong(version, "CREATE TABLE t (a int);").contains("is not a checkpoint"));
    }

    #[test]
    fn names_of_checkpoints() {
        assert_eq!(version_of(&file_name(12)), Some(12));
        assert!(refinery_core::parse_migration_name("C12__checkpoint").is_err());
        for other in [
            "C012__checkpoint.sql", "C1__x.sql", "V1__checkpoint.sql", "C__checkpoint.sql",
            "C+1__checkpoint.sql",
        ] {
            assert_eq!(version_of(other), None, "{other}");
        }
    }
}
