//! Transactions of several requests that are open: whose they are, and until when. Each holds a connection and its locks, so
//! their number and their times are bounded whatever their callers do.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use martydb_model::TransactionTimes;
use martydb_model::hex;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::error::{HttpError, HttpResult};
use crate::session::LoginSession;

/// Most operations of one.
pub(crate) const MOST_OPERATIONS: u32 = 1000;

/// Maximum number of ended transactions to remember, and for how long.
const REMEMBERED: usize = 1000;
const REMEMBERED_FOR: std::time::Duration = std::time::Duration::from_secs(300);

/// Person who began a transaction: the caller, and a digest of what its token claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TransactionOwner {
    pub caller: String,
    pub claims: String,
}

/// The open transactions of a service in this process.
pub(crate) struct OpenTransactions {
    /// Prefix of all ids: it distinguishes this process from others.
    prefix: String,
    times: Option<TransactionTimes>,
    most: AtomicUsize,
    /// `true` while the process ends: none is kept.
    is_closed: AtomicBool,
    entries: Mutex<TransactionEntries>,
}

#[derive(Default)]
struct TransactionEntries {
    open: HashMap<String, OpenTransaction>,
    ended: VecDeque<(String, TransactionOwner, Instant)>,
}

struct OpenTransaction {
    owner: TransactionOwner,
    /// `None` while a request uses it.
    state: Option<HeldState>,
    begun: Instant,
    last: Instant,
    operations: u32,
}

/// Session that a request leaves to the next one.
pub(crate) enum HeldState {
    /// None yet.
    New,
    Open(Box<LoginSession>),
    /// Rolled back after an error: the caller has not ended it yet.
    Failed,
}

/// A transaction that a request is using. Dropped without [`leave`](TakenTransaction::leave), because the caller hung up, it is over:
/// its connection is closed.
pub(crate) struct TakenTransaction {
    transactions: Arc<OpenTransactions>,
    id: String,
    state: HeldState,
    /// Time at which it is over, whatever it does.
    pub(crate) deadline: Instant,
    kept: bool,
}

impl Drop for TakenTransaction {
    fn drop(&mut self) {
        if !self.kept {
            self.transactions.end(&self.id, true);
        }
    }
}

impl TakenTransaction {
    /// Returns its id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the session that the request before left.
    pub(crate) fn take_state(&mut self) -> HeldState {
        std::mem::replace(&mut self.state, HeldState::Failed)
    }

    /// Leaves it to the next request; `None` ends it, as its caller knows.
    pub(crate) fn leave(mut self, state: Option<HeldState>) {
        self.kept = true;
        let Some(state) = state else { return self.transactions.end(&self.id, false) };
        if self.transactions.is_closed.load(Ordering::Acquire) {
            return self.transactions.end(&self.id, true);
        }
        let mut entries = self.transactions.entries.lock();
        // Its time may be over already: then the connection is closed here.
        if let Some(found) = entries.open.get_mut(&self.id) {
            found.state = Some(state);
            found.last = Instant::now();
        }
    }
}

impl OpenTransactions {
    /// Makes those of a service whose pools have this number of connections: a quarter of them may be held.
    pub(crate) fn new(times: Option<TransactionTimes>, connections: usize) -> OpenTransactions {
        let prefix = random::<4>().unwrap_or_default();
        let transactions = OpenTransactions {
            prefix,
            times,
            most: AtomicUsize::default(),
            is_closed: AtomicBool::default(),
            entries: Mutex::default(),
        };
        transactions.allow(connections);
        transactions
    }

    /// Sets the number of connections of the pools.
    pub(crate) fn allow(&self, connections: usize) {
        self.most.store((connections / 4).max(1), Ordering::Relaxed);
    }

