use super::*;

fn files(all: &[(&str, &str)]) -> Vec<SourceFile> {
    let file = |(path, text): &(&str, &str)| SourceFile { path: (*path).into(), bytes: (*text).into() };
    all.iter().map(file).collect()
}

fn imported(tool: &str, all: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let imported = gather(Tool::find(tool).unwrap(), &files(all));
    let script =
        |script: &SqlText| format!("{}{}", if script.alone { "alone " } else { "" }, script.text.trim_end());
    let line = |one: &ImportedMigration| {
        format!(
            "V{}__{} {} | {}",
            one.version,
            one.name,
            script(&one.up),
            one.down.as_ref().map_or("-".into(), script)
        )
    };
    let carried = imported.carried.iter().map(line).collect();
    (carried, imported.left_out.iter().map(ToString::to_string).collect())
}

#[test]
fn halves_are_put_together_and_ordered_by_number() {
    let (carried, left) = imported(
        "golang-migrate",
        &[
            ("10_c.up.sql", "c"),
            ("2_b.down.sql", "-b"),
            ("2_b.up.sql", "CREATE INDEX CONCURRENTLY i ON t (a);"),
            ("3_x.down.sql", "x"),
        ],
    );
    assert_eq!(carried, ["V2__b alone CREATE INDEX CONCURRENTLY i ON t (a); | -b", "V10__c c | -"]);
    assert_eq!(left, ["3_x.down.sql: undoes a missing migration"]);
}

#[test]
fn settings_beside_a_file_hold_for_both_directions() {
    let (carried, left) = imported(
        "diesel",
        &[
            ("00000000000000_initial/up.sql", "a"),
            ("2022-04-26-1_b/down.sql", "d"),
            ("2022-04-26-1_b/metadata.toml", "run_in_transaction = false\n"),
            ("2022-04-26-1_b/up.sql", "u"),
        ],
    );
    assert_eq!(carried, ["V1__initial a | -", "V202204261__b alone u | alone d"]);
    assert_eq!(left, [""; 0]);
    let (carried, left) = imported(
        "flyway",
        &[("V1__a.sql", "${x}"), ("V2__b.sql", "${y}"), ("V2__b.sql.conf", "placeholderReplacement=false")],
    );
    assert_eq!(carried, ["V2__b ${y} | -"]);
    assert_eq!(left, ["V1__a.sql:1:1: contains a Flyway placeholder"]);
}

#[test]
fn versions_are_ordered_as_the_tool_compares_them() {
    // Diesel compares texts: https://docs.rs/diesel/latest/diesel/migration/struct.MigrationVersion.html
    let (carried, left) = imported(
        "diesel",
        &[
            ("2018-07-24-000000_a/up.sql", "a"),
            ("2020-12-7-190800_c/up.sql", "c"),
            ("2020-11-07-190800_b/up.sql", "b"),
            ("2022-03-09-07000_d/up.sql", "d"),
            ("2023-05-23-1715-e_f/up.sql", "e"),
        ],
    );
    assert_eq!(carried, ["V1__a a | -", "V2__b b | -", "V3__c c | -", "V4__d d | -", "V5__f e | -"]);
    assert_eq!(left, [""; 0]);
    // sql-migrate compares the numbers before the names.
    let text = "-- +migrate Up\nx";
    let (carried, _) = imported("sql-migrate", &[("10_c.sql", text), ("2_b.sql", text), ("1_a.sql", text)]);
    assert_eq!(carried, ["V1__a x | -", "V2__b x | -", "V10__c x | -"]);
}

