//! Decisions about a batch of events: which may be published, what is sent, and what becomes of each event. Pure.

pub(crate) mod claim;
pub(crate) mod lane;
pub(crate) mod verdict;
