//! Statements that took the most time.

use super::monitored;
use super::served::{Served, value};
use crate::support::{Admin, Server};

#[test]
fn the_longest_statements_are_measured_without_their_texts() {
    let server = Server::start_with(&["shared_preload_libraries=pg_stat_statements"]);
    let available = "SELECT count(*)::text FROM pg_available_extensions WHERE name = 'pg_stat_statements'";
    assert_eq!(server.value("postgres", available), "1", "it comes with PostgreSQL's contrib modules");
    let project = monitored(&server, Admin::Super, "moq");
    project.run(&["init-all", "-y"]).expect(0);
    // Without the extension in the maintenance database there is nothing to read.
    let served = Served::start(&project, &[]);
    let none = served.scrape();
    assert!(!none.keys().any(|name| name.starts_with("martydb_statement_")), "{none:?}");
    drop(served);
    server.sql("postgres", "CREATE EXTENSION pg_stat_statements");
    for n in 0..30 {
        let columns = (0..=n).map(|at| format!("{at}")).collect::<Vec<_>>().join(", ");
        server.sql("moq_a", &format!("SELECT {columns}"));
    }
    server.sql("moq_a", "SELECT pg_sleep(0.3), 'hunter2' AS secret");
    let served = Served::start(&project, &[]);
    let series = served.scrape();
    let named = |part: &str| {
        let seconds = series.keys().filter(|name| name.starts_with("martydb_statement_seconds_total{"));
        seconds.filter(|name| name.contains(part)).count()
    };
    assert_eq!(named("service=\"moq_a\""), 10, "{series:?}");
    assert_eq!(named("database=\"moq_"), named(""), "no other database: {series:?}");
    let id = server.value(
        "postgres",
        "SELECT queryid::text FROM pg_stat_statements WHERE query LIKE 'SELECT pg_sleep($1)%' LIMIT 1",
    );
    let of = [("service", "moq_a"), ("query", id.as_str())];
    assert!(value(&series, "martydb_statement_seconds_total", &of).is_some_and(|took| took >= 0.3));
    assert_eq!(value(&series, "martydb_statement_calls_total", &of), Some(1.0));
    assert_eq!(value(&series, "martydb_statement_rows_total", &of), Some(1.0));
    assert!(!format!("{series:?}").contains("pg_sleep") && !format!("{series:?}").contains("hunter2"));
}
