//! To a newer server: what was dumped from one major is restored into another.

use std::path::{Path, PathBuf};

use super::Kept;
use crate::support::{Admin, Server, can_dump};

/// The folder of an old server's programs, where the machine has them.
fn old_server() -> Option<PathBuf> {
    let all = std::fs::read_dir("/var/cache/martydb/servers").ok()?;
    let old = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("13."));
    all.flatten().map(|entry| entry.path()).find(|path| old(path)).map(|path| path.join("bin"))
}

#[test]
fn a_backup_of_an_older_major_is_restored_into_a_newer_one() {
    let Some(bin) = old_server() else {
        eprintln!("SKIPPED: no server 13 on this machine");
        return;
    };
    let kept = Kept::with(Server::start_from(&bin), Admin::Super, "bko", super::OBJECTS);
    if kept.server.major() != 13 || !kept.can_dump() {
        return;
    }
    let (id, service) = (kept.backup(), kept.service());
    kept.project.run(&["backup", "verify", &id]).expect(0);
    let newer = Server::start();
    if newer.major() == 13 {
        return;
    }
    let text = kept
        .project
        .read("martydb.yaml")
        .replace(&format!(":{}/", kept.server.port), &format!(":{}/", newer.port));
    kept.project.write("martydb.yaml", &text);
    kept.project.run(&["apply", "--all", "-y"]).expect(0);
    let there = Kept { server: newer, project: kept.project, prefix: kept.prefix };
    let report = there.restore(&id).expect(0).json();
    assert_eq!(report["plan_changes"], 0, "{report:#}");
    assert_eq!(there.as_app("SELECT count(*) FROM item").unwrap()[0][0], "2");
    assert_eq!(report["database"], service);
    // And never the other way round; pg_dump has to be as new as what it reads.
    if !can_dump(&there.server) {
        return;
    }
    let back = there.backup();
    let text = there
        .project
        .read("martydb.yaml")
        .replace(&format!(":{}/", there.server.port), &format!(":{}/", kept.server.port));
    there.project.write("martydb.yaml", &text);
    let refused = there.project.run(&["restore", &service, "--from", &back, "-y"]).expect(1);
    assert!(refused.stderr.contains("has version 13"), "{refused:?}");
}
