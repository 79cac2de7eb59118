//! Runner for PostgreSQL's programs: under the right account, with a clean environment, away from our terminal.

use std::ffi::OsStr;
use std::io;
use std::os::fd::BorrowedFd;
use std::process::{Output, Stdio};

use rustix::io::{FdFlags, fcntl_setfd};
use tokio::process::Command;

use super::account::Account;
use martydb_os::process_group::ProcessGroup;

/// Environment variables that a program gets. All others are removed: a server keeps its environment while it runs, so no
/// password may be in it, and `PG*` variables would change what is run.
const KEPT: &[&str] = &["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LOCPATH", "LOCALE_ARCHIVE", "TZ"];

/// Returns a command in `/` with only these variables of our environment.
pub(crate) fn program(account: &Account, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env_clear();
    command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)))).env("LC_ALL", "C");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own: Ctrl-C goes to the terminal's group.
    command.process_group(0).kill_on_drop(true);
    if account.uid != uzers::get_effective_uid() {
        // Also drops root's supplementary groups.
        command.uid(account.uid).gid(account.gid);
    }
    command
}

/// Runs a command to its end. Dropping the future kills it and its children, since those of `initdb` would outlive it; a
/// server that it has started has left the group by then and keeps running.
#[martydb_pg::boxed]
pub async fn output(command: &mut Command) -> io::Result<Output> {
    keep_descriptors();
    let child = command.spawn()?;
    let group = ProcessGroup::led_by(&child);
    let output = child.wait_with_output().await;
    group.disarm();
    output
}

/// Marks all descriptors as close-on-exec. Those that our caller left open (a script's lock, the pipe of a test runner
/// that waits for its end) must not stay open in the server. Rust's own are closed in children anyway.
fn keep_descriptors() {
    let entries = std::fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    for number in numbers.filter(|number| *number > 2) {
        // SAFETY: the descriptor is only marked, neither used nor closed. One that another thread has closed
        // since it was listed is an error, or by now one that Rust has opened and marked itself.
        #[expect(unsafe_code, reason = "neither std nor rustix marks a descriptor by its number")]
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let _ = fcntl_setfd(descriptor, FdFlags::CLOEXEC);
    }
}

/// Returns a program's output as complete lines: its errors if there are any, else its output.
pub(crate) fn output_lines(output: &Output) -> Vec<String> {
    let text = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    let text = String::from_utf8_lossy(text);
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn shell(script: &str) -> Command {
        let mut command = program(&Account::current().unwrap(), "/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn a_dropped_call_takes_its_children_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let mut command = shell(&format!("(sleep 1; touch '{}') & wait", mark.display()));
        let began = Instant::now();
        assert!(tokio::time::timeout(Duration::from_millis(300), output(&mut command)).await.is_err());
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(!mark.exists(), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn the_environment_is_clean() {
        let output = output(&mut shell("env")).await.unwrap();
        for line in output_lines(&output) {
            let name = line.split('=').next().unwrap();
            assert!(
                KEPT.contains(&name) || ["LC_ALL", "PWD", "SHLVL", "_", "OLDPWD"].contains(&name),
                "{line}"
            );
        }
    }
}
