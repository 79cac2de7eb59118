//! To a newer server: what was dumped from one major is restored into another.

use std::path::{Path, PathBuf};

use super::Kept;
use crate::support::{Admin, Server, can_dump};

/// Objects that newer servers add by themselves: multirange types, triggers of partitions and constraints for NOT NULL.
const MADE_SINCE: &str = "CREATE TYPE reach AS RANGE (subtype = float8);
CREATE TYPE own.longrange AS RANGE (subtype = timestamptz);
CREATE DOMAIN sure AS int NOT NULL;
CREATE TABLE reached (id int PRIMARY KEY, at reach NOT NULL, few sure) PARTITION BY HASH (id);
CREATE TABLE reached_1 PARTITION OF reached FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TRIGGER stamped BEFORE INSERT ON reached FOR EACH ROW EXECUTE FUNCTION stamp();
INSERT INTO reached VALUES (1, '[1,2.5)', 3);
";

/// The folder of a server's programs, where the machine has them.
pub(crate) fn programs(major: u32) -> Option<PathBuf> {
    let all = std::fs::read_dir("/var/cache/martydb/servers").ok()?;
    let begins = format!("{major}.");
    let right =
        |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begins));
    all.flatten().map(|entry| entry.path()).find(|path| right(path)).map(|path| path.join("bin"))
}

#[test]
fn objects_that_newer_majors_add_are_not_differences() {
    let Some(old) = programs(13) else {
        eprintln!("SKIPPED: no server 13 on this machine");
        return;
    };
    let server = Server::start_from(&old);
    let objects = format!("{}{}{MADE_SINCE}", super::OBJECTS, super::expressions::EXPRESSIONS);
    let kept = Kept::with(server, Admin::Super, "bky", &objects);
    if !kept.can_dump() {
        return;
    }
    let (id, service, text) = (kept.backup(), kept.service(), kept.project.read("martydb.yaml"));
    kept.project.run(&["backup", "verify", &id]).expect(0);
    for major in 14..=18 {
        let Some(bin) = programs(major) else {
            eprintln!("SKIPPED: no server {major} on this machine");
            continue;
        };
        let newer = Server::start_from(&bin);
        let port = |server: &Server| format!(":{}/", server.port);
        kept.project.write("martydb.yaml", &text.replace(&port(&kept.server), &port(&newer)));
        kept.project.run(&["apply", "--all", "-y"]).expect(0);
        let report = kept.restore(&id).expect(0).json();
        let mut notes = report["notes"].as_array().unwrap().iter();
        assert!(
            notes.all(|note| note.as_str().unwrap().starts_with("extension citext had version ")),
            "{report:#}"
        );
        assert_eq!(report["plan_changes"], 0, "{report:#}");
        assert_eq!(newer.value(&service, "SELECT at::text FROM reached"), "[1,2.5)");
    }
}

#[test]
fn a_backup_of_an_older_major_is_restored_into_a_newer_one() {
    let Some(bin) = programs(13) else {
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
    insta::assert_snapshot!(refused.shown(), @r#"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: service "bko_a" was not restored
    caused by: cannot restore the backup for service "bko_a"
    caused by: it was made on PostgreSQL VERSION, and server "main" has version 13
    hint: restore it on a server of the same version or a newer one
    "#);
}
