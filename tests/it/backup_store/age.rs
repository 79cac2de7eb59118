//! The program `age` reads what martydb encrypts, and martydb what `age` encrypts.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use martydb_backup::store::{Identities, Repository};
use martydb_model::BackupLocation;

use super::{backup, run, same, settings};

fn program(name: &str, arguments: &[&Path], folder: &Path) -> Vec<u8> {
    let done = Command::new(name).args(arguments).current_dir(folder).output();
    let done =
        done.unwrap_or_else(|_| panic!("{name} on PATH; without it: cargo test -- --skip age_program"));
    assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

#[test]
fn age_program_and_martydb_read_each_other() {
    let home = tempfile::tempdir().unwrap();
    let (key, store) = (home.path().join("key.txt"), home.path().join("store"));
    program("age-keygen", &["-o".as_ref(), &key], home.path());
    let recipient = String::from_utf8(program("age-keygen", &["-y".as_ref(), &key], home.path())).unwrap();
    let recipient = recipient.trim().to_owned();
    let other = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let recipients = vec![recipient.clone(), other.into()];
    let settings = settings(home.path(), BackupLocation::Folder(store.clone()), recipients);
    let repository = Repository::open(&settings, &Default::default()).unwrap();
    let id = run(backup(&repository)).unwrap();
    let (stored, plain) = (store.join(id.as_str()), home.path().join("plain"));

    // With age and sha256sum alone.
    std::fs::create_dir_all(plain.join("dump")).unwrap();
    std::fs::copy(stored.join("manifest.json"), plain.join("manifest.json")).unwrap();
    for name in ["SHA256SUMS", "record.json", "dump/toc.dat", "dump/3017.dat", "dump/3018.dat"] {
        let from = stored.join(format!("{name}.age"));
        // With -o, age makes no file where there is nothing to write.
        let text = program("age", &["-d".as_ref(), "-i".as_ref(), &key, &from], home.path());
        std::fs::write(plain.join(name), text).unwrap();
    }
    same(&plain);
    let checked = program("sha256sum", &["-c".as_ref(), "SHA256SUMS".as_ref()], &plain);
    let checked = String::from_utf8(checked).unwrap();
    assert_eq!(checked.lines().filter(|line| line.ends_with(": OK")).count(), 5, "{checked}");

    // The sums encrypted again by age: another file, the same content.
    let again = stored.join("SHA256SUMS.age");
    std::fs::remove_file(&again).unwrap();
    let sums = plain.join("SHA256SUMS");
    program("age", &["-r".as_ref(), recipient.as_ref(), "-o".as_ref(), &again, &sums], home.path());
    let identities = Arc::new(Identities::read(&key).unwrap());
    let target = home.path().join("target");
    run(repository.fetch(&id, Some(identities), &target)).unwrap();
    same(&target);
}
