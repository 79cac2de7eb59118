//! Running PostgreSQL's programs: under the right account, with a clean environment, away from our terminal.

use std::ffi::OsString;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::process::{Output, Stdio};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use super::account::Account;

/// What a program may see of our environment. The rest stays here: a server keeps its environment for as long
/// as it lives, so no password may be in it, and `PG*` variables would change what is run.
const KEPT: &[&str] = &["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LOCPATH", "LOCALE_ARCHIVE", "TZ"];

/// A program and how it is to run.
pub struct Call<'a> {
    /// Under this account.
    pub account: &'a Account,
    /// In this folder, which the account can enter.
    pub folder: &'a Path,
    /// The program.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables beyond the usual.
    pub variables: Vec<(&'static str, OsString)>,
}

impl Call<'_> {
    /// Runs it to its end. Dropping the future kills it and its children; a server that it has started has
    /// left the group by then and lives on.
    pub async fn output(&self) -> io::Result<Output> {
        keep_descriptors();
        let child = self.command().spawn()?;
        let group = Group::of(&child);
        let output = child.wait_with_output().await;
        group.disarm();
        output
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args(&self.arguments).current_dir(self.folder).env_clear();
        command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.env("LC_ALL", "C").envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C goes to the terminal's group: this one is another.
        command.process_group(0).kill_on_drop(true);
        if self.account.uid != uzers::get_effective_uid() {
            // Also gives up root's supplementary groups.
            command.uid(self.account.uid).gid(self.account.gid);
        }
        command
    }
}

/// Whatever our caller left open (a script's lock, the pipe of a test runner that waits for its end) must not
/// stay open in the server. What Rust opens is closed in children anyway.
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

/// Kills a process group unless disarmed: `initdb` has children that outlive it.
pub struct Group(Option<Pid>);

impl Group {
    /// The group of a child that was started with `process_group(0)` and has not been waited for.
    pub fn of(child: &Child) -> Group {
        Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())))
    }

    /// The group is gone, and its number may soon be another's.
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// What a program said, as finished lines: errors if there were any, else its output.
pub fn said(output: &Output) -> Vec<String> {
    let text = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    let text = String::from_utf8_lossy(text);
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn shell<'a>(account: &'a Account, script: &str) -> Call<'a> {
        Call {
            account,
            folder: Path::new("/"),
            program: Path::new("/bin/sh"),
            arguments: vec!["-c".into(), script.into()],
            variables: vec![],
        }
    }

    #[tokio::test]
    async fn a_dropped_call_takes_its_children_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let account = Account::current().unwrap();
        let call = shell(&account, &format!("(sleep 1; touch '{}') & wait", mark.display()));
        let began = Instant::now();
        assert!(tokio::time::timeout(Duration::from_millis(300), call.output()).await.is_err());
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(!mark.exists(), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn the_environment_is_clean() {
        let account = Account::current().unwrap();
        let output = shell(&account, "env").output().await.unwrap();
        for line in said(&output) {
            let name = line.split('=').next().unwrap();
            assert!(
                KEPT.contains(&name) || ["LC_ALL", "PWD", "SHLVL", "_", "OLDPWD"].contains(&name),
                "{line}"
            );
        }
    }
}
