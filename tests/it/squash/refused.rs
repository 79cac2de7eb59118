//! States that a checkpoint refuses, and databases that do not fit it.

use super::{applied, can_dump, checkpoint, files, fresh, service};
use crate::support::Server;

#[test]
fn a_database_between_squashed_versions_is_refused_without_the_files() {
    let server = Server::start();
    let project = service(&server, "sqm");
    if !can_dump(&server, &project, "sqm") {
        return;
    }
    project.run(&["downgrade", "--all", "--to", "2", "-y"]).expect(0);
    let kept: Vec<(String, String)> = files(&project, "sqm")
        .into_iter()
        .map(|name| format!("sqm/migrations/{name}"))
        .map(|name| (name.clone(), project.read(&name)))
        .collect();
    project.run(&["squash", "-s", "sqm", "--to", "3", "--remove"]).expect(0);
    let before = applied(&server, "sqm");
    let done = project.run(&["upgrade", "--all"]).expect(3);
    insta::assert_snapshot!(done.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    sqm  2  2  0  divergent
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    sqm:
    error: sqm: files and database history differ
    caused by: V3__seen is not applied, and only the checkpoint C3 contains it, which a database with a history cannot run
    hint: restore the files up to V3 from the commit before the squash, run `martydb upgrade --service sqm --to 3`, and return to this commit
    ");
    assert!(done.said().contains("martydb upgrade --service sqm --to 3"), "{done:?}");
    let status = project.json(&["status"], 0);
    assert_eq!(status["services"][0]["state"], "divergent", "{status:#}");
    assert_eq!(applied(&server, "sqm"), before);
    // The way that it names.
    for (name, text) in kept {
        project.write(&name, &text);
    }
    project.run(&["upgrade", "-s", "sqm", "--to", "3"]).expect(0);
    project.run(&["upgrade", "-s", "sqm"]).expect(0);
    assert_eq!(applied(&server, "sqm"), applied(&server, &fresh(&project, "sqm")));
}

#[test]
fn an_edited_checkpoint_or_file_is_refused_before_anything_connects() {
    let server = Server::start();
    let project = service(&server, "sqe");
    if !can_dump(&server, &project, "sqe") {
        return;
    }
    project.run(&["squash", "-s", "sqe", "--to", "3"]).expect(0);
    let text = project.read(&checkpoint("sqe", 3));
    for (from, to) in
        [("Riga", "Rīga"), ("V1__country", "V1__countries"), ("-- checkpoint ", "-- checkpoint 0")]
    {
        assert!(text.contains(from), "{text}");
        project.write(&checkpoint("sqe", 3), &text.replace(from, to));
        let done = project.run(&["validate"]).expect(2);
        assert!(done.said().contains("was edited after `martydb squash` wrote it"), "{from}: {done:?}");
        project.run(&["upgrade", "--all"]).expect(2);
        project.run(&["test-db", "-s", "sqe"]).expect(2);
    }
    project.write(&checkpoint("sqe", 3), "CREATE TABLE t (a int);");
    assert!(project.run(&["validate"]).expect(2).said().contains("is not a checkpoint"));
    // As version control may write it.
    project.write(&checkpoint("sqe", 3), &text.replace('\n', "\r\n"));
    project.run(&["validate"]).expect(0);
    project.write(&checkpoint("sqe", 3), &text);
    let city = project.read("sqe/migrations/V2__city.sql");
    project.write("sqe/migrations/V2__city.sql", &format!("{city}\n-- later"));
    let done = project.run(&["validate"]).expect(2);
    assert!(done.said().contains("is not the file that C3__checkpoint.sql replaces"), "{done:?}");
    project.write("sqe/migrations/V2__city.sql", &city);
    project.write("sqe/migrations/C2__checkpoint.sql", &text);
    assert!(project.run(&["validate"]).expect(2).said().contains("is older than C3__checkpoint.sql"));
}

#[test]
fn a_database_of_other_files_is_refused() {
    let server = Server::start();
    let project = service(&server, "sqh");
    if !can_dump(&server, &project, "sqh") {
        return;
    }
    project.run(&["squash", "-s", "sqh", "--to", "3", "--remove"]).expect(0);
    server.sql("sqh", "UPDATE martydb.refinery_schema_history SET checksum = '1' WHERE version = 2");
    let done = project.run(&["upgrade", "--all"]).expect(3);
    insta::assert_snapshot!(done.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    sqh  4  4  0  divergent
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION

    sqh:
    error: sqh: files and database history differ
    caused by: V2__city is applied, and is not the V2 that C3 replaces
    hint: the checkpoint replaces other files than this database's: squash those applied here, or restore them and remove C3__checkpoint.sql
    ");
    project.run(&["status", "--check"]).expect(3);
    project.run(&["repair", "-s", "sqh", "--reason", "x", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(3);
}

#[test]
fn contents_that_a_checkpoint_cannot_have_are_refused() {
    let server = Server::start();
    let project = service(&server, "sqr");
    if !can_dump(&server, &project, "sqr") {
        return;
    }
    let migration = "sqr/migrations/V5__odd.sql";
    project.write("sqr/migrations/V5__odd.down.sql", "SELECT 1;");
    project.write(migration, "CREATE TABLE many AS SELECT generate_series(1, 10001) AS n;");
    let before = files(&project, "sqr");
    let done = project.run(&["squash", "-s", "sqr", "--to", "5", "--remove"]).expect(1);
    insta::assert_snapshot!(done.shown(), @r"
    error: the files write 10005 rows, but a checkpoint can contain at most 10000
    caused by: public.many: 10001 rows
    caused by: public.city: 2 rows
    caused by: public.country: 2 rows
    hint: squash to an earlier version, or load the rows without migrations
    ");
    assert_eq!(files(&project, "sqr"), before);
    project.write(migration, "REVOKE INSERT ON city FROM sqr_app;");
    let done = project.run(&["squash", "-s", "sqr", "--to", "5", "--remove"]).expect(3);
    insta::assert_snapshot!(done.shown(), @r"
    error: the checkpoint and the files create different databases
    caused by: table public.city differs
      before: no such GRANT
      after:  GRANT INSERT TO sqr_app
    hint: `before` is the result of the files, `after` of FOLDER/sqr/migrations/.martydb-squash/C5__checkpoint.sql
    hint: a checkpoint does not contain privileges that migrations grant or revoke: move them into a repeatable migration
    ");
    assert!(done.stderr.contains("repeatable migration"), "{done:?}");
    let mut with_draft = before.clone();
    with_draft.insert(0, ".martydb-squash".into());
    assert_eq!(files(&project, "sqr"), with_draft);
    project.write(migration, "SELECT nothing;");
    let done = project.run(&["squash", "-s", "sqr", "--to", "5"]).expect(1);
    insta::assert_snapshot!(done.shown(), @r#"
    error: cannot build a new database from the files
    caused by: V5__odd failed at FOLDER/sqr/migrations/V5__odd.sql:1:8
    caused by: column "nothing" does not exist (SQLSTATE 42703)
    caused by: LINE 1: SELECT nothing;
      ^
    "#);
    project.run(&["validate"]).expect(0);
    assert_eq!(
        server.sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'martydb%'").len(),
        0
    );
}
