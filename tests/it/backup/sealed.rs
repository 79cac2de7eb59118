//! Encrypted backups, and a disk that is full.

use std::process::Command;

use age::secrecy::ExposeSecret;

use super::Kept;
use crate::support::Admin;

/// A file with a new identity, and its recipient.
fn identity(kept: &Kept, name: &str) -> (String, String) {
    let identity = age::x25519::Identity::generate();
    kept.project.write(name, identity.to_string().expose_secret());
    let path = kept.project.path().join(name);
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    (path.display().to_string(), identity.to_public().to_string())
}

#[test]
fn an_encrypted_backup_is_restored_only_with_its_identity() {
    let kept = Kept::start(Admin::Super, "bkc");
    if !kept.can_dump() {
        return;
    }
    let (own, recipient) = identity(&kept, "own.key");
    let (foreign, _) = identity(&kept, "foreign.key");
    let text = kept
        .project
        .read("martydb.yaml")
        .replace("to: ./kept", &format!("to: ./kept\n  encrypt: [{recipient}]"));
    kept.project.write("martydb.yaml", &text);
    let (service, id) = (kept.service(), kept.backup());
    let before = kept.everything(&service);
    let mark = kept.server.log().len();
    let restore = |identity: Option<&str>| {
        let mut command = kept.project.command(&["restore", &service, "--from", &id, "-y"]);
        identity.map(|path| command.env("MARTYDB_BACKUP_IDENTITY", path));
        kept.project.finish(command)
    };
    let none = restore(None).expect(2);
    insta::assert_snapshot!(none.shown(), @r"
    error: the backup TIME-bkc_a-RANDOM is encrypted, and there is no identity to decrypt it
    hint: set MARTYDB_BACKUP_IDENTITY to the path of a file with the identity of one of its recipients
    ");
    let other = restore(Some(&foreign)).expect(2);
    assert!(other.stderr.contains(&id), "{other:?}");
    assert!(!kept.server.log_since(mark).contains("CREATE DATABASE"), "something was made");
    kept.as_app("DELETE FROM item").unwrap();
    let done = restore(Some(&own)).expect(0);
    assert_eq!(kept.everything(&service), before, "{done:?}");
    kept.expect_clean(1);
}

#[test]
fn a_full_disk_leaves_no_partial_backup() {
    let kept = Kept::start(Admin::Super, "bkq");
    if !kept.can_dump() {
        return;
    }
    kept.as_app("INSERT INTO item (name) SELECT md5(n::text) FROM generate_series(1, 50000) n").unwrap();
    let inner = kept.project.command(&["backup", &kept.service()]);
    let mut limited = Command::new("bash");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$0\" \"$@\""])
        .arg(inner.get_program())
        .args(inner.get_args());
    limited.current_dir(kept.project.path()).env_clear();
    limited.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let failed = kept.project.finish(limited).expect(1);
    // The workers of pg_dump write their lines at once.
    let shown = failed.shown();
    let (ours, of_pg_dump) = shown.split_once("\ncaused by: pg_dump:").unwrap();
    assert!(of_pg_dump.contains("could not write to output file: File too large"), "{shown}");
    insta::assert_snapshot!(ours, @r#"
    backups in FOLDER/kept are not encrypted: backup.encrypt names no recipient of age
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    bkq_a:
    error: service "bkq_a" was not backed up
    caused by: BIN/pg_dump failed
    "#);
    kept.expect_clean(0);
    let store = std::fs::read_dir(kept.project.path().join("kept")).into_iter().flatten();
    let left = store.map(|entry| entry.unwrap().file_name()).filter(|name| name != ".gitignore");
    assert_eq!(left.collect::<Vec<_>>(), Vec::<std::ffi::OsString>::new());
    kept.project.run(&["backup", "verify", &kept.backup()]).expect(0);
}
