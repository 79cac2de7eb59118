//! Plans of reads: the server plans the statement of a usual read once for all requests, and not again for each
//! (<https://www.postgresql.org/docs/current/sql-prepare.html>).

use super::client::DataService;
use super::{key, project};
use crate::support::{Admin, Server};

/// Times that a statement is run: the server decides after five.
const RUNS: usize = 8;

#[test]
fn a_repeated_read_is_planned_once() {
    let server = Server::start();
    // The columns of pg_prepared_statements that count plans.
    if server.major() < 14 {
        return;
    }
    let project = project(&server, Admin::Super, "spl", "{ pool: { max: 1 } }");
    server.sql(
        "spl_a",
        "INSERT INTO customer (name) SELECT 'customer ' || n FROM generate_series(1, 20000) n; \
         INSERT INTO invoice (customer_id, cents) SELECT 1 + n % 20000, n FROM generate_series(1, 40000) n; \
         CREATE INDEX ON invoice (customer_id); ANALYZE",
    );
    let reader = key(&project, "reader");
    let service = DataService::start(&project);
    for (path, is_planned_once) in [
        ("customer?id=eq.7", true),
        ("customer?order=id&limit=100", true),
        ("customer?id=eq.7&select=*,invoice(*)", true),
        ("customer?name=eq.customer%207&limit=25", true),
        // Neither number is in the statement: the server plans for each.
        ("customer?order=id&limit=31&offset=4", false),
    ] {
        let mark = server.log().len();
        let answer = service.ask("GET", &format!("/spl_a/rest/{path}"), Some(&reader), &[], "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let log = server.log_since(mark);
        let (statement, values) = run(&log).unwrap_or_else(|| panic!("{path}: {log}"));
        let again = format!(
            "PREPARE one AS {statement}; \
             DO $do$ BEGIN FOR n IN 1..{RUNS} LOOP EXECUTE $run$EXECUTE one{values}$run$; END LOOP; END $do$; \
             SELECT (generic_plans > 0)::text FROM pg_prepared_statements"
        );
        let planned = server.sql("spl_a", &again).concat();
        assert_eq!(planned, [is_planned_once.to_string()], "{path}: {statement}");
    }
}

/// Returns the statement that reads, and its values in parentheses, from the log, which has them as "Parameters" from 16 on.
fn run(log: &str) -> Option<(&str, String)> {
    let mut lines = log
        .lines()
        .skip_while(|line| !line.contains("WITH martydb_source") || !line.contains("LOG:  execute"));
    let line = lines.next()?;
    let statement = &line[line.find("WITH martydb_source")?..];
    let values = lines.next().and_then(|line| line.split_once("arameters: "));
    let Some((_, values)) = values else { return Some((statement, String::new())) };
    let values: Vec<&str> =
        values.split(", $").filter_map(|one| one.split_once(" = ")).map(|(_, value)| value).collect();
    Some((statement, format!("({})", values.join(", "))))
}
