//! Evaluation of a batch: the outcome of each event, and failures of the broker itself. Pure.
//!
//! All that a relay decides about deliveries is here and in [`super::lane`]: `lane` decides what is sent within a
//! batch, this module what is recorded of it. Both keep two rules. At least once: an event is [`DeliveryOutcome::Published`]
//! only if the broker acknowledged it. In order within the aggregate: after any other end the batch sends nothing
//! further of that aggregate, and the next claim begins with the same event.

use std::time::Duration;

use crate::broker::PublishFailure;
use martydb_model::Redelivery;

/// Index of an event that was sent, and its result.
pub(crate) type Sent = (usize, Result<(), PublishFailure>);

/// Decision about an event that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DeliveryOutcome {
    /// Acknowledged by the broker.
    Published,
    /// The broker could not take it then: it and its aggregate wait, and no attempt counts.
    PutOff { why: String, pause: Duration },
    /// An attempt counts: it and its aggregate wait.
    Retried { why: String, pause: Duration },
    /// The last attempt failed.
    Dead { why: String },
    /// The last attempt failed, and the dead destination acknowledged it.
    Diverted { why: String },
}

/// Outage of the destination as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Down {
    pub why: String,
    /// Shortest pause that the broker asked for, at most the longest pause of the manifest.
    pub pause: Option<Duration>,
}

/// Result that the publisher records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BatchVerdict {
    /// Outcomes of the events that were sent, by their indexes in the batch. An event without an outcome stays as it was.
    pub outcomes: Vec<(usize, DeliveryOutcome)>,
    /// Reason why the broker is unusable; failures then do not count against events.
    pub down: Option<Down>,
    /// `true` if one of the events made the broker close the channel: the next ones are published one at a time.
    pub suspicious: bool,
    /// `true` if the channel is closed.
    pub closed: bool,
}

impl BatchVerdict {
    /// Returns `true` if the broker acknowledged an event: pauses of the destination begin again with the shortest.
    pub(crate) fn has_progress(&self) -> bool {
        self.outcomes.iter().any(|(_, outcome)| *outcome == DeliveryOutcome::Published)
    }
}

/// Evaluates results. A failure counts against an event if the broker reported it. A timeout counts only if the
/// broker answered another event: an outage of a night must not make an event dead. A broker that is busy delays
/// the event alone if it answered another one, and the whole destination otherwise.
///
/// `attempts` contains the number of earlier attempts of each event of the batch.
pub(crate) fn judge(
    sent: Vec<Sent>,
    lost: Option<String>,
    attempts: &[i64],
    retry: &Redelivery,
) -> BatchVerdict {
    let answered =
        sent.iter().any(|(_, end)| end.as_ref().err().is_none_or(PublishFailure::is_about_the_event));
    let alone = sent.len() == 1;
    let closed = sent.iter().any(|(_, end)| matches!(end, Err(PublishFailure::Closed(_))));
    let mut verdict = BatchVerdict { closed, ..BatchVerdict::default() };
    let mut down = lost.map(|why| Down { why, pause: None });
    for (number, end) in sent {
        let outcome = match end {
            Ok(()) => DeliveryOutcome::Published,
            Err(failure) if counts(&failure, answered, alone) => {
                failed(failure.why(), attempts.get(number).copied().unwrap_or_default(), retry)
            }
            Err(PublishFailure::Busy { why, after }) if answered => {
                DeliveryOutcome::PutOff { why: kept(&why), pause: after.unwrap_or(retry.from).min(retry.to) }
            }
            Err(failure) => {
                verdict.suspicious |= matches!(failure, PublishFailure::Closed(_));
                down = Some(worse(down, &failure, retry));
                continue;
            }
        };
        verdict.outcomes.push((number, outcome));
    }
    verdict.suspicious |= alone && !verdict.has_progress() && down.is_none();
    BatchVerdict { down, ..verdict }
}

