//! Support of the end-to-end tests: a real server for each test, a project folder, and the built binary.

mod answer;
mod authority;
mod certified;
mod dice;
mod link;
mod nats;
mod pooler;
mod project;
mod rabbit;
mod redis;
mod reference;
mod running;
mod server;
mod shared;
mod short;
mod shown;
mod terminal;
mod until;
mod untouched;
pub mod workload;

pub use answer::ask;
pub use authority::Authority;
pub use dice::{Dice, number};
pub use link::Link;
pub use nats::{Nats, StreamMessage, has};
pub use pooler::Pooler;
pub use project::{Done, Project};
pub use rabbit::Rabbit;
pub use redis::{MANAGED, OPS, Redis};
pub use reference::Reference;
pub use running::Running;
pub use server::{
    ADMIN_PASSWORD, Admin, Server, bin, built_elsewhere, can_dump, can_dump_embedded, free_port, psql, reads,
};
pub use shared::Shared;
pub use short::{is_due, many};
pub use terminal::{INTERRUPT, Terminal};
pub use until::{until, until_async, until_some};

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

pub(crate) use as_both_admins;
