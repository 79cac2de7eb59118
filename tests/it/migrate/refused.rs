//! Files that are refused before anything connects.

use martydb_model::error::Kind;

use super::support::{Service, server};

#[tokio::test]
async fn invalid_files_are_all_refused_before_connecting() {
    let service = Service::new("no_connect").await;
    service
        .write("V1__a.sql", "SELECT 1;")
        .write("V2__b.sql", "CREATE INDEX CONCURRENTLY i ON t (a);")
        .write("V3__c.sql", "SELECT 1;\nCOMMIT;")
        .write("V4_d.sql", "SELECT 1;")
        .write("V5__e.sql", "\u{feff}SELECT 1;")
        .write("V6__f.sql", "")
        .write("V7__g.sql", "SET ROLE x; RESET ROLE;\n\\copy t from 'f'");
    std::fs::write(service.folder.path().join("V8__h.sql"), b"SELECT '\xff'").unwrap();
    let error = service.upgrade().await.error.unwrap();
    assert_eq!(error.kind, Kind::MigrationFile);
    assert_eq!(error.kind.status().code(), 2);
    assert_eq!(error.causes.len(), 8, "{error:#?}");
    assert!(error.causes[1].contains("V3__c.sql:2:1: COMMIT is not allowed"), "{error:#?}");
    assert!(error.hints.iter().any(|hint| hint.contains("-- martydb: no-transaction")), "{error:#?}");
    assert!(!server().log().contains("user=no_connect_migrator"));
}

#[tokio::test]
async fn lint_dangers_are_warned_of_only_after_a_first_run() {
    use martydb_migrate::Event;
    let service = Service::new("no_danger").await;
    let large =
        "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 50000); CREATE TABLE small (a int);";
    service.write("V1__t.sql", large).write("V2__i.sql", "CREATE INDEX i ON t (a);");
    service.upgraded().await;
    assert!(!service.events.lock().unwrap().iter().any(|event| matches!(event, Event::Warned(..))));
    service.write("V3__j.sql", "CREATE INDEX j ON t (a); CREATE INDEX k ON small (a);");
    service.upgraded().await;
    let warned = service.events.lock().unwrap().iter().any(|event| {
        matches!(event, Event::Warned(item, text) if item.version == 3 && text.contains("require-concurrent-index-creation"))
    });
    assert!(warned);
    let warnings =
        service.events.lock().unwrap().iter().filter(|event| matches!(event, Event::Warned(..))).count();
    assert_eq!(warnings, 1, "a small table is no danger");
}

/// The file was cut into statements by the settings that the server begins with.
#[tokio::test]
async fn a_file_that_changes_how_it_is_read_is_refused_with_its_line() {
    let service = Service::new("no_lexer").await;
    service
        .write("V1__a.sql", "SELECT 1;\nSET standard_conforming_strings = off;")
        .write(
            "V2__b.sql",
            "-- martydb: no-transaction\n  SELECT set_config('standard_conforming_strings', 'off', false);",
        )
        .write("V3__c.sql", "ALTER DATABASE no_lexer SET standard_conforming_strings = off;")
        .write("V4__d.sql", "-- martydb: no-transaction\nSET LOCAL client_encoding TO 'BIG5';")
        .write("V5__e.sql", "SET standard_conforming_strings = on; SET client_encoding = 'UTF8';");
    let error = service.upgrade().await.error.unwrap();
    assert_eq!(error.kind, Kind::MigrationFile);
    assert_eq!(error.causes.len(), 4, "{error:#?}");
    for (cause, place) in
        error.causes.iter().zip(["V1__a.sql:2:1", "V2__b.sql:2:3", "V3__c.sql:1:1", "V4__d.sql:2:1"])
    {
        assert!(cause.contains(place) && cause.contains("how the server parses the text"), "{error:#?}");
    }
}
