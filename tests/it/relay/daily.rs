//! An outbox with a partition for each day: days are made ahead, and dropped once all of their events were delivered.

use serde_json::{Value, json};

use super::{emit, pending, project};
use crate::support::{Admin, Nats, Project, Server, as_both_admins, ask, until};

/// A project whose first service's outbox has a partition for each day, and keeps them for one.
fn daily(server: &Server, admin: Admin, prefix: &str, to: &str) -> Project {
    let project = Project::new_as(server, admin, prefix);
    let manifest = project.read("martydb.yaml");
    let outbox = format!("  {prefix}_a:\n    outbox: {{ keep: 1d, to: {to} }}\n");
    project.write("martydb.yaml", &manifest.replace(&format!("  {prefix}_a:\n"), &outbox));
    let service = format!("{prefix}_a");
    project.run(&["revision", &service, "-m", "outbox", "--template", "outbox-daily"]).expect(0);
    project.run(&["init-all", "-y"]).expect(if admin == Admin::Limited { 4 } else { 0 });
    project
}

fn clean(project: &Project) -> Value {
    project.json(&["relay", "clean", "--all"], 0)["services"][0].clone()
}

fn numbers(cleaned: &Value) -> [u64; 3] {
    ["removed", "days_dropped", "days_made"].map(|key| cleaned[key].as_u64().unwrap())
}

/// The partitions, by name.
fn parts(server: &Server, service: &str) -> Vec<String> {
    let sql = format!(
        "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
         WHERE i.inhparent = '{service}_outbox'::regclass ORDER BY 1"
    );
    server.sql(service, &sql).into_iter().flatten().collect()
}

/// Makes the partition of a day that is past, as `relay clean` made it then.
fn past(server: &Server, service: &str, days: u32) -> String {
    let name = format!("to_char(timezone('UTC', now()) - interval '{days} days', 'YYYYMMDD')");
    let day = server.value(service, &format!("SELECT {name}"));
    let part = format!("{service}_outbox_{day}");
    server.sql(
        service,
        &format!(
            "SET ROLE {service}_owner; CREATE TABLE {part} PARTITION OF {service}_outbox \
             FOR VALUES FROM ('{day} 00:00:00+00') TO ('{day} 24:00:00+00')"
        ),
    );
    part
}

/// Events of a day that is past; of each aggregate the payload counts up.
fn emit_past(server: &Server, service: &str, days: u32, events: u32) {
    server.sql(
        service,
        &format!(
            "INSERT INTO {service}_outbox (aggregate_type, aggregate_id, event_type, payload, occurred_at) \
             SELECT 'thing', (i % 5)::text, 'thing.made', jsonb_build_object('n', {} + i), \
               date_trunc('day', now(), 'UTC') - interval '{days} days' + interval '1 hour' \
             FROM generate_series(0, {events} - 1) i",
            1000 - days
        ),
    );
}

/// As if the events had been published on their day.
fn date_back(server: &Server, service: &str) {
    server.sql(
        service,
        &format!("UPDATE {service}_outbox SET published_at = occurred_at WHERE published_at IS NOT NULL"),
    );
}

as_both_admins!(daily_partitions_are_created_ahead_without_drift, |admin| {
    let server = Server::for_admin(admin);
    let project = daily(&server, admin, "rda", "{ nats: \"nats://127.0.0.1:9\" }");
    assert_eq!(parts(&server, "rda_a"), ["rda_a_outbox_rest"]);
    // Events from before the first run stay in their partition.
    emit(&server, "rda_a", 10, 2);
    assert_eq!(numbers(&clean(&project)), [0, 0, 7]);
    assert_eq!(parts(&server, "rda_a").len(), 8);
    assert_eq!(numbers(&clean(&project)), [0, 0, 0]);
    project.run(&["plan", "--check"]).expect(0);
    let found = project.run(&["verify-isolation", "-o", "json"]).json();
    let all = found["findings"].as_array().unwrap().iter();
    let of_it: Vec<_> = all.filter(|one| one.to_string().contains("rda_a_outbox")).collect();
    assert!(of_it.is_empty(), "{of_it:?}");
    // The relay's login has the table, and none of its parts.
    let password = project.password("rda_a_relay");
    let as_relay = |sql: &str| server.sql_as("rda_a_relay", &password, "rda_a", sql);
    assert_eq!(as_relay("SELECT count(*)::text FROM rda_a_outbox").unwrap(), [["10"]]);
    assert_eq!(as_relay("SELECT count(*) FROM rda_a_outbox_rest").unwrap_err(), "42501");
    let owners = "SELECT string_agg(DISTINCT pg_get_userbyid(relowner)::text, ',') FROM pg_class WHERE relname LIKE 'rda_a_outbox%'";
    assert_eq!(server.value("rda_a", owners), "rda_a_owner");
    project.run(&["downgrade", "rda_a", "--to", "2", "-y"]).expect(0);
    assert_eq!(
        server.value("rda_a", "SELECT count(*)::text FROM pg_class WHERE relname LIKE 'rda_a_outbox%'"),
        "0"
    );
});

