//! Search for PostgreSQL's programs. Most systems keep them off `PATH`, one folder per major, so the usual folders are a
//! table; a program counts only if the server's account can run it.

mod beside;
mod folders;
mod missing;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub(crate) use missing::install_command;

use super::account::Account;
use super::child::{output, output_lines, program};
use martydb_model::error::{Error, Result};

/// Variable with the folder of the programs; it overrides every search.
const VARIABLE: &str = "MARTYDB_PG_BIN";

const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// Oldest major that martydb supports.
const OLDEST_MAJOR: u32 = 13;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Install {
    pub bin: PathBuf,
    /// Version as `SHOW server_version` returns it: `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    pub major: u32,
}

impl Install {
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum RequestedMajor<'a> {
    /// First installation that martydb supports, for a new cluster.
    Any,
    /// Installation of the major that created this data folder.
    Major(u32, &'a Path),
}

/// Finds the installation: only the one that [`VARIABLE`] names if it is set, else the first that fits.
pub(crate) async fn find(account: &Account, wanted: RequestedMajor<'_>) -> Result<Install> {
    let named = env::var_os(VARIABLE).filter(|value| !value.is_empty());
    let folders = match &named {
        Some(folder) => vec![named_folder(folder)?],
        None => usual_folders(account).await,
    };
    let mut passed = vec![];
    for bin in folders {
        match probe(account, &bin).await {
            Ok(install) if wanted.fits(&install) => return Ok(install),
            other => passed.push(other),
        }
    }
    Err(wanted.unmet(passed, named.is_some()))
}

fn named_folder(folder: &OsString) -> Result<PathBuf> {
    let bin = std::path::absolute(folder).unwrap_or_else(|_| folder.into());
    match PROGRAMS.iter().find(|program| !bin.join(program).is_file()) {
        None => Ok(bin),
        Some(program) => Err(Error::usage(format!("{VARIABLE} names {}", bin.display()))
            .cause(format!("that folder has no program \"{program}\""))
            .hint("name the folder that holds initdb, pg_ctl and postgres (pg_config --bindir prints it)")),
    }
}

/// Returns the folders that may contain PostgreSQL's programs, best first: the variable's, `PATH`, the usual ones, and those of
/// packages beside this program.
pub fn program_folders() -> Vec<PathBuf> {
    let named = env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).filter(|folder| folder.is_absolute()).collect::<Vec<_>>();
    let beside = beside::folders(&beside::own_program());
    named.into_iter().chain(on_path).chain(folders::known()).chain(beside).collect()
}

/// Returns the complete folders, best first, each once. The system's come before those of packages beside this program,
/// which lack the extensions of contrib.
async fn usual_folders(account: &Account) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> = vec![];
    let all = configured(account).await.into_iter().chain(folders::known()).chain(folders::on_path(&path));
    let all = all.chain(beside::folders(&beside::own_program()));
    for bin in all.filter(|bin| PROGRAMS.iter().all(|program| bin.join(program).is_file())) {
        if !found.contains(&bin) {
            found.push(bin);
        }
    }
    found
}

/// Returns the folder that `pg_config` prints, if it is installed.
async fn configured(account: &Account) -> Option<PathBuf> {
    let output = output(program(account, "pg_config").arg("--bindir")).await.ok();
    let output = output.filter(|output| output.status.success())?;
    output_lines(&output).first().map(PathBuf::from)
}

async fn probe(account: &Account, bin: &Path) -> Result<Install> {
    beside::complete(bin)?;
    let postgres = bin.join("postgres");
    let failed = || {
        Error::operation(format!("\"{}\" cannot run {}", account.name, postgres.display())).hint(format!(
            "an embedded server runs as \"{}\": let it enter every folder above the programs (chmod o+x), \
             or set {VARIABLE} to an installation that it can reach",
            account.name
        ))
    };
    let output = output(program(account, &postgres).arg("--version")).await;
    let output = output.map_err(|error| failed().cause(error))?;
    match version(&String::from_utf8_lossy(&output.stdout)) {
        Some((version, major)) => Ok(Install { bin: bin.into(), version, major }),
        None => Err(failed().causes(output_lines(&output))),
    }
}

