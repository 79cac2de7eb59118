//! What is refused before anything connects.

use martydb::error::Kind;

use super::support::{Service, server};

#[tokio::test]
async fn files_that_cannot_run_are_refused_before_connecting_and_all_at_once() {
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
    assert_eq!(error.causes.len(), 9, "{error:#?}");
    assert!(error.causes[1].contains("V3__c.sql:2:1: COMMIT would end"), "{error:#?}");
    assert!(error.hints.iter().any(|hint| hint.contains("-- martydb: no-transaction")), "{error:#?}");
    assert!(!server().log().contains("user=no_connect_migrator"));
}

#[tokio::test]
async fn dangers_are_told_where_something_is_applied_already() {
    use martydb::migrate::Event;
    let service = Service::new("no_danger").await;
    service.write("V1__t.sql", "CREATE TABLE t (a int);").write("V2__i.sql", "CREATE INDEX i ON t (a);");
    service.upgraded().await;
    assert!(!service.events.lock().unwrap().iter().any(|event| matches!(event, Event::Warned(..))));
    service.write("V3__j.sql", "CREATE INDEX j ON t (a);");
    service.upgraded().await;
    let warned = service.events.lock().unwrap().iter().any(|event| {
        matches!(event, Event::Warned(item, text) if item.version == 3 && text.contains("require-concurrent-index-creation"))
    });
    assert!(warned);
}
