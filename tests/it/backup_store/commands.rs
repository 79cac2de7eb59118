//! `backup list` and `backup prune` on stores with a past.

use std::path::{Path, PathBuf};

use martydb_backup::store::{BackupId, Repository};
use martydb_model::BackupLocation;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{backup, header, run, settings};
use crate::support::Project;

const KEEP: &str = "keep: { last: 2, daily: 2, weekly: 2, monthly: 2 }";

/// A project whose store is filled by the library: the commands here need no database.
struct Shop {
    project: Project,
    first: BackupId,
}

impl Shop {
    fn new(keep: &str) -> Shop {
        let project = Project::with_manifest(&format!(
            "version: 1\nproject: shop\nservers: {{ main: {{ url: 'postgresql://a@127.0.0.1:1/postgres' }} }}\n\
             services: {{ orders: {{}}, users: {{}} }}\nbackup: {{ to: backups, {keep} }}\n"
        ));
        project.write("martydb.prod.yaml", "servers: {}\n");
        let to = BackupLocation::Folder(project.path().join("backups"));
        let repository =
            Repository::open(&settings(project.path(), to, vec![]), &Default::default()).unwrap();
        let first = run(backup(&repository)).unwrap();
        Shop { project, first }
    }

    fn store(&self) -> PathBuf {
        self.project.path().join("backups")
    }

    /// The same backup as if it had been made at another time, of another service or environment.
    fn another(&self, id: &str, env: &str) {
        let (from, to) = (self.store().join(self.first.as_str()), self.store().join(id));
        copy(&from, &to);
        let text = std::fs::read_to_string(to.join("manifest.json")).unwrap();
        let service = id.parse::<BackupId>().unwrap().service().to_owned();
        let of = header();
        let text = text
            .replace(self.first.as_str(), id)
            .replace(&format!("\"env\": \"{}\"", of.env), &format!("\"env\": \"{env}\""))
            .replace("\"service\": \"orders\"", &format!("\"service\": \"{service}\""));
        std::fs::write(to.join("manifest.json"), &text).unwrap();
        let sums = std::fs::read_to_string(to.join("SHA256SUMS")).unwrap();
        let sum: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        let rest = sums.split_once('\n').unwrap().1;
        std::fs::write(to.join("SHA256SUMS"), format!("{sum}  manifest.json\n{rest}")).unwrap();
    }

    fn listed(&self) -> Vec<String> {
        ids(&self.project.json(&["-e", "prod", "backup", "list"], 0)["backups"], |_| true)
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            std::fs::copy(path, to.join(name)).unwrap();
        }
    }
}

