//! Ids of new documents: UUIDs of version 7, whose order is that of their making (RFC 9562, sections 5.7 and 6.2).

use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::error::{HttpError, HttpResult};
use martydb_model::hex;

/// Highest counter of one millisecond: it has the 12 bits behind the version.
const MAX_COUNTER: u16 = 0xfff;

/// Maker of ids: the millisecond and the counter of the last one.
#[derive(Debug, Default)]
pub(crate) struct DocumentIds(Mutex<(u64, u16)>);

impl DocumentIds {
    /// Makes an id, which is higher than all before it.
    pub(crate) fn next(&self) -> HttpResult<String> {
        let mut random = [0; 10];
        getrandom::fill(&mut random)
            .map_err(|_| HttpError::new(503, "MDB000", "the system gives no random bytes"))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64);
        let mut last = self.0.lock();
        *last = following(*last, now, u16::from_be_bytes([random[8], random[9]]));
        Ok(text(*last, &random))
    }
}

/// Returns the millisecond and the counter that follow. A counter begins in its lower half; one that is full, and a clock that went
/// back, make the time run ahead of the clock.
fn following((time, counter): (u64, u16), now: u64, random: u16) -> (u64, u16) {
    match now > time {
        true => (now, random & (MAX_COUNTER >> 1)),
        false if counter < MAX_COUNTER => (time, counter + 1),
        false => (time + 1, random & (MAX_COUNTER >> 1)),
    }
}

fn text((time, counter): (u64, u16), random: &[u8; 10]) -> String {
    let tail = hex::encode(&random[2..8]);
    let variant = 0x8000 | u16::from_be_bytes([random[0], random[1]]) & 0x3fff;
    format!(
        "{:08x}-{:04x}-{:04x}-{variant:04x}-{tail}",
        time >> 16 & 0xffff_ffff,
        time & 0xffff,
        0x7000 | counter
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_order_whatever_the_clock_does() {
        let ids = DocumentIds::default();
        let made: Vec<String> = (0..20_000).map(|_| ids.next().unwrap()).collect();
        assert!(made.is_sorted_by(|one, next| one < next));
        assert_eq!((made[0].len(), &made[0][14..15]), (36, "7"));
        assert!(made.iter().all(|id| "89ab".contains(&id[19..20])));
        assert_eq!(following((5, 9), 6, 0xffff), (6, 0x7ff));
        assert_eq!(following((5, 9), 4, 0), (5, 10));
        assert_eq!(following((5, MAX_COUNTER), 5, 3), (6, 3));
        assert_eq!(text((0x0123_4567_89ab, 0xdef), &[0xff; 10]), "01234567-89ab-7def-bfff-ffffffffffff");
    }
}
