//! The state of a schema follows its database: to another name, another server, a backup, another major.

use super::{drift, migrated, same};
use crate::support::{Project, Server, can_dump};

/// A change by hand in the schema of the first service, and the state with it.
fn by_hand(server: &Server, prefix: &str) -> (String, Vec<String>) {
    server.sql(&format!("{prefix}_a"), &format!("SET ROLE {prefix}_a_owner; ALTER TABLE item ADD hand int"));
    ("drifted".to_owned(), vec!["added column public.item.hand".to_owned()])
}

fn edit(project: &Project, from: &str, to: &str) {
    let manifest = project.read("martydb.yaml");
    assert!(manifest.contains(from), "{manifest}");
    project.write("martydb.yaml", &manifest.replace(from, to));
}

#[test]
fn a_service_under_another_name_has_the_state_of_its_schema() {
    let server = Server::start();
    let project = migrated(&server, "sdn");
    let drifted = by_hand(&server, "sdn");
    for service in ["a", "b"] {
        let (former, later) = (format!("sdn_{service}"), format!("sdn_{service}x"));
        std::fs::rename(project.path().join(&former), project.path().join(&later)).unwrap();
        edit(&project, &format!("  {former}:"), &format!("  {later}: {{ moved: {{ from: {former} }} }}"));
    }
    let _ = project.run(&["apply", "--all", "-y"]).expect(0);
    for _ in 0..2 {
        assert_eq!(drift(&project, "sdn_ax"), drifted);
        assert_eq!(drift(&project, "sdn_bx"), same());
        let _ = project.run(&["upgrade", "--all"]).expect(0);
    }
}

#[test]
fn a_service_on_another_server_has_the_state_of_its_schema() {
    let (server, far) = (Server::start(), Server::start());
    if !can_dump(&server) {
        return;
    }
    let project = migrated(&server, "sdf");
    let drifted = by_hand(&server, "sdf");
    edit(
        &project,
        "services:\n",
        &format!(
            "    password_env: DB_PASSWORD\n  far:\n    url: {}\n    password_env: DB_PASSWORD\nservices:\n",
            far.url()
        ),
    );
    for service in ["sdf_a", "sdf_b"] {
        let moved = format!("  {service}: {{ server: far, moved: {{ from: {service}, server: main }} }}");
        edit(&project, &format!("  {service}:"), &moved);
    }
    let _ = project.run(&["apply", "--all", "-y"]).expect(0);
    for _ in 0..2 {
        assert_eq!(drift(&project, "sdf_a"), drifted);
        assert_eq!(drift(&project, "sdf_b"), same());
        let _ = project.run(&["upgrade", "--all"]).expect(0);
    }
}

#[test]
fn a_restored_service_has_the_state_that_was_backed_up() {
    let server = Server::start();
    if !can_dump(&server) {
        return;
    }
    let project = migrated(&server, "sdb");
    let drifted = by_hand(&server, "sdb");
    edit(&project, "services:\n", "backup: { to: ./kept }\nservices:\n");
    let _ = project.run(&["backup", "--all"]).expect(0);
    server.sql("sdb_a", "SET ROLE sdb_a_owner; DROP INDEX item_name_idx");
    server.sql("sdb_b", "SET ROLE sdb_b_owner; DROP INDEX item_name_idx");
    for service in ["sdb_a", "sdb_b"] {
        let kept = project.run(&["backup", "list", "-s", service, "-o", "name"]).expect(0).stdout;
        let _ = project.run(&["restore", service, "--from", kept.trim(), "-y"]).expect(0);
    }
    assert_eq!(drift(&project, "sdb_a"), drifted);
    assert_eq!(drift(&project, "sdb_b"), same());
}

#[test]
fn a_dump_in_another_major_is_compared_with_the_files() {
    let Some(later) = crate::split::programs("18") else { return };
    let (server, far) = (Server::start(), Server::start_from(&later));
    if server.value("postgres", "SHOW server_version_num").starts_with("18") {
        return;
    }
    let project = migrated(&server, "sdv");
    let _ = by_hand(&server, "sdv");
    edit(
        &project,
        "services:\n",
        &format!(
            "    password_env: DB_PASSWORD\n  far:\n    url: {}\n    password_env: DB_PASSWORD\nservices:\n",
            far.url()
        ),
    );
    for service in ["sdv_a", "sdv_b"] {
        let moved = format!("  {service}: {{ server: far, moved: {{ from: {service}, server: main }} }}");
        edit(&project, &format!("  {service}:"), &moved);
    }
    let _ = project.run(&["apply", "--all", "-y"]).expect(0);
    for service in ["sdv_a", "sdv_b"] {
        assert_eq!(drift(&project, service), ("unknown".to_owned(), vec![]));
    }
    let _ = project.run(&["status", "--check"]).expect(0);
    let _ = project.run(&["upgrade", "--all"]).expect(0);
    let expected = ("drifted".to_owned(), vec!["added column public.item.hand".to_owned()]);
    assert_eq!(drift(&project, "sdv_a"), expected);
    assert_eq!(drift(&project, "sdv_b"), same());
}
