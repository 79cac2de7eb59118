//! A database without a free connection: its service is unproven, which is not a breach, and the others continue.

use std::time::{Duration, Instant};

use super::monitored;
use super::served::{Series, Served, series, value};
use crate::support::{Admin, Project, Server, until_some};

/// Longest time of the others meanwhile: far less than the minute for which commands wait.
const SOON: Duration = Duration::from_secs(25);

fn project(server: &Server, prefix: &str) -> Project {
    let project = monitored(server, Admin::Super, prefix);
    project.run(&["init-all", "-y"]).expect(0);
    project
}

/// Takes the only connection of a database for the time of `work`.
fn with_full(server: &Server, project: &Project, database: &str, work: impl FnOnce()) {
    server.sql("postgres", &format!("ALTER DATABASE {database} CONNECTION LIMIT 1"));
    let (runtime, login) = (tokio::runtime::Runtime::new().unwrap(), format!("{database}_app"));
    let password = project.password(&login);
    // A check of the monitor may have it for a moment.
    let session = until_some("the connection is free", || {
        runtime.block_on(server.try_connect(&login, &password, database)).ok()
    });
    work();
    drop(session);
}

fn of(series: &Series, metric: &str, service: &str) -> Option<f64> {
    value(series, metric, &[("service", service)])
}

#[test]
fn a_full_database_is_unproven_and_delays_no_other() {
    let server = Server::start();
    let project = project(&server, "moz");
    let every = ["--isolation-every", "2s", "--migrations-every", "2s", "--drift-every", "2s"];
    let served = Served::start(&project, &every);
    served.until("proven", |series| {
        ["moz_a", "moz_b"].iter().all(|service| of(series, "martydb_isolation_ok", service) == Some(1.0))
    });
    with_full(&server, &project, "moz_a", || {
        served.until("not proven", |series| {
            // Intermediate values are never breaches.
            assert_ne!(of(series, "martydb_isolation_ok", "moz_a"), Some(0.0));
            of(series, "martydb_isolation_inconclusive", "moz_a") == Some(1.0)
        });
        // Its logins prove something elsewhere all the same: only the limit kept them out of their own.
        assert_eq!(of(&served.scrape(), "martydb_isolation_inconclusive", "moz_b"), Some(0.0));
        project.write("moz_b/migrations/V3__more.sql", "CREATE TABLE more (i int);\n");
        project.write("moz_b/migrations/V3__more.down.sql", "DROP TABLE more;\n");
        server.sql("postgres", "GRANT CONNECT ON DATABASE moz_b TO PUBLIC");
        let took = served.until("the other is checked", |series| {
            of(series, "martydb_migrations_pending", "moz_b") == Some(1.0)
                && of(series, "martydb_drift_changes", "moz_b") > Some(0.0)
                && of(series, "martydb_isolation_ok", "moz_b") == Some(0.0)
        });
        assert!(took < SOON, "{took:?}");
        let series = served.scrape();
        assert_eq!(of(&series, "martydb_isolation_inconclusive", "moz_b"), Some(0.0), "a breach is clear");
        assert_eq!(of(&series, "martydb_isolation_ok", "moz_a"), Some(1.0), "as it was proven last");
    });
    project.run(&["apply", "--all", "-y"]).expect(0);
    served.until("proven again", |series| {
        ["moz_a", "moz_b"].iter().all(|service| {
            of(series, "martydb_isolation_ok", service) == Some(1.0)
                && of(series, "martydb_isolation_inconclusive", service) == Some(0.0)
        })
    });
}

#[test]
fn a_breach_is_reported_until_a_proof_passes() {
    let server = Server::start();
    let project = project(&server, "mov");
    let served = Served::start(&project, &["--isolation-every", "2s", "--drift-every", "never"]);
    server.sql("postgres", "GRANT CONNECT ON DATABASE mov_a TO PUBLIC");
    served.until("broken", |series| of(series, "martydb_isolation_ok", "mov_a") == Some(0.0));
    with_full(&server, &project, "mov_a", || {
        let checked = [("check", "isolation")];
        let end = |series: &Series| value(series, "martydb_check_end_timestamp_seconds", &checked);
        let before = end(&served.scrape());
        served.until("checked again", |series| end(series) > before);
        assert_eq!(of(&served.scrape(), "martydb_isolation_ok", "mov_a"), Some(0.0));
    });
}

#[test]
fn once_does_not_wait_for_a_full_database() {
    let server = Server::start();
    let project = project(&server, "mou");
    with_full(&server, &project, "mou_a", || {
        let begun = Instant::now();
        let done = project.run(&["monitor", "--once"]).expect(1);
        let printed = series(&done.stdout);
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        assert_eq!(of(&printed, "martydb_isolation_inconclusive", "mou_a"), Some(1.0), "{}", done.stderr);
        assert_eq!(of(&printed, "martydb_isolation_ok", "mou_a"), None, "it was never proven");
        assert_eq!(of(&printed, "martydb_isolation_ok", "mou_b"), Some(1.0));
        assert_eq!(of(&printed, "martydb_migrations_pending", "mou_b"), Some(0.0));
    });
}
