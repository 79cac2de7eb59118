//! Passwords of the data service's logins that the server rejects: `apply` finds them.

use super::project;
use crate::support::{Admin, Server, as_both_admins};

as_both_admins!(a_rejected_login_of_the_data_service_gets_a_new_password, |admin| {
    let server = Server::for_admin(admin);
    let project = project(&server, admin, "spx", "{}");
    server.sql("postgres", "ALTER ROLE spx_a_serve_ro PASSWORD 'another'");
    project.run(&["apply", "spx_a", "-y", "--reset-passwords"]).expect(0);
    let password = project.password("spx_a_serve_ro");
    server.sql_as("spx_a_serve_ro", &password, "spx_a", "SELECT count(*) FROM customer").unwrap();
    let said = project.run(&["apply", "spx_a", "-y", "--reset-passwords"]).expect(0);
    assert!(!said.stdout.contains("password"), "{said:?}");
});
