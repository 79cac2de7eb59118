//! `backup`, `backup verify` and `restore` of a hostile service.

use super::fingerprint::ask;
use super::support::{Allowed, HostileServer, NOTHING};
use crate::support::{Admin, as_both_admins, can_dump};

/// The service's database is another one, and the former one is kept; red's own settings in it come and go with it.
const RESTORE: Allowed = Allowed {
    change: &["database red_db", "acl of database red_db", "setting red_", "setting @red_db"],
    install: true,
};

as_both_admins!(a_backup_and_a_restore_run_no_planted_code, |admin| {
    let hostile = HostileServer::with_baits(admin);
    if !can_dump(&hostile.server) {
        return;
    }
    let text = hostile.project.read("martydb.yaml");
    hostile.project.write("martydb.yaml", &format!("{text}backup: {{ to: ./kept }}\n"));
    let refused = hostile.run(&["backup", "red", "--accept"], NOTHING, &[1]);
    assert!(refused.stderr.contains("table public.policed: row security hides rows"), "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("operator class bait.moods for access method btree: only a superuser can make it"),
        "{refused:?}"
    );
    // The constructors of a range type come with it.
    assert!(!refused.stderr.contains("function bait.reach"), "{refused:?}");
    hostile.as_red("red_migrator", "ALTER TABLE public.policed NO FORCE ROW LEVEL SECURITY").unwrap();
    assert!(refused.stderr.contains("table public.member: was added to an extension"), "{refused:?}");
    let mend = "SET session_replication_role = replica; DROP OPERATOR FAMILY bait.moods USING btree CASCADE";
    ask(&hostile.server, "red_db", mend).unwrap();
    for object in [
        "TABLE public.member", "FUNCTION public.member()", "VIEW public.member_view",
        "TYPE public.member_type",
    ] {
        hostile.as_red("red_migrator", &format!("ALTER EXTENSION hstore DROP {object}")).unwrap();
    }
    let done = hostile.run(&["backup", "red", "--accept", "-o", "json"], NOTHING, &[0]);
    let id = done.json()["backups"][0]["id"].as_str().unwrap().to_owned();
    // Its code runs as its own when its rows come in, and what it writes then is noticed.
    let differs = hostile.run(&["backup", "verify", &id], NOTHING, &[3]);
    assert!(differs.stderr.contains("table bait.log: "), "{differs:?}");
    hostile
        .as_red("red_migrator", "DROP TABLE bait.log; ALTER TABLE public.checked DROP CONSTRAINT late")
        .unwrap();
    let done = hostile.watched(&["backup", "red", "--accept", "-o", "json"], NOTHING, &[0]);
    let id = done.json()["backups"][0]["id"].as_str().unwrap().to_owned();
    hostile.watched(&["backup", "verify", &id], NOTHING, &[0]);
    hostile.watched(
        &["restore", "red", "--from", &id, "--as", "look"],
        Allowed { change: &["database look", "acl of database look"], install: true },
        &[0],
    );
    hostile.watched(&["restore", "red", "--from", &id, "-y"], RESTORE, &[0, 4]);
    hostile.watched(&["plan"], NOTHING, &[0]);
    hostile.watched(&["restore", "red", "--discard-old", "-y"], RESTORE, &[0]);
});
