//! What a broker does not do, and how long it is waited for.

use std::time::Duration;

use crate::error::{Error, Kind};
use crate::model::BrokerUrl;

/// How long a broker gets to acknowledge an event.
pub const ANSWER: Duration = Duration::from_secs(10);

/// How long it gets to let us in.
pub const CONNECT: Duration = Duration::from_secs(10);

/// Why an event was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishFailure {
    /// The broker answered, and does not take this event.
    Refused(String),
    /// It did not answer in time.
    Silent(String),
    /// It closed the channel over which this event and others were on their way: one of them may be why.
    Closed(String),
    /// It cannot be used, whatever the event.
    Down(String),
}

/// It does not let us in.
pub fn unreachable(at: &BrokerUrl, why: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Unreachable, format!("cannot connect to the broker at {at}")).cause(why)
}
