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
mod door;
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
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::server::{Endpoint, Host, Tls, TlsMode};
pub use child::Group;
use files::Folder;
pub use files::make_state_folder;
use lock::Lock;
use place::Place;
use pulse::{Pulse, Server, look};
use settings::{ADDRESS, ADMIN};

/// How long a server that is up may refuse the admin: longer than it takes to start after a crash.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// How long a process that was killed may look like half of one.
const DYING: Duration = Duration::from_secs(3);

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
    let (_lock, mut place) = claim(spec, note).await?;
    let (began, mut started) = (Instant::now(), false);
    loop {
        match look(&place)? {
            Pulse::Up(server) if server.ready => {
                let found = endpoints(&server, started);
                match door::knock(&place, &server, &found).await? {
                    Some(error) if began.elapsed() > PATIENCE => return Err(error),
                    Some(_) => tokio::time::sleep(PAUSE).await,
                    None => return Ok(found),
                }
            }
            Pulse::Up(server) | Pulse::Deaf(server) if !server.ready => process::settle(&place).await?,
            Pulse::Up(server) | Pulse::Deaf(server) => {
                note(format!("the socket of the server {} is gone; restarting it", place.name));
                process::stop(&place, &server, Signal::INT).await?;
            }
            Pulse::Unclear(server) if began.elapsed() > DYING => return Err(unclear(&place, &server)),
            Pulse::Unclear(_) => tokio::time::sleep(PAUSE).await,
            Pulse::Relic => process::remove_relic(&place)?,
            Pulse::Down if started => return Err(vanished(&place)),
            Pulse::Down => started = process::launch(&mut place, spec, note).await?,
        }
    }
}

/// Stops the server; false where it was not running.
pub async fn down(spec: &Spec) -> Result<bool> {
    if !Place::find(spec)?.exists {
        return Ok(false);
    }
    let (_lock, place) = claim(spec, &mut |_| ()).await?;
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
    if !Place::find(spec)?.base.exists() {
        return Ok(false);
    }
    let (_lock, place) = claim(spec, &mut |_| ()).await?;
    refuse_link(&place)?;
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

/// The data behind a link may be more than this server's, and removing the link alone would leave them there: before
/// anything is stopped, the operator decides.
fn refuse_link(place: &Place) -> Result<()> {
    let data = place.data();
    let Ok(target) = std::fs::read_link(&data) else { return Ok(()) };
    let data = data.display();
    Err(Error::operation(format!(
        "the data folder {data} is a link to {}, nothing was touched",
        target.display()
    ))
    .cause("what a link leads to is not deleted")
    .hint(format!("stop the server with `martydb dev down`, delete that folder, then the link: rm {data}")))
}

/// The lock, and what there is once it is held: somebody else may have made or deleted the cluster meanwhile.
async fn claim(spec: &Spec, note: Note<'_>) -> Result<(Lock, Place)> {
    let lock = Lock::take(&Place::find(spec)?, note).await?;
    Ok((lock, Place::find(spec)?))
}

async fn halt(place: &Place, signal: Signal) -> Result<bool> {
    let began = Instant::now();
    loop {
        match look(place)? {
            Pulse::Up(server) | Pulse::Deaf(server) => {
                return process::stop(place, &server, signal).await.map(|()| true);
            }
            Pulse::Unclear(server) if began.elapsed() > DYING => return Err(unclear(place, &server)),
            Pulse::Unclear(_) => tokio::time::sleep(PAUSE).await,
            Pulse::Relic | Pulse::Down => return Ok(false),
        }
    }
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