/// Returns `true` if an attempt counts, in a batch that is otherwise `answered`, or that has only this event.
fn counts(failure: &PublishFailure, answered: bool, alone: bool) -> bool {
    match failure {
        PublishFailure::Refused(_) | PublishFailure::Unfit(_) | PublishFailure::Failed(_) => true,
        PublishFailure::Silent(_) | PublishFailure::Broken(_) => answered,
        PublishFailure::Closed(_) => alone,
        PublishFailure::Busy { .. } | PublishFailure::Down(_) => false,
    }
}

/// Adds a failure to an outage: the first reason is kept, and the shortest pause that the broker asked for.
fn worse(down: Option<Down>, failure: &PublishFailure, retry: &Redelivery) -> Down {
    let asked = match failure {
        PublishFailure::Busy { after, .. } => after.map(|after| after.min(retry.to)),
        _ => None,
    };
    let Some(down) = down else { return Down { why: kept(failure.why()), pause: asked } };
    Down { pause: down.pause.into_iter().chain(asked).min(), ..down }
}

/// Returns the outcome of an event after a further attempt that counts.
fn failed(why: &str, attempts: i64, retry: &Redelivery) -> DeliveryOutcome {
    let why = kept(why);
    match pause(retry, attempts.saturating_add(1)) {
        Some(pause) => DeliveryOutcome::Retried { why, pause },
        None => DeliveryOutcome::Dead { why },
    }
}

/// Returns the outcome of a dead event after it was sent to the dead destination, with `end`. It is not given up before that
/// destination has it: until then it is tried again at both.
pub(crate) fn after_diversion(why: String, end: Result<(), &str>, retry: &Redelivery) -> DeliveryOutcome {
    match end {
        Ok(()) => DeliveryOutcome::Diverted { why },
        Err(failure) => {
            let why = kept(&format!("{why}; the dead destination: {failure}"));
            DeliveryOutcome::Retried { why, pause: retry.to }
        }
    }
}

/// Number of characters of an error that the outbox stores.
const MAX_ERROR_CHARACTERS: usize = 500;

/// Makes an error text storable: a NUL would make the whole batch fail, which would then be published again
/// forever.
fn kept(why: &str) -> String {
    why.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_ERROR_CHARACTERS).collect()
}

