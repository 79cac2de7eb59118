//! A rotation in place that fails leaves the password that works.

use super::vault::Vault;
use crate::support::{Admin, Project, Server};

fn works(server: &Server, role: &str, password: &str, database: &str) -> bool {
    server.sql_as(role, password, database, "SELECT 1").is_ok()
}

#[test]
fn a_refused_new_password_leaves_the_former_one_in_the_store() {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, Admin::Limited, "refu");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let old = project.password("refu_a_app");
    server.sql("postgres", "ALTER ROLE adm NOCREATEROLE");
    let failed = project.run(&["rotate", "--service", "refu_a", "--role", "app"]).expect(1);
    assert!(failed.stdout.contains("42501") || failed.stdout.contains("permission"), "{failed:?}");
    assert_eq!(project.password("refu_a_app"), old);
    assert!(works(&server, "refu_a_app", &old, "refu_a"));

    server.sql("postgres", "ALTER ROLE adm CREATEROLE");
    project.run(&["plan", "--check", "--check-logins"]).expect(0);
    project.run(&["rotate", "--service", "refu_a", "--role", "app"]).expect(0);
    assert_ne!(project.password("refu_a_app"), old);
    assert!(!project.read(".martydb/secrets/development.yaml").contains(".next"));
    project.run(&["test-connections"]).expect(0);
}

#[test]
fn a_store_that_fails_after_the_change_keeps_the_new_password() {
    let server = Server::start();
    let vault = Vault::new(&server, Admin::Super, "half");
    let rotate = ["rotate", "--service", "half_a", "--role", "app"];
    vault.project.run(&["apply", "--all", "-y"]).expect(0);
    let old = vault.password("half_a_app");
    vault.set("refuse-half_a_app", true);
    let failed = vault.project.run(&rotate).expect(1);
    assert!(failed.stdout.contains("half_a_app.next") && failed.stdout.contains("403"), "{failed:?}");
    assert_eq!(vault.password("half_a_app"), old);
    assert!(works(&server, "half_a_app", &vault.password("half_a_app.next"), "half_a"));

    vault.set("refuse-half_a_app", false);
    vault.project.run(&rotate).expect(0);
    assert!(works(&server, "half_a_app", &vault.password("half_a_app"), "half_a"));
    vault.project.run(&["test-connections"]).expect(0);
    // A program that refuses the first of the two steps leaves everything as it was.
    vault.set("refuse-half_a_app.next", true);
    let before = vault.password("half_a_app");
    vault.project.run(&rotate).expect(1);
    assert!(works(&server, "half_a_app", &before, "half_a"));
    assert_eq!(vault.password("half_a_app"), before);
}

#[test]
fn the_alternate_login_in_use_is_rotated_in_its_own_place() {
    let server = Server::start();
    let project = Project::new(&server, "own");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["rotate", "--service", "own_a", "--overlap"]).expect(0);
    let (first, old) = (project.password("own_a_app"), project.password("own_a_app_b"));
    project.run(&["rotate", "--service", "own_a"]).expect(0);
    let new = project.password("own_a_app_b");
    assert_eq!(project.password("own_a_app"), first, "it names the alternate login");
    assert!(new != old && works(&server, "own_a_app_b", &new, "own_a"));
    assert!(!works(&server, "own_a_app_b", &old, "own_a"));
    assert!(!project.read(".martydb/secrets/development.yaml").contains(".next"));
    project.run(&["drop", "--service", "own_a", "--confirm", "own_a"]).expect(0);
    assert!(!project.read(".martydb/secrets/development.yaml").contains("own_a"));
}
