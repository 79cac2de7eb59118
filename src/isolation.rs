//! `verify-isolation`: the proof that no login reaches another service's data.
//!
//! Three stages, each with a value as its result. [`observe`] does the I/O for one server: it reads the catalogues,
//! tries logins and asks sessions about their privileges. [`judge`] decides what the observations prove, and [`assess`]
//! applies what the user accepts or filters, over all servers: the result is one flat [`Assessment`], which the formats
//! of the command only print. `remediate` closes findings.
//!
//! The manifest's address and the stored passwords are the subject of the matrix, which `probe` makes. `extra_probes`
//! goes to other addresses and with other passwords, `privileges` into a session in a login's own database, and
//! `password_audit` compares hashes without logging in. `access_paths` explains a breach from the catalogue.

mod access_paths;
mod assess;
mod assessment;
mod baseline;
mod breaches;
mod dedup;
mod extra_probes;
mod filter;
mod hba;
mod inferred;
mod judge;
mod judgement;
mod listeners;
mod observations;
mod observe;
mod password_audit;
pub(crate) mod privileges;
mod remediate;
mod stored_passwords;
mod verify;
mod weak_passwords;

pub use assess::assess;
pub use assessment::{AcceptedFinding, Assessment, ProbeRow, ReportedAs, ServerView, VerifiedServer};
pub use baseline::Baseline;
pub use breaches::{Basis, findings};
pub use filter::Filter;
pub use judge::judge;
pub use judgement::ServerJudgement;
pub use observations::{Extent, Observations};
pub use observe::observe;
pub use remediate::{ANY_MAJOR, FailedFix, Remediation, remediate};
pub use verify::verify;
