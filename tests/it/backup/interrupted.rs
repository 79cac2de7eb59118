//! Killed anywhere, a run leaves what the next one clears away, and no half of anything that can be used.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::Kept;
use crate::support::{Admin, until};

/// Runs a command and ends it once it has said so much to the server; whether it was ended.
fn ended(kept: &Kept, arguments: &[&str], after: &str, wait: Duration, signal: Signal) -> bool {
    let mark = kept.server.log().len();
    let mut child =
        kept.project.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !kept.server.log_since(mark).contains(after) && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(wait);
    if child.try_wait().unwrap().is_none() {
        kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
    }
    let status = child.wait().unwrap();
    status.signal().is_some() || status.code() == Some(130)
}

#[test]
fn a_killed_backup_is_not_listed_and_the_next_one_is_complete() {
    let kept = Kept::start(Admin::Super, "bki");
    if !kept.can_dump() {
        return;
    }
    let service = kept.service();
    let mut count = 0;
    for (after, signal) in [
        ("LOCK TABLE", Signal::KILL),
        ("pg_export_snapshot", Signal::TERM),
        ("SET TRANSACTION SNAPSHOT", Signal::KILL),
        ("COPY ", Signal::KILL),
        ("COPY ", Signal::INT),
    ] {
        count += usize::from(ended(&kept, &["backup", &service], after, Duration::ZERO, signal));
        kept.backups().iter().for_each(|id| {
            kept.project.run(&["backup", "verify", id]).expect(0);
        });
    }
    assert!(count > 0, "every run ended before its signal");
    let before = kept.backups().len();
    kept.backup();
    kept.expect_clean(before + 1);
}

#[test]
fn a_backup_waits_for_a_free_connection() {
    let kept = Kept::start(Admin::Super, "bkl");
    if !kept.can_dump() {
        return;
    }
    let (service, migrator) = (kept.service(), format!("{}_migrator", kept.service()));
    let (password, mark) = (kept.project.password(&migrator), kept.server.log().len());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let limit = format!("SELECT rolconnlimit FROM pg_roles WHERE rolname = '{migrator}'");
    let limit: usize = kept.server.value("postgres", &limit).parse().unwrap();
    // All places but one.
    let held: Vec<_> =
        (1..limit).map(|_| runtime.block_on(kept.server.connect(&migrator, &password, &service))).collect();
    let mut command = kept.project.command(&["backup", &service]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    until("a login is refused", || kept.server.log_since(mark).contains("too many connections for role"));
    held.into_iter().for_each(|one| runtime.block_on(sqlx::Connection::close(one)).unwrap());
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    kept.expect_clean(1);
}

#[test]
fn a_killed_restore_leaves_one_whole_database_and_the_next_one_completes() {
    let kept = Kept::start(Admin::Super, "bkx");
    if !kept.can_dump() {
        return;
    }
    let (service, id) = (kept.service(), kept.backup());
    let before = kept.everything(&service);
    let mut count = 0;
    for (after, wait, signal) in [
        ("CREATE DATABASE", 0, Signal::KILL),
        ("COPY ", 0, Signal::KILL),
        ("COPY ", 30, Signal::INT),
        ("ANALYZE", 0, Signal::KILL),
        ("ANALYZE", 60, Signal::TERM),
        ("RENAME TO", 0, Signal::KILL),
        ("RENAME TO", 20, Signal::KILL),
    ] {
        let arguments = ["restore", &service, "--from", &id, "-y"];
        count += usize::from(ended(&kept, &arguments, after, Duration::from_millis(wait), signal));
        // Whatever happened, the service has one open database with all of its rows.
        kept.as_app("SELECT name FROM item").unwrap();
        assert_eq!(kept.everything(&service), before, "{after} {signal:?}");
    }
    assert!(count > 0, "every run ended before its signal");
    kept.restore(&id).expect(0);
    assert_eq!(kept.everything(&service), before);
    kept.expect_clean(1);
    kept.project.run(&["plan", "--check"]).expect(0);
}

/// Nothing on a machine ends what a killed run has started, and its sessions hold locks on every table.
#[test]
fn the_next_run_stops_a_program_that_outlived_its_run() {
    let kept = Kept::start(Admin::Super, "bkj");
    if !kept.can_dump() {
        return;
    }
    let service = kept.service();
    let backup = || {
        let mut command = kept.project.command(&["backup", &service]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    // Before it waits for the lock, it would fail with the session whose snapshot it takes.
    let dumping = || {
        let names = "SELECT coalesce(string_agg(DISTINCT application_name, ','), '') FROM pg_stat_activity WHERE application_name LIKE 'martydb backup %' AND wait_event_type = 'Lock'";
        kept.server.value("postgres", names)
    };
    std::thread::scope(|scope| {
        // Table that only pg_dump reads.
        let lock = "BEGIN; LOCK TABLE pg_catalog.pg_transform; SELECT pg_sleep(300)";
        let admin = crate::support::ADMIN_PASSWORD;
        // It ends when it is ended.
        scope.spawn(|| kept.server.sql_as("postgres", admin, &service, lock).unwrap_err());
        let locked = "SELECT count(*) FROM pg_locks WHERE relation = 'pg_transform'::regclass AND mode = 'AccessExclusiveLock'";
        until("the table is locked", || kept.server.value(&service, locked) == "1");
        let mut killed = backup();
        until("a program dumps", || !dumping().is_empty());
        let orphan = dumping();
        killed.kill().unwrap();
        killed.wait().unwrap();
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(dumping(), orphan, "its program ended with it");
        let mut next = backup();
        until("another program dumps", || !dumping().is_empty() && !dumping().contains(&orphan));
        kept.server.sql(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)'",
        );
        assert_eq!(next.wait().unwrap().code(), Some(0));
    });
    kept.expect_clean(1);
}
