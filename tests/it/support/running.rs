//! Processes that run during a test.

use std::process::{Child, Command};

/// A process that is killed when this is dropped, also by a failed assertion: one that stayed would keep the output of the
/// tests open, for whose end `scripts/test` waits.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it.
    pub(crate) fn of(command: &mut Command) -> Running {
        Running(command.spawn().unwrap())
    }

    /// Asks it to end, as an orchestrator does.
    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}
