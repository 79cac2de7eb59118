//! Readiness of a server for the admin's login. A socket that answers may be that of a server which is about to die, and
//! a server that another account started may not know this account.

use std::time::Duration;

use rustix::process::{Signal, kill_process};

use super::layout::Layout;
use super::liveness::ServerProcess;
use super::settings::{self, ADMIN};
use super::types::RunningServer;
use martydb_model::error::{Error, Result};
use martydb_model::sqlstate;
use martydb_pg::server::{Login, connect};

/// SQLSTATEs of a server that is starting or stopping.
const PASSING: &[&str] = &[sqlstate::ADMIN_SHUTDOWN, sqlstate::CRASH_SHUTDOWN, sqlstate::CANNOT_CONNECT_NOW];

/// SQLSTATE of a rejection by `pg_hba.conf` or `pg_ident.conf`.
const REFUSED: &str = sqlstate::INVALID_AUTHORIZATION;

const PAUSE: Duration = Duration::from_millis(50);

/// Tries the admin's login. Returns a transient error in `Ok`; other errors are left to the next login, which can report
/// its purpose.
pub(crate) async fn wait_ready(
    layout: &Layout,
    server: &ServerProcess,
    running: &RunningServer,
) -> Result<Option<Error>> {
    // The server rereads its files a moment after it was signalled.
    let mut tries = if authorize_os_user(layout, server)? { 40 } else { 0 };
    loop {
        let Err(error) = log_in(running).await else { return Ok(None) };
        match error.sqlstate.as_deref() {
            Some(REFUSED) if tries > 0 => tries -= 1,
            None => return Ok(Some(error)),
            Some(state) => return Ok(PASSING.contains(&state).then_some(error)),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn log_in(running: &RunningServer) -> Result<()> {
    connect(&running.admin, &Login::of_admin(ADMIN, None), ADMIN).await?.close().await;
    Ok(())
}

/// Adds this account to `pg_ident.conf`: root and the owner of the data may take turns, and the server accepts only the
/// one that started it. Returns `true` if it was missing. Nothing else of a running server is changed; `verify-isolation`
/// finds what others changed there.
fn authorize_os_user(layout: &Layout, server: &ServerProcess) -> Result<bool> {
    let folder = layout.folder()?;
    let known = folder.read("pg_ident.conf")?.unwrap_or_default();
    if known.contains(&settings::ident_line(&layout.me)) {
        return Ok(false);
    }
    folder.write("pg_ident.conf", &settings::ident(&layout.me, &layout.owner))?;
    let failed = |error| Error::operation("cannot make the server read pg_ident.conf").cause(error);
    kill_process(server.pid, Signal::HUP).map_err(failed)?;
    Ok(true)
}
