//! `relay clean`: published events go once their time is over, and nothing else does.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{add_template, declared, emit, project};
use crate::support::{Admin, Nats, Project, Server, as_both_admins, ask};

const NOWHERE: &str = "{ nats: \"nats://127.0.0.1:9\" }";

/// A project whose first service keeps published events for this long.
fn keeping(server: &Server, admin: Admin, prefix: &str, (to, keep): (&str, &str)) -> Project {
    let project = declared(server, admin, prefix, to);
    let manifest = project.read("martydb.yaml");
    project
        .write("martydb.yaml", &manifest.replace("outbox: { to:", &format!("outbox: {{ keep: {keep}, to:")));
    project.run(&["init-all", "-y"]).expect(if admin == Admin::Limited { 4 } else { 0 });
    project
}

/// Returns the number of events that one run removed.
fn removed(project: &Project) -> u64 {
    let done = project.json(&["relay", "clean", "--all"], 0);
    done["services"][0]["removed"].as_u64().unwrap()
}

/// Returns the numbers of published, dead and pending events.
fn states(server: &Server, service: &str) -> [String; 3] {
    let sql = format!(
        "SELECT count(published_at)::text, count(*) FILTER (WHERE available_at = 'infinity')::text, \
         count(*) FILTER (WHERE published_at IS NULL AND available_at < 'infinity')::text FROM {service}_outbox"
    );
    server.sql(service, &sql).remove(0).try_into().unwrap()
}

as_both_admins!(clean_removes_only_old_published_events_in_batches, |admin| {
    let server = Server::for_admin(admin);
    let project = keeping(&server, admin, "rcl", (NOWHERE, "1h"));
    emit(&server, "rcl_a", 12_000, 40);
    server.sql(
        "rcl_a",
        "UPDATE rcl_a_outbox SET published_at = now() - CASE WHEN id <= 11000 THEN interval '61 min' ELSE interval '59 min' END WHERE id <= 11500",
    );
    server.sql(
        "rcl_a",
        "UPDATE rcl_a_outbox SET available_at = 'infinity', attempts = 12, last_error = 'too large', occurred_at = now() - interval '9 days' WHERE id > 11800",
    );
    assert_eq!(states(&server, "rcl_a"), ["11500", "200", "300"]);
    let mark = server.log().len();
    assert_eq!(removed(&project), 11_000);
    assert_eq!(server.log_since(mark).matches("DELETE FROM \"public\".\"rcl_a_outbox\"").count(), 3);
    assert_eq!(states(&server, "rcl_a"), ["500", "200", "300"]);
    assert_eq!(removed(&project), 0);
    let done = project.run(&["relay", "clean", "rcl_a"]).expect(0);
    assert!(done.stdout.contains("rcl_a") && done.stdout.contains("ok"), "{}", done.stdout);
    // It is drift of nothing.
    project.run(&["plan", "--check"]).expect(0);
});

#[test]
fn the_table_does_not_grow() {
    let Some(nats) = Nats::start("") else { return };
    nats.stream("EV", &["ev.>"], &json!({}));
    let server = Server::start();
    let to = format!("{{ nats: \"{}\", subject: \"ev.{{service}}\" }}", nats.url());
    let project = keeping(&server, Admin::Super, "rcs", (&to, "1s"));
    let size = || {
        let sql = "SELECT pg_total_relation_size('public.rcs_a_outbox')::text";
        server.value("rcs_a", sql).parse::<u64>().unwrap()
    };
    let mut sizes = vec![];
    for _ in 0..5 {
        emit(&server, "rcs_a", 3000, 60);
        assert_eq!(project.json(&["relay", "--once"], 0)["services"][0]["published"], 3000);
        let (begun, mut gone) = (Instant::now(), 0);
        while gone < 3000 {
            assert!(begun.elapsed() < Duration::from_secs(60), "{gone} of 3000 events went");
            gone += removed(&project);
        }
        // As autovacuum does, which is off here.
        server.sql("rcs_a", "VACUUM public.rcs_a_outbox");
        sizes.push(size());
    }
    // In the second round the first one's rows are still in the way of the new ones; from then on it is flat.
    assert!(sizes[2..].iter().all(|size| *size <= sizes[1] * 5 / 4), "{sizes:?}");
    assert_eq!(states(&server, "rcs_a"), ["0", "0", "0"]);
}

#[test]
fn a_locked_row_is_removed_by_the_next_run() {
    let server = Server::start();
    let project = keeping(&server, Admin::Super, "rch", (NOWHERE, "1h"));
    emit(&server, "rch_a", 20, 4);
    server.sql("rch_a", "UPDATE rch_a_outbox SET published_at = now() - interval '2 hours'");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut other = server.admin("rch_a").await;
        ask(&mut other, "BEGIN; SELECT * FROM rch_a_outbox WHERE id = 7 FOR UPDATE").await.unwrap();
        assert_eq!(removed(&project), 19);
        ask(&mut other, "ROLLBACK").await.unwrap();
    });
    assert_eq!(removed(&project), 1);
}

#[test]
fn without_retention_events_stay_and_one_failure_delays_no_other_outbox() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "rcf", NOWHERE);
    emit(&server, "rcf_a", 5, 1);
    server.sql("rcf_a", "UPDATE rcf_a_outbox SET published_at = now() - interval '9 years'");
    let kept = project.json(&["relay", "clean", "--all"], 0);
    assert_eq!(
        (&kept["services"][0]["outcome"], &kept["services"][0]["removed"]),
        (&json!("kept"), &json!(0))
    );
    let said = project.run(&["relay", "clean", "--all"]).expect(0).stdout;
    assert!(said.contains("kept forever: the manifest's outbox has no `keep`"), "{said}");
    // The second service declares one too, and its migration was not written yet.
    let manifest = project.read("martydb.yaml").replace("outbox: {", "outbox: { keep: 1d,");
    let second = format!("  rcf_b:\n    outbox: {{ keep: 1d, to: {NOWHERE} }}\n");
    project.write("martydb.yaml", &manifest.replace("  rcf_b:\n", &second));
    project.run(&["apply", "--all", "-y"]).expect(0);
    let done = project.json(&["relay", "clean", "--all"], 1);
    let rows = done["services"].as_array().unwrap();
    assert_eq!((&rows[0]["removed"], &rows[0]["outcome"]), (&json!(5), &json!("ok")), "{done}");
    assert_eq!(rows[1]["outcome"], "failed");
    assert!(rows[1]["error"].to_string().contains("rcf_b_outbox"), "{done}");
    add_template(&project, "rcf_b");
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["relay", "clean", "--all"]).expect(0);
    // A service without an outbox, named, and a server that is gone.
    let without = project.read("martydb.yaml").replace(&second, "  rcf_b:\n");
    project.write("martydb.yaml", &without);
    let refused = project.run(&["relay", "clean", "rcf_b"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r#"
    error: service "rcf_b" has no outbox
    hint: declare it in the manifest: outbox: { to: { nats: "nats://localhost:PORT" } }
    "#);
    drop(server);
    project.run(&["relay", "clean", "rcf_a"]).expect(5);
}
