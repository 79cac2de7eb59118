//! Embedded servers: a PostgreSQL cluster beside the manifest that martydb creates, starts and finds again, or a Redis server.
//! Development and CI need only a checkout and the programs.
//!
//! The data folder is the only state: a settings file in it records the port and the socket, and an existing cluster stays
//! in its place. Services connect to 127.0.0.1 with a password (SCRAM); the admin connects through a socket in a folder of
//! the server's account, as one of two accounts of the operating system.
//!
//! - [`redis`]: Redis servers

mod account;
mod binaries;
mod child;
mod cluster;
mod files;
mod layout;
mod liveness;
mod lock;
mod log;
mod network;
mod port;
mod process;
mod readiness;
pub mod redis;
mod server_log;
mod settings;
mod types;

use std::fs::File;
use std::time::{Duration, Instant};

use layout::Layout;
use liveness::{Liveness, ServerProcess, inspect};
use martydb_model::error::{Error, Result};
use martydb_pg::wire::{Endpoint, Host, Tls, TlsMode};
use rustix::process::Signal;
use settings::{ADDRESS, ADMIN};

pub use binaries::program_folders;
pub use server_log::ServerLog;
pub use types::{EmbeddedEngine, Note, RunningServer, Spec, State, Status};

/// Time that a running server may reject the admin: longer than a start after a crash takes.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// Time that a killed process may take to disappear.
const DYING: Duration = Duration::from_secs(3);

/// Creates and starts a server of either engine.
pub async fn start(spec: &Spec, note: Note<'_>) -> Result<()> {
    match spec.engine {
        EmbeddedEngine::PostgreSql => up(spec, note).await.map(drop),
        EmbeddedEngine::Redis => redis::up(spec, note).await.map(drop),
    }
}

/// Creates the cluster if there is none and starts its server if it is down.
///
/// # Errors
/// If PostgreSQL's programs are missing or the server does not start; with its log and a hint.
#[martydb_pg::boxed]
pub async fn up<'a>(spec: &'a Spec, note: Note<'a>) -> Result<RunningServer> {
    let (_lock, mut layout) = lock(spec, note).await?;
    layout.check_engine(EmbeddedEngine::PostgreSql)?;
    let (began, mut started) = (Instant::now(), false);
    loop {
        match inspect(&layout)? {
            Liveness::Up(server) if server.ready => {
                let found = endpoints(&server, started);
                match readiness::wait_ready(&layout, &server, &found).await? {
                    Some(error) if began.elapsed() > PATIENCE => return Err(error),
                    Some(_) => tokio::time::sleep(PAUSE).await,
                    None => {
                        note_other_port(spec, &server, note);
                        return Ok(found);
                    }
                }
            }
            Liveness::Up(server) | Liveness::Unresponsive(server) if !server.ready => {
                process::wait_while_busy(&layout).await?
            }
            Liveness::Up(server) | Liveness::Unresponsive(server) => {
                note(format!("the socket of the server {} is gone; restarting it", layout.name));
                process::stop(&layout, &server, Signal::INT).await?;
            }
            Liveness::Unknown(server) if began.elapsed() > DYING => {
                return Err(unknown_process(&layout, &server));
            }
            Liveness::Unknown(_) => tokio::time::sleep(PAUSE).await,
            Liveness::StalePidFile => process::remove_stale_pid_file(&layout)?,
            Liveness::Down if started => return Err(vanished(&layout)),
            Liveness::Down => started = process::launch(&mut layout, spec, note).await?,
        }
    }
}

/// Reports that the manifest's port takes effect at the next start: a server in use is not restarted for it.
fn note_other_port(spec: &Spec, server: &ServerProcess, note: Note<'_>) {
    if let Some(wanted) = spec.port.filter(|wanted| *wanted != server.port) {
        note(format!(
            "the server {} still listens on port {}, and the manifest sets {wanted}: to change it, run \
             `martydb dev down`, then `martydb dev up`",
            spec.server, server.port
        ));
    }
}

/// Stops the server. Returns `false` if it was not running.
pub async fn down(spec: &Spec) -> Result<bool> {
    if !Layout::find(spec)?.exists {
        return Ok(false);
    }
    let (_lock, layout) = lock(spec, &mut |_| ()).await?;
    Ok(stop(&layout, Signal::INT).await? | redis::stop(&layout).await?)
}

