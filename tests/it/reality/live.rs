//! Databases in use are taken over, all of one server in one run: two of our own (tests/live) and any others that
//! `ADOPT_DATABASES` names, a folder with `NAME.sql` or `NAME/*.sql` for each, as `psql` reads them.
//!
//! The privileges of each role are tried before; fifty clients then repeat these statements while `apply` runs, and
//! everything must go on to work, give the same results, and take less than two seconds.

mod clients;
mod database;
mod held;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::support::{Admin, Project, Server, as_both_admins, until};
use clients::Crowd;
use database::{Database, PASSWORD};

fn prepared(admin: Admin) -> (Arc<Server>, Project, Vec<Database>) {
    let server =
        Server::start_with(&["log_lock_waits=on", "log_statement=none", "max_locks_per_transaction=256"]);
    server.add_limited_admin();
    let databases = database::load(&server);
    let manifest = databases.iter().map(Database::service).collect::<String>();
    let access = databases.iter().map(Database::access).collect::<String>();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: live\nservers:\n  main:\n    url: {}\nservices:\n{manifest}access:\n{access}",
        server.url_of(admin)
    ));
    for one in &databases {
        project.write(&format!("{}/migrations/.keep", one.name), "");
    }
    (Arc::new(server), project, databases)
}

as_both_admins!(adopting_live_databases_breaks_no_client, |admin| {
    let (server, project, databases) = prepared(admin);
    let before: Vec<held::Held> = databases.iter().map(|one| held::read(&server, one)).collect();
    let crowd = Crowd::start(&server, &databases);
    crowd.wait_until_busy(&server);
    let mark = server.log().len();
    let rounds = crowd.rounds.load(Relaxed);
    let planned = project.run(&["plan"]).expect(0);
    for one in &databases {
        assert!(planned.stdout.contains(&format!("{}_left", one.name)), "{}", planned.stdout);
    }
    crowd.changing();
    let started = std::time::Instant::now();
    project.run(&["apply", "--all", "-y"]).expect(0);
    println!("apply took {:?}, {} rounds", started.elapsed(), crowd.rounds.load(Relaxed) - rounds);
    let by_then = crowd.rounds.load(Relaxed) + 10 * clients::CLIENTS;
    until("all go on", || crowd.rounds.load(Relaxed) > by_then);
    let waits = crowd.stop();
    println!("{waits:?}");
    let log = server.log_since(mark);
    assert!(!log.contains("deadlock detected"), "{log}");
    let locked_out: Vec<&str> = log
        .lines()
        .filter(|line| {
            line.contains("still waiting") && !line.contains(" adm@") && !line.contains(" postgres@")
        })
        .collect();
    assert!(locked_out.is_empty(), "{locked_out:#?}");
    // The log has waits for locks. On a busy machine a client waits for other reasons too.
    assert!(waits.longest.0 < Duration::from_secs(2) + waits.before, "{waits:?}");
    project.run(&["plan", "--check"]).expect(0);
    for (one, before) in databases.iter().zip(&before) {
        before.expect_equal(&held::read(&server, one), &one.name);
        for role in one.declared() {
            let inside = server.sql_as(&role, PASSWORD, &one.name, "SELECT 1");
            assert_eq!(inside.as_deref(), Ok(&[vec!["1".to_owned()]][..]), "{role}");
        }
    }
});
