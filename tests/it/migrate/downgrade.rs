//! Going back: in the reverse of the order of applying, complete or not at all.

use martydb_migrate::{DowngradeTo, EventSender, Execution, Goal, MigrationOutcome, Options, Order};
use martydb_model::error::Kind;

use super::support::Service;

async fn back(service: &Service, back: DowngradeTo) -> MigrationOutcome {
    martydb_migrate::run(&service.target, Goal::Downgrade(back), &service.options(), &EventSender::ignored())
        .await
}

fn versions(outcome: &MigrationOutcome) -> Vec<i64> {
    assert_eq!(outcome.error, None);
    outcome.applied.iter().map(|applied| applied.version).collect()
}

async fn three(name: &str) -> Service {
    let service = Service::new(name).await;
    for n in [1, 2, 4] {
        service.write(&format!("V{n}__f.sql"), &format!("CREATE TABLE t{n} (a int);"));
        service.write(&format!("V{n}__f.down.sql"), &format!("DROP TABLE t{n};"));
    }
    service.upgraded().await;
    service
}

#[tokio::test]
async fn a_downgrade_undoes_the_newest_first_and_records_it() {
    let service = three("do_order").await;
    service.write("V3__late.sql", "CREATE TABLE t3 (a int);").write("V3__late.down.sql", "DROP TABLE t3;");
    let late = Options { order: Order::AllowOutOfOrder, ..service.options() };
    assert_eq!(service.upgrade_with(&late).await.error, None);

    let dry = Options { execution: Execution::Dry, ..service.options() };
    let outcome = martydb_migrate::run(
        &service.target,
        Goal::Downgrade(DowngradeTo::Steps(2)),
        &dry,
        &EventSender::ignored(),
    )
    .await;
    let planned: Vec<_> = outcome.planned.iter().map(|p| (p.version, p.sql.as_str())).collect();
    assert_eq!(planned, [(3, "DROP TABLE t3;"), (4, "DROP TABLE t4;")]);
    assert_eq!((outcome.from, outcome.to), (Some(4), Some(2)));
    assert_eq!(service.history().await.len(), 4);

    let outcome = back(&service, DowngradeTo::Steps(1)).await;
    assert_eq!((versions(&outcome), outcome.from, outcome.to), (vec![3], Some(4), Some(4)));
    let outcome = back(&service, DowngradeTo::Version(1)).await;
    assert_eq!((versions(&outcome), outcome.to), (vec![4, 2], Some(1)));
    let outcome = back(&service, DowngradeTo::Version(0)).await;
    assert_eq!((versions(&outcome), outcome.to), (vec![1], None));
    assert_eq!(service.ask("SELECT count(*)::text FROM martydb.refinery_schema_history").await, ["0"]);
    assert_eq!(
        service.history().await[4..],
        ["5 downgrade 3 ok 1", "6 downgrade 4 ok 1", "7 downgrade 2 ok 1", "8 downgrade 1 ok 1"]
    );
    assert_eq!(service.upgraded().await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_missing_or_unreadable_down_file_is_found_before_the_first_statement() {
    let service = three("do_missing").await;
    service.remove("V1__f.down.sql");
    service.write("V2__f.down.sql", "COMMIT;");
    let error = back(&service, DowngradeTo::Version(0)).await.error.unwrap();
    assert_eq!(error.kind, Kind::MigrationFile);
    assert_eq!(error.causes.len(), 2, "{error:?}");
    assert!(error.causes[1].ends_with("V1__f.down.sql: is missing"), "{error:?}");
    assert_eq!(service.ask("SELECT count(*)::text FROM martydb.refinery_schema_history").await, ["3"]);
    assert_eq!(versions(&back(&service, DowngradeTo::Steps(1)).await), [4]);
}

#[tokio::test]
async fn a_wrong_direction_names_the_other_command() {
    let service = three("do_above").await;
    let error = back(&service, DowngradeTo::Version(7)).await.error.unwrap();
    assert_eq!(error.kind, Kind::Usage);
    assert!(error.hints[0].contains("it has V1, V2, V4"), "{error:?}");
    let error = back(&service, DowngradeTo::Version(3)).await.error.unwrap();
    assert!(error.message.contains("no migration V3"), "{error:?}");
    assert_eq!(versions(&back(&service, DowngradeTo::Version(4)).await), Vec::<i64>::new());
}

#[tokio::test]
async fn a_failing_down_file_is_rolled_back_with_its_row() {
    let service = three("do_fails").await;
    service.write("V2__f.down.sql", "DROP TABLE t2;\nDROP TABLE nope;");
    let outcome = back(&service, DowngradeTo::Version(0)).await;
    assert_eq!(outcome.applied.len(), 1);
    let error = outcome.error.unwrap();
    assert!(
        error.message.starts_with("undoing V2__f failed at ") && error.message.ends_with(":2:1"),
        "{error:?}"
    );
    assert!(
        error
            .hints
            .contains(&"the downgrade of V4 was committed before the failure and is not rolled back".into()),
        "{error:?}"
    );
    assert_eq!(service.ask("SELECT to_regclass('t2')::text").await, ["t2"]);
    assert_eq!(martydb_migrate::current(&service.target, service.options().lock_wait).await, Ok(Some(2)));
}

#[tokio::test]
async fn a_non_transactional_down_file_is_run_and_resumed() {
    let service = Service::new("do_outside").await;
    service
        .write("V1__t.sql", "CREATE TABLE t (a int); CREATE INDEX i ON t (a);")
        .write(
            "V1__t.down.sql",
            "-- martydb: no-transaction\nDROP INDEX CONCURRENTLY i;\nSELECT 1 / 0;\nDROP TABLE t;",
        )
        .upgraded()
        .await;
    assert!(back(&service, DowngradeTo::Steps(1)).await.error.is_some());
    let error = service.upgrade().await.error.unwrap();
    assert_eq!(error.kind, Kind::Divergent);
    assert!(error.message.contains("partially reverted"), "{error:?}");
    service.write(
        "V1__t.down.sql",
        "-- martydb: no-transaction\nDROP INDEX CONCURRENTLY i;\nSELECT 1;\nDROP TABLE t;",
    );
    assert_eq!(versions(&back(&service, DowngradeTo::Steps(1)).await), [1]);
    assert_eq!(service.upgraded().await, [1]);
}
