//! Every extension of the machine's PostgreSQL in one database: no command takes a member for an object of the service.

use super::{installable, service};
use crate::support::{Server, can_dump, psql};

#[test]
fn a_database_with_every_extension_is_new_to_each_command() {
    let server = Server::start();
    let all = installable(&server);
    assert!(all.iter().any(|name| name == "tablefunc") && all.len() > 30, "{all:?}");
    if !all.iter().any(|name| name == "postgis") {
        eprintln!("not tried: PostGIS is not installed here");
    }
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
    server.sql("exa", "INSERT INTO item (name) VALUES ('one')");
    if !can_dump(&server) {
        return;
    }
    declared(&server, &project);
    adopted(&server, &project);
}

/// `revision --from` of the database's own dump finds nothing to do.
fn declared(server: &Server, project: &crate::support::Project) {
    let dump = psql().with_file_name("pg_dump");
    let text = std::process::Command::new(dump)
        .args(["-s", "-n", "public", "-T", "refinery_schema_history", "-x", "-O", "-d"])
        .arg(format!("{}/exa", server.url()))
        .output()
        .unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("CREATE TABLE public.item"), "{text}");
    project.write("schema.sql", &text.replace("CREATE SCHEMA public;", ""));
    let same = project.run(&["revision", "--service", "exa", "-m", "x", "--from", "schema.sql"]).expect(0);
    assert!(same.said().contains("No difference"), "{same:?}");
}

/// The same database without its history: its file has the service's objects only.
fn adopted(server: &Server, project: &crate::support::Project) {
    server.sql("exa", "DROP TABLE IF EXISTS refinery_schema_history; DROP SCHEMA martydb CASCADE");
    for file in ["V1__start.sql", "V1__start.down.sql"] {
        std::fs::remove_file(project.path().join("exa/migrations").join(file)).unwrap();
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["baseline", "--service", "exa", "--from-database"]).expect(0);
    let folder = std::fs::read_dir(project.path().join("exa/migrations")).unwrap();
    let first = folder.map(|file| file.unwrap().path()).find(|path| path.to_string_lossy().contains("V1__"));
    let text = std::fs::read_to_string(first.unwrap()).unwrap();
    assert!(text.contains("CREATE TYPE public.pair") && !text.contains("geometry_dump"), "{text}");
}
