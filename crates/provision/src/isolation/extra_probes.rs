//! Probes in addition to the matrix: other addresses, replication, wrong and guessable passwords.
//!
//! CONNECT is the same on every address, but pg_hba.conf is not: a line that trusts `::1` or the socket is seen only by
//! a login there. A wrong password shows which rules the server has loaded, which the file does not.
//! `observe` says what is tried and tries it, `judge` says what each answer proves.

mod judge;
mod observe;

pub use judge::judge;
pub use observe::{Surroundings, observe};
