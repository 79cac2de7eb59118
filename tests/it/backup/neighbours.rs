//! A restore of one service while clients write to the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::{Admin, Project, Server, as_both_admins, can_dump, until};

/// Services other than the restored one.
const NEIGHBOURS: [&str; 4] = ["b", "c", "d", "e"];

as_both_admins!(four_services_take_writes_while_the_fifth_is_restored, |admin: Admin| {
    let server = Arc::new(Server::for_admin(admin));
    if !can_dump(&server) {
        return;
    }
    let project = Project::new_as(&server, admin, "bkf");
    let mut text = project.read("martydb.yaml");
    for name in ["c", "d", "e"] {
        text += &format!("  bkf_{name}:\n");
        project.write(
            &format!("bkf_{name}/migrations/V1__item.sql"),
            "CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);\n",
        );
        project.write(&format!("bkf_{name}/migrations/V1__item.down.sql"), "DROP TABLE item;\n");
    }
    project.write("martydb.yaml", &(text + "backup:\n  to: ./kept\n"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let password = |role: &str| project.password(role);
    server
        .sql_as(
            "bkf_a_app",
            &password("bkf_a_app"),
            "bkf_a",
            "INSERT INTO item (name) SELECT 'n' || n FROM generate_series(1, 1000) n",
        )
        .unwrap();
    let made = project.json(&["backup", "--all"], 0);
    let ids: Vec<&str> =
        made["backups"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 5);

    let stop = Arc::new(AtomicBool::new(false));
    let written: Vec<Arc<AtomicUsize>> = NEIGHBOURS.iter().map(|_| Arc::default()).collect();
    let writers = NEIGHBOURS.iter().zip(&written).map(|(name, count)| {
        let (server, stop, count) = (server.clone(), stop.clone(), count.clone());
        let (role, database) = (format!("bkf_{name}_app"), format!("bkf_{name}"));
        let password = project.password(&role);
        std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                let insert = "INSERT INTO item (name) VALUES ('written')";
                server
                    .sql_as(&role, &password, &database, insert)
                    .unwrap_or_else(|error| panic!("{database}: {error}"));
                count.fetch_add(1, Ordering::SeqCst);
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    // The restored service has clients of its own, which connect again and again.
    let (own, own_stop) = (server.clone(), stop.clone());
    let own_password = project.password("bkf_a_app");
    let client = std::thread::spawn(move || {
        let mut answers = 0;
        while !own_stop.load(Ordering::SeqCst) {
            answers += usize::from(
                own.sql_as("bkf_a_app", &own_password, "bkf_a", "SELECT count(*) FROM item").is_ok(),
            );
        }
        answers
    });
    let restored = project.run(&["restore", "bkf_a", "--from", ids[0], "-y", "-o", "json"]);
    stop.store(true, Ordering::SeqCst);
    assert!(client.join().unwrap() > 0);
    for writer in writers {
        writer.join().unwrap();
    }
    // A limited admin cannot close the databases that the server came with.
    let report = restored.expect(if admin == Admin::Super { 0 } else { 4 }).json();
    assert_eq!(report["plan_changes"], 0, "{report:#}");
    for (name, count) in NEIGHBOURS.iter().zip(&written) {
        let rows = server.value(&format!("bkf_{name}"), "SELECT count(*) FROM item WHERE name = 'written'");
        assert_eq!(rows, count.load(Ordering::SeqCst).to_string(), "{name}");
        assert!(count.load(Ordering::SeqCst) > 10, "{name} was not written to");
    }
    assert_eq!(server.value("bkf_a", "SELECT count(*) FROM item"), "1000");
    project.run(&["plan", "--check"]).expect(0);
});

#[test]
fn a_login_waiting_for_the_rename_gets_the_restored_database() {
    let server = Server::start();
    let project = Project::new(&server, "bkx");
    project.run(&["init-all", "-y"]).expect(0);
    server.sql("postgres", "CREATE DATABASE bkx_restored TEMPLATE bkx_a OWNER bkx_a_owner");
    // As a restore does it, and as long as one that waits.
    let exchange = "BEGIN; ALTER DATABASE bkx_a RENAME TO bkx_former; ALTER DATABASE bkx_restored RENAME TO bkx_a; SELECT pg_sleep(2); COMMIT";
    let waits = "SELECT count(*)::text FROM pg_stat_activity WHERE query ~ '^BEGIN; ALTER' AND wait_event = 'PgSleep'";
    std::thread::scope(|threads| {
        threads.spawn(|| server.sql("postgres", exchange));
        until("the names are being exchanged", || server.value("postgres", waits) == "1");
        let current = project.json(&["current", "bkx_a"], 0);
        assert_eq!(current["services"][0]["current"], 2, "{current:#}");
    });
    assert!(server.log().contains("It seems to have just been dropped or renamed"), "no login waited");
}
