//! Starting an embedded Redis server, and finding its process. Its pid file may be stale, and anything of the server's
//! account can write it: it counts only together with the process that it names.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::settings::{PID_FILE, configuration, record};
use super::{data, program};
use crate::child::{self, output, output_lines};
use crate::cluster;
use crate::layout::Layout;
use crate::liveness::{self, works_in};
use crate::log::{self, Excerpt};
use crate::network;
use crate::settings::{ADDRESS, FILE};
use crate::types::{EmbeddedEngine, Note, Spec};
use martydb_model::error::{Error, Result};

/// The server's configuration.
const CONFIGURATION: &str = EmbeddedEngine::Redis.control_file();

/// Line of the log when the port is bound and the data are read.
pub(crate) const READY: &str = "Ready to accept connections";

const ANSWER: Duration = Duration::from_millis(500);

/// Finds the program, creates the data if there are none, and starts the server. Returns its log from here on.
pub(crate) async fn launch(layout: &mut Layout, spec: &Spec, note: Note<'_>) -> Result<Excerpt> {
    cluster::sweep(layout).await?;
    let program = program::find(&layout.owner).await?;
    if !layout.exists {
        end_orphans(layout);
        data::create(layout, &program.version, note)?;
        layout.exists = true;
    }
    let choice = network::choose_port(layout, spec).await?;
    network::note_exchange(choice, note);
    let folder = layout.folder()?;
    folder.write(FILE, &record(&program.version, choice.port))?;
    folder.write(CONFIGURATION, &configuration(layout, choice.port))?;
    let excerpt = log::open(layout)?;
    let mut command = child::program(&layout.owner, &program.path);
    let error = || Error::operation(format!("cannot start the embedded server {}", layout.name));
    let output = output(command.arg(layout.data().join(CONFIGURATION))).await;
    let output = output.map_err(|cause| error().cause(cause))?;
    if !output.status.success() {
        return Err(error().causes(output_lines(&output)).hint(log::hint(layout)));
    }
    note(format!("started the server {} on {ADDRESS}:{}", layout.name, choice.port));
    Ok(excerpt)
}

/// Returns the server's process.
pub fn find(layout: &Layout) -> Result<Option<Pid>> {
    if !layout.data().join(CONFIGURATION).exists() {
        return Ok(None);
    }
    let (data, owner) = (layout.data(), layout.owner.uid);
    let port = network::remembered(layout)?.port;
    let is_ours =
        |pid: &Pid| works_in(*pid, &program::NAMES, &data, owner).unwrap_or_else(|| names_port(*pid, port));
    let named = layout.folder()?.read(PID_FILE)?.and_then(|text| text.trim().parse().ok());
    let named = named.and_then(Pid::from_raw).filter(is_ours);
    Ok(named.or_else(|| liveness::processes().find(is_ours)))
}

/// Returns `true` if the process's title has the server's address: another account's folder may be hidden, as from root
/// without CAP_SYS_PTRACE.
fn names_port(pid: Pid, port: Option<u16>) -> bool {
    let title = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    port.is_some_and(|port| String::from_utf8_lossy(&title).contains(&format!("{ADDRESS}:{port}")))
}

/// Ends servers whose folder was removed while they ran: they would keep their port and their memory.
fn end_orphans(layout: &Layout) {
    let removed = format!("{} (deleted)", layout.data().display());
    let is_orphan = |pid: &Pid| {
        let folder = fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero()));
        folder.is_ok_and(|folder| folder.to_string_lossy() == removed)
            && liveness::is_server(*pid, &program::NAMES, layout.owner.uid)
    };
    for pid in liveness::processes().filter(is_orphan) {
        // One that is not ours to end stays; the new server gets another port.
        let _refused = kill_process(pid, Signal::KILL);
    }
}

/// Returns `true` if the server answers. No password is sent.
pub(crate) fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<u8> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, ANSWER)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.write_all(b"PING\r\n")?;
        let mut first = [0; 1];
        stream.read_exact(&mut first)?;
        Ok(first[0])
    };
    // `-NOAUTH` from one whose `default` is off.
    ask().is_ok_and(|first| matches!(first, b'-' | b'+'))
}
