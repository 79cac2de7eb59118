//! Kept answers of a service, within a number of bytes; the one that was not asked for the longest goes first. An answer is used only
//! if the check finds the tables as they were when it was kept: see [`look`].

mod check;
mod look;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use parking_lot::Mutex;

pub(crate) use look::{CacheLookup, CacheRequest, CacheSubject, CacheTicket};

use crate::answer::StatementResult;

/// Most bytes of the kept answers of a process, which its services share in equal parts.
pub(crate) const MAX_BYTES: usize = 64 << 20;

/// Largest part of its service's memory that one answer may take.
const LARGEST_PART: usize = 8;

/// Bytes that an answer takes beside its own: its keys, and its places in both maps.
const OVERHEAD: usize = 512;

/// Digest of everything that an answer depends on in addition to the tables: see [`CacheRequest::new`].
pub(crate) type CacheKey = [u8; 32];

/// An answer with what it was read at.
pub(crate) struct CachedResult {
    pub result: StatementResult,
    /// State of the tables before it was read.
    pub versions: String,
    /// Time before that state was asked for. A session that is younger may be one after a crash in which a server lost commits that
    /// it had already shown: its counters would begin again.
    pub begun: Instant,
    /// Time from which it is not used.
    pub end: Instant,
    recency: u64,
}

impl CachedResult {
    fn bytes(&self) -> usize {
        let location = self.result.location.as_ref().map_or(0, String::len);
        OVERHEAD + self.result.body.len() + location + self.versions.len()
    }
}

#[derive(Default)]
struct CacheState {
    answers: HashMap<CacheKey, CachedResult>,
    /// Keys by their last use.
    by_recency: BTreeMap<u64, CacheKey>,
    recency: u64,
    bytes: usize,
    most: usize,
}

impl CacheState {
    fn remove(&mut self, key: &CacheKey) {
        if let Some(gone) = self.answers.remove(key) {
            self.by_recency.remove(&gone.recency);
            self.bytes -= gone.bytes();
        }
    }

    /// Drops the oldest until the others fit; returns their number.
    fn evict(&mut self) -> u64 {
        let mut dropped = 0;
        while self.bytes > self.most {
            let Some((_, key)) = self.by_recency.pop_first() else { break };
            self.remove(&key);
            dropped += 1;
        }
        dropped
    }

    fn next_recency(&mut self) -> u64 {
        self.recency += 1;
        self.recency
    }
}

/// Kept answers, and what became of requests for them.
#[derive(Default)]
pub(crate) struct CachedAnswers {
    state: Mutex<CacheState>,
    hits: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
}

/// Figures of a cache.
pub(crate) struct CacheFigures {
    pub hits: u64,
    pub(crate) misses: u64,
    pub(crate) evictions: u64,
    pub bytes: usize,
}

impl CachedAnswers {
    /// Returns the answer of a key, if the tables are as they were, and the session that asked for them is old enough.
    fn get(&self, key: &CacheKey, versions: &str, opened: Instant, now: Instant) -> Option<StatementResult> {
        let mut state = self.state.lock();
        let recency = state.next_recency();
        let answer = state.answers.get_mut(key)?;
        if answer.versions == versions && now < answer.end {
            if opened > answer.begun {
                return None;
            }
            let (former, result) = (std::mem::replace(&mut answer.recency, recency), answer.result.clone());
            state.by_recency.remove(&former);
            state.by_recency.insert(recency, *key);
            self.hits.fetch_add(1, Relaxed);
            return Some(result);
        }
        state.remove(key);
        None
    }

    fn put(&self, key: CacheKey, mut answer: CachedResult) {
        let bytes = answer.bytes();
        let mut state = self.state.lock();
        if bytes > state.most / LARGEST_PART {
            return;
        }
        state.remove(&key);
        answer.recency = state.next_recency();
        state.by_recency.insert(answer.recency, key);
        state.answers.insert(key, answer);
        state.bytes += bytes;
        self.evictions.fetch_add(state.evict(), Relaxed);
    }

    fn missed(&self) {
        self.misses.fetch_add(1, Relaxed);
    }

    /// Sets the most bytes.
    pub(crate) fn allow(&self, most: usize) {
        let mut state = self.state.lock();
        state.most = most;
        self.evictions.fetch_add(state.evict(), Relaxed);
    }

    /// Forgets all answers.
    pub(crate) fn forget(&self) {
        let mut state = self.state.lock();
        *state = CacheState { most: state.most, recency: state.recency, ..CacheState::default() };
    }

    /// Returns the figures.
    pub(crate) fn figures(&self) -> CacheFigures {
        CacheFigures {
            hits: self.hits.load(Relaxed),
            misses: self.misses.load(Relaxed),
            evictions: self.evictions.load(Relaxed),
            bytes: self.state.lock().bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answer(body: usize, begun: Instant) -> CachedResult {
        let result = StatementResult { body: vec![b'x'; body], ..StatementResult::default() };
        CachedResult { result, versions: "1".into(), begun, end: begun + Duration::from_secs(60), recency: 0 }
    }

    #[test]
    fn an_answer_is_used_while_its_tables_are_as_they_were() {
        let (cache, now, key) = (CachedAnswers::default(), Instant::now(), [1; 32]);
        cache.allow(1 << 20);
        cache.put(key, answer(10, now));
        let later = now + Duration::from_secs(59);
        assert!(cache.get(&[2; 32], "1", now, later).is_none(), "another key");
        assert!(cache.get(&key, "1", later, later).is_none(), "a session that is younger than the answer");
        assert_eq!(cache.get(&key, "1", now, later).unwrap().body.len(), 10);
        assert!(cache.get(&key, "2", now, later).is_none(), "a write");
        assert!(cache.get(&key, "1", now, later).is_none(), "it is gone");
        cache.put(key, answer(10, now));
        assert!(cache.get(&key, "1", now, now + Duration::from_secs(60)).is_none(), "its time is over");
        assert_eq!((cache.figures().hits, cache.figures().bytes), (1, 0));
    }

    #[test]
    fn the_answer_that_was_not_asked_for_the_longest_goes_first() {
        let (cache, now) = (CachedAnswers::default(), Instant::now());
        cache.allow(10 * 1000);
        (0..9).for_each(|number| cache.put([number; 32], answer(488, now)));
        assert!(cache.get(&[0; 32], "1", now, now).is_some());
        (9..11).for_each(|number| cache.put([number; 32], answer(488, now)));
        assert!(cache.get(&[1; 32], "1", now, now).is_none());
        assert!(cache.get(&[0; 32], "1", now, now).is_some());
        assert_eq!((cache.figures().evictions, cache.figures().bytes <= 10_000), (2, true));
        cache.put([20; 32], answer(2000, now));
        assert!(cache.get(&[20; 32], "1", now, now).is_none(), "more than its part");
        cache.put([0; 32], answer(100, now));
        cache.allow(0);
        assert_eq!(cache.figures().bytes, 0);
        cache.put([0; 32], answer(0, now));
        assert_eq!(cache.figures().bytes, 0);
    }
}
