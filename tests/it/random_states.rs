//! `apply` ends where `plan` has nothing left to say, from whatever state a server is in: random grants, revokes,
//! attributes, settings, owners and default privileges, by hand, between two runs.

use std::fmt::Write;

use crate::attack::random::Random;
use crate::support::{ADMIN_PASSWORD, Project, Server};

/// One change by hand: the database that it is made in, and the statement.
fn change(random: &mut Random) -> (&'static str, String) {
    let service = random.of(&["rs_a", "rs_b"]);
    let kind = random.of(&["owner", "migrator", "app", "ro"]);
    let role = format!("{}_{kind}", random.of(&["rs_a", "rs_b"]));
    let who = if random.percent(20) { "PUBLIC".to_owned() } else { role.clone() };
    let inside = if service == "rs_a" { "rs_a" } else { "rs_b" };
    let verb = |random: &mut Random| if random.percent(60) { ("GRANT", "TO") } else { ("REVOKE", "FROM") };
    let (give, to) = verb(random);
    match random.below(10) {
        0 => {
            let privilege = random.of(&["CONNECT", "TEMPORARY", "CREATE", "ALL"]);
            ("postgres", format!("{give} {privilege} ON DATABASE {service} {to} {who}"))
        }
        1 => {
            (inside, format!("{give} {} ON SCHEMA public {to} {who}", random.of(&["USAGE", "CREATE", "ALL"])))
        }
        2 => {
            let privilege = random
                .of(&["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "REFERENCES", "ALL"]);
            (inside, format!("{give} {privilege} ON item {to} {who}"))
        }
        3 => {
            let privilege = random.of(&["SELECT", "USAGE", "UPDATE", "ALL"]);
            (inside, format!("{give} {privilege} ON SEQUENCE item_id_seq {to} {who}"))
        }
        4 => (inside, format!("{give} EXECUTE ON FUNCTION f() {to} {who}")),
        5 => {
            let attribute = random.of(&[
                "LOGIN", "NOLOGIN", "INHERIT", "NOINHERIT", "CREATEDB", "CREATEROLE", "REPLICATION",
                "BYPASSRLS", "SUPERUSER", "CONNECTION LIMIT 3", "CONNECTION LIMIT -1",
            ]);
            ("postgres", format!("ALTER ROLE {role} {attribute}"))
        }
        6 => {
            let setting =
                random.of(&["search_path", "lock_timeout", "work_mem", "role", "statement_timeout"]);
            let value = random.of(&["RESET", "DEFAULT"]);
            let scope = if random.percent(50) { format!(" IN DATABASE {service}") } else { String::new() };
            match (value, setting) {
                ("RESET", _) => ("postgres", format!("ALTER ROLE {role}{scope} RESET {setting}")),
                (_, "work_mem") => ("postgres", format!("ALTER ROLE {role}{scope} SET work_mem = '7MB'")),
                (_, "search_path") => {
                    ("postgres", format!("ALTER ROLE {role}{scope} SET search_path = elsewhere"))
                }
                (_, "role") => ("postgres", format!("ALTER ROLE {role}{scope} SET role = 'none'")),
                (_, timeout) => ("postgres", format!("ALTER ROLE {role}{scope} SET {timeout} = '9s'")),
            }
        }
        7 => {
            let other = format!("{service}_{}", random.of(&["owner", "app"]));
            ("postgres", format!("{give} {other} {to} {service}_{}", random.of(&["ro", "migrator"])))
        }
        8 => {
            let class = random
                .of(&["SELECT ON TABLES", "ALL ON SEQUENCES", "EXECUTE ON FUNCTIONS", "USAGE ON TYPES"]);
            (inside, format!("ALTER DEFAULT PRIVILEGES FOR ROLE {service}_owner {give} {class} {to} {who}"))
        }
        _ => {
            let owner = random.of(&["CURRENT_USER", "rs_a_app", "rs_b_owner"]);
            (
                inside,
                format!(
                    "ALTER {} OWNER TO {owner}",
                    random.of(&["TABLE item", "FUNCTION f()", "SCHEMA public"])
                ),
            )
        }
    }
}

#[test]
fn after_apply_the_plan_is_empty() {
    let server = Server::start();
    let project = Project::new(&server, "rs");
    for service in ["rs_a", "rs_b"] {
        let up = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\n";
        project.write(&format!("{service}/migrations/V3__f.sql"), up);
        project.write(&format!("{service}/migrations/V3__f.down.sql"), "DROP FUNCTION f();\n");
    }
    project.run(&["init-all", "-y"]).expect(0);
    let seeds = std::env::var("MARTYDB_STATES").ok().and_then(|count| count.parse().ok()).unwrap_or(12);
    let mut differed = 0;
    for seed in 0..seeds {
        let (mut random, mut made) = (Random(seed), String::new());
        for _ in 0..=random.below(12) {
            let (database, sql) = change(&mut random);
            // Not every change is possible in every state, such as a grant in a circle.
            let outcome = server.sql_as("postgres", ADMIN_PASSWORD, database, &sql);
            let _ = writeln!(made, "{database}: {sql}; {}", outcome.err().unwrap_or_default());
        }
        let planned = project.run(&["plan", "--check"]);
        differed += usize::from(planned.code == Some(3));
        let applied = project.run(&["apply", "--all", "-y"]);
        assert_eq!(applied.code, Some(0), "seed {seed}\n{made}\n{}{}", applied.stdout, applied.stderr);
        let left = project.run(&["plan", "--check"]);
        assert_eq!(left.code, Some(0), "seed {seed}\n{made}\n{}{}", left.stdout, left.stderr);
    }
    assert!(differed * 2 > seeds as usize, "only {differed} of {seeds} states differed from the manifest");
}
