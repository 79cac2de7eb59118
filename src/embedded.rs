//! Embedded servers: a PostgreSQL cluster beside the manifest that martydb makes, starts and finds again, so
//! that a checkout and the PostgreSQL programs are all that development and CI need.
//!
//! The data folder is the only memory: which port and which socket stands in a settings file inside it, and a
//! cluster that exists is where it is. Services come in over 127.0.0.1 with a password (SCRAM); the admin comes
//! in through a socket in a folder of the server's account, as one of two accounts of the operating system.

mod account;
mod binaries;
mod child;
mod cluster;
mod files;
mod lock;
mod log;
mod network;
mod place;
mod port;
mod process;
mod pulse;
mod settings;

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::server::{Endpoint, Host, Login, Tls, TlsMode, connect};
use files::Folder;
pub use files::make_state_folder;
use lock::Lock;
use place::Place;
use pulse::{Pulse, Server, look};
use settings::{ADDRESS, ADMIN};

/// Takes short messages for people, as things happen.
pub type Note<'a> = &'a mut (dyn FnMut(String) + Send);

/// Which embedded server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Its key in the manifest.
    pub server: String,
    /// The environment.
    pub env: String,
    /// The manifest's folder.
    pub home: PathBuf,
    /// The port that the manifest asks for.
    pub port: Option<u16>,
}

/// How a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It runs.
    Running,
    /// It has data and does not run.
    Stopped,
    /// There is no data.
    Absent,
}

/// What `dev status` shows of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Its key in the manifest.
    pub server: String,
    /// How it is.
    pub state: State,
    /// Its port; of a stopped server, the one that it will try first.
    pub port: Option<u16>,
    /// The folder of its socket; of a stopped server, that of the last start.
    pub socket_dir: Option<PathBuf>,
    /// Where its data is, or would be.
    pub data_dir: PathBuf,
    /// Its process.
    pub pid: Option<u32>,
    /// The version that it was last started with.
    pub server_version: Option<String>,
}

/// A server that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The socket, for the admin.
    pub admin: Endpoint,
    /// The address, for services.
    pub tcp: Endpoint,
    /// The admin's role. It has no password and needs none on the socket.
    pub admin_role: String,
    /// Did this call start it?
    pub started: bool,
}

/// Makes the cluster if there is none and starts its server if it is down.
///
/// # Errors
/// Without PostgreSQL's programs, and when the server does not start; with what it said and what to do.
pub async fn up(spec: &Spec, note: Note<'_>) -> Result<Running> {
    let place = Place::find(spec)?;
    let _lock = Lock::take(&place, note).await?;
    // Somebody else may have made the cluster while we waited.
    let mut place = Place::find(spec)?;
    let mut started = false;
    loop {
        match look(&place)? {
            Pulse::Up(server) if server.ready => {
                admit(&place, &server).await?;
                return Ok(endpoints(&server, started));
            }
            Pulse::Up(server) | Pulse::Deaf(server) if !server.ready => process::settle(&place).await?,
            Pulse::Up(server) | Pulse::Deaf(server) => {
                note(format!("the socket of the server {} is gone; restarting it", place.name));
                process::stop(&place, &server, Signal::INT).await?;
            }
            Pulse::Unclear(server) => return Err(unclear(&place, &server)),
            Pulse::Relic => process::remove_relic(&place)?,
            Pulse::Down if started => return Err(vanished(&place)),
            Pulse::Down => {
                process::launch(&mut place, spec, note).await?;
                started = true;
            }
        }
    }
}

/// Stops the server; false where it was not running.
pub async fn down(spec: &Spec) -> Result<bool> {
    let place = Place::find(spec)?;
    if !place.exists {
        return Ok(false);
    }
    let _lock = Lock::take(&place, &mut |_| ()).await?;
    halt(&place, Signal::INT).await
}

