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
pub(crate) mod workload;

pub(crate) use answer::ask;
pub(crate) use authority::Authority;
pub(crate) use dice::{Dice, number};
pub(crate) use link::Link;
pub(crate) use nats::{Nats, StreamMessage, has};
pub(crate) use pooler::Pooler;
pub(crate) use project::{Done, Project};
pub(crate) use rabbit::Rabbit;
pub(crate) use redis::{MANAGED, OPS, Redis};
pub(crate) use reference::Reference;
pub(crate) use running::Running;
pub(crate) use server::{
    ADMIN_PASSWORD, Admin, Server, bin, built_elsewhere, can_dump, can_dump_embedded, free_port, psql, reads,
};
pub(crate) use shared::Shared;
pub(crate) use short::{is_due, many};
pub(crate) use terminal::{INTERRUPT, Terminal};
pub(crate) use until::{until, until_async, until_some};

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

/// Makes a key without a passphrase; its public part has the ending `.pub`.
pub(crate) fn new_ssh_key(path: &std::path::Path) {
    let mut keygen = std::process::Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(path);
    assert!(keygen.status().unwrap().success());
}
