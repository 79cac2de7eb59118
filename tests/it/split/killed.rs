//! `split copy`, killed at any moment: the next one finishes, and what was whole is not copied again.

use std::process::Stdio;
use std::time::Duration;

use super::sample::{equal, ready};
use crate::support::{Admin, Project, Server};

/// Starts it, and kills it after so long. Whether it was still at work.
fn killed(project: &Project, arguments: &[&str], after: Duration) -> bool {
    let mut child = project.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    let at_work = child.try_wait().unwrap().is_none();
    if at_work {
        child.kill().unwrap();
    }
    child.wait().unwrap();
    at_work
}

/// Returns the loaded parts, each with the transaction that loaded it.
fn loaded(server: &Server) -> Vec<String> {
    let query =
        "SELECT schema || '.' || name || ' ' || part || ' ' || xmin FROM martydb_split.loaded ORDER BY 1";
    let one = |database: &str| {
        let there = server.value(database, "SELECT to_regclass('martydb_split.loaded') IS NOT NULL") == "t";
        if there { server.sql(database, query).into_iter().flatten().collect() } else { vec![] }
    };
    ["shop_orders", "shop_people"].iter().flat_map(|database| one(database)).collect()
}

/// Objects that a copy drops and recreates.
const MADE_AGAIN: &str = "SELECT string_agg(what, E'\n' ORDER BY what) FROM (
    SELECT pg_get_indexdef(i.oid) || i.relispartition AS what FROM pg_class i WHERE i.relkind IN ('i', 'I') AND i.relnamespace = 'public'::regnamespace
    UNION ALL SELECT conname || pg_get_constraintdef(oid) || convalidated FROM pg_constraint WHERE connamespace = 'public'::regnamespace) x";

#[test]
fn a_killed_offline_copy_resumes() {
    let server = Server::start();
    let project = ready(&server, Admin::Super);
    // Large enough for parts.
    server.sql(
        "shop",
        "INSERT INTO orders_keyless SELECT repeat('k', 100) || i FROM generate_series(1, 600000) i",
    );
    let inside = server.value("shop_orders", MADE_AGAIN);
    let mut interrupted = 0;
    for millis in [40, 90, 170, 250, 330, 420, 550, 700, 900, 1100, 1300, 1500] {
        let before = loaded(&server);
        interrupted += usize::from(killed(&project, &["split", "copy"], Duration::from_millis(millis)));
        let after = loaded(&server);
        assert!(before.iter().all(|part| after.contains(part)), "{before:?}\n{after:?}");
    }
    assert!(interrupted > 4, "{interrupted}");
    project.run(&["split", "copy"]).expect(0);
    equal(&server, &server);
    assert_eq!(server.value("shop_orders", MADE_AGAIN), inside);
    project.run(&["split", "verify"]).expect(0);
}

#[test]
fn a_killed_online_copy_restarts_without_leaving_a_slot() {
    let server = Server::start_with(&["wal_level=logical", "max_replication_slots=4"]);
    let project = ready(&server, Admin::Super);
    let arguments = ["split", "copy", "--online", "--until-caught-up"];
    let mut interrupted = 0;
    for millis in [60, 120, 180, 240, 300, 380, 470, 600] {
        interrupted += usize::from(killed(&project, &arguments, Duration::from_millis(millis)));
        server.sql("shop", &format!("INSERT INTO people_main VALUES (-{millis}, 'meanwhile')"));
    }
    assert!(interrupted > 4, "{interrupted}");
    project.run(&arguments).expect(0);
    equal(&server, &server);
    assert_eq!(server.value("shop", "SELECT count(*) FROM pg_replication_slots"), "2");
    project.run(&["split", "rollback", "--service", "orders"]).expect(0);
    project.run(&["split", "rollback", "--service", "people"]).expect(0);
    assert_eq!(server.value("shop", "SELECT count(*) FROM pg_replication_slots"), "0");
}
