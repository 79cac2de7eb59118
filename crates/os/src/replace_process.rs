//! Replacement of this process by another program, which has the terminal, the signals and the exit code to itself. No memory
//! of ours that could contain a password remains.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// libpq's variables that determine a session's server, role and password
/// (<https://www.postgresql.org/docs/current/libpq-envars.html>).
const LEADING: &[&str] = &[
    "PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGPASSFILE", "PGREQUIREAUTH",
    "PGSERVICE", "PGSERVICEFILE", "PGSSLMODE", "PGSSLROOTCERT", "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS",
    "DATABASE_URL",
];

/// Starts the program in place of this one. It gets our environment plus `variables`, without the variables in `withheld`
/// and those of libpq that would lead to another server.
///
/// # Errors
/// Returns only if the program cannot be started.
pub fn replace(
    program: &OsStr,
    arguments: &[OsString],
    withheld: &[String],
    variables: &[(String, String)],
) -> io::Result<Infallible> {
    let mut command = Command::new(program);
    withheld.iter().map(String::as_str).chain(LEADING.iter().copied()).for_each(|name| {
        command.env_remove(name);
    });
    command.envs(variables.iter().map(|(name, value)| (name, value))).args(arguments);
    Err(command.exec())
}
