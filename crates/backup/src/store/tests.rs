use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use age::x25519;
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;

use super::*;
use martydb_model::{BackupLocation, BackupSettings, ServiceName};

mod damage;
mod folder;

/// A store in a folder of its own, and the identity that opens it.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    identity: x25519::Identity,
    pub encrypted: bool,
}

impl Bench {
    pub(crate) fn new(encrypted: bool) -> Bench {
        Bench { folder: tempfile::tempdir().unwrap(), identity: x25519::Identity::generate(), encrypted }
    }

    pub(crate) fn settings(&self) -> BackupSettings {
        BackupSettings {
            schedule: Default::default(),
            to: vec![BackupLocation::Folder(self.store())],
            encrypt: if self.encrypted { vec![self.identity.to_public().to_string()] } else { vec![] },
            keep: None,
            jobs: 2,
            on_failure: vec![],
            home: self.folder.path().to_owned(),
        }
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Returns the number of entries at the top of the store, hidden or not, without those that keep git away.
    pub(crate) fn count(&self) -> usize {
        let entries = fs::read_dir(self.store()).into_iter().flatten();
        entries.filter(|entry| entry.as_ref().unwrap().file_name() != ".gitignore").count()
    }

    /// Returns a path that does not exist.
    pub(crate) fn target(&self) -> PathBuf {
        self.folder.path().join("target")
    }

    pub(crate) fn repository(&self) -> Repository {
        Repository::open(&self.settings(), &Default::default()).unwrap()
    }

    pub(crate) fn identities(&self) -> Arc<Identities> {
        let text = format!("# of a test\n\n{}\n", self.identity.to_string().expose_secret());
        Arc::new(Identities::parse(&SecretString::from(text)).unwrap())
    }

    /// Makes a small backup of the service `orders`.
    pub(crate) async fn backup(&self) -> BackupId {
        let staging = self.repository().stage(&service()).await.unwrap();
        fill(staging.path());
        staging.finish(header("orders"), &serde_json::json!({"tables": ["a", "b"]})).await.unwrap().id
    }

    pub(crate) async fn fetch(&self, id: &BackupId) -> martydb_model::error::Result<ReturnedBackup> {
        self.repository().fetch(id, Some(self.identities()), &self.target()).await
    }
}

pub(crate) fn service() -> ServiceName {
    ServiceName::new("orders").unwrap()
}

pub(crate) fn fill(folder: &Path) {
    fs::create_dir(folder.join("dump")).unwrap();
    fs::write(folder.join("dump/toc.dat"), b"PGDMP and more").unwrap();
    fs::write(folder.join("dump/3017.dat.gz"), vec![7; 100_000]).unwrap();
    fs::write(folder.join("dump/3018.dat.gz"), vec![8; 100_000]).unwrap();
    fs::write(folder.join("dump/empty.dat"), b"").unwrap();
}

pub(crate) fn header(service: &str) -> BackupHeader {
    BackupHeader {
        project: "shop".into(),
        env: "prod".into(),
        service: service.into(),
        server: "main".into(),
        database: service.into(),
        taken_at: "2026-11-23T08:25:48.123Z".into(),
        migration_head: Some("12".into()),
    }
}

/// Returns the paths below a folder.
pub(crate) fn paths(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.push(path.clone());
        if path.is_dir() && !path.is_symlink() {
            all.extend(paths(&path));
        }
    }
    all.sort();
    all
}

pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
