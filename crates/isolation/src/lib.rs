//! Proof that no service reaches what belongs to another.
//!
//! - [`proof`]: observes, judges and assesses the reach of every login
//! - [`audit`]: findings from the catalogs (pure)
//! - [`reach`]: the reach of every login, by rules (pure)
//! - [`probe`]: findings from logins

pub mod audit;
pub mod probe;
pub mod proof;
pub mod reach;

#[cfg(test)]
mod tests;
