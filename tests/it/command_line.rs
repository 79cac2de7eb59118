//! Help, completions and the schema: generated, committed where they are, and compared.

use crate::support::Project;

fn anywhere() -> Project {
    Project::with_manifest("version: 1\nservices: { a: }\n")
}

/// With UPDATE=1 in the environment the committed files are written instead of compared.
fn compare(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{name} is out of date: run `UPDATE=1 cargo test --test it command_line`");
}

#[test]
fn committed_completions_are_those_of_the_binary() {
    let project = anywhere();
    for (shell, file) in [
        ("bash", "martydb.bash"),
        ("zsh", "_martydb"),
        ("fish", "martydb.fish"),
        ("powershell", "_martydb.ps1"),
        ("elvish", "martydb.elv"),
    ] {
        let text = project.run(&["completions", shell]).expect(0).stdout;
        assert!(text.contains("verify-isolation"), "{shell}");
        compare(&format!("completions/{file}"), &text);
    }
    compare("completions/martydb.1", &project.run(&["man"]).expect(0).stdout);
    compare("docs/manifest.schema.json", &project.run(&["schema"]).expect(0).stdout);
    let result = project.run(&["schema", "verify-isolation"]).expect(0).stdout;
    compare("docs/verify-isolation.schema.json", &result);
}

#[test]
fn help_says_what_each_command_does() {
    let project = anywhere();
    let help = project.run(&["--help"]).expect(0).stdout;
    insta::assert_snapshot!(help);
    let bare = project.run(&[]).expect(2);
    assert!(bare.stderr.contains("Usage:"), "{}", bare.stderr);
    let version = project.run(&["--version"]).expect(0).stdout;
    assert_eq!(version, format!("martydb {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn validate_needs_no_server_and_names_every_file() {
    let project = anywhere();
    project.write("a/migrations/V1__ok.sql", "CREATE TABLE t (id int);\n");
    project.write("a/migrations/V1__ok.down.sql", "DROP TABLE t;\n");
    let _ = project.run(&["validate"]).expect(0);
    project.write("a/migrations/V2_misnamed.sql", "SELECT 1;\n");
    let done = project.run(&["validate"]).expect(2);
    assert!(done.stdout.contains("V2_misnamed.sql"), "{}", done.stdout);
    assert!(!project.path().join(".martydb").exists());
}

#[test]
fn revision_writes_two_files_that_validate() {
    let project = anywhere();
    let done =
        project.run(&["revision", "-s", "a", "-m", "Add user consent!", "--template", "outbox"]).expect(0);
    assert!(done.stdout.contains("a/migrations/V1__add_user_consent.sql"), "{}", done.stdout);
    assert!(project.read("a/migrations/V1__add_user_consent.sql").contains("CREATE TABLE a_outbox"));
    let _ = project.run(&["validate"]).expect(0);
    let _ = project.run(&["revision", "-s", "a", "-m", "second", "--template", "outbox"]).expect(0);
    assert!(project.path().join("a/migrations/V2__second.down.sql").exists());
    let nameless = project.run(&["revision", "-s", "a", "-m", "!!!"]).expect(2);
    assert!(nameless.stderr.contains("no name can be made"), "{}", nameless.stderr);
    let unknown = project.run(&["revision", "-s", "a", "-m", "x", "--template", "nope"]).expect(2);
    assert!(unknown.stderr.contains("templates: blank, outbox"), "{}", unknown.stderr);
}

#[test]
fn the_shipped_services_validate() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/services/manifest.yaml");
    for env in ["development", "testing"] {
        let document = anywhere().json(&["validate", "-f", manifest, "-e", env], 0);
        assert_eq!(document["services"].as_array().unwrap().len(), 4);
    }
    let production = anywhere().run(&["validate", "-f", manifest, "-e", "production"]).expect(2);
    assert!(production.stderr.contains("is not set"), "production takes everything from the environment");
}

#[test]
fn init_writes_a_manifest_that_validates() {
    let project = anywhere();
    std::fs::remove_file(project.path().join("martydb.yaml")).unwrap();
    let none = project.run(&["init"]).expect(2);
    assert!(none.stderr.contains("no service given"), "{}", none.stderr);
    let bad = project.run(&["init", "--service", "Bad Name"]).expect(2);
    assert!(bad.stderr.contains("must match"), "{}", bad.stderr);
    let _ = project.run(&["init", "--service", "billing", "--service", "shipping"]).expect(0);
    assert!(project.path().join("billing/migrations").is_dir());
    let document = project.json(&["validate"], 0);
    assert_eq!(document["services"].as_array().unwrap().len(), 2);
    let again = project.run(&["init", "--service", "other"]).expect(2);
    assert!(again.stderr.contains("exists already"), "{}", again.stderr);
}
