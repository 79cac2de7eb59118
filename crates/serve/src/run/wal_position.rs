//! Places in the WAL: where a write was committed, as a signed token for its caller, and how far a replica has come.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::error::{HttpError, HttpResult};
use crate::run::service::cursor::CursorKey;

/// Header of the token.
pub(crate) const WRITTEN: &str = "martydb-written";

/// A place in the WAL of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WalPlace {
    pub(crate) timeline: u32,
    pub position: u64,
}

impl WalPlace {
    /// Returns the token of the place.
    pub(crate) fn token(&self, key: &CursorKey) -> Option<String> {
        let text = format!("{:X}-{:X}", self.timeline, self.position);
        let tag = key.tag(&text)?;
        Some(format!("{text}.{tag}"))
    }

    /// Returns the place of a token that this key signed.
    pub(crate) fn of_token(token: &str, key: &CursorKey) -> HttpResult<WalPlace> {
        let wrong = || {
            let message = "the header Martydb-Written is no token of this service";
            HttpError::new(400, "PGRST100", message).hint("send that of the answer to the write, unchanged")
        };
        let (text, tag) = token.trim().split_once('.').ok_or_else(wrong)?;
        if !key.has_tag(text, tag) {
            return Err(wrong());
        }
        let (timeline, position) = text.split_once('-').ok_or_else(wrong)?;
        let timeline = u32::from_str_radix(timeline, 16).map_err(|_| wrong())?;
        let position = u64::from_str_radix(position, 16).map_err(|_| wrong())?;
        Ok(WalPlace { timeline, position })
    }

    /// Returns `true` if a replica at this place shows what was written at the other. A place of another timeline says nothing.
    pub(crate) fn shows(&self, written: WalPlace) -> bool {
        self.timeline == written.timeline && self.position >= written.position
    }
}

/// Places of the primary in the last seconds, by which the lag of a replica is told: its clock, and a quiet primary, do not
/// matter.
#[derive(Debug, Default)]
pub(crate) struct PrimaryPlaces(VecDeque<(Instant, WalPlace)>);

/// Time in which the primary is looked at again, even where that fails at first.
const LOOKS: Duration = Duration::from_secs(5);

/// Most places that are kept.
const MOST: usize = 600;

impl PrimaryPlaces {
    /// Adds the place of the primary now.
    pub(crate) fn add(&mut self, place: WalPlace, now: Instant) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back((now, place));
    }

    /// Returns `true` if a replica at a place is at most so far behind. Where no place is as old, the oldest counts.
    pub(crate) fn is_within(&self, place: WalPlace, lag: Duration, now: Instant) -> bool {
        let age = |at: &Instant| now.saturating_duration_since(*at);
        // Nothing is known of the lag without a recent look at the primary.
        let is_known = self.0.back().is_some_and(|(at, _)| age(at) <= lag + LOOKS);
        let wanted = self.0.iter().rev().find(|(at, _)| age(at) >= lag).or(self.0.front());
        is_known && wanted.is_some_and(|(_, wanted)| place.shows(*wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(timeline: u32, position: u64) -> WalPlace {
        WalPlace { timeline, position }
    }

    #[test]
    fn a_token_is_taken_as_it_was_given_and_in_no_other_form() {
        let key = CursorKey::of(Some("0123456789abcdef0123456789abcdef"), "shop");
        let token = place(2, 0x4D0_4F50).token(&key).unwrap();
        assert_eq!(WalPlace::of_token(&token, &key), Ok(place(2, 0x4D0_4F50)));
        let other = CursorKey::of(Some("0123456789abcdef0123456789abcdef"), "bank");
        let later = token.replacen("2-4D", "2-4E", 1);
        for (token, key) in
            [(&token, &other), (&later, &key), (&String::new(), &key), (&"1-1.x".into(), &key)]
        {
            assert_eq!(WalPlace::of_token(token, key).unwrap_err().status, 400, "{token}");
        }
    }

    #[test]
    fn a_replica_is_judged_by_where_the_primary_was() {
        let (mut places, start) = (PrimaryPlaces::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let lag = Duration::from_secs(3);
        assert!(!places.is_within(place(1, 9), lag, start), "nothing is known of the primary");
        (0..10).for_each(|second| places.add(place(1, second * 100), after(second)));
        assert!(places.is_within(place(1, 600), lag, after(9)));
        assert!(!places.is_within(place(1, 599), lag, after(9)));
        assert!(!places.is_within(place(2, 900), lag, after(9)), "another timeline");
        assert!(places.is_within(place(1, 0), Duration::from_secs(60), after(9)));
        assert!(!places.is_within(place(1, 900), lag, after(18)), "nothing new is known of the primary");
    }

    #[test]
    fn a_write_of_another_timeline_is_not_shown() {
        let written = place(1, 100);
        assert!(place(1, 100).shows(written) && !place(1, 99).shows(written));
        assert!(!place(2, 900).shows(written));
    }
}
