//! From files to files.

use std::path::Path;

use super::{LAYOUTS, UP1, UP2, files, project, server, write};

#[test]
fn every_layout_is_imported_with_up_and_down() {
    for (tool, all) in LAYOUTS {
        let service = format!("lay_{}", tool.replace('-', "_"));
        let project = project(&service, "");
        write(&project, all);
        let done = project.json(&["import", "--from", tool, "--service", &service, "old"], 0);
        assert_eq!(done["outcome"], "written", "{tool}: {done:#}");
        assert_eq!(done["left_out"].as_array().unwrap().len(), 0, "{tool}: {done:#}");
        project.run(&["validate"]).expect(0);
        project.run(&["apply", "--all", "-y"]).expect(0);
        project.run(&["upgrade", "--all"]).expect(0);
        let look = "SELECT count(*) FROM pg_indexes WHERE indexname = 'item_note'";
        assert_eq!(server().value(&service, look), "1", "{tool}");
        project.run(&["downgrade", "--all", "--to", "0", "-y"]).expect(0);
        assert_eq!(server().value(&service, "SELECT to_regclass('item') IS NULL"), "t", "{tool}");
        project.run(&["upgrade", "--all"]).expect(0);
    }
}

#[test]
fn versions_names_and_markers_are_converted() {
    let project = project("imp_names", "");
    let (_, diesel) = LAYOUTS.iter().find(|row| row.0 == "diesel").unwrap();
    write(&project, diesel);
    let import = ["import", "--from", "diesel", "--service", "imp_names", "old"];
    let said = project.run(&import).expect(0);
    assert!(said.stdout.contains("3 migrations, 3 down files written to"), "{}", said.stdout);
    assert_eq!(
        files(&project, "imp_names"),
        [
            "V20240101000000__first.down.sql",
            "V20240101000000__first.sql",
            "V20240201000000__note.down.sql",
            "V20240201000000__note.sql",
            "V20240301000000__index.down.sql",
            "V20240301000000__index.sql",
        ]
    );
    assert_eq!(
        project.read("imp_names/migrations/V20240301000000__index.sql"),
        "-- martydb: no-transaction\nCREATE INDEX CONCURRENTLY item_note ON item (note);\n"
    );

    // Again changes nothing; what an interrupted run did not write comes back.
    assert_eq!(project.json(&import, 0)["outcome"], "unchanged");
    std::fs::remove_file(project.path().join("imp_names/migrations/V20240201000000__note.sql")).unwrap();
    project.write("imp_names/migrations/.martydb-import.part", "ALTER TA");
    let said = project.run(&import).expect(0);
    assert!(
        said.stdout.contains("1 written to") && said.stdout.contains("5 existed already"),
        "{}",
        said.stdout
    );

    // Existing files are never changed.
    project.write("imp_names/migrations/V20240201000000__note.sql", "SELECT 1;\n");
    project.write("imp_names/migrations/V9__own.sql", "SELECT 1;\n");
    let refused = project.run(&import).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    error: FOLDER/imp_names/migrations already contains migrations
    caused by: V20240201000000__note.sql differs from the file to be written
    caused by: V9__own.sql already exists
    hint: import into an empty folder, set by `migrations` in the manifest
    ");
    assert!(refused.stderr.contains("V9__own.sql already exists"), "{}", refused.stderr);
    assert_eq!(project.read("imp_names/migrations/V20240201000000__note.sql"), "SELECT 1;\n");
}

#[test]
fn a_dry_run_lists_the_files_and_writes_none() {
    let project = project("imp_dry", "");
    write(
        &project,
        &[("V4_0_0_1__b.sql", "SELECT 2;"), ("V4_0_0__a.sql", "SELECT 1;"), ("R__views.sql", "SELECT 3;")],
    );
    let said =
        project.run(&["import", "--from", "flyway", "--service", "imp_dry", "--dry-run", "old"]).expect(0);
    for line in [
        "V1__a.sql <- V4_0_0__a.sql", "V2__b.sql <- V4_0_0_1__b.sql", "R__views.sql <- R__views.sql",
        "counted from 1",
    ] {
        assert!(said.stdout.contains(line), "{line}: {}", said.stdout);
    }
    assert_eq!(files(&project, "imp_dry"), [""; 0]);
}

