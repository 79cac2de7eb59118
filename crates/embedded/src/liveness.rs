//! Detection of a running server. `postmaster.pid` may be stale, its process id reused, or the file copied with its folder;
//! it counts only together with the process and the socket that it names.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, test_kill_process};

use super::layout::Layout;
use martydb_model::error::Result;

/// PostgreSQL's pid file in the data folder.
pub(crate) const PID_FILE: &str = "postmaster.pid";

const SERVER_NAMES: [&str; 2] = ["postgres", "postmaster"];

/// A server process: lines of [`PID_FILE`], in the order of PostgreSQL's `src/include/utils/pidfile.h`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerProcess {
    pub pid: Pid,
    /// Data folder, by its name at the start.
    pub data: PathBuf,
    pub port: u16,
    pub socket_dir: PathBuf,
    pub ready: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Liveness {
    /// No process and no pid file.
    Down,
    /// [`PID_FILE`] names no server of this data folder.
    StalePidFile,
    /// The server answers.
    Up(ServerProcess),
    /// The server runs, but nothing answers at its socket (yet).
    Unresponsive(ServerProcess),
    /// A server may run in the data folder, but this process cannot see enough of it to change anything.
    Unknown(ServerProcess),
}

/// Process with the process id of the pid file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// None, or another one.
    Other,
    /// A PostgreSQL process whose data folder is unknown.
    Perhaps,
    Ours,
}

pub(crate) fn inspect(layout: &Layout) -> Result<Liveness> {
    if !layout.exists {
        return Ok(Liveness::Down);
    }
    let data = layout.data();
    // The file is being written right now, or was cut short by a crash: PostgreSQL distinguishes the two itself.
    let Some(server) = layout.folder()?.read(PID_FILE)?.as_deref().and_then(ServerProcess::parse) else {
        return Ok(Liveness::Down);
    };
    let holder = holder(&server, &data, layout.owner.uid);
    let answers = UnixStream::connect(server.socket()).is_ok();
    Ok(judge(server, holder, answers, &data))
}

fn judge(server: ServerProcess, holder: Holder, answers: bool, data: &Path) -> Liveness {
    // Only a server of this data folder can listen inside it, even if its process is not visible here, as with two
    // containers that share a volume.
    let inside = server.socket_dir.starts_with(data);
    match (holder, answers) {
        (Holder::Ours | Holder::Perhaps, true) => Liveness::Up(server),
        (Holder::Ours, false) => Liveness::Unresponsive(server),
        (Holder::Perhaps, false) => Liveness::Unknown(server),
        (Holder::Other, true) if inside => Liveness::Unknown(server),
        (Holder::Other, _) => Liveness::StalePidFile,
    }
}

impl ServerProcess {
    fn parse(text: &str) -> Option<ServerProcess> {
        let lines: Vec<_> = text.lines().collect();
        Some(ServerProcess {
            pid: lines.first()?.trim().parse().ok().and_then(Pid::from_raw)?,
            data: lines.get(1)?.into(),
            port: lines.get(3)?.trim().parse().ok()?,
            socket_dir: lines.get(4)?.into(),
            ready: lines.get(7).is_some_and(|state| state.trim() == "ready"),
        })
    }

    fn socket(&self) -> PathBuf {
        self.socket_dir.join(format!(".s.PGSQL.{}", self.port))
    }
}

/// Classifies the process. `owner` is the user id of the account that runs the server.
fn holder(server: &ServerProcess, data: &Path, owner: u32) -> Holder {
    match works_in(server.pid, &SERVER_NAMES, data, owner) {
        Some(true) => Holder::Ours,
        Some(false) => Holder::Other,
        None if !names(server, data) => Holder::Other,
        None if was_started_with(server.pid.as_raw_nonzero().get(), data) => Holder::Ours,
        None => Holder::Perhaps,
    }
}

