//! Provisioning on servers as they are: both kinds of admin, drift, what was there before, and others at work.
//!
//! `statements` holds the bar as its own list numbers it; a number that is missing there is tested elsewhere.

/// One check as both kinds of admin, each a test of its own.
macro_rules! as_both_admins {
    ($name:ident, $check:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn as_superuser() {
                let check: fn(Admin) = $check;
                check(Admin::Super);
            }

            #[test]
            fn as_limited_admin() {
                let check: fn(Admin) = $check;
                check(Admin::Limited);
            }
        }
    };
}

mod adopt;
mod doctor;
mod faults;
mod limits;
mod names;
mod races;
mod saved;
mod statements;
