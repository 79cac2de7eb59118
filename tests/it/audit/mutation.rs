//! Every statement that `apply` issues is undone in turn: the verifier or the plan must notice each.

use super::support::Pair;
use crate::support::{Project, many};

/// The opposite of a statement of `apply`; `None` for one that cannot be undone alone without undoing all.
fn undo(sql: &str) -> Option<String> {
    let words: Vec<&str> = sql.split_whitespace().collect();
    let rest = |skip: usize| words[skip..].join(" ");
    let flip = |from: &str, to: &str, a: &str, b: &str| sql.replacen(from, to, 1).replacen(a, b, 1);
    match words.as_slice() {
        ["GRANT", ..] if sql.contains(" WITH ADMIN") => {
            Some(flip("GRANT", "REVOKE", " TO ", " FROM ").split(" WITH ").next()?.to_owned())
        }
        ["GRANT", ..] => Some(flip("GRANT", "REVOKE", " TO ", " FROM ")),
        ["REVOKE", ..] => Some(flip("REVOKE", "GRANT", " FROM ", " TO ").replace(" CASCADE", "")),
        ["ALTER", "DEFAULT", ..] if sql.contains(" GRANT ") => {
            Some(flip(" GRANT ", " REVOKE ", " TO ", " FROM "))
        }
        ["ALTER", "DEFAULT", ..] => Some(flip(" REVOKE ", " GRANT ", " FROM ", " TO ")),
        ["ALTER", "ROLE", ..] if sql.contains(" SET ") => {
            Some(sql.replace(" SET ", " RESET ").split(" = ").next()?.to_owned())
        }
        ["ALTER", "SCHEMA", name, ..] => Some(format!("ALTER SCHEMA {name} OWNER TO CURRENT_USER")),
        ["CREATE", "ROLE", name, "LOGIN", inherit, ..] => {
            let other = if *inherit == "INHERIT" { "NOINHERIT" } else { "INHERIT" };
            Some(format!("ALTER ROLE {name} NOLOGIN {other} CONNECTION LIMIT -1"))
        }
        ["CREATE", "ROLE", name, "NOLOGIN"] => Some(format!("ALTER ROLE {name} LOGIN")),
        ["ALTER", "DATABASE", name, "ALLOW_CONNECTIONS", _] => {
            Some(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        }
        // A lost marker is neither drift nor a finding.
        ["COMMENT", ..] => None,
        ["CREATE", "DATABASE", ..] => None,
        _ => panic!("no opposite of: {sql}, {}", rest(0)),
    }
}

fn notices(project: &Project) -> bool {
    project.run(&["plan", "--check"]).code == Some(3)
        || project.run(&["verify-isolation", "--probes", "none"]).code == Some(4)
}

#[test]
fn undoing_any_statement_of_apply_is_noticed() {
    let pair = Pair::new();
    // A fresh server would get the plan of a second pair of services on the same server.
    let fresh = Project::with_manifest(&format!(
        "version: 1\nproject: second\nservers:\n  main: {{ url: \"{}\" }}\nservices:\n  green: {{ settings: {{ work_mem: 8MB }} }}\n",
        pair.server.url()
    ));
    let plan = fresh.json(&["plan"], 0);
    fresh.run(&["apply", "--all", "-y"]).expect(0);
    let mut undone = 0;
    for change in plan["changes"].as_array().unwrap().iter().step_by(many(1, 3)) {
        let (sql, action) = (change["sql"].as_str().unwrap(), change["action"].as_str().unwrap());
        let Some(opposite) = undo(sql) else { continue };
        let inside =
            ["DEFAULT PRIVILEGES", "ON SCHEMA", "ALTER SCHEMA"].iter().any(|words| sql.contains(words));
        let database = if inside { "green" } else { "postgres" };
        pair.server.sql(database, &opposite);
        assert!(notices(&fresh), "no command noticed: {opposite}\nthe opposite of {action}: {sql}");
        fresh.run(&["apply", "--all", "-y"]).expect(0);
        undone += 1;
    }
    fresh.run(&["verify-isolation", "--probes", "none"]).expect(0);
    assert!(undone >= many(30, 10), "only {undone} statements");
}
