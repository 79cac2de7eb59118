//! Archives of whole databases, by `pg_dump` and `pg_restore` as a service's migrator, acting as the owner. The
//! archive of a move is an unnamed file: other accounts cannot read it and a killed run leaves nothing behind.
//! The archive of a backup is a folder, which several sessions write and read in parallel.

use std::fs::File;
use std::io::Seek;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;

use super::archive_entries::no_file;
use super::archive_files::{self, CONTENTS};
use super::client::{self, NO_TIMEOUT};
use super::search_path;
use martydb_model::error::{Error, Result};
use martydb_pg::backoff::Backoff;
use martydb_pg::server::{ActingLogin, program_options};

pub use super::archive_entries::{ArchiveEntry, EntryDependencies, dependencies, listed, parsed};
pub use super::archive_step::{ArchiveStep, LARGE_OBJECTS, ROWS, parse_step};
pub use super::client::StepListener;

pub use super::archive_programs::{ArchivePrograms, client_major, compression, find};

/// A column option reserved for servers: a `pg_dump` that does not know it writes it to the archive, and no
/// other server accepts it.
const INTERNAL_OPTION: &[u8] = b"pg_attver";

/// Error of a login whose connection limit is reached; the program prints no SQLSTATE, and a server with another
/// `lc_messages` says it in other words.
const LIMIT_REACHED: &str = "too many connections for role";

/// Wait for a place within the login's connection limit.
const LIMIT_PATIENCE: Duration = Duration::from_secs(30);

/// Application name of the programs' sessions.
pub const SESSION_NAME: &str = "martydb move";

/// Application name for backups, followed by the process ID of the session that holds the snapshot.
pub const BACKUP_SESSION: &str = "martydb backup";

/// Location of an archive.
enum ArchiveLocation {
    /// A file in the custom format.
    File(File),
    /// A folder in the directory format.
    Folder(PathBuf),
}

/// A database in the format of `pg_dump`.
pub struct Archive {
    place: ArchiveLocation,
    programs: ArchivePrograms,
}

/// Options for writing a folder.
#[derive(Clone, Copy)]
pub struct FolderDump<'a> {
    /// A snapshot exported by a session that is still open.
    pub snapshot: &'a str,
    /// Process ID of that session on the server.
    pub holder: i32,
    /// Number of sessions that read, in addition to the leading one.
    pub jobs: usize,
    /// Value of `--compress`.
    pub compression: &'a str,
    pub listener: &'a StepListener<'a>,
}

/// Leaves out what the data service records, which the admin owns and the migrator may not read.
pub(super) const NO_RECORDS: &str = "--exclude-schema=martydb_serve";

async fn folder_dump(
    programs: &ArchivePrograms,
    source: ActingLogin<'_>,
    folder: &Path,
    how: &FolderDump<'_>,
) -> Result<()> {
    let mut command = client::logging_in(&programs.dump, &programs.version, source)?;
    command
        .args(["--format=directory", "--no-subscriptions", "--no-password", "--no-sync", "--verbose"])
        .arg(format!("--compress={}", how.compression))
        .arg(format!("--jobs={}", how.jobs))
        .arg(format!("--snapshot={}", how.snapshot))
        .args(["--lock-wait-timeout=10s", NO_RECORDS])
        .arg(format!("--role={}", source.role))
        .arg("--file")
        .arg(folder)
        .env("PGAPPNAME", format!("{BACKUP_SESSION} {}", how.holder));
    let streams = [Stdio::null(), Stdio::null()];
    client::run_told(command, &programs.dump, streams, how.listener).await.map(drop)
}

impl Archive {
    /// Dumps a database with its rows.
    ///
    /// # Errors
    /// If the program fails, with its error output; or if its release is older than the server's, because no
    /// other server would accept the archive.
    pub async fn dump(
        programs: &ArchivePrograms,
        source: ActingLogin<'_>,
        listener: &StepListener<'_>,
    ) -> Result<Archive> {
        let mut command = client::logging_in(&programs.dump, &programs.version, source)?;
        command.args(["--compress=1", "--no-subscriptions", "--verbose", NO_RECORDS]);
        Archive::run(programs, source, command, listener).await
    }

