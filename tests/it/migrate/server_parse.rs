//! The server parses all due files before the first of them runs.

use crate::support::{Admin, Project, Server, as_both_admins};

as_both_admins!(a_statement_that_the_server_refuses_stops_the_run_before_its_first_file, |admin| {
    let server = Server::for_admin(admin);
    let project = Project::new_as(&server, admin, "spa");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let state = "SELECT concat_ws(' ', to_regclass('early'), (SELECT max(id) FROM martydb.history), (SELECT count(*) FROM pg_proc WHERE proname = 'martydb_parse'))";
    let before = server.value("spa_a", state);
    let file = |name: &str, text: &str| project.write(&format!("spa_a/migrations/{name}"), text);
    file("V11__early.sql", "CREATE TABLE early (note text);\nSELECT 'a file may end in a comment' -- so");
    file("V11__early.down.sql", "DROP TABLE early;");
    let late =
        "-- martydb: no-transaction\nINSERT INTO early VALUES ('ä');\nALTER TABLE early\n  ÄNDERE note;\n";
    file("V12__late.sql", late);
    file("V12__late.down.sql", "SELECT 1;");
    for command in
        [&["upgrade", "-s", "spa_a"][..], &["test-db", "-s", "spa_a"], &["verify-down", "-s", "spa_a"]]
    {
        let done = project.run(command).expect(1);
        let said = done.said();
        assert!(said.contains("V12__late.sql:4:3"), "{command:?}: {said}");
        assert!(said.contains("syntax error at or near \"ÄNDERE\"") && said.contains("42601"), "{said}");
        assert_eq!(server.value("spa_a", state), before, "{command:?}");
    }
    // An open parenthesis at the end of one file, and what the next begins with.
    file("V12__late.sql", "SELECT (1;");
    let said = project.run(&["upgrade", "-s", "spa_a"]).expect(1).said();
    assert!(said.contains("V12__late.sql:1:10"), "{said}");
    file("V12__late.sql", "SELECT note, 'one\n;\n$martydb0$ \\ ' FROM early");
    file("R__late.sql", "CREATE VIEW AS SELECT 1;");
    let said = project.run(&["upgrade", "-s", "spa_a"]).expect(1).said();
    assert!(said.contains("R__late.sql:1:13"), "{said}");
    assert_eq!(server.value("spa_a", state), before);

    // Without TEMPORARY the server cannot be asked first: the files run as before.
    file("R__late.sql", "CREATE OR REPLACE VIEW late AS SELECT 1 AS one;");
    server.sql("postgres", "REVOKE TEMPORARY ON DATABASE spa_a FROM PUBLIC, spa_a_owner, spa_a_app");
    project.run(&["upgrade", "-s", "spa_a"]).expect(0);
    assert_ne!(server.value("spa_a", state), before);
});
