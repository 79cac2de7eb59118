//! PostgreSQL's client programs, with a login that acts as another role. The password is only in
//! the environment of the child, which gets no other variable of martydb's environment than `PATH`.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{ChildStderr, Command};

use super::archive_step::{ArchiveStep, is_progress, parse_step};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::text::printable;
use martydb_os::process_group::ProcessGroup;
use martydb_pg::server::{ActingLogin, program_options};
use martydb_pg::silence::connect_timeout;
use martydb_pg::wire::{Endpoint, Host, interrupt};

/// First major whose clients can be restricted to SCRAM by `require_auth`.
/// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-REQUIRE-AUTH>
const REQUIRES_AUTH: u32 = 16;

/// Setting of the programs' sessions.
pub(crate) const NO_TIMEOUT: (&str, &str) = ("statement_timeout", "0");

/// Lines of an error that are shown.
const KEPT_LINES: usize = 8;

/// Interval between checks for a signal while a program runs.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(100);

/// Returns the version that a program prints, such as `15.20 (Debian 15.20-0+deb12u1)`; `None` if it is another
/// program.
#[martydb_pg::boxed]
pub(crate) async fn version(path: &Path, name: &str) -> Option<String> {
    let output =
        Command::new(path).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().strip_prefix(name)?.strip_prefix(" (PostgreSQL) ")?.to_owned())
}

/// Returns `15` for `15.20 (Debian …)`, `18` for `18beta1`.
pub(crate) fn number(version: &str) -> Option<u32> {
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

/// Returns a command with an environment of only `PATH`.
pub(crate) fn bare(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

/// Returns a command of this version that will log in to the database.
///
/// # Errors
/// If it would send the password to any server that requests it, and the server's identity is not verified.
pub(crate) fn logging_in(program: &Path, version: &str, target: ActingLogin<'_>) -> Result<Command> {
    if answers_anything(version, target.endpoint) && target.login.password.is_some() {
        return Err(Error::operation(format!("{} may not log in to {}", program.display(), target.endpoint))
            .cause(format!(
                "it has version {version}, and sends the password in clear text to a server that requests it"
            ))
            .hint(format!("install PostgreSQL's client programs of version {REQUIRES_AUTH} or newer"))
            .hint(
                "or verify the server's certificate: sslmode=verify-full and sslrootcert in the server's URL",
            ));
    }
    let mut command = bare(program);
    command.envs(variables(target));
    Ok(command)
}

/// Returns `true` if a client of this version cannot be restricted to SCRAM, and the server is not verified.
fn answers_anything(version: &str, endpoint: &Endpoint) -> bool {
    let can_be_held = number(version).is_some_and(|major| major >= REQUIRES_AUTH);
    !can_be_held && !endpoint.is_safe()
}

/// Receiver of the steps of a program.
pub type StepListener<'a> = dyn Fn(ArchiveStep<'_>) + Sync + 'a;

/// Runs a program to its end and returns its output. A signal to martydb ends it.
///
/// # Errors
/// If it fails, with its error output.
pub(crate) async fn run(command: Command, program: &Path, stdin: Stdio, stdout: Stdio) -> Result<Vec<u8>> {
    run_told(command, program, [stdin, stdout], &|_| ()).await
}

/// Runs a program likewise; it tells its steps if it gets `--verbose`.
///
/// # Errors
/// As [`run`].
#[martydb_pg::boxed]
pub(crate) async fn run_told(
    mut command: Command,
    program: &Path,
    [stdin, stdout]: [Stdio; 2],
    listener: &StepListener<'_>,
) -> Result<Vec<u8>> {
    command.stdin(stdin).stdout(stdout).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
    let failed = |why: String| Error::operation(format!("{} failed", program.display())).cause(why);
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let _group = ProcessGroup::led_by(&child);
    let stderr = child.stderr.take();
    let mut end = Box::pin(async { tokio::join!(child.wait_with_output(), listen(stderr, listener)) });
    let (output, stderr) = loop {
        match tokio::time::timeout(SIGNAL_INTERVAL, &mut end).await {
            Ok(end) => break end,
            Err(_) if interrupt::signal().is_none() => {}
            Err(_) => {
                return Err(Error::new(Kind::Interrupted, format!("{} was stopped", program.display())));
            }
        }
    };
    let Output { status, stdout, .. } = output.map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(stdout);
    }
    Err(failed(stderr.join("; ")))
}

