//! Every statement that an admin's session sends inside a service's database has a row in docs/admin-statements.md,
//! and so has every function that such a statement calls.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::fingerprint::ask;
use super::shape::{functions, shapes};
use super::support::HostileServer;
use crate::support::{Admin, as_both_admins, can_dump};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/admin-statements.md");

/// The page: shapes of statements, and names of functions.
struct Page {
    shapes: BTreeSet<String>,
    functions: BTreeSet<String>,
}

impl Page {
    fn read() -> Page {
        let text = std::fs::read_to_string(PAGE).unwrap();
        let (statements, functions) = text.split_once("\n## Functions").expect("a section on functions");
        let shapes = cells(statements).flat_map(|cell| written(&cell)).collect();
        Page { shapes, functions: cells(functions).flat_map(|cell| names(&cell)).collect() }
    }
}

/// The first cell of each row.
fn cells(text: &str) -> impl Iterator<Item = String> + '_ {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_start_matches("| ").split(" | ").next().unwrap().to_owned())
}

/// A row stands for a statement, or for a file or more that make one, behind the shared query of members; `{A, B}` for each of these words.
fn written(cell: &str) -> Vec<String> {
    let text = cell.trim_matches('`').replace("\\|", "|");
    let statements: Vec<String> = match text.strip_suffix(".sql") {
        Some(_) => {
            let read = |name: &str| {
                if name == "with_members!" {
                    return martydb_model::with_members!(", ").to_owned();
                }
                if name == "superuser_objects!" {
                    return martydb_model::superuser_objects!().to_owned();
                }
                let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
                std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
            };
            vec![text.split(" + ").map(read).collect()]
        }
        None => expanded(&text),
    };
    statements.iter().flat_map(|statement| shapes(statement)).collect()
}

fn expanded(text: &str) -> Vec<String> {
    let Some((before, rest)) = text.split_once('{') else { return vec![text.into()] };
    let (words, after) = rest.split_once('}').unwrap();
    words.split(", ").flat_map(|word| expanded(&format!("{before}{word}{after}"))).collect()
}

fn names(cell: &str) -> Vec<String> {
    cell.split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
}

/// Statements by shape, each with one example, of the admin's sessions in databases where services make objects.
fn sent(log: &str, admin: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (database, statement) in logged(log, admin) {
        if !["postgres", "template1", "template0"].contains(&database.as_str()) {
            for shape in shapes(&statement) {
                found.entry(shape).or_insert_with(|| {
                    format!("{database}: {}", statement.chars().take(300).collect::<String>())
                });
            }
        }
    }
    found
}

/// Database and text of each statement of a role; the lines that follow its first begin with a tab.
fn logged(log: &str, role: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = vec![];
    let mut open = false;
    let place = format!(" {role}@");
    for line in log.lines() {
        if let (true, Some(more)) = (open, line.strip_prefix('\t')) {
            let last = all.last_mut().unwrap();
            last.1 += "\n";
            last.1 += more;
            continue;
        }
        open = false;
        let Some((head, text)) = line.split_once(" LOG:  ") else { continue };
        let Some((_, database)) = head.split_once(&place) else { continue };
        let statement = text.strip_prefix("statement: ");
        let statement =
            statement.or_else(|| text.strip_prefix("execute ")?.split_once(": ").map(|(_, sql)| sql));
        if let Some(statement) = statement {
            all.push((database.into(), statement.into()));
            open = true;
        }
    }
    all
}

