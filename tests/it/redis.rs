//! Redis: users and keys of services, provisioned and proven like a database.

mod embedded;
mod in_use;
mod leaks;
mod monitored;
mod moving_off_default;
mod provisioned;
mod rotated;
mod silent;
mod tried;
mod unusual;

use crate::support::{Project, Redis, Server};

/// A project with the services `alpha` and `beta` on both servers. `more` follows the URL of the Redis server.
fn project(server: &Server, url: &str, more: &str) -> Project {
    let text = format!(
        "version: 1\nproject: shop\nservers:\n  main: {{ url: \"{}\" }}\n  cache: {{ url: \"{url}\" }}\n\
         defaults: {{ redis: {{ server: cache }} }}\nservices:\n  alpha:\n  beta:\n{more}",
        server.url()
    );
    let project = Project::with_manifest(&text);
    for service in ["alpha", "beta"] {
        project.write(&format!("{service}/migrations/V1__item.sql"), "CREATE TABLE item (id int);\n");
    }
    project
}

/// The same, applied by the admin of its own.
fn provisioned(server: &Server, redis: &Redis) -> Project {
    let allow = "allow: [{ finding: redis-shared-memory, reason: test }]\n";
    let url = redis.url_of(crate::support::OPS.0, crate::support::OPS.1);
    let project = project(server, &url, allow);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project
}

/// The URL of a service's user.
fn url(project: &Project, service: &str, role: &str) -> String {
    let done = project.run(&["url", "--redis", "-s", service, "--role", role]).expect(0);
    done.stdout.trim().to_owned()
}
