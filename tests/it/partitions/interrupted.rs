//! A `DETACH … CONCURRENTLY` that was interrupted: the table has half lost the partition, and refuses the next detaching.

use rustix::process::{Pid, Signal, kill_process};

use super::{TABLE, parts, project};
use crate::support::{ADMIN_PASSWORD, Admin, Project, Server, until};

const PENDING: &str = "SELECT count(*)::text FROM pg_inherits WHERE inhdetachpending";

fn prepared(server: &Server, prefix: &str) -> Project {
    let table = format!(
        "{TABLE}CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
         CREATE TABLE e2 PARTITION OF events FOR VALUES FROM ('2020-02-01') TO ('2020-03-01');\n"
    );
    project(server, Admin::Super, prefix, "{ by: month, key: at, ahead: 1 }", &table)
}

/// Holds a transaction that reads the table while `then` runs.
fn while_read<T>(server: &Server, database: &str, then: impl FnOnce() -> T) -> T {
    let open = "BEGIN; SELECT count(*) FROM events; SELECT pg_sleep(600); -- reader";
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| server.sql_as("postgres", ADMIN_PASSWORD, database, open));
        let reads = "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE 'BEGIN%-- reader' AND wait_event = 'PgSleep'";
        until("the reader reads", || server.value("postgres", reads) == "1");
        let end = then();
        server.sql(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN%-- reader'",
        );
        let _ended = reader.join().unwrap();
        end
    })
}

#[test]
fn the_next_upgrade_completes_an_interrupted_detach() {
    let server = Server::start();
    if server.major() < 14 {
        return;
    }
    let project = prepared(&server, "pri");
    let detach = "-- martydb: no-transaction\nALTER TABLE events DETACH PARTITION e1 CONCURRENTLY;\n";
    project.write("pri_a/migrations/V4__detach.sql", detach);
    project.write("pri_a/migrations/V4__detach.down.sql", "SELECT 1;\n");
    while_read(&server, "pri_a", || {
        let mut run = project.command(&["upgrade", "pri_a"]).spawn().unwrap();
        until("the partition is half detached", || server.value("pri_a", PENDING) == "1");
        kill_process(Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap(), Signal::KILL).unwrap();
        let _killed = run.wait().unwrap();
        let gone = "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE '%DETACH PARTITION%CONCURRENTLY%' AND pid <> pg_backend_pid()";
        until("the server has ended it", || server.value("postgres", gone) == "0");
    });
    assert_eq!(server.value("pri_a", PENDING), "1");
    let done = project.run(&["upgrade", "pri_a"]).expect(0);
    assert!(
        done.said().contains("finishing the interrupted DETACH of partition public.e1"),
        "{}",
        done.said()
    );
    assert_eq!(
        (server.value("pri_a", PENDING), parts(&server, "pri_a")),
        ("0".into(), vec!["e2".to_owned()])
    );
    assert_eq!(server.value("pri_a", "SELECT count(*)::text FROM e1"), "0", "it is a table of its own");
    let _same = project.run(&["status", "pri_a"]).expect(0);
    let history = project.json(&["history", "pri_a"], 0).to_string();
    assert!(history.contains("finished the interrupted DETACH"), "{history}");
}

#[test]
fn upgrade_and_partitions_complete_an_interrupted_detach_of_others() {
    let server = Server::start();
    if server.major() < 14 {
        return;
    }
    let project = prepared(&server, "prj");
    let interrupt = |part: &str| {
        while_read(&server, "prj_a", || {
            let all = ["SET ROLE prj_a_owner", "SET lock_timeout = '200ms'"].map(str::to_owned);
            let detach = format!("ALTER TABLE events DETACH PARTITION {part} CONCURRENTLY");
            let ended = server.each_as("postgres", ADMIN_PASSWORD, "prj_a", &[&all[..], &[detach]].concat());
            assert_eq!(ended[2].as_ref().unwrap_err(), "55P03");
        });
        assert_eq!(server.value("prj_a", PENDING), "1");
    };
    interrupt("e1");
    let dry = project.json(&["partitions", "--once", "--dry-run"], 0);
    assert_eq!(dry["tables"][0]["finished"], serde_json::json!(["e1"]), "{dry:#}");
    assert_eq!(server.value("prj_a", PENDING), "1");
    let done = project.json(&["partitions", "--once"], 0);
    assert_eq!(done["tables"][0]["finished"], serde_json::json!(["e1"]), "{done:#}");
    assert_eq!(server.value("prj_a", PENDING), "0");
    assert_eq!(server.value("prj_a", "SELECT count(*)::text FROM e1"), "0");

    // The table refuses to detach another one; a migration that tries is not resumed.
    interrupt("e2");
    let names = parts(&server, "prj_a");
    let other = names.iter().find(|name| *name != "e2").unwrap();
    let detach =
        format!("-- martydb: no-transaction\nALTER TABLE events DETACH PARTITION {other} CONCURRENTLY;\n");
    project.write("prj_a/migrations/V4__detach.sql", &detach);
    project.write("prj_a/migrations/V4__detach.down.sql", "SELECT 1;\n");
    let done = project.run(&["upgrade", "prj_a"]).expect(0);
    assert!(
        done.said().contains("finishing the interrupted DETACH of partition public.e2"),
        "{}",
        done.said()
    );
    let left = parts(&server, "prj_a");
    assert!(!left.contains(other) && !left.contains(&"e2".to_owned()), "{left:?}");
}
