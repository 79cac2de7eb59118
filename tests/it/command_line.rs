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
        assert!(text.contains("COMPLETE"), "{shell}");
        compare(&format!("completions/{file}"), &text);
    }
    compare("completions/martydb.1", &project.run(&["man"]).expect(0).stdout);
    for (document, generated) in [
        ("manifest", martydb_manifest::json_schema()),
        ("verify-isolation", martydb::commands::verify::json_schema()),
        ("backup", martydb_backup::store::json_schema()),
    ] {
        let file = if document == "backup" { "backup-manifest" } else { document };
        compare(&format!("docs/{file}.schema.json"), &generated);
        let shown = project.run(&["schema", document]).expect(0).stdout;
        assert!(shown == generated || std::env::var_os("UPDATE").is_some(), "build again: {document}");
    }
}

#[test]
fn every_command_has_a_man_page() {
    let project = anywhere();
    let written = project.run(&["man", "--out", "man1"]).expect(0).stdout;
    let commands = martydb::cli::GROUPS.iter().flat_map(|(_, names)| names.iter().map(|name| vec![*name]));
    for words in commands.chain([vec!["secrets", "export"], vec!["dev", "up"]]) {
        let name = words.join("-");
        let page = project.read(&format!("man1/martydb-{name}.1"));
        assert!(page.contains(&format!(".TH martydb-{name} 1 ")), "{page}");
        assert!(written.contains(&format!("man1/martydb-{name}.1\n")), "{written}");
        let printed = project.run(&[&["man"], &words[..]].concat()).expect(0).stdout;
        assert_eq!(printed, page);
    }
    assert_eq!(project.read("man1/martydb.1"), project.run(&["man"]).expect(0).stdout);
    let unknown = project.run(&["man", "statsu"]).expect(2).stderr;
    assert_eq!(unknown, "error: unknown command \"statsu\"\nhint: did you mean \"status\"?\n");
    let deeper = project.run(&["man", "plan", "all"]).expect(2).stderr;
    assert_eq!(deeper, "error: unknown command \"all\"\nhint: \"plan\" has no commands of its own\n");
    project.write("file", "");
    let refused = project.run(&["man", "--out", "file"]).expect(1).stderr;
    assert!(refused.starts_with("error: cannot write file\n"), "{refused}");
}

#[test]
fn help_says_what_each_command_does() {
    let project = anywhere();
    let help = project.run(&["--help"]).expect(0).stdout;
    insta::assert_snapshot!(help);
    let bare = project.run(&[]).expect(2);
    assert!(bare.stderr.contains("Usage:"), "{}", bare.stderr);
    let version = project.run(&["--version"]).expect(0).stdout;
    let expected = format!("martydb {} (development build, ", env!("CARGO_PKG_VERSION"));
    assert!(version.starts_with(&expected) && version.ends_with(")\n"), "{version}");
    let short = project.run(&["-V"]).expect(0).stdout;
    assert_eq!(short, format!("martydb {}\n", env!("CARGO_PKG_VERSION")));
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
    assert!(nameless.stderr.contains("cannot derive a name"), "{}", nameless.stderr);
    let unknown = project.run(&["revision", "-s", "a", "-m", "x", "--template", "nope"]).expect(2);
    assert!(unknown.stderr.contains("templates: blank, collection, inbox"), "{}", unknown.stderr);
}

#[test]
fn revision_never_gives_a_version_twice() {
    let project = anywhere();
    let done = project.run(&["revision", "-s", "a", "-m", "first"]).expect(0);
    assert!(done.stdout.contains("V1__first.sql"), "{}", done.stdout);
    let unwritten = project.run(&["validate"]).expect(2);
    assert!(unwritten.stdout.contains("V1__first.sql: comes from a template"), "{}", unwritten.stdout);
    assert!(unwritten.stdout.contains("V1__first.down.sql: comes from a template"), "{}", unwritten.stdout);
    let _ = project.run(&["revision", "-s", "a", "-m", "second"]).expect(0);
    project.write("a/migrations/V7_misnamed.sql", "SELECT 1;");
    project.write("a/migrations/V9__down_alone.down.sql", "");
    let third = project.run(&["revision", "-s", "a", "-m", "third"]).expect(0);
    assert!(third.stdout.contains("V10__third.sql"), "{}", third.stdout);
    let timed = project.json(&["revision", "-s", "a", "-m", "timed", "--timestamp"], 0);
    let version = timed["version"].as_i64().unwrap();
    assert!((20_260_101_000_000..30_000_101_000_000).contains(&version), "{version}");
    let again = project.json(&["revision", "-s", "a", "-m", "again", "--timestamp"], 0);
    assert!(again["version"].as_i64().unwrap() > version);
}

