//! Metrics for on-call: archiving, checkpoints, WAL, subscriptions and the largest tables; and the names of other
//! exporters.

use super::monitored;
use super::served::{Series, Served, value};
use crate::support::{Admin, Project, Server, until};

const QUIET: [&str; 6] =
    ["--isolation-every", "never", "--drift-every", "never", "--migrations-every", "never"];

fn project(server: &Server, prefix: &str) -> Project {
    let project = monitored(server, Admin::Super, prefix);
    project.run(&["init-all", "-y"]).expect(0);
    project
}

#[test]
fn failed_archiving_and_its_recovery_show() {
    let mut server = Server::start();
    let project = project(&server, "moj");
    let served = Served::start(&project, &QUIET);
    let failing = |series: &Series| value(series, "martydb_archive_failing", &[]);
    served.until("up", |series| value(series, "martydb_up", &[]) == Some(1.0));
    assert_eq!(failing(&served.scrape()), None, "nothing is archived");
    server.sql("postgres", "ALTER SYSTEM SET archive_mode = 'on'");
    server.sql("postgres", "ALTER SYSTEM SET archive_command = 'false'");
    server.crash();
    server.launch();
    server.sql("postgres", "SELECT pg_switch_wal()");
    served.until("failing", |series| failing(series) == Some(1.0));
    served.until("counted", |series| {
        value(series, "martydb_archived_wal_files_total", &[("outcome", "failed")]) > Some(0.0)
    });
    server.sql("postgres", "ALTER SYSTEM SET archive_command = 'true'");
    server.sql("postgres", "SELECT pg_reload_conf()");
    served.until("archived again", |series| {
        failing(series) == Some(0.0)
            && value(series, "martydb_archived_wal_files_total", &[("outcome", "archived")]) > Some(0.0)
            && value(series, "martydb_archived_timestamp_seconds", &[]).is_some()
    });
}

#[test]
fn metrics_include_checkpoints_wal_and_subscriptions() {
    let server = Server::start();
    let project = project(&server, "moc");
    let served = Served::start(&project, &QUIET);
    let requested = |series: &Series| value(series, "martydb_checkpoints_total", &[("cause", "requested")]);
    let wal = |series: &Series| value(series, "martydb_wal_bytes_total", &[]);
    served.until("up", |series| requested(series).is_some() && wal(series).is_some());
    let before = served.scrape();
    assert_eq!(value(&before, "martydb_subscription_active", &[]), None);
    server.sql("moc_a", "INSERT INTO item (name) SELECT 'x' FROM generate_series(1, 1000)");
    server.sql("postgres", "CHECKPOINT");
    let subscription =
        "CREATE SUBSCRIPTION moc_s CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false)";
    server.sql("postgres", subscription);
    served.until("counted", |series| {
        requested(series) > requested(&before)
            && wal(series) > wal(&before)
            && value(series, "martydb_subscription_active", &[("subscription", "moc_s")]) == Some(0.0)
    });
}

#[test]
fn metrics_include_the_largest_tables_of_each_service() {
    let server = Server::start();
    let project = project(&server, "moy");
    server.sql("moy_a", "ALTER TABLE item SET (autovacuum_enabled = off)");
    server.sql("moy_a", "INSERT INTO item (name) SELECT 'x' FROM generate_series(1, 5000)");
    server.sql("moy_a", "DELETE FROM item WHERE id <= 200");
    // A session counts its changes about once a second: those that it counts after ANALYZE are added to what that has found.
    let counted = "SELECT n_dead_tup::text FROM pg_stat_user_tables WHERE relname = 'item'";
    until("the changes are counted", || server.value("moy_a", counted) == "200");
    // Eleven tables: one is left out.
    let many = "DO $$ BEGIN FOR i IN 1..10 LOOP EXECUTE format('CREATE TABLE t%s AS SELECT generate_series(1, 1000)', i); END LOOP; END $$";
    server.sql("moy_a", many);
    server.sql("moy_a", "ANALYZE");
    let served = Served::start(&project, &[&QUIET[..], &["--tables-every", "1s"]].concat());
    let item = [("service", "moy_a"), ("schema", "public"), ("table", "item")];
    served.until("dead rows", |series| {
        value(series, "martydb_table_dead_rows", &item) == Some(200.0)
            && value(series, "martydb_table_live_rows", &item) == Some(4800.0)
    });
    let series = served.scrape();
    let of_a = |metric: &str| {
        let all = series.keys().filter(|name| name.starts_with(metric) && name.contains("service=\"moy_a\""));
        all.count()
    };
    assert_eq!(of_a("martydb_table_size_bytes{"), 10);
    assert_eq!(value(&series, "martydb_table_autovacuum_timestamp_seconds", &item), None, "never");
    assert_eq!(value(&series, "martydb_check_ok", &[("check", "tables")]), Some(1.0));
    // A table that is being altered holds up nothing, and its rows stay closed to the monitor's login.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut altering = runtime.block_on(server.admin("moy_a"));
    runtime.block_on(crate::support::ask(&mut altering, "BEGIN; LOCK TABLE item")).unwrap();
    let end = |series: &Series| {
        value(series, "martydb_check_end_timestamp_seconds", &[("check", "tables")]).unwrap()
    };
    let before = end(&served.scrape());
    served.until("checked", |series| end(series) > before + 1.0);
    assert_eq!(value(&served.scrape(), "martydb_check_ok", &[("check", "tables")]), Some(1.0));
}

#[test]
fn metrics_have_the_names_of_postgres_exporter_if_requested() {
    let server = Server::start();
    let project = project(&server, "mok");
    let body = |served: &Served, headers: &str| served.get("/metrics", headers).body;
    let served = Served::start(&project, &QUIET);
    served.until("up", |series| value(series, "martydb_up", &[]) == Some(1.0));
    assert!(!body(&served, "").contains("\npg_"));
    drop(served);
    let manifest =
        project.read("martydb.yaml").replace("monitor: true", "monitor: { compatible_names: true }");
    project.write("martydb.yaml", &manifest);
    project.run(&["plan", "--check"]).expect(0);
    let served = Served::start(&project, &[&QUIET[..], &["--tables-every", "1s"]].concat());
    let wanted = [
        "pg_up{project=\"mok\",server=\"main\"} 1",
        "pg_static{project=\"mok\",server=\"main\",short_version=\"",
        "pg_settings_max_connections{project=\"mok\",server=\"main\"} ",
        "pg_stat_database_xact_commit{project=\"mok\",datname=\"mok_a\",server=\"main\"} ",
        "pg_stat_database_numbackends{project=\"mok\",datname=\"mok_a\",server=\"main\"} ",
        "pg_database_size_bytes{project=\"mok\",datname=\"mok_b\",server=\"main\"} ",
        "pg_stat_user_tables_n_dead_tup{project=\"mok\",datname=\"mok_a\",relname=\"item\",schemaname=\"public\",server=\"main\"} ",
        "# TYPE pg_stat_database_deadlocks gauge\n",
        "martydb_up{",
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _session = runtime.block_on(server.connect("mok_a_app", &project.password("mok_a_app"), "mok_a"));
    for headers in ["", "Accept: application/openmetrics-text\r\n"] {
        until("every name", || {
            let body = body(&served, headers);
            wanted.iter().all(|line| body.contains(line))
        });
    }
    for wrong in ["{ compatible: true }", "{ compatible_names: perhaps }", "perhaps", "[]"] {
        let text = manifest.replace("{ compatible_names: true }", wrong);
        project.write("martydb.yaml", &text);
        project.run(&["validate"]).expect(2);
    }
}
