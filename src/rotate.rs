//! Rotation: the store first, then the server, then a login that proves it.
//!
//! In place, the old password fails as soon as the server has the new one; until then it is what the store gives to
//! clients, so that a rotation that fails or is killed costs no login. With an overlap two logins take turns: the one
//! that is not in use is made ready and proven before the store names it, so that clients that read the store again
//! never meet a login that does not work; `finish` closes the one that the store no longer names.

mod login;
mod planner;
mod prove;
mod rotation;
mod server;

pub use rotation::{Rotated, Rotation, Turn};
pub use server::rotate_server;
