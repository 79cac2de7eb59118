//! Programs that write and read archives, of the version that fits both servers.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use futures_util::future::join_all;

use super::client::{self, number, version};
use martydb_embedded::program_folders;
use martydb_model::error::{Error, Result};

/// First major whose `pg_restore` sets `transaction_timeout`, which older servers do not know.
const SETS_NEWER: u32 = 17;

/// Programs of one version, which read each other's archives.
#[derive(Debug, Clone)]
pub struct ArchivePrograms {
    pub(crate) dump: PathBuf,
    pub(crate) restore: PathBuf,
    pub(crate) version: String,
}

/// Returns `true` if clients of this major can read a server of `source` and write to one of `target`.
fn fits(client: u32, source: u32, target: u32) -> bool {
    client >= source && (client <= target || target >= SETS_NEWER || client < SETS_NEWER)
}

/// Finds programs that read a server of major `source` and write to one of `target`; those nearest to the source.
///
/// # Errors
/// [`Kind::Operation`](martydb_model::error::Kind::Operation) if there are none, listing those that do not fit.
#[martydb_pg::boxed]
pub async fn find(source: u32, target: u32) -> Result<ArchivePrograms> {
    let (mut best, mut passed): (Option<(u32, ArchivePrograms)>, _) = (None, vec![]);
    for pairs in candidates() {
        let versions = join_all(pairs.iter().map(|(dump, restore)| both(dump, restore))).await;
        for ((dump, restore), version) in pairs.into_iter().zip(versions) {
            let folder = dump.parent().unwrap_or(&dump).display().to_string();
            let Some(version) = version else {
                passed.push(format!("the programs in {folder} cannot be run, or differ in version"));
                continue;
            };
            match number(&version).filter(|major| fits(*major, source, target)) {
                Some(major) if best.as_ref().is_none_or(|(best, _)| major < *best) => {
                    best = Some((major, ArchivePrograms { dump, restore, version }));
                }
                Some(_) => {}
                None => passed.push(format!("the programs in {folder} have version {version}")),
            }
        }
        if best.as_ref().is_some_and(|(major, _)| *major == source) {
            break;
        }
    }
    let to = if source == target { String::new() } else { format!(" and one of version {target}") };
    best.map(|(_, programs)| programs).ok_or_else(|| {
        Error::operation(format!("there are no pg_dump and pg_restore for a server of version {source}{to}"))
            .causes(passed)
            .hint(format!("install PostgreSQL's client programs of version {source}, or put them on PATH"))
    })
}

/// Returns the programs of each folder that has both, each folder once: binaries first, then scripts such as
/// Debian's, which choose a version at each start and take several times as long.
fn candidates() -> [Vec<(PathBuf, PathBuf)>; 2] {
    let folders: BTreeSet<PathBuf> =
        program_folders().into_iter().map(|folder| folder.canonicalize().unwrap_or(folder)).collect();
    let pairs = folders.into_iter().map(|folder| (folder.join("pg_dump"), folder.join("pg_restore")));
    let there = pairs.filter(|(dump, restore)| dump.is_file() && restore.is_file());
    let (scripts, programs) = there.partition(|(dump, restore)| is_script(dump) || is_script(restore));
    [programs, scripts]
}

fn is_script(program: &Path) -> bool {
    let mut start = [0; 2];
    File::open(program).and_then(|mut file| file.read_exact(&mut start)).is_ok_and(|()| start == *b"#!")
}

/// Returns the value of `--compress` for these programs: gzip is slow, but the only method before 16. A build
/// may lack the others, and reports that before it connects to a server.
pub async fn compression(programs: &ArchivePrograms) -> &'static str {
    const BEFORE_16: &str = "1";
    if number(&programs.version).is_none_or(|major| major < 16) {
        return BEFORE_16;
    }
    for method in ["zstd:1", "lz4"] {
        let mut command = client::bare(&programs.dump);
        command.args(["--format=directory", "--file=/dev/null/none", "--host=/dev/null/none", "--compress"]);
        command.arg(method);
        let said = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
        let lacks = |said: std::process::Output| {
            String::from_utf8_lossy(&said.stderr).contains("does not support compression")
        };
        if said.is_ok_and(|said| !lacks(said)) {
            return method;
        }
    }
    "gzip:1"
}

/// Returns the version if both programs have the same.
async fn both(dump: &Path, restore: &Path) -> Option<String> {
    let (dump, restore) = tokio::join!(version(dump, "pg_dump"), version(restore, "pg_restore"));
    (dump == restore).then_some(dump?)
}

/// Returns the major of a client's version string.
pub fn client_major(version: &str) -> Option<u32> {
    number(version)
}

impl ArchivePrograms {
    /// Returns the version as the programs print it.
    pub fn version(&self) -> &str {
        &self.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_fit_servers_that_they_know_and_that_know_them() {
        for (client, source, target, expected) in [
            (15, 15, 15, true),
            (15, 13, 15, true),
            (15, 13, 13, true),
            (14, 15, 15, false),
            (18, 15, 15, false),
            (18, 15, 17, true),
            (18, 15, 18, true),
            (17, 13, 16, false),
        ] {
            assert_eq!(fits(client, source, target), expected, "{client} for {source} to {target}");
        }
    }
}
