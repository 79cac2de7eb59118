//! Measured values, the delay until they show, and the effect of one server's end on the others.

use std::time::Duration;

use rustix::process::Signal;

use super::monitored;
use super::served::{Served, series, value};
use crate::support::{Admin, Project, Server, ask, until};

#[test]
fn a_scrape_has_the_statistics_of_every_service_under_its_name() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mom");
    project.run(&["init-all", "-y"]).expect(0);
    let served = Served::start(&project, &[]);
    let completed = |series: &super::served::Series, check: &&str| {
        value(series, "martydb_check_ok", &[("check", check)]) == Some(1.0)
    };
    served.until("checked", |series| {
        ["isolation", "migrations", "drift"].iter().all(|check| completed(series, check))
    });
    let series = served.scrape();
    let of = |service: &'static str| [("service", service), ("server", "main"), ("database", service)];
    for service in ["mom_a", "mom_b"] {
        assert!(value(&series, "martydb_database_size_bytes", &of(service)).unwrap() > 1e6);
        assert!(value(&series, "martydb_transaction_id_age", &of(service)).unwrap() >= 0.0);
        let commits = [&of(service)[..], &[("outcome", "commit")]].concat();
        assert!(value(&series, "martydb_transactions_total", &commits).unwrap() > 0.0);
        for (metric, expected) in [
            ("martydb_isolation_ok", 1.0),
            ("martydb_migration_current_version", 2.0),
            ("martydb_migration_latest_version", 2.0),
            ("martydb_migrations_pending", 0.0),
            ("martydb_migrations_divergent", 0.0),
            ("martydb_provisioned", 1.0),
            ("martydb_drift_changes", 0.0),
            ("martydb_blocked_sessions", 0.0),
        ] {
            assert_eq!(value(&series, metric, &of(service)), Some(expected), "{metric} of {service}");
        }
        let app = format!("{service}_app");
        let limit = value(&series, "martydb_role_connection_limit", &[("role", &app)]);
        assert!(limit.is_some_and(|limit| limit > 0.0), "{limit:?}");
    }
    assert_eq!(value(&series, "martydb_up", &[("server", "main")]), Some(1.0));
    assert_eq!(value(&series, "martydb_server_in_recovery", &[("server", "main")]), Some(0.0));
    // The monitor holds one connection, whatever is scraped.
    (0..5).for_each(|_| drop(served.scrape()));
    let sessions = "SELECT count(*)::text FROM pg_stat_activity WHERE usename = 'mom_monitor'";
    assert_eq!(server.value("postgres", sessions), "1");
    let (code, took, said) = served.end(Signal::TERM);
    assert_eq!(code, Some(0), "{said}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(said.starts_with("listening on http://127.0.0.1:") && said.lines().count() == 1, "{said}");
}