#[test]
fn a_day_is_dropped_once_all_its_events_are_delivered() {
    let Some(nats) = Nats::start("") else { return };
    nats.stream("EV", &["ev.>"], &json!({}));
    let server = Server::start();
    let to = format!("{{ nats: \"{}\", subject: \"ev.{{service}}\" }}", nats.url());
    let project = daily(&server, Admin::Super, "rdd", &to);
    clean(&project);
    let (third, second) = (past(&server, "rdd_a", 3), past(&server, "rdd_a", 2));
    emit_past(&server, "rdd_a", 3, 400);
    emit_past(&server, "rdd_a", 2, 300);
    emit(&server, "rdd_a", 100, 5);
    assert_eq!(server.value("rdd_a", &format!("SELECT count(*)::text FROM {third}")), "400");
    // Without a delivery no partition is dropped.
    assert_eq!(numbers(&clean(&project)), [0, 0, 0]);
    assert_eq!(project.json(&["relay", "--once"], 0)["services"][0]["published"], 800);
    let numbers_of = |aggregate: &str| {
        let all = nats.messages("EV").into_iter();
        let own = all.filter(|one| one.headers["ce-subject"] == format!("thing/{aggregate}"));
        own.map(|one| one.headers["ce-id"].clone()).collect::<Vec<_>>()
    };
    let written = "SELECT event_id::text FROM rdd_a_outbox WHERE aggregate_id = '3' ORDER BY id";
    let written: Vec<_> = server.sql("rdd_a", written).into_iter().flatten().collect();
    assert_eq!((numbers_of("3"), written.len()), (written.clone(), 160), "across days the order is kept");
    // They were delivered now, and stay for a day.
    assert_eq!(numbers(&clean(&project)), [0, 0, 0]);
    date_back(&server, "rdd_a");
    // One event of the second is dead: its day stays with it.
    let dead = format!(
        "UPDATE {second} SET published_at = NULL, available_at = 'infinity' WHERE id = (SELECT max(id) FROM {second})"
    );
    server.sql("rdd_a", &dead);
    assert_eq!(numbers(&clean(&project)), [400 + 299, 1, 0]);
    assert!(!parts(&server, "rdd_a").contains(&third) && parts(&server, "rdd_a").contains(&second));
    assert_eq!(pending(&server, "rdd_a"), 1);
    let event = server.value("rdd_a", &format!("SELECT event_id::text FROM {second}"));
    project.run(&["relay", "skip", "--event", &event, "--reason", "a test"]).expect(0);
    date_back(&server, "rdd_a");
    assert_eq!(numbers(&clean(&project)), [1, 1, 0]);
    assert_eq!(server.value("rdd_a", "SELECT count(*)::text FROM rdd_a_outbox"), "100");
    project.run(&["plan", "--check"]).expect(0);
}

