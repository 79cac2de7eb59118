//! Passwords that an attacker could know: guesses, shared ones, and those of alternate logins.

pub(crate) mod alternates;
pub(crate) mod guesses;
pub(crate) mod password_audit;
