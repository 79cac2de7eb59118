//! Time that a server gets to answer a login, for the whole process, and the servers that did not answer in it: each costs the
//! time once, whatever the number of its services and logins.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

static LIMIT_MS: AtomicU64 = AtomicU64::new(15_000);

#[derive(Debug, PartialEq, Eq)]
enum LastAttempt {
    Answered,
    /// Ended at this time without an answer.
    Silent(Instant),
}

/// Servers by address.
static KNOWN: Mutex<BTreeMap<String, LastAttempt>> = Mutex::new(BTreeMap::new());

/// Multiple of the limit for which a silent server is not asked again. Commands that run for ever ask it again after that.
const REMEMBERED: u32 = 2;

/// Sets the time.
pub fn set_connect_timeout(limit: Duration) {
    LIMIT_MS.store(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// Returns the time.
pub fn connect_timeout() -> Duration {
    Duration::from_millis(LIMIT_MS.load(Ordering::Relaxed))
}

/// Returns the words for a server that has not answered.
pub fn no_answer(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs_f32())
}

/// Runs an attempt at the server with this address; `None` if there is no answer in time, or there was none a short while
/// ago.
pub async fn unless_silent<T>(address: &str, limit: Duration, attempt: impl Future<Output = T>) -> Option<T> {
    remembered(address, limit, attempt, |_| true).await
}

/// Like [`unless_silent`], but a server that has answered before is asked each time: a probe must not take the word of
/// another one for it.
pub(crate) async fn unless_never_heard<T>(
    address: &str,
    limit: Duration,
    attempt: impl Future<Output = T>,
) -> Option<T> {
    remembered(address, limit, attempt, |before| before != Some(&LastAttempt::Answered)).await
}

async fn remembered<T>(
    address: &str,
    limit: Duration,
    attempt: impl Future<Output = T>,
    counts: impl Fn(Option<&LastAttempt>) -> bool,
) -> Option<T> {
    if is_silent(address, Instant::now()) {
        return None;
    }
    let end = tokio::time::timeout(limit, attempt).await.ok();
    let mut known = known();
    match end {
        Some(_) => drop(known.insert(address.to_owned(), LastAttempt::Answered)),
        None if counts(known.get(address)) => {
            known.insert(address.to_owned(), LastAttempt::Silent(Instant::now()));
        }
        None => {}
    }
    end
}

fn is_silent(address: &str, now: Instant) -> bool {
    match known().get(address) {
        Some(LastAttempt::Silent(since)) => now.duration_since(*since) < REMEMBERED * connect_timeout(),
        _ => false,
    }
}

fn known() -> MutexGuard<'static, BTreeMap<String, LastAttempt>> {
    KNOWN.lock().expect("no code panics while it holds the map")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_silent_server_costs_its_time_once() {
        let limit = Duration::from_millis(30);
        let never = || std::future::pending::<()>();
        assert_eq!(unless_silent("dead:1", limit, never()).await, None);
        let begun = Instant::now();
        for _ in 0..100 {
            assert_eq!(unless_silent("dead:1", Duration::from_secs(9), never()).await, None);
        }
        assert!(begun.elapsed() < Duration::from_secs(1));
        assert_eq!(unless_silent("alive:1", limit, async { 7 }).await, Some(7));
        assert_eq!(unless_never_heard("alive:1", limit, never()).await, None);
        assert_eq!(unless_never_heard("alive:1", limit, async { 8 }).await, Some(8));
        assert!(!is_silent("dead:1", Instant::now() + REMEMBERED * connect_timeout()));
        assert_eq!(no_answer(Duration::from_secs(15)), "no answer within 15 s");
    }
}
