//! Decisions while a batch is delivered: the next event of an aggregate, the same one again, or none. Pure.
//!
//! A lane is one aggregate's events of a batch. It goes on to the next event only after an acknowledgement.

use std::time::Duration;

use crate::broker::PublishFailure;

/// Pauses before an event is sent again within its batch: most failures of a receiver behind a load balancer are over
/// by then. The batch holds locks meanwhile, so they are few and short.
const REPEATS: [Duration; 3] =
    [Duration::from_millis(10), Duration::from_millis(40), Duration::from_millis(160)];

/// Failures in a row, of any lane, after which a batch sends nothing further: the receiver fails as a whole. A receiver
/// that fails one time in two has so many in a row once in 65,000.
const MAX_FAILURES_IN_A_ROW: u32 = 16;

/// Next action of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaneStep {
    /// Send the next event.
    Next,
    /// Send the same event again after this pause.
    Repeat(Duration),
    /// Send nothing further of this aggregate.
    End,
}

/// Failures of a batch so far, for all of its lanes.
#[derive(Debug, Default)]
pub(crate) struct BatchFlow {
    in_a_row: u32,
    failing: bool,
}

impl BatchFlow {
    /// Records the end of an event that was sent again `repeats` times, and returns what its lane does.
    pub(crate) fn step(&mut self, end: Result<(), &PublishFailure>, repeats: usize) -> LaneStep {
        let Err(failure) = end else {
            self.in_a_row = 0;
            return LaneStep::Next;
        };
        let (is_unusable, may_pass) = match failure {
            PublishFailure::Down(_) | PublishFailure::Closed(_) => (true, false),
            // An answer about this event alone.
            PublishFailure::Refused(_) | PublishFailure::Unfit(_) => return LaneStep::End,
            // It took its time already, or the broker said when to come back.
            PublishFailure::Silent(_) | PublishFailure::Busy { after: Some(_), .. } => (false, false),
            PublishFailure::Failed(_)
            | PublishFailure::Broken(_)
            | PublishFailure::Busy { after: None, .. } => (false, true),
        };
        self.in_a_row += 1;
        self.failing |= is_unusable || self.in_a_row >= MAX_FAILURES_IN_A_ROW;
        let pause = REPEATS.get(repeats).filter(|_| may_pass && !self.failing);
        pause.map_or(LaneStep::End, |pause| LaneStep::Repeat(*pause))
    }

    /// Returns `true` if no lane may send anything further.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LaneStep::{End, Next, Repeat};
    use PublishFailure::{Broken, Busy, Closed, Down, Failed, Refused, Silent, Unfit};

    fn why() -> String {
        "x".into()
    }

    fn busy(after: Option<Duration>) -> PublishFailure {
        Busy { why: why(), after }
    }

    #[test]
    fn a_temporary_failure_is_repeated_and_nothing_overtakes_it() {
        for failure in [Failed(why()), Broken(why()), busy(None)] {
            let mut flow = BatchFlow::default();
            let steps: Vec<_> = (0..5).map(|repeats| flow.step(Err(&failure), repeats)).collect();
            let repeats = REPEATS.map(Repeat);
            assert_eq!(steps, [repeats[0], repeats[1], repeats[2], End, End], "{failure:?}");
            assert!(!flow.is_failing());
            assert_eq!(flow.step(Ok(()), 0), Next);
        }
        for failure in [Refused(why()), Unfit(why()), Silent(why()), busy(Some(Duration::ZERO))] {
            assert_eq!(BatchFlow::default().step(Err(&failure), 0), End, "{failure:?}");
        }
    }

    #[test]
    fn a_batch_ends_when_the_broker_is_unusable_or_fails_many_times_in_a_row() {
        for failure in [Down(why()), Closed(why())] {
            let mut flow = BatchFlow::default();
            assert_eq!((flow.step(Err(&failure), 0), flow.is_failing()), (End, true), "{failure:?}");
        }
        let mut flow = BatchFlow::default();
        for _ in 1..MAX_FAILURES_IN_A_ROW {
            flow.step(Err(&busy(None)), 0);
            // It says nothing about the broker.
            flow.step(Err(&Refused(why())), 0);
        }
        assert!(!flow.is_failing());
        flow.step(Ok(()), 0);
        for _ in 1..MAX_FAILURES_IN_A_ROW {
            flow.step(Err(&busy(None)), 0);
        }
        assert!(!flow.is_failing());
        assert_eq!((flow.step(Err(&busy(None)), 0), flow.is_failing()), (End, true));
    }
}