#[test]
fn sessions_and_locks_are_counted_by_login_with_others_combined() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mos");
    project.run(&["init-all", "-y"]).expect(0);
    let served = Served::start(&project, &["--isolation-every", "never", "--drift-every", "never"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut app = runtime.block_on(server.connect("mos_a_app", &project.password("mos_a_app"), "mos_a"));
    runtime.block_on(ask(&mut app, "BEGIN; INSERT INTO item (name) VALUES ('x')")).unwrap();
    let mut other = runtime.block_on(server.admin("mos_a"));
    runtime.block_on(ask(&mut other, "BEGIN; SET LOCAL application_name = 'x'")).unwrap();
    served.until("seen", |series| {
        let state = ("state", "idle in transaction");
        value(series, "martydb_connections", &[("role", "mos_a_app"), state]) == Some(1.0)
            && value(series, "martydb_connections", &[("role", "other"), state]) == Some(1.0)
            && value(series, "martydb_longest_idle_transaction_seconds", &[("service", "mos_a")]) > Some(0.0)
            && value(series, "martydb_role_connections", &[("role", "mos_a_app")]) == Some(1.0)
    });
    let waiting = runtime.spawn(async move { ask(&mut other, "DROP TABLE item").await });
    served.until("blocked", |series| {
        value(series, "martydb_blocked_sessions", &[("service", "mos_a")]) == Some(1.0)
            && value(series, "martydb_locks", &[("service", "mos_a"), ("granted", "false")]) == Some(1.0)
            && value(series, "martydb_longest_lock_wait_seconds", &[("service", "mos_a")]) > Some(0.0)
    });
    runtime.block_on(ask(&mut app, "ROLLBACK")).unwrap();
    runtime.block_on(waiting).unwrap().unwrap();
    let series = served.scrape();
    assert_eq!(value(&series, "martydb_isolation_ok", &[("service", "mos_a")]), None);
}

#[test]
fn a_grant_to_public_and_its_revoke_show_within_one_interval() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "mog");
    project.run(&["init-all", "-y"]).expect(0);
    let served = Served::start(&project, &["--isolation-every", "3s", "--drift-every", "3s"]);
    let ok = |service: &'static str, expected: f64| {
        move |series: &super::served::Series| {
            value(series, "martydb_isolation_ok", &[("service", service)]) == Some(expected)
        }
    };
    served.until("proven", ok("mog_a", 1.0));
    server.sql("postgres", "GRANT CONNECT ON DATABASE mog_a TO PUBLIC");
    let took = served.until("broken", ok("mog_a", 0.0));
    assert!(took < Duration::from_secs(20), "{took:?}");
    let series = served.scrape();
    let critical = [("service", "mog_a"), ("severity", "critical")];
    assert!(value(&series, "martydb_isolation_findings", &critical).unwrap() > 0.0);
    // The time of the last proof is kept.
    let proven = "martydb_isolation_proven_timestamp_seconds";
    let before = value(&series, proven, &[("service", "mog_a")]).unwrap();
    served.until("drifted", |series| {
        value(series, "martydb_drift_changes", &[("service", "mog_a")]) > Some(0.0)
    });
    project.run(&["apply", "--all", "-y"]).expect(0);
    served.until("proven again", ok("mog_a", 1.0));
    let after = value(&served.scrape(), proven, &[("service", "mog_a")]).unwrap();
    assert!(after > before, "{before} {after}");
}

#[test]
fn pending_and_edited_migrations_show() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "moh");
    project.run(&["init-all", "-y"]).expect(0);
    let served = Served::start(&project, &["--migrations-every", "1s", "--isolation-every", "never"]);
    let of = |metric: &'static str, service: &'static str, expected: f64| {
        move |series: &super::served::Series| value(series, metric, &[("service", service)]) == Some(expected)
    };
    served.until("up to date", of("martydb_migrations_pending", "moh_a", 0.0));
    project.write("moh_a/migrations/V3__more.sql", "CREATE TABLE more (i int);\n");
    project.write("moh_a/migrations/V3__more.down.sql", "DROP TABLE more;\n");
    served.until("pending", of("martydb_migrations_pending", "moh_a", 1.0));
    let series = served.scrape();
    assert!(of("martydb_migration_latest_version", "moh_a", 3.0)(&series));
    assert!(of("martydb_migration_current_version", "moh_a", 2.0)(&series));
    project.write("moh_b/migrations/V2__name_index.sql", "CREATE INDEX other ON item (name);\n");
    served.until("divergent", of("martydb_migrations_divergent", "moh_b", 1.0));
}

/// Services on two servers.
fn on_two(one: &Server, two: &Server, prefix: &str) -> Project {
    let project = monitored(one, Admin::Super, prefix);
    let manifest = project.read("martydb.yaml");
    let second = format!(
        "    password_env: DB_PASSWORD\n  other: {{ url: \"{}\", password_env: DB_PASSWORD }}\nservices:\n",
        two.url()
    );
    let manifest = manifest.replace("services:\n", &second);
    let own = format!("  {prefix}_b:\n");
    project.write("martydb.yaml", &manifest.replace(&own, &format!("  {prefix}_b: {{ server: other }}\n")));
    project
}

