//! Several stores: each gets every backup, whatever happens to the others.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::Kept;
use crate::support::{Admin, as_both_admins, until};

/// A service whose backups go into the folders `one` and `two`.
fn kept(admin: Admin, prefix: &str, keys: &str) -> Option<Kept> {
    let kept = Kept::start(admin, prefix);
    if !kept.can_dump() {
        return None;
    }
    let text = kept.project.read("martydb.yaml");
    kept.project.write("martydb.yaml", &text.replace("to: ./kept", &format!("to: [one, two]{keys}")));
    Some(kept)
}

/// The names of the backups in a folder.
fn names(kept: &Kept, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(kept.project.path().join(folder)).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

/// Every file of a backup, with its content.
fn files(kept: &Kept, folder: &str, id: &str) -> Vec<(String, Vec<u8>)> {
    let root = kept.project.path().join(folder).join(id);
    let mut all = vec![];
    for below in ["", "dump"] {
        for entry in std::fs::read_dir(root.join(below)).unwrap().flatten().filter(|one| one.path().is_file())
        {
            let name = format!("{below}/{}", entry.file_name().to_string_lossy());
            all.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
    all.sort();
    all
}

/// Makes a backup, and returns its name once the second that the name begins with has passed: the names of later backups
/// sort behind it.
fn backup_of_its_own_second(kept: &Kept) -> String {
    let id = kept.backup();
    let second = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let made = second();
    until("the next second begins", || second() > made);
    id
}

as_both_admins!(each_store_gets_the_same_backup, |admin| {
    let identity = age::x25519::Identity::generate().to_public();
    let Some(kept) = kept(admin, "bms", &format!("\n  encrypt: [{identity}]")) else { return };
    let (one, two) = (kept.project.path().join("one"), kept.project.path().join("two"));
    let made = kept.project.json(&["backup", &kept.service()], 0);
    let id = made["backups"][0]["id"].as_str().unwrap();
    let stores = json!([{"store": one, "error": null}, {"store": two, "error": null}]);
    assert_eq!(made["backups"][0]["stores"], stores, "{made:#}");
    // It was encrypted once: another time would give other bytes.
    assert_eq!(files(&kept, "one", id), files(&kept, "two", id));
    assert!(files(&kept, "one", id).len() > 5);
    let listed = kept.project.json(&["backup", "list"], 0);
    let of: Vec<&Value> = listed["backups"].as_array().unwrap().iter().map(|row| &row["store"]).collect();
    assert_eq!(of, [&json!(one), &json!(two)], "{listed:#}");
    let shown = kept.project.run(&["backup", "list"]).expect(0);
    assert!(shown.stdout.contains("STORE"), "{shown:?}");
    let names = kept.project.run(&["backup", "list", "-o", "name"]).expect(0);
    assert_eq!(names.stdout, format!("{id}\n"));
    assert_eq!(kept.project.json(&["status"], 0)["services"][0]["backup"]["id"], id);
});

#[test]
fn a_failing_store_does_not_stop_the_others() {
    let Some(kept) =
        kept(Admin::Super, "bmf", "\n  on_failure: [sh, -c, 'echo \"$MARTYDB_BACKUP_FAILED\" >> told']")
    else {
        return;
    };
    let service = kept.service();
    for (down, up) in [("one", "two"), ("two", "one")] {
        kept.project.write(down, "a file");
        let failed = kept.project.json(&["backup", &service], 1);
        let row = &failed["backups"][0];
        let id = row["id"].as_str().unwrap_or_else(|| panic!("{failed:#}"));
        assert_eq!(names(&kept, up), [id], "{failed:#}");
        let message = row["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{id} is missing in ")) && message.ends_with(down), "{message}");
        let errors: Vec<bool> =
            row["stores"].as_array().unwrap().iter().map(|store| store["error"].is_null()).collect();
        assert_eq!(errors, [down != "one", down != "two"], "{failed:#}");
        // The other one is listed, verified and restored from.
        let listed = kept.project.json(&["backup", "list"], 1);
        assert_eq!(listed["backups"].as_array().unwrap().len(), 1, "{listed:#}");
        kept.project.run(&["backup", "verify", id]).expect(0);
        kept.project.run(&["restore", &service, "--from", id, "-y"]).expect(0);
        kept.project.run(&["restore", &service, "--discard-old", "-y"]).expect(0);
        std::fs::remove_file(kept.project.path().join(down)).unwrap();
        std::fs::remove_dir_all(kept.project.path().join(up)).unwrap();
    }
    assert_eq!(kept.project.read("told"), "bmf_a\nbmf_a\n");
    // Without any store there is no backup, and nothing is left behind.
    kept.project.write("one", "a file");
    kept.project.write("two", "a file");
    let failed = kept.project.json(&["backup", &service], 1);
    assert_eq!(failed["backups"][0]["id"], Value::Null, "{failed:#}");
    kept.project.run(&["backup", "list"]).expect(1);
    let left = std::fs::read_dir(kept.project.path().join(".martydb/backup")).unwrap().count();
    assert_eq!(left, 0);
    let unknown = "20200101T000000Z-bmf_a-00000000";
    kept.project.run(&["backup", "verify", unknown]).expect(1);
    for store in ["one", "two"] {
        std::fs::remove_file(kept.project.path().join(store)).unwrap();
    }
    kept.project.run(&["backup", "verify", unknown]).expect(2);
}

#[test]
fn retention_is_counted_for_each_store_separately() {
    let Some(kept) = kept(Admin::Super, "bmr", "\n  keep: { last: 2 }") else { return };
    let all: Vec<String> = (0..3).map(|_| backup_of_its_own_second(&kept)).collect();
    std::fs::remove_dir_all(kept.project.path().join("two").join(&all[2])).unwrap();
    let outcome = |done: &Value, store: &str, id: &str| {
        let path = json!(kept.project.path().join(store));
        let rows = done["backups"].as_array().unwrap();
        rows.iter().find(|row| row["store"] == path && row["id"] == id).unwrap()["outcome"].clone()
    };
    let dry = kept.project.json(&["backup", "prune", "--dry-run"], 0);
    assert_eq!(outcome(&dry, "one", &all[0]), "due", "{dry:#}");
    assert_eq!(outcome(&dry, "two", &all[0]), "kept", "{dry:#}");
    kept.project.run(&["backup", "prune", "-y"]).expect(0);
    assert_eq!((names(&kept, "one"), names(&kept, "two")), (all[1..].to_vec(), all[..2].to_vec()));
    // A backup in one store only is read from there, and the proof is recorded there.
    kept.project.run(&["backup", "verify", &all[0]]).expect(0);
    assert!(kept.project.path().join("two").join(&all[0]).join("verified.json").exists());
    // The store that is behind counts for the age.
    let status = kept.project.json(&["status", "bmr_a"], 0);
    assert_eq!(status["services"][0]["backup"]["id"], all[1].as_str(), "{status:#}");
    // One that cannot be read is an error, and the other one is pruned.
    std::fs::remove_dir_all(kept.project.path().join("two")).unwrap();
    kept.project.write("two", "a file");
    let newest = kept.project.json(&["backup", "bmr_a"], 1)["backups"][0]["id"].clone();
    kept.project.run(&["backup", "prune", "-y"]).expect(1);
    assert_eq!(names(&kept, "one"), [all[2].as_str(), newest.as_str().unwrap()]);
}
