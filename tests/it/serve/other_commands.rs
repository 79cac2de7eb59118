//! The other commands and the data service: none of them takes its records for the service's own, or fails because of
//! them.

use super::client::DataService;
use super::{key, project};
use crate::support::{Admin, Project, Server, can_dump};

const SCHEMA: &str = "SELECT count(*)::text FROM pg_namespace WHERE nspname = 'martydb_serve'";

fn named(name: &str) -> String {
    format!(r#"{{"name":"{name}"}}"#)
}

/// Writes a row through the data service, with a key.
fn write(project: &Project, writer: &str, name: &str) {
    let service = DataService::start(project);
    let headers = [("Idempotency-Key", name)];
    let done = service.ask("POST", "/srr_a/rest/customer", Some(writer), &headers, &named(name));
    assert_eq!(done.status, 201, "{}", done.body);
}

fn is_converged(project: &Project) {
    assert_eq!(project.json(&["plan", "--check"], 0)["changes"].as_array().unwrap().len(), 0);
}

#[test]
fn every_command_ignores_the_records_of_the_data_service() {
    let (server, far) = (Server::with_both_admins(), Server::with_both_admins());
    // Before 15 a limited admin cannot close the schema public, and a restore ends with the proof.
    let admin = if server.major() < 15 { Admin::Super } else { Admin::Limited };
    let closed = "REVOKE CONNECT ON DATABASE template1, postgres FROM PUBLIC";
    server.sql("postgres", &format!("{closed}; GRANT CONNECT ON DATABASE template1, postgres TO adm"));
    let project = project(&server, admin, "srr", "{ cache: { customer: 60s } }");
    let text = project.read("martydb.yaml");
    project.write("martydb.yaml", &format!("{text}backup:\n  to: ./kept\n"));
    project.write("srr_a/migrations/V2__more.sql", "ALTER TABLE customer ADD note text;\n");
    project.write("srr_a/migrations/V2__more.down.sql", "ALTER TABLE customer DROP note;\n");
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["apply", "--all", "-y"]).expect(0);
    is_converged(&project);
    let writer = key(&project, "writer");
    write(&project, &writer, "Ada");

    // Of migrations.
    project.run(&["diff", "srr_a", "--from", "files", "--to", "database"]).expect(0);
    project.run(&["verify-down", "-s", "srr_a"]).expect(0);
    project.run(&["status", "--drift"]).expect(0);
    let adopted = project.run(&["adopt", "-s", "srr_a", "--dry-run"]);
    assert!(!adopted.stdout.contains("martydb_serve"), "{adopted:?}");

    // Of logins.
    project.run(&["rotate", "--service", "srr_a"]).expect(0);
    write(&project, &writer, "Bob");
    if can_dump(&server) {
        dumps(&server, &project);
        backups(&server, &project, &writer);
    }
    project.run(&["test-db", "-s", "srr_a"]).expect(0);
    if can_dump(&server) {
        moves((&server, &far), admin, &project);
    }
}

fn dumps(server: &Server, project: &Project) {
    project.run(&["squash", "-s", "srr_a", "--to", "2"]).expect(0);
    project.run(&["diff", "srr_a", "--from", "files", "--to", "database"]).expect(0);
    server.sql("srr_b", "SET ROLE srr_b_owner; CREATE TABLE public.old (id int PRIMARY KEY)");
    project.run(&["baseline", "--service", "srr_b", "--from-database"]).expect(0);
    let initial = std::fs::read_dir(project.path().join("srr_b/migrations")).unwrap();
    for file in initial.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()) {
        assert!(!file.contains("martydb_serve"), "{file}");
    }
}

fn backups(server: &Server, project: &Project, writer: &str) {
    let made = project.json(&["backup", "srr_a"], 0);
    let id = made["backups"][0]["id"].as_str().unwrap();
    project.run(&["backup", "verify", id]).expect(0);
    server.sql("srr_a", "DELETE FROM customer");
    project.run(&["restore", "srr_a", "--from", id, "-y"]).expect(0);
    assert_eq!(server.value("srr_a", "SELECT count(*)::text FROM customer"), "2");
    is_converged(project);
    assert_eq!(server.value("srr_a", "SELECT count(*)::text FROM martydb_serve.audit"), "0");
    write(project, writer, "Cyd");
    assert_eq!(server.value("srr_a", "SELECT count(*)::text FROM martydb_serve.audit"), "1");
    project.run(&["restore", "srr_a", "--discard-old", "-y"]).expect(0);

    // A schema of that name that the service made is not a record, and every backup contains it or names it.
    server.sql("srr_b", "DROP TABLE martydb_serve.audit, martydb_serve.requests; DROP SCHEMA martydb_serve");
    server.sql(
        "srr_b",
        "SET ROLE srr_b_owner; CREATE SCHEMA martydb_serve; CREATE TABLE martydb_serve.audit (i int)",
    );
    let refused = project.run(&["backup", "srr_b"]).expect(1);
    assert!(
        refused.stderr.contains("schema martydb_serve: has the name of the data service's records"),
        "{refused:?}"
    );
    let planned = project.json(&["plan", "-s", "srr_b"], 0);
    assert!(
        planned["limits"].to_string().contains("schema martydb_serve belongs to srr_b_owner"),
        "{planned}"
    );
    server.sql("srr_b", "DROP SCHEMA martydb_serve CASCADE");
    project.run(&["apply", "--all", "-y"]).expect(0);
    is_converged(project);
}

/// The service moves to another server, where its records start empty.
fn moves((server, far): (&Server, &Server), admin: Admin, project: &Project) {
    let text = project.read("martydb.yaml");
    let main = format!("  main:\n    url: {}\n", server.url_of(admin));
    let both = format!(
        "{main}    password_env: PGPASSWORD\n  far:\n    url: {}\n    password_env: PGPASSWORD\n",
        far.url_of(admin)
    );
    let text = text.replace(&main, &both);
    let text = text.replace("  srr_b:\n", "  srr_b:\n    server: main\n");
    let moved = "  srr_a:\n    server: far\n    moved: { from: srr_a, server: main }\n";
    project.write("martydb.yaml", &text.replace("  srr_a:\n", moved));
    let moved = project.run(&["apply", "--all", "-y"]).expect(0);
    assert!(
        moved.stderr.contains("the rows of martydb_serve.audit stay in the former database"),
        "{moved:?}"
    );
    assert_eq!(far.value("srr_a", SCHEMA), "1");
    assert_eq!(far.value("srr_a", "SELECT count(*)::text FROM customer"), "3");
    is_converged(project);
}