/// Returns whether a process is a server with one of these names that works in the data folder; `None` if its folder is not
/// visible: without /proc, or as root without CAP_SYS_PTRACE, as in a container. An account that can write into the data
/// folder can name any process as the server, and root's martydb can kill all of them: a process is the server only if it
/// has the server's name and account, whatever its working folder.
pub(crate) fn works_in(pid: Pid, names: &[&str], data: &Path, owner: u32) -> Option<bool> {
    if !is_server(pid, names, owner) {
        return Some(false);
    }
    // PostgreSQL and Redis work in their data folders; the folder's identity survives renaming.
    let folder = fs::metadata(format!("/proc/{}/cwd", pid.as_raw_nonzero())).ok()?;
    let own = fs::metadata(data);
    Some(own.is_ok_and(|own| (own.dev(), own.ino()) == (folder.dev(), folder.ino())))
}

/// Returns `true` if the process lives, with one of these names and under this account.
pub(crate) fn is_server(pid: Pid, names: &[&str], owner: u32) -> bool {
    // EPERM means a process of another account.
    test_kill_process(pid) != Err(rustix::io::Errno::SRCH)
        && SystemProcess::find(pid.as_raw_nonzero().get())
            .is_some_and(|found| found.uid == owner && names.contains(&found.name.as_str()))
}

/// Returns the processes that are visible here. Requires /proc.
pub(crate) fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
}

/// Returns `true` if the server's pid file names this data folder.
fn names(server: &ServerProcess, data: &Path) -> bool {
    server.data.canonicalize().is_ok_and(|other| Ok(other) == data.canonicalize().map_err(drop))
}

/// Returns `true` if the folder is among the arguments. martydb passes it in full; the server's children have other titles.
fn was_started_with(pid: i32, data: &Path) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).any(|argument| argument == data.as_os_str().as_encoded_bytes())
}

/// Returns a server of this data folder without a [`PID_FILE`], because its files were removed. Requires /proc.
pub(crate) fn orphan(layout: &Layout) -> Option<i32> {
    let (data, owner) = (layout.data(), layout.owner.uid);
    let is_orphan = |pid: &Pid| {
        was_started_with(pid.as_raw_nonzero().get(), &data) && is_server(*pid, &SERVER_NAMES, owner)
    };
    processes().find(is_orphan).map(|pid| pid.as_raw_nonzero().get())
}

/// A live process. A dead one stays in the process list until its parent waits for it, and in a container there may be no
/// parent that does.
#[derive(Debug, PartialEq, Eq)]
struct SystemProcess {
    /// Effective user id.
    uid: u32,
    /// File name of the program.
    name: String,
}

impl SystemProcess {
    fn find(pid: i32) -> Option<SystemProcess> {
        if let Ok(text) = fs::read_to_string(format!("/proc/{pid}/status")) {
            return SystemProcess::in_status(&text);
        }
        let columns = ["-o", "stat=", "-o", "uid=", "-o", "comm="];
        let output = Command::new("ps").args(columns).args(["-p", &pid.to_string()]).output().ok()?;
        SystemProcess::in_ps(&String::from_utf8_lossy(&output.stdout))
    }

