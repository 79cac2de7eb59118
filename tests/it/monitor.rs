//! `martydb monitor`: its login, what it measures, what it costs and how it ends.

mod access;
mod ages;
mod collations;
mod full;
mod metrics;
mod on_call;
mod outbox;
mod page;
mod prometheus;
mod queries;
mod role;
pub(crate) mod served;

use crate::support::{Admin, Project, Server};

/// A project with two services whose manifest asks for the monitor's login.
fn monitored(server: &Server, admin: Admin, prefix: &str) -> Project {
    let project = Project::new_as(server, admin, prefix);
    project.write("martydb.yaml", &format!("{}monitor: true\n", project.read("martydb.yaml")));
    project
}