/// Ten days, each with so many events that are published and go: the table stays as large as it was.
fn stays_as_large_as_it_was(prefix: &str, each_day: u32) {
    let Some(nats) = Nats::start("") else { return };
    nats.stream("EV", &["ev.>"], &json!({ "max_age": 1_000_000_000 }));
    let server = Server::start();
    let to = format!("{{ nats: \"{}\", subject: \"ev.{{service}}\" }}", nats.url());
    let project = daily(&server, Admin::Super, prefix, &to);
    let service = format!("{prefix}_a");
    clean(&project);
    let bytes = || -> u64 {
        let sql =
            format!("SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('{service}_outbox')");
        server.value(&service, &sql).parse().unwrap()
    };
    let before = bytes();
    let mut largest = 0;
    for day in (3..13).rev() {
        past(&server, &service, day);
        emit_past(&server, &service, day, each_day);
        let published = project.json(&["relay", "--once"], 0)["services"][0]["published"].clone();
        assert_eq!(published, each_day);
        date_back(&server, &service);
        largest = largest.max(bytes());
        assert_eq!(numbers(&clean(&project)), [each_day.into(), 1, 0]);
        assert_eq!(bytes(), before, "day {day}");
    }
    eprintln!("{} events: {before} bytes after each day, at most {largest}", each_day * 10);
    assert!(largest > before + u64::from(each_day) * 100, "{largest}");
    project.run(&["plan", "--check"]).expect(0);
}

#[test]
fn the_table_does_not_grow() {
    stays_as_large_as_it_was("rdf", 500);
}

#[test]
#[ignore = "takes minutes: scripts/test --all-majors"]
fn the_table_does_not_grow_with_a_million_events() {
    stays_as_large_as_it_was("rdm", 100_000);
}

#[test]
fn a_late_commit_keeps_its_day() {
    let server = Server::start();
    let project = daily(&server, Admin::Super, "rdl", "{ nats: \"nats://127.0.0.1:9\" }");
    clean(&project);
    let part = past(&server, "rdl_a", 3);
    emit_past(&server, "rdl_a", 3, 50);
    server.sql("rdl_a", "UPDATE rdl_a_outbox SET published_at = occurred_at");
    let late = "BEGIN; INSERT INTO rdl_a_outbox (aggregate_type, aggregate_id, event_type, payload, occurred_at) \
                SELECT 'thing', 'late', 'e', '{}', date_trunc('day', now(), 'UTC') - interval '3 days'";
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut writer = runtime.block_on(server.admin("rdl_a"));
    runtime.block_on(ask(&mut writer, late)).unwrap();
    let cleaning = project.command(&["relay", "clean", "--all"]).spawn().unwrap();
    until("it waits for the writer", || {
        server.value("rdl_a", "SELECT count(*)::text FROM pg_locks WHERE NOT granted") != "0"
    });
    runtime.block_on(ask(&mut writer, "COMMIT")).unwrap();
    assert!(cleaning.wait_with_output().unwrap().status.success());
    assert_eq!((parts(&server, "rdl_a").contains(&part), pending(&server, "rdl_a")), (true, 1));
}

#[test]
fn doctor_names_outboxes_without_a_partition_for_tomorrow() {
    let server = Server::start();
    let project = daily(&server, Admin::Super, "rdt", "{ nats: \"nats://127.0.0.1:9\" }");
    let said = || project.run(&["doctor"]).expect(0).stdout;
    assert!(said().contains("has no partition for tomorrow"), "{}", said());
    let text = project.run(&["relay", "clean", "--all"]).expect(0).stdout;
    assert!(text.contains("ok (0 days dropped, 8 made)"), "{text}");
    assert!(!said().contains("rdt_a_outbox"), "{}", said());
}

#[test]
fn an_outbox_with_other_partitions_is_left_to_the_service() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "rdx", "{ nats: \"nats://127.0.0.1:9\" }");
    // By the aggregate: nothing about time.
    server.sql(
        "rdx_a",
        "SET ROLE rdx_a_owner; ALTER TABLE rdx_a_outbox RENAME TO former; \
         CREATE TABLE rdx_a_outbox (LIKE former INCLUDING DEFAULTS INCLUDING IDENTITY) PARTITION BY LIST (aggregate_type); \
         CREATE TABLE rdx_a_outbox_rest PARTITION OF rdx_a_outbox DEFAULT",
    );
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &manifest.replace("outbox: {", "outbox: { keep: 1d,"));
    emit(&server, "rdx_a", 30, 3);
    server.sql("rdx_a", "UPDATE rdx_a_outbox SET published_at = now() - interval '3 days' WHERE id <= 10");
    assert_eq!(numbers(&clean(&project)), [10, 0, 0]);
}
