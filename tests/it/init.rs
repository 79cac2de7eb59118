//! `init`: what it finds, proposes and writes, what it never does, and the way from there to a first query.

use std::process::{Command, Stdio};

use crate::support::Project;

fn empty() -> Project {
    let project = Project::with_manifest("");
    std::fs::remove_file(project.path().join("martydb.yaml")).unwrap();
    project
}

/// Services of three teams, each with a tool of its own.
fn monorepo() -> Project {
    let project = empty();
    project.write("services/catalog/migrations/V1__items.sql", "CREATE TABLE items (id int);");
    project.write("services/catalog/migrations/V1__items.down.sql", "DROP TABLE items;");
    project.write(
        "services/orders/db/001_orders.sql",
        "-- +goose Up\nCREATE TABLE o (id int);\n-- +goose Down\nDROP TABLE o;\n",
    );
    project.write(
        "services/signer/settings.yaml",
        "database:\n  url: postgresql+asyncpg://u:hunter2@localhost/marty_signer\n",
    );
    project.write("services/signer/.env", "DATABASE_URL=postgresql://u:hunter2/x@localhost/other\n");
    project
}

#[test]
fn init_turns_found_files_into_a_working_manifest() {
    let project = monorepo();
    let unconfirmed = project.run(&["init"]).expect(2);
    assert!(unconfirmed.stderr.contains("found here: catalog, orders, signer"), "{}", unconfirmed.stderr);
    assert!(!project.path().join("martydb.yaml").exists());
    let dry = project.run(&["init", "--dry-run"]).expect(0);
    assert!(!project.path().join("martydb.yaml").exists());
    let done = project.run(&["init", "--yes"]).expect(0);
    assert!(done.stdout.contains("created martydb.yaml\ncreated martydb.schema.json\n"), "{}", done.stdout);
    assert!(
        done.stdout.contains("martydb import --from goose --service orders services/orders/db\n"),
        "{}",
        done.stdout
    );
    let written = std::fs::read_to_string(project.path().join("martydb.yaml")).unwrap();
    assert_eq!(written, dry.stdout);
    assert!(written.starts_with("# yaml-language-server: $schema=martydb.schema.json\n"), "{written}");
    assert!(written.contains("catalog: { migrations: services/catalog/migrations }"), "{written}");
    assert!(written.contains("database: marty_signer"), "{written}");
    for text in [&done.stdout, &done.stderr, &written] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    // The printed next steps work.
    let _ =
        project.run(&["import", "--from", "goose", "--service", "orders", "services/orders/db"]).expect(0);
    let document = project.json(&["validate"], 0);
    assert_eq!(document["services"].as_array().unwrap().len(), 3);
}

#[test]
fn migrations_written_as_programs_are_read_from_their_database() {
    let project = empty();
    project.write("shop/manage.py", "");
    project.write("shop/cart/migrations/__init__.py", "");
    project.write("shop/cart/migrations/0001_initial.py", "");
    project.write("shop/users/migrations/0001_initial.py", "");
    project.write("mail/migrations/20240101120000_create.js", "");
    project.write("desk/Form1.Designer.cs", "");
    let document = project.json(&["init", "--yes"], 0);
    let expected = serde_json::json!([
        { "service": "mail", "found": ["mail/migrations (1 migration, Knex or Sequelize)"] },
        { "service": "shop", "found": ["shop (2 migrations, Django)"] },
    ]);
    assert_eq!(document["services"], expected, "{document:#}");
    for (at, service) in ["mail", "shop"].iter().enumerate() {
        assert_eq!(document["next"][at], format!("martydb baseline --from-database --service {service}"));
    }
    // It is their present database that has to be read.
    assert!(document["notes"][0].as_str().unwrap().contains("`martydb adopt SERVICE`"), "{document:#}");
}

#[test]
fn names_may_be_separated_by_commas_and_a_wrong_one_gets_a_suggestion() {
    let project = monorepo();
    let wrong = project.run(&["init", "Catalog"]).expect(2);
    assert!(wrong.stderr.contains("did you mean \"catalog\"?"), "{}", wrong.stderr);
    let document = project.json(&["init", "catalog,payments"], 0);
    let services: Vec<_> =
        document["services"].as_array().unwrap().iter().map(|one| one["service"].clone()).collect();
    assert_eq!(services, ["catalog", "payments"]);
    assert!(project.path().join("payments/migrations").is_dir());
    assert!(!project.path().join("signer").exists());
}

#[test]
fn revision_continues_the_numbering_of_the_files() {
    let project = empty();
    let _ = project.run(&["init", "orders"]).expect(0);
    for (message, version) in [("first table", 1), ("second table", 2), ("first table", 3)] {
        assert_eq!(project.json(&["revision", "orders", "-m", message], 0)["version"], version);
    }
    let long = project.run(&["revision", "orders", "-m", &"x".repeat(300)]).expect(2);
    assert!(long.stderr.contains("shorten the message"), "{}", long.stderr);
    let letters = project.json(&["revision", "orders", "-m", "\u{fc}n\u{ef}code"], 0);
    assert_eq!(letters["name"], "unicode");
}

#[test]
fn a_command_without_a_manifest_names_init() {
    let project = empty();
    for command in ["status", "plan", "validate"] {
        let none = project.run(&[command]).expect(2);
        assert!(none.stderr.contains("`martydb init` writes one"), "{}", none.stderr);
    }
}

/// The commands of the README's beginning, as a reader copies them into an empty folder.
#[test]
fn the_readme_leads_three_services_to_a_first_query() {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("## Your own three services").expect("the README begins with them");
    let mut blocks =
        section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    let script = format!("set -e\n{}", blocks.next().expect("a block"));
    let project = empty();
    let _down = Down(&project);
    let plain = project.command(&[]);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).current_dir(project.path()).env_clear().stdin(Stdio::null());
    shell.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_martydb")).parent().unwrap().display().to_string();
    shell.env("PATH", format!("{folder}:{}", std::env::var("PATH").unwrap()));
    let done = project.finish(shell).expect(0);
    assert!(done.stdout.contains("3 services, 9 logins, 45 probes: 45 passed"), "{}", done.stdout);
    assert!(done.stdout.contains("1 | one"), "{}", done.stdout);
}

/// Stops and removes the embedded server, however the test ends.
struct Down<'a>(&'a Project);

impl Drop for Down<'_> {
    fn drop(&mut self) {
        let mut command = self.0.command(&["dev", "destroy", "-y"]);
        let _best_effort = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}
