//! Starting and stopping the server of a cluster.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};

use super::binaries::{self, Install, Wanted};
use super::child::{Call, said};
use super::files::{self, Folder};
use super::log::{self, Excerpt};
use super::place::Place;
use super::pulse::{PID_FILE, Pulse, Server, look};
use super::settings::{ADDRESS, Settings};
use super::{Note, Spec, cluster, network};
use crate::error::{Error, Result};

/// Longer than a fast shutdown or a start after a crash takes on a slow disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the dying processes of a killed server, or a port that was lost in a race, may delay a start.
const RETRY: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);

/// Finds the programs, makes the cluster where there is none, and starts its server. False where there was
/// something to look at instead.
pub async fn launch(place: &mut Place, spec: &Spec, note: Note<'_>) -> Result<bool> {
    cluster::sweep(place)?;
    let install = match place.exists {
        true => binaries::find(&place.owner, Wanted::Major(major(place)?, &place.data())).await?,
        false => binaries::find(&place.owner, Wanted::Any).await?,
    };
    if !place.exists {
        cluster::make(place, &install, note).await?;
        place.exists = true;
    }
    start(place, spec, &install, note).await
}

/// The major that made the cluster.
fn major(place: &Place) -> Result<u32> {
    let text = Folder::open(&place.data(), &place.owner)?.read("PG_VERSION")?.unwrap_or_default();
    text.trim().parse().map_err(|_| {
        Error::operation(format!("{} does not say its version", place.data().join("PG_VERSION").display()))
            .hint("the data folder is damaged; start anew, without the data: martydb dev destroy")
    })
}

/// Starts the server, or finds it started: the server of a run that was interrupted may come up by itself
/// while we look for a port. It notes its process before it takes a port.
async fn start(place: &Place, spec: &Spec, install: &Install, note: Note<'_>) -> Result<bool> {
    let began = Instant::now();
    loop {
        let choice = network::choose_port(place, spec).await?;
        if look(place)? != Pulse::Down {
            return Ok(false);
        }
        let settings = network::arrange(place, choice, &install.version, note)?;
        let excerpt = log::open(place)?;
        match pg_ctl_start(place, install, &settings, &excerpt).await {
            Ok(()) => {
                note(format!("started the server {} on {ADDRESS}:{}", place.name, settings.port));
                return Ok(true);
            }
            Err(_) if excerpt.is_passing() && began.elapsed() < RETRY => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error),
        }
    }
}

async fn pg_ctl_start(
    place: &Place,
    install: &Install,
    settings: &Settings,
    excerpt: &Excerpt,
) -> Result<()> {
    let data = place.data();
    // pg_ctl puts -D and -l between double quotes in a shell's command, where a dollar sign in a path would be
    // expanded: the data folder goes through the environment and our own quoting, the log by a plain name.
    let mut arguments: Vec<OsString> = ["start", "-s", "-w", "-t"].map(Into::into).into();
    arguments.push(PATIENCE.as_secs().to_string().into());
    arguments.extend(["-l", "server.log", "-o"].map(Into::into));
    arguments.push(settings.options(&data).into());
    let program = install.program("pg_ctl");
    let variables = vec![("PGDATA", data.into_os_string())];
    let call = Call { account: &place.owner, folder: &place.base, program: &program, arguments, variables };
    let error = || Error::operation(format!("cannot start the embedded server {}", place.name));
    let output = call.output().await.map_err(|cause| error().cause(cause))?;
    if output.status.success() {
        return Ok(());
    }
    let lines = Some(excerpt.last_lines()).filter(|lines| !lines.is_empty()).unwrap_or_else(|| said(&output));
    let hint = format!("the whole log is in {}", place.log().display());
    Err(lines.iter().fold(error(), Error::cause).hint(hint))
}

/// Stops the server the way `pg_ctl` does, without needing programs that may be gone: [`Signal::INT`] ends the
/// sessions and writes everything out, [`Signal::QUIT`] leaves that to the next start.
pub async fn stop(place: &Place, server: &Server, signal: Signal) -> Result<()> {
    let error = || Error::operation(format!("cannot stop the embedded server {}", place.name));
    match kill_process(server.pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(reason) => return Err(error().cause(std::io::Error::from(reason))),
    }
    let same = |pulse: &Pulse| matches!(pulse, Pulse::Up(now) | Pulse::Deaf(now) if now.pid == server.pid);
    wait_while(place, same).await.map_err(|late| late.while_doing(error().message))
}

/// Waits until a server that starts or stops has done so.
pub async fn settle(place: &Place) -> Result<()> {
    wait_while(place, |pulse| matches!(pulse, Pulse::Up(now) | Pulse::Deaf(now) if !now.ready)).await
}

async fn wait_while(place: &Place, busy: impl Fn(&Pulse) -> bool) -> Result<()> {
    let began = Instant::now();
    while busy(&look(place)?) {
        if began.elapsed() > PATIENCE {
            let error = Error::operation(format!("the server is still busy after {} s", PATIENCE.as_secs()));
            let hint = format!("the whole log is in {}", place.log().display());
            return Err(log::tail(place).iter().fold(error, Error::cause).hint(hint));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Removes a pid file that names no server of this folder: PostgreSQL refuses to start over it for as long as
/// any process of the same account has that id.
pub fn remove_relic(place: &Place) -> Result<()> {
    files::remove(&place.data().join(PID_FILE))
}