/// Shows the server. Reads only.
pub fn status(spec: &Spec) -> Result<Status> {
    let place = Place::find(spec)?;
    let mut status = Status {
        server: spec.server.clone(),
        state: State::Absent,
        port: spec.port,
        socket_dir: None,
        data_dir: place.data(),
        pid: None,
        server_version: None,
    };
    if place.exists {
        let remembered = network::remembered(&Folder::open(&place.data(), &place.owner)?)?;
        status.state = State::Stopped;
        status.port = spec.port.or(remembered.port);
        status.socket_dir = remembered.socket_dir;
        status.server_version = remembered.version;
    }
    if let Pulse::Up(server) | Pulse::Deaf(server) | Pulse::Unclear(server) = look(&place)? {
        status.state = State::Running;
        status.port = Some(server.port);
        status.pid = u32::try_from(server.pid.as_raw_nonzero().get()).ok();
        status.socket_dir = Some(server.socket_dir);
    }
    Ok(status)
}

/// Where the server listens, if it is up. Starts nothing.
pub fn running(spec: &Spec) -> Result<Option<Running>> {
    match look(&Place::find(spec)?)? {
        Pulse::Up(server) if server.ready => Ok(Some(endpoints(&server, false))),
        _ => Ok(None),
    }
}

/// Stops the server and deletes its data; false where there was none.
pub async fn destroy(spec: &Spec) -> Result<bool> {
    let place = Place::find(spec)?;
    if !place.base.exists() {
        return Ok(false);
    }
    let _lock = Lock::take(&place, &mut |_| ()).await?;
    let place = Place::find(spec)?;
    if place.exists {
        halt(&place, Signal::QUIT).await?;
        let remembered = network::remembered(&Folder::open(&place.data(), &place.owner)?)?;
        if let Some(folder) = remembered.socket_dir.filter(|folder| network::is_short(folder)) {
            files::remove(&folder)?;
        }
    }
    cluster::erase(&place)?;
    cluster::leave(&place)?;
    Ok(place.exists)
}

async fn halt(place: &Place, signal: Signal) -> Result<bool> {
    match look(place)? {
        Pulse::Up(server) | Pulse::Deaf(server) => process::stop(place, &server, signal).await.map(|()| true),
        Pulse::Unclear(server) => Err(unclear(place, &server)),
        Pulse::Relic | Pulse::Down => Ok(false),
    }
}

/// A server that another account started (root and the owner of the data take turns) does not know this one
/// yet.
async fn admit(place: &Place, server: &Server) -> Result<()> {
    let folder = Folder::open(&place.data(), &place.owner)?;
    let known = folder.read("pg_ident.conf")?.unwrap_or_default();
    if known.contains(&settings::ident_line(&place.me)) {
        return Ok(());
    }
    folder.write("pg_ident.conf", &settings::ident(&place.me, &place.owner))?;
    kill_process(server.pid, Signal::HUP)
        .map_err(|error| Error::operation("cannot make the server read pg_ident.conf").cause(error))?;
    let (admin, login) = (endpoints(server, false).admin, Login { role: ADMIN.into(), password: None });
    // The server reads its files a moment after the signal.
    for _ in 0..40 {
        if connect(&admin, &login, "postgres").await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn endpoints(server: &Server, started: bool) -> Running {
    // Passwords go as SCRAM proofs over loopback: there is nothing for TLS to hide and no certificate to check.
    let tls = Tls { mode: TlsMode::Disable, ..Tls::default() };
    let endpoint = |host| Endpoint { host, port: server.port, tls: tls.clone() };
    Running {
        admin: endpoint(Host::Socket(server.socket_dir.clone())),
        tcp: endpoint(Host::Tcp(ADDRESS.into())),
        admin_role: ADMIN.into(),
        started,
    }
}

fn unclear(place: &Place, server: &Server) -> Error {
    let pid = server.pid.as_raw_nonzero();
    Error::operation(format!("cannot tell whether the server {} runs", place.name))
        .cause(format!("{} names the process {pid}", place.data().join(pulse::PID_FILE).display()))
        .cause("it may be a server that was started elsewhere, as in another container, on the same data")
        .hint("stop that server; if there is none, delete the file")
}

fn vanished(place: &Place) -> Error {
    let error = Error::operation(format!("the embedded server {} stopped right after its start", place.name));
    let hint = format!("the whole log is in {}", place.log().display());
    log::tail(place).iter().fold(error, Error::cause).hint(hint)
}
