//! The program of `on_failure`: called once for a run that failed, and for no other.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::Kept;
use crate::support::{ADMIN_PASSWORD, Admin, until};

/// Writes its input into its folder.
const PAGER: &str =
    "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho \"$*\" >> calls\nenv > environment\ncat > document\n";

fn paging(prefix: &str) -> Option<Kept> {
    let kept = Kept::start(Admin::Super, prefix);
    if !kept.can_dump() {
        return None;
    }
    let text = kept.project.read("martydb.yaml");
    let keys = "to: ./kept\n  on_failure: [./bin/page, on-call]";
    kept.project.write("martydb.yaml", &text.replace("to: ./kept", keys));
    kept.project.write("bin/page", PAGER);
    let program = kept.project.path().join("bin/page");
    std::fs::set_permissions(program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    Some(kept)
}

fn calls(kept: &Kept) -> usize {
    let calls = std::fs::read_to_string(kept.project.path().join("bin/calls")).unwrap_or_default();
    assert!(calls.lines().all(|line| line == "on-call"), "{calls}");
    calls.lines().count()
}

/// Returns a variable that the program got.
fn variable(kept: &Kept, name: &str) -> Option<String> {
    let text = kept.project.read("bin/environment");
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

#[test]
fn a_failed_run_is_reported_once_without_a_password() {
    let Some(kept) = paging("bof") else { return };
    let (service, id) = (kept.service(), kept.backup());
    kept.project.run(&["backup", "verify", &id]).expect(0);
    kept.project.run(&["backup", "list"]).expect(0);
    kept.project.run(&["backup", "prune", "-y"]).expect(2);
    kept.project.run(&["backup", "list", "-s", "unknown"]).expect(2);
    let unknown = "20200101T000000Z-bof_a-00000000";
    kept.project.run(&["restore", &service, "--from", unknown, "-y"]).expect(2);
    assert_eq!(calls(&kept), 0);

    kept.server.sql(&service, "ALTER TABLE guarded FORCE ROW LEVEL SECURITY");
    let mut command = kept.project.command(&["backup", "--all", "-o", "json"]);
    command.env("BOF_A_APP_PASSWORD", "hunter2").env("MARTYDB_BACKUP_IDENTITY", "/own.key");
    command.env("OTHER", format!("x:{ADMIN_PASSWORD}@y")).env("PAGER_TOKEN", "t0ken");
    let failed = kept.project.finish(command).expect(1).json();
    assert!(failed["backups"][1]["id"].is_string(), "{failed:#}");
    assert_eq!(calls(&kept), 1);
    for (name, value) in [
        ("MARTYDB_BACKUP_COMMAND", Some("backup")),
        ("MARTYDB_BACKUP_PROJECT", Some("bof")),
        ("MARTYDB_BACKUP_ENV", Some("development")),
        ("MARTYDB_BACKUP_FAILED", Some("bof_a")),
        ("MARTYDB_BACKUP_STATUS", Some("1")),
        ("PAGER_TOKEN", Some("t0ken")),
        ("DB_PASSWORD", None),
        ("PGPASSWORD", None),
        ("BOF_A_APP_PASSWORD", None),
        ("MARTYDB_BACKUP_IDENTITY", None),
    ] {
        assert_eq!(variable(&kept, name).as_deref(), value, "{name}");
    }
    let error = variable(&kept, "MARTYDB_BACKUP_ERROR").unwrap();
    assert!(error.contains("row security hides rows from its owner"), "{error}");
    let document: serde_json::Value = serde_json::from_str(&kept.project.read("bin/document")).unwrap();
    assert_eq!(document["exit_code"], 1, "{document:#}");
    assert_eq!(document["services"][0]["service"], "bof_a", "{document:#}");
    assert_eq!(document["error"], failed["backups"][0]["error"], "{document:#}");

    kept.project.run(&["backup", "verify", unknown]).expect(2);
    assert_eq!(calls(&kept), 2);
    assert_eq!(variable(&kept, "MARTYDB_BACKUP_COMMAND").as_deref(), Some("backup verify"));
    assert_eq!(variable(&kept, "MARTYDB_BACKUP_FAILED").as_deref(), Some("bof_a"));
    // A store that is down fails the run for each of its services.
    let text = kept.project.read("martydb.yaml").replace("to: ./kept", "to: ./bin/page");
    kept.project.write("martydb.yaml", &text);
    kept.project.run(&["backup", "--all"]).expect(1);
    assert_eq!(calls(&kept), 3);
    assert_eq!(variable(&kept, "MARTYDB_BACKUP_FAILED").as_deref(), Some("bof_a bof_b"));
}

#[test]
fn an_interrupted_run_is_not_reported() {
    let Some(kept) = paging("bos") else { return };
    let service = kept.service();
    std::thread::scope(|scope| {
        let lock = "BEGIN; LOCK TABLE public.item; SELECT pg_sleep(300)";
        // It ends when it is ended.
        scope.spawn(|| kept.server.sql_as("postgres", ADMIN_PASSWORD, &service, lock).unwrap_err());
        let locks = |granted: bool| {
            let of = "SELECT count(*) FROM pg_locks WHERE relation = 'public.item'::regclass AND NOT granted";
            let all = of.replace(" AND NOT granted", " AND mode = 'AccessExclusiveLock'");
            kept.server.value(&service, if granted { &all } else { of }) == "1"
        };
        until("the table is locked", || locks(true));
        let mut command = kept.project.command(&["backup", &service]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("the backup waits for the table", || locks(false));
        kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::TERM).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)'";
        kept.server.sql("postgres", end);
    });
    assert_eq!(calls(&kept), 0);
    kept.backup();
}