#[test]
fn an_unreachable_server_keeps_the_series_of_the_others_and_recovers() {
    let (one, mut two) = (Server::start(), Server::start());
    let project = on_two(&one, &two, "mod");
    project.run(&["init-all", "-y"]).expect(0);
    let served = Served::start(&project, &["--isolation-every", "2s"]);
    let up = |server: &'static str, expected: f64| {
        move |series: &super::served::Series| {
            value(series, "martydb_up", &[("server", server)]) == Some(expected)
        }
    };
    let ok = |series: &super::served::Series| value(series, "martydb_isolation_ok", &[("service", "mod_b")]);
    served.until("proven", |series| {
        up("main", 1.0)(series) && up("other", 1.0)(series) && ok(series) == Some(1.0)
    });
    two.crash();
    served.until("down", up("other", 0.0));
    served
        .until("failing", |series| value(series, "martydb_check_ok", &[("check", "isolation")]) == Some(0.0));
    let series = served.scrape();
    assert!(up("main", 1.0)(&series));
    assert!(value(&series, "martydb_database_size_bytes", &[("service", "mod_a")]).is_some());
    assert!(value(&series, "martydb_database_size_bytes", &[("service", "mod_b")]).is_none());
    // The last proof stays, and its age grows.
    assert_eq!(ok(&series), Some(1.0));
    two.launch();
    served.until("up again", up("other", 1.0));
    until("the log says it", || served.said().contains("server other can be read again"));
    let said = served.said();
    assert_eq!(said.matches("cannot read server other").count(), 1, "{said}");
    assert_eq!(said.matches("server other can be read again").count(), 1, "{said}");
}

#[test]
fn a_session_that_the_server_ended_is_replaced() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "moe");
    project.run(&["init-all", "-y"]).expect(0);
    let served = Served::start(&project, &["--isolation-every", "never", "--drift-every", "never"]);
    served.until("up", |series| value(series, "martydb_up", &[]) == Some(1.0));
    let end =
        "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE usename = 'moe_monitor'";
    assert_eq!(server.value("postgres", end), "1");
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(value(&served.scrape(), "martydb_up", &[]), Some(1.0));
    // A changed password counts for the next session.
    project.run(&["apply", "--all", "-y", "--reset-passwords"]).expect(0);
    server.value("postgres", end);
    served.until("up with the new one", |series| value(series, "martydb_up", &[]) == Some(1.0));
}

#[test]
fn once_prints_everything_for_a_textfile_collector() {
    let server = Server::start();
    let project = monitored(&server, Admin::Super, "moo");
    project.run(&["init-all", "-y"]).expect(0);
    let done = project.run(&["monitor", "--once"]).expect(0);
    assert_eq!(done.stderr, "");
    let printed = series(&done.stdout);
    assert_eq!(value(&printed, "martydb_isolation_ok", &[("service", "moo_a")]), Some(1.0));
    assert!(done.stdout.contains("# TYPE martydb_transactions_total counter\n"), "{}", done.stdout);
    assert!(!done.stdout.contains("# EOF"), "{}", done.stdout);
    project.run(&["monitor", "--once", "--out", "metrics.prom", "--isolation-every", "never"]).expect(0);
    let written = series(&project.read("metrics.prom"));
    assert_eq!(value(&written, "martydb_up", &[]), Some(1.0));
    assert_eq!(value(&written, "martydb_isolation_ok", &[("service", "moo_a")]), None);
    let json =
        project.run(&["monitor", "--once", "--isolation-every", "never", "-o", "json"]).expect(0).json();
    let samples = json["samples"].as_array().unwrap();
    assert!(samples.iter().any(|sample| sample["name"] == "martydb_up" && sample["value"] == 1.0), "{json}");
}

#[test]
fn without_its_login_the_monitor_prints_a_hint() {
    let server = Server::start();
    let project = Project::new(&server, "mow");
    let done = project.run(&["monitor", "--once"]).expect(2);
    assert!(
        done.stderr.contains("monitor: true") && done.stderr.contains("martydb apply --all"),
        "{}",
        done.stderr
    );
    let project = monitored(&server, Admin::Super, "mow");
    let done = project.run(&["monitor", "--once", "--isolation-every", "never"]).expect(5);
    assert_eq!(value(&series(&done.stdout), "martydb_up", &[]), Some(0.0));
    assert!(done.stderr.contains("martydb apply --all"), "{}", done.stderr);
}
