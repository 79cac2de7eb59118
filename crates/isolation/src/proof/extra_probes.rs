//! Probes in addition to the matrix: other addresses, replication, wrong and guessable passwords.
//!
//! CONNECT is the same on every address, but pg_hba.conf is not: only a login attempt reveals a line that trusts
//! `::1` or the socket. A wrong password reveals the rules that the server has loaded, which may differ from the
//! file. `observe` plans and makes the attempts, `judge` decides what each answer proves.

mod judge;
mod observe;

pub(crate) use judge::judge;
pub(crate) use observe::ProbeContext;
pub(crate) use observe::observe;
