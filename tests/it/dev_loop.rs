//! The loop of development: `redo`, `dev reset` and `dev seed`, on servers whose data may go.

use crate::support::{Project, Server};

const OVERLAY: &str = "servers: { main: { disposable: true } }\nsecrets: { provider: file, path: .martydb/secrets/development.yaml }\n";

/// A project whose overlay `ci` calls the server disposable, with one migration of the service `<prefix>_a`.
fn disposable(server: &Server, prefix: &str) -> Project {
    let project = Project::new(server, prefix);
    project.write("martydb.ci.yaml", OVERLAY);
    project.write(
        &format!("{prefix}_a/migrations/V3__orders.sql"),
        "CREATE TABLE orders (id bigint PRIMARY KEY);\n",
    );
    project.write(&format!("{prefix}_a/migrations/V3__orders.down.sql"), "DROP TABLE orders;\n");
    project
}

#[test]
fn data_is_dropped_only_where_an_overlay_says_so() {
    let server = Server::start();
    let project = disposable(&server, "dlr");
    let _ = project.run(&["init-all", "-y"]).expect(0);
    server.sql("dlr_a", "INSERT INTO orders VALUES (1)");
    project.write("dlr_a/seed.sql", "DELETE FROM orders;\n");
    for arguments in
        [&["redo", "dlr_a", "-y"][..], &["dev", "reset", "dlr_a", "-y"], &["dev", "seed", "dlr_a", "-y"]]
    {
        let refused = project.run(arguments).expect(2);
        assert!(
            refused.stderr.contains("server main is not disposable in environment development"),
            "{refused:?}"
        );
        // Without -y each asks, and there is no terminal.
        let asked = [&["-e", "ci"], &arguments[..arguments.len() - 1]].concat();
        let unconfirmed = project.run(&asked).expect(2);
        assert!(unconfirmed.stderr.contains("need a confirmation"), "{unconfirmed:?}");
    }
    assert_eq!(server.value("dlr_a", "SELECT count(*) FROM orders"), "1");
}

#[test]
fn an_edited_migration_is_done_again() {
    let server = Server::start();
    let project = disposable(&server, "dle");
    let redo = |code| project.run(&["-e", "ci", "redo", "dle_a", "-y"]).expect(code);
    let _ = project.run(&["init-all", "-y"]).expect(0);
    let columns = "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0";

    // The last file was edited after it had been applied: `upgrade` refuses, and names the command.
    project.write(
        "dle_a/migrations/V3__orders.sql",
        "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n",
    );
    let refused = project.run(&["-e", "ci", "upgrade", "dle_a"]).expect(3);
    assert!(refused.stderr.contains("martydb redo"), "{refused:?}");
    let done = redo(0);
    assert!(done.stdout.contains("reverted") && done.stdout.contains("migrated"), "{done:?}");
    assert_eq!(server.value("dle_a", columns), "id,note");
    let _ = project.run(&["status", "--check"]).expect(0);

    // A new file with an error: nothing of it is kept, and the version before it is not reverted by the next try.
    project.write("dle_a/migrations/V4__more.sql", "CREATE TABLE more (id int);\nSELECT 1/0;\n");
    project.write("dle_a/migrations/V4__more.down.sql", "DROP TABLE more;\n");
    let failed = redo(1);
    assert!(failed.stderr.contains("division by zero"), "{failed:?}");
    assert_eq!(server.value("dle_a", columns), "id,note");
    project.write("dle_a/migrations/V4__more.sql", "CREATE TABLE more (id int);\n");
    let _ = redo(0);
    let _ = redo(0);
    assert_eq!(project.json(&["current", "dle_a"], 0)["services"][0]["current"], 4);

    // An older file that was edited stays an error.
    project.write("dle_a/migrations/V3__orders.sql", "CREATE TABLE orders (id int PRIMARY KEY);\n");
    let refused = redo(3);
    assert!(refused.stderr.contains("V3"), "{refused:?}");
    assert_eq!(project.json(&["current", "dle_a"], 0)["services"][0]["current"], 4);
}