#[test]
fn unsupported_syntax_stops_the_import_with_its_line() {
    let project = project("imp_left", "");
    write(
        &project,
        &[
            ("1_a.sql", "-- +goose Up\nSELECT 1;\n"),
            ("2_b.go", "package migrations"),
            ("3_c.sql", "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '${X}';\n"),
            ("main.go", "package migrations"),
            ("notes.sql", "SELECT 1;"),
        ],
    );
    let import = ["import", "--from", "goose", "--service", "imp_left", "old"];
    let document = project.json(&import, 2);
    assert_eq!(document["outcome"], "stopped");
    let left = |at: usize| document["left_out"][at].clone();
    assert_eq!((left(0)["file"].as_str(), left(0)["line"].as_u64()), (Some("2_b.go"), None));
    assert_eq!((left(1)["file"].as_str(), left(1)["line"].as_u64()), (Some("3_c.sql"), Some(2)));
    assert_eq!(left(2)["what"], "has no version in its name");
    assert_eq!(document["left_out"].as_array().unwrap().len(), 3, "{document:#}");
    assert_eq!(files(&project, "imp_left"), [""; 0]);
    let said = project.run(&import).expect(2);
    assert!(
        said.stdout.contains("left out: 3_c.sql:2:1: takes values from the environment"),
        "{}",
        said.stdout
    );

    project.run(&["import", "--from", "goose", "--service", "imp_left", "--skip", "old"]).expect(0);
    assert_eq!(files(&project, "imp_left"), ["V1__a.sql"]);
}

#[test]
fn a_files_own_transactions_stay_and_validate_accepts_them() {
    let project = project("imp_several", "migrations: { down: none }");
    // Prisma writes these around an enum that loses a value.
    let enums = "CREATE TYPE mood_new AS ENUM ('ok');\nALTER TYPE mood RENAME TO mood_old;\nALTER TYPE mood_new RENAME TO mood;\nDROP TYPE mood_old;";
    write(
        &project,
        &[
            ("20240101_init/migration.sql", "CREATE TYPE mood AS ENUM ('ok', 'sad');\n"),
            (
                "20240201_enum/migration.sql",
                &format!(
                    "-- AlterEnum\nBEGIN;\n{enums}\nCOMMIT;\n\n-- CreateTable\nCREATE TABLE item (id int);\n"
                ),
            ),
            ("20240301_whole/migration.sql", "BEGIN;\nALTER TABLE item ADD note text;\nCOMMIT;\n"),
        ],
    );
    project.run(&["import", "--from", "prisma", "--service", "imp_several", "old"]).expect(0);
    let begins = |version: &str| {
        project
            .read(&format!("imp_several/migrations/{version}.sql"))
            .starts_with("-- martydb: no-transaction\n")
    };
    assert!(begins("V20240201__enum") && !begins("V20240301__whole"));
    project.run(&["validate"]).expect(0);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(server().value("imp_several", "SELECT array_to_string(enum_range(NULL::mood), ',')"), "ok");
}

#[test]
fn a_baseline_without_predecessors_is_the_first_migration() {
    let import = |service: &'static str, files: &[(&str, &str)], code| {
        let project = project(service, "");
        write(&project, files);
        let done = project.json(&["import", "--from", "flyway", "--service", service, "old"], code);
        (project, done)
    };
    let (project, _) = import(
        "imp_base",
        &[("B1_20__all.sql", UP1), ("V1_21__note.sql", UP2), ("V2__other.sql", "SELECT 1;\n")],
        0,
    );
    assert_eq!(files(&project, "imp_base"), ["V1__all.sql", "V2__note.sql", "V3__other.sql"]);
    let (_, done) = import("imp_late", &[("V1__a.sql", UP1), ("B1__all.sql", UP1), ("V2__b.sql", UP2)], 2);
    assert_eq!(done["left_out"][0]["file"], "B1__all.sql", "{done:#}");
}

#[test]
fn a_sqitch_plan_names_reworked_and_missing_scripts() {
    let project = project("imp_plan", "");
    let plan = "%project=shop\nviews 2024-01-01T00:00:00Z A <a@b.c>\n@v1 2024-01-02T00:00:00Z A <a@b.c>\n\
                views [views@v1] 2024-01-03T00:00:00Z A <a@b.c>\n";
    let old = ("deploy/views@v1.sql", "CREATE VIEW one AS SELECT 1 AS a;\n");
    let new = ("deploy/views.sql", "CREATE OR REPLACE VIEW one AS SELECT 2 AS a;\n");
    let import = ["import", "--from", "sqitch", "--service", "imp_plan", "old"];
    write(&project, &[new]);
    let unordered = project.run(&import).expect(2);
    assert!(
        unordered.said().contains("sqitch.plan: is missing: it has the order of the changes"),
        "{unordered:?}"
    );
    write(&project, &[("sqitch.plan", plan)]);
    let refused = project.run(&import).expect(2);
    assert!(refused.said().contains("contains the change views, which has no file in deploy"), "{refused:?}");
    // Files that the plan does not name are not read.
    let unplanned = ("deploy/more.sql", "\\i other.sql\n");
    write(&project, &[old, unplanned, ("deploy/views.sql", "\\connect other\n")]);
    let psql = project.run(&import).expect(2);
    assert!(psql.said().contains("deploy/views.sql:1:1: uses \\connect of psql"), "{psql:?}");
    assert!(!psql.said().contains("more.sql"), "{psql:?}");
    write(&project, &[new]);
    let written = project.run(&import).expect(0);
    assert!(written.stdout.contains("2 migrations, 0 down files written"), "{written:?}");
    let names = ["V1__views_v1.sql", "V2__views.sql"];
    assert_eq!(files(&project, "imp_plan"), names);
    assert!(project.read(&format!("imp_plan/migrations/{}", names[0])).contains("SELECT 1"));
    assert!(written.stdout.contains("declare `migrations: { down: none }`"), "{written:?}");
}

