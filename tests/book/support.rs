//! The server of the end-to-end tests, of which the book needs less than they do.

#[path = "../it/support/answer.rs"]
mod answer;
#[path = "../it/support/server.rs"]
mod server;
#[path = "../it/support/until.rs"]
mod until;

pub(crate) use server::{ADMIN_PASSWORD, Server, bin};
