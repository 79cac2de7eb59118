//! Probes in addition to the matrix: other addresses, replication, wrong and guessable passwords.
//!
//! CONNECT is the same on every address, but pg_hba.conf is not: a line that trusts `::1` or the socket is seen only by
//! a login there. A wrong password shows which rules the server has loaded, which the file does not.
//! `plan` says what is tried, `observe` tries it, `purpose` says what an answer proves, and `judge` makes the findings.

mod judge;
mod observe;
mod plan;
mod purpose;

pub use judge::judge;
pub use observe::observe;
pub use plan::Surroundings;
pub use purpose::ExtraProbe;