/// Returns the pause after this many failed attempts; `None` if the event is dead.
fn pause(retry: &Redelivery, attempts: i64) -> Option<Duration> {
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
    use PublishFailure::{Broken, Busy, Closed, Failed, Refused, Silent, Unfit};

    const RETRY: Redelivery =
        Redelivery { tries: 12, from: Duration::from_secs(1), to: Duration::from_secs(300) };

    fn why() -> String {
        "x".into()
    }

    fn busy(seconds: Option<u64>) -> PublishFailure {
        Busy { why: why(), after: seconds.map(Duration::from_secs) }
    }

    fn judged(ends: Vec<Result<(), PublishFailure>>, lost: Option<String>) -> BatchVerdict {
        let attempts = vec![0; ends.len()];
        judge(ends.into_iter().enumerate().collect(), lost, &attempts, &RETRY)
    }

    fn retried() -> DeliveryOutcome {
        DeliveryOutcome::Retried { why: why(), pause: RETRY.from }
    }

    fn down(pause: Option<u64>) -> Option<Down> {
        Some(Down { why: why(), pause: pause.map(Duration::from_secs) })
    }

    #[test]
    fn an_event_is_blamed_only_where_the_broker_answers() {
        for end in [Silent(why()), Broken(why())] {
            let none = judged(vec![Err(end.clone()), Err(end.clone())], None);
            assert_eq!((none.outcomes, none.down), (vec![], down(None)));
            let one = judged(vec![Ok(()), Err(end)], None);
            assert_eq!(
                (one.outcomes, one.down),
                (vec![(0, DeliveryOutcome::Published), (1, retried())], None)
            );
        }
        for end in [Refused(why()), Failed(why())] {
            let refused = judged(vec![Err(end), Err(PublishFailure::Down(why()))], None);
            assert_eq!((refused.outcomes, refused.down), (vec![(0, retried())], down(None)));
        }
        // An event that was not sent tells nothing about the broker.
        let unfit = judged(vec![Err(Unfit(why())), Err(Silent(why()))], None);
        assert_eq!((unfit.outcomes, unfit.down), (vec![(0, retried())], down(None)));
        let lost = judged(vec![Ok(())], Some("x".into()));
        assert_eq!((lost.has_progress(), lost.down), (true, down(None)));
    }

    #[test]
    fn a_busy_broker_delays_an_event_alone_if_it_took_another() {
        let put_off = |seconds| DeliveryOutcome::PutOff { why: why(), pause: Duration::from_secs(seconds) };
        for (asked, waits) in [(None, 1), (Some(0), 0), (Some(20), 20), (Some(86_400), 300)] {
            let one = judged(vec![Ok(()), Err(busy(asked))], None);
            assert_eq!(
                (one.outcomes, one.down),
                (vec![(0, DeliveryOutcome::Published), (1, put_off(waits))], None)
            );
        }
        // It took none: no event waits by itself, and the destination as long as the broker asks for.
        let none = judged(vec![Err(busy(Some(20))), Err(busy(None)), Err(busy(Some(7)))], None);
        assert_eq!((none.outcomes.len(), none.down), (0, down(Some(7))));
        assert_eq!(judged(vec![Err(busy(Some(86_400)))], None).down, down(Some(300)));
    }

    #[test]
    fn no_words_of_a_broker_keep_a_batch_from_being_written_down() {
        let words = format!("no\0pe\n{}", "x".repeat(10_000));
        let verdict = judged(vec![Ok(()), Err(Refused(words))], None);
        let DeliveryOutcome::Retried { why, .. } = &verdict.outcomes[1].1 else { panic!("{verdict:?}") };
        assert!(why.starts_with("no pe x") && why.chars().count() == MAX_ERROR_CHARACTERS, "{why}");
        assert!(verdict.has_progress());
    }

    #[test]
    fn events_that_close_the_channel_are_found_one_at_a_time() {
        let many = judged(vec![Ok(()), Err(Closed(why())), Err(Closed(why()))], None);
        assert!(many.suspicious && many.closed && many.outcomes.len() == 1 && many.down.is_some());
        let alone = judged(vec![Err(Closed(why()))], None);
        assert_eq!((alone.outcomes, alone.down, alone.suspicious), (vec![(0, retried())], None, true));
        assert!(!judged(vec![Ok(())], None).suspicious);
    }

    #[test]
    fn the_last_attempt_makes_an_event_dead() {
        for (attempts, outcome) in [
            (0, retried()),
            (11, DeliveryOutcome::Dead { why: why() }),
            (i64::MAX, DeliveryOutcome::Dead { why: why() }),
        ] {
            let verdict = judge(vec![(0, Err(Refused(why())))], None, &[attempts], &RETRY);
            assert_eq!(verdict.outcomes, [(0, outcome)], "{attempts}");
        }
    }

    #[test]
    fn a_dead_event_is_given_up_only_if_the_dead_destination_has_it() {
        let after = |end| after_diversion(why(), end, &RETRY);
        assert_eq!(after(Ok(())), DeliveryOutcome::Diverted { why: why() });
        let why = "x; the dead destination: gone".to_owned();
        assert_eq!(after(Err("gone")), DeliveryOutcome::Retried { why, pause: RETRY.to });
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_then_the_event_is_dead() {
        let seconds = |attempts| pause(&RETRY, attempts).map(|pause| pause.as_secs());
        assert_eq!([1, 2, 9, 10, 11].map(seconds), [1, 2, 256, 300, 300].map(Some));
        assert_eq!((seconds(12), seconds(1000)), (None, None));
        let once = Redelivery { tries: 1, ..RETRY };
        assert_eq!(pause(&once, 1), None);
        assert_eq!(pause(&Redelivery { tries: u32::MAX, ..RETRY }, 4000), Some(RETRY.to));
    }
}
