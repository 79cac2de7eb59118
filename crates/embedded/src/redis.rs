//! An embedded Redis server: `redis-server` or `valkey-server` beside the manifest, for development.
//!
//! It listens on 127.0.0.1 alone and is closed from its first moment: `default` is off, and the admin's password is in a file
//! of the server's account. Its users are kept in an aclfile: <https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/>.

mod data;
mod process;
mod program;
mod settings;

use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use secrecy::SecretString;

use super::layout::Layout;
use super::log::{self, Excerpt};
use super::network;
use super::types::{EmbeddedEngine, Note, Spec};
use martydb_model::error::{Error, Result};

pub use process::find;

/// Timeout, longer than reading or writing a developer's data takes on a slow disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// Time in which a started process must appear: it becomes a daemon first.
const APPEARING: Duration = Duration::from_secs(3);

/// Maximum delay of a start by a port that was lost in a race.
const RETRY: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);

/// A server that answers. `Debug` shows no password.
#[derive(Debug)]
pub struct RunningRedis {
    pub port: u16,
    /// Password of the admin.
    pub password: SecretString,
}

/// Creates the server's data if there are none and starts it if it is down.
///
/// # Errors
/// If its program is missing or it does not start; with its log and a hint.
#[martydb_pg::boxed]
pub async fn up<'a>(spec: &'a Spec, note: Note<'a>) -> Result<RunningRedis> {
    let (_lock, mut layout) = super::lock(spec, note).await?;
    layout.check_engine(EmbeddedEngine::Redis)?;
    let (began, mut started) = (Instant::now(), None::<(Instant, Excerpt)>);
    loop {
        let port = if layout.exists { network::remembered(&layout)?.port } else { None };
        let is_ready = started.as_ref().is_none_or(|(_, excerpt)| excerpt.contains(process::READY));
        match (find(&layout)?, port, &started) {
            (Some(_), Some(port), _) if is_ready && process::answers(port) => {
                return Ok(RunningRedis { port, password: data::password(&layout)? });
            }
            (Some(_), ..) if began.elapsed() > PATIENCE => return Err(busy(&layout)),
            (None, _, Some((at, excerpt))) if at.elapsed() > APPEARING => {
                if !excerpt.is_passing() || began.elapsed() > RETRY {
                    return Err(vanished(&layout));
                }
                started = None;
            }
            (None, _, None) => {
                started = Some((Instant::now(), process::launch(&mut layout, spec, note).await?));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Stops the server, which writes its data first. Returns `false` if it was not running.
pub async fn stop(layout: &Layout) -> Result<bool> {
    let Some(pid) = find(layout)? else { return Ok(false) };
    let error = || Error::operation(format!("cannot stop the embedded server {}", layout.name));
    match kill_process(pid, Signal::TERM) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(reason) => return Err(error().cause(std::io::Error::from(reason))),
    }
    let began = Instant::now();
    while find(layout)? == Some(pid) {
        if began.elapsed() > PATIENCE {
            return Err(busy(layout).while_doing(error().message));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(true)
}

fn busy(layout: &Layout) -> Error {
    let error = Error::operation(format!("the server is still busy after {} s", PATIENCE.as_secs()));
    log::explain(error, layout)
}

fn vanished(layout: &Layout) -> Error {
    let message = format!("the embedded server {} stopped right after its start", layout.name);
    log::explain(Error::operation(message), layout)
}