#[test]
fn a_reset_service_has_its_passwords_and_its_seed() {
    let server = Server::start();
    let project = disposable(&server, "dls");
    let _ = project.run(&["init-all", "-y"]).expect(0);
    let password = project.password("dls_a_app");
    server.sql("dls_a", "CREATE TABLE by_hand (id int)");
    project.write("dls_a/seed.sql", "INSERT INTO orders SELECT generate_series(1, 3);\n");
    let done = project.run(&["-e", "ci", "dev", "reset", "dls_a", "-y"]).expect(0);
    assert!(done.stdout.contains("Seeded"), "{done:?}");
    assert_eq!(server.value("dls_a", "SELECT count(*) FROM orders"), "3");
    assert_eq!(server.value("dls_a", "SELECT count(*) FROM pg_class WHERE relname = 'by_hand'"), "0");
    assert_eq!(project.password("dls_a_app"), password, "a running application goes on");
    for arguments in
        [&["status", "--check"][..], &["plan", "--check"], &["test-connections"], &["verify-isolation"]]
    {
        let _ = project.run(arguments).expect(0);
    }

    // All or nothing, as the owner, with the place of an error.
    project.write("dls_a/seed.sql", "INSERT INTO orders VALUES (7);\nINSERT INTO orders VALUES (7);\n");
    let failed = project.run(&["-e", "ci", "dev", "seed", "dls_a", "-y"]).expect(1);
    assert!(
        failed.stderr.contains("seed.sql:2:1") && failed.stderr.contains("the seed failed"),
        "{failed:?}"
    );
    assert_eq!(server.value("dls_a", "SELECT count(*) FROM orders"), "3");
    project.write("dls_a/seed.sql", "CREATE TABLE mine AS SELECT current_user::text AS me;\n");
    let _ = project.run(&["-e", "ci", "dev", "seed", "dls_a", "-y"]).expect(0);
    assert_eq!(server.value("dls_a", "SELECT me FROM mine"), "dls_a_owner");
    for wrong in [
        "\\copy orders from 'x'\n",
        "-- martydb: no-transaction\nVACUUM orders;\n",
        "BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 2;\n",
    ] {
        project.write("dls_a/seed.sql", wrong);
        let refused = project.run(&["-e", "ci", "dev", "seed", "dls_a", "-y"]);
        assert_eq!(refused.code, Some(2), "{wrong}: {refused:?}");
    }

    // A seed that cannot run is refused before anything is dropped, and so are a missing one, another server and a dangling link.
    project.write("dls_a/seed.sql", "COPY orders (id) FROM stdin;\n1\n\\.\n");
    let refused = project.run(&["-e", "ci", "dev", "reset", "dls_a", "-y"]).expect(2);
    assert!(
        refused.stderr.contains("the seed of dls_a is invalid") && refused.stderr.contains("--inserts"),
        "{refused:?}"
    );
    std::fs::remove_file(project.path().join("dls_a/seed.sql")).unwrap();
    let refused = project.run(&["-e", "ci", "dev", "seed", "dls_a"]).expect(2);
    assert!(refused.stderr.contains("dls_a has no seed.sql"), "{refused:?}");
    let _ = project.run(&["-e", "ci", "dev", "reset", "dls_a", "-y", "--server", "other"]).expect(2);
    std::os::unix::fs::symlink("/nonexistent", project.path().join("dls_a/seed.sql")).unwrap();
    let _ = project.run(&["-e", "ci", "dev", "reset", "dls_a", "-y"]).expect(2);
    assert_eq!(server.value("dls_a", "SELECT count(*) FROM orders"), "3");
    project.write("martydb.ci.yaml", "servers: { mian: { disposable: true } }\n");
    let refused = project.run(&["-e", "ci", "validate"]).expect(2);
    assert!(
        refused.stderr.contains("martydb.ci.yaml:1:12: no server \"mian\" can be disposable"),
        "{refused:?}"
    );
    project.write("martydb.ci.yaml", OVERLAY);

    // A database that was there before is not ours to drop.
    server.sql("postgres", "COMMENT ON DATABASE dls_b IS NULL");
    let refused = project.run(&["-e", "ci", "dev", "reset", "dls_b", "-y"]).expect(2);
    assert!(refused.stderr.contains("existed before this manifest"), "{refused:?}");
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'dls_b'"), "1");
}

#[test]
fn a_reset_checks_the_files_before_it_drops_anything() {
    let server = Server::start();
    let project = disposable(&server, "dlc");
    let _ = project.run(&["init-all", "-y"]).expect(0);
    server.sql("dlc_a", "INSERT INTO orders VALUES (1)");
    project.write("dlc_a/migrations/V4__bad.sql", "\\i other.sql\n");
    project.write("dlc_a/migrations/V4__bad.down.sql", "SELECT 1;\n");
    let _ = project.run(&["-e", "ci", "dev", "reset", "dlc_a", "-y"]).expect(2);
    assert_eq!(server.value("dlc_a", "SELECT count(*) FROM orders"), "1");
}