/// Drift that an operator or a service may have made, so that there are statements to undo.
const DRIFT: &[&str] = &[
    "CREATE ROLE unmanaged LOGIN; GRANT SELECT ON public.item TO unmanaged; GRANT USAGE ON SCHEMA public TO unmanaged",
    "GRANT UPDATE (name) ON public.item TO red_ro; GRANT SELECT ON public.item TO red_app WITH GRANT OPTION",
    "SET ROLE red_app; GRANT SELECT ON public.item TO blue_ro",
    "CREATE TABLE public.mine (id int); CREATE SEQUENCE public.counter; CREATE VIEW public.look AS SELECT 1 AS one",
    "CREATE FUNCTION public.mine(int, text) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE public.colour AS ENUM ('a')",
    "CREATE PROCEDURE public.go(int) LANGUAGE sql AS 'SELECT 1'; CREATE MATERIALIZED VIEW public.heap AS SELECT 1 AS one",
    "CREATE COLLATION public.plain FROM \"C\"; CREATE STATISTICS public.both ON id, name FROM public.item",
    "GRANT SELECT ON LARGE OBJECT 4711 TO unmanaged; GRANT USAGE ON TYPE bait.mood TO unmanaged",
    "ALTER DEFAULT PRIVILEGES FOR ROLE red_owner REVOKE SELECT ON TABLES FROM red_ro",
    "ALTER DEFAULT PRIVILEGES FOR ROLE red_owner IN SCHEMA public GRANT SELECT ON TABLES TO unmanaged",
    "ALTER DEFAULT PRIVILEGES FOR ROLE unmanaged GRANT SELECT ON TABLES TO PUBLIC",
    "CREATE FUNCTION public.theirs() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; ALTER FUNCTION public.theirs() OWNER TO unmanaged",
    "CREATE TABLE public.theirs (id int); ALTER TABLE public.theirs OWNER TO unmanaged; REVOKE INSERT ON public.item FROM red_app",
];

/// Everything that reaches into a service's database, in an order in which each has something to do.
const COMMANDS: &[&[&str]] = &[
    &["plan", "--prune"],
    &["status", "--drift"],
    &["doctor"],
    &["apply", "--all", "-y"],
    &["upgrade", "--all"],
    &["verify-isolation", "--probes", "sample", "--fix", "--dry-run"],
    &["verify-isolation", "--probes", "none", "--fix", "--terminate", "-y"],
    &["apply", "--all", "--prune", "-y"],
    &["rotate", "-s", "red"],
    &["rotate", "-s", "red", "--overlap"],
    &["rotate", "-s", "red", "--finish"],
    &["drop", "-s", "red", "--confirm", "red"],
];

