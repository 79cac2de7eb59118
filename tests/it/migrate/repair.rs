//! `baseline` and `repair`: accepting what is.

use martydb_migrate::{EventSender, RepairKind, baseline, examine, repair};
use martydb_model::error::Kind;

use super::support::Service;

#[tokio::test]
async fn a_baseline_runs_no_file_and_is_recorded_once() {
    let service = Service::new("re_base").await;
    for n in 1..=3 {
        service.write(&format!("V{n}__f.sql"), &format!("CREATE TABLE t{n} (a int);"));
    }
    let error =
        baseline(&service.target, 9, &service.options(), &EventSender::ignored()).await.error.unwrap();
    assert_eq!((error.kind, error.hints[0].as_str()), (Kind::Usage, "it has V1, V2, V3"));
    let outcome = baseline(&service.target, 2, &service.options(), &EventSender::ignored()).await;
    assert_eq!((outcome.error, outcome.to, outcome.applied.len()), (None, Some(2), 2));
    assert_eq!(service.ask("SELECT to_regclass('t1')::text").await, ["-"]);
    assert_eq!(service.history().await, ["1 baseline 1 ok 1", "2 baseline 2 ok 1"]);
    assert_eq!(service.upgraded().await, [3]);
    let error =
        baseline(&service.target, 3, &service.options(), &EventSender::ignored()).await.error.unwrap();
    assert_eq!((error.kind, error.kind.status().code()), (Kind::Usage, 2));
}

#[tokio::test]
async fn only_the_next_pending_version_is_recorded_and_not_run() {
    let service = Service::new("re_hand").await;
    service.write("V1__a.sql", "CREATE TABLE t (a int);").upgraded().await;
    service.write("V2__b.sql", "ALTER TABLE t ADD b int;").write("V3__c.sql", "SELECT 1;");
    let options = service.options();
    assert_eq!(examine(&service.target, None, &options).await.unwrap(), []);
    assert_eq!(examine(&service.target, Some(3), &options).await.unwrap_err().kind, Kind::Usage);
    let found = examine(&service.target, Some(2), &options).await.unwrap();
    assert_eq!(found[0].wrong, RepairKind::AppliedByHand);
    repair(&service.target, &found, "by hand", &options, &EventSender::ignored()).await.unwrap();
    assert_eq!(
        service
            .ask("SELECT count(*)::text FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'b'")
            .await,
        ["0"]
    );
    assert_eq!(service.history().await[1..], ["2 baseline 2 ok 1"]);
    assert_eq!(service.upgraded().await, [3]);
    let again = repair(&service.target, &found, "by hand", &options, &EventSender::ignored()).await;
    assert_eq!(again.unwrap_err().kind, Kind::Stale);
}

#[tokio::test]
async fn an_edit_is_shown_and_accepted_once() {
    let service = Service::new("re_edit").await;
    service.write("V1__a.sql", "SELECT 1;\nSELECT 2;\n").write("V2__b.sql", "SELECT 3;\n").upgraded().await;
    let before =
        service.ask("SELECT version::text, checksum FROM martydb.refinery_schema_history ORDER BY 1").await;
    service.write("V1__a.sql", "SELECT 1;\nSELECT 22;\n").write("V2__b.sql", "SELECT 3;\r\n");
    let options = service.options();
    let found = examine(&service.target, None, &options).await.unwrap();
    assert_eq!(found.len(), 2);
    let diff = found[0].diff.as_deref().unwrap();
    assert!(diff.contains("-SELECT 2;\n+SELECT 22;\n"), "{diff}");
    assert!(found[1].what.contains("line endings"), "{found:?}");

    let one = examine(&service.target, Some(1), &options).await.unwrap();
    repair(&service.target, &one, "a typing error in a comment", &options, &EventSender::ignored())
        .await
        .unwrap();
    let after =
        service.ask("SELECT version::text, checksum FROM martydb.refinery_schema_history ORDER BY 1").await;
    assert!(before[0] != after[0] && before[1] == after[1]);
    assert_eq!(service.upgrade().await.error.unwrap().causes.len(), 1);
    let last = "SELECT action, version::text, operator, note FROM martydb.history ORDER BY id DESC LIMIT 1";
    assert_eq!(service.ask(last).await, ["repair 1 tester a typing error in a comment"]);
    let error = examine(&service.target, Some(1), &options).await.unwrap_err();
    assert_eq!(error.kind, Kind::Usage);
    // A change after it was shown is not accepted.
    service.write("V2__b.sql", "SELECT 3;\n");
    let stale = repair(&service.target, &found, "x", &options, &EventSender::ignored()).await.unwrap_err();
    assert_eq!(stale.kind, Kind::Stale);
    assert_eq!(service.upgraded().await, Vec::<i64>::new());
}

#[tokio::test]
async fn repair_restarts_a_half_applied_migration() {
    let service = Service::new("re_half").await;
    service.write("V1__x.sql", "-- martydb: no-transaction\nCREATE TABLE a (n int);\nSELECT 1 / 0;");
    service.upgrade().await.error.unwrap();
    service.write("V1__x.sql", "-- martydb: no-transaction\nCREATE TABLE b (n int);");
    let options = service.options();
    let found = examine(&service.target, None, &options).await.unwrap();
    assert_eq!((found.len(), found[0].wrong), (1, RepairKind::HalfWay));
    service.do_as_admin("DROP TABLE a").await;
    repair(&service.target, &found, "start over", &options, &EventSender::ignored()).await.unwrap();
    assert_eq!(examine(&service.target, None, &options).await.unwrap(), []);
    assert_eq!(service.upgraded().await, [1]);
}

#[tokio::test]
async fn an_applied_file_that_is_now_invalid_can_be_accepted_without_running() {
    let service = Service::new("re_rules").await;
    let sql = "RESET ROLE;\nCREATE TABLE a (n int);\n";
    service.write("V1__a.sql", "SELECT 1;").upgraded().await;
    let sum = martydb_migrate::files::checksum(martydb_migrate::files::VersionType::Int4, 2, "b", sql);
    service
        .do_as_admin(&format!(
            "INSERT INTO martydb.refinery_schema_history VALUES (2, 'b', '2025-01-01T00:00:00Z', '{sum}')"
        ))
        .await;
    service.write("V2__b.sql", sql).write("V3__c.sql", "CREATE TABLE c (n int);");
    let options = service.options();
    assert_eq!(service.upgrade().await.error.unwrap().kind, Kind::MigrationFile);
    let found = examine(&service.target, Some(2), &options).await.unwrap();
    assert_eq!(found[0].wrong, RepairKind::Refused);
    repair(&service.target, &found, "applied by refinery in 2025", &options, &EventSender::ignored())
        .await
        .unwrap();
    assert_eq!(service.upgraded().await, [3]);

    // Elsewhere it is not applied, and there it is refused as before.
    let fresh = Service::new("re_rules2").await;
    for file in ["V1__a.sql", "V2__b.sql", ".martydb-accepted"] {
        std::fs::copy(service.folder.path().join(file), fresh.folder.path().join(file)).unwrap();
    }
    let error = fresh.upgrade().await.error.unwrap();
    assert_eq!(error.kind, Kind::MigrationFile);
    assert!(error.causes[0].contains("RESET ROLE would change the role"), "{error:?}");
    // A baseline accepts such files by itself.
    std::fs::remove_file(fresh.folder.path().join(".martydb-accepted")).unwrap();
    assert_eq!(baseline(&fresh.target, 2, &fresh.options(), &EventSender::ignored()).await.error, None);
    assert_eq!(fresh.upgraded().await, Vec::<i64>::new());
}
