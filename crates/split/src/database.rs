//! Databases of both sides: their sessions, tables, sequences and side effects, transactions in them, and the triggers
//! that close their tables to writes.

pub mod sequences;
pub mod sessions;
pub mod side_effects;
pub mod tables;
pub mod transaction;
pub mod write_block;