/// Runs the commands against hostile services and returns what the admin said in their databases.
fn everything(admin: Admin) -> BTreeMap<String, String> {
    let hostile = HostileServer::without_baits(admin);
    hostile.write_baits();
    hostile.project.run(&["upgrade", "-s", "red"]).expect(0);
    hostile.lend();
    for sql in DRIFT {
        ask(&hostile.server, "red_db", sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    let manifest = hostile.project.read("martydb.yaml");
    // More to do: an extension and a schema, and a service that is not there yet.
    let red = "  red: { extensions: [citext], schemas: [public, later] }\n  green:\n";
    hostile.project.write("martydb.yaml", &manifest.replace("  red:\n", red));
    hostile.project.write("green/migrations/V1__item.sql", "CREATE TABLE item (id int);\n");
    hostile.project.write("green/migrations/V1__item.down.sql", "DROP TABLE item;\n");
    said(&hostile, COMMANDS)
}

fn said(hostile: &HostileServer, commands: &[&[&str]]) -> BTreeMap<String, String> {
    let mut log = String::new();
    for arguments in commands {
        let mark = hostile.server.log().len();
        let done = hostile.project.run(arguments);
        assert!(matches!(done.code, Some(0 | 3 | 4)), "{arguments:?}: {done:?}");
        log += &hostile.server.log_since(mark);
    }
    sent(&log, hostile.admin.role())
}

/// Demands a row for each.
fn listed(sent: &BTreeMap<String, String>) {
    let page = Page::read();
    let shapes: Vec<_> = sent.iter().filter(|(shape, _)| !page.shapes.contains(*shape)).collect();
    let called: BTreeSet<String> = sent.keys().flat_map(|shape| functions(shape)).collect();
    let unlisted: Vec<_> = called.iter().filter(|name| !page.functions.contains(*name)).collect();
    assert!(
        shapes.is_empty() && unlisted.is_empty(),
        "not in {PAGE}:\n{shapes:#?}\nfunctions: {unlisted:#?}"
    );
}

as_both_admins!(every_statement_of_the_admin_in_a_services_database_has_a_row, |admin| {
    let sent = everything(admin);
    assert!(sent.len() > 20, "{sent:#?}");
    listed(&sent);
});

as_both_admins!(every_statement_of_the_admin_in_a_scratch_database_has_a_row, |admin| {
    let hostile = HostileServer::without_baits(admin);
    listed(&said(
        &hostile,
        &[&["verify-down", "--every"], &["test-db", "-s", "red"], &["test-db", "-s", "red"]],
    ));
});

as_both_admins!(every_statement_of_the_admin_in_a_restored_database_has_a_row, |admin| {
    let hostile = HostileServer::without_baits(admin);
    if !can_dump(&hostile.server) {
        return;
    }
    let text = hostile.project.read("martydb.yaml");
    // With rows of the data service's audit, which the admin reads and puts back.
    let text = text.replace("  red:\n", "  red: { serve: { audit: { backup: true } } }\n");
    hostile.project.write("martydb.yaml", &format!("{text}backup: {{ to: ./kept }}\n"));
    hostile.project.run(&["apply", "--all", "-y"]).expect(0);
    // Everything that the owner cannot put back by itself.
    let others = "SELECT lo_from_bytea(4711, 'app'); GRANT SELECT ON LARGE OBJECT 4711 TO red_owner, red_ro;
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO red_ro; ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO red_ro";
    hostile.as_red("red_app", others).unwrap();
    ask(&hostile.server, "red_db", "GRANT USAGE ON SCHEMA public TO red_app WITH GRANT OPTION").unwrap();
    let mark = hostile.server.log().len();
    let made = hostile.project.json(&["backup", "red"], 0);
    let mut sent = sent(&hostile.server.log_since(mark), hostile.admin.role());
    let id = made["backups"][0]["id"].as_str().unwrap().to_owned();
    sent.extend(said(&hostile, &[&["backup", "verify", &id], &["restore", "red", "--from", &id, "-y"]]));
    for part in ["LARGE OBJECT", "FROM STDIN", "TO STDOUT", "ACCESS SHARE"] {
        assert!(sent.keys().any(|shape| shape.contains(part)), "{part}: {sent:#?}");
    }
    listed(&sent);
});

/// A row with a column of type `anyarray` is not converted: the cast of the element's type would be called.
#[test]
fn queries_convert_no_row_with_an_anyarray_column() {
    let folders = [
        "crates/catalog/src/sql",
        "crates/catalog/src/sql/database",
        "crates/catalog/src/sql/reach",
        "crates/catalog/src/sql/texts",
        "crates/pg/src/server/sql",
        "crates/migrate/src/history/sql",
    ];
    let entries = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap());
    let files: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    assert!(files.len() > 10);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for row in converted(&text) {
            for table in ["pg_attribute", "pg_statistic", "pg_stats", "pg_stats_ext", "pg_statistic_ext_data"]
            {
                let named =
                    text.contains(&format!("{table} {row} ")) || text.contains(&format!("{table} {row}\n"));
                assert!(!named, "{}: to_jsonb({row}) of {table}", file.display());
            }
        }
    }
}

/// Returns the aliases that are the whole argument of a conversion to JSON.
fn converted(text: &str) -> Vec<String> {
    let calls = ["to_jsonb(", "to_json(", "row_to_json(", "jsonb_agg(", "json_agg("];
    let rests = calls.iter().flat_map(|call| text.split(call).skip(1));
    let arguments = rests.filter_map(|rest| rest.split_once(')').map(|(argument, _)| argument.trim()));
    arguments
        .filter(|one| one.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_statements_of_the_page_call_only_its_functions() {
    let page = Page::read();
    for shape in &page.shapes {
        for name in functions(shape) {
            assert!(page.functions.contains(&name), "{name} in {shape}");
        }
    }
}