    /// Parses lines such as `Name:\tpostgres`, `State:\tS (sleeping)`, `Uid:\t101\t101\t101\t101` (real, effective, …).
    fn in_status(text: &str) -> Option<SystemProcess> {
        let field = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(":\t"));
        let uid = field("Uid")?.split_whitespace().nth(1)?.parse().ok()?;
        let name = field("Name")?.to_owned();
        (!field("State")?.starts_with(['Z', 'X'])).then_some(SystemProcess { uid, name })
    }

    /// Parses `Ss     501 /usr/local/bin/postgres`: state, user id, path.
    fn in_ps(text: &str) -> Option<SystemProcess> {
        let (state, rest) = text.trim().split_once(char::is_whitespace)?;
        let (uid, path) = rest.trim().split_once(char::is_whitespace)?;
        let name = Path::new(path.trim()).file_name()?.to_string_lossy().into_owned();
        (!state.starts_with('Z')).then_some(SystemProcess { uid: uid.parse().ok()?, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "4242\n/p/data\n1785000000\n15432\n/p/data/sockets\n127.0.0.1\n  123 0\nready   \n";

    #[test]
    fn the_pid_file_is_read() {
        let server = ServerProcess::parse(TEXT).unwrap();
        assert_eq!((server.pid.as_raw_nonzero().get(), server.port, server.ready), (4242, 15432, true));
        assert_eq!(server.socket(), Path::new("/p/data/sockets/.s.PGSQL.15432"));
        let starting = TEXT.replace("ready   ", "starting");
        assert!(!ServerProcess::parse(&starting).unwrap().ready);
        for broken in ["", "4242\n", "-x\n/p\n1\n2\n/s\n", "0\n/p\n1\n2\n/s\n"] {
            assert_eq!(ServerProcess::parse(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn a_pid_file_is_believed_only_with_its_process_and_socket() {
        let near = ServerProcess::parse(TEXT).unwrap();
        let far = ServerProcess { socket_dir: "/elsewhere".into(), ..near.clone() };
        let data = Path::new("/p/data");
        for (server, holder, answers, expected) in [
            (&near, Holder::Ours, true, Liveness::Up(near.clone())),
            (&near, Holder::Ours, false, Liveness::Unresponsive(near.clone())),
            (&near, Holder::Perhaps, true, Liveness::Up(near.clone())),
            (&near, Holder::Perhaps, false, Liveness::Unknown(near.clone())),
            (&near, Holder::Other, false, Liveness::StalePidFile),
            (&near, Holder::Other, true, Liveness::Unknown(near.clone())),
            // The socket of the folder that this one was copied from.
            (&far, Holder::Other, true, Liveness::StalePidFile),
        ] {
            assert_eq!(judge(server.clone(), holder, answers, data), expected, "{holder:?} {answers}");
        }
    }

    #[test]
    fn the_dead_have_no_name() {
        let status =
            |state: &str| format!("Name:\tpostgres\nUmask:\t0077\nState:\t{state}\nUid:\t0\t101\t0\t0\n");
        let found = Some(SystemProcess { uid: 101, name: "postgres".into() });
        assert_eq!(SystemProcess::in_status(&status("S (sleeping)")), found);
        assert_eq!(SystemProcess::in_status(&status("Z (zombie)")), None);
        assert_eq!(SystemProcess::in_status(""), None);
        for (text, expected) in [
            ("Ss     101 /usr/local/bin/postgres\n", &found),
            ("S+   101 postgres\n", &found),
            ("Z    101 (postgres)\n", &None),
            ("", &None),
        ] {
            assert_eq!(&SystemProcess::in_ps(text), expected, "{text}");
        }
    }

    #[test]
    fn processes_are_distinguished() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().canonicalize().unwrap();
        let server = |pid: u32| ServerProcess {
            pid: Pid::from_raw(pid.cast_signed()).unwrap(),
            data: data.clone(),
            ..ServerProcess::parse(TEXT).unwrap()
        };
        let me = rustix::process::geteuid().as_raw();
        // Another program that works in the data folder.
        assert_eq!(holder(&server(std::process::id()), Path::new("."), me), Holder::Other);
        let program = data.join("postgres");
        fs::copy("/bin/sleep", &program).unwrap();
        let mut postgres = Command::new(&program).arg("60").current_dir(&data).spawn().unwrap();
        let called_so = server(postgres.id());
        while SystemProcess::find(called_so.pid.as_raw_nonzero().get())
            .is_none_or(|found| found.name != "postgres")
        {
            std::thread::yield_now();
        }
        assert_eq!(holder(&called_so, &data, me), Holder::Ours);
        assert_eq!(holder(&called_so, Path::new("/"), me), Holder::Other);
        assert_eq!(holder(&called_so, &data, me + 1), Holder::Other, "of another account");
        assert!(names(&called_so, &data) && !names(&called_so, Path::new("/")));
        postgres.kill().unwrap();
        postgres.wait().unwrap();
        assert_eq!(holder(&called_so, &data, me), Holder::Other);
    }
}
