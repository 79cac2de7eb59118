use std::os::unix::fs::PermissionsExt;

use super::*;
use martydb_model::error::Kind;

#[tokio::test]
async fn the_same_files_come_back() {
    for encrypted in [false, true] {
        let bench = Bench::new(encrypted);
        let id = bench.backup().await;
        let fetched = bench.fetch(&id).await.unwrap();
        assert_eq!(fetched.record, serde_json::json!({"tables": ["a", "b"]}));
        assert_eq!(fetched.manifest.header, header("orders"));
        assert_eq!(fs::read(bench.target().join("dump/toc.dat")).unwrap(), b"PGDMP and more");
        assert_eq!(fs::read(bench.target().join("dump/3018.dat.gz")).unwrap(), vec![8; 100_000]);
        assert_eq!(fs::read(bench.target().join("dump/empty.dat")).unwrap(), b"");
        let listing = bench.repository().list().await.unwrap();
        assert_eq!(listing.problems, Vec::<String>::new());
        assert_eq!(listing.backups.len(), 1);
        assert_eq!(listing.backups[0].manifest, fetched.manifest);
        assert_eq!(listing.backups[0].verified_at, None);
    }
}

#[tokio::test]
async fn everything_is_closed_to_others_and_nothing_else_is_left() {
    for encrypted in [false, true] {
        let bench = Bench::new(encrypted);
        let id = bench.backup().await;
        bench.fetch(&id).await.unwrap();
        for path in paths(&bench.store()).into_iter().chain(paths(&bench.target())) {
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, expected, "{}", path.display());
        }
        assert_eq!(bench.count(), 1);
        assert_eq!(fs::read_to_string(bench.store().join(".gitignore")).unwrap(), "*\n");
        let work = bench.folder.path().join(".martydb/backup");
        assert!(!work.exists() || fs::read_dir(work).unwrap().count() == 0);
    }
}

#[tokio::test]
async fn with_recipients_nothing_lies_in_clear_in_the_store() {
    let bench = Bench::new(true);
    let staging = bench.repository().stage(&service()).await.unwrap();
    assert!(!staging.path().starts_with(bench.store()));
    fill(staging.path());
    let id = staging.finish(header("orders"), &serde_json::json!("a secret")).await.unwrap().id;
    for path in paths(&bench.store().join(id.as_str())) {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(path.is_dir() || name == "manifest.json" || name.ends_with(".age"), "{name}");
        let text = fs::read(&path).unwrap_or_default();
        let holds = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
        assert!(!holds(b"PGDMP") && !holds(b"a secret") && !holds(&[7; 100]), "{name}");
    }
}

#[tokio::test]
async fn without_the_identity_and_with_another_one_nothing_is_made() {
    let bench = Bench::new(true);
    let id = bench.backup().await;
    let none = bench.repository().fetch(&id, None, &bench.target()).await.unwrap_err();
    assert!(none.kind == Kind::Usage && none.message.contains("no identity was given"), "{none}");
    let other = Bench::new(true).identities();
    let foreign = bench.repository().fetch(&id, Some(other), &bench.target()).await.unwrap_err();
    assert!(foreign.kind == Kind::Usage && foreign.message.contains("no identity opens"), "{foreign}");
    assert!(!bench.target().exists());
}

#[tokio::test]
async fn an_unfinished_backup_is_not_listed_and_leaves_nothing() {
    for encrypted in [false, true] {
        let bench = Bench::new(encrypted);
        let staging = bench.repository().stage(&service()).await.unwrap();
        fill(staging.path());
        assert!(bench.repository().list().await.unwrap().backups.is_empty());
        std::os::unix::fs::symlink("/etc/passwd", staging.path().join("dump/link")).unwrap();
        let path = staging.path().to_owned();
        let refused = staging.finish(header("orders"), &serde_json::Value::Null).await.unwrap_err();
        assert!(refused.to_string().contains("symbolic link"), "{refused}");
        assert!(!path.exists());
        let listing = bench.repository().list().await.unwrap();
        assert!(listing.backups.is_empty() && listing.problems.is_empty(), "{listing:?}");
        assert_eq!(bench.count(), 0);
    }
}

#[tokio::test]
async fn remains_of_a_killed_run_are_removed_by_the_next_one() {
    let bench = Bench::new(false);
    let dead = bench.store().join(".staging-20261123T082548Z-orders-7k3f9q2m");
    fs::create_dir_all(dead.join("dump")).unwrap();
    let alive = bench.repository().stage(&service()).await.unwrap();
    let id = bench.backup().await;
    assert!(!dead.exists() && alive.path().is_dir());
    assert_eq!(bench.repository().list().await.unwrap().backups[0].manifest.id, id);
}

#[tokio::test]
async fn a_verified_backup_says_so_and_a_removed_one_is_gone() {
    let bench = Bench::new(true);
    let id = bench.backup().await;
    let at = time::macros::datetime!(2026-11-24 01:02:03.5 UTC);
    bench.repository().mark_verified(&id, at).await.unwrap();
    bench.repository().mark_verified(&id, at).await.unwrap();
    let listing = bench.repository().list().await.unwrap();
    assert_eq!(listing.backups[0].verified_at.as_deref(), Some("2026-11-24T01:02:03Z"));
    bench.fetch(&id).await.unwrap();
    bench.repository().remove(&id).await.unwrap();
    assert!(bench.repository().list().await.unwrap().backups.is_empty());
    assert_eq!(bench.count(), 0);
    for gone in [
        bench.repository().remove(&id).await.unwrap_err(),
        bench.repository().mark_verified(&id, at).await.unwrap_err(),
        bench.repository().fetch(&id, None, &bench.folder.path().join("x")).await.unwrap_err(),
    ] {
        assert!(gone.kind == Kind::Usage && gone.message.contains("there is no backup"), "{gone}");
    }
}

#[tokio::test]
async fn foreign_and_damaged_folders_are_reported_and_hide_no_others() {
    let bench = Bench::new(false);
    let (good, bad) = (bench.backup().await, bench.backup().await);
    fs::remove_file(bench.store().join(bad.as_str()).join("dump/toc.dat")).unwrap();
    fs::create_dir(bench.store().join("photos")).unwrap();
    fs::create_dir(bench.store().join("20261123T082548Z-orders-7k3f9q2m")).unwrap();
    let listing = bench.repository().list().await.unwrap();
    assert_eq!(listing.backups.iter().map(|one| &one.manifest.id).collect::<Vec<_>>(), [&good]);
    let problems = listing.problems.join("\n");
    for part in ["photos is not a backup", "dump/toc.dat is missing", "it has no manifest.json"] {
        assert!(problems.contains(part), "{problems}");
    }
    assert_eq!(listing.problems.len(), 3);
}

#[tokio::test]
async fn backups_made_at_once_do_not_meet() {
    let bench = Arc::new(Bench::new(false));
    let all = futures_util::future::join_all((0..20).map(|_| bench.backup())).await;
    let mut listed: Vec<BackupId> =
        bench.repository().list().await.unwrap().backups.into_iter().map(|one| one.manifest.id).collect();
    let mut all: Vec<BackupId> = all;
    all.sort();
    listed.sort();
    assert_eq!(all, listed);
    assert_eq!(bench.count(), 20);
    assert!(listed.iter().all(|id| id.taken_at() <= now()));
}
