//! Every extension of the machine's PostgreSQL in one database: no command takes a member for an object of the service.

use super::{installable, service};
use crate::support::{Server, can_dump};

#[test]
fn a_database_with_every_extension_is_new_to_each_command() {
    let server = Server::start();
    let mut all = installable(&server);
    assert!(all.iter().any(|name| name == "tablefunc") && all.len() > 30, "{all:?}");
    if !all.iter().any(|name| name == "postgis") {
        eprintln!("not tried: PostGIS is not installed here");
    }
    // Its tables hold rows, and only a superuser may read them.
    all.extend(
        server
            .sql(
                "postgres",
                "SELECT name FROM pg_available_extensions WHERE name = 'address_standardizer_data_us'",
            )
            .concat(),
    );
    let list = format!("[{}]", all.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", "));
    let project = service(&server, "exa", &list);
    let up = "CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name citext UNIQUE, place cube);\n\
        CREATE TYPE pair AS (a integer, b hstore);\nCREATE INDEX item_place ON item USING gist (place);\n";
    project.write("exa/migrations/V1__start.sql", up);
    project.write("exa/migrations/V1__start.down.sql", "DROP TABLE item; DROP TYPE pair;\n");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    assert_eq!(project.json(&["upgrade", "--all"], 0)["services"][0]["applied"][0]["version"], 1);
    project.run(&["status", "--check", "--drift"]).expect(0);
    project.run(&["test-db", "--service", "exa"]).expect(0);
    if can_dump(&server) {
        project.run(&["squash", "--service", "exa", "--to", "1"]).expect(0);
    }
}
