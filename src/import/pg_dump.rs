//! Runs `pg_dump` as a service's migrator, acting as the owner. The password goes through the environment of the child
//! alone, and nothing of our own environment goes to it but `PATH`.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use secrecy::ExposeSecret;
use tokio::process::Command;

use crate::embedded::program_folders;
use crate::error::{Error, Result};
use crate::migrate::MigrationTarget;
use crate::process_group::ProcessGroup;
use crate::report::printable;
use crate::wire::{Host, TlsMode};

/// A program that can dump a server.
#[derive(Debug, Clone)]
pub struct DumpProgram {
    pub path: PathBuf,
    /// As it says itself: `15.20 (Debian 15.20-0+deb12u1)`.
    pub version: String,
}

/// Finds a `pg_dump` that is not older than the server, which it would refuse.
///
/// # Errors
/// [`Kind::Operation`](crate::error::Kind::Operation) if there is none, with those that are too old.
pub async fn find(major: u32) -> Result<DumpProgram> {
    let mut passed = vec![];
    let mut seen = std::collections::BTreeSet::new();
    for path in program_folders().into_iter().map(|folder| folder.join("pg_dump")) {
        if !path.is_file() || !seen.insert(path.clone()) {
            continue;
        }
        match version(&path, "pg_dump").await {
            Some(version) if number(&version).is_some_and(|found| found >= major) => {
                return Ok(DumpProgram { path, version });
            }
            Some(version) => passed.push(format!("{} is of version {version}", path.display())),
            None => passed.push(format!("{} cannot be run", path.display())),
        }
    }
    Err(Error::operation(format!("there is no pg_dump for a server of version {major}")).causes(passed).hint(
        format!("install PostgreSQL's client programs of version {major} or newer, or put them on PATH"),
    ))
}

pub(super) async fn version(path: &Path, name: &str) -> Option<String> {
    let output =
        Command::new(path).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().strip_prefix(name)?.strip_prefix(" (PostgreSQL) ")?.to_owned())
}

/// `15` of `15.20 (Debian …)`, `18` of `18beta1`.
pub(super) fn number(version: &str) -> Option<u32> {
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

/// What a dump holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DumpExtent {
    Schema,
    /// With the rows, each as a statement, and without large objects.
    WithRows,
}

/// What a dump leaves out.
#[derive(Debug, Clone, Copy)]
pub struct DumpWithout<'a> {
    /// Schema and name.
    pub relations: &'a [(String, String)],
    pub schemas: &'a [String],
}

/// Dumps a service's database.
///
/// # Errors
/// If the program fails, with its words.
pub async fn dump(
    program: &DumpProgram,
    target: &MigrationTarget,
    extent: DumpExtent,
    without: DumpWithout<'_>,
) -> Result<String> {
    let failed = |why: String| Error::operation(format!("{} failed", program.path.display())).cause(why);
    let child =
        command(program, target, extent, without).spawn().map_err(|error| failed(error.to_string()))?;
    let _group = ProcessGroup::of(&child);
    let Output { status, stdout, stderr } =
        child.wait_with_output().await.map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        let words = String::from_utf8_lossy(&stderr);
        let why: Vec<String> = words.lines().filter(|line| !line.is_empty()).take(6).map(printable).collect();
        return Err(failed(why.join("; ")));
    }
    String::from_utf8(stdout).map_err(|_| failed("it printed something that is not UTF-8".into()))
}

fn command(
    program: &DumpProgram,
    target: &MigrationTarget,
    extent: DumpExtent,
    without: DumpWithout<'_>,
) -> Command {
    let mut command = Command::new(&program.path);
    let extent: &[&str] = match extent {
        DumpExtent::Schema => &["--schema-only"],
        DumpExtent::WithRows => &["--inserts", "--no-blobs"],
    };
    command
        .args(extent)
        .args(["--no-owner", "--no-privileges", "--no-subscriptions", "--no-password"])
        .args(["--encoding=UTF8", "--exclude-schema=martydb"])
        .arg(format!("--role={}", target.owner))
        .args(
            without
                .relations
                .iter()
                .map(|(schema, name)| format!("--exclude-table={}.{}", pattern(schema), pattern(name))),
        )
        .args(without.schemas.iter().map(|schema| format!("--exclude-schema={}", pattern(schema))))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .env_clear();
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(variables(target));
    command
}

/// A name in pg_dump's patterns, where quotes take the meaning from `*`, `?` and `|`.
fn pattern(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// libpq's variables: <https://www.postgresql.org/docs/current/libpq-envars.html>.
pub(super) fn variables(target: &MigrationTarget) -> Vec<(&'static str, String)> {
    let (endpoint, tls) = (&target.endpoint, &target.endpoint.tls);
    let host = match &endpoint.host {
        Host::Tcp(host) => host.clone(),
        Host::Socket(folder) => folder.display().to_string(),
    };
    let path = |path: &PathBuf| path.display().to_string();
    let mut all = vec![
        ("LC_ALL", "C".into()),
        ("PGHOST", host),
        ("PGPORT", endpoint.port.to_string()),
        ("PGUSER", target.login.role.clone()),
        ("PGDATABASE", target.database.to_string()),
        ("PGAPPNAME", "martydb".into()),
        ("PGCONNECT_TIMEOUT", "10".into()),
        ("PGSSLMODE", tls.mode.name().into()),
        // The server may not ask for the password in the clear.
        ("PGREQUIREAUTH", "scram-sha-256".into()),
        ("PGOPTIONS", "-c statement_timeout=0 -c quote_all_identifiers=off".into()),
    ];
    all.extend(
        target.login.password.as_ref().map(|password| ("PGPASSWORD", password.expose_secret().into())),
    );
    match &tls.root_certificate {
        Some(root) => all.push(("PGSSLROOTCERT", path(root))),
        None if matches!(tls.mode, TlsMode::VerifyCa | TlsMode::VerifyFull) => {
            all.push(("PGSSLROOTCERT", "system".into()));
        }
        None => {}
    }
    all.extend(tls.client_certificate.as_ref().map(|file| ("PGSSLCERT", path(file))));
    all.extend(tls.client_key.as_ref().map(|file| ("PGSSLKEY", path(file))));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_patterns() {
        assert_eq!(number("15.20 (Debian 15.20-0+deb12u1)"), Some(15));
        assert_eq!(number("18beta1"), Some(18));
        assert_eq!(number("x"), None);
        assert_eq!(pattern("a\"b*"), "\"a\"\"b*\"");
    }
}
