//! Failures of brokers, and their timeouts.

#![cfg_attr(not(feature = "brokers"), allow(dead_code, unused_imports))]

use std::time::Duration;

use martydb_model::BrokerUrl;
use martydb_model::error::{Error, Kind};
pub(super) use martydb_pg::silence::connect_timeout;

/// Time limit for the acknowledgement of an event.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Reason why an event was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishFailure {
    /// The broker rejected this event.
    Refused(String),
    /// The event was not sent: no broker would get it.
    Unfit(String),
    /// The receiver failed with this event; the event or the receiver may be the reason.
    Failed(String),
    /// The connection broke before the answer.
    Broken(String),
    /// The broker cannot take this event now, for no reason of the event; it may ask for a pause.
    Busy { why: String, after: Option<Duration> },
    /// The broker did not answer in time.
    Silent(String),
    /// The broker closed the channel of this and other unacknowledged events: one of them may be the reason.
    Closed(String),
    /// The broker is unusable for any event.
    Down(String),
}

/// Kind of a failure, as metrics count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    Refused,
    Unfit,
    Failed,
    Broken,
    Busy,
    Silent,
    Closed,
    Down,
    /// The broker or the database could not be used at all.
    Outage,
}

impl FailureKind {
    /// All kinds, in the order of their values.
    pub const ALL: [FailureKind; 9] = [
        FailureKind::Refused,
        FailureKind::Unfit,
        FailureKind::Failed,
        FailureKind::Broken,
        FailureKind::Busy,
        FailureKind::Silent,
        FailureKind::Closed,
        FailureKind::Down,
        FailureKind::Outage,
    ];

    /// Returns the value of the label `kind`.
    pub fn name(self) -> &'static str {
        match self {
            FailureKind::Refused => "refused",
            FailureKind::Unfit => "unfit",
            FailureKind::Failed => "failed",
            FailureKind::Broken => "broken",
            FailureKind::Busy => "busy",
            FailureKind::Silent => "silent",
            FailureKind::Closed => "closed",
            FailureKind::Down => "down",
            FailureKind::Outage => "outage",
        }
    }
}

impl PublishFailure {
    pub fn kind(&self) -> FailureKind {
        match self {
            PublishFailure::Refused(_) => FailureKind::Refused,
            PublishFailure::Unfit(_) => FailureKind::Unfit,
            PublishFailure::Failed(_) => FailureKind::Failed,
            PublishFailure::Broken(_) => FailureKind::Broken,
            PublishFailure::Busy { .. } => FailureKind::Busy,
            PublishFailure::Silent(_) => FailureKind::Silent,
            PublishFailure::Closed(_) => FailureKind::Closed,
            PublishFailure::Down(_) => FailureKind::Down,
        }
    }

    /// Returns the reason in words.
    pub fn why(&self) -> &str {
        match self {
            PublishFailure::Refused(why)
            | PublishFailure::Unfit(why)
            | PublishFailure::Failed(why)
            | PublishFailure::Broken(why)
            | PublishFailure::Busy { why, .. }
            | PublishFailure::Silent(why)
            | PublishFailure::Closed(why)
            | PublishFailure::Down(why) => why,
        }
    }

    /// Returns `true` if the broker answered, about this event.
    pub(crate) fn is_about_the_event(&self) -> bool {
        matches!(self, PublishFailure::Refused(_) | PublishFailure::Failed(_))
    }
}

/// Certificate errors of clients, each with a hint.
const CERTIFICATES: &[(&str, &str)] = &[
    (UNKNOWN, "set root_certificate: FILE under `to` to trust an authority of your own"),
    // librdkafka's words, for the name too.
    (
        "broker certificate could not be verified",
        "set root_certificate: FILE under `to` to trust an authority of your own; the host in the URL has to match the certificate",
    ),
    ("not valid for name", "the host in the URL has to match the broker's certificate"),
    ("certificate expired", "the broker needs a new certificate, or this machine has the wrong time"),
    ("certificate not valid yet", "this machine may have the wrong time"),
];

const UNKNOWN: &str = "its certificate is signed by an authority that is not trusted";

/// Returns the error for a broker that cannot be connected to.
pub(super) fn unreachable(at: &BrokerUrl, why: &dyn std::fmt::Display) -> Error {
    let why = in_words(&why.to_string());
    let known = CERTIFICATES.iter().find(|(said, _)| why.contains(said)).map(|(_, hint)| *hint);
    Error::new(Kind::Unreachable, format!("cannot connect to the broker at {at}")).cause(why).hint_if(known)
}

/// Returns the first cause of a client's error. The outer text may contain the address, whose query may contain a
/// secret.
pub(super) fn first_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut first = error;
    while let Some(cause) = first.source() {
        first = cause;
    }
    in_words(&first.to_string())
}

fn in_words(why: &str) -> String {
    if why.contains("UnknownIssuer") { UNKNOWN.to_owned() } else { why.to_owned() }
}
