//! Sessions between requests: a read that runs nothing but PostgreSQL's own code costs one statement, and what code of the
//! service leaves is gone before the next request.

use super::client::DataService;
use super::{key, project};
use crate::support::{Admin, Server, until};

const TABLES: &str = "\
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE ticket (id int PRIMARY KEY, name varchar, mood mood, made timestamptz DEFAULT now(), CHECK (length(name) < 100));
CREATE INDEX ON ticket (lower(name::text)) WHERE id > 0;
INSERT INTO ticket VALUES (1, 'one', 'good'), (2, 'two', 'bad');
";

/// Code that PostgreSQL runs for `name=eq.…`: it has no operator of its own for `varchar`.
const OPERATORS: &str = "\
CREATE FUNCTION tools.leaves(varchar, varchar) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM set_config('application_name', 'left behind', false); RETURN $1::text = $2::text; END $$;
CREATE FUNCTION tools.leaves(varchar, text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM set_config('application_name', 'left behind', false); RETURN $1::text = $2; END $$;
CREATE OPERATOR tools.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = tools.leaves);
CREATE OPERATOR tools.= (LEFTARG = varchar, RIGHTARG = text, FUNCTION = tools.leaves);
";

const DOWN: &str = "-- martydb: irreversible: a test\n";

#[test]
fn a_plain_read_is_one_statement_and_code_of_the_service_leaves_nothing() {
    let server = Server::start();
    // The second schema is in the path, and not exposed.
    let project = project(&server, Admin::Super, "srv", "{ schemas: [public], pool: { max: 1 } }");
    let manifest =
        project.read("martydb.yaml").replace("  srv_a:\n", "  srv_a:\n    schemas: [public, tools]\n");
    project.write("martydb.yaml", &manifest);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let migrate = |file: &str, sql: &str| {
        project.write(&format!("srv_a/migrations/{file}.sql"), sql);
        project.write(&format!("srv_a/migrations/{file}.down.sql"), DOWN);
        project.run(&["upgrade", "-s", "srv_a"]).expect(0);
    };
    migrate("V2__ticket", TABLES);
    let reader = key(&project, "reader");
    let service = DataService::start(&project);
    let ask = |path: &str| service.ask("GET", &format!("/srv_a/rest/{path}"), Some(&reader), &[], "");
    let is_one = |path: &str| {
        let answer = ask(path);
        assert_eq!((answer.status, answer.json()[0]["id"].as_i64()), (200, Some(1)), "{}", answer.body);
    };
    is_one("ticket?id=eq.1");
    let mark = server.log().len();
    for _ in 0..50 {
        is_one("ticket?id=eq.1");
    }
    let log = server.log_since(mark);
    let own = log.lines().filter(|line| line.contains("srv_a_serve_ro@srv_a LOG:"));
    let (reads, others): (Vec<&str>, Vec<&str>) = own.partition(|line| line.contains("ticket"));
    assert_eq!(reads.len(), 50, "{reads:#?}");
    // The catalogs are looked at meanwhile.
    assert!(others.len() < 25, "{others:#?}");

    let left = || {
        let asked = "SELECT count(*)::text FROM pg_stat_activity WHERE usename = 'srv_a_serve_ro' AND application_name = 'left behind'";
        server.value("postgres", asked)
    };
    migrate("V3__operators", &format!("{OPERATORS}ALTER TABLE ticket ADD COLUMN later int DEFAULT 7;\n"));
    until("the migration is known", || ask("ticket?select=later").status == 200);
    for _ in 0..3 {
        is_one("ticket?name=eq.one");
        assert_eq!(left(), "0");
    }
    // It does run, and would be there.
    assert!(server.log().contains("CREATE OPERATOR tools"));
    let by_hand =
        "SET search_path = public, tools; SELECT FROM ticket WHERE name = 'one'::text; SHOW application_name";
    assert_eq!(server.value("srv_a", by_hand), "left behind");
}