pub fn status(spec: &Spec) -> Result<Status> {
    let layout = Layout::find(spec)?;
    let mut status = Status {
        server: spec.server.clone(),
        state: State::Absent,
        port: spec.port,
        socket_dir: None,
        data_dir: layout.data(),
        pid: None,
        server_version: None,
    };
    if layout.exists {
        let remembered = network::remembered(&layout)?;
        status.state = State::Stopped;
        status.port = spec.port.or(remembered.port);
        status.socket_dir = remembered.socket_dir;
        status.server_version = remembered.version;
    }
    if let Liveness::Up(server) | Liveness::Unresponsive(server) | Liveness::Unknown(server) =
        inspect(&layout)?
    {
        status.state = State::Running;
        status.port = Some(server.port);
        status.pid = u32::try_from(server.pid.as_raw_nonzero().get()).ok();
        status.socket_dir = Some(server.socket_dir);
    }
    if let Some(pid) = redis::find(&layout)? {
        status.state = State::Running;
        status.pid = u32::try_from(pid.as_raw_nonzero().get()).ok();
    }
    Ok(status)
}

/// Returns the server's log, whether it runs or not.
pub fn log(spec: &Spec) -> Result<ServerLog> {
    Ok(ServerLog::at(Layout::find(spec)?.log()))
}

/// Returns the server, if it is up. Starts nothing.
pub fn running(spec: &Spec) -> Result<Option<RunningServer>> {
    match inspect(&Layout::find(spec)?)? {
        Liveness::Up(server) if server.ready => Ok(Some(endpoints(&server, false))),
        _ => Ok(None),
    }
}

/// Stops the server and deletes its data. Returns `false` if there was none.
pub async fn destroy(spec: &Spec) -> Result<bool> {
    let found = Layout::find(spec)?;
    if !found.exists {
        process::end_orphan(&found, &mut |_| ()).await;
    }
    if !found.base.exists() {
        return Ok(false);
    }
    let (_lock, layout) = lock(spec, &mut |_| ()).await?;
    refuse_link(&layout)?;
    if layout.exists {
        stop(&layout, Signal::QUIT).await?;
        redis::stop(&layout).await?;
        let remembered = network::remembered(&layout)?;
        if let Some(folder) = remembered.socket_dir.filter(|folder| network::is_short(folder)) {
            files::remove(&folder)?;
        }
    }
    cluster::erase(&layout)?;
    cluster::leave(&layout)?;
    Ok(layout.exists)
}

/// Refuses a data folder that is a link. Its target may contain more than this server's data, and removing only the link
/// would leave that data there; the operator decides before anything is stopped.
fn refuse_link(layout: &Layout) -> Result<()> {
    let data = layout.data();
    let Ok(target) = std::fs::read_link(&data) else { return Ok(()) };
    let (data, target) = (data.display(), target.display());
    Err(Error::operation(format!("the data folder {data} is a link to {target}, nothing was touched"))
        .cause("what a link leads to is not deleted")
        .hint(format!(
            "stop the server with `martydb dev down`, delete that folder, then the link: rm {data}"
        )))
}

/// Takes the lock, and finds the layout again: another run may have created or deleted the cluster meanwhile.
async fn lock(spec: &Spec, note: Note<'_>) -> Result<(File, Layout)> {
    let lock = lock::acquire(&Layout::find(spec)?, note).await?;
    Ok((lock, Layout::find(spec)?))
}

async fn stop(layout: &Layout, signal: Signal) -> Result<bool> {
    let began = Instant::now();
    loop {
        match inspect(layout)? {
            Liveness::Up(server) | Liveness::Unresponsive(server) => {
                return process::stop(layout, &server, signal).await.map(|()| true);
            }
            Liveness::Unknown(server) if began.elapsed() > DYING => {
                return Err(unknown_process(layout, &server));
            }
            Liveness::Unknown(_) => tokio::time::sleep(PAUSE).await,
            Liveness::StalePidFile | Liveness::Down => return Ok(false),
        }
    }
}

fn endpoints(server: &ServerProcess, started: bool) -> RunningServer {
    // SCRAM proofs over loopback: TLS has nothing to hide, and there is no certificate to check.
    let tls = Tls { mode: TlsMode::Disable, ..Tls::default() };
    let endpoint = |host| Endpoint { host, port: server.port, tls: tls.clone() };
    RunningServer {
        admin: endpoint(Host::Socket(server.socket_dir.clone())),
        tcp: endpoint(Host::Tcp(ADDRESS.into())),
        admin_role: ADMIN.into(),
        started,
    }
}

fn unknown_process(layout: &Layout, server: &ServerProcess) -> Error {
    let pid = server.pid.as_raw_nonzero();
    Error::operation(format!("cannot tell whether the server {} runs", layout.name))
        .cause(format!("{} contains the process id {pid}", layout.data().join(liveness::PID_FILE).display()))
        .cause("it may be a server that was started elsewhere, as in another container, on the same data")
        .hint("stop that server; if there is none, delete the file")
}

fn vanished(layout: &Layout) -> Error {
    let what = format!("the embedded server {} stopped right after its start", layout.name);
    log::explain(Error::operation(what), layout)
}