#[test]
fn validate_reads_down_files_and_says_once_that_many_are_missing() {
    let project = anywhere();
    for version in 1..=12 {
        project.write(&format!("a/migrations/V{version}__x.sql"), "BEGIN; SELECT 1; COMMIT;\n");
    }
    project.write("a/migrations/V10__x.down.sql", "BEGIN; SELECT 1;\n");
    project.write("a/migrations/V2__x.down.sql", "-- martydb: no-transactoin\n");
    project.write("a/migrations/V3__x.down.sql", "-- nothing to undo\n");
    project.write("a/migrations/V4__x.sql", "-- martydb: irreversible: sent\nSELECT 1;\n");
    let done = project.run(&["validate"]).expect(2).stdout;
    let lines: Vec<&str> = done.lines().collect();
    assert!(lines[0].contains("V2__x.down.sql:1:1: \"no-transactoin\""), "{done}");
    assert!(lines[2].contains("V10__x.down.sql:1:1: BEGIN is not allowed"), "{done}");
    assert_eq!(lines[4], "a: 8 migrations have no .down.sql file", "{done}");
    assert!(lines[5].contains("down: none"), "{done}");
    let document = project.json(&["validate"], 2);
    assert_eq!(document["services"][0]["problems"].as_array().unwrap().len(), 10);

    for (key, text) in [("none", "V2__x.down.sql: is a down file"), ("optional", "V2__x.down.sql:1:1: ")] {
        project.write(
            "martydb.yaml",
            &format!("version: 1\ndefaults: {{ migrations: {{ down: {key} }} }}\nservices: {{ a: {{ migrations: a/migrations }} }}\n"),
        );
        let said = project.run(&["validate"]).expect(2).stdout;
        assert!(said.contains(text) && !said.contains("no .down.sql"), "{said}");
    }
    for down in [2, 3, 10] {
        std::fs::remove_file(project.path().join(format!("a/migrations/V{down}__x.down.sql"))).unwrap();
    }
    let _ = project.run(&["validate"]).expect(0);
    let forward = project.json(&["revision", "-s", "a", "-m", "next"], 0);
    assert!(forward["down"].is_string(), "{forward}");
    project.write("martydb.yaml", "version: 1\nservices: { a: { migrations: { down: sometimes } } }\n");
    let wrong = project.run(&["validate"]).expect(2).stderr;
    assert!(wrong.contains("required") && wrong.contains("martydb.yaml:2:"), "{wrong}");
    project.write("martydb.yaml", "version: 1\nservices: { a: { migrations: { folder: x } } }\n");
    let wrong = project.run(&["validate"]).expect(2).stderr;
    assert!(wrong.contains("unknown key \"folder\""), "{wrong}");
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
    assert!(bad.stderr.contains("must begin with a lowercase letter"), "{}", bad.stderr);
    let _ = project.run(&["init", "--service", "billing", "--service", "shipping"]).expect(0);
    assert!(project.path().join("billing/migrations").is_dir());
    let document = project.json(&["validate"], 0);
    assert_eq!(document["services"].as_array().unwrap().len(), 2);
    let again = project.run(&["init"]).expect(2);
    assert!(again.stderr.contains("exists already"), "{}", again.stderr);
    // A further service is added to it, and nothing else changes.
    let text = project.read("martydb.yaml") + "# ours\n";
    project.write("martydb.yaml", &text);
    let added = project.run(&["init", "other"]).expect(0);
    assert!(added.stdout.contains("changed martydb.yaml"), "{}", added.stdout);
    let after = project.read("martydb.yaml");
    assert_eq!(after.lines().filter(|line| !text.lines().any(|old| old == *line)).count(), 1, "{after}");
    assert!(after.contains("\n  other:") && after.ends_with("# ours\n"), "{after}");
    assert!(project.path().join("other/migrations/.gitkeep").exists());
    let twice = project.run(&["init", "other"]).expect(2);
    assert!(twice.stderr.contains("has other already"), "{}", twice.stderr);
    // Words of other tools.
    for (arguments, expected) in [
        (&["rollback"][..], "hint: `martydb downgrade SERVICE` reverts"),
        (&["status", "--json"], "hint: -o json; status has no --json"),
        (&["init-all", "billing"], "hint: init-all takes all services; for one: `martydb apply billing`"),
        (&["verify-isolation", "-o", "junit"], "hint: --format junit"),
        (&["exec", "billing", "env"], "hint: the program comes after --: martydb exec SERVICE -- env"),
    ] {
        let told = project.run(arguments).expect(2);
        assert!(told.stderr.contains(expected), "{arguments:?}: {}", told.stderr);
        assert_eq!(told.stderr.matches("hint:").count(), 1, "{}", told.stderr);
    }
    assert!(
        project
            .run(&["apply", "--dry-run", "--all", "--plan", "x"])
            .expect(2)
            .stderr
            .contains("cannot be used with")
    );
}
