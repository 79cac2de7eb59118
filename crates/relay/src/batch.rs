//! Decisions about a batch of events: which may be published, what is sent, and what becomes of each event. Pure.

pub mod claim;
pub mod lane;
pub mod verdict;
