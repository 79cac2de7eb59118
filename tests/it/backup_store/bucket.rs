use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use martydb_backup::store::{Repository, RequestTimeouts};
use martydb_model::BackupLocation;
use martydb_model::environment::Environment;
use martydb_model::error::Kind;

use super::network::{Network, ObjectServer, Trouble};
use super::{backup, run, same, settings};
use crate::support::Project;

const SECRET: &str = "aSecretKeyThatNoMessageShows";
const KEY: &str = "theKeyThatNoMessageShows";

fn variables(port: u16) -> Environment {
    [
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_REGION", "us-east-1".into()),
        ("AWS_ACCESS_KEY_ID", KEY.into()),
        ("AWS_SECRET_ACCESS_KEY", SECRET.into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn repository(home: &std::path::Path, port: u16, patience: RequestTimeouts) -> Repository {
    let to = BackupLocation::S3 { bucket: "backups".into(), prefix: "shop/prod".into() };
    Repository::within(&settings(home, to, vec![]), &variables(port), patience).unwrap()
}

fn impatient() -> RequestTimeouts {
    RequestTimeouts { request: Duration::from_secs(1), retries: 2, altogether: Duration::from_secs(3) }
}

#[test]
fn object_store_keeps_backups_like_a_folder() {
    let (server, home) = (ObjectServer::start(), tempfile::tempdir().unwrap());
    let repository = repository(home.path(), server.port, RequestTimeouts::default());
    run(async {
        assert!(repository.list().await.unwrap().backups.is_empty());
        let id = backup(&repository).await.unwrap();
        let (keys, uploads) = server.content();
        assert!(keys.iter().all(|key| key.starts_with(&format!("shop/prod/{id}/"))), "{keys:?}");
        assert_eq!((keys.len(), uploads), (6, 0));
        let at = time::macros::datetime!(2026-11-24 01:02:03 UTC);
        repository.mark_verified(&id, at).await.unwrap();
        let listing = repository.list().await.unwrap();
        assert_eq!(listing.backups.len(), 1);
        assert_eq!(listing.backups[0].verified_at.as_deref(), Some("2026-11-24T01:02:03Z"));
        assert!(listing.problems.is_empty(), "{:?}", listing.problems);
        let target = home.path().join("target");
        let fetched = repository.fetch(&id, None, &target).await.unwrap();
        assert_eq!(fetched.record, serde_json::json!({"tables": 3}));
        same(&target);
        repository.remove(&id).await.unwrap();
        assert_eq!(server.content(), (vec![], 0));
        assert_eq!(repository.remove(&id).await.unwrap_err().kind, Kind::Usage);
    });
}

/// One request of twenty does not arrive, and one answer of twenty is lost.
#[test]
fn object_store_that_fails_every_tenth_request_loses_nothing() {
    let (server, home) = (ObjectServer::start(), tempfile::tempdir().unwrap());
    let network = Network::before(server.port, Trouble::Fails);
    let repository = repository(home.path(), network.port, RequestTimeouts::default());
    run(async {
        let mut made = vec![];
        for round in 0..6 {
            let id = backup(&repository).await.unwrap();
            let target = home.path().join(format!("target{round}"));
            repository.fetch(&id, None, &target).await.unwrap();
            same(&target);
            made.push(id);
        }
        let listing = repository.list().await.unwrap();
        assert!(listing.problems.is_empty(), "{:?}", listing.problems);
        let mut listed: Vec<_> = listing.backups.into_iter().map(|one| one.manifest.id).collect();
        listed.sort();
        made.sort();
        assert_eq!(listed, made);
        for id in made {
            repository.remove(&id).await.unwrap();
        }
        assert_eq!(server.content().0, Vec::<String>::new());
    });
    assert!(network.requests.load(Ordering::SeqCst) > 100);
}

#[test]
fn object_store_that_hangs_or_refuses_is_a_clear_error_soon() {
    let (server, home) = (ObjectServer::start(), tempfile::tempdir().unwrap());
    let good = repository(home.path(), server.port, RequestTimeouts::default());
    let id = run(backup(&good)).unwrap();
    for trouble in [Trouble::Hangs, Trouble::Forbids] {
        let network = Network::before(server.port, trouble);
        let bad = repository(home.path(), network.port, impatient());
        let began = Instant::now();
        let target = home.path().join("target");
        let errors = run(async {
            [
                backup(&bad).await.unwrap_err(),
                bad.list().await.unwrap_err(),
                bad.fetch(&id, None, &target).await.unwrap_err(),
                bad.remove(&id).await.unwrap_err(),
            ]
        });
        // The attempt to leave nothing takes ten seconds at most.
        assert!(began.elapsed() < Duration::from_secs(45), "{trouble:?}: {:?}", began.elapsed());
        for error in errors {
            assert_eq!(error.kind, Kind::Unreachable, "{trouble:?}: {error}");
            let all = format!("{error} {:?}", error.hints);
            assert!(error.message.contains("s3://backups/shop/prod"), "{all}");
            assert!(!all.contains(SECRET) && !all.contains(KEY), "{all}");
        }
        assert!(!target.exists());
        assert_eq!(run(good.list()).unwrap().backups.len(), 1);
    }
}

/// As Ctrl-C does it: the run has no more interest in what it began.
#[test]
fn object_store_lists_no_backup_that_was_interrupted() {
    let (server, home) = (ObjectServer::start(), tempfile::tempdir().unwrap());
    let repository = repository(home.path(), server.port, RequestTimeouts::default());
    for milliseconds in [1, 20, 60, 120, 200, 300] {
        let interrupted = run(async {
            tokio::time::timeout(Duration::from_millis(milliseconds), backup(&repository)).await.is_err()
        });
        let listing = run(repository.list()).unwrap();
        assert!(listing.problems.is_empty(), "{:?}", listing.problems);
        let (keys, uploads) = server.content();
        assert_eq!(uploads, 0);
        if interrupted {
            assert_eq!(keys, Vec::<String>::new(), "after {milliseconds} ms");
        }
        for one in listing.backups {
            run(repository.remove(&one.manifest.id)).unwrap();
        }
        assert_eq!(server.content().0, Vec::<String>::new());
    }
}

#[test]
fn object_store_out_of_reach_ends_a_command_with_5() {
    let project = Project::with_manifest(
        "version: 1\nproject: shop\nservers: { main: { url: 'postgresql://a@127.0.0.1:1/postgres' } }\n\
         services: { orders: {} }\nbackup: { to: s3://backups/shop }\n",
    );
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = project.command(&["backup", "list"]);
    command.envs(variables(port));
    let done = project.finish(command);
    assert_eq!(done.code, Some(5), "{}", done.stderr);
    assert!(done.stderr.contains("s3://backups/shop"), "{}", done.stderr);
    assert!(!done.stderr.contains(SECRET) && !done.stderr.contains(KEY), "{}", done.stderr);
}
