//! Damage of every kind, a thousand times: all of it must be detected.

use std::os::unix::fs::symlink;

use super::*;

/// A reproducible random number generator.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        // Knuth's constants.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// Returns the files of a backup, without the note of a verification.
fn files(folder: &Path) -> Vec<PathBuf> {
    paths(folder).into_iter().filter(|path| path.is_file()).collect()
}

/// Damages a copy of a backup. Returns a description.
fn damage(folder: &Path, dice: &mut Dice) -> String {
    let all = files(folder);
    let victim = dice.one_of(&all).clone();
    let text = fs::read(&victim).unwrap();
    let name = victim.strip_prefix(folder).unwrap().display().to_string();
    let at = usize::try_from(dice.below(text.len() as u64)).unwrap();
    match dice.below(16) {
        0 => fs::remove_file(&victim).unwrap(),
        1 if !text.is_empty() => fs::write(&victim, &text[..at]).unwrap(),
        2 => fs::write(&victim, [text.as_slice(), b"x"].concat()).unwrap(),
        3 => fs::write(folder.join("dump/9999.dat"), &text).unwrap(),
        4 => {
            fs::rename(&victim, folder.join("dump/elsewhere")).unwrap();
            symlink(folder.join("dump/elsewhere"), &victim).unwrap();
        }
        5 => {
            // Moved out of the backup: no extra file reveals it.
            let outside = folder.with_extension("outside");
            fs::rename(&victim, &outside).unwrap();
            symlink(&outside, &victim).unwrap();
        }
        6 => {
            let other =
                all.iter().find(|other| **other != victim && fs::read(other).unwrap() != text).unwrap();
            let theirs = fs::read(other).unwrap();
            fs::write(other, &text).unwrap();
            fs::write(&victim, theirs).unwrap();
        }
        7 => {
            fs::remove_file(&victim).unwrap();
            fs::create_dir(&victim).unwrap();
        }
        _ if text.is_empty() => fs::write(&victim, b"x").unwrap(),
        _ => {
            let mut changed = text.clone();
            changed[at] ^= 1 << dice.below(8);
            fs::write(&victim, changed).unwrap();
        }
    }
    format!("{name} at {at}")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for path in paths(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        if path.is_dir() {
            fs::create_dir(target).unwrap()
        } else {
            fs::copy(path, target).map(drop).unwrap()
        }
    }
}

/// Damages a copy of a small backup in every way again and again.
async fn a_thousand_times(encrypted: bool) {
    let bench = Bench::new(encrypted);
    let staging = bench.repository().stage(&service()).await.unwrap();
    fs::create_dir(staging.path().join("dump")).unwrap();
    for (name, text) in
        [("toc.dat", "PGDMP"), ("3017.dat", "1\ta\n"), ("3018.dat", "2\tb\n"), ("3019.dat", "")]
    {
        fs::write(staging.path().join("dump").join(name), text.repeat(50)).unwrap();
    }
    let id = staging.finish(header("orders"), &serde_json::json!({"tables": 3})).await.unwrap().id;
    let (here, whole) = (bench.store().join(id.as_str()), bench.folder.path().join("whole"));
    copy(&here, &whole);
    let mut dice = Dice(20_261_123);
    for round in 0..1000 {
        fs::remove_dir_all(&here).unwrap();
        copy(&whole, &here);
        let what = damage(&here, &mut dice);
        let fetched = bench.fetch(&id).await;
        assert!(fetched.is_err(), "round {round}: {what}");
        assert!(!bench.target().exists(), "round {round}: {what}");
    }
    fs::remove_dir_all(&here).unwrap();
    copy(&whole, &here);
    bench.fetch(&id).await.unwrap();
}

#[tokio::test]
async fn no_damage_of_an_encrypted_backup_passes() {
    a_thousand_times(true).await;
}

#[tokio::test]
async fn no_damage_of_a_plain_backup_passes() {
    a_thousand_times(false).await;
}

/// Damages each byte of the manifest and the sums, one by one.
#[tokio::test]
async fn no_byte_of_the_manifest_and_of_the_sums_changes_unseen() {
    for encrypted in [false, true] {
        let bench = Bench::new(encrypted);
        let id = bench.backup().await;
        for name in ["manifest.json", if encrypted { "SHA256SUMS.age" } else { "SHA256SUMS" }] {
            let path = bench.store().join(id.as_str()).join(name);
            let whole = fs::read(&path).unwrap();
            for at in 0..whole.len() {
                let mut changed = whole.clone();
                changed[at] ^= 1;
                fs::write(&path, changed).unwrap();
                assert!(bench.fetch(&id).await.is_err() && !bench.target().exists(), "{name} at {at}");
            }
            fs::write(&path, whole).unwrap();
        }
    }
}

/// A writer to the store who knows the recipients can encrypt a file, but not add it to an existing backup.
#[tokio::test]
async fn files_of_another_backup_do_not_fit() {
    for name in ["SHA256SUMS.age", "dump/toc.dat.age", "manifest.json"] {
        let bench = Bench::new(true);
        let (id, other) = (bench.backup().await, bench.backup().await);
        let of = |id: &BackupId| bench.store().join(id.as_str()).join(name);
        fs::copy(of(&other), of(&id)).unwrap();
        assert!(bench.fetch(&id).await.is_err() && !bench.target().exists(), "{name}");
    }
}

/// A manifest whose paths lead elsewhere, with sums that match.
#[tokio::test]
async fn a_manifest_cannot_name_files_outside_its_folder() {
    for path in
        ["../../stolen", "/tmp/stolen", "dump/../../stolen", "dump//x", "manifest.json", "verified.json"]
    {
        let bench = Bench::new(false);
        let id = bench.backup().await;
        let folder = bench.store().join(id.as_str());
        let mut manifest: BackupManifest =
            serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
        manifest.files[0].path = path.to_owned();
        let text = manifest.to_json();
        fs::write(folder.join("manifest.json"), &text).unwrap();
        let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
        let rest = sums.split_once('\n').unwrap().1;
        let first = super::super::sums::first_line(&crate::store::cipher::digest::digest(&text));
        fs::write(folder.join("SHA256SUMS"), first + rest).unwrap();
        let refused = bench.fetch(&id).await.unwrap_err();
        assert!(refused.to_string().contains("names a file that no backup has"), "{path}: {refused}");
        assert!(!bench.target().exists() && !bench.store().join("stolen").exists());
    }
}

#[tokio::test]
async fn a_damaged_note_of_a_verification_counts_for_nothing() {
    let bench = Bench::new(false);
    let (id, other) = (bench.backup().await, bench.backup().await);
    bench.repository().mark_verified(&id, now()).await.unwrap();
    let path = bench.store().join(id.as_str()).join("verified.json");
    let whole = fs::read(&path).unwrap();
    let verified = async || {
        let listing = bench.repository().list().await.unwrap();
        let one = listing.backups.into_iter().find(|one| one.manifest.id == id).unwrap();
        (one.verified_at.is_some(), listing.problems.len())
    };
    assert_eq!(verified().await, (true, 0));
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        let blank = serde_json::from_slice::<serde_json::Value>(&changed).ok()
            == serde_json::from_slice::<serde_json::Value>(&whole).ok();
        assert_eq!(verified().await, if blank { (true, 0) } else { (false, 1) }, "at {at}");
    }
    fs::write(bench.store().join(other.as_str()).join("verified.json"), &whole).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(bench.repository().list().await.unwrap().problems.len(), 1);
}
