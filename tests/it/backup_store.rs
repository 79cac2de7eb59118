//! Where backups are kept, with servers and programs of others: object storage that fails and hangs, and `age` itself.

mod age;
mod bucket;
mod commands;
mod network;
mod on_failure;
mod settings;

use std::path::Path;

use martydb_backup::store::{BackupHeader, BackupId, Repository};
use martydb_model::{BackupLocation, BackupSettings, ServiceName};

fn settings(home: &Path, to: BackupLocation, encrypt: Vec<String>) -> BackupSettings {
    BackupSettings {
        to: vec![to],
        encrypt,
        keep: None,
        jobs: 2,
        schedule: Default::default(),
        on_failure: vec![],
        home: home.to_owned(),
    }
}

fn header() -> BackupHeader {
    BackupHeader {
        project: "shop".into(),
        env: "prod".into(),
        service: "orders".into(),
        server: "main".into(),
        database: "orders".into(),
        taken_at: "2026-11-23T08:25:48Z".into(),
        migration_head: None,
    }
}

/// Files of which one needs several requests, in a form that shows which part is missing.
fn large() -> Vec<u8> {
    (0..5_000_000u32).flat_map(u32::to_le_bytes).collect()
}

fn fill(folder: &Path) {
    std::fs::create_dir(folder.join("dump")).unwrap();
    std::fs::write(folder.join("dump/toc.dat"), b"PGDMP").unwrap();
    std::fs::write(folder.join("dump/3017.dat"), large()).unwrap();
    std::fs::write(folder.join("dump/3018.dat"), b"").unwrap();
}

async fn backup(repository: &Repository) -> martydb_model::error::Result<BackupId> {
    let staging = repository.stage(&ServiceName::new("orders").unwrap()).await?;
    fill(staging.path());
    Ok(staging.finish(header(), &serde_json::json!({"tables": 3})).await?.id)
}

fn same(folder: &Path) {
    assert_eq!(std::fs::read(folder.join("dump/toc.dat")).unwrap(), b"PGDMP");
    assert_eq!(std::fs::read(folder.join("dump/3018.dat")).unwrap(), b"");
    assert!(std::fs::read(folder.join("dump/3017.dat")).unwrap() == large());
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn the_manifest_of_a_backup_fits_its_published_schema() {
    let home = tempfile::tempdir().unwrap();
    let to = BackupLocation::Folder(home.path().join("store"));
    let repository = Repository::open(&settings(home.path(), to, vec![]), &Default::default()).unwrap();
    let id = run(backup(&repository)).unwrap();
    let text = std::fs::read(home.path().join("store").join(id.as_str()).join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let schema = serde_json::from_str(&martydb_backup::store::json_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&manifest), "{manifest:#}");
    let mut other = manifest;
    other["files"][0]["size"] = "large".into();
    assert!(!validator.is_valid(&other));
}
