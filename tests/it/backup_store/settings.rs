//! Settings of backups in the manifest.

use crate::support::Project;

fn manifest(backup: &str) -> Project {
    Project::with_manifest(&format!(
        "version: 1\nproject: shop\nservers: {{ main: {{ url: 'postgresql://a@127.0.0.1:1/postgres' }} }}\n\
         services: {{ orders: {{}} }}\nbackup: {backup}\n"
    ))
}

#[test]
fn a_store_that_would_lose_or_expose_backups_is_refused() {
    for (backup, said) in [
        ("{ to: . }", "\".\" contains the manifest itself"),
        ("{ to: .. }", "contains the manifest itself"),
        ("{ to: '' }", "neither a folder nor"),
        ("{ to: .martydb/backups }", "`martydb dev destroy` deletes"),
        ("{ to: x/../.git/backups }", "is git's own folder"),
        ("{ to: orders/migrations/old }", "contains or is inside the migrations of orders"),
        ("{ to: orders }", "contains or is inside the migrations of orders"),
        ("{ to: s3:// }", "is not s3://bucket/prefix"),
        ("{ to: 's3://key:secret@bucket/x' }", "is not s3://bucket/prefix"),
        ("{ to: gs://bucket }", "neither a folder nor s3://"),
        ("{ to: b, keep: { last: 0 } }", "it keeps nothing"),
        ("{ to: b, keep: { hourly: 3 } }", "hourly"),
        ("{ to: b, jobs: 0 }", "0 is not from 1 to 64"),
        ("{ to: b, encrypt: [age1x] }", "\"age1x\" is not a recipient of age"),
        ("{ to: b, on_failure: [''] }", "the program has no name"),
        ("{ to: b, on_failure: page }", "expected a list, found \"page\""),
        ("{ to: [] }", "it names no store"),
        ("{ to: [b, ./b] }", "entry 2 is the store of another entry, or a part of it"),
        ("{ to: [s3://bucket/a, s3://bucket] }", "entry 2 is the store of another entry, or a part of it"),
        ("{ to: [b, ..] }", "contains the manifest itself"),
        ("{ to: { folder: b } }", "expected a folder or a bucket, or a list of them"),
        ("{ encrypt: [] }", "to"),
    ] {
        let done = manifest(backup).run(&["backup", "list"]);
        assert_eq!(done.code, Some(2), "{backup}: {}", done.stderr);
        assert!(done.stderr.contains(said), "{backup}: {}", done.stderr);
    }
}

#[test]
fn an_identity_in_the_manifest_is_refused_and_not_shown() {
    let identity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    let done = manifest(&format!("{{ to: b, encrypt: [{identity}] }}")).run(&["backup", "list"]);
    assert_eq!(done.code, Some(2));
    insta::assert_snapshot!(done.shown(), @r"
    error: FOLDER/martydb.yaml:5:18: entry 1 is an identity, which opens backups
    hint: write its recipient, age1…: `age-keygen -y FILE` prints it
    hint: an identity in a file may have been read: create another one
    ");
    assert!(!done.stderr.contains("GFPYYSJZ"), "{}", done.stderr);
}

#[test]
fn a_manifest_without_backups_says_what_to_add() {
    let project = manifest("");
    for command in ["list", "prune"] {
        let done = project.run(&["backup", command]);
        assert_eq!(done.code, Some(2));
        assert!(done.stderr.contains("backup: { to: ./backups }"), "{}", done.stderr);
    }
}

#[test]
fn each_environment_has_its_own_store() {
    let project = manifest("{ to: one, keep: { last: 3 } }");
    project.write("martydb.testing.yaml", "backup: { to: two }\n");
    let done = project.run(&["-e", "testing", "config", "-o", "json"]).expect(0);
    assert!(done.stdout.contains("\"two\"") && !done.stdout.contains("\"one\""), "{}", done.stdout);
}
