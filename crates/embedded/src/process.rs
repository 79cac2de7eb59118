//! Starting and stopping the server of a cluster.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::binaries::{self, Install, RequestedMajor};
use super::child::{output, output_lines, program};
use super::files;
use super::layout::Layout;
use super::liveness::{Liveness, PID_FILE, ServerProcess, inspect};
use super::log::{self, Excerpt};
use super::settings::{ADDRESS, EmbeddedSettings};
use super::types::{Note, Spec};
use super::{cluster, liveness, network};
use martydb_model::error::{Error, Result};

/// Timeout, longer than a fast shutdown or a start after a crash takes on a slow disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// Maximum delay of a start by dying processes of a killed server, or by a port that was lost in a race.
const RETRY: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);

/// Finds the programs, creates the cluster if there is none, and starts its server. Returns `false` if the state must be
/// examined again instead.
pub(crate) async fn launch(layout: &mut Layout, spec: &Spec, note: Note<'_>) -> Result<bool> {
    cluster::sweep(layout).await?;
    let data = layout.data();
    let wanted =
        if layout.exists { RequestedMajor::Major(major(layout)?, &data) } else { RequestedMajor::Any };
    let install = binaries::find(&layout.owner, wanted).await?;
    if !layout.exists {
        end_orphan(layout, note).await;
        network::check_pinned(spec).await?;
        cluster::create(layout, &install, note).await?;
        layout.exists = true;
    }
    start(layout, spec, &install, note).await
}

/// Ends a server whose files were removed while it ran. It still names this folder: its next checkpoint would be written
/// to the control file of the new cluster. An immediate shutdown writes none.
pub(crate) async fn end_orphan(layout: &Layout, note: Note<'_>) {
    let Some(pid) = liveness::orphan(layout) else { return };
    note(format!("ending the server {} (process {pid}), whose files were removed while it ran", layout.name));
    // A process that is not ours to end exits by itself within a minute, when it misses its pid file.
    let _refused = Pid::from_raw(pid).map(|pid| kill_process(pid, Signal::QUIT));
    let began = Instant::now();
    while liveness::orphan(layout) == Some(pid) && began.elapsed() < RETRY {
        tokio::time::sleep(PAUSE).await;
    }
}

/// Returns the major of the cluster.
fn major(layout: &Layout) -> Result<u32> {
    layout.folder()?.read("PG_VERSION")?.unwrap_or_default().trim().parse().map_err(|_| {
        Error::operation(format!("cannot read the version in {}", layout.data().join("PG_VERSION").display()))
            .hint("the data folder is damaged; recreate it (all data is lost): martydb dev destroy, then martydb dev up")
    })
}

/// Starts the server, or finds it started: the server of an interrupted run may come up by itself while a port is chosen.
/// It writes its pid file before it takes a port.
async fn start(layout: &Layout, spec: &Spec, install: &Install, note: Note<'_>) -> Result<bool> {
    let began = Instant::now();
    loop {
        let choice = network::choose_port(layout, spec).await?;
        if inspect(layout)? != Liveness::Down {
            return Ok(false);
        }
        let settings = network::arrange(layout, choice, &install.version, note)?;
        let excerpt = log::open(layout)?;
        match pg_ctl_start(layout, install, &settings, &excerpt).await {
            Ok(()) => {
                note(format!("started the server {} on {ADDRESS}:{}", layout.name, settings.port));
                return Ok(true);
            }
            Err(_) if excerpt.is_passing() && began.elapsed() < RETRY => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error),
        }
    }
}

async fn pg_ctl_start(
    layout: &Layout,
    install: &Install,
    settings: &EmbeddedSettings,
    excerpt: &Excerpt,
) -> Result<()> {
    let data = layout.data();
    // pg_ctl puts -D and -l between double quotes into a shell command, which would expand a dollar sign in a path: the data
    // folder is passed by the environment and our own quoting, the log by a plain name.
    let mut pg_ctl = program(&layout.owner, install.program("pg_ctl"));
    pg_ctl.current_dir(&layout.base).env("PGDATA", &data);
    pg_ctl.args(["start", "-s", "-w", "-t"]).arg(PATIENCE.as_secs().to_string());
    pg_ctl.args(["-l", "server.log", "-o"]).arg(settings.options(&data));
    let error = || Error::operation(format!("cannot start the embedded server {}", layout.name));
    let output = output(&mut pg_ctl).await.map_err(|cause| error().cause(cause))?;
    if output.status.success() {
        return Ok(());
    }
    let lines =
        Some(excerpt.last_lines()).filter(|lines| !lines.is_empty()).unwrap_or_else(|| output_lines(&output));
    Err(error().causes(lines).hint(log::hint(layout)))
}

/// Stops the server as `pg_ctl` does, without programs that may be missing: [`Signal::INT`] ends the sessions and writes
/// everything out, [`Signal::QUIT`] leaves that to the next start.
#[martydb_pg::boxed]
pub async fn stop(layout: &Layout, server: &ServerProcess, signal: Signal) -> Result<()> {
    let error = || Error::operation(format!("cannot stop the embedded server {}", layout.name));
    match kill_process(server.pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(reason) => return Err(error().cause(std::io::Error::from(reason))),
    }
    let same = |found: &Liveness| matches!(found, Liveness::Up(now) | Liveness::Unresponsive(now) if now.pid == server.pid);
    wait_while(layout, same).await.map_err(|late| late.while_doing(error().message))
}

/// Waits until a server has finished starting or stopping.
pub(crate) async fn wait_while_busy(layout: &Layout) -> Result<()> {
    wait_while(layout, |found| matches!(found, Liveness::Up(now) | Liveness::Unresponsive(now) if !now.ready))
        .await
}

async fn wait_while(layout: &Layout, busy: impl Fn(&Liveness) -> bool) -> Result<()> {
    let began = Instant::now();
    while busy(&inspect(layout)?) {
        if began.elapsed() > PATIENCE {
            let error = Error::operation(format!("the server is still busy after {} s", PATIENCE.as_secs()));
            return Err(log::explain(error, layout));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Removes a pid file that names no server of this folder: PostgreSQL refuses to start over it while any process of the
/// same account has that id.
pub(crate) fn remove_stale_pid_file(layout: &Layout) -> Result<()> {
    files::remove(&layout.data().join(PID_FILE))
}
