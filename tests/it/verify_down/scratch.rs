//! Scratch databases that cannot be removed.

use crate::support::{Project, Server, until, until_some};

const SCRATCH: &str = "SELECT datname FROM pg_database WHERE datname LIKE 'martydb\\_scratch\\_%'";

/// Waits until a migration runs there: by then `verify-down` has provisioned it.
fn when_used(server: &Server, then: impl Fn(&str)) {
    let used = "SELECT datname FROM pg_stat_activity WHERE datname LIKE 'martydb\\_scratch\\_%' AND query ~ 'pg_sleep'
                AND usename LIKE '%migrator'";
    let name = || Some(server.value("postgres", used)).filter(|name| !name.is_empty());
    then(&until_some("a scratch database is in use", name))
}

#[test]
fn an_undroppable_scratch_database_is_an_error_and_the_next_run_drops_it() {
    let server = Server::start();
    let project = Project::new(&server, "vds");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.write("vds_a/migrations/V3__slow.sql", "SELECT pg_sleep(1.5);");
    project.write("vds_a/migrations/V3__slow.down.sql", "SELECT 1;");
    let arguments = ["verify-down", "--service", "vds_a", "--version", "3"];
    let done = std::thread::scope(|scope| {
        // PostgreSQL drops no template.
        scope.spawn(|| {
            when_used(&server, |name| {
                server.sql("postgres", &format!("ALTER DATABASE {name} IS_TEMPLATE true"));
            });
        });
        project.run(&arguments).expect(1)
    });
    insta::assert_snapshot!(done.shown(), @r#"
    vds_a:
    error: cannot remove the scratch database martydb_scratch_RANDOM
    caused by: the server refused: DROP DATABASE IF EXISTS "martydb_scratch_RANDOM" WITH (FORCE)
    caused by: cannot drop a template database (SQLSTATE 42809)
    hint: the next run that needs one on this server tries again, or run DROP DATABASE martydb_scratch_RANDOM
    "#);
    assert!(done.stderr.contains("cannot drop a template database"), "{}", done.stderr);
    let name = server.value("postgres", SCRATCH);
    assert!(done.stderr.contains(&name) && !name.is_empty(), "{}", done.stderr);

    server.sql("postgres", &format!("ALTER DATABASE {name} IS_TEMPLATE false"));
    project.run(&arguments).expect(0);
    assert_eq!(server.value("postgres", SCRATCH), "");
}

/// The name of a scratch database is its lock's key, and every login may take that: it must not keep it alive.
#[test]
fn a_services_login_cannot_block_the_removal_of_a_scratch_database() {
    let server = Server::start();
    let project = Project::new(&server, "vdk");
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql("postgres", "CREATE DATABASE martydb_scratch_f0000000deadbeef");
    server.sql("postgres", "GRANT CONNECT ON DATABASE postgres TO vdk_b_ro");
    let password = project.password("vdk_b_ro");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let hold = "SELECT pg_advisory_lock(1836217465, x'f0000000'::int), pg_sleep(15)";
            let _ended = server.sql_as("vdk_b_ro", &password, "postgres", hold);
        });
        let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted";
        until("the lock is held", || server.value("postgres", held) != "0");
        project.run(&["verify-down", "--service", "vdk_a", "--version", "1"]).expect(0);
        assert_eq!(server.value("postgres", SCRATCH), "");
        server.sql(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'vdk_b_ro'",
        );
    });
}
