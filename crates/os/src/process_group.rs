//! A child process and its own children, killed together however the work with them ends.

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// Kills a process group when dropped, unless disarmed.
pub struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    /// Returns the group of a child that was started with `process_group(0)` and has not been waited for.
    pub fn led_by(child: &Child) -> ProcessGroup {
        ProcessGroup(child.id().and_then(|id| Pid::from_raw(id.cast_signed())))
    }

    /// Keeps the drop from killing: the group has ended, and its id may soon be reused.
    pub fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            let _already_ended = kill_process_group(pid, Signal::KILL);
        }
    }
}
