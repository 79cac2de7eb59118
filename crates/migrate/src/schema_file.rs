//! `schema.sql` beside a service's migrations: its schema after the last run that changed it, for review and
//! version control. Written if the manifest contains `dump_schema: true`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::engine::session;
use super::history::schema_text;
use super::target::MigrationTarget;
use crate::files::read_text;
use martydb_model::error::{Error, Result};
use martydb_os::replace_file::{Readers, replace_file, unwritable};

const MARK: &str = "-- The schema of ";

/// Returns `<folder>/../schema.sql` for a folder named `migrations`; else the file name begins with the
/// folder's name, because folders of other services may be beside it.
pub fn schema_path(migrations: &Path) -> PathBuf {
    match migrations.file_name().and_then(|name| name.to_str()) {
        Some("migrations") | None => migrations.with_file_name("schema.sql"),
        Some(name) => migrations.with_file_name(format!("{name}.schema.sql")),
    }
}

/// Writes the file if its contents changed. `version` is the database's version.
///
/// # Errors
/// If the database cannot be read or the file cannot be written. A file that martydb did not write is not replaced.
pub async fn write_schema(target: &MigrationTarget, version: Option<i64>, wait: Duration) -> Result<()> {
    let mut reader = session::reader(target, wait).await?;
    let at = version.map_or_else(|| "without migrations".to_owned(), |version| format!("at V{version}"));
    let head = format!("{MARK}{} {at}, written by martydb for review. Do not edit.", target.service);
    let text = schema_text(&mut reader, &head).await;
    reader.close().await;
    let (text, path) = (text?, schema_path(&target.folder));
    match read_text(&path) {
        Ok(present) if present == text => return Ok(()),
        Ok(present) if !present.starts_with(MARK) => {
            return Err(Error::operation(format!("{} was not written by martydb", path.display()))
                .hint("move it, or remove `dump_schema` from the manifest"));
        }
        _ => {}
    }
    replace_file(&path, &text, Readers::All).map_err(unwritable(&path))
}

/// Returns the version at which the file was written: `None` if it is missing or not martydb's, `Some(0)` if it
/// has no version.
pub fn schema_version(migrations: &Path) -> Option<i64> {
    let text = read_text(&schema_path(migrations)).ok()?;
    let head = text.lines().next()?.strip_prefix(MARK)?;
    let version = head.split_once(" at V").and_then(|(_, rest)| rest.split(',').next()?.parse().ok());
    Some(version.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lies_beside_the_migrations() {
        for (folder, file) in [("a/migrations", "a/schema.sql"), ("sql/csca", "sql/csca.schema.sql")] {
            assert_eq!(schema_path(Path::new(folder)), Path::new(file));
        }
    }

    #[test]
    fn its_first_line_has_the_version() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("migrations");
        assert_eq!(schema_version(&folder), None);
        for (head, version) in [
            ("-- The schema of a at V12, written by martydb for review. Do not edit.", Some(12)),
            ("-- The schema of a without migrations, written by martydb", Some(0)),
            ("CREATE TABLE t ();", None),
        ] {
            std::fs::write(dir.path().join("schema.sql"), head).unwrap();
            assert_eq!(schema_version(&folder), version, "{head}");
        }
    }
}