#[test]
fn a_begin_at_the_start_or_a_commit_at_the_end_is_left_out_without_the_other() {
    for (text, expected) in [
        ("a;\ncommit;\n", "V1__x a;"),
        ("a; END WORK -- so\n;\n-- so", "V1__x a;"),
        ("a;\nCOMMIT;\nb;", "V1__x a;\nCOMMIT;\nb;"),
        ("BEGIN;\na;\nCOMMIT;", "V1__x BEGIN;\na;\nCOMMIT;"),
        ("DO $$ BEGIN COMMIT; END $$;", "V1__x DO $$ BEGIN COMMIT; END $$;"),
        ("-- so\nBEGIN;\na;", "V1__x -- so\n\na;"),
        ("start transaction read only; a;", "V1__x  a;"),
        ("a;\nBEGIN;\nb;", "V1__x a;\nBEGIN;\nb;"),
        ("BEGIN;\na;\nROLLBACK;", "V1__x BEGIN;\na;\nROLLBACK;"),
    ] {
        let (carried, left) = imported("flyway", &[("V1__x.sql", text)]);
        assert!(carried[0].starts_with(expected), "{text}: {carried:?}");
        assert_eq!(carried[0].to_lowercase().contains("commit"), expected.to_lowercase().contains("commit"));
        assert_eq!(left, [""; 0]);
    }
}

#[test]
fn files_without_a_number_are_numbered_in_the_tools_order() {
    let (carried, _) = imported("prisma", &[("a/migration.sql", "\n\n  1\n\n"), ("b/migration.sql", "2")]);
    assert_eq!(carried, ["V1__a   1 | -", "V2__b 2 | -"]);
}

/// A folder without its SQL file is a migration that the tool, or a runner beside it, has in code.
#[test]
fn folders_of_code_are_named() {
    for (tool, sql, code, helper) in [
        ("prisma", "20240101_a/migration.sql", "20240102_b/migration.ts", "20240101_a/fill.ts"),
        ("diesel", "2024-01-01-000000_a/up.sql", "2024-01-02-000000_b/up.rs", "2024-01-01-000000_a/notes.rs"),
    ] {
        let (carried, left) = imported(tool, &[(sql, "a"), (code, "x"), (helper, "x")]);
        assert_eq!(carried.len(), 1, "{tool}: {carried:?}");
        assert!(left.len() == 1 && left[0].starts_with(code), "{tool}: {left:?}");
    }
}

#[test]
fn bytes_and_versions_that_cannot_be_kept_are_named() {
    let mut all = files(&[("1_a.sql", "\u{feff}a"), ("01_b.sql", "b"), ("2_c.sql", "x\n")]);
    all[2].bytes.push(0xff);
    let imported = gather(Tool::find("sqlx").unwrap(), &all);
    assert_eq!(imported.carried[0].up.text, "a\n");
    let left: Vec<_> = imported.left_out.iter().map(ToString::to_string).collect();
    assert_eq!(left, ["01_b.sql: has the version 1 of another file", "2_c.sql:2:1: is not UTF-8 here"]);
}

#[test]
fn names_without_a_version_are_as_their_tool_reads_them() {
    let all = files(&[("V1__a.sql", "a"), ("NTV2__b.sql", "b")]);
    let flyway = gather(Tool::find("flyway").unwrap(), &all);
    assert_eq!((flyway.carried.len(), flyway.left_out.len()), (1, 0));
    assert_eq!(flyway.notes, ["NTV2__b.sql: left out: flyway ignores a file with such a name"]);
    let (carried, left) = imported("goose", &[("1_a.sql", "-- +goose Up\na"), ("seed.sql", "b")]);
    assert_eq!((carried.len(), left), (1, vec!["seed.sql: has no version in its name".to_owned()]));
    // sql-migrate's key is the whole name, so that two files may begin with one number.
    let up = "-- +migrate Up\nSELECT 1;";
    let (carried, left) = imported(
        "sql-migrate",
        &[("grants.sql", up), ("2023-03-07.1.b.sql", up), ("2023-03-07.0.a.sql", up), ("9.sql", up)],
    );
    let names: Vec<_> = carried.iter().filter_map(|one| one.split(' ').next()).collect();
    assert_eq!(names, ["V1__migration", "V2__03_07_0_a", "V3__03_07_1_b", "V4__grants"]);
    assert_eq!(left, [""; 0]);
}
