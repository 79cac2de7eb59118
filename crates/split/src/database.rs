//! Databases of both sides: their sessions, tables, sequences and side effects, transactions in them, and the triggers
//! that close their tables to writes.

pub(crate) mod sequences;
pub(crate) mod sessions;
pub(crate) mod side_effects;
pub(crate) mod tables;
pub(crate) mod transaction;
pub(crate) mod write_block;
