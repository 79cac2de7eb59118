//! State of the terminal while a question is open, and the thread that waits for the answer.

use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::oneshot;

/// Terminal settings before a question changed them.
static BEFORE: Mutex<Option<Before>> = Mutex::new(None);

/// `true` if there was a question in this run.
static ASKED: AtomicBool = AtomicBool::new(false);

/// `true` while a question waits for its answer.
static OPEN: AtomicBool = AtomicBool::new(false);

/// `true` once the run ends while a question is open: its thread must not touch the terminal any more.
static CLOSED: AtomicBool = AtomicBool::new(false);

pub fn is_open() -> bool {
    OPEN.load(Ordering::SeqCst)
}

pub fn has_prompted() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// Restores the terminal after a question that changed it, and ends its line; `false` if there was none. For a run that
/// ends while one is open.
pub fn restore_terminal() -> bool {
    CLOSED.store(true, Ordering::SeqCst);
    let was_changed = put_back();
    if was_changed {
        drop(writeln!(io::stderr()));
    }
    was_changed
}

/// Settings of a terminal that a question changes.
struct Before {
    modes: Termios,
    /// `true` if the question hides the cursor.
    hides_cursor: bool,
}

/// Control sequence of a VT220 and its successors that shows the cursor: DECTCEM,
/// <https://vt100.net/docs/vt510-rm/DECTCEM.html>.
const SHOW_CURSOR: &str = "\x1b[?25h";

fn put_back() -> bool {
    let before = BEFORE.lock().take();
    if let Some(before) = &before {
        // A terminal that is gone needs neither echo nor cursor.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &before.modes);
        if before.hides_cursor {
            drop(write!(io::stderr(), "{SHOW_CURSOR}"));
        }
    }
    before.is_some()
}

/// Standard error for the thread of a choice, which writes before it waits for each key: behind the end of the run it stops
/// there, and does not set raw mode again.
#[derive(Debug)]
pub(crate) struct GatedStderr;

impl Write for GatedStderr {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        while CLOSED.load(Ordering::SeqCst) {
            std::thread::park();
        }
        io::stderr().write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl AsRawFd for GatedStderr {
    fn as_raw_fd(&self) -> RawFd {
        io::stderr().as_raw_fd()
    }
}

/// A terminal that is restored when this ends.
pub(crate) struct Borrowed;

impl Borrowed {
    pub(crate) fn begin(hides_cursor: bool) -> io::Result<(Borrowed, Termios)> {
        let modes = tcgetattr(io::stdin())?;
        let before = Before { modes: modes.clone(), hides_cursor };
        *BEFORE.lock() = Some(before);
        Ok((Borrowed, modes))
    }

    /// Turns off the terminal's echo.
    pub(crate) fn silent() -> io::Result<Borrowed> {
        let (borrowed, mut silent) = Borrowed::begin(false)?;
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Now, &silent)?;
        Ok(borrowed)
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        put_back();
    }
}

/// Waits for an answer. The thread that reads it is abandoned if the run ends first.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    ASKED.store(true, Ordering::SeqCst);
    OPEN.store(true, Ordering::SeqCst);
    let (answer, waiting) = oneshot::channel();
    std::thread::Builder::new().name("prompt".into()).spawn(move || answer.send(read()))?;
    let answer = waiting.await.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()));
    OPEN.store(false, Ordering::SeqCst);
    answer
}