    /// Dumps the schema of a database whose owners are not trusted, at a snapshot exported by a session that is
    /// still open.
    ///
    /// # Errors
    /// As [`Archive::dump`].
    pub async fn dump_schema(
        programs: &ArchivePrograms,
        source: ActingLogin<'_>,
        snapshot: &str,
        settings: &str,
    ) -> Result<Archive> {
        let mut command = client::logging_in(&programs.dump, &programs.version, source)?;
        command
            .args(["--schema-only", "--no-subscriptions", "--no-publications"])
            .args(["--exclude-schema=martydb", NO_RECORDS, "--exclude-schema=martydb_split"])
            .arg(format!("--snapshot={snapshot}"))
            .env("PGOPTIONS", settings);
        Archive::run(programs, source, command, &|_| ()).await
    }

    /// Runs the program with the options that all dumps have in common.
    async fn run(
        programs: &ArchivePrograms,
        source: ActingLogin<'_>,
        mut command: Command,
        listener: &StepListener<'_>,
    ) -> Result<Archive> {
        let file = tempfile::tempfile().map_err(no_file)?;
        command
            .args(["--format=custom", "--no-password", "--lock-wait-timeout=10s"])
            .arg(format!("--role={}", source.role))
            .env("PGAPPNAME", SESSION_NAME);
        let stdout = Stdio::from(file.try_clone().map_err(no_file)?);
        client::run_told(command, &programs.dump, [Stdio::null(), stdout], listener).await?;
        let archive = Archive { place: ArchiveLocation::File(file), programs: programs.clone() };
        archive.refuse_internals().await?;
        Ok(archive)
    }

    /// Returns SQL that creates these entries, without owners and privileges.
    ///
    /// # Errors
    /// If the program fails, or prints text that is not UTF-8.
    pub async fn script(&self, entries: &[&ArchiveEntry]) -> Result<String> {
        let list = listed(entries.iter().copied())?;
        let named = format!("--use-list={}", list.path().display());
        let text = self.read(&["--file=-", "--no-owner", "--no-privileges", &named]).await;
        let failed = || Error::operation(format!("{} failed", self.programs.restore.display()));
        String::from_utf8(text?).map_err(|_| failed().cause("its output is not UTF-8"))
    }

    /// Dumps a database with its rows into a new folder; waits while the login's connection limit is used up by other runs.
    ///
    /// # Errors
    /// As [`Archive::dump`].
    pub async fn dump_folder(
        programs: &ArchivePrograms,
        source: ActingLogin<'_>,
        folder: &Path,
        how: FolderDump<'_>,
    ) -> Result<Archive> {
        let pause = Duration::from_millis(200);
        let mut backoff = Backoff::until(Instant::now() + LIMIT_PATIENCE, pause, 5 * pause);
        while let Err(error) = folder_dump(programs, source, folder, &how).await {
            let is_limit = error.causes.iter().any(|cause| cause.contains(LIMIT_REACHED));
            if !(is_limit && backoff.wait().await) {
                return Err(error);
            }
            // Files of the failed attempt: the program refuses a folder that has files.
            if folder.exists() {
                std::fs::remove_dir_all(folder).map_err(no_file)?;
            }
        }
        let archive = Archive::in_folder(programs, folder);
        archive.check_files()?;
        archive.refuse_internals().await?;
        Ok(archive)
    }

    /// Returns the archive in a folder.
    pub fn in_folder(programs: &ArchivePrograms, folder: &Path) -> Archive {
        Archive { place: ArchiveLocation::Folder(folder.to_owned()), programs: programs.clone() }
    }

    /// Returns the bytes of the file with an entry's rows; `None` for an archive in one file.
    pub fn row_bytes(&self, entry: &ArchiveEntry) -> Option<u64> {
        let ArchiveLocation::Folder(folder) = &self.place else { return None };
        let size = |end: &str| std::fs::metadata(folder.join(format!("{}.dat{end}", entry.number))).ok();
        ["", ".gz", ".lz4", ".zst"].into_iter().find_map(size).map(|file| file.len())
    }

