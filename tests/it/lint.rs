//! `lint` from the command line: what is applied is asked of the databases.

use crate::support::{Project, Server};

#[test]
fn lint_checks_only_pending_files_and_knows_tables_in_use() {
    let server = Server::start();
    let project = Project::new(&server, "lint");
    let fresh = project.run(&["lint"]).expect(0);
    assert_eq!(fresh.stdout, "4 pending files checked, no dangerous statements.\n");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    server.sql("lint_a", "INSERT INTO item (name) SELECT repeat('x', 100) FROM generate_series(1, 20000)");
    let file = "lint_a/migrations/V3__more.sql";
    project.write(file, "-- why\nCREATE INDEX item_more_idx\n  ON item (name);\n");
    let found = project.json(&["lint"], 3);
    let one = &found["services"][0]["findings"][0];
    assert_eq!((&one["rule"], &one["line"]), (&"require-concurrent-index-creation".into(), &2.into()));
    project.run(&["lint", "--since", "0"]).expect(0);
    project.run(&["lint", "--since", "2"]).expect(3);
    let warned = project.run(&["upgrade", "--service", "lint_a"]).expect(0);
    assert!(
        warned.stderr.contains("V3__more.sql:2:1: require-concurrent-index-creation"),
        "{}",
        warned.stderr
    );
    project.run(&["lint"]).expect(0);

    project.write("lint_a/migrations/V4__x.sql", "-- martydb: allow ban-drop-tabel: x\nDROP TABLE item;\n");
    let wrong = project.run(&["lint"]).expect(2);
    insta::assert_snapshot!(wrong.shown(), @r#"error: FOLDER/lint_a/migrations/V4__x.sql: "ban-drop-tabel" is not a rule of lint; did you mean ban-drop-table?"#);
    project.write("lint_a/migrations/V4__x.sql", "DROP TABLE item;\n");
    project.run(&["lint"]).expect(3);
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &format!("{manifest}defaults:\n  lint: {{ disable: [ban-drop-table] }}\n"));
    project.run(&["lint"]).expect(0);
    project.write("martydb.yaml", &format!("{manifest}defaults:\n  lint: {{ disable: [ban-drop-tabel] }}\n"));
    project.run(&["lint"]).expect(2);
}

#[test]
fn lint_reads_the_sizes_of_tables_from_the_server() {
    let server = Server::start();
    let project = Project::new(&server, "lintsize");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let file = "lintsize_a/migrations/V3__more.sql";
    project.write(file, "CREATE INDEX more_idx ON item (name);\nDROP INDEX item_name_idx;\n");
    let found = project.json(&["lint", "-s", "lintsize_a"], 0);
    let findings = found["services"][0]["findings"].as_array().unwrap();
    assert!(findings.len() == 2 && findings.iter().all(|one| one["severity"] == "note"), "{found:#}");
    let text = project.run(&["lint", "-s", "lintsize_a"]).expect(0).stdout;
    assert!(text.contains("note: ") && text.contains("(the table is small: "), "{text}");
    // Offline, any table may be large.
    project.run(&["lint", "-s", "lintsize_a", "--since", "2"]).expect(3);
    server
        .sql("lintsize_a", "INSERT INTO item (name) SELECT repeat('x', 100) FROM generate_series(1, 20000)");
    let found = project.json(&["lint", "-s", "lintsize_a"], 3);
    assert_eq!(found["services"][0]["findings"][1]["severity"], "danger", "{found:#}");
}

#[test]
fn a_syntax_error_is_found_without_a_server() {
    let server = Server::start();
    let project = Project::new(&server, "syntax");
    let (up, down) = ("syntax_a/migrations/V3__bad.sql", "syntax_a/migrations/V3__bad.down.sql");
    project.write(up, "SELECT 1;\nCREATE TABLE q (\n  id int,,\n  b int);\n");
    project.write(down, "DROP TABEL q;\n");
    let said = project.run(&["validate"]).expect(2).stdout;
    assert!(said.contains("V3__bad.sql:3:10: syntax error at "), "{said}");
    assert!(said.contains("V3__bad.down.sql:1:1: syntax error at "), "{said}");
    project.run(&["lint", "--since", "0"]).expect(3);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let dry = project.json(&["upgrade", "-s", "syntax_a", "--dry-run"], 2);
    let cause = dry["services"][0]["error"]["causes"][0].as_str().unwrap();
    assert!(cause.contains("V3__bad.sql:3:10: syntax error at "), "{dry:#}");
    project.write(
        up,
        "-- martydb: allow syntax-error: a grammar that only the server knows\nCREATE TABLE q (id int);\n",
    );
    project.write(down, "DROP TABLE q;\n");
    project.run(&["validate"]).expect(0);
    project.run(&["upgrade", "-s", "syntax_a"]).expect(0);
    assert!(project.run(&["explain", "syntax-error"]).expect(0).stdout.contains("PostgreSQL's grammar"));
}

#[test]
fn objects_that_may_exist_are_judged_by_the_server() {
    let server = Server::start();
    let project = Project::new(&server, "lintknows");
    project.write("lintknows_a/migrations/V3__if.sql", "CREATE TABLE IF NOT EXISTS other (a int);\n");
    project.write("lintknows_a/migrations/V3__if.down.sql", "DROP TABLE other;\n");
    project.write("lintknows_a/migrations/V4__drop.sql", "DROP TABLE other;\nALTER TABLE item FROBNICATE;\n");
    project.write("lintknows_a/migrations/V4__drop.down.sql", "SELECT 1;\n");
    let offline = project.run(&["lint", "-s", "lintknows_a", "--since", "2"]).expect(3).stdout;
    assert!(
        offline.contains("V4__drop.sql:1:1: ban-drop-table") && offline.contains("only if it does not exist"),
        "{offline}"
    );
    assert!(
        offline.contains("note: ") && offline.contains("V4__drop.sql:2:18: syntax-error: not checked: "),
        "{offline}"
    );
    assert!(!offline.contains("_KW"), "{offline}");
    let valid = project.run(&["validate", "-s", "lintknows_a"]).expect(0).stdout;
    assert!(valid.contains("note: ") && valid.contains("V4__drop.sql:2:18: not checked: "), "{valid}");
    project.run(&["lint", "-s", "lintknows_a", "--since", "0"]).expect(0);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "-s", "lintknows_a", "--to", "2"]).expect(0);
    project.run(&["lint", "-s", "lintknows_a"]).expect(0);
    server.sql("lintknows_a", "CREATE TABLE other (a int)");
    project.run(&["lint", "-s", "lintknows_a"]).expect(3);
    project.write("lintknows_a/migrations/V4__drop.sql", "GRANT SELECT ON item TO lintknows_b_app;\n");
    let found = project.json(&["lint", "-s", "lintknows_a"], 3);
    assert_eq!(found["services"][0]["findings"][0]["rule"], "grant-to-other-service", "{found:#}");
}
