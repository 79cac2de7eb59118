//! What a broker does not do, and how long it is waited for.

use std::time::Duration;

use martydb_model::BrokerUrl;
use martydb_model::error::{Error, Kind};

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

/// What clients say about a certificate, and what to do about it.
const CERTIFICATES: &[(&str, &str)] = &[
    (UNKNOWN, "root_certificate: FILE under `to` names an authority of your own"),
    ("not valid for name", "the URL has to name the broker as its certificate does"),
    ("certificate expired", "the broker needs a new certificate, or this machine has the wrong time"),
    ("certificate not valid yet", "this machine may have the wrong time"),
];

const UNKNOWN: &str = "its certificate is signed by an authority that is not trusted";

/// It does not let us in.
pub fn unreachable(at: &BrokerUrl, why: &dyn std::fmt::Display) -> Error {
    let why = in_words(&why.to_string());
    let known = CERTIFICATES.iter().find(|(said, _)| why.contains(said)).map(|(_, hint)| *hint);
    Error::new(Kind::Unreachable, format!("cannot connect to the broker at {at}")).cause(why).hint_if(known)
}

/// The first cause of a client's error. What stands around it may hold the address, whose query may hold a secret.
pub fn first_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut first = error;
    while let Some(cause) = first.source() {
        first = cause;
    }
    in_words(&first.to_string())
}

fn in_words(why: &str) -> String {
    if why.contains("UnknownIssuer") { UNKNOWN.to_owned() } else { why.to_owned() }
}
