//! Settings that remain on a database or on every login: no command of martydb depends on them.

use crate::support::{Project, Server, can_dump};

const LEFT: &[&str] = &[
    "default_transaction_read_only = on",
    "default_transaction_isolation = 'serializable'",
    "default_transaction_deferrable = on",
    "standard_conforming_strings = off",
    "array_nulls = off",
    "quote_all_identifiers = on",
    "client_min_messages = 'debug1'",
    "DateStyle = 'SQL, DMY'",
    "TimeZone = 'America/St_Johns'",
    "IntervalStyle = 'sql_standard'",
    "row_security = off",
    "bytea_output = 'escape'",
    "extra_float_digits = -15",
    "xmloption = 'document'",
    "check_function_bodies = off",
    "statement_timeout = '30s'",
    "lock_timeout = '30s'",
    "idle_in_transaction_session_timeout = '30s'",
];

/// Leaves every setting, on the database and for all roles.
fn leave(server: &Server, database: &str) {
    let on =
        |setting: &&str| format!("ALTER DATABASE {database} SET {setting}; ALTER ROLE ALL SET {setting};");
    let all: String = LEFT.iter().map(on).collect();
    server.sql("postgres", &format!("SET transaction_read_only = off; {all}"));
}

#[test]
fn settings_left_behind_stop_no_command() {
    let server = Server::start();
    let url = server.url();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: ods\nservers:\n  main:\n    url: {url}\nbackup: {{ to: ./backups }}\nservices:\n  ods: {{}}\n"
    ));
    let up = "CREATE TABLE \"Item\" (id int PRIMARY KEY, at timestamptz DEFAULT '2026-03-04 05:06:07+00', path text, raw bytea, list text[]);\n\
              INSERT INTO \"Item\" (id, path, raw, list) VALUES (1, 'a\\b', '\\x00ff', '{x,NULL}');\n";
    project.write("ods/migrations/V1__item.sql", up);
    project.write("ods/migrations/V1__item.down.sql", "DROP TABLE \"Item\";\n");
    project.run(&["apply", "--all", "-y"]).expect(0);
    leave(&server, "ods");
    for command in [
        &["upgrade", "--all"][..],
        &["downgrade", "ods", "--to", "0", "-y"],
        &["upgrade", "--all"],
        &["verify-down", "ods"],
    ] {
        project.run(command).expect(0);
    }
    let row =
        "SELECT path || encode(raw, 'hex') || extract(epoch FROM at) || coalesce(list[2], '-') FROM \"Item\"";
    let held = server.value("ods", row);
    assert_eq!(held, "a\\b00ff1772600767.000000-");
    if can_dump(&server) {
        project.run(&["backup", "ods"]).expect(0);
        let id =
            project.run(&["backup", "list", "-s", "ods", "-o", "name"]).expect(0).stdout.trim().to_owned();
        project.run(&["backup", "verify", &id]).expect(0);
        project.run(&["restore", "ods", "--from", &id, "-y"]).expect(0);
        assert_eq!(server.value("ods", row), held);
        leave(&server, "ods");
        project.run(&["squash", "ods", "--to", "1"]).expect(0);
    }
    for command in
        [&["test-db", "ods"][..], &["diff", "ods", "--from", "files", "--to", "database"], &["rotate", "ods"]]
    {
        project.run(command).expect(0);
    }
    leave(&server, "ods");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    // The database that the restore replaced is closed.
    if can_dump(&server) {
        let kept = project.run(&["drop", "--service", "ods", "--confirm", "ods"]).expect(1).stderr;
        assert!(kept.contains("`martydb restore ods --discard-old -y`"), "{kept}");
        leave(&server, "ods");
        project.run(&["restore", "ods", "--discard-old", "-y"]).expect(0);
    }
    project.run(&["drop", "--service", "ods", "--confirm", "ods"]).expect(0);
}