/// Parses `postgres (PostgreSQL) 15.18 (Debian …)`: the version and its major.
fn version(line: &str) -> Option<(String, u32)> {
    let version = line.trim().split_once("(PostgreSQL) ")?.1;
    let major = version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    Some((version.into(), major))
}

impl RequestedMajor<'_> {
    fn fits(self, install: &Install) -> bool {
        match self {
            RequestedMajor::Any => install.major >= OLDEST_MAJOR,
            RequestedMajor::Major(major, _) => install.major == major,
        }
    }

    /// Returns the error that none of the found installations can be used, with the reason.
    fn unmet(self, passed: Vec<Result<Install>>, named: bool) -> Error {
        let (found, mut broken): (Vec<_>, Vec<_>) = passed.into_iter().partition(Result::is_ok);
        let found: Vec<_> = found.into_iter().flatten().map(|one| shown(&one)).collect();
        match (self, found.is_empty()) {
            (_, true) if !broken.is_empty() => broken.remove(0).expect_err("partitioned"),
            (RequestedMajor::Any, true) => missing::error(),
            (RequestedMajor::Any, false) => {
                Error::operation(format!("found only PostgreSQL {}", found.join(", ")))
                    .cause(format!("martydb needs {OLDEST_MAJOR} or later"))
                    .hint(missing::hint())
            }
            (RequestedMajor::Major(major, data), _) => other_major(major, data, &found.join(", "), named),
        }
    }
}

fn shown(install: &Install) -> String {
    format!("{} in {}", install.major, install.bin.display())
}

fn other_major(major: u32, data: &Path, found: &str, named: bool) -> Error {
    let found = if found.is_empty() { "none" } else { found };
    let source = if named { VARIABLE } else { "this system" };
    Error::operation(format!("no PostgreSQL {major} to start {} with", data.display()))
        .cause(format!("the data folder was made by PostgreSQL {major}, and {source} has: {found}"))
        .hint(format!("install PostgreSQL {major}, or set {VARIABLE} to its programs"))
        .hint("or recreate it (all data is lost): martydb dev destroy, then martydb dev up")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        for (line, expected) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 18beta1", Some(18)),
            ("postgres (PostgreSQL) 9.6.24", Some(9)),
            ("sh: postgres: Permission denied", None),
        ] {
            assert_eq!(version(line).map(|found| found.1), expected, "{line}");
        }
    }

    #[test]
    fn an_unmet_wish_names_both_sides() {
        let install =
            || Install { bin: "/usr/lib/postgresql/15/bin".into(), version: "15.18".into(), major: 15 };
        let error = RequestedMajor::Major(13, Path::new("/x/data")).unmet(vec![Ok(install())], false);
        assert!(error.to_string().contains("PostgreSQL 13"), "{error}");
        assert!(error.to_string().contains("15 in /usr/lib/postgresql/15/bin"), "{error}");
        assert!(RequestedMajor::Any.fits(&install()));
        assert!(!RequestedMajor::Any.fits(&Install { major: 12, ..install() }));
        let broken = Error::operation("cannot run");
        assert_eq!(RequestedMajor::Any.unmet(vec![Err(broken.clone())], true), broken);
    }

    #[test]
    fn a_named_folder_must_be_complete() {
        let folder = tempfile::tempdir().unwrap();
        let named = folder.path().as_os_str().to_owned();
        for program in PROGRAMS {
            let error = named_folder(&named).unwrap_err();
            assert_eq!(error.kind, martydb_model::error::Kind::Usage);
            assert!(error.to_string().contains(program), "{error}");
            std::fs::write(folder.path().join(program), "").unwrap();
        }
        assert_eq!(named_folder(&named).unwrap(), folder.path());
    }
}
