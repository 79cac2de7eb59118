//! Files as other tools leave them: with their own BEGIN and COMMIT, without a statement, without a way back.

use martydb_migrate::{
    self, DowngradeTo, EventSender, Execution, Goal, MigrationOutcome, MigrationTarget, Options,
};
use martydb_model::DownFiles;
use martydb_model::error::Kind;

use super::support::Service;

async fn back(target: &MigrationTarget, options: &Options) -> MigrationOutcome {
    let goal = Goal::Downgrade(DowngradeTo::Version(0));
    martydb_migrate::run(target, goal, options, &EventSender::ignored()).await
}

#[tokio::test]
async fn a_files_own_transaction_replaces_the_runs() {
    let service = Service::new("own_frame").await;
    let text = "-- é\nBEGIN /* é */ ISOLATION LEVEL SERIALIZABLE;\nCREATE TABLE a (level text);\n\
                INSERT INTO a SELECT current_setting('transaction_isolation');\nCOMMIT;\n";
    service
        .write("V1__a.sql", text)
        .write("V1__a.down.sql", "start transaction; DROP TABLE a; end;")
        .write("V2__b.sql", "BEGIN;\nCREATE TABLE b (a int);\nSELECT 'é', nope;\nCOMMIT;");
    let outcome = service.upgrade().await;
    let error = outcome.error.unwrap();
    assert!(error.message.contains("V2__b.sql:3:13"), "{error:#?}");
    assert_eq!(outcome.applied.len(), 1);
    assert_eq!(service.ask("SELECT level, to_regclass('b')::text FROM a").await, ["serializable -"]);
    let recorded = service.ask("SELECT content FROM martydb.history WHERE version = 1").await;
    assert_eq!(recorded, [text]);
    let checksum = martydb_migrate::files::checksum(martydb_migrate::files::VersionType::Int4, 1, "a", text);
    assert_eq!(service.ask("SELECT checksum FROM refinery_schema_history").await, [checksum]);
    service
        .write("V2__b.sql", "BEGIN; CREATE TABLE b (a int); COMMIT;")
        .write("V2__b.down.sql", "DROP TABLE b");
    assert_eq!(service.upgraded().await, [2]);
    let down = back(&service.target, &service.options()).await;
    assert_eq!((down.error, down.applied.len()), (None, 2));
    assert_eq!(service.ask("SELECT to_regclass('a')::text, to_regclass('b')::text").await, ["- -"]);
}

#[tokio::test]
async fn files_with_several_transactions_must_be_non_transactional() {
    let service = Service::new("own_several").await;
    let several =
        "BEGIN; CREATE TABLE a (a int); COMMIT;\nBEGIN; CREATE TABLE b (a int); SELECT 1/0; COMMIT;\n";
    service.write("V1__a.sql", several);
    let error = service.upgrade().await.error.unwrap();
    assert_eq!((error.kind, error.causes.len()), (Kind::MigrationFile, 4), "{error:#?}");
    assert!(error.hints[0].contains("-- martydb: no-transaction"), "{error:#?}");
    for unbalanced in ["BEGIN; SELECT 1", "BEGIN; SELECT 1; ROLLBACK", "SELECT 1; COMMIT; SELECT 2"] {
        service.write("V1__a.sql", &format!("-- martydb: no-transaction\n{unbalanced}"));
        assert_eq!(service.upgrade().await.error.unwrap().kind, Kind::MigrationFile, "{unbalanced}");
    }

    service.write("V1__a.sql", &format!("-- martydb: no-transaction\n{several}"));
    let error = service.upgrade().await.error.unwrap();
    assert!(error.message.contains("V1__a.sql:3:"), "{error:#?}");
    let there = "SELECT to_regclass('a')::text, to_regclass('b')::text";
    assert_eq!(
        service.ask(there).await,
        ["a -"],
        "the first is committed, the second rolled back as a whole"
    );
    service.write("V1__a.sql", &format!("-- martydb: no-transaction\n{}", several.replace("1/0", "1")));
    assert_eq!(service.upgraded().await, [1]);
    assert_eq!(service.ask(there).await, ["a b"]);
    let note = service.ask("SELECT note FROM martydb.history WHERE outcome = 'ok'").await;
    assert_eq!(note, ["resumed after 1 of 3 statements"]);
}

#[tokio::test]
async fn a_file_without_statements_is_applied_and_undone() {
    let service = Service::new("own_noop").await;
    service
        .write("V1__a.sql", "-- done in code before\n")
        .write("V1__a.down.sql", "/* nothing */ ;")
        .write("V2__b.sql", "\n")
        .write("V2__b.down.sql", "")
        .write("V3__c.sql", "-- martydb: no-transaction\n")
        .write("V3__c.down.sql", "BEGIN; COMMIT;");
    assert_eq!(service.upgraded().await, [1, 2, 3]);
    assert_eq!(service.upgraded().await, Vec::<i64>::new());
    let down = back(&service.target, &service.options()).await;
    assert_eq!((down.error, down.applied.len()), (None, 3));
    let events = "SELECT count(*)::text FROM martydb.history WHERE outcome = 'ok'";
    assert_eq!(service.ask(events).await, ["6"]);
}