    /// Rolls all back that wait for a request, and each other one behind the request that uses it.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        let entries = self.entries.lock();
        let waiting = entries.open.iter().filter(|(_, one)| one.state.is_some());
        let waiting: Vec<String> = waiting.map(|(id, _)| id.clone()).collect();
        drop(entries);
        waiting.iter().for_each(|id| self.end(id, true));
    }

    /// Returns the times, if transactions of several requests are allowed.
    pub(crate) fn times(&self) -> HttpResult<TransactionTimes> {
        let message = "transactions of several requests are not allowed";
        let hint = "`transactions: { interactive: true }` of the service in the manifest, or a batch";
        self.times.ok_or_else(|| HttpError::new(405, "PGRST117", message).hint(hint).header("Allow", ""))
    }

    /// Returns the number of open transactions.
    pub(crate) fn open(&self) -> usize {
        self.entries.lock().open.len()
    }

    /// Reserves a place for a new transaction of a caller, who has at most so many, before its connection is taken.
    pub(crate) fn begin(
        self: &Arc<Self>,
        owner: TransactionOwner,
        most: usize,
    ) -> HttpResult<TakenTransaction> {
        let times = self.times()?;
        let secret = random::<16>().ok_or_else(|| HttpError::new(500, "MDB000", "no random numbers"))?;
        let (id, now) = (format!("{}-{secret}", self.prefix), Instant::now());
        let mut entries = self.entries.lock();
        let own = entries.open.values().filter(|one| one.owner.caller == owner.caller).count();
        if own >= most || entries.open.len() >= self.most.load(Ordering::Relaxed) {
            let message = "too many open transactions: end one first";
            return Err(HttpError::new(429, "MDB002", message).header("Retry-After", "1"));
        }
        entries
            .open
            .insert(id.clone(), OpenTransaction { owner, state: None, begun: now, last: now, operations: 0 });
        drop(entries);
        tokio::spawn(watch(Arc::downgrade(self), id.clone()));
        let (deadline, state) = (now + times.total, HeldState::New);
        Ok(TakenTransaction { transactions: self.clone(), id, state, deadline, kept: false })
    }

    /// Takes a transaction for a request of its owner.
    pub(crate) fn take(self: &Arc<Self>, id: &str, owner: &TransactionOwner) -> HttpResult<TakenTransaction> {
        let times = self.times()?;
        let mut entries = self.entries.lock();
        let Some(found) = entries.open.get_mut(id).filter(|one| one.owner == *owner) else {
            return Err(self.absent(&mut entries, id, owner));
        };
        let Some(state) = found.state.take() else {
            let message = "another operation of the transaction is in progress";
            return Err(HttpError::new(409, "MDB004", message));
        };
        found.operations += 1;
        let (id, deadline) = (id.to_owned(), found.begun + times.total);
        let taken = TakenTransaction { transactions: self.clone(), id, state, deadline, kept: false };
        let too_many = found.operations > MOST_OPERATIONS;
        drop(entries);
        if too_many { Err(ended()) } else { Ok(taken) }
    }

    /// Returns the answer for an id that is not open: one for those that never were and those of others.
    fn absent(&self, entries: &mut TransactionEntries, id: &str, owner: &TransactionOwner) -> HttpError {
        entries.ended.retain(|(.., at)| at.elapsed() < REMEMBERED_FOR);
        if entries.ended.iter().any(|(known, whose, _)| known == id && whose == owner) {
            return ended();
        }
        let is_hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
        let elsewhere = id.split_once('-').is_some_and(|(prefix, rest)| {
            prefix != self.prefix && prefix.len() == 8 && rest.len() == 32 && is_hex(prefix) && is_hex(rest)
        });
        if !elsewhere {
            return HttpError::new(404, "MDB004", "the transaction is unknown, or not yours");
        }
        HttpError::new(421, "MDB004", "another process of the data service began the transaction, if any did")
            .hint("a transaction of several requests stays at the process that began it: have the balancer do so, or send a batch")
    }

    /// Removes a transaction. If `remember`, its owner's next request gets the reason: a limit.
    fn end(&self, id: &str, remember: bool) {
        let mut entries = self.entries.lock();
        let Some(found) = entries.open.remove(id) else { return };
        if remember {
            entries.ended.push_back((id.to_owned(), found.owner.clone(), Instant::now()));
        }
        while entries.ended.len() > REMEMBERED {
            entries.ended.pop_front();
        }
        drop(entries);
        drop(found);
    }

    /// Returns the time of the next look at a transaction; `None` if it is over.
    fn next(&self, id: &str) -> Option<Instant> {
        let times = self.times?;
        let entries = self.entries.lock();
        let found = entries.open.get(id)?;
        let total = found.begun + times.total;
        Some(if found.state.is_some() { total.min(found.last + times.idle) } else { total })
    }
}

/// Returns the answer for a transaction that a limit ended.
pub(crate) fn ended() -> HttpError {
    HttpError::new(410, "MDB005", "the transaction was ended by a limit, and rolled back")
}

/// Returns the answer for a transaction that an error ended.
pub(crate) fn failed() -> HttpError {
    let message = "the transaction has failed, and was rolled back";
    HttpError::new(409, "25P02", message).hint("DELETE it, and begin another one")
}

/// Ends a transaction at its limits.
async fn watch(transactions: Weak<OpenTransactions>, id: String) {
    loop {
        let Some(next) = transactions.upgrade().and_then(|transactions| transactions.next(&id)) else {
            return;
        };
        if Instant::now() >= next {
            if let Some(transactions) = transactions.upgrade() {
                transactions.end(&id, true);
            }
            return;
        }
        // A request that ends in between may bring the end nearer: `idle` is looked at as often as it may pass.
        let idle = transactions
            .upgrade()
            .and_then(|transactions| transactions.times)
            .map_or(next, |times| Instant::now() + times.idle);
        tokio::time::sleep_until(next.min(idle)).await;
    }
}

/// Returns random bytes in hexadecimal.
fn random<const N: usize>() -> Option<String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok()?;
    Some(hex::encode(bytes))
}
