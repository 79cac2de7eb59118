//! What the end-to-end tests stand on: a real server for each test, a project folder, and the built binary.

mod project;
mod server;
pub mod workload;

pub use project::{Done, Project};
pub use server::{ADMIN_PASSWORD, Admin, Server};
