//! Evaluation of a batch: published events, failed attempts, and failures of the broker itself. Pure.

use std::time::Duration;

use crate::broker::PublishFailure;
use martydb_model::Redelivery;

/// Index of an event that was sent, and its result.
pub type Sent = (usize, Result<(), PublishFailure>);

/// Result that the publisher records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchVerdict {
    /// Indexes of published events in the batch.
    pub published: Vec<usize>,
    pub failed: Vec<(usize, String)>,
    /// Reason why the broker is unusable; failures then do not count against events.
    pub down: Option<String>,
    /// `true` if one of the events made the broker close the channel: the next ones are published one at a time.
    pub suspicious: bool,
    /// `true` if the channel is closed.
    pub closed: bool,
}

/// Evaluates results. A failure counts against an event if the broker reported it. A timeout counts only if the
/// broker answered another event: an outage of a night must not make an event dead.
pub fn judge(sent: Vec<Sent>, lost: Option<String>) -> BatchVerdict {
    let answered = sent.iter().any(|(_, end)| matches!(end, Ok(()) | Err(PublishFailure::Refused(_))));
    let alone = sent.len() == 1;
    let closed = sent.iter().any(|(_, end)| matches!(end, Err(PublishFailure::Closed(_))));
    let mut verdict = BatchVerdict { down: lost, closed, ..BatchVerdict::default() };
    for (number, end) in sent {
        match end {
            Ok(()) => verdict.published.push(number),
            Err(PublishFailure::Refused(why) | PublishFailure::Unfit(why)) => {
                verdict.failed.push((number, kept(&why)));
            }
            Err(PublishFailure::Silent(why)) if answered => verdict.failed.push((number, kept(&why))),
            Err(PublishFailure::Closed(why)) if alone => verdict.failed.push((number, kept(&why))),
            Err(PublishFailure::Closed(why)) => {
                verdict.suspicious = true;
                verdict.down.get_or_insert(why);
            }
            Err(PublishFailure::Silent(why) | PublishFailure::Down(why)) => {
                verdict.down.get_or_insert(why);
            }
        }
    }
    verdict.suspicious |= alone && verdict.published.is_empty() && verdict.down.is_none();
    verdict
}

/// Number of characters of an error that the outbox stores.
const LONGEST_WHY: usize = 500;

/// Makes an error text storable: a NUL would make the whole batch fail, which would then be published again
/// forever.
fn kept(why: &str) -> String {
    why.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_WHY).collect()
}

/// Returns the pause after this many failed attempts; `None` if the event is dead.
pub fn pause(retry: &Redelivery, attempts: i64) -> Option<Duration> {
    if attempts >= i64::from(retry.tries) {
        return None;
    }
    let doubled = u32::try_from(attempts.max(1) - 1).ok().and_then(|times| 2_u32.checked_pow(times));
    Some(
        doubled.and_then(|times| retry.from.checked_mul(times)).map_or(retry.to, |pause| pause.min(retry.to)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use PublishFailure::{Closed, Down, Refused, Silent, Unfit};

    fn why() -> String {
        "x".into()
    }

    #[test]
    fn an_event_is_blamed_only_where_the_broker_answers() {
        let silent = judge(vec![(0, Err(Silent(why()))), (1, Err(Silent(why())))], None);
        assert_eq!((silent.failed.len(), silent.down), (0, Some(why())));
        let one = judge(vec![(0, Ok(())), (1, Err(Silent(why())))], None);
        assert_eq!((one.published, one.failed, one.down), (vec![0], vec![(1, why())], None));
        let refused = judge(vec![(0, Err(Refused(why()))), (1, Err(Down(why())))], None);
        assert_eq!((refused.failed.len(), refused.down), (1, Some(why())));
        // An event that was not sent tells nothing about the broker.
        let unfit = judge(vec![(0, Err(Unfit(why()))), (1, Err(Silent(why())))], None);
        assert_eq!((unfit.failed, unfit.down), (vec![(0, why())], Some(why())));
        let lost = judge(vec![(0, Ok(()))], Some("lost".into()));
        assert_eq!((lost.published, lost.down), (vec![0], Some("lost".into())));
    }

    #[test]
    fn no_words_of_a_broker_keep_a_batch_from_being_written_down() {
        let words = format!("no\0pe\n{}", "x".repeat(10_000));
        let verdict = judge(vec![(0, Ok(())), (1, Err(Refused(words)))], None);
        let (_, why) = &verdict.failed[0];
        assert!(why.starts_with("no pe x") && why.chars().count() == LONGEST_WHY, "{why}");
        assert_eq!(verdict.published, [0]);
    }

    #[test]
    fn who_closes_the_channel_is_found_one_at_a_time() {
        let many = judge(vec![(0, Ok(())), (1, Err(Closed(why()))), (2, Err(Closed(why())))], None);
        assert!(many.suspicious && many.failed.is_empty() && many.down.is_some());
        let alone = judge(vec![(0, Err(Closed(why())))], None);
        assert_eq!((alone.failed, alone.down, alone.suspicious), (vec![(0, why())], None, true));
        assert!(!judge(vec![(0, Ok(()))], None).suspicious);
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_then_the_event_is_dead() {
        let retry = Redelivery { tries: 12, from: Duration::from_secs(1), to: Duration::from_secs(300) };
        let seconds = |attempts| pause(&retry, attempts).map(|pause| pause.as_secs());
        assert_eq!([1, 2, 9, 10, 11].map(seconds), [1, 2, 256, 300, 300].map(Some));
        assert_eq!((seconds(12), seconds(1000)), (None, None));
        let once = Redelivery { tries: 1, ..retry };
        assert_eq!(pause(&once, 1), None);
        assert_eq!(pause(&Redelivery { tries: u32::MAX, ..retry }, 4000), Some(retry.to));
    }
}
