//! Cancellation on a signal, on the servers as well as in this process: PostgreSQL continues a statement whose client
//! is gone, and commits it.
//!
//! The first signal sets a flag and sends a cancel request for every running statement; further statements are not
//! sent, except for cleanup. The commands then end by themselves and report what was rolled back and what was
//! committed. A signal concerns the whole process, and so does this register.
//!
//! Cancel requests: <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS>

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::cancel::CancelTarget;

static SIGNAL: OnceLock<&'static str> = OnceLock::new();

/// Wakes the tasks that wait for a signal.
static ARRIVED: Notify = Notify::const_new();

static SESSIONS: Mutex<Vec<Arc<RegisteredSession>>> = Mutex::new(vec![]);

/// Counter of statements; it reveals those that began and ended between two checks.
static STATEMENTS: AtomicU64 = AtomicU64::new(0);

/// Interval of repeated cancel requests: one that arrives between two statements does nothing.
const REPEAT: Duration = Duration::from_millis(500);

/// Interval of the checks for running statements.
const CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// Idle time after which the commands' cleanup counts as finished.
const SETTLED: Duration = Duration::from_millis(400);

pub(super) struct RegisteredSession {
    target: CancelTarget,
    running: AtomicBool,
    /// `true` if the running statement is cleanup, which ends by itself.
    protected: AtomicBool,
}

/// Registration of a session; dropping it removes the session.
pub(super) struct SessionHandle(Arc<RegisteredSession>);

/// A running statement; dropping it marks its end.
pub(super) struct RunningStatement(Arc<RegisteredSession>);

impl Drop for RunningStatement {
    fn drop(&mut self) {
        self.0.running.store(false, Ordering::SeqCst);
    }
}

impl Drop for SessionHandle {
    fn drop(&mut self) {
        let mut sessions = SESSIONS.lock().expect("no code panics while it holds the register");
        sessions.retain(|session| !Arc::ptr_eq(session, &self.0));
    }
}

impl SessionHandle {
    pub(crate) fn new(target: CancelTarget) -> SessionHandle {
        let session =
            RegisteredSession { target, running: AtomicBool::new(false), protected: AtomicBool::new(false) };
        let session = Arc::new(session);
        SESSIONS.lock().expect("no code panics while it holds the register").push(session.clone());
        SessionHandle(session)
    }

    /// Registers a statement; `None` if it must not be sent any more. The entry is made before the flag is read, and
    /// the flag is set before the entries are read, so no statement is missed.
    pub(crate) fn begin(&self, protected: bool) -> Option<RunningStatement> {
        STATEMENTS.fetch_add(1, Ordering::SeqCst);
        self.0.protected.store(protected, Ordering::SeqCst);
        self.0.running.store(true, Ordering::SeqCst);
        let running = RunningStatement(self.0.clone());
        (protected || signal().is_none()).then_some(running)
    }

    pub(crate) fn target(&self) -> &CancelTarget {
        &self.0.target
    }
}

pub fn signal() -> Option<&'static str> {
    SIGNAL.get().copied()
}

/// Waits for a signal.
pub async fn arrived() {
    // In this order: from here on a signal is not missed, and an earlier one is in the flag.
    let arrived = ARRIVED.notified();
    if signal().is_none() {
        arrived.await;
    }
}

/// Records a signal.
pub fn begin(name: &'static str) {
    let _second_signal = SIGNAL.set(name);
    ARRIVED.notify_waiters();
}

fn running(only_cancellable: bool) -> Vec<Arc<RegisteredSession>> {
    let sessions = SESSIONS.lock().expect("no code panics while it holds the register");
    let wanted = |session: &&Arc<RegisteredSession>| {
        session.running.load(Ordering::SeqCst)
            && !(only_cancellable && session.protected.load(Ordering::SeqCst))
    };
    sessions.iter().filter(wanted).cloned().collect()
}

/// Cancels running statements until none has run for a moment.
#[crate::boxed]
pub async fn settled() {
    let (mut asked, mut idle) = (None::<Instant>, Instant::now());
    let mut count = STATEMENTS.load(Ordering::SeqCst);
    loop {
        let now = STATEMENTS.load(Ordering::SeqCst);
        if !running(false).is_empty() || now != count {
            (idle, count) = (Instant::now(), now);
        }
        if idle.elapsed() > SETTLED {
            return;
        }
        let due = asked.is_none_or(|last| last.elapsed() > REPEAT);
        if due {
            let sessions = running(true);
            asked = (!sessions.is_empty()).then(Instant::now).or(asked);
            futures_util::future::join_all(sessions.iter().map(|session| session.target.cancel())).await;
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}