/// Reads what a program prints to its end; returns the first lines that are no progress, with the operation and the error.
async fn listen(stderr: Option<ChildStderr>, listener: &StepListener<'_>) -> Vec<String> {
    let mut kept = vec![];
    let Some(mut stderr) = stderr.map(BufReader::new) else { return kept };
    let mut line = vec![];
    while stderr.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if let Some(step) = parse_step(text) {
            listener(step);
        }
        if kept.len() < KEPT_LINES && !text.is_empty() && !is_progress(text) {
            kept.push(printable(text));
        }
        line.clear();
    }
    kept
}

/// Returns libpq's variables: <https://www.postgresql.org/docs/current/libpq-envars.html>.
fn variables(target: ActingLogin<'_>) -> Vec<(&'static str, String)> {
    let (endpoint, tls) = (target.endpoint, &target.endpoint.tls);
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
        ("PGCONNECT_TIMEOUT", connect_timeout().as_secs().max(2).to_string()),
        ("PGSSLMODE", tls.mode.name().into()),
        ("PGCHANNELBINDING", tls.binding.name().into()),
        // The server must not request the password in clear text.
        ("PGREQUIREAUTH", "scram-sha-256".into()),
        ("PGOPTIONS", program_options(&[NO_TIMEOUT])),
    ];
    all.extend(
        target.login.password.as_ref().map(|password| ("PGPASSWORD", password.expose_secret().into())),
    );
    match &tls.root_certificate {
        Some(root) => all.push(("PGSSLROOTCERT", path(root))),
        None if tls.verifies() => all.push(("PGSSLROOTCERT", "system".into())),
        None => {}
    }
    all.extend(tls.client_certificate.as_ref().map(|file| ("PGSSLCERT", path(file))));
    all.extend(tls.client_key.as_ref().map(|file| ("PGSSLKEY", path(file))));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_pg::wire::{Tls, TlsMode};

    #[test]
    fn versions_are_read() {
        assert_eq!(number("15.20 (Debian 15.20-0+deb12u1)"), Some(15));
        assert_eq!(number("18beta1"), Some(18));
        assert_eq!(number("x"), None);
    }

    #[test]
    fn an_older_client_logs_in_only_where_the_server_is_known() {
        let socket = || Host::Socket("/run/postgresql".into());
        let tcp = |host: &str| Host::Tcp(host.into());
        for (version, host, mode, refused) in [
            ("15.20 (Debian)", tcp("db.example.org"), TlsMode::Prefer, true),
            ("15.20 (Debian)", tcp("10.0.0.1"), TlsMode::Require, true),
            ("unknown", tcp("10.0.0.1"), TlsMode::Disable, true),
            ("15.20 (Debian)", tcp("db.example.org"), TlsMode::VerifyFull, false),
            ("15.20 (Debian)", tcp("127.0.0.1"), TlsMode::Disable, false),
            ("15.20 (Debian)", tcp("localhost"), TlsMode::Prefer, false),
            ("15.20 (Debian)", socket(), TlsMode::Prefer, false),
            ("16.14", tcp("db.example.org"), TlsMode::Prefer, false),
            ("18beta1", tcp("10.0.0.1"), TlsMode::Disable, false),
        ] {
            let endpoint = Endpoint { host, port: 5432, tls: Tls { mode, ..Tls::default() } };
            assert_eq!(answers_anything(version, &endpoint), refused, "{version} at {endpoint}");
        }
    }
}