    /// Checks every file name in the archive before a program opens the files: an archive from a store may name
    /// any path.
    ///
    /// # Errors
    /// If it is not an archive as `pg_dump` writes it.
    pub fn check_files(&self) -> Result<()> {
        match &self.place {
            ArchiveLocation::File(_) => Ok(()),
            ArchiveLocation::Folder(folder) => archive_files::check(folder),
        }
    }

    /// Returns its entries, in the order in which they are restored.
    pub async fn entries(&self) -> Result<Vec<ArchiveEntry>> {
        Ok(parsed(&self.read(&["--list"]).await?))
    }

    /// Returns the numbers of the entries that each entry depends on.
    pub async fn dependencies(&self) -> Result<EntryDependencies> {
        Ok(dependencies(&self.read(&["--list", "--verbose"]).await?))
    }

    /// Restores all of the entries or fails, with this search path; from a folder, with `jobs` sessions in parallel.
    ///
    /// # Errors
    /// At the first statement that the server rejects, with the program's error output.
    pub async fn restore(
        &self,
        entries: &[ArchiveEntry],
        target: ActingLogin<'_>,
        search_path: &str,
        jobs: usize,
        listener: &StepListener<'_>,
    ) -> Result<()> {
        let list = listed(entries)?;
        self.keep_search_path().map_err(no_file)?;
        let programs = &self.programs;
        let mut command = client::logging_in(&programs.restore, &programs.version, target)?;
        command
            .arg(format!("--dbname={}", connection_value(target.database.as_str())))
            .args(["--exit-on-error", "--no-owner", "--no-password", "--verbose"])
            .arg(format!("--role={}", target.role))
            .arg("--use-list")
            .arg(list.path())
            .env("PGOPTIONS", program_options(&[NO_TIMEOUT, ("search_path", search_path)]))
            .env("PGAPPNAME", SESSION_NAME);
        if let ArchiveLocation::Folder(folder) = &self.place {
            command.arg(format!("--jobs={jobs}")).arg(folder);
        }
        let streams = [self.stdin()?, Stdio::null()];
        let end = client::run_told(command, &programs.restore, streams, listener).await;
        end.map(drop).map_err(archive_files::advised)
    }

    fn keep_search_path(&self) -> std::io::Result<()> {
        match &self.place {
            ArchiveLocation::File(file) => search_path::keep_that_of_the_session(file),
            ArchiveLocation::Folder(folder) => {
                search_path::keep_that_of_the_session(&search_path::open(&folder.join(CONTENTS))?)
            }
        }
    }

    async fn refuse_internals(&self) -> Result<()> {
        let schema = self.read(&["--schema-only", "--file=-"]).await?;
        if !schema.windows(INTERNAL_OPTION.len()).any(|bytes| bytes == INTERNAL_OPTION) {
            return Ok(());
        }
        let programs = &self.programs;
        Err(Error::operation(format!("{} is of an older release than the server", programs.dump.display()))
            .cause(format!(
                "it has version {}, and dumps a column option that is internal to the server",
                programs.version
            ))
            .hint("install PostgreSQL's client programs of the server's own version"))
    }

    async fn read(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let mut command = client::bare(&self.programs.restore);
        command.args(arguments);
        if let ArchiveLocation::Folder(folder) = &self.place {
            command.arg(folder);
        }
        client::run(command, &self.programs.restore, self.stdin()?, Stdio::piped()).await
    }

    /// Returns the file from its beginning; programs that get it share its position.
    fn stdin(&self) -> Result<Stdio> {
        let ArchiveLocation::File(file) = &self.place else { return Ok(Stdio::null()) };
        let mut file = file.try_clone().map_err(no_file)?;
        file.rewind().map_err(no_file)?;
        Ok(Stdio::from(file))
    }
}

/// Returns the database's name as a connection string, because the option parses a name with an equals sign as one.
fn connection_value(database: &str) -> String {
    format!("dbname='{}'", database.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_with_quotes_is_one_value() {
        assert_eq!(connection_value("o'x\\y"), "dbname='o\\'x\\\\y'");
    }
}
