//! `--fix`: findings become a plan, and the plan goes the way of every other.

use std::process::Stdio;

use serde_json::Value;

use super::support::Pair;
use crate::support::{ADMIN_PASSWORD, Admin, Project, Server, until};

/// A critical breach in the shared catalogs, and a high one inside a database.
fn open(pair: &Pair) {
    pair.server.sql("postgres", "GRANT CONNECT ON DATABASE blue_db TO red_app");
    pair.server.sql("blue_db", "GRANT TRUNCATE ON hidden TO blue_ro");
}

fn changes<'a>(document: &'a Value, key: &str) -> Vec<&'a str> {
    document["changes"].as_array().unwrap().iter().map(|change| change[key].as_str().unwrap()).collect()
}

const CLOSING: [&str; 2] = [
    "REVOKE CONNECT ON DATABASE \"blue_db\" FROM \"red_app\"",
    "REVOKE TRUNCATE ON TABLE public.hidden FROM \"blue_ro\" CASCADE",
];

#[test]
fn a_dry_run_shows_the_plan_and_writes_nothing() {
    let pair = Pair::new();
    open(&pair);
    let xmax = || pair.server.value("postgres", "SELECT pg_snapshot_xmax(pg_current_snapshot())::text");
    let (before, found) = (xmax(), pair.verify(&["--probes", "full"], 4));
    let mark = pair.server.log().len();
    let planned = pair.verify(&["--probes", "full", "--fix", "--dry-run"], 4);
    let log = pair.server.log_since(mark);
    assert!(!log.contains("REVOKE") && !log.contains("pg_advisory_lock"), "{log}");
    assert_eq!(before, xmax());
    assert_eq!(planned["findings"], found["findings"]);
    assert_eq!(found["changes"].as_array().unwrap().len(), 0);
    assert_eq!(changes(&planned, "sql"), CLOSING);
    // As in a plan: nothing that the manifest declares needs the first one.
    assert_eq!(changes(&planned, "risk"), ["safe", "caution"]);
    assert_eq!(changes(&planned, "action"), ["revoke"; 2]);
    let text = pair.project.run(&["verify-isolation", "--fix", "--dry-run"]).expect(4).stdout;
    assert!(text.contains("Plan: 0 to create, 2 to change, 0 to destroy. Nothing was done."), "{text}");
    // -y does not make it less dry, and nothing to show is nothing to do.
    assert_eq!(changes(&pair.verify(&["--probes", "full", "--fix", "--dry-run", "-y"], 4), "sql"), CLOSING);
    let useless = pair.project.run(&["verify-isolation", "--dry-run"]).expect(2);
    insta::assert_snapshot!(useless.shown(), @r"
    error: --dry-run needs --fix or --terminate
    hint: without them verify-isolation changes nothing
    ");
    // The executed changes are the printed ones, and nothing is left.
    let fixed = pair.verify(&["--probes", "full", "--fix", "-y"], 0);
    assert_eq!((changes(&fixed, "sql"), changes(&fixed, "outcome")), (CLOSING.to_vec(), vec!["ok"; 2]));
    assert_eq!(fixed["findings"].as_array().unwrap().len(), 0, "{fixed:#}");
    assert_eq!(changes(&pair.verify(&["--fix", "-y"], 0), "sql"), Vec::<&str>::new());
}

#[test]
fn the_next_run_completes_a_killed_fix() {
    let pair = Pair::new();
    open(&pair);
    let value = |sql: &str| pair.server.value("postgres", sql);
    let blocker = "BEGIN; GRANT SELECT ON hidden TO postgres; SELECT pg_sleep(100)";
    std::thread::scope(|scope| {
        // Another session is changing privileges on the same table, so that the second statement has to wait.
        let busy = scope.spawn(|| pair.server.sql_as("postgres", ADMIN_PASSWORD, "blue_db", blocker));
        let sleeping = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        until("a session sleeps", || !value(sleeping).is_empty());
        let mut command = pair.project.command(&["verify-isolation", "--probes", "none", "--fix", "-y"]);
        let mut fix = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let waiting =
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%TRUNCATE%'";
        until("a session waits", || !value(waiting).is_empty());
        fix.kill().unwrap();
        fix.wait().unwrap();
        // The server notices a client that is gone only when it has something to say to it.
        value(&format!("SELECT pg_terminate_backend(({waiting}))"));
        until("it has ended", || value(waiting).is_empty());
        value(&format!("SELECT pg_terminate_backend(({sleeping}))"));
        assert_eq!(busy.join().unwrap(), Err("57P01".into()));
    });
    let left = pair.verify(&["--fix", "--dry-run"], 4);
    assert_eq!(changes(&left, "sql"), CLOSING[1..]);
    let fixed = pair.verify(&["--probes", "full", "--fix", "-y"], 0);
    assert_eq!(changes(&fixed, "outcome"), ["ok"]);
}

/// A REVOKE by a role that may not revoke only warns, and has revoked nothing.
#[test]
fn a_fix_whose_statement_only_warned_has_failed() {
    let server = Server::with_both_admins();
    let project = Project::new_as(&server, Admin::Limited, "warn");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let verify =
        |more: &[&str], code| project.json(&[&["verify-isolation", "--probes", "none"], more].concat(), code);
    let planned = verify(&["--fix", "--dry-run", "--only", "maintenance-database-connect"], 4);
    assert_eq!(planned["changes"].as_array().unwrap().len(), 1, "{planned:#}");
    let failed = verify(&["--fix", "-y", "--only", "maintenance-database-connect"], 4);
    assert_eq!(changes(&failed, "outcome"), ["failed"]);
    let error = &failed["errors"][0];
    assert_eq!(
        (error["server"].as_str(), error["sqlstate"].as_str()),
        (Some("main"), Some("01000")),
        "{error:#}"
    );
    assert!(
        error["message"].as_str().unwrap().ends_with("had no effect: the server returned a warning"),
        "{error:#}"
    );
    assert_eq!(failed["findings"], planned["findings"], "it is as open as before");
    let text =
        project.run(&["verify-isolation", "--fix", "-y", "--only", "maintenance-database-connect"]).expect(4);
    assert!(
        text.stdout.contains("Fixed: 0 of 1, 1 failed.\ndatabase postgres of server main\nerror: REVOKE"),
        "{}",
        text.stdout
    );
    // With the doors closed by one who may, what this admin cannot read is left, and counts with --strict.
    for database in ["postgres", "template1"] {
        server.sql(
            "postgres",
            &format!(
                "REVOKE ALL ON DATABASE {database} FROM PUBLIC; GRANT CONNECT ON DATABASE {database} TO adm"
            ),
        );
    }
    let only = ["--only", "maintenance-database-connect"];
    assert!(!verify(&only, 0)["not_examined"].as_array().unwrap().is_empty());
    verify(&[&only[..], &["--strict"]].concat(), 4);
}

#[test]
fn one_statement_of_a_fix_may_close_several_findings() {
    let pair = Pair::new();
    // A membership is a finding of its own, and the way into the database that the login found.
    pair.server.sql("postgres", "GRANT blue_app TO red_app");
    let fixed = pair.verify(&["--probes", "full", "--fix", "-y"], 0);
    let outcomes = changes(&fixed, "outcome");
    assert!(outcomes.len() > 1 && outcomes.iter().all(|outcome| *outcome == "ok"), "{fixed:#}");
    assert_eq!(fixed["errors"].as_array().unwrap().len(), 0);
}

#[test]
fn statements_that_refuse_a_transaction_are_fixed_too() {
    let pair = Pair::new();
    pair.server.sql("postgres", "ALTER SYSTEM SET lo_compat_privileges = on");
    pair.server.reload();
    assert_eq!(
        Pair::grave(&pair.verify(&[], 4)),
        ["medium | server-setting | - | PUBLIC | - | setting lo_compat_privileges"]
    );
    // The server reloads asynchronously, so the next query may still see the old value.
    let done =
        pair.project.run(&["verify-isolation", "--probes", "none", "--fix", "-y", "-o", "json"]).json();
    assert_eq!(
        changes(&done, "sql"),
        ["ALTER SYSTEM RESET \"lo_compat_privileges\";\nSELECT pg_catalog.pg_reload_conf()"]
    );
    assert_eq!((changes(&done, "action"), changes(&done, "outcome")), (vec!["alter"], vec!["ok"]));
    until("it is off", || pair.server.value("postgres", "SHOW lo_compat_privileges") == "off");
    pair.verify(&[], 0);
}

#[test]
fn a_fix_revokes_only_undeclared_privileges() {
    let pair = Pair::new();
    pair.server.sql("red_db", "GRANT SELECT, INSERT ON item TO red_app WITH GRANT OPTION; GRANT USAGE ON SEQUENCE item_id_seq TO red_app WITH GRANT OPTION; GRANT USAGE ON SCHEMA public TO red_ro WITH GRANT OPTION");
    pair.server.sql("postgres", "GRANT CONNECT ON DATABASE red_db TO red_app WITH GRANT OPTION; GRANT blue_app TO blue_ro; GRANT blue_owner TO blue_app");
    pair.server.sql("postgres", "COMMENT ON ROLE red_ro IS 'martydb:pair password=Xk39dk3kd9QQ7z'; CREATE ROLE gamma_app; COMMENT ON ROLE gamma_app IS 'martydb:second password=Xk39dk3kd9QQ7z'");
    pair.server.sql("red_db", "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE logf (l text) SERVER files OPTIONS (filename '/etc/passwd'); GRANT SELECT ON logf TO red_app");
    pair.verify(&["--probes", "full", "--fix", "-y"], 0);
    for (role, database) in [("red_app", "red_db"), ("blue_app", "blue_db")] {
        let password = pair.project.password(role);
        let done = pair.server.sql_as(role, &password, database, "INSERT INTO item (name) VALUES ('x')");
        assert!(done.is_ok(), "{role}: {done:?}");
    }
    let comment = |role: &str| {
        let sql =
            format!("SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = '{role}'");
        pair.server.value("postgres", &sql)
    };
    assert_eq!((comment("red_ro"), comment("gamma_app")), ("martydb:pair".into(), "martydb:second".into()));
    assert_eq!(pair.server.value("red_db", "SELECT count(*) FROM pg_foreign_server"), "1");
    let plan = pair.project.json(&["plan", "--check"], 3);
    let left: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().map(|one| one["object"].as_str().unwrap()).collect();
    assert!(left.iter().all(|object| object.contains("logf")), "{plan:#}");
}

/// With the ownership its owner loses all privileges: what it should hold is granted again.
#[test]
fn a_login_keeps_its_declared_use_of_objects_that_change_owners() {
    let pair = Pair::new();
    let server = &pair.server;
    server.sql("blue_db", "CREATE TABLE public.kept (id serial, note text)");
    server.sql(
        "blue_db",
        "ALTER TABLE public.kept OWNER TO blue_app; ALTER DATABASE blue_db OWNER TO blue_app",
    );
    let plan = pair.project.run(&["plan"]).expect(0).stdout;
    assert!(plan.contains("grant CONNECT, TEMPORARY on database blue_db to blue_app"), "{plan}");
    pair.verify(&["--probes", "full", "--fix", "-y"], 0);
    let password = pair.project.password("blue_app");
    let used = server.sql_as("blue_app", &password, "blue_db", "INSERT INTO public.kept (note) VALUES ('a')");
    assert!(used.is_ok(), "{used:?}");
    pair.project.accept_objects(&["blue"]);
    pair.project.run(&["plan", "--check"]).expect(0);
    // And by apply, in one run.
    server.sql(
        "blue_db",
        "ALTER TABLE public.kept OWNER TO blue_app; ALTER DATABASE blue_db OWNER TO blue_app",
    );
    pair.project.run(&["apply", "--all", "-y"]).expect(0);
    let used = server.sql_as("blue_app", &password, "blue_db", "INSERT INTO public.kept (note) VALUES ('b')");
    assert!(used.is_ok(), "{used:?}");
    pair.project.accept_objects(&["blue"]);
    pair.project.run(&["plan", "--check"]).expect(0);
}
