//! Partitions by time: made ahead and removed by the owner, while the table is in use.

mod gaps;
mod interrupted;
mod other_commands;
mod simulated;

use crate::support::{Admin, Project, Server, as_both_admins};

const TABLE: &str = "CREATE TABLE events (at timestamptz NOT NULL, name text) PARTITION BY RANGE (at);\n";

fn project(server: &Server, admin: Admin, prefix: &str, rule: &str, table: &str) -> Project {
    let project = Project::new_as(server, admin, prefix);
    let manifest = project.read("martydb.yaml");
    let entry = format!("  {prefix}_a:\n    partitions:\n      public.events: {rule}\n");
    project.write("martydb.yaml", &manifest.replace(&format!("  {prefix}_a:\n"), &entry));
    project.write(&format!("{prefix}_a/migrations/V3__events.sql"), table);
    project.write(&format!("{prefix}_a/migrations/V3__events.down.sql"), "DROP TABLE events;\n");
    let _done = project.run(&["apply", "--all", "-y"]).expect(0);
    let _done = project.run(&["upgrade", "--all"]).expect(0);
    project
}

fn parts(server: &Server, database: &str) -> Vec<String> {
    parts_of(server, database, "events")
}

fn parts_of(server: &Server, database: &str, table: &str) -> Vec<String> {
    let sql = format!(
        "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = to_regclass('{table}') ORDER BY 1"
    );
    server.sql(database, &sql).into_iter().flatten().collect()
}

fn today(server: &Server, days: i32) -> String {
    server.value(
        "postgres",
        &format!("SELECT to_char(now() AT TIME ZONE 'UTC' + interval '{days} days', 'YYYYMMDD')"),
    )
}

as_both_admins!(partitions_are_created_ahead_and_removed_after_their_retention, |admin| {
    let server = Server::for_admin(admin);
    let project =
        project(&server, admin, "prt", "{ by: day, key: at, ahead: 2, keep: 3d, drop: drop }", TABLE);
    let dry = project.json(&["partitions", "--once", "--dry-run"], 0);
    assert_eq!(dry["tables"][0]["made"].as_array().unwrap().len(), 3, "{dry:#}");
    assert!(parts(&server, "prt_a").is_empty());
    let _made = project.run(&["partitions", "--once"]).expect(0);
    let names = |days: std::ops::RangeInclusive<i32>| -> Vec<String> {
        days.map(|day| format!("events_{}", today(&server, day))).collect()
    };
    assert_eq!(parts(&server, "prt_a"), names(0..=2));
    let owner = "SELECT DISTINCT tableowner::text FROM pg_tables WHERE tablename LIKE 'events_%'";
    assert_eq!(server.value("prt_a", owner), "prt_a_owner");
    // The app writes and reads there, and nothing differs from the manifest.
    let app = project.password("prt_a_app");
    let written = "INSERT INTO events VALUES (now(), 'x')";
    assert!(server.sql_as("prt_a_app", &app, "prt_a", written).is_ok());
    let _same = project.run(&["plan", "--check"]).expect(0);
    let again = project.json(&["partitions", "--once"], 0);
    assert_eq!(again["tables"][0]["made"].as_array().unwrap().len(), 0, "{again:#}");

    // A partition that ended more than three days ago is removed, a later one is kept.
    let old = |days: i32| {
        format!(
            "CREATE TABLE events_{0} PARTITION OF events FOR VALUES FROM ('{0} 00:00Z') TO ('{1} 00:00Z')",
            today(&server, days),
            today(&server, days + 1)
        )
    };
    for days in [-5, -2] {
        server.sql("prt_a", &format!("SET ROLE prt_a_owner; {}", old(days)));
    }
    let gone = project.json(&["partitions", "--once"], 0);
    let removed = gone["tables"][0]["removed"].as_array().unwrap();
    assert_eq!(removed, &[format!("events_{}", today(&server, -5))], "{gone:#}");
    assert_eq!(parts(&server, "prt_a"), [names(-2..=-2), names(0..=2)].concat());
});

#[test]
fn a_first_run_that_would_remove_existing_partitions_asks() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "prq", "{ by: month, key: at, ahead: 1, keep: 40d }", TABLE);
    server.sql(
        "prq_a",
        "SET ROLE prq_a_owner; CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')",
    );
    let refused = project.run(&["partitions", "--once"]).expect(2);
    assert!(refused.stderr.contains("detach partition e1 of public.events"), "{}", refused.stderr);
    assert_eq!(parts(&server, "prq_a"), ["e1"]);
    let _agreed = project.run(&["partitions", "--once", "-y"]).expect(0);
    assert_eq!(parts(&server, "prq_a").len(), 2);
    // Detached, not dropped.
    assert_eq!(server.value("prq_a", "SELECT count(*)::text FROM e1"), "0");
}

#[test]
fn periods_with_rows_in_the_default_partition_are_left_out_and_named() {
    let server = Server::start();
    let table = format!("{TABLE}CREATE TABLE events_rest PARTITION OF events DEFAULT;\n");
    let project = project(&server, Admin::Super, "prd", "{ by: day, key: at, ahead: 2 }", &table);
    server.sql("prd_a", "INSERT INTO events VALUES (now() + interval '1 day', 'early')");
    let done = project.run(&["partitions", "--once"]).expect(1);
    let day =
        server.value("postgres", "SELECT to_char(now() AT TIME ZONE 'UTC' + interval '1 day', 'YYYY-MM-DD')");
    assert!(
        done.stderr.contains("the default partition of public.events of prd_a has rows of 1 period"),
        "{}",
        done.stderr
    );
    assert!(done.stderr.contains(&day), "{}", done.stderr);
    assert_eq!(parts(&server, "prd_a").len(), 3, "today, the day after tomorrow, and the rest");
    assert_eq!(server.value("prd_a", "SELECT count(*)::text FROM events"), "1");
}

#[test]
fn a_table_that_cannot_be_maintained_is_refused_with_a_hint() {
    let server = Server::start();
    let plain = "CREATE TABLE events (at timestamptz NOT NULL);\n";
    let project = project(&server, Admin::Super, "prx", "{ by: day, key: at }", plain);
    let done = project.run(&["partitions", "--once"]).expect(2);
    assert!(done.stderr.contains("is not partitioned by ranges"), "{}", done.stderr);
    for (rule, message) in [
        ("{ by: hour, key: at }", "hour"),
        ("{ by: day, key: at, keep: soon }", "not a time"),
        ("{ by: day, key: at, ahead: 1000 }", "more than 366"),
        ("{ by: day }", "key"),
    ] {
        let text = format!(
            "version: 1\nproject: pry\nservices:\n  pry_a:\n    partitions: {{ public.events: {rule} }}\n"
        );
        let done = Project::with_manifest(&text).run(&["validate"]).expect(2);
        assert!(done.stderr.contains(message), "{rule}: {}", done.stderr);
    }
    let outbox = "version: 1\nproject: pry\nservices:\n  pry_a:\n    outbox: { table: public.events, to: { nats: \"tls://n:4222\", subject: x } }\n    partitions: { public.events: { by: day, key: at } }\n";
    let done = Project::with_manifest(outbox).run(&["validate"]).expect(2);
    assert!(done.stderr.contains("is the outbox of pry_a"), "{}", done.stderr);
}
