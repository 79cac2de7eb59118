//! Repetition limit of messages: a new message at once, the same one only after an interval. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Last message about each subject.
#[derive(Debug)]
pub(crate) struct RepeatLimit {
    every: Duration,
    said: BTreeMap<String, LastMessage>,
}

#[derive(Debug)]
struct LastMessage {
    what: String,
    first: Instant,
    last: Instant,
}

impl RepeatLimit {
    pub(crate) fn new(every: Duration) -> RepeatLimit {
        RepeatLimit { every, said: BTreeMap::new() }
    }

    /// Returns how long the message has been true if it is due, or `None`.
    pub(crate) fn due(&mut self, subject: &str, what: &str, now: Instant) -> Option<Duration> {
        match self.said.get_mut(subject).filter(|said| said.what == what) {
            None => {
                self.said.insert(subject.into(), LastMessage { what: what.into(), first: now, last: now });
                Some(Duration::ZERO)
            }
            Some(said) if now.duration_since(said.last) >= self.every => {
                said.last = now;
                Some(now.duration_since(said.first))
            }
            Some(_) => None,
        }
    }

    /// Forgets the message: the next one is new.
    pub(crate) fn forget(&mut self, subject: &str) {
        self.said.remove(subject);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_message_is_printed_at_intervals() {
        let (mut pace, start) = (RepeatLimit::new(Duration::from_secs(10)), Instant::now());
        let mut at = |seconds: u64, what: &str| {
            pace.due("a", what, start + Duration::from_secs(seconds)).map(|held| held.as_secs())
        };
        assert_eq!(
            [at(0, "x"), at(1, "x"), at(9, "x"), at(10, "x"), at(19, "x"), at(21, "x")],
            [Some(0), None, None, Some(10), None, Some(21)]
        );
        assert_eq!([at(22, "y"), at(23, "y"), at(24, "x")], [Some(0), None, Some(0)]);
        pace.forget("a");
        assert_eq!(pace.due("a", "x", start).map(|held| held.as_secs()), Some(0));
    }
}
