//! Provisioning on servers as they are: both kinds of admin, drift, what was there before, and others at work.
//!
//! `statements` holds one test per promise of provisioning; a number that is missing there is tested elsewhere.

mod adopt;
mod doctor;
mod faults;
mod in_use;
mod limits;
mod live;
mod losses;
mod moved;
mod moved_server;
mod names;
mod races;
mod saved;
mod statements;
