//! Contents that cannot be kept, or must not be restored.

use super::Kept;
use crate::support::{Admin, as_both_admins};

as_both_admins!(contents_that_a_backup_would_miss_are_named, |admin| {
    let kept = Kept::start(admin, "bkr");
    if !kept.can_dump() {
        return;
    }
    let service = kept.service();
    kept.server.sql(
        &service,
        "CREATE TABLE dba (x int); CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w;
         CREATE FOREIGN TABLE elsewhere (x int) SERVER far; CREATE PUBLICATION everything FOR ALL TABLES",
    );
    let owner = format!("{service}_owner");
    let refused = kept.project.run(&["backup", &service, "--accept"]).expect(1);
    assert!(refused.stderr.contains("no flag accepts these"), "{refused:?}");
    assert!(refused.stderr.contains("table public.dba"), "{refused:?}");
    kept.expect_clean(0);
    kept.server.sql(
        &service,
        &format!("GRANT SELECT ON dba TO {owner}; ALTER TABLE guarded FORCE ROW LEVEL SECURITY"),
    );
    let refused = kept.project.run(&["backup", &service, "--accept"]).expect(1);
    assert!(refused.stderr.contains("row security hides rows from its owner"), "{refused:?}");
    kept.server.sql(&service, "ALTER TABLE guarded NO FORCE ROW LEVEL SECURITY");
    let refused = kept.project.run(&["backup", &service]).expect(1);
    for named in
        ["table public.dba", "foreign-data wrapper w", "foreign server far", "publication everything"]
    {
        assert!(refused.stderr.contains(named), "{named}: {refused:?}");
    }
    assert!(refused.stderr.contains("--accept"), "{refused:?}");
    kept.expect_clean(0);
    let made = kept.project.json(&["backup", &service, "--accept"], 0);
    let left_out = made["backups"][0]["left_out"].as_array().unwrap();
    assert_eq!(left_out.len(), 5, "{left_out:?}");
    let id = made["backups"][0]["id"].as_str().unwrap();
    let verified = kept.project.json(&["backup", "verify", id], 0);
    let notes = verified["backups"][0]["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note.as_str().unwrap().contains("public.dba")), "{notes:?}");
    kept.expect_clean(1);
});

#[test]
fn a_backup_that_is_newer_than_the_files_or_of_another_service_is_refused() {
    let kept = Kept::start(Admin::Super, "bkn");
    if !kept.can_dump() {
        return;
    }
    let (id, service) = (kept.backup(), kept.service());
    let before = kept.everything(&service);
    let other = kept.project.run(&["restore", "bkn_b", "--from", &id, "-y"]).expect(1);
    insta::assert_snapshot!(other.shown(), @r#"
    error: TIME-bkn_a-RANDOM is a backup of service "bkn_a"
    caused by: the requested service is "bkn_b"
    "#);
    let unknown =
        kept.project.run(&["restore", &service, "--from", "20200101T000000Z-bkn_a-00000000", "-y"]).expect(2);
    insta::assert_snapshot!(unknown.shown(), @r"
    error: there is no backup TIME-bkn_a-RANDOM in FOLDER/kept
    hint: `martydb backup list` shows the existing ones
    ");
    let query = kept.project.run(&["restore", &service, "--from", &id]).expect(2);
    insta::assert_snapshot!(query.shown(), @r#"
    error: these changes need a confirmation, nothing was touched
    caused by: the database of service "bkn_a" would be replaced, and this is not a terminal, so no confirmation could be asked
    hint: first restore into another database with --as NAME to review it, then add -y
    "#);
    let folder = format!("{service}/migrations");
    let newest = kept.project.read(&format!("{folder}/V3__more.sql"));
    for name in ["V3__more.sql", "V3__more.down.sql"] {
        std::fs::remove_file(kept.project.path().join(&folder).join(name)).unwrap();
    }
    let newer = kept.project.run(&["restore", &service, "--from", &id, "-y"]).expect(1);
    insta::assert_snapshot!(newer.shown(), @r#"
    error: the backup of service "bkn_a" is newer than its migration files
    caused by: its newest migration is V3, that of the files is V2
    hint: check out the files as of that backup, or restore it under another name with --as NAME
    "#);
    kept.project.write(&format!("{folder}/V3__more.sql"), &newest);
    kept.project.write(&format!("{folder}/V3__more.down.sql"), "-- martydb: irreversible: a test\n");
    kept.project.write(&format!("{folder}/V4__next.sql"), "ALTER TABLE item ADD note text;\n");
    kept.project.write(&format!("{folder}/V4__next.down.sql"), "ALTER TABLE item DROP note;\n");
    assert_eq!(kept.everything(&service), before);
    let older = kept.restore(&id).expect(0).json();
    assert_eq!(older["upgrade_due"], true, "{older:#}");
    kept.project.run(&["upgrade", &service]).expect(0);
    kept.expect_clean(1);
}

#[test]
fn damaged_files_and_lacking_roles_are_refused_before_anything_is_made() {
    let kept = Kept::start(Admin::Super, "bkd");
    if !kept.can_dump() {
        return;
    }
    let service = kept.service();
    kept.server.sql(&service, "CREATE ROLE bkd_guest; GRANT SELECT ON item TO bkd_guest");
    let id = kept.backup();
    kept.server.sql(&service, "DROP OWNED BY bkd_guest; DROP ROLE bkd_guest");
    let mark = kept.server.log().len();
    let lacking = kept.project.run(&["restore", &service, "--from", &id, "-y"]).expect(1);
    insta::assert_snapshot!(lacking.shown(), @r#"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: service "bkd_a" was not restored
    caused by: cannot restore the backup for service "bkd_a"
    caused by: role bkd_guest: owns objects or holds privileges in the backup, and server "main" has no such role
    hint: run `martydb apply --all`, which creates the roles of services; declare others under `access:` first
    "#);
    let dump = kept.project.path().join("kept").join(&id).join("dump");
    let largest = std::fs::read_dir(&dump)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .max_by_key(|path| path.metadata().unwrap().len());
    let path = largest.unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let damaged = kept.project.run(&["restore", &service, "--from", &id, "-y"]).expect(1);
    assert!(damaged.stderr.contains(&id), "{damaged:?}");
    let _ = kept.project.run(&["backup", "verify", &id]).expect(1);
    assert!(!kept.server.log_since(mark).contains("CREATE DATABASE"), "something was made");
}
