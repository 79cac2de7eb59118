//! Side by side: other runs and unmanaged sessions that change the same rows of the catalogs.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use crate::support::{Admin, Project, Server, as_both_admins, until};

const LOUD: [&str; 6] = ["XX000", "23505", "42710", "40P01", "tuple concurrently", "deadlock"];

/// Grants and revokes in one session, each a transaction of its own, until stopped.
fn grants(server: &Server, database: &str, stop: &AtomicBool) {
    let sql = format!(
        "DO $$ BEGIN FOR i IN 1..40 LOOP
           GRANT TEMPORARY ON DATABASE {database} TO unmanaged; COMMIT;
           GRANT USAGE ON SCHEMA public TO unmanaged; COMMIT;
           REVOKE TEMPORARY ON DATABASE {database} FROM unmanaged; COMMIT;
           REVOKE USAGE ON SCHEMA public FROM unmanaged; COMMIT;
           BEGIN ALTER ROLE {database}_app CONNECTION LIMIT 50; EXCEPTION WHEN OTHERS THEN NULL; END; COMMIT;
         END LOOP; END $$"
    );
    while !stop.load(Relaxed) {
        // It loses races too; that is its own trouble.
        let _lost = server.sql_as("postgres", crate::support::ADMIN_PASSWORD, database, &sql);
    }
}

/// Ends the loops however the test ends.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

fn quiet(done: &crate::support::Done) {
    for word in LOUD {
        assert!(!done.stdout.contains(word) && !done.stderr.contains(word), "{word}: {done:?}");
    }
}

as_both_admins!(s15_two_applies_and_a_loop_of_grants_converge, |admin| {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, admin, "z");
    server.sql("postgres", "CREATE ROLE unmanaged");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let end = Stop(&stop);
        for database in ["z_a", "z_b"] {
            scope.spawn(|| grants(&server, database, &stop));
        }
        for round in 0..4 {
            let runs: Vec<_> =
                (0..2).map(|_| scope.spawn(|| project.run(&["apply", "--all", "-y"]))).collect();
            for run in runs {
                let done = run.join().unwrap().expect(0);
                quiet(&done);
            }
            // Something to do for the next round.
            if round < 3 {
                let _raced = server.sql_as("postgres", crate::support::ADMIN_PASSWORD, "postgres",
                    "DO $$ BEGIN GRANT CONNECT, CREATE ON DATABASE z_a TO z_b_app; ALTER ROLE z_a_ro CREATEDB; END $$");
            }
        }
        drop(end);
    });
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
});

as_both_admins!(roles_created_concurrently_by_another_session_are_not_an_error, |admin| {
    let server = Server::with_both_admins();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let end = Stop(&stop);
        scope.spawn(|| {
            // As the same admin, so that from 16 on the roles are its own either way.
            while !stop.load(Relaxed) {
                for n in 0..6 {
                    let sql = format!("CREATE ROLE c{n}_a_app LOGIN");
                    let _exists =
                        server.sql_as(admin.role(), crate::support::ADMIN_PASSWORD, "postgres", &sql);
                }
            }
        });
        for n in 0..6 {
            let project = Project::new_as(&server, admin, &format!("c{n}"));
            let done = project.run(&["apply", "--all", "-y"]);
            quiet(&done);
            // A role that appeared between the look that was shown and the one under the lock has no password of
            // ours: that is a change that was not agreed to, and the next run makes it. An admin that cannot see
            // whether the role has a password has to be told that it may be replaced.
            let reset: &[&str] = if admin == Admin::Limited { &["--reset-passwords"] } else { &[] };
            let early = if admin == Admin::Limited { 2 } else { 0 };
            assert!(done.code.is_some_and(|code| [0, 6, early].contains(&code)), "{done:?}");
            project.run(&[&["apply", "--all", "-y", "--check-logins"], reset].concat()).expect(0);
            project.run(&["plan", "--check", "--check-logins"]).expect(0);
        }
        drop(end);
    });
});

/// One lock per server: the second run waits, and says who it waits for when its patience ends.
#[test]
fn a_second_run_waits_for_the_first() {
    let server = Server::start();
    let project = Project::new(&server, "w");
    let holder = "SELECT pg_advisory_lock(1836217465, 1), pg_sleep(4)";
    thread::scope(|scope| {
        let held = scope.spawn(|| server.sql("postgres", holder));
        until("the lock is held", || {
            server.value("postgres", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") != "0"
        });
        let gave_up = project.run(&["apply", "--all", "-y", "--lock-wait", "200ms"]).expect(6);
        insta::assert_snapshot!(gave_up.shown(), @r#"
        SERVICE  SERVER  DATABASE  CHANGES  OUTCOME
        w_a  main  w_a  0  skipped
        w_b  main  w_b  0  skipped
        --- stderr
        server main: 127.0.0.1:PORT, PostgreSQL VERSION
        caution: database postgres: PUBLIC holds CONNECT, TEMPORARY on database postgres: not in the manifest
        caution: database template1: PUBLIC holds CONNECT on database template1: not in the manifest
        server main:
        error: another run of martydb works on server "main"
        caused by: the lock is held by pid PID, login postgres, application "", connected since TIME
        hint: wait for it to end, or allow more time with --lock-wait
        "#);
        project.run(&["apply", "--all", "-y", "--lock-wait", "30s"]).expect(0);
        held.join().unwrap();
    });
}

/// Every login that may connect can take the lock's key; only an admin's lock counts.
#[test]
fn a_login_of_a_service_cannot_stop_apply() {
    let server = Server::start();
    let project = Project::new(&server, "keyholder");
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql("postgres", "GRANT CONNECT ON DATABASE postgres TO keyholder_a_ro");
    let password = project.password("keyholder_a_ro");
    thread::scope(|scope| {
        scope.spawn(|| {
            let holder =
                "SET application_name = 'a report'; SELECT pg_advisory_lock(1836217465, 1), pg_sleep(60)";
            let _ended = server.sql_as("keyholder_a_ro", &password, "postgres", holder);
        });
        until("the lock is held", || {
            server.value("postgres", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") != "0"
        });
        let done = project.run(&["apply", "--all", "-y", "--lock-wait", "1s"]).expect(0);
        for word in ["login keyholder_a_ro", "application \"a report\"", "connected since 2"] {
            assert!(done.stderr.contains(word), "{done:?}");
        }
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'keyholder_a_ro'";
        server.sql("postgres", end);
    });
}
