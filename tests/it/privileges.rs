//! The four roles have exactly the privileges of the contract.

use crate::support::{Project, Server};

#[test]
fn tables_of_a_migration_belong_to_the_owner_and_are_usable_by_app_and_readonly() {
    let server = Server::start();
    let project = Project::new(&server, "priv");
    let _ = project.run(&["init-all", "-y"]).expect(0);
    let database = "priv_a";
    let owner = server.value(database, "SELECT relowner::regrole FROM pg_class WHERE relname = 'item'");
    assert_eq!(owner, "priv_a_owner");
    let (app, readonly, migrator) =
        (project.password("priv_a_app"), project.password("priv_a_ro"), project.password("priv_a_migrator"));
    let as_app = |sql| server.sql_as("priv_a_app", &app, database, sql);
    let as_readonly = |sql| server.sql_as("priv_a_ro", &readonly, database, sql);

    as_app("INSERT INTO item (name) VALUES ('x')").unwrap();
    assert_eq!(as_app("UPDATE item SET name = 'y' RETURNING name").unwrap(), [["y"]]);
    assert_eq!(as_readonly("SELECT name FROM item").unwrap(), [["y"]]);

    let refused = Err("42501".to_owned());
    for sql in [
        "DROP TABLE item",
        "TRUNCATE item",
        "ALTER TABLE item ADD x int",
        "CREATE TABLE mine (x int)",
        "CREATE SCHEMA mine",
        "CREATE INDEX ON item (id)",
        "SET ROLE priv_a_owner",
        "SELECT * FROM martydb.refinery_schema_history",
        "SELECT * FROM martydb.history",
    ] {
        assert_eq!(as_app(sql), refused, "app: {sql}");
    }
    for sql in [
        "INSERT INTO item (name) VALUES ('x')",
        "UPDATE item SET name = 'z'",
        "DELETE FROM item",
        "SELECT nextval(pg_get_serial_sequence('item', 'id'))",
        "CREATE TEMP TABLE t (x int)",
        "CREATE TABLE mine (x int)",
        "SELECT * FROM martydb.history",
    ] {
        assert_eq!(as_readonly(sql), refused, "readonly: {sql}");
    }
    let who = server.sql_as("priv_a_migrator", &migrator, database, "SELECT current_user, session_user");
    assert_eq!(who.unwrap(), [["priv_a_owner", "priv_a_migrator"]]);
}

#[test]
fn functions_and_types_are_closed_to_public() {
    let server = Server::start();
    let project = Project::new(&server, "pub");
    project.write(
        "pub_a/migrations/V3__function.sql",
        "CREATE FUNCTION two() RETURNS int LANGUAGE sql RETURN 2;\nCREATE TYPE mood AS ENUM ('ok');\n"
            .replace("RETURN 2", "AS 'SELECT 2'")
            .as_str(),
    );
    project.write("pub_a/migrations/V3__function.down.sql", "DROP FUNCTION two();\nDROP TYPE mood;\n");
    let _ = project.run(&["init-all", "-y"]).expect(0);
    let acl = |sql| server.value("pub_a", sql);
    assert!(
        !acl("SELECT proacl::text FROM pg_proc WHERE proname = 'two'").contains("{=X"),
        "PUBLIC may execute"
    );
    assert_eq!(acl("SELECT has_function_privilege('pub_a_app', 'two()', 'EXECUTE')::text"), "true");
    assert_eq!(acl("SELECT has_function_privilege('pub_a_ro', 'two()', 'EXECUTE')::text"), "false");
    assert_eq!(acl("SELECT has_type_privilege('pub_b_app', 'mood', 'USAGE')::text"), "false");
    let _ = project.run(&["plan", "--check"]).expect(0);
}