#[test]
fn a_file_of_another_tool_is_refused_with_its_name() {
    let project = project("imp_other", "");
    write(&project, &[("1_a.sql", "CREATE TABLE a ();\n-- +migrate Down\nDROP TABLE a;\n")]);
    let done = project.json(&["import", "--from", "sqlx", "--service", "imp_other", "old"], 2);
    let left = &done["left_out"][0];
    assert_eq!(
        (&left["what"], &left["line"]),
        (&"has a marker of sql-migrate".into(), &2.into()),
        "{done:#}"
    );
}

#[test]
fn ruby_migrations_are_listed_with_an_alternative() {
    let project = project("imp_rails", "");
    write(
        &project,
        &[("20240101000000_create_users.rb", "class CreateUsers < ActiveRecord::Migration[7.1]\nend\n")],
    );
    let said = project.run(&["import", "--from", "rails", "--service", "imp_rails", "old"]).expect(2);
    assert!(said.stdout.contains("20240101000000_create_users.rb: is code"), "{}", said.stdout);
    assert!(said.stdout.contains("martydb baseline --service imp_rails --from-database"), "{}", said.stdout);
}

#[test]
fn a_folder_without_migrations_and_an_unknown_tool_are_refused() {
    let project = project("imp_empty", "");
    project.write("old/README.md", "nothing");
    let refused = project.run(&["import", "--from", "sqlx", "--service", "imp_empty", "old"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    error: old contains no migrations of sqlx
    hint: specify the folder that contains the migrations themselves
    ");
    let refused = project.run(&["import", "--from", "sqlx", "--service", "imp_empty", "gone"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    error: cannot read gone
    caused by: No such file or directory
    hint: name the folder that contains the other tool's migrations
    ");
    let refused = project.run(&["import", "--from", "ruby", "--service", "imp_empty", "old"]).expect(2);
    insta::assert_snapshot!(refused.shown(), @r"
    error: invalid value 'ruby' for '--from <TOOL>'
      [possible values: diesel, sqlx, goose, dbmate, sql-migrate, golang-migrate, updown, flyway, prisma, alembic, node-pg-migrate, sqitch, liquibase, rails]

    For more information, try '--help'.
    ");
}

#[test]
fn links_in_the_imported_project_copy_no_file_from_outside() {
    let project = project("imp_link", "");
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "SELECT 'a secret';\n").unwrap();
    write(
        &project,
        &[("V1__a.sql", "SELECT 1;\n"), ("deep/V2__b.sql", "SELECT 2;\n"), ("notes.txt", "no migration")],
    );
    let old = project.path().join("old");
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, old.join(name)).unwrap();
    link(secret.path(), "V3__out.sql");
    link(Path::new("V1__a.sql"), "V4__within.sql");
    link(Path::new("/proc"), "deep/proc");
    link(Path::new("/dev/zero"), "zero.txt");
    assert!(std::process::Command::new("mkfifo").arg(old.join("V5__pipe.sql")).status().unwrap().success());
    let import = ["import", "--from", "flyway", "--service", "imp_link", "old"];
    let document = project.json(&import, 2);
    assert_eq!(document["outcome"], "stopped");
    let left: Vec<_> =
        document["left_out"].as_array().unwrap().iter().map(|one| (&one["file"], &one["what"])).collect();
    assert_eq!(
        serde_json::to_value(left).unwrap(),
        serde_json::json!([
            ["V3__out.sql", "is a link that leads out of the folder"],
            ["V5__pipe.sql", "is not a plain file"],
            ["deep/proc", "is a link to a folder, which is not followed"],
        ])
    );
    let document = project.json(&[&import[..], &["--skip"]].concat(), 0);
    assert_eq!(document["outcome"], "written");
    assert_eq!(files(&project, "imp_link"), ["V1__a.sql", "V2__b.sql", "V4__within.sql"]);
}
