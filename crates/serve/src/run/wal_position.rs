//! Positions in the WAL: where a write was committed, as a signed token for its caller, and how far a replica has come.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::error::{HttpError, HttpResult};
use crate::run::service::cursor::CursorKey;

/// Header of the token.
pub(crate) const WRITTEN: &str = "martydb-written";

/// A position in the WAL of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WalPosition {
    pub(crate) timeline: u32,
    pub position: u64,
}

impl WalPosition {
    /// Returns the token of the position.
    pub(crate) fn token(&self, key: &CursorKey) -> Option<String> {
        let text = format!("{:X}-{:X}", self.timeline, self.position);
        let tag = key.tag(&text)?;
        Some(format!("{text}.{tag}"))
    }

    /// Returns the position of a token that this key signed.
    pub(crate) fn of_token(token: &str, key: &CursorKey) -> HttpResult<WalPosition> {
        let wrong = || {
            let message = "the header Martydb-Written is not a token of this service";
            HttpError::new(400, "PGRST100", message).hint("send that of the answer to the write, unchanged")
        };
        let (text, tag) = token.trim().split_once('.').ok_or_else(wrong)?;
        if !key.has_tag(text, tag) {
            return Err(wrong());
        }
        let (timeline, position) = text.split_once('-').ok_or_else(wrong)?;
        let timeline = u32::from_str_radix(timeline, 16).map_err(|_| wrong())?;
        let position = u64::from_str_radix(position, 16).map_err(|_| wrong())?;
        Ok(WalPosition { timeline, position })
    }

    /// Returns `true` if a replica at this position shows what was written at the other. A position of another timeline says nothing.
    pub(crate) fn shows(&self, written: WalPosition) -> bool {
        self.timeline == written.timeline && self.position >= written.position
    }
}

/// Positions of the primary in the last seconds, from which the lag of a replica is computed: its clock, and a quiet primary, do not
/// matter.
#[derive(Debug, Default)]
pub(crate) struct PrimaryPositions(VecDeque<(Instant, WalPosition)>);

/// Time in which the primary is looked at again, even where that fails at first.
const LOOKS: Duration = Duration::from_secs(5);

/// Most positions that are kept.
const MAX_POSITIONS: usize = 600;

impl PrimaryPositions {
    /// Adds the position of the primary now.
    pub(crate) fn add(&mut self, position: WalPosition, now: Instant) {
        if self.0.len() >= MAX_POSITIONS {
            self.0.pop_front();
        }
        self.0.push_back((now, position));
    }

    /// Returns `true` if a replica at a position is at most so far behind. Where no position is as old, the oldest counts.
    pub(crate) fn is_within(&self, position: WalPosition, lag: Duration, now: Instant) -> bool {
        let age = |at: &Instant| now.saturating_duration_since(*at);
        // Nothing is known of the lag without a recent look at the primary.
        let is_known = self.0.back().is_some_and(|(at, _)| age(at) <= lag + LOOKS);
        let wanted = self.0.iter().rev().find(|(at, _)| age(at) >= lag).or(self.0.front());
        is_known && wanted.is_some_and(|(_, wanted)| position.shows(*wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(timeline: u32, position: u64) -> WalPosition {
        WalPosition { timeline, position }
    }

    #[test]
    fn a_token_is_taken_as_it_was_given_and_in_no_other_form() {
        let key = CursorKey::derive(Some("0123456789abcdef0123456789abcdef"), "shop");
        let token = position(2, 0x4D0_4F50).token(&key).unwrap();
        assert_eq!(WalPosition::of_token(&token, &key), Ok(position(2, 0x4D0_4F50)));
        let other = CursorKey::derive(Some("0123456789abcdef0123456789abcdef"), "bank");
        let later = token.replacen("2-4D", "2-4E", 1);
        for (token, key) in
            [(&token, &other), (&later, &key), (&String::new(), &key), (&"1-1.x".into(), &key)]
        {
            assert_eq!(WalPosition::of_token(token, key).unwrap_err().status, 400, "{token}");
        }
    }

    #[test]
    fn a_replica_is_judged_by_where_the_primary_was() {
        let (mut positions, start) = (PrimaryPositions::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let lag = Duration::from_secs(3);
        assert!(!positions.is_within(position(1, 9), lag, start), "nothing is known of the primary");
        (0..10).for_each(|second| positions.add(position(1, second * 100), after(second)));
        assert!(positions.is_within(position(1, 600), lag, after(9)));
        assert!(!positions.is_within(position(1, 599), lag, after(9)));
        assert!(!positions.is_within(position(2, 900), lag, after(9)), "another timeline");
        assert!(positions.is_within(position(1, 0), Duration::from_secs(60), after(9)));
        assert!(
            !positions.is_within(position(1, 900), lag, after(18)),
            "nothing new is known of the primary"
        );
    }

    #[test]
    fn a_write_of_another_timeline_is_not_shown() {
        let written = position(1, 100);
        assert!(position(1, 100).shows(written) && !position(1, 99).shows(written));
        assert!(!position(2, 900).shows(written));
    }
}