#[tokio::test]
async fn a_downgrade_stops_before_an_irreversible_file() {
    let service = Service::new("own_irrev").await;
    service
        .write("V1__a.sql", "-- martydb: irreversible: the rows are gone\nCREATE TABLE a (a int);")
        .write("V2__b.sql", "CREATE TABLE b (a int);")
        .write("V2__b.down.sql", "-- martydb: irreversible: b is needed\n")
        .write("V3__c.sql", "CREATE TABLE c (a int);")
        .write("V3__c.down.sql", "DROP TABLE c;");
    assert_eq!(service.upgraded().await, [1, 2, 3]);
    let error = back(&service.target, &service.options()).await.error.unwrap();
    assert_eq!(error.kind, Kind::MigrationFile);
    assert!(error.message.ends_with("a migration is irreversible"), "{error:#?}");
    assert!(error.causes[1].ends_with("V1__a.sql: is irreversible: the rows are gone"), "{error:#?}");
    assert!(error.causes[0].ends_with("V2__b.down.sql: is irreversible: b is needed"), "{error:#?}");
    assert_eq!(service.ask("SELECT to_regclass('c')::text").await, ["c"]);
}

#[tokio::test]
async fn a_forward_only_service_refuses_a_downgrade() {
    let service = Service::new("own_forward").await;
    service.write("V1__a.sql", "CREATE TABLE a (a int);").write("V1__a.down.sql", "DROP TABLE a;");
    service.upgraded().await;
    let forward = MigrationTarget { down: DownFiles::None, ..service.target.clone() };
    let dry = Options { execution: Execution::Dry, ..service.options() };
    for options in [&dry, &service.options()] {
        let error = back(&forward, options).await.error.unwrap();
        assert_eq!(error.kind, Kind::MigrationFile);
        assert!(error.message.contains("`down: none`"), "{error:#?}");
    }
    assert_eq!(service.ask("SELECT to_regclass('a')::text").await, ["a"]);
}

#[tokio::test]
async fn runnable_baselined_files_build_a_new_database() {
    let old = Service::new("own_old").await;
    let several = "BEGIN; CREATE TABLE a (a int); COMMIT; BEGIN; CREATE TABLE b (a int); COMMIT;";
    old.write("V1__a.sql", several).write("V2__i.sql", "CREATE INDEX CONCURRENTLY i ON a (a);");
    let outcome = martydb_migrate::baseline(&old.target, 2, &old.options(), &EventSender::ignored()).await;
    assert_eq!(outcome.error, None);

    let new = Service::new("own_new").await;
    let target = MigrationTarget { folder: old.target.folder.clone(), ..new.target.clone() };
    let built = martydb_migrate::run(&target, Goal::Upgrade, &new.options(), &EventSender::ignored()).await;
    assert_eq!((built.error, built.applied.len()), (None, 2));
    assert_eq!(new.ask("SELECT to_regclass('b')::text, to_regclass('i')::text").await, ["b i"]);

    let role = Service::new("own_role").await;
    role.write("V1__a.sql", "CREATE TABLE a (a int);\nSET ROLE x;");
    let outcome = martydb_migrate::baseline(&role.target, 1, &role.options(), &EventSender::ignored()).await;
    assert_eq!(outcome.error, None);
    let fresh = Service::new("own_role_new").await;
    let target = MigrationTarget { folder: role.target.folder.clone(), ..fresh.target.clone() };
    let error = martydb_migrate::run(&target, Goal::Upgrade, &fresh.options(), &EventSender::ignored())
        .await
        .error
        .unwrap();
    assert_eq!(error.kind, Kind::MigrationFile);
    assert!(error.causes[0].contains("V1__a.sql:2:1: SET ROLE x"), "{error:#?}");
    assert!(
        error.hints.iter().any(|hint| hint.contains("martydb repair --service own_role_new")),
        "{error:#?}"
    );
}

/// The row that would show the type of its versions is missing, and only the owner may read the schema.
#[tokio::test]
async fn a_service_with_an_empty_history_is_reachable() {
    use martydb_migrate::ServiceState;
    let service = Service::new("own_empty").await;
    service.write("V1__a.sql", "SELECT 1/0;").write("V1__a.down.sql", "");
    assert!(service.upgrade().await.error.is_some());
    let status = service.status().await;
    assert_eq!((status.error, status.state), (None, ServiceState::Pending));
    service.write("V1__a.sql", "SELECT 1;");
    service.upgraded().await;
    assert_eq!(back(&service.target, &service.options()).await.error, None);
    let status = service.status().await;
    assert_eq!((status.error, status.state, status.pending.len()), (None, ServiceState::Pending, 1));
}