fn ids(backups: &Value, which: impl Fn(&Value) -> bool) -> Vec<String> {
    let all = backups.as_array().unwrap().iter().filter(|one| which(one));
    all.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_store_is_listed_with_what_is_known_of_it() {
    let shop = Shop::new(KEEP);
    shop.another("20250101T000000Z-users-aaaaaaaa", "prod");
    shop.another("20250102T000000Z-orders-bbbbbbbb", "testing");
    std::fs::create_dir(shop.store().join("photos")).unwrap();
    let damaged = shop.store().join("20250103T000000Z-orders-cccccccc");
    copy(&shop.store().join(shop.first.as_str()), &damaged);
    let document = shop.project.json(&["-e", "prod", "backup", "list"], 0);
    assert_eq!(shop.listed(), ["20250101T000000Z-users-aaaaaaaa", shop.first.as_str()]);
    let one = &document["backups"][1];
    for (key, value) in [("service", "orders"), ("taken_at", "2026-11-23T08:25:48Z"), ("database", "orders")]
    {
        assert_eq!(one[key], value, "{key}");
    }
    assert_eq!((&one["encrypted"], &one["verified_at"]), (&Value::Bool(false), &Value::Null));
    assert!(one["size_bytes"].as_u64().unwrap() > 20_000_000 && one["age_s"].as_i64().unwrap() < 600);
    assert_eq!(document["problems"].as_array().unwrap().len(), 2);
    let done = shop.project.run(&["-e", "prod", "backup", "list", "orders"]).expect(0);
    assert!(done.stdout.contains(shop.first.as_str()) && !done.stdout.contains("users"), "{}", done.stdout);
    for part in [
        "photos is not a backup",
        "cccccccc is not a complete backup",
        "also contains 1 backup of other projects or environments",
    ] {
        assert!(done.stderr.contains(part), "{part}: {}", done.stderr);
    }
    let names = shop.project.run(&["-e", "prod", "backup", "list", "-o", "name"]).expect(0);
    assert_eq!(names.stdout.lines().count(), 2);
    assert_eq!(shop.project.run(&["-e", "prod", "backup", "list", "ordres"]).code, Some(2));
}

#[test]
fn what_no_rule_keeps_is_removed_after_a_yes() {
    let shop = Shop::new(KEEP);
    for id in [
        "20240101T000000Z-orders-aaaaaaaa",
        "20240102T000000Z-orders-bbbbbbbb",
        "20240103T000000Z-orders-cccccccc",
        "20240104T000000Z-orders-dddddddd",
        "20240201T000000Z-orders-eeeeeeee",
        "20240101T000000Z-users-ffffffff",
        "20230101T000000Z-users-gggggggg",
    ] {
        shop.another(id, "prod");
    }
    // As the only one of its environment it is no business of this run.
    shop.another("20200101T000000Z-orders-hhhhhhhh", "testing");
    let verified = "20240102T000000Z-orders-bbbbbbbb".parse().unwrap();
    let to = BackupLocation::Folder(shop.store());
    let open = settings(shop.project.path(), to, vec![]);
    let repository = Repository::open(&open, &Default::default()).unwrap();
    run(repository.mark_verified(&verified, time::macros::datetime!(2024-01-05 00:00 UTC))).unwrap();
    let before = shop.listed();
    let due = [
        "20240101T000000Z-orders-aaaaaaaa",
        "20240103T000000Z-orders-cccccccc",
        "20240104T000000Z-orders-dddddddd",
    ];

    let dry = shop.project.json(&["-e", "prod", "backup", "prune", "--dry-run"], 0);
    assert_eq!(ids(&dry["backups"], |one| one["outcome"] == "due"), due, "{dry:#}");
    let kept = dry["backups"].as_array().unwrap().iter().find(|one| one["id"] == verified.as_str()).unwrap();
    assert_eq!(kept["kept_by"], serde_json::json!(["last verified"]));
    let unasked = shop.project.run(&["-e", "prod", "backup", "prune"]);
    assert_eq!(unasked.code, Some(2));
    insta::assert_snapshot!(unasked.shown(), @r"
    FOLDER/backups also contains 1 backup of other projects or environments
    error: these changes need a confirmation, nothing was touched
    caused by: 3 backups in FOLDER/backups would be removed, and this is not a terminal, so no confirmation could be asked
    hint: see them with --dry-run, then add -y
    ");
    assert_eq!(shop.listed(), before);

    let done = shop.project.json(&["-e", "prod", "backup", "prune", "-y"], 0);
    assert_eq!(ids(&done["backups"], |one| one["outcome"] == "removed"), due);
    let left: Vec<String> = before.into_iter().filter(|id| !due.contains(&id.as_str())).collect();
    assert_eq!(shop.listed(), left);
    assert!(shop.store().join("20200101T000000Z-orders-hhhhhhhh").is_dir());
    // A second time there is nothing to do, and nothing is asked.
    let again = shop.project.json(&["-e", "prod", "backup", "prune"], 0);
    assert_eq!(ids(&again["backups"], |one| one["outcome"] != "kept"), Vec::<String>::new());
}

#[test]
fn without_rules_nothing_is_removed() {
    let shop = Shop::new("jobs: 1");
    let done = shop.project.run(&["-e", "prod", "backup", "prune", "-y"]);
    assert_eq!(done.code, Some(2));
    insta::assert_snapshot!(done.shown(), @r"
    error: the manifest has no retention rules for backups, nothing was removed
    hint: add it: backup: { keep: { last: 3, daily: 7, weekly: 4, monthly: 12 } }
    ");
    assert_eq!(shop.listed().len(), 1);
}
